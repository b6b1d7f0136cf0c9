//! Questions to a server.

use std::sync::Arc;

use bytestring::ByteString;

use super::{Kind, Parts, Payload, Stanza, Wire};
use crate::jid::Jid;

impl Stanza {
    /// Asks `to` whether it is there. All that it sent before its answer arrives before it.
    #[must_use]
    pub fn ping(to: Jid, id: &str) -> Self {
        Self::from(Parts {
            kind: Kind::Iq,
            to: Some(to),
            from: None,
            stanza_type: ByteString::from_static("get"),
            id: id.into(),
            extra: Vec::new(),
            payload: Payload::Wire(Arc::new(Wire::ping())),
        })
    }

    /// Whether it asks (an iq of type `get` or `set`) for something of one of these namespaces.
    #[must_use]
    pub fn asks_for(&self, namespaces: &[&str]) -> bool {
        let asks = self.kind == Kind::Iq && matches!(&*self.stanza_type, "get" | "set");
        let Payload::Wire(wire) = &self.payload else {
            return false;
        };
        asks && wire
            .children()
            .first()
            .is_some_and(|c| namespaces.contains(&c.namespace()))
    }

    /// Whether it is the answer, good or bad, to the iq with this id.
    #[must_use]
    pub fn answers(&self, id: &str) -> bool {
        let is_answer = self.kind == Kind::Iq && matches!(&*self.stanza_type, "result" | "error");
        is_answer && self.id == *id
    }

    /// The empty answer that grants what an iq asks for.
    #[must_use]
    pub fn granted(&self) -> Self {
        Self::from(Parts {
            kind: self.kind,
            to: self.from.clone(),
            from: self.to.clone(),
            stanza_type: ByteString::from_static("result"),
            id: self.id.clone(),
            extra: Vec::new(),
            payload: Payload::Wire(Arc::default()),
        })
    }
}

#[cfg(test)]
mod tests {
    use bytes::BytesMut;

    use super::*;
    use crate::stanza::Condition;
    use crate::xml::ns;

    #[test]
    fn a_ping_asks_and_is_granted() {
        let ping = Stanza::ping(Jid::parse("a@b/c").unwrap(), "1");
        assert!(ping.asks_for(&[ns::PING]));
        let mut out = BytesMut::new();
        ping.write_to(&mut out);
        let expected = "<iq to=\"a@b/c\" type=\"get\" id=\"1\"><ping xmlns='urn:xmpp:ping'/></iq>";
        assert_eq!(std::str::from_utf8(&out).unwrap(), expected);
        assert!(!ping.granted().asks_for(&[ns::PING]));
        assert!(ping.granted().answers("1") && !ping.granted().answers("2"));
        let refused = ping.bounce(Condition::ServiceUnavailable.into());
        assert!(refused.is_some_and(|answer| answer.answers("1")));
        assert!(!ping.answers("1"));
    }
}
