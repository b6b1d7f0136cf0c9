//! The grammar of a start tag, strictly: what quick-xml leaves to its user.

use smallvec::SmallVec;

use super::chars::{check_value, is_space, name_length, split_name};
use super::{XmlError, ns};
use crate::limits::StreamLimits;

/// One attribute as it is written.
#[derive(Debug, Clone, Copy)]
pub(super) struct Attribute<'a> {
    /// The whole name.
    pub(super) name: &'a str,
    /// What stands after its colon, or all.
    pub(super) local: &'a str,
    /// What stands between the quotes.
    pub(super) value: &'a str,
}

impl<'a> Attribute<'a> {
    /// What stands before its colon, or nothing.
    pub(super) fn prefix(&self) -> &'a str {
        let length = self.name.len() - self.local.len();
        &self.name[..length.saturating_sub(1)]
    }

    /// The prefix that it declares (nothing for the default namespace), if it is a declaration.
    pub(super) fn declares(&self) -> Option<&'a str> {
        match self.name.strip_prefix("xmlns") {
            Some("") => Some(""),
            Some(rest) => rest.strip_prefix(':'),
            None => None,
        }
    }
}

/// A start tag as it is written.
#[derive(Debug)]
pub(super) struct StartTag<'a> {
    /// What stands before its colon, or nothing.
    pub(super) prefix: &'a str,
    /// What stands after its colon, or all.
    pub(super) local: &'a str,
    /// All attributes, declarations too, in order.
    pub(super) attributes: SmallVec<[Attribute<'a>; 6]>,
}

impl<'a> StartTag<'a> {
    /// Reads what stands between `<` and `>` or `/>`.
    ///
    /// # Errors
    /// For anything that XML forbids there, and for what is beyond `limits`. Characters are taken
    /// as legal and namespaces are not looked at.
    pub(super) fn parse(content: &'a str, limits: &StreamLimits) -> Result<Self, XmlError> {
        let mut rest = Rest { text: content };
        let (prefix, local) = split_name(rest.name(limits)?)?;
        let mut tag = Self {
            prefix,
            local,
            attributes: SmallVec::new(),
        };
        while let Some(attribute) = rest.attribute(limits)? {
            if tag.attributes.len() == limits.attributes {
                let limit = limits.attributes;
                return Err(XmlError::TooManyAttributes { limit });
            }
            tag.attributes.push(attribute);
        }
        tag.check_duplicates()?;
        Ok(tag)
    }

    /// The value, as written, of the attribute of this name.
    pub(super) fn attribute(&self, name: &str) -> Option<&'a str> {
        let found = self.attributes.iter().find(|a| a.name == name);
        found.map(|a| a.value)
    }

    /// Quadratic, but in a number that is limited.
    fn check_duplicates(&self) -> Result<(), XmlError> {
        for (at, one) in self.attributes.iter().enumerate() {
            if self.attributes[..at].iter().any(|a| a.name == one.name) {
                return Err(XmlError::NotWellFormed("attribute given twice"));
            }
        }
        Ok(())
    }
}

struct Rest<'a> {
    text: &'a str,
}

impl<'a> Rest<'a> {
    /// Takes white space; says whether there was any.
    fn space(&mut self) -> bool {
        let bytes = self.text.as_bytes();
        let length = bytes.iter().take_while(|&&b| is_space(b)).count();
        self.text = &self.text[length..];
        length > 0
    }

    fn take(&mut self, length: usize) -> &'a str {
        let (taken, rest) = self.text.split_at(length);
        self.text = rest;
        taken
    }

    fn name(&mut self, limits: &StreamLimits) -> Result<&'a str, XmlError> {
        match name_length(self.text) {
            0 => Err(XmlError::NotWellFormed("name expected")),
            length if length > limits.name_bytes => Err(XmlError::NameTooLong {
                limit: limits.name_bytes,
            }),
            length => Ok(self.take(length)),
        }
    }

    fn attribute(&mut self, limits: &StreamLimits) -> Result<Option<Attribute<'a>>, XmlError> {
        let spaced = self.space();
        if self.text.is_empty() {
            return Ok(None);
        }
        if !spaced {
            return Err(XmlError::NotWellFormed("no space before an attribute"));
        }
        let name = self.name(limits)?;
        let (_, local) = split_name(name)?;
        self.space();
        if !self.text.starts_with('=') {
            return Err(XmlError::NotWellFormed("attribute without value"));
        }
        self.take(1);
        self.space();
        let value = self.value(limits)?;
        Ok(Some(Attribute { name, local, value }))
    }

    fn value(&mut self, limits: &StreamLimits) -> Result<&'a str, XmlError> {
        let quote = match self.text.as_bytes().first() {
            Some(&quote @ (b'"' | b'\'')) => quote,
            _ => return Err(XmlError::NotWellFormed("attribute without quotes")),
        };
        self.take(1);
        let length = memchr::memchr(quote, self.text.as_bytes())
            .ok_or(XmlError::NotWellFormed("attribute without end"))?;
        if length > limits.attribute_bytes {
            return Err(XmlError::AttributeTooLong {
                limit: limits.attribute_bytes,
            });
        }
        let value = self.take(length);
        self.take(1);
        check_value(value)?;
        Ok(value)
    }
}

/// Namespace of names that start with `xml:`.
pub(super) const XML: &str = "http://www.w3.org/XML/1998/namespace";
/// Namespace of declarations, which nothing may be bound to.
const XMLNS: &str = "http://www.w3.org/2000/xmlns/";

/// Refuses a declaration that XML namespaces forbid.
pub(super) fn check_declaration(prefix: &str, namespace: &str) -> Result<(), XmlError> {
    let allowed = match prefix {
        "xmlns" => false,
        "xml" => namespace == XML,
        "" => namespace != XML && namespace != XMLNS,
        _ => !namespace.is_empty() && namespace != XML && namespace != XMLNS,
    };
    if allowed {
        Ok(())
    } else {
        Err(XmlError::NotWellFormed("forbidden namespace declaration"))
    }
}

/// Prefixes of a stream header, other than `stream`, with their namespaces.
pub(super) type Declared = [(Box<str>, Box<str>)];

/// Where an element stands, and so what is declared around it.
#[derive(Debug, Clone, Copy)]
pub(super) enum Around<'a> {
    /// Nothing: it is the stream header.
    Nothing,
    /// The stream, of whose declarations only those of every stream count: what is sent on to
    /// another stream must mean the same there.
    Stream,
    /// The stream with all that its header declares, for what is not sent on.
    Header(&'a Declared),
}

impl<'a> Around<'a> {
    /// The namespace of a prefix; of `""`, the default namespace.
    pub(super) fn resolve(self, prefix: &str) -> Option<&'a str> {
        match (prefix, self) {
            ("xml", _) => Some(XML),
            ("", Self::Nothing) => Some(""),
            ("", _) => Some(ns::CLIENT),
            ("stream", Self::Stream | Self::Header(_)) => Some(ns::STREAM),
            (_, Self::Header(declared)) => {
                let found = declared.iter().find(|(other, _)| **other == *prefix);
                found.map(|(_, namespace)| &**namespace)
            }
            _ => None,
        }
    }
}
