//! A small element as a value: log-in, iq, features. Never used for what only passes through.

use bytes::{BufMut, BytesMut};

use super::escape;

/// An element with everything in it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Element {
    /// Name without prefix.
    pub name: String,
    /// Namespace that the name belongs to.
    pub namespace: String,
    /// Attributes without namespace declarations, in order, unescaped.
    pub attributes: Vec<(String, String)>,
    /// Child elements, in order.
    pub children: Vec<Self>,
    /// All text directly inside, joined and unescaped.
    pub text: String,
}

impl Element {
    /// An empty element.
    #[must_use]
    pub fn new(name: &str, namespace: &str) -> Self {
        Self {
            name: name.into(),
            namespace: namespace.into(),
            ..Self::default()
        }
    }

    /// Adds an attribute.
    #[must_use]
    pub fn with_attribute(mut self, name: &str, value: &str) -> Self {
        self.attributes.push((name.into(), value.into()));
        self
    }

    /// Adds a child.
    #[must_use]
    pub fn with_child(mut self, child: Self) -> Self {
        self.children.push(child);
        self
    }

    /// Sets the text.
    #[must_use]
    pub fn with_text(mut self, text: &str) -> Self {
        self.text = text.into();
        self
    }

    /// Whether it has this name and namespace.
    #[must_use]
    pub fn is(&self, name: &str, namespace: &str) -> bool {
        self.name == name && self.namespace == namespace
    }

    /// The value of an attribute.
    #[must_use]
    pub fn attribute(&self, name: &str) -> Option<&str> {
        self.attributes
            .iter()
            .find(|(n, _)| n == name)
            .map(|(_, value)| value.as_str())
    }

    /// The first child of this name and namespace.
    #[must_use]
    pub fn child(&self, name: &str, namespace: &str) -> Option<&Self> {
        self.children.iter().find(|child| child.is(name, namespace))
    }

    /// Appends it as XML inside an element of namespace `context`; text stands before children.
    pub fn write_to(&self, context: &str, out: &mut BytesMut) {
        out.put_u8(b'<');
        out.put_slice(self.name.as_bytes());
        if self.namespace != context {
            out.put_slice(b" xmlns='");
            escape::attribute(out, &self.namespace);
            out.put_u8(b'\'');
        }
        for (name, value) in &self.attributes {
            out.put_u8(b' ');
            out.put_slice(name.as_bytes());
            out.put_slice(b"='");
            escape::attribute(out, value);
            out.put_u8(b'\'');
        }
        if self.text.is_empty() && self.children.is_empty() {
            out.put_slice(b"/>");
            return;
        }
        out.put_u8(b'>');
        escape::text(out, &self.text);
        for child in &self.children {
            child.write_to(&self.namespace, out);
        }
        out.put_slice(b"</");
        out.put_slice(self.name.as_bytes());
        out.put_u8(b'>');
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::xml::ns;

    #[test]
    fn a_namespace_is_declared_where_it_changes() {
        let bind = Element::new("bind", ns::BIND)
            .with_child(Element::new("resource", ns::BIND).with_text("a&b"));
        let iq = Element::new("iq", ns::CLIENT)
            .with_attribute("id", "x'y")
            .with_child(bind);
        let mut out = BytesMut::new();
        iq.write_to(ns::CLIENT, &mut out);
        assert_eq!(
            std::str::from_utf8(&out).unwrap(),
            "<iq id='x&apos;y'><bind xmlns='urn:ietf:params:xml:ns:xmpp-bind'>\
             <resource>a&amp;b</resource></bind></iq>"
        );
    }
}
