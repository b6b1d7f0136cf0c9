//! What a client says of itself, and of what it does, with every message.
//!
//! It goes out as the caller gave it. Nothing of it is taken from answers: a service's time zone is
//! none of the client's, and its ingress (which the C programs adopt, protocol §2.2) is not where
//! this client's requests come from.

use bytestring::ByteString;

use crate::osrf::{self, Body, DEFAULT_API_LEVEL, DEFAULT_LOCALE};

/// How requests enter the network that say nothing else.
const DEFAULT_INGRESS: ByteString = ByteString::from_static("opensrf");

/// What a client says of itself with every message: a service that asks other services hands it on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Context {
    /// Marks all log lines of one transaction, on every host. Without one, each conversation has
    /// one of its own: its thread. One that is empty or holds control characters counts as none.
    pub xid: Option<ByteString>,
    /// The language that texts should be in; `en-US` by default.
    pub locale: ByteString,
    /// The caller's time zone by its Olson name, such as `Europe/Berlin`.
    pub tz: Option<ByteString>,
    /// How the request entered the network, such as `gateway-v1`; `opensrf` by default. Only
    /// requests carry it, as in the C programs.
    pub ingress: ByteString,
    /// Which generation of the service's methods is meant; 1 by default.
    pub api_level: u32,
}

impl Default for Context {
    fn default() -> Self {
        Self {
            xid: None,
            locale: DEFAULT_LOCALE,
            tz: None,
            ingress: DEFAULT_INGRESS,
            api_level: DEFAULT_API_LEVEL,
        }
    }
}

impl Context {
    /// The transaction of a message in this conversation.
    pub(super) fn xid(&self, thread: &ByteString) -> ByteString {
        // What XML forbids would cost the whole connection.
        let is_odd = |c: char| c.is_control() || matches!(c, '\u{fffe}' | '\u{ffff}');
        let given = self.xid.as_ref().filter(|xid| !xid.is_empty());
        let given = given.filter(|xid| !xid.contains(is_odd));
        given.unwrap_or(thread).clone()
    }

    pub(super) fn message(&self, trace: u64, body: Body) -> osrf::Message {
        let ingress = match body {
            Body::Request(_) => self.ingress.clone(),
            _ => ByteString::new(),
        };
        osrf::Message {
            locale: self.locale.clone(),
            tz: self.tz.clone(),
            ingress,
            // There is no level 0, and who reads one takes it for 1.
            api_level: self.api_level.max(DEFAULT_API_LEVEL),
            ..osrf::Message::new(trace, body)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Else a service of this process would be told another level than one behind a socket.
    #[test]
    fn there_is_no_api_level_0() {
        let level = |api_level| {
            let context = Context {
                api_level,
                ..Context::default()
            };
            context.message(1, Body::Connect).api_level
        };
        assert_eq!([0, 1, 7].map(level), [1, 1, 7]);
    }
}
