//! The `<error>` in a bounced stanza.

use std::fmt;

use bytes::{BufMut, BytesMut};
use bytestring::ByteString;

use super::{Condition, ErrorKind};
use crate::xml::{self, Element, ns};

/// Why a stanza came back.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StanzaError {
    /// What its sender may do.
    pub kind: ErrorKind,
    /// What is wrong.
    pub condition: Condition,
    /// The old number, if it differs from the condition's own or was given.
    pub code: Option<u16>,
    /// For people; may be empty.
    pub text: ByteString,
}

/// Condition and text, for people.
impl fmt::Display for StanzaError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.condition.name())?;
        if !self.text.is_empty() {
            write!(f, " ({})", self.text)?;
        }
        Ok(())
    }
}

impl From<Condition> for StanzaError {
    fn from(condition: Condition) -> Self {
        Self::new(condition)
    }
}

impl StanzaError {
    /// An error of the kind that goes with its condition, without text.
    #[must_use]
    pub fn new(condition: Condition) -> Self {
        Self {
            kind: condition.kind(),
            condition,
            code: None,
            text: ByteString::new(),
        }
    }

    /// Says more, to people.
    #[must_use]
    pub fn with_text(mut self, text: &str) -> Self {
        self.text = text.into();
        self
    }

    /// The old number: as given, else the condition's own.
    #[must_use]
    pub fn code(&self) -> u16 {
        self.code.unwrap_or_else(|| self.condition.code())
    }

    /// Reads an `<error>` element.
    ///
    /// Servers leave out the number, or write conditions that are not known; the C router writes
    /// nothing but the number. None of that is a mistake here.
    #[must_use]
    pub fn parse(element: &Element) -> Self {
        let kind = element.attribute("type").and_then(ErrorKind::from_name);
        let code = element.attribute("code");
        let mut conditions = element.children.iter();
        let condition = conditions.find_map(|c| Condition::from_name(&c.name));
        let text = element.children.iter().find(|c| c.name == "text");
        Self {
            kind: kind.unwrap_or_default(),
            condition: condition.unwrap_or(Condition::Undefined),
            code: code.and_then(|code| code.parse().ok()),
            text: text.map_or_else(ByteString::new, |t| t.text.as_str().into()),
        }
    }

    /// Appends `<error>…</error>`, always with a number: C programs before 3.3.0 crash without.
    pub fn write_to(&self, out: &mut BytesMut) {
        out.put_slice(b"<error type='");
        out.put_slice(self.kind.name().as_bytes());
        out.put_slice(b"' code='");
        out.put_slice(self.code().to_string().as_bytes());
        out.put_slice(b"'><");
        out.put_slice(self.condition.name().as_bytes());
        write_namespace(out);
        out.put_slice(b"/>");
        if !self.text.is_empty() {
            out.put_slice(b"<text");
            write_namespace(out);
            out.put_u8(b'>');
            xml::text(out, &self.text);
            out.put_slice(b"</text>");
        }
        out.put_slice(b"</error>");
    }
}

fn write_namespace(out: &mut BytesMut) {
    out.put_slice(b" xmlns='");
    out.put_slice(ns::STANZA_ERROR.as_bytes());
    out.put_u8(b'\'');
}
