//! Checks one complete element strictly, in one pass, and notes where its parts stand.
//!
//! quick-xml splits the text and matches the tags; it is fast because it leaves the rest to its
//! user. The rest is here: names, attributes, references, namespaces, characters, and everything
//! that XML allows and a stream does not. The law, which the tests hold it to: whatever passes,
//! a strict parser accepts as well. Bytes that pass may therefore go out again unchanged.

use bytes::Bytes;
use bytestring::ByteString;
use quick_xml::Reader;
use quick_xml::events::Event;

use super::XmlError;
use super::chars::{check_legal, check_reference, check_text};
use super::raw::{Child, Parts, Raw, Span};
use super::scope::Scope;
use super::tag::{Around, StartTag};
use crate::limits::StreamLimits;

const OUTSIDE_ROOT: XmlError = XmlError::NotWellFormed("something around the element");

/// Checks the element that `bytes` are and that stands in `around`.
///
/// # Errors
/// The first thing that is wrong with it. Bytes, elements and depth are taken as within limits.
pub(super) fn check(
    bytes: Bytes,
    around: Around<'_>,
    limits: &StreamLimits,
) -> Result<Raw, XmlError> {
    let source = ByteString::try_from(bytes).map_err(|_| XmlError::UnsupportedEncoding)?;
    check_legal(&source)?;
    let parts = Check::new(&source, around, limits).run()?;
    Ok(Raw::new(source, parts))
}

struct Check<'a> {
    text: &'a str,
    limits: &'a StreamLimits,
    scope: Scope<'a>,
    parts: Parts,
    /// Where the root's content starts; 0 before there is a root.
    inner: usize,
}

impl<'a> Check<'a> {
    fn new(text: &'a str, around: Around<'a>, limits: &'a StreamLimits) -> Self {
        Self {
            text,
            limits,
            scope: Scope::new(around),
            parts: Parts::default(),
            inner: 0,
        }
    }

    fn run(mut self) -> Result<Parts, XmlError> {
        let mut reader = Reader::from_str(self.text);
        loop {
            let from = place(&reader);
            let event = reader.read_event().map_err(|error| refusal(&error))?;
            let to = place(&reader);
            match event {
                Event::Start(_) => self.open(from, to, to - 1)?,
                Event::Empty(_) => {
                    self.open(from, to, to - 2)?;
                    self.close(to, to);
                }
                Event::End(_) => self.close(from, to),
                Event::Text(text) => {
                    self.inside()?;
                    check_text(&text)?;
                }
                Event::GeneralRef(name) => {
                    self.inside()?;
                    check_reference(&name)?;
                }
                Event::CData(_) => self.inside()?,
                Event::Eof if self.scope.depth() == 0 && self.inner > 0 => return Ok(self.parts),
                Event::Eof => return Err(XmlError::NotWellFormed("element without end")),
                Event::Comment(_) | Event::PI(_) | Event::DocType(_) | Event::Decl(_) => {
                    return Err(XmlError::Restricted("markup that is no element"));
                }
            }
        }
    }

    fn inside(&self) -> Result<(), XmlError> {
        if self.scope.depth() == 0 {
            return Err(OUTSIDE_ROOT);
        }
        Ok(())
    }

    /// Takes the start tag from `from` to `to`, whose inside ends at `end`.
    fn open(&mut self, from: usize, to: usize, end: usize) -> Result<(), XmlError> {
        let tag = StartTag::parse(&self.text[from + 1..end], self.limits)?;
        self.parts.elements += 1;
        self.scope.open(&tag, self.limits)?;
        let namespace = self.scope.namespace(&tag);
        let child = |start: usize| {
            let name = Span::of(tag.local, &self.text[start..]);
            Child::open(name, from - start, to - start, namespace)
        };
        match self.scope.depth() {
            1 if self.inner > 0 => return Err(OUTSIDE_ROOT),
            1 => {
                self.parts.root = child(0);
                self.inner = to;
                let spans = |part| Span::of(part, self.text);
                let attributes = tag.attributes.iter();
                self.parts.attributes = attributes
                    .map(|a| (spans(a.name), spans(a.value)))
                    .collect();
            }
            2 => self.parts.children.push(child(self.inner)),
            _ => {}
        }
        Ok(())
    }

    /// Takes the end tag from `from` to `to`.
    fn close(&mut self, from: usize, to: usize) {
        match self.scope.depth() {
            1 => self.parts.root.close(from, to),
            2 => {
                if let Some(child) = self.parts.children.last_mut() {
                    child.close(from - self.inner, to - self.inner);
                }
            }
            _ => {}
        }
        self.scope.close();
    }
}

/// Bytes read so far.
pub(super) fn place(reader: &Reader<&[u8]>) -> usize {
    usize::try_from(reader.buffer_position()).unwrap_or(usize::MAX)
}

fn refusal(error: &quick_xml::Error) -> XmlError {
    XmlError::NotWellFormed(match error {
        quick_xml::Error::IllFormed(quick_xml::errors::IllFormedError::MismatchedEndTag {
            ..
        }) => "end tag without its start tag",
        quick_xml::Error::IllFormed(_) => "tag or reference without its end",
        _ => "bad markup",
    })
}
