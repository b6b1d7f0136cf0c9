//! A complete, checked element that stays as it came until somebody asks.

use std::ops::Range;

use bytes::Bytes;
use bytestring::ByteString;
use smallvec::SmallVec;

use super::tag::StartTag;
use super::unescape::value_of;
use super::{Element, ns};
use crate::limits::StreamLimits;

/// What was checked once is read again without limits.
pub(super) const UNLIMITED: StreamLimits = StreamLimits {
    stanza_bytes: usize::MAX,
    elements: usize::MAX,
    depth: usize::MAX,
    attributes: usize::MAX,
    name_bytes: usize::MAX,
    attribute_bytes: usize::MAX,
    namespaces: usize::MAX,
};

/// A part of a text; lengths of one element fit.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Span {
    from: u32,
    to: u32,
}

impl Span {
    /// The part of `whole` that `part`, a slice of it, is.
    pub(crate) fn of(part: &str, whole: &str) -> Self {
        let from = part.as_ptr() as usize - whole.as_ptr() as usize;
        Self::new(from, from + part.len())
    }

    /// The part between two places.
    pub(crate) fn new(from: usize, to: usize) -> Self {
        let place = |at| u32::try_from(at).unwrap_or(u32::MAX);
        Self {
            from: place(from),
            to: place(to),
        }
    }

    /// As indices.
    pub(crate) fn range(self) -> Range<usize> {
        self.from as usize..self.to as usize
    }

    /// The same part of a text in which what stood at `from` stands at `to`.
    fn moved(self, from: usize, to: usize) -> Self {
        let range = self.range();
        Self::new(
            (range.start + to).saturating_sub(from),
            (range.end + to).saturating_sub(from),
        )
    }
}

/// Where one child of an element stands.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Child {
    name: Span,
    whole: Span,
    content: Span,
    /// `jabber:client` if absent: nearly always.
    namespace: Option<Box<str>>,
}

impl Child {
    /// Opens one whose start tag goes from one place to another.
    pub(crate) fn open(name: Span, from: usize, to: usize, namespace: &str) -> Self {
        Self {
            name,
            whole: Span::new(from, to),
            content: Span::new(to, to),
            namespace: (namespace != ns::CLIENT).then(|| namespace.into()),
        }
    }

    /// Notes where its end tag stands.
    pub(crate) fn close(&mut self, from: usize, to: usize) {
        self.content = Span::new(self.content.range().start, from);
        self.whole = Span::new(self.whole.range().start, to);
    }

    /// The bytes of the whole child within the [inner](Raw::inner) bytes of its parent.
    #[must_use]
    pub fn range(&self) -> Range<usize> {
        self.whole.range()
    }

    /// The bytes between its tags, likewise; empty, at its end, if it has one tag only.
    #[must_use]
    pub fn content(&self) -> Range<usize> {
        self.content.range()
    }

    /// Its namespace.
    #[must_use]
    pub fn namespace(&self) -> &str {
        self.namespace.as_deref().unwrap_or(ns::CLIENT)
    }

    /// Its name without prefix; `inner` is what its ranges are within.
    #[must_use]
    pub fn name<'a>(&self, inner: &'a str) -> &'a str {
        &inner[self.name.range()]
    }

    /// Its attributes without namespace declarations: name as written, value unescaped.
    pub fn attributes<'a>(
        &self,
        inner: &'a ByteString,
    ) -> impl Iterator<Item = (&'a str, ByteString)> + use<'a> {
        let tag = start_tag(&inner[self.whole.range().start..self.content.range().start]);
        let attributes = tag.map(|tag| tag.attributes).unwrap_or_default();
        let own = attributes.into_iter().filter(|a| a.declares().is_none());
        own.map(|a| (a.name, value_of(&inner.slice_ref(a.value))))
    }

    /// The same child of a text in which what stood at `from` stands at `to`.
    pub(crate) fn moved(&self, from: usize, to: usize) -> Self {
        Self {
            name: self.name.moved(from, to),
            whole: self.whole.moved(from, to),
            content: self.content.moved(from, to),
            namespace: self.namespace.clone(),
        }
    }
}

/// The start tag that the text of a checked one is.
pub(super) fn start_tag(text: &str) -> Option<StartTag<'_>> {
    let inside = text.strip_prefix('<')?;
    let inside = inside
        .strip_suffix("/>")
        .or_else(|| inside.strip_suffix('>'))?;
    StartTag::parse(inside, &UNLIMITED).ok()
}

/// Where the parts of a top-level element stand in it.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) struct Parts {
    pub(super) root: Child,
    /// Names and values as written.
    pub(super) attributes: SmallVec<[(Span, Span); 4]>,
    /// Within the root's content.
    pub(super) children: SmallVec<[Child; 4]>,
    /// The root and all within it.
    pub(super) elements: usize,
}

/// A complete top-level element, checked and undecoded.
///
/// All of it is one piece of memory, which parts taken out of it keep alive.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Raw {
    source: ByteString,
    parts: Parts,
}

impl Raw {
    /// From what the check found.
    pub(super) fn new(source: ByteString, parts: Parts) -> Self {
        Self { source, parts }
    }

    /// Its name without prefix.
    #[must_use]
    pub fn name(&self) -> &str {
        self.parts.root.name(&self.source)
    }

    /// The namespace of its name.
    #[must_use]
    pub fn namespace(&self) -> &str {
        self.parts.root.namespace()
    }

    /// Whether it has this name and namespace.
    #[must_use]
    pub fn is(&self, name: &str, namespace: &str) -> bool {
        self.name() == name && self.namespace() == namespace
    }

    /// Its attributes without namespace declarations: name as written, value unescaped.
    pub fn attributes(&self) -> impl Iterator<Item = (&str, ByteString)> {
        let own = self.written_attributes();
        let own = own.filter(|(name, _)| *name != "xmlns" && !name.starts_with("xmlns:"));
        own.map(|(name, raw)| (name, value_of(&raw)))
    }

    /// All its attributes as they are written, declarations too.
    pub(crate) fn written_attributes(&self) -> impl Iterator<Item = (&str, ByteString)> {
        self.parts.attributes.iter().map(|(name, value)| {
            let value = &self.source[value.range()];
            (&self.source[name.range()], self.source.slice_ref(value))
        })
    }

    /// The value of one attribute, unescaped.
    #[must_use]
    pub fn attribute(&self, name: &str) -> Option<ByteString> {
        let mut attributes = self.attributes();
        attributes.find(|(n, _)| *n == name).map(|(_, value)| value)
    }

    /// The whole element as it came.
    #[must_use]
    pub fn bytes(&self) -> &Bytes {
        self.source.as_bytes()
    }

    /// What stands between its tags, as it came; not copied.
    #[must_use]
    pub fn inner(&self) -> ByteString {
        self.source
            .slice_ref(&self.source[self.parts.root.content()])
    }

    /// Its direct children, in order; their ranges are within [`inner`](Self::inner).
    #[must_use]
    pub fn children(&self) -> &[Child] {
        &self.parts.children
    }

    /// Whether it keeps to the bounds of a whole element: its bytes and its elements.
    #[must_use]
    pub fn is_within(&self, limits: &StreamLimits) -> bool {
        self.source.len() <= limits.stanza_bytes && self.parts.elements <= limits.elements
    }

    /// All of it, decoded.
    #[must_use]
    pub fn element(&self) -> Element {
        Element::decode(&self.source)
    }

    /// Gives the inner text and the children away.
    pub(crate) fn into_inner(self) -> (ByteString, SmallVec<[Child; 4]>) {
        (self.inner(), self.parts.children)
    }
}
