//! Cuts the bytes of one stream into its header, its elements and its end.
//!
//! Two layers: [`scan`](super::scan) finds where an element ends as its bytes come in, and
//! [`check`](super::check) goes over the complete element once. Sockets read straight into the
//! framer's buffer. Small elements are copied out of it, so that the buffer is used again and
//! again and a small element that waits somewhere does not hold a big one's memory; large ones
//! are cut off without a copy.
//!
//! ```text
//!           declaration          header           </stream:stream>
//!   Start --------------> Header ------> Elements ----------------> Over
//!     ^                                     |
//!     +-------------- restart --------------+      any error: Failed, for good
//! ```
//!
//! White space between elements is legal and dropped (old clients keep connections alive with it).

use bytes::{Buf, Bytes, BytesMut};
use memchr::memmem;

use super::chars::is_space;
use super::check::check;
use super::header::check_declaration;
use super::scan::Scan;
use super::tag::{Around, Declared};
use super::{Raw, StreamHeader, XmlError};
use crate::limits::StreamLimits;

/// Bytes of a new buffer, and of elements that are copied out.
const SMALL: usize = 4 * 1024;
/// Bytes of the buffer of a connection that has much to read.
const LARGE: usize = 16 * 1024;
/// Bytes of an XML declaration or of the end tag of a stream.
const LONGEST_TAG: usize = 256;

/// What a stream consists of.
#[derive(Debug, Clone, PartialEq, Eq)]
#[expect(
    clippy::large_enum_variant,
    reason = "nearly every frame is an element"
)]
pub enum Frame {
    /// The stream begins.
    Open(StreamHeader),
    /// A whole top-level element.
    Element(Raw),
    /// The stream ends; nothing after it is read.
    Close,
}

#[derive(Debug, Clone)]
enum Phase {
    /// Nothing was read; an XML declaration may come.
    Start,
    Header,
    Elements,
    Over,
    Failed(XmlError),
}

/// Turns the bytes of one stream, in any pieces, into [`Frame`]s.
///
/// ```
/// use opensrf::limits::StreamLimits;
/// use opensrf::xml::{Frame, Framer};
///
/// let mut framer = Framer::new(StreamLimits::UNAUTHENTICATED);
/// framer.push(b"<stream:stream xmlns='jabber:client' to='localhost' ");
/// assert_eq!(framer.next_frame(), Ok(None));
/// framer.push(b"xmlns:stream='http://etherx.jabber.org/streams'><iq type='get'/>");
/// assert!(matches!(framer.next_frame(), Ok(Some(Frame::Open(_)))));
/// let Ok(Some(Frame::Element(iq))) = framer.next_frame() else { unreachable!() };
/// assert_eq!(iq.name(), "iq");
/// ```
#[derive(Debug)]
pub struct Framer {
    buffer: BytesMut,
    limits: StreamLimits,
    phase: Phase,
    scan: Scan,
    /// What the header of the stream declares.
    declared: Box<Declared>,
}

impl Framer {
    /// A framer at the start of a stream.
    #[must_use]
    pub fn new(limits: StreamLimits) -> Self {
        let mut framer = Self {
            buffer: BytesMut::with_capacity(SMALL),
            limits,
            phase: Phase::Start,
            scan: Scan::default(),
            declared: Box::default(),
        };
        framer.set_limits(limits);
        framer
    }

    /// Changes the limits, as after log-in.
    pub fn set_limits(&mut self, limits: StreamLimits) {
        // Places in an element are kept in 32 bits.
        let stanza_bytes = limits.stanza_bytes.min(u32::MAX as usize);
        self.limits = StreamLimits {
            stanza_bytes,
            ..limits
        };
    }

    /// Expects a new stream header next, as after log-in with SASL.
    ///
    /// Bytes that came in already are kept: a client may send on without waiting.
    pub fn restart(&mut self) {
        if matches!(self.phase, Phase::Failed(_)) {
            return;
        }
        self.phase = Phase::Start;
        self.scan = Scan::default();
        // White space up to here belongs to the stream before.
        self.skip_space();
    }

    /// Where a socket reads into: bytes are to be appended, and there is room for some.
    ///
    /// The room is 4 kB, and 16 kB if the last bytes left none: then more of them wait.
    pub fn buffer(&mut self) -> &mut BytesMut {
        let is_full = self.buffer.len() == self.buffer.capacity();
        let room = if is_full { LARGE } else { SMALL };
        if self.buffer.is_empty() {
            // The first makes the front of the buffer count again.
            if !self.buffer.try_reclaim(room) || self.buffer.capacity() > room {
                self.buffer = BytesMut::with_capacity(room);
            }
        } else if self.buffer.capacity() - self.buffer.len() < SMALL / 4 {
            self.buffer.reserve(self.buffer.len().max(room));
        }
        &mut self.buffer
    }

