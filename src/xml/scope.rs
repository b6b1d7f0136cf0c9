//! Which prefix stands for which namespace, at each depth.

use std::borrow::Cow;

use smallvec::SmallVec;

use super::XmlError;
use super::tag::{Around, Attribute, StartTag, check_declaration};
use super::unescape::value as value_of;
use crate::limits::StreamLimits;

struct Binding<'a> {
    depth: usize,
    prefix: &'a str,
    namespace: Cow<'a, str>,
}

/// The declarations in force; elements are opened and closed in it.
pub(super) struct Scope<'a> {
    around: Around<'a>,
    bindings: SmallVec<[Binding<'a>; 4]>,
    declared: usize,
    depth: usize,
}

impl<'a> Scope<'a> {
    /// Starts outside of all elements, from what is declared around them.
    pub(super) fn new(around: Around<'a>) -> Self {
        Self {
            around,
            bindings: SmallVec::new(),
            declared: 0,
            depth: 0,
        }
    }

    /// Elements that are open.
    pub(super) fn depth(&self) -> usize {
        self.depth
    }

    /// Opens an element, and takes its declarations.
    ///
    /// # Errors
    /// For forbidden or too many declarations, names whose prefix is unknown, and attributes that
    /// are the same one by namespace.
    pub(super) fn open(
        &mut self,
        tag: &StartTag<'a>,
        limits: &StreamLimits,
    ) -> Result<(), XmlError> {
        self.depth += 1;
        for attribute in &tag.attributes {
            if let Some(prefix) = attribute.declares() {
                self.declare(prefix, attribute.value, limits)?;
            }
        }
        match self.resolve(tag.prefix) {
            Some(_) => self.check_attributes(tag),
            None => Err(XmlError::BadNamespacePrefix),
        }
    }

    /// The namespace of the element opened last; nothing if its prefix is unknown.
    pub(super) fn namespace(&self, tag: &StartTag<'_>) -> &str {
        self.resolve(tag.prefix).unwrap_or_default()
    }

    fn declare(
        &mut self,
        prefix: &'a str,
        raw: &'a str,
        limits: &StreamLimits,
    ) -> Result<(), XmlError> {
        if self.declared == limits.namespaces {
            let limit = limits.namespaces;
            return Err(XmlError::TooManyNamespaces { limit });
        }
        let namespace = value_of(raw);
        check_declaration(prefix, &namespace)?;
        self.declared += 1;
        self.bindings.push(Binding {
            depth: self.depth,
            prefix,
            namespace,
        });
        Ok(())
    }

    fn check_attributes(&self, tag: &StartTag<'a>) -> Result<(), XmlError> {
        for (at, one) in tag.attributes.iter().enumerate() {
            if one.prefix().is_empty() || one.declares().is_some() {
                continue;
            }
            let namespace = self.resolve(one.prefix());
            if namespace.is_none() {
                return Err(XmlError::BadNamespacePrefix);
            }
            let same = |other: &Attribute<'a>| {
                other.local == one.local
                    && !other.prefix().is_empty()
                    && self.resolve(other.prefix()) == namespace
            };
            if tag.attributes[..at].iter().any(same) {
                return Err(XmlError::NotWellFormed("attribute given twice"));
            }
        }
        Ok(())
    }

    /// Closes the element opened last and forgets its declarations.
    pub(super) fn close(&mut self) {
        while self.bindings.last().is_some_and(|b| b.depth == self.depth) {
            self.bindings.pop();
        }
        self.depth = self.depth.saturating_sub(1);
    }

    /// The namespace of a prefix; of `""`, the default namespace.
    pub(super) fn resolve(&self, prefix: &str) -> Option<&str> {
        let mut declared = self.bindings.iter().rev();
        match declared.find(|binding| binding.prefix == prefix) {
            Some(binding) => Some(&*binding.namespace),
            None => self.around.resolve(prefix),
        }
    }
}
