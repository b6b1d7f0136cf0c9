//! Why a stream was closed.

use bytes::{BufMut, BytesMut};

use super::NotAStanza;
use crate::xml::{Element, XmlError, ns};

/// The conditions of stream errors (RFC 6120 §4.9.3).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum StreamError {
    /// `bad-format`: XML that no stream consists of.
    BadFormat,
    /// `bad-namespace-prefix`: a prefix that is not declared.
    BadNamespacePrefix,
    /// `conflict`: the same address logged in again.
    Conflict,
    /// `connection-timeout`: nothing was heard for too long, or log-in took too long.
    ConnectionTimeout,
    /// `host-gone`: the domain is served no longer.
    HostGone,
    /// `host-unknown`: the domain is not served here.
    HostUnknown,
    /// `improper-addressing`
    ImproperAddressing,
    /// `internal-server-error`
    InternalServerError,
    /// `invalid-from`: a sender that is not the peer.
    InvalidFrom,
    /// `invalid-namespace`: the stream, or a stanza, in another namespace.
    InvalidNamespace,
    /// `invalid-xml`
    InvalidXml,
    /// `not-authorized`: stanzas before log-in.
    NotAuthorized,
    /// `not-well-formed`: not XML.
    NotWellFormed,
    /// `policy-violation`: beyond a limit.
    PolicyViolation,
    /// `remote-connection-failed`
    RemoteConnectionFailed,
    /// `reset`
    Reset,
    /// `resource-constraint`: the peer reads too slowly, or there is no room.
    ResourceConstraint,
    /// `restricted-xml`: comments, processing instructions and the like.
    RestrictedXml,
    /// `see-other-host`
    SeeOtherHost,
    /// `system-shutdown`
    SystemShutdown,
    /// `undefined-condition`, and all that is not known.
    Undefined,
    /// `unsupported-encoding`: not UTF-8.
    UnsupportedEncoding,
    /// `unsupported-feature`
    UnsupportedFeature,
    /// `unsupported-stanza-type`: no message, iq or presence.
    UnsupportedStanzaType,
    /// `unsupported-version`
    UnsupportedVersion,
}

const NAMES: [(StreamError, &str); 25] = [
    (StreamError::BadFormat, "bad-format"),
    (StreamError::BadNamespacePrefix, "bad-namespace-prefix"),
    (StreamError::Conflict, "conflict"),
    (StreamError::ConnectionTimeout, "connection-timeout"),
    (StreamError::HostGone, "host-gone"),
    (StreamError::HostUnknown, "host-unknown"),
    (StreamError::ImproperAddressing, "improper-addressing"),
    (StreamError::InternalServerError, "internal-server-error"),
    (StreamError::InvalidFrom, "invalid-from"),
    (StreamError::InvalidNamespace, "invalid-namespace"),
    (StreamError::InvalidXml, "invalid-xml"),
    (StreamError::NotAuthorized, "not-authorized"),
    (StreamError::NotWellFormed, "not-well-formed"),
    (StreamError::PolicyViolation, "policy-violation"),
    (
        StreamError::RemoteConnectionFailed,
        "remote-connection-failed",
    ),
    (StreamError::Reset, "reset"),
    (StreamError::ResourceConstraint, "resource-constraint"),
    (StreamError::RestrictedXml, "restricted-xml"),
    (StreamError::SeeOtherHost, "see-other-host"),
    (StreamError::SystemShutdown, "system-shutdown"),
    (StreamError::Undefined, "undefined-condition"),
    (StreamError::UnsupportedEncoding, "unsupported-encoding"),
    (StreamError::UnsupportedFeature, "unsupported-feature"),
    (
        StreamError::UnsupportedStanzaType,
        "unsupported-stanza-type",
    ),
    (StreamError::UnsupportedVersion, "unsupported-version"),
];

impl StreamError {
    /// The name of its element.
    #[must_use]
    pub fn name(self) -> &'static str {
        NAMES[self as usize].1
    }

    /// The condition of this name, if there is one.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        let found = NAMES.into_iter().find(|(_, known)| *known == name);
        found.map(|(error, _)| error)
    }

    /// Reads a `<stream:error>` element; what is not known is [`Undefined`](Self::Undefined).
    #[must_use]
    pub fn parse(element: &Element) -> Self {
        let mut children = element.children.iter();
        let found = children.find_map(|child| Self::from_name(&child.name));
        found.unwrap_or(Self::Undefined)
    }

    /// Appends the error and the end of the stream, which follows every stream error.
    pub fn write_to(self, out: &mut BytesMut) {
        self.write_with("", out);
    }

    /// Appends the error with a text for people, unless that is empty, and the end of the stream.
    pub fn write_with(self, text: &str, out: &mut BytesMut) {
        out.put_slice(b"<stream:error><");
        out.put_slice(self.name().as_bytes());
        out.put_slice(b" xmlns='");
        out.put_slice(ns::STREAM_ERROR.as_bytes());
        out.put_slice(b"'/>");
        if !text.is_empty() {
            let text = Element::new("text", ns::STREAM_ERROR).with_text(text);
            text.write_to(ns::CLIENT, out);
        }
        out.put_slice(b"</stream:error></stream:stream>");
    }
}

impl From<&XmlError> for StreamError {
    fn from(error: &XmlError) -> Self {
        match error {
            XmlError::NotWellFormed(_) => Self::NotWellFormed,
            XmlError::Restricted(_) => Self::RestrictedXml,
            XmlError::UnsupportedEncoding => Self::UnsupportedEncoding,
            XmlError::BadNamespacePrefix => Self::BadNamespacePrefix,
            XmlError::InvalidNamespace => Self::InvalidNamespace,
            XmlError::NotAStream => Self::BadFormat,
            XmlError::TooBig { .. }
            | XmlError::TooDeep { .. }
            | XmlError::TooManyElements { .. }
            | XmlError::TooManyAttributes { .. }
            | XmlError::NameTooLong { .. }
            | XmlError::AttributeTooLong { .. }
            | XmlError::TooManyNamespaces { .. } => Self::PolicyViolation,
        }
    }
}

impl NotAStanza {
    /// The error that ends the stream over it; none if a bounce will do.
    #[must_use]
    pub fn stream_error(&self) -> Option<StreamError> {
        match self {
            Self::Unknown { namespace, .. } if namespace == ns::CLIENT => {
                Some(StreamError::UnsupportedStanzaType)
            }
            Self::Unknown { .. } => Some(StreamError::InvalidNamespace),
            Self::BadAddress { .. } => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_names_are_in_the_order_of_the_conditions() {
        for (at, (error, name)) in NAMES.into_iter().enumerate() {
            assert_eq!(error as usize, at);
            assert_eq!(StreamError::from_name(name), Some(error));
        }
    }

    #[test]
    fn a_stream_error_ends_the_stream_and_reads_back() {
        let mut out = BytesMut::new();
        StreamError::Conflict.write_to(&mut out);
        assert_eq!(
            std::str::from_utf8(&out).unwrap(),
            "<stream:error><conflict xmlns='urn:ietf:params:xml:ns:xmpp-streams'/>\
             </stream:error></stream:stream>"
        );
        let conflict = Element::new("conflict", ns::STREAM_ERROR);
        let error = Element::new("error", ns::STREAM).with_child(conflict);
        assert_eq!(StreamError::parse(&error), StreamError::Conflict);
        let unknown = Element::new("error", ns::STREAM);
        assert_eq!(StreamError::parse(&unknown), StreamError::Undefined);
    }
}