    /// Appends bytes that come from elsewhere.
    pub fn push(&mut self, bytes: &[u8]) {
        self.buffer.extend_from_slice(bytes);
    }

    /// The next whole part of the stream, or `None` if more bytes are needed.
    ///
    /// # Errors
    /// The first thing that is wrong; the framer says the same from then on.
    pub fn next_frame(&mut self) -> Result<Option<Frame>, XmlError> {
        let frame = match &self.phase {
            Phase::Start => self.start(),
            Phase::Header => self.header(),
            Phase::Elements => self.element(),
            Phase::Over => {
                self.buffer.clear();
                return Ok(None);
            }
            Phase::Failed(error) => return Err(error.clone()),
        };
        if let Err(error) = &frame {
            self.phase = Phase::Failed(error.clone());
            self.buffer = BytesMut::new();
        }
        frame
    }

    fn start(&mut self) -> Result<Option<Frame>, XmlError> {
        match (self.buffer.first(), self.buffer.get(1)) {
            (None, _) | (Some(b'<'), None) => return Ok(None),
            // The first byte of a byte order mark of UTF-16.
            (Some(0xfe | 0xff), _) => return Err(XmlError::UnsupportedEncoding),
            (Some(b'<'), Some(b'?')) => {
                let Some(end) = self.tag_end(b"?>")? else {
                    return Ok(None);
                };
                check_declaration(&self.buffer[..end])?;
                self.buffer.advance(end);
            }
            _ => {}
        }
        self.phase = Phase::Header;
        self.header()
    }

    fn header(&mut self) -> Result<Option<Frame>, XmlError> {
        if !self.at_tag("text before the stream header")? {
            return Ok(None);
        }
        let Some(end) = self.scan.tag(&self.buffer, &self.limits)? else {
            return Ok(None);
        };
        let (header, declared) = StreamHeader::parse(&self.buffer[..end], &self.limits)?;
        self.declared = declared;
        self.buffer.advance(end);
        self.scan = Scan::default();
        self.phase = Phase::Elements;
        Ok(Some(Frame::Open(header)))
    }

    fn element(&mut self) -> Result<Option<Frame>, XmlError> {
        if !self.at_tag("text between stanzas")? {
            return Ok(None);
        }
        if self.buffer.get(1) == Some(&b'/') {
            return self.close();
        }
        let Some(end) = self.scan.element(&self.buffer, &self.limits)? else {
            return Ok(None);
        };
        self.scan = Scan::default();
        let bytes = self.cut(end);
        // Nobody sends features on, and jabberd2 names one by a prefix of its header.
        let around = if bytes.starts_with(b"<stream:features") {
            Around::Header(&self.declared)
        } else {
            Around::Stream
        };
        let raw = check(bytes, around, &self.limits)?;
        Ok(Some(Frame::Element(raw)))
    }

    fn close(&mut self) -> Result<Option<Frame>, XmlError> {
        let Some(end) = self.tag_end(b">")? else {
            return Ok(None);
        };
        let name = self.buffer[2..end - 1].trim_ascii_end();
        if name != b"stream:stream" {
            return Err(XmlError::NotWellFormed("end tag without its start tag"));
        }
        self.phase = Phase::Over;
        self.buffer = BytesMut::new();
        Ok(Some(Frame::Close))
    }

    /// Skips white space; whether a tag comes then, of which two bytes are there.
    fn at_tag(&mut self, otherwise: &'static str) -> Result<bool, XmlError> {
        self.skip_space();
        match self.buffer.first() {
            None => Ok(false),
            Some(b'<') => Ok(self.buffer.len() > 1),
            Some(_) => Err(XmlError::NotWellFormed(otherwise)),
        }
    }

    /// Where a tag of bounded length ends, if it is complete.
    fn tag_end(&self, mark: &[u8]) -> Result<Option<usize>, XmlError> {
        let visible = &self.buffer[..self.buffer.len().min(LONGEST_TAG)];
        match memmem::find(visible, mark) {
            Some(at) => Ok(Some(at + mark.len())),
            None if visible.len() == LONGEST_TAG => Err(XmlError::TooBig { limit: LONGEST_TAG }),
            None => Ok(None),
        }
    }

    fn skip_space(&mut self) {
        let space = self.buffer.iter().take_while(|&&b| is_space(b)).count();
        self.buffer.advance(space);
    }

    fn cut(&mut self, length: usize) -> Bytes {
        if length >= SMALL {
            return self.buffer.split_to(length).freeze();
        }
        let element = Bytes::copy_from_slice(&self.buffer[..length]);
        self.buffer.advance(length);
        element
    }
}
