//! From a checked element to a stanza.

use std::sync::Arc;

use bytestring::ByteString;

use super::{Kind, Parts, Payload, Stanza, Wire};
use crate::jid::{Jid, JidError};
use crate::xml::{Raw, ns, value_of};

/// Why an element is no stanza.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum NotAStanza {
    /// Another element than the three, or in another namespace.
    #[error("{{{namespace}}}{name} is no stanza")]
    Unknown {
        /// Its name.
        name: String,
        /// Its namespace.
        namespace: String,
    },
    /// Addressed to something that is no address; it deserves a bounce.
    #[error("the address is bad: {error}")]
    BadAddress {
        /// The stanza without `to`.
        stanza: Box<Stanza>,
        /// What is wrong with `to`.
        error: JidError,
    },
}

impl Stanza {
    /// Takes a top-level element as a stanza; its inside is not decoded.
    ///
    /// A `from` that is no address counts as none: the server knows better who sent it.
    ///
    /// # Errors
    /// [`NotAStanza`] if it is another element, or its `to` is no address.
    pub fn from_raw(raw: Raw) -> Result<Self, NotAStanza> {
        let kind = kind(&raw)?;
        let mut stanza = Self::from(Parts {
            kind,
            to: None,
            from: None,
            stanza_type: ByteString::new(),
            id: ByteString::new(),
            extra: Vec::new(),
            payload: Payload::Wire(Arc::default()),
        });
        let mut error = None;
        for (name, value) in raw.written_attributes() {
            match name {
                "to" => match Jid::parse(&value_of(&value)) {
                    Ok(to) => stanza.to = Some(to),
                    Err(bad) => error = Some(bad),
                },
                "from" => stanza.from = Jid::parse(&value_of(&value)).ok(),
                "type" => stanza.stanza_type = value_of(&value),
                "id" => stanza.id = value_of(&value),
                "xmlns" => {}
                _ => stanza.extra.push((name.into(), value)),
            }
        }
        stanza.payload = Payload::Wire(Arc::new(Wire::new(raw)));
        match error {
            None => Ok(stanza),
            Some(error) => Err(NotAStanza::BadAddress {
                stanza: Box::new(stanza),
                error,
            }),
        }
    }
}

fn kind(raw: &Raw) -> Result<Kind, NotAStanza> {
    let unknown = |namespace: &str| NotAStanza::Unknown {
        name: raw.name().into(),
        namespace: namespace.into(),
    };
    if raw.namespace() != ns::CLIENT {
        return Err(unknown(raw.namespace()));
    }
    // The stanza goes on without `xmlns`, so its children's namespace must not hang on it.
    let mut declared = raw
        .written_attributes()
        .filter(|(name, _)| *name == "xmlns");
    if let Some((_, other)) = declared.find(|(_, value)| value_of(value) != ns::CLIENT) {
        return Err(unknown(&value_of(&other)));
    }
    match raw.name() {
        "message" => Ok(Kind::Message),
        "iq" => Ok(Kind::Iq),
        "presence" => Ok(Kind::Presence),
        _ => Err(unknown(ns::CLIENT)),
    }
}
