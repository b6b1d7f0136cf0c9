//! Why a document is refused.

use crate::xml::XmlError;

/// Why a document is refused, and where.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{line}:{column}: {fault}")]
pub struct DocumentError {
    /// From 1.
    pub line: usize,
    /// Characters from the start of the line, from 1.
    pub column: usize,
    /// What is wrong there.
    pub fault: Fault,
}

/// What can be wrong with a document.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Fault {
    /// Not XML, or beyond a bound.
    #[error("{0}")]
    Xml(XmlError),
    /// Not XML.
    #[error("{0}")]
    Markup(String),
    /// A start tag without its end tag.
    #[error("<{0}> is not closed")]
    Unclosed(String),
    /// An entity that XML itself does not have.
    #[error("&{0}; is no entity of XML; write the character itself, or & as &amp;")]
    Entity(String),
    /// `<!DOCTYPE …>`.
    #[error("a document type (<!DOCTYPE>) is not taken, nor are entities of its own; remove it")]
    DocumentType,
    /// Bytes or a declaration of another encoding.
    #[error("not UTF-8; convert the file first, for instance: iconv -f ISO-8859-1 -t UTF-8")]
    Encoding,
    /// More bytes than a document may have.
    #[error("longer than {limit} bytes")]
    TooBig {
        /// The limit in force.
        limit: usize,
    },
    /// No element at all.
    #[error("there is no element in it")]
    Empty,
}
