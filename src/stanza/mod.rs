//! Stanzas: the elements that are addressed to somebody.
//!
//! A stanza that comes off the wire keeps its inside as the bytes that came ([`Payload::Wire`]):
//! a server and a router read a handful of attributes and send the rest on. A stanza made here
//! holds values ([`Payload::Message`]) and never becomes bytes if its receiver lives in the same
//! process. Both answer every question alike; [`Stanza::decode`] gives the values of either.
//!
//! A text may hold anything that XML can hold. The characters that it cannot (control characters
//! but `\t`, `\n`, `\r`; U+FFFE; U+FFFF) must not be put into a stanza: they are written as they
//! are, and the peer closes the stream over them. JSON escapes the control characters.

mod condition;
mod error;
mod extension;
mod iq;
mod load;
mod message;
mod parse;
mod presence;
mod stream_error;
#[cfg(test)]
mod tests;
mod turn;
mod wire;
mod write;

use std::borrow::Cow;
use std::fmt;
use std::ops::{Deref, DerefMut};
use std::sync::Arc;
use std::time::Duration;

use bytestring::ByteString;

use crate::jid::Jid;

pub use condition::{Condition, ErrorKind};
pub use error::StanzaError;
pub use extension::{Extension, Placement};
pub use load::LoadReport;
pub use message::Message;
pub use parse::NotAStanza;
pub use presence::Presence;
pub use stream_error::StreamError;
pub use wire::Wire;

/// What sort of stanza it is: the name of its element.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// Carries OpenSRF.
    Message,
    /// Asks the server, or answers.
    Iq,
    /// Says who is there; of OpenSRF's parties only our listeners and routers do, to each other.
    Presence,
}

impl Kind {
    /// The name of the element.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Message => "message",
            Self::Iq => "iq",
            Self::Presence => "presence",
        }
    }
}

/// An addressed element. Cheap to clone, as texts are shared, and cheap to hand on: it is a box of its
/// [`Parts`], which can be read and set through it.
///
/// ```
/// use opensrf::stanza::{Message, Parts, Stanza};
/// # fn main() -> Result<(), opensrf::jid::JidError> {
/// let to = "router@private.localhost/opensrf.math".parse()?;
/// let mut asked = Stanza::message(to, Message::default());
/// asked.id = "7".into();
/// let again = Stanza::from(Parts { id: "8".into(), ..asked.clone().into_parts() });
/// assert_eq!(again.to, asked.to);
/// # Ok(())
/// # }
/// ```
#[derive(Clone, PartialEq, Eq)]
pub struct Stanza(Box<Parts>);

/// What a [`Stanza`] consists of.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Parts {
    /// Which element it is.
    pub kind: Kind,
    /// Who is to get it; the server itself if absent.
    pub to: Option<Jid>,
    /// Who sent it; the server sees to it that this is true.
    pub from: Option<Jid>,
    /// The attribute `type`, or nothing.
    pub stanza_type: ByteString,
    /// The attribute `id`, or nothing.
    pub id: ByteString,
    /// All other attributes but `xmlns`, names and values as they are written in XML.
    ///
    /// Prefixes that the payload uses are declared here, and messages of old programs have the
    /// OpenSRF attributes here.
    pub extra: Vec<(ByteString, ByteString)>,
    /// What is inside.
    pub payload: Payload,
}

/// The inside of a stanza, shared by its clones: several parties may keep a stanza at a time, and
/// each hands it on through queues.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Payload {
    /// As it came: checked, not decoded.
    Wire(Arc<Wire>),
    /// As values.
    Message(Arc<Message>),
}

impl From<Parts> for Stanza {
    fn from(parts: Parts) -> Self {
        Self(Box::new(parts))
    }
}

impl Deref for Stanza {
    type Target = Parts;

    fn deref(&self) -> &Parts {
        &self.0
    }
}

impl DerefMut for Stanza {
    fn deref_mut(&mut self) -> &mut Parts {
        &mut self.0
    }
}

impl fmt::Debug for Stanza {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl Stanza {
    /// Its parts, to make another of them or to take them apart.
    #[must_use]
    pub fn into_parts(self) -> Parts {
        *self.0
    }

    /// A message with neither sender, type nor id.
    #[must_use]
    pub fn message(to: Jid, message: Message) -> Self {
        Self::from(Parts {
            kind: Kind::Message,
            to: Some(to),
            from: None,
            stanza_type: ByteString::new(),
            id: ByteString::new(),
            extra: Vec::new(),
            payload: Payload::Message(Arc::new(message)),
        })
    }

