//! Questions to a server.

use std::sync::Arc;

use bytestring::ByteString;

use super::{Kind, Payload, Stanza};

impl Stanza {
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

    /// The empty answer that grants what an iq asks for.
    #[must_use]
    pub fn granted(&self) -> Self {
        Self {
            kind: self.kind,
            to: self.from.clone(),
            from: self.to.clone(),
            stanza_type: ByteString::from_static("result"),
            id: self.id.clone(),
            extra: Vec::new(),
            payload: Payload::Wire(Arc::default()),
        }
    }
}
