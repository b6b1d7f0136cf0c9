//! A whole XML document as a tree that knows its lines: a file that a person wrote.
//!
//! As strict as the [`Framer`](super::Framer), with the same grammar, but a file may have what a
//! stream may not: an XML declaration, comments, processing instructions (both left out). A
//! document type is refused, and with it every entity of its own. A prefix is part of a name;
//! namespaces are not looked at. Never fails without a line and column; depth, elements and bytes
//! have bounds ([`StreamLimits::DOCUMENT`]).

mod error;
mod node;
#[cfg(test)]
mod tests;

use memchr::memchr_iter;
use quick_xml::Reader;
use quick_xml::errors::{Error, IllFormedError};
use quick_xml::events::Event;

use super::XmlError;
use super::chars::{check_legal, check_text, reference};
use super::check::place;
use super::tag::StartTag;
use super::unescape::value;
use crate::limits::StreamLimits;

pub use error::{DocumentError, Fault};
pub use node::Node;

const LIMITS: StreamLimits = StreamLimits::DOCUMENT;

/// Reads a document and returns its root.
///
/// # Errors
/// The first thing that is wrong.
pub fn read_document(bytes: &[u8]) -> Result<Node, DocumentError> {
    let bytes = bytes.strip_prefix("\u{feff}".as_bytes()).unwrap_or(bytes);
    if bytes.len() > LIMITS.stanza_bytes {
        let limit = LIMITS.stanza_bytes;
        return Err(Place::START.error(Fault::TooBig { limit }));
    }
    let text = match std::str::from_utf8(bytes) {
        Ok(text) => text.replace("\r\n", "\n").replace('\r', "\n"),
        Err(error) => {
            let good = String::from_utf8_lossy(&bytes[..error.valid_up_to()]);
            return Err(Place::START.after(&good).error(Fault::Encoding));
        }
    };
    Reading::new(&text).run()
}

/// A place in a text, moved forward only.
#[derive(Debug, Clone, Copy)]
struct Place {
    line: usize,
    column: usize,
}

impl Place {
    const START: Self = Self { line: 1, column: 1 };

    fn after(self, text: &str) -> Self {
        match text.rfind('\n') {
            None => Self {
                column: self.column + text.chars().count(),
                ..self
            },
            Some(last) => Self {
                line: self.line + memchr_iter(b'\n', text.as_bytes()).count(),
                column: 1 + text[last + 1..].chars().count(),
            },
        }
    }

    fn error(self, fault: Fault) -> DocumentError {
        DocumentError {
            line: self.line,
            column: self.column,
            fault,
        }
    }
}

/// An element whose end has not come yet.
#[derive(Debug, Default)]
struct Open {
    node: Node,
    place: Option<Place>,
    /// Its text, cut where comments stand.
    pieces: Vec<String>,
    /// Whether the next text begins a new piece.
    is_cut: bool,
    has_comment: bool,
}

impl Open {
    fn push(&mut self, text: &str) {
        match self.pieces.last_mut().filter(|_| !self.is_cut) {
            Some(last) => last.push_str(text),
            None => self.pieces.push(text.to_owned()),
        }
        self.is_cut = false;
    }

    fn close(mut self) -> Node {
        if !self.node.children.is_empty() {
            return self.node;
        }
        if self.has_comment {
            self.pieces.retain(|piece| !piece.trim().is_empty());
        }
        if !self.pieces.is_empty() {
            self.node.text = Some(self.pieces.concat());
        }
        self.node
    }
}

struct Reading<'a> {
    text: &'a str,
    open: Vec<Open>,
    root: Option<Node>,
    elements: usize,
    seen: usize,
    place: Place,
}

impl<'a> Reading<'a> {
    fn new(text: &'a str) -> Self {
        Self {
            text,
            open: Vec::new(),
            root: None,
            elements: 0,
            seen: 0,
            place: Place::START,
        }
    }

    fn run(mut self) -> Result<Node, DocumentError> {
        if let Err(error) = check_legal(self.text) {
            return Err(self.place.error(Fault::Xml(error)));
        }
        let mut reader = Reader::from_str(self.text);
        reader.config_mut().check_comments = true;
        loop {
            let from = place(&reader);
            self.go_to(from);
            let event = match reader.read_event() {
                Ok(Event::Eof) => return self.end(),
                Ok(event) => event,
                Err(error) => {
                    self.go_to(usize::try_from(reader.error_position()).unwrap_or(from));
                    return Err(self.place.error(markup(&error)));
                }
            };
            let at = self.place;
            self.take(event, from, place(&reader))
                .map_err(|fault| at.error(fault))?;
        }
    }

