//! Finds where an element ends, without understanding it.
//!
//! The bytes of a stream come in any pieces. The scan keeps its place between two calls, so that
//! a stanza that trickles in byte by byte still costs time linear in its length, and it refuses
//! what is beyond the limits before more of it is buffered. What it lets through is only balanced;
//! [`check`](super::check) does the rest over the complete element.

use memchr::{memchr, memchr3, memmem};

use super::XmlError;
use crate::limits::StreamLimits;

const CDATA: &[u8] = b"<![CDATA[";

/// What the byte at the scan's place belongs to.
#[derive(Debug, Clone, Copy, Default)]
enum Inside {
    #[default]
    Text,
    StartTag,
    Quotes(u8),
    EndTag,
    Cdata,
}

/// The place of a scan that starts with the `<` of an element at byte 0.
#[derive(Debug, Default)]
pub(super) struct Scan {
    at: usize,
    depth: usize,
    elements: usize,
    inside: Inside,
}

impl Scan {
    /// Length of the element at the start of `bytes`, or `None` if more bytes are needed.
    ///
    /// `bytes` must start with the bytes of the last call.
    pub(super) fn element(
        &mut self,
        bytes: &[u8],
        limits: &StreamLimits,
    ) -> Result<Option<usize>, XmlError> {
        loop {
            match self.tag(bytes, limits)? {
                Some(end) if self.depth == 0 => return Ok(Some(end)),
                Some(_) => {}
                None => return Ok(None),
            }
        }
    }

    /// Goes on to the end of the next tag; `None` if more bytes are needed.
    pub(super) fn tag(
        &mut self,
        bytes: &[u8],
        limits: &StreamLimits,
    ) -> Result<Option<usize>, XmlError> {
        // Looking at no more than that makes the answer the same however the bytes are cut.
        let limit = limits.stanza_bytes;
        let visible = &bytes[..bytes.len().min(limit)];
        match self.advance(visible, limits)? {
            None if visible.len() == limit => Err(XmlError::TooBig { limit }),
            end => Ok(end),
        }
    }

    fn advance(&mut self, bytes: &[u8], limits: &StreamLimits) -> Result<Option<usize>, XmlError> {
        while let Some(rest) = bytes.get(self.at..).filter(|rest| !rest.is_empty()) {
            match self.inside {
                Inside::Text => {
                    self.at += memchr(b'<', rest).unwrap_or(rest.len());
                    if !self.markup(&bytes[self.at..], limits)? {
                        return Ok(None);
                    }
                }
                Inside::StartTag => match self.find(memchr3(b'>', b'"', b'\'', rest), rest) {
                    Some(b'>') => return Ok(Some(self.start_tag_ends(bytes))),
                    Some(quote) => self.inside = Inside::Quotes(quote),
                    None => {}
                },
                Inside::Quotes(quote) => {
                    if self.find(memchr(quote, rest), rest).is_some() {
                        self.inside = Inside::StartTag;
                    }
                }
                Inside::EndTag => {
                    if self.find(memchr(b'>', rest), rest).is_some() {
                        self.depth = self.depth.saturating_sub(1);
                        self.inside = Inside::Text;
                        return Ok(Some(self.at));
                    }
                }
                Inside::Cdata => match memmem::find(rest, b"]]>") {
                    Some(end) => {
                        self.at += end + 3;
                        self.inside = Inside::Text;
                    }
                    None => {
                        self.at += rest.len().saturating_sub(2);
                        return Ok(None);
                    }
                },
            }
        }
        Ok(None)
    }

    /// Moves behind the byte found and returns it, or behind all of `rest`.
    fn find(&mut self, found: Option<usize>, rest: &[u8]) -> Option<u8> {
        self.at += found.map_or(rest.len(), |at| at + 1);
        found.map(|at| rest[at])
    }

    /// Looks at what a `<` begins; false if more bytes are needed to know.
    fn markup(&mut self, rest: &[u8], limits: &StreamLimits) -> Result<bool, XmlError> {
        let (length, inside) = match rest.get(1) {
            None => return Ok(false),
            Some(b'?') => return Err(XmlError::Restricted("processing instruction")),
            Some(b'!') if rest.starts_with(CDATA) => (CDATA.len(), Inside::Cdata),
            Some(b'!') if CDATA.starts_with(rest) => return Ok(false),
            Some(b'!') => return Err(XmlError::Restricted("comment or document type")),
            Some(b'/') => (2, Inside::EndTag),
            Some(_) => {
                self.count(limits)?;
                (1, Inside::StartTag)
            }
        };
        if self.depth == 0 && !matches!(inside, Inside::StartTag) {
            return Err(XmlError::NotWellFormed("no element where one must be"));
        }
        self.at += length;
        self.inside = inside;
        Ok(true)
    }

    fn count(&mut self, limits: &StreamLimits) -> Result<(), XmlError> {
        if self.elements == limits.elements {
            let limit = limits.elements;
            return Err(XmlError::TooManyElements { limit });
        }
        if self.depth == limits.depth {
            let limit = limits.depth;
            return Err(XmlError::TooDeep { limit });
        }
        self.elements += 1;
        Ok(())
    }

    fn start_tag_ends(&mut self, bytes: &[u8]) -> usize {
        if !bytes[..self.at].ends_with(b"/>") {
            self.depth += 1;
        }
        self.inside = Inside::Text;
        self.at
    }
}