    /// Whether it is a bounce: of type `error`, or with an `<error>` in it.
    ///
    /// Both count, as the C programs look at the one and the Perl programs at the other, and the C
    /// router leaves the type out.
    #[must_use]
    pub fn is_error(&self) -> bool {
        self.stanza_type == "error"
            || match &self.payload {
                Payload::Wire(wire) => wire.client_child("error").is_some(),
                Payload::Message(message) => message.error.is_some(),
            }
    }

    /// The OpenSRF attributes; reads nothing but them.
    ///
    /// They stand in `<opensrf>`; without one, on the message itself, as OpenSRF up to 3.0 has it.
    #[must_use]
    pub fn extension(&self) -> Cow<'_, Extension> {
        match &self.payload {
            Payload::Message(message) => Cow::Borrowed(&message.opensrf),
            Payload::Wire(wire) => Cow::Owned(self.read_extension(wire)),
        }
    }

    fn read_extension(&self, wire: &Wire) -> Extension {
        let is_old = self.kind == Kind::Message
            && self
                .extra
                .iter()
                .any(|(name, _)| extension::is_attribute(name));
        match wire.client_child("opensrf") {
            Some(child) => {
                let mut extension: Extension = child.attributes(wire.inner()).collect();
                if is_old {
                    extension.placement = Placement::Both;
                }
                extension
            }
            None if is_old => Extension::from_old(&self.extra),
            None => Extension::default(),
        }
    }

    /// The transaction that it belongs to, or nothing.
    #[must_use]
    pub fn xid(&self) -> ByteString {
        self.extension().osrf_xid.clone()
    }

    /// How long the caller waits, if it said so; reads nothing else.
    #[must_use]
    pub fn timeout(&self) -> Option<Duration> {
        match &self.payload {
            Payload::Message(message) => message.opensrf.timeout,
            Payload::Wire(wire) => {
                let child = wire.client_child("opensrf")?;
                let mut attributes = child.attributes(wire.inner());
                let timeout = attributes.find(|(name, _)| *name == Extension::TIMEOUT)?;
                Extension::read_timeout(&timeout.1)
            }
        }
    }

    /// What the bounce says; reads nothing else.
    #[must_use]
    pub fn error(&self) -> Option<StanzaError> {
        match &self.payload {
            Payload::Message(message) => message.error.clone(),
            Payload::Wire(wire) => {
                let child = wire.client_child("error")?;
                Some(StanzaError::parse(&wire.decode(child)))
            }
        }
    }

    /// The thread, or nothing; reads nothing else.
    #[must_use]
    pub fn thread(&self) -> ByteString {
        match &self.payload {
            Payload::Message(message) => message.thread.clone(),
            Payload::Wire(wire) => wire.text("thread"),
        }
    }

    /// All that OpenSRF has to say in it. Of repeated children the first counts.
    #[must_use]
    pub fn decode(&self) -> Cow<'_, Message> {
        match &self.payload {
            Payload::Message(message) => Cow::Borrowed(message),
            Payload::Wire(wire) => Cow::Owned(Message {
                opensrf: self.read_extension(wire),
                thread: wire.text("thread"),
                subject: wire.text("subject"),
                body: wire.text("body").into(),
                error: self.error(),
            }),
        }
    }

    /// About how many bytes it takes, on the wire and in memory.
    #[must_use]
    pub fn weight(&self) -> usize {
        const TAGS: usize = 200;
        let payload = match &self.payload {
            Payload::Wire(wire) => wire.inner().len(),
            Payload::Message(message) => message.body.weight() + message.thread.len(),
        };
        TAGS + payload
    }

    /// Whether it carries OpenSRF, and not only news of what became of something.
    #[must_use]
    pub fn has_body(&self) -> bool {
        self.kind == Kind::Message
            && match &self.payload {
                Payload::Wire(wire) => wire.client_child("body").is_some(),
                Payload::Message(message) => !message.body.is_empty(),
            }
    }

    /// Who it is from for an application: `router_from` if it names somebody, else `from`. Reads
    /// nothing else.
    #[must_use]
    pub fn sender(&self) -> Option<Jid> {
        let named = match &self.payload {
            Payload::Message(message) => message.opensrf.router_from.clone(),
            Payload::Wire(wire) => match wire.client_child("opensrf") {
                Some(child) => {
                    let mut attributes = child.attributes(wire.inner());
                    let named = attributes.find(|(name, _)| *name == Extension::ROUTER_FROM);
                    named.and_then(|(_, value)| Jid::parse(&value).ok())
                }
                None => self.extension().router_from.clone(),
            },
        };
        named.or_else(|| self.from.clone())
    }
}