    fn take(&mut self, event: Event<'_>, from: usize, to: usize) -> Result<(), Fault> {
        match event {
            Event::Start(_) => self.start(from, to - 1),
            Event::Empty(_) => {
                self.start(from, to - 2)?;
                self.close();
                Ok(())
            }
            Event::End(_) => {
                self.close();
                Ok(())
            }
            Event::Text(text) => {
                check_text(&text).map_err(Fault::Xml)?;
                self.push(&text)
            }
            Event::CData(text) => self.push(&text),
            Event::GeneralRef(name) => match reference(&name) {
                Some(character) => self.push(character.encode_utf8(&mut [0; 4])),
                None => Err(Fault::Entity(name.to_string())),
            },
            Event::Comment(_) | Event::PI(_) => {
                if let Some(open) = self.open.last_mut() {
                    (open.is_cut, open.has_comment) = (true, true);
                }
                Ok(())
            }
            Event::Decl(_) if from == 0 => declaration(&self.text[from..to]),
            Event::Decl(_) => Err(Fault::Markup(
                "an XML declaration stands at the very start only".to_owned(),
            )),
            Event::DocType(_) => Err(Fault::DocumentType),
            Event::Eof => Ok(()),
        }
    }

    /// Takes the start tag at `from` whose inside ends at `end`.
    fn start(&mut self, from: usize, end: usize) -> Result<(), Fault> {
        if self.root.is_some() && self.open.is_empty() {
            return Err(Fault::Markup("a second element at the top".to_owned()));
        }
        if self.open.len() == LIMITS.depth {
            let limit = LIMITS.depth;
            return Err(Fault::Xml(XmlError::TooDeep { limit }));
        }
        if self.elements == LIMITS.elements {
            let limit = LIMITS.elements;
            return Err(Fault::Xml(XmlError::TooManyElements { limit }));
        }
        let inside = &self.text[from + 1..end];
        let tag = StartTag::parse(inside, &LIMITS).map_err(Fault::Xml)?;
        let name = match tag.prefix {
            "" => tag.local.to_owned(),
            prefix => format!("{prefix}:{}", tag.local),
        };
        let attributes = tag.attributes.iter();
        let attributes = attributes.map(|a| (a.name.to_owned(), value(a.value).into_owned()));
        let node = Node {
            name,
            line: self.place.line,
            order: self.elements,
            attributes: attributes.collect(),
            ..Node::default()
        };
        self.open.push(Open {
            node,
            place: Some(self.place),
            ..Open::default()
        });
        self.elements += 1;
        Ok(())
    }

    fn close(&mut self) {
        let Some(open) = self.open.pop() else { return };
        let node = open.close();
        match self.open.last_mut() {
            Some(parent) => parent.node.children.push(node),
            None => self.root = Some(node),
        }
    }

    fn push(&mut self, text: &str) -> Result<(), Fault> {
        match self.open.last_mut() {
            Some(open) => open.push(text),
            None if text.trim().is_empty() => {}
            None => return Err(Fault::Markup("text outside of the root element".to_owned())),
        }
        Ok(())
    }

    fn end(mut self) -> Result<Node, DocumentError> {
        if let Some(open) = self.open.pop() {
            let place = open.place.unwrap_or(self.place);
            return Err(place.error(Fault::Unclosed(open.node.name)));
        }
        let place = self.place;
        self.root.ok_or_else(|| place.error(Fault::Empty))
    }

    fn go_to(&mut self, to: usize) {
        // An error may lie before what was read.
        if let Some(text) = self.text.get(self.seen..to) {
            self.place = self.place.after(text);
            self.seen = to;
        }
    }
}

fn declaration(text: &str) -> Result<(), Fault> {
    let inside = text.strip_prefix("<?").and_then(|t| t.strip_suffix("?>"));
    let tag = StartTag::parse(inside.unwrap_or_default(), &LIMITS).map_err(Fault::Xml)?;
    match tag.attribute("encoding") {
        None => Ok(()),
        Some(name) if name.eq_ignore_ascii_case("utf-8") => Ok(()),
        Some(name) if name.eq_ignore_ascii_case("us-ascii") => Ok(()),
        Some(_) => Err(Fault::Encoding),
    }
}

fn markup(error: &Error) -> Fault {
    match error {
        Error::IllFormed(IllFormedError::MissingEndTag(name)) => Fault::Unclosed(name.clone()),
        error => Fault::Markup(error.to_string()),
    }
}
