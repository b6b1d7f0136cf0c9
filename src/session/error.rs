//! Why a call did not come to a good end.

use std::time::Duration;

use crate::jid::Jid;
use crate::osrf::{ReassemblyError, Status, code};
use crate::stanza::StanzaError;

/// Why a call did not come to a good end. Every call that does not complete ends in exactly one.
#[derive(Debug, Clone, thiserror::Error, PartialEq)]
#[non_exhaustive]
pub enum CallError {
    /// The service answered with an error, such as 404 for a method that is not there.
    #[error("{} {}", .0.code, .0.text)]
    Status(Status),
    /// Nobody is at that address: no service of that name is registered, or its last listener is
    /// gone.
    #[error("{address} cannot be reached: {error}")]
    Unreachable {
        /// Where the request went.
        address: Jid,
        /// What came back.
        error: StanzaError,
    },
    /// No answer within the time that the caller gave.
    #[error("no answer within {0:?}")]
    Timeout(Duration),
    /// The session's drone did not answer CONNECT in time.
    #[error("no session within {0:?}")]
    ConnectTimeout(Duration),
    /// The connection to the Jabber server is down.
    #[error("not connected to the Jabber server")]
    Offline,
    /// The session was closed before.
    #[error("the session is closed")]
    Closed,
    /// Its drone was lost this often, the last time when it could not be asked again: too often, or
    /// after a first result.
    #[error("drones were lost before the request was complete, {0} in all")]
    Lost(u32),
    /// A result came in pieces that do not fit together.
    #[error("{0}")]
    Garbled(String),
}

impl CallError {
    /// The status code that OpenSRF has for it.
    #[must_use]
    pub fn code(&self) -> u16 {
        match self {
            Self::Status(status) => status.code,
            Self::Unreachable { .. } => code::NOT_FOUND,
            Self::Timeout(_) | Self::ConnectTimeout(_) => code::TIMEOUT,
            Self::Offline | Self::Lost(_) => code::SERVICE_UNAVAILABLE,
            Self::Closed => code::EXPECTATION_FAILED,
            Self::Garbled(_) => code::INTERNAL_SERVER_ERROR,
        }
    }
}

impl From<ReassemblyError> for CallError {
    fn from(error: ReassemblyError) -> Self {
        Self::Garbled(error.to_string())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::stanza::Condition;

    #[test]
    fn a_bounce_without_words_is_told_without_them() {
        let error = StanzaError::new(Condition::ServiceUnavailable);
        let told = |error| {
            let address = Jid::parse("router@a/b").unwrap();
            CallError::Unreachable { address, error }.to_string()
        };
        let why = "router@a/b cannot be reached: service-unavailable";
        assert_eq!(told(error.clone()), why);
        assert_eq!(told(error.with_text("gone")), format!("{why} (gone)"));
    }
}
