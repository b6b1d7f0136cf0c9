//! XML as a stream of whole elements: bytes in, checked elements out, and back.
//!
//! There is one way in for a stream, the [`Framer`], for every peer: two parsers that disagree about the same
//! bytes let one peer slip stanzas past the other. What it lets through is strict XML without
//! comments, processing instructions, document types and entities of its own (RFC 6120 §11), so
//! bytes that were read may go out again as they came. Most do: a [`Raw`] element is cut into
//! parts, not decoded; [`Element`] is for the few small ones whose inside matters.
//!
//! A file that a person wrote is read by [`read_document`], with the same grammar.
//!
//! The only module that names quick-xml.

mod chars;
mod check;
mod decode;
mod document;
mod element;
mod error;
mod escape;
mod framer;
mod header;
mod raw;
mod scan;
mod scope;
mod tag;
#[cfg(test)]
mod tests;
mod unescape;

pub use document::{DocumentError, Fault, Node, read_document};
pub use element::Element;
pub use error::XmlError;
pub use escape::{attribute, text};
pub use framer::{Frame, Framer};
pub(crate) use raw::Span;
pub use raw::{Child, Raw};
pub use unescape::{text_of, value_of};

/// The namespaces that a Jabber stream is made of.
pub mod ns {
    /// Stanzas between client and server.
    pub const CLIENT: &str = "jabber:client";
    /// The stream element itself.
    pub const STREAM: &str = "http://etherx.jabber.org/streams";
    /// Log-in with SASL (RFC 6120 §6).
    pub const SASL: &str = "urn:ietf:params:xml:ns:xmpp-sasl";
    /// Resource binding (RFC 6120 §7).
    pub const BIND: &str = "urn:ietf:params:xml:ns:xmpp-bind";
    /// Session establishment (RFC 3921 §3), obsolete and still asked for.
    pub const SESSION: &str = "urn:ietf:params:xml:ns:xmpp-session";
    /// Log-in of old clients (XEP-0078).
    pub const AUTH: &str = "jabber:iq:auth";
    /// Announces the log-in of old clients as a stream feature.
    pub const AUTH_FEATURE: &str = "http://jabber.org/features/iq-auth";
    /// Conditions of stanza errors.
    pub const STANZA_ERROR: &str = "urn:ietf:params:xml:ns:xmpp-stanzas";
    /// Conditions of stream errors.
    pub const STREAM_ERROR: &str = "urn:ietf:params:xml:ns:xmpp-streams";
    /// What a server takes at most (XEP-0478).
    pub const LIMITS: &str = "urn:xmpp:stream-limits:0";
    /// Ping (XEP-0199).
    pub const PING: &str = "urn:xmpp:ping";
    /// What a listener tells a service class of its load; ours.
    pub const LOAD: &str = "opensrf:load";
}

/// The attributes of a `<stream:stream>` start tag that matter.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct StreamHeader {
    /// The domain that the sender of the header wants to reach.
    pub to: Option<String>,
    /// Who opens the stream.
    pub from: Option<String>,
    /// The stream's id, given by the server.
    pub id: Option<String>,
    /// Absent from the original C and Perl programs, which want no features then.
    pub version: Option<String>,
}
