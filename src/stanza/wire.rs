//! The inside of a stanza as the bytes that came.

use bytes::BytesMut;
use bytestring::ByteString;
use smallvec::{SmallVec, smallvec};

use super::{Extension, StanzaError};
use crate::xml::{Child, Element, Raw, Span, ns, text_of};

/// The content of a stanza, checked and undecoded. Clones share the bytes.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Wire {
    inner: ByteString,
    children: SmallVec<[Child; 4]>,
}

impl Wire {
    /// `<ping/>` (XEP-0199).
    pub(super) fn ping() -> Self {
        const PING: &str = "<ping xmlns='urn:xmpp:ping'/>";
        let name = Span::new(1, "<ping".len());
        Self {
            inner: ByteString::from_static(PING),
            children: smallvec![Child::open(name, 0, PING.len(), ns::PING)],
        }
    }

    /// A lone child without content: `text` is its tag, `name` its name.
    pub(super) fn lone(text: String, name: &str, namespace: &str) -> Self {
        let span = Span::new(1, 1 + name.len());
        Self {
            children: smallvec![Child::open(span, 0, text.len(), namespace)],
            inner: text.into(),
        }
    }

    /// Takes the inside of an element.
    pub(super) fn new(raw: Raw) -> Self {
        let (inner, children) = raw.into_inner();
        Self { inner, children }
    }

    /// The bytes between the stanza's tags.
    #[must_use]
    pub fn inner(&self) -> &ByteString {
        &self.inner
    }

    /// Where the children stand in [`inner`](Self::inner), in order.
    #[must_use]
    pub fn children(&self) -> &[Child] {
        &self.children
    }

    /// The first child of this name and namespace.
    #[must_use]
    pub fn child(&self, name: &str, namespace: &str) -> Option<&Child> {
        let mut children = self.children.iter();
        children.find(|c| c.name(&self.inner) == name && c.namespace() == namespace)
    }

    /// The first child of this name in the namespace of stanzas.
    pub(super) fn client_child(&self, name: &str) -> Option<&Child> {
        self.child(name, ns::CLIENT)
    }

    /// The text of the first child of this name in the namespace of stanzas, or nothing.
    #[must_use]
    pub fn text(&self, name: &str) -> ByteString {
        let child = self.client_child(name);
        child.map_or_else(ByteString::new, |child| {
            text_of(&self.inner.slice_ref(&self.inner[child.content()]))
        })
    }

    /// Decodes one child. A prefix that the stanza declares stands for no namespace.
    #[must_use]
    pub fn decode(&self, child: &Child) -> Element {
        Element::decode(&self.inner[child.range()])
    }

    /// The same with an error behind it.
    pub(super) fn with_error(&self, error: &StanzaError) -> Self {
        let mut splice = Splice::new(self);
        splice.out.extend_from_slice(self.inner.as_bytes());
        splice.children.extend(self.children.iter().cloned());
        splice.add("error", |out| error.write_to(out));
        splice.done()
    }

    /// The same with these OpenSRF attributes, as far as they stand in a child, and without error.
    pub(super) fn with_extension(&self, extension: &Extension) -> Self {
        let mut splice = Splice::new(self);
        if extension.placement.is_in_child() {
            splice.add("opensrf", |out| extension.write_to(out));
        }
        for child in &self.children {
            let name = child.name(&self.inner);
            if child.namespace() == ns::CLIENT && matches!(name, "opensrf" | "error") {
                continue;
            }
            let range = child.range();
            splice
                .children
                .push(child.moved(range.start, splice.out.len()));
            splice.out.extend_from_slice(&self.inner.as_bytes()[range]);
        }
        splice.done()
    }
}

/// Puts the inside of a stanza together from parts of another.
struct Splice {
    out: BytesMut,
    children: SmallVec<[Child; 4]>,
}

impl Splice {
    fn new(wire: &Wire) -> Self {
        Self {
            out: BytesMut::with_capacity(wire.inner.len() + 256),
            children: SmallVec::new(),
        }
    }

    /// Appends a child of the namespace of stanzas, which `write` writes without prefix and with
    /// `>` escaped in its attributes.
    fn add(&mut self, name: &str, write: impl FnOnce(&mut BytesMut)) {
        let from = self.out.len();
        write(&mut self.out);
        let to = self.out.len();
        let span = Span::new(from + 1, from + 1 + name.len());
        let tag = memchr::memchr(b'>', &self.out[from..]).map_or(to, |at| from + at + 1);
        let mut child = Child::open(span, from, tag, ns::CLIENT);
        if tag < to {
            child.close(to - name.len() - "</>".len(), to);
        }
        self.children.push(child);
    }

    fn done(self) -> Wire {
        let inner = ByteString::try_from(self.out.freeze());
        Wire {
            inner: inner.expect("it was written from strings"),
            children: self.children,
        }
    }
}
