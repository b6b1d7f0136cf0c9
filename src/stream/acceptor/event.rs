//! What goes into the server's end of a stream, and what comes out.

use std::fmt;

use bytes::Bytes;

use crate::jid::Jid;
use crate::stream::{LegacyProof, SaslProgress};
use crate::xml::{Element, StreamHeader};

/// What can happen to the server's end of a stream.
pub enum Input {
    /// The client's header came, at first or after a restart.
    Open {
        /// The header.
        header: StreamHeader,
        /// The id of the new stream: unguessable, 8 to 20 characters, 16 hexadecimal digits for
        /// instance. Longer ones meet an error in the digest of the C programs.
        stream_id: String,
        /// The resource for a client that asks for none; not used otherwise.
        resource: String,
    },
    /// An element came.
    Element(Element),
    /// The client ended its stream or the connection.
    Ended,
    /// What came is not a stream; tells the client why and closes.
    Unreadable {
        /// The condition of the stream error, `not-well-formed` for instance.
        condition: &'static str,
        /// What is wrong, for a person.
        text: String,
    },
    /// Answers [`Effect::CheckLegacy`]: whether the proof is right.
    LegacyChecked(bool),
    /// Answers [`Effect::SaslStart`] and [`Effect::SaslStep`].
    Sasl(SaslProgress),
    /// Answers [`Effect::Bind`]: the address is this stream's.
    Bound,
    /// Answers [`Effect::Bind`]: the address is not to be had.
    BindRefused(BindRefusal),
}

/// Why an address is not to be had.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum BindRefusal {
    /// Another session has it and keeps it.
    Conflict,
    /// There are as many sessions as there may be.
    ResourceConstraint,
}

/// What the server's end of a stream wants done.
#[derive(Clone, PartialEq, Eq)]
pub enum Effect {
    /// Write these bytes in one write.
    Send(Bytes),
    /// Compare a proof with the password; answered by [`Input::LegacyChecked`].
    CheckLegacy {
        /// The local part of the client's address.
        user: String,
        /// The domain of the stream.
        domain: String,
        /// What the client sent.
        proof: LegacyProof,
    },
    /// Begin an exchange, forgetting any before it; answered by [`Input::Sasl`].
    SaslStart {
        /// One of the mechanisms offered.
        mechanism: String,
        /// The domain of the stream.
        domain: String,
        /// What the client sent with its choice, if it did.
        initial: Option<Vec<u8>>,
    },
    /// Go on with the exchange; answered by [`Input::Sasl`].
    SaslStep(Vec<u8>),
    /// Read on as if the connection were new; bytes that came already belong to the new stream.
    RestartStream,
    /// Claim this address; answered by [`Input::Bound`] or [`Input::BindRefused`]. Nothing may be
    /// delivered to it before [`Effect::Online`]; [`Effect::Close`] instead gives it up.
    Bind(Jid),
    /// The session is up; the last effect.
    Online(Jid),
    /// Close the connection after what was sent; the last effect.
    Close,
}

impl fmt::Debug for Input {
    /// Shows no content: an element may hold a password.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Open { header, .. } => f.debug_struct("Open").field("header", header).finish(),
            Self::Element(element) => f.debug_tuple("Element").field(&element.name).finish(),
            Self::Ended => f.write_str("Ended"),
            Self::Unreadable { condition, text } => f
                .debug_struct("Unreadable")
                .field("condition", condition)
                .field("text", text)
                .finish(),
            Self::LegacyChecked(right) => f.debug_tuple("LegacyChecked").field(right).finish(),
            Self::Sasl(progress) => f.debug_tuple("Sasl").field(progress).finish(),
            Self::Bound => f.write_str("Bound"),
            Self::BindRefused(refusal) => f.debug_tuple("BindRefused").field(refusal).finish(),
        }
    }
}

impl fmt::Debug for Effect {
    /// Shows nothing that the client sent for SASL: with PLAIN it is the password.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Send(bytes) => f.debug_tuple("Send").field(bytes).finish(),
            Self::CheckLegacy {
                user,
                domain,
                proof,
            } => f
                .debug_struct("CheckLegacy")
                .field("user", user)
                .field("domain", domain)
                .field("proof", proof)
                .finish(),
            Self::SaslStart {
                mechanism, domain, ..
            } => f
                .debug_struct("SaslStart")
                .field("mechanism", mechanism)
                .field("domain", domain)
                .finish_non_exhaustive(),
            Self::SaslStep(_) => f.write_str("SaslStep(…)"),
            Self::RestartStream => f.write_str("RestartStream"),
            Self::Bind(jid) => f.debug_tuple("Bind").field(jid).finish(),
            Self::Online(jid) => f.debug_tuple("Online").field(jid).finish(),
            Self::Close => f.write_str("Close"),
        }
    }
}
