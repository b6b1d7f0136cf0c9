//! Statuses: a code, a text, and the class hint by which Perl knows an error.

use bytestring::ByteString;

/// Status codes by their names in OpenSRF.
pub mod code {
    /// The service asks for more time.
    pub const CONTINUE: u16 = 100;
    /// A result, or a session opened.
    pub const OK: u16 = 200;
    /// After the last piece of a result.
    pub const NO_CONTENT: u16 = 204;
    /// A request is finished.
    pub const COMPLETE: u16 = 205;
    /// A piece of a result.
    pub const PARTIAL: u16 = 206;
    /// The session ended; ask the router again.
    pub const REDIRECTED: u16 = 307;
    /// Parameters that the method cannot use.
    pub const BAD_REQUEST: u16 = 400;
    /// No such method, or too few parameters.
    pub const NOT_FOUND: u16 = 404;
    /// A session idle for too long, or an answer that did not come in time.
    pub const TIMEOUT: u16 = 408;
    /// A message that does not fit the session.
    pub const EXPECTATION_FAILED: u16 = 417;
    /// A method failed, or the transport did.
    pub const INTERNAL_SERVER_ERROR: u16 = 500;
    /// Backlog full.
    pub const SERVICE_UNAVAILABLE: u16 = 503;
    /// A method took longer than its service lets it (no status of the original's).
    pub const GATEWAY_TIMEOUT: u16 = 504;
}

/// How a request or a session stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Status {
    /// Class hint, such as `osrfConnectStatus` or `osrfMethodException`.
    pub class: ByteString,
    /// One of [`code`].
    pub code: u16,
    /// For people.
    pub text: ByteString,
}

impl Status {
    const fn fixed(class: &'static str, code: u16, text: &'static str) -> Self {
        Self {
            class: ByteString::from_static(class),
            code,
            text: ByteString::from_static(text),
        }
    }

    /// The answer to a CONNECT.
    #[must_use]
    pub const fn connected() -> Self {
        Self::fixed("osrfConnectStatus", code::OK, "Connection Successful")
    }

    /// A request is finished.
    #[must_use]
    pub const fn complete() -> Self {
        Self::fixed("osrfConnectStatus", code::COMPLETE, "Request Complete")
    }

    /// A session was closed because nothing came.
    #[must_use]
    pub const fn idle_too_long() -> Self {
        Self::fixed(
            "osrfConnectStatus",
            code::TIMEOUT,
            "Disconnected on timeout",
        )
    }

    /// A session has had all the requests that it may have.
    #[must_use]
    pub const fn too_many_requests() -> Self {
        Self::fixed(
            "osrfConnectStatus",
            code::REDIRECTED,
            "Disconnect on max requests",
        )
    }

    /// A session ended while this was on its way, or must not go on: another drone has to be asked.
    #[must_use]
    pub const fn elsewhere() -> Self {
        Self::fixed(
            "osrfConnectStatus",
            code::REDIRECTED,
            "The session is over; ask the router",
        )
    }

    /// The service asks for more time (the two spaces are the original's).
    #[must_use]
    pub const fn please_hold() -> Self {
        Self::fixed(
            "osrfContinueStatus",
            code::CONTINUE,
            "Please hold.  Creating response...",
        )
    }

    /// All drones are busy and the backlog is full.
    #[must_use]
    pub const fn backlog_full() -> Self {
        Self::fixed(
            "osrfMethodException",
            code::SERVICE_UNAVAILABLE,
            "Service unavailable: no available children and backlog queue at limit",
        )
    }

    /// A method failed or could not be called.
    #[must_use]
    pub fn method_exception(code: u16, text: impl Into<ByteString>) -> Self {
        let class = ByteString::from_static("osrfMethodException");
        Self {
            class,
            code,
            text: text.into(),
        }
    }

    /// A message that does not fit the session.
    #[must_use]
    pub fn broken_session(text: impl Into<ByteString>) -> Self {
        let class = ByteString::from_static("osrfBrokenSession");
        Self {
            class,
            code: code::EXPECTATION_FAILED,
            text: text.into(),
        }
    }

    /// A body that could not be read.
    #[must_use]
    pub fn parse_error(text: &str) -> Self {
        Self {
            class: ByteString::from_static("osrfXMLParseError"),
            code: code::EXPECTATION_FAILED,
            text: format!("JSON Parse Error --- {text}").into(),
        }
    }
}
