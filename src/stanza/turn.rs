//! What becomes of a stanza on its way: sent back, or sent on.

use std::sync::Arc;

use bytestring::ByteString;

use super::extension::is_attribute;
use super::{Extension, Kind, Message, Parts, Payload, Placement, Stanza, StanzaError};
use crate::jid::Jid;

impl Stanza {
    /// What goes back to the sender: the same, addresses swapped, with the error at its end.
    ///
    /// Thread and body are echoed because the C client finds the failed request by them. `None` for
    /// what must not be answered: an error, the result of an iq, a presence.
    #[must_use]
    pub fn bounce(&self, error: StanzaError) -> Option<Self> {
        let is_answer = self.kind == Kind::Iq && self.stanza_type == "result";
        if self.kind == Kind::Presence || is_answer || self.is_error() {
            return None;
        }
        let payload = match &self.payload {
            Payload::Wire(wire) => Payload::Wire(Arc::new(wire.with_error(&error))),
            Payload::Message(message) => Payload::Message(Arc::new(Message {
                error: Some(error),
                ..(**message).clone()
            })),
        };
        Some(Self::from(Parts {
            kind: self.kind,
            to: self.from.clone(),
            from: self.to.clone(),
            stanza_type: ByteString::from_static("error"),
            id: self.id.clone(),
            extra: self.extra.clone(),
            payload,
        }))
    }

    /// What a router sends to a node that registered in the form `node`: the same thread, subject,
    /// body, xid and time to wait, from `router_from`.
    ///
    /// All other OpenSRF attributes are emptied; type, id and error are left out, so that the echo
    /// in a bounce can be sent to another node. `number` says which it is of all that the node got
    /// from a class that wants to be told what the node holds.
    #[must_use]
    pub fn forward(
        &self,
        from: Jid,
        to: Jid,
        router_from: &Jid,
        node: Placement,
        number: Option<u64>,
    ) -> Self {
        let asked = self.extension();
        let opensrf = Extension {
            router_from: Some(router_from.clone()),
            osrf_xid: asked.osrf_xid.clone(),
            timeout: asked.timeout,
            number,
            placement: node.for_node(asked.placement),
            ..Extension::default()
        };
        self.readdress(from, to, opensrf)
    }

    /// What a router sends to a caller whose request, or the echo of it, no node takes: the same
    /// thread, subject, body and xid, with the error.
    ///
    /// It names no `router_from`: a receiver would take that for the sender.
    #[must_use]
    pub fn refusal(&self, from: Jid, to: Jid, error: StanzaError) -> Self {
        let mut refusal = self.readdress(from, to, self.extension().for_answer());
        refusal.stanza_type = ByteString::from_static("error");
        match &mut refusal.payload {
            Payload::Wire(wire) => *wire = Arc::new(wire.with_error(&error)),
            Payload::Message(message) => Arc::make_mut(message).error = Some(error),
        }
        refusal
    }

    fn readdress(&self, from: Jid, to: Jid, opensrf: Extension) -> Self {
        let extra = self.extra.iter().filter(|(name, _)| !is_attribute(name));
        let mut extra: Vec<_> = extra.cloned().collect();
        let payload = match &self.payload {
            Payload::Wire(wire) => {
                if opensrf.placement.is_on_message() {
                    extra.extend(opensrf.to_old());
                }
                Payload::Wire(Arc::new(wire.with_extension(&opensrf)))
            }
            Payload::Message(message) => Payload::Message(Arc::new(Message {
                opensrf,
                thread: message.thread.clone(),
                subject: message.subject.clone(),
                body: message.body.clone(),
                error: None,
            })),
        };
        Self::from(Parts {
            kind: self.kind,
            to: Some(to),
            from: Some(from),
            stanza_type: ByteString::new(),
            id: ByteString::new(),
            extra,
            payload,
        })
    }
}
