//! Reads one element of a file, child by child, and notes what nobody asked for.

use super::item::{Note, Said, Weight};
use crate::xml::Node;

/// Where notes are collected.
#[derive(Debug, Default)]
pub(super) struct Notes(pub(super) Vec<Note>);

impl Notes {
    /// Notes that something works otherwise now.
    pub(super) fn loss(&mut self, origin: &str, element: &str, text: impl Into<String>) {
        self.add(origin, element, text.into(), Weight::Loss);
    }

    /// Notes that something has no meaning here, or none any more.
    pub(super) fn harmless(&mut self, origin: &str, element: &str, text: impl Into<String>) {
        self.add(origin, element, text.into(), Weight::Harmless);
    }

    /// Notes that what the file is for cannot run.
    pub(super) fn fault(&mut self, origin: &str, element: &str, text: impl Into<String>) {
        self.add(origin, element, text.into(), Weight::Fault);
    }

    fn add(&mut self, origin: &str, element: &str, text: String, weight: Weight) {
        self.0.push(Note {
            origin: origin.to_owned(),
            element: element.to_owned(),
            text,
            weight,
        });
    }
}

/// An element whose children are asked for by name.
#[derive(Debug)]
pub(super) struct Section<'a> {
    file: &'a str,
    path: String,
    node: &'a Node,
    known: Vec<&'a str>,
}

impl<'a> Section<'a> {
    pub(super) fn new(file: &'a str, path: &str, node: &'a Node) -> Self {
        Self {
            file,
            path: path.to_owned(),
            node,
            known: Vec::new(),
        }
    }

    pub(super) fn origin(&self) -> String {
        origin(self.file, self.node)
    }

    pub(super) fn path(&self) -> &str {
        &self.path
    }

    /// The children of this name, as sections.
    pub(super) fn children(&mut self, name: &'a str) -> Vec<Self> {
        self.known.push(name);
        let path = format!("{}/{name}", self.path);
        let children = self.node.children_named(name);
        let child = |node| Self::new(self.file, &path, node);
        children.map(child).collect()
    }

    /// Its own text, if it has one that is not white space.
    pub(super) fn own_text(&self) -> Option<Said> {
        let text = self.node.text.as_deref()?.trim();
        (!text.is_empty()).then(|| Said {
            text: text.to_owned(),
            origin: self.origin(),
        })
    }

    /// The texts of the children of this name that have one.
    pub(super) fn texts(&mut self, name: &'a str) -> Vec<Said> {
        let children = self.children(name);
        children.iter().filter_map(Self::own_text).collect()
    }

    /// The text of the first child of this name that has one; more are noted.
    pub(super) fn text(&mut self, name: &'a str, notes: &mut Notes) -> Option<Said> {
        let mut texts = self.texts(name).into_iter();
        let first = texts.next();
        for more in texts {
            let element = format!("{}/{name}", self.path);
            notes.loss(
                &more.origin,
                &element,
                "is given twice; the first one counts",
            );
        }
        first
    }

    /// The texts in a child that is a list of its own: `<services><service>…`.
    pub(super) fn listed(&mut self, list: &'a str, item: &'a str, notes: &mut Notes) -> Vec<Said> {
        let mut texts = Vec::new();
        for mut child in self.children(list) {
            texts.extend(child.texts(item));
            child.finish(notes);
        }
        texts
    }

    /// Notes each child of this name as having no place here.
    pub(super) fn drop(&mut self, name: &'a str, why: &str, notes: &mut Notes) {
        for child in self.children(name) {
            notes.harmless(&child.origin(), child.path(), why);
        }
    }

    /// Notes what nobody asked for.
    pub(super) fn finish(self, notes: &mut Notes) {
        for child in &self.node.children {
            if self.known.contains(&child.name.as_str()) {
                continue;
            }
            let element = format!("{}/{}", self.path, child.name);
            let text = match child.is_include() {
                true => "XInclude is not followed; put the text of that file here",
                false => "is not known; left out",
            };
            notes.loss(&origin(self.file, child), &element, text);
        }
    }
}

/// `file:line` of an element.
pub(super) fn origin(file: &str, node: &Node) -> String {
    format!("{file}:{}", node.line)
}
