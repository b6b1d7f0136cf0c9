//! An element of a document, and what is in it.

const XINCLUDE: &str = "http://www.w3.org/2001/XInclude";

/// An element of a document.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Node {
    /// Its name as written, prefix too.
    pub name: String,
    /// The line of its start tag, from 1.
    pub line: usize,
    /// How many elements begin before it.
    pub order: usize,
    /// Its attributes in order, unescaped; declarations of namespaces too.
    pub attributes: Vec<(String, String)>,
    /// Its child elements, in order.
    pub children: Vec<Self>,
    /// Its text, untrimmed, if it has text and no child elements. White space beside a comment is
    /// no text.
    pub text: Option<String>,
}

impl Node {
    /// The first child of this name.
    #[must_use]
    pub fn child(&self, name: &str) -> Option<&Self> {
        self.children.iter().find(|child| child.name == name)
    }

    /// All children of this name.
    pub fn children_named<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a Self> {
        self.children.iter().filter(move |child| child.name == name)
    }

    /// Whether it is an XInclude, which nobody here follows.
    #[must_use]
    pub fn is_include(&self) -> bool {
        match self.name.split_once(':') {
            Some((_, local)) => local == "include",
            None => self.name == "include" && self.attributes.iter().any(|(_, v)| v == XINCLUDE),
        }
    }
}
