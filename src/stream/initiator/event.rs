//! What goes into the client's end of a stream, and what comes out.

use std::fmt;

use bytes::Bytes;

use crate::jid::Jid;
use crate::stream::{LoginError, SaslReply};
use crate::xml::{Element, StreamHeader};

/// What can happen to the client's end of a stream.
pub enum Input {
    /// The connection stands.
    Connected,
    /// The server's header came, at first or after a restart.
    Open(StreamHeader),
    /// An element came.
    Element(Element),
    /// Answers [`Effect::SaslStart`], [`Effect::SaslStep`] and [`Effect::SaslFinish`].
    Sasl(SaslReply),
    /// The server ended its stream or the connection.
    Closed,
}

/// What the client's end of a stream wants done.
#[derive(Clone, PartialEq, Eq)]
pub enum Effect {
    /// Write these bytes in one write.
    Send(Bytes),
    /// Begin an exchange; answered by the first message of the mechanism.
    SaslStart {
        /// One of [`MECHANISMS`](super::MECHANISMS).
        mechanism: &'static str,
    },
    /// Go on with what the server said; answered by the next message of the mechanism.
    SaslStep(Vec<u8>),
    /// The server says that the log-in is done, with what it added. Answered by
    /// [`SaslReply::Verified`] if that proves the server as far as the mechanism can.
    SaslFinish(Option<Vec<u8>>),
    /// Read on as if the connection were new.
    RestartStream,
    /// The session is up; the last effect.
    Online(Jid),
    /// The log-in failed, close the connection; the last effect.
    Failed(LoginError),
}

impl fmt::Debug for Input {
    /// Shows no content: an element may hold a password that a server echoes.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Connected => f.write_str("Connected"),
            Self::Open(header) => f.debug_tuple("Open").field(header).finish(),
            Self::Element(element) => f.debug_tuple("Element").field(&element.name).finish(),
            Self::Sasl(reply) => f.debug_tuple("Sasl").field(reply).finish(),
            Self::Closed => f.write_str("Closed"),
        }
    }
}

impl fmt::Debug for Effect {
    /// Shows no bytes: they may hold a password.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Send(bytes) => write!(f, "Send({} bytes)", bytes.len()),
            Self::SaslStart { mechanism } => write!(f, "SaslStart({mechanism})"),
            Self::SaslStep(_) => f.write_str("SaslStep(…)"),
            Self::SaslFinish(_) => f.write_str("SaslFinish(…)"),
            Self::RestartStream => f.write_str("RestartStream"),
            Self::Online(jid) => f.debug_tuple("Online").field(jid).finish(),
            Self::Failed(error) => f.debug_tuple("Failed").field(error).finish(),
        }
    }
}
