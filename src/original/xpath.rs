//! Picks parts of a document by path: the part of XPath 1.0 that configurations are asked with.
//!
//! ```text
//! /opensrf/default/apps        children from the root on; without the first / likewise
//! //activeapps/appname         a name at any depth
//! * . @name @* text()          any element; the same again; attributes; the text
//! [2] [last()]                 the second, the last among its siblings of that path
//! [name] [@name] [name='v'] [@name='v'] [.='v'] [text()='v']
//! a | b                        all that either picks
//! ```
//!
//! The rest (other axes, functions, arithmetic, `..`, variables) is refused by name. Whoever asks
//! is on the network: length and steps have a bound, and each step looks at an element once, so an
//! answer costs O(steps · elements). An engine for all of XPath has neither bound.

mod parse;

use std::collections::BTreeMap;

pub use parse::XPathError;
use parse::{Path, Predicate, Step, Subject, Test};

use super::data::{Data, Kind};
use crate::xml::Node;

/// An expression, checked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct XPath(Vec<Path>);

impl XPath {
    /// Reads an expression.
    ///
    /// # Errors
    /// What is no XPath, or not of the part that is understood.
    pub fn parse(text: &str) -> Result<Self, XPathError> {
        parse::expression(text).map(Self)
    }

    /// What it picks of the document of `root`, in the order of the document, as data.
    #[must_use]
    pub fn pick(&self, root: &Node) -> Vec<Data> {
        let mut picked = BTreeMap::new();
        for path in &self.0 {
            walk(path, root, &mut picked);
        }
        picked.into_values().collect()
    }
}

/// Picked values by place: element, then attribute.
type Picked = BTreeMap<(usize, usize), Data>;

/// A place from which a step goes on: an element, or the document above the root.
#[derive(Clone, Copy)]
enum From<'a> {
    Document(&'a Node),
    Element(&'a Node),
}

impl<'a> From<'a> {
    fn children(self) -> &'a [Node] {
        match self {
            Self::Document(root) => std::slice::from_ref(root),
            Self::Element(node) => &node.children,
        }
    }

    fn element(self) -> Option<&'a Node> {
        match self {
            Self::Document(_) => None,
            Self::Element(node) => Some(node),
        }
    }

    /// Places in a set, each once and in order.
    fn order(self) -> usize {
        match self {
            Self::Document(_) => 0,
            Self::Element(node) => node.order + 1,
        }
    }
}

fn walk(path: &Path, root: &Node, picked: &mut Picked) {
    let mut places = BTreeMap::from([(0, From::Document(root))]);
    for step in &path.steps {
        if step.is_deep {
            places = deepened(&places);
        }
        match &step.test {
            Test::Same => {}
            Test::Element(name) => places = children(&places, name.as_deref(), step),
            Test::Attribute(name) => return attributes(&places, name.as_deref(), picked),
            Test::Text => return texts(&places, picked),
        }
    }
    for element in places.values().filter_map(|place| place.element()) {
        picked.insert((element.order, 0), Data::of(element));
    }
}

type Places<'a> = BTreeMap<usize, From<'a>>;

/// The places and everything in them, each once.
fn deepened<'a>(places: &Places<'a>) -> Places<'a> {
    let mut found = Places::new();
    let mut open: Vec<From<'a>> = places.values().copied().collect();
    while let Some(place) = open.pop() {
        if found.insert(place.order(), place).is_none() {
            open.extend(place.children().iter().map(From::Element));
        }
    }
    found
}

fn children<'a>(places: &Places<'a>, name: Option<&str>, step: &Step) -> Places<'a> {
    let mut found = Places::new();
    for place in places.values() {
        let children = place.children().iter();
        let mut here: Vec<&Node> = children
            .filter(|child| name.is_none_or(|name| child.name == name))
            .collect();
        for predicate in &step.predicates {
            here = kept(here, predicate);
        }
        found.extend(
            here.into_iter()
                .map(|node| (node.order + 1, From::Element(node))),
        );
    }
    found
}

fn kept<'a>(nodes: Vec<&'a Node>, predicate: &Predicate) -> Vec<&'a Node> {
    match predicate {
        Predicate::Position(at) => nodes.get(at - 1).copied().into_iter().collect(),
        Predicate::Last => nodes.last().copied().into_iter().collect(),
        Predicate::Has(subject, wanted) => {
            let has = |node: &&Node| subject_is(node, subject, wanted.as_deref());
            nodes.into_iter().filter(has).collect()
        }
    }
}

