//! XML as the data that the original makes of it.
//!
//! Attributes and child elements become members of a table, repeated names become a list, an
//! element with text alone becomes that text, untrimmed, or a number if it is one of 1 to 10
//! digits (its attributes are lost then), an empty element an empty table. Text between elements
//! is dropped. (Protocol §7.2.)

use std::collections::BTreeMap;

use serde_json::{Map, Value};

use crate::xml::Node;

/// Most digits that make a number; more are a text.
const DIGITS: usize = 10;

/// A value with the line that it comes from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Data {
    /// From 1.
    pub line: usize,
    /// The value itself.
    pub kind: Kind,
}

/// What a value may be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Kind {
    /// A text.
    Text(String),
    /// Digits alone.
    Number(u64),
    /// Members by name.
    Table(BTreeMap<String, Data>),
    /// What had the same name, in order.
    List(Vec<Data>),
}

impl Data {
    /// An empty table.
    #[must_use]
    pub fn empty(line: usize) -> Self {
        Self {
            line,
            kind: Kind::Table(BTreeMap::new()),
        }
    }

    /// The data that an element is.
    #[must_use]
    pub fn of(node: &Node) -> Self {
        let line = node.line;
        if let Some(text) = &node.text {
            let kind = number(text).map_or_else(|| Kind::Text(text.clone()), Kind::Number);
            return Self { line, kind };
        }
        let mut members = BTreeMap::new();
        for (name, value) in &node.attributes {
            let kind = Kind::Text(value.clone());
            add(&mut members, name, Self { line, kind });
        }
        for child in &node.children {
            add(&mut members, &child.name, Self::of(child));
        }
        Self {
            line,
            kind: Kind::Table(members),
        }
    }

    /// The member of this name, if it is a table that has one.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&Self> {
        match &self.kind {
            Kind::Table(members) => members.get(name),
            _ => None,
        }
    }

    /// The value at the end of a path of names.
    #[must_use]
    pub fn at(&self, path: &[&str]) -> Option<&Self> {
        path.iter().try_fold(self, |data, name| data.get(name))
    }

    /// What was one or several: the items of a list, or itself.
    #[must_use]
    pub fn each(&self) -> &[Self] {
        match &self.kind {
            Kind::List(items) => items,
            _ => std::slice::from_ref(self),
        }
    }

    /// A text or a number as text, without white space around it; nothing for tables and lists.
    #[must_use]
    pub fn text(&self) -> Option<String> {
        match &self.kind {
            Kind::Text(text) => Some(text.trim().to_owned()),
            Kind::Number(number) => Some(number.to_string()),
            _ => None,
        }
    }

    /// As JSON.
    #[must_use]
    pub fn json(&self) -> Value {
        match &self.kind {
            Kind::Text(text) => Value::from(text.as_str()),
            Kind::Number(number) => Value::from(*number),
            Kind::List(items) => Value::Array(items.iter().map(Self::json).collect()),
            Kind::Table(members) => {
                let members = members.iter();
                let members: Map<_, _> = members.map(|(k, v)| (k.clone(), v.json())).collect();
                Value::Object(members)
            }
        }
    }
}

fn number(text: &str) -> Option<u64> {
    let is_number = (1..=DIGITS).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_digit());
    is_number.then(|| text.parse().ok()).flatten()
}

/// Adds a member; a name that is there already becomes a list.
fn add(members: &mut BTreeMap<String, Data>, name: &str, new: Data) {
    let Some(old) = members.get_mut(name) else {
        members.insert(name.to_owned(), new);
        return;
    };
    // No single value is a list, so a list is what repeated names made.
    if let Kind::List(items) = &mut old.kind {
        items.push(new);
        return;
    }
    let line = old.line;
    let first = std::mem::replace(old, Data::empty(line));
    old.kind = Kind::List(vec![first, new]);
}

#[cfg(test)]
pub(in crate::original) mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;
    use crate::xml::read_document;

    fn data(xml: &str) -> Value {
        Data::of(&read_document(xml.as_bytes()).expect(xml)).json()
    }

    #[test]
    fn an_element_becomes_what_the_original_makes_of_it() {
        let cases = [
            ("<a/>", json!({})),
            ("<a></a>", json!({})),
            ("<a>text</a>", json!("text")),
            ("<a> text\n</a>", json!(" text\n")),
            ("<a>0</a>", json!(0)),
            ("<a>0042</a>", json!(42)),
            ("<a>9999999999</a>", json!(9_999_999_999_u64)),
            ("<a>12345678901</a>", json!("12345678901")),
            ("<a>-1</a>", json!("-1")),
            ("<a> 1</a>", json!(" 1")),
            ("<a>1.5</a>", json!("1.5")),
            ("<a><b>1</b></a>", json!({"b": 1})),
            (
                "<a><b>1</b><c/><b>x</b><b/></a>",
                json!({"b": [1, "x", {}], "c": {}}),
            ),
            ("<a b='7'/>", json!({"b": "7"})),
            ("<a b='7'>lost</a>", json!("lost")),
            ("<a b='7'><b>8</b></a>", json!({"b": ["7", 8]})),
            ("<a>lost<b/>lost</a>", json!({"b": {}})),
            ("<a><!-- <b>1</b> --></a>", json!({})),
            (
                "<a>\n <!-- c -->\n <b>x<!-- c --></b>\n</a>",
                json!({"b": "x"}),
            ),
        ];
        for (xml, expected) in cases {
            assert_eq!(data(xml), expected, "{xml}");
        }
    }

    #[test]
    fn one_and_several_are_asked_for_alike() {
        let root = read_document(b"<a><b>1</b><c>x</c><c>y</c></a>").unwrap();
        let root = Data::of(&root);
        let texts = |name: &str| -> Vec<_> {
            let each = root.get(name).map(Data::each).unwrap_or_default();
            each.iter().filter_map(Data::text).collect()
        };
        assert_eq!(texts("b"), ["1"]);
        assert_eq!(texts("c"), ["x", "y"]);
        assert!(texts("d").is_empty());
    }

    /// Any small tree.
    pub(in crate::original) fn any_node() -> impl Strategy<Value = Node> {
        let name = prop::sample::select(vec!["a", "b", "c.d"]);
        let leaf =
            (name.clone(), prop::option::of("[0-9x ]{0,12}")).prop_map(|(name, text)| Node {
                name: name.to_owned(),
                line: 1,
                text,
                ..Node::default()
            });
        leaf.prop_recursive(4, 24, 4, move |inner| {
            let attributes = prop::collection::vec((name.clone(), "[0-9x]{0,3}"), 0..2);
            let children = prop::collection::vec(inner, 0..4);
            (name.clone(), attributes, children).prop_map(|(name, attributes, children)| {
                let attributes = attributes.into_iter();
                Node {
                    name: name.to_owned(),
                    line: 1,
                    attributes: attributes.map(|(n, v)| (n.to_owned(), v)).collect(),
                    children,
                    ..Node::default()
                }
            })
        })
    }

    proptest! {
        #[test]
        fn every_child_is_somewhere_in_the_data(node in any_node()) {
            let data = Data::of(&node);
            if node.text.is_none() {
                for child in &node.children {
                    let each = data.get(&child.name).map(Data::each).unwrap_or_default();
                    prop_assert!(each.contains(&Data::of(child)));
                }
            }
        }

        #[test]
        fn no_document_makes_it_panic(text in "(<a b='1'>|</a>|<c/>|<!--x-->|12|x| ){0,20}") {
            if let Ok(root) = read_document(text.as_bytes()) {
                let _ = Data::of(&root).json();
            }
        }
    }
}
