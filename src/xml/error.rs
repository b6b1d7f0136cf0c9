//! Why a stream is refused.

/// What is wrong with the bytes of a stream; the stream is over after any of these.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum XmlError {
    /// Not XML, or not the part of XML that names and namespaces allow.
    #[error("not well-formed: {0}")]
    NotWellFormed(&'static str),
    /// XML that a Jabber stream must not hold (RFC 6120 §11.1).
    #[error("not allowed in a stream: {0}")]
    Restricted(&'static str),
    /// Not UTF-8, or a declaration that says so.
    #[error("the stream is not UTF-8")]
    UnsupportedEncoding,
    /// A prefix that nobody declared, or a stream element without the prefix `stream`.
    #[error("unknown namespace prefix")]
    BadNamespacePrefix,
    /// The stream header declares other namespaces than `jabber:client` and that of streams.
    #[error("the stream header declares the wrong namespace")]
    InvalidNamespace,
    /// The first element is no stream header.
    #[error("the first element is no stream header")]
    NotAStream,
    /// More bytes than one top-level element may have.
    #[error("element longer than {limit} bytes")]
    TooBig {
        /// The limit in force.
        limit: usize,
    },
    /// Deeper nesting than one top-level element may have.
    #[error("elements nested deeper than {limit}")]
    TooDeep {
        /// The limit in force.
        limit: usize,
    },
    /// More elements than one top-level element may hold.
    #[error("more than {limit} elements in one")]
    TooManyElements {
        /// The limit in force.
        limit: usize,
    },
    /// More attributes than one element may have.
    #[error("more than {limit} attributes on one element")]
    TooManyAttributes {
        /// The limit in force.
        limit: usize,
    },
    /// A longer name than an element or attribute may have.
    #[error("name longer than {limit} bytes")]
    NameTooLong {
        /// The limit in force.
        limit: usize,
    },
    /// A longer value than an attribute may have.
    #[error("attribute longer than {limit} bytes")]
    AttributeTooLong {
        /// The limit in force.
        limit: usize,
    },
    /// More namespace declarations than one top-level element may hold.
    #[error("more than {limit} namespace declarations in one element")]
    TooManyNamespaces {
        /// The limit in force.
        limit: usize,
    },
}