fn subject_is(node: &Node, subject: &Subject, wanted: Option<&str>) -> bool {
    let is = |text: &str| wanted.is_none_or(|wanted| wanted == text);
    let text_is = |node: &Node| is(node.text.as_deref().unwrap_or_default());
    match subject {
        Subject::Attribute(name) => {
            let mut attributes = node.attributes.iter();
            attributes.any(|(own, value)| own == name && is(value))
        }
        Subject::Child(name) => node.children_named(name).any(text_is),
        Subject::Text => node.text.as_deref().is_some_and(is),
        Subject::Same => text_is(node),
    }
}

fn attributes(places: &Places<'_>, name: Option<&str>, picked: &mut Picked) {
    for node in places.values().filter_map(|place| place.element()) {
        let own = node.attributes.iter().enumerate();
        for (n, (_, value)) in own.filter(|(_, (own, _))| name.is_none_or(|name| name == own)) {
            picked.insert((node.order, 1 + n), text(node, value));
        }
    }
}

fn texts(places: &Places<'_>, picked: &mut Picked) {
    for node in places.values().filter_map(|place| place.element()) {
        if let Some(value) = &node.text {
            picked.insert((node.order, usize::MAX), text(node, value));
        }
    }
}

fn text(node: &Node, value: &str) -> Data {
    Data {
        line: node.line,
        kind: Kind::Text(value.to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::{Value, json};

    use super::*;
    use crate::xml::read_document;

    const FILE: &str = "<opensrf version='3'>
      <default>
        <activeapps><appname>opensrf.settings</appname><appname>a.b</appname></activeapps>
        <apps><a.b lang='rust'><n>1</n></a.b><c><n>2</n><n>3</n></c></apps>
      </default>
      <hosts><h><activeapps><appname>c.d</appname></activeapps></h></hosts>
    </opensrf>";

    fn pick(expression: &str) -> Value {
        let root = read_document(FILE.as_bytes()).unwrap();
        let picked = XPath::parse(expression).expect(expression).pick(&root);
        picked.iter().map(Data::json).collect()
    }

    #[test]
    fn paths_pick_what_xpath_says() {
        let cases = [
            (
                "//activeapps/appname",
                json!(["opensrf.settings", "a.b", "c.d"]),
            ),
            (
                "/opensrf/default/activeapps/appname",
                json!(["opensrf.settings", "a.b"]),
            ),
            ("opensrf/hosts/h/activeapps", json!([{"appname": "c.d"}])),
            ("/opensrf/default/apps/a.b/n", json!([1])),
            (
                "/opensrf/*/activeapps/appname[1]",
                json!(["opensrf.settings"]),
            ),
            ("//appname[1]", json!(["opensrf.settings", "c.d"])),
            ("//appname[last()]", json!(["a.b", "c.d"])),
            ("//apps/*[@lang]/n", json!([1])),
            ("//apps/*[@lang='rust']", json!([{"lang": "rust", "n": 1}])),
            ("//apps/*[n = '3']/n[2]", json!([3])),
            ("//appname[.=\"c.d\"]", json!(["c.d"])),
            ("//n[text()='2']", json!([2])),
            ("//n/text()", json!(["1", "2", "3"])),
            ("//a.b/@lang", json!(["rust"])),
            ("/opensrf/@*", json!(["3"])),
            ("//@lang", json!(["rust"])),
            ("//h//appname | //c/n | //h//appname", json!([2, 3, "c.d"])),
            (
                "/opensrf/./hosts/h/.",
                json!([{"activeapps": {"appname": "c.d"}}]),
            ),
            ("//nothing", json!([])),
            ("/default", json!([])),
            ("//n[4]", json!([])),
        ];
        for (expression, expected) in cases {
            assert_eq!(pick(expression), expected, "{expression}");
        }
    }

    #[test]
    fn the_same_place_is_picked_once() {
        assert_eq!(pick("//*//n"), json!([1, 2, 3]));
        assert_eq!(pick("//.//.//n"), json!([1, 2, 3]));
    }

    proptest! {
        #[test]
        fn no_expression_makes_it_panic(text in "(/|//|[|]|a|n|'|@|\\*|\\.|last\\(\\)|text\\(\\)|=|1|0|\\||ä| ){0,16}") {
            let root = read_document(FILE.as_bytes()).unwrap();
            if let Ok(path) = XPath::parse(&text) {
                let _ = path.pick(&root);
            }
        }
    }
}
