//! Who is there, said to one other party.
//!
//! Directed presence (RFC 6121 §4.6): the server of whoever shows itself so tells the other one when
//! the session ends, however it ends. Listeners and routers show themselves to each other. Presence
//! for everybody is never sent: a server may then hand a session what was meant for another one of
//! the account.

use std::sync::Arc;

use bytestring::ByteString;

use super::{Kind, Parts, Payload, Stanza};
use crate::jid::Jid;

/// What a party says of itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Presence {
    /// It is there, and the other one wants to hear when it is not any more.
    Here,
    /// It is not there any more. Said by the server, if the party itself could not.
    Gone,
}

impl Stanza {
    /// Says to `to` that the sender is there, or not any more.
    #[must_use]
    pub fn presence(to: Jid, presence: Presence) -> Self {
        let stanza_type = match presence {
            Presence::Here => ByteString::new(),
            Presence::Gone => ByteString::from_static("unavailable"),
        };
        Self::from(Parts {
            kind: Kind::Presence,
            to: Some(to),
            from: None,
            stanza_type,
            id: ByteString::new(),
            extra: Vec::new(),
            payload: Payload::Wire(Arc::default()),
        })
    }

    /// What it says of its sender, if it is a presence of the two sorts that matter.
    #[must_use]
    pub fn shows(&self) -> Option<Presence> {
        match &*self.stanza_type {
            "" if self.kind == Kind::Presence => Some(Presence::Here),
            "unavailable" if self.kind == Kind::Presence => Some(Presence::Gone),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use bytes::BytesMut;

    use super::*;

    fn written(presence: Presence) -> (Stanza, String) {
        let to = Jid::parse("router@private/router").expect("an address");
        let stanza = Stanza::presence(to, presence);
        let mut bytes = BytesMut::new();
        stanza.write_to(&mut bytes);
        (stanza, String::from_utf8(bytes.to_vec()).expect("text"))
    }

    #[test]
    fn presence_is_written_as_servers_know_it() {
        let (stanza, text) = written(Presence::Here);
        assert_eq!(text, "<presence to=\"router@private/router\"/>");
        assert_eq!(stanza.shows(), Some(Presence::Here));
        let (stanza, text) = written(Presence::Gone);
        let gone = "<presence to=\"router@private/router\" type=\"unavailable\"/>";
        assert_eq!(text, gone);
        assert_eq!(stanza.shows(), Some(Presence::Gone));
    }

    #[test]
    fn other_presence_and_other_stanzas_show_nobody() {
        let (stanza, _) = written(Presence::Here);
        let probe = Stanza::from(Parts {
            stanza_type: "probe".into(),
            ..stanza.clone().into_parts()
        });
        let message = Stanza::from(Parts {
            kind: Kind::Message,
            ..stanza.into_parts()
        });
        assert_eq!((probe.shows(), message.shows()), (None, None));
    }
}
