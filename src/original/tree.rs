//! Configurations that come from elsewhere in the shape of an `opensrf.xml`.
//!
//! So that whoever asks `opensrf.settings` finds the same paths, whatever the answers are made of.

use serde_json::Value;

use super::data::{Data, Kind};
use crate::xml::Node;

/// `<opensrf><default>…` with the members of `config`; lists become repeated elements, true and
/// false 1 and 0, as Perl has it.
#[must_use]
pub fn document(config: &Data) -> Node {
    let mut root = Node {
        name: "opensrf".to_owned(),
        ..Node::default()
    };
    add("default", config, &mut root.children);
    number(&mut root, &mut 0);
    root
}

/// JSON as the data that an XML file would have become.
#[must_use]
pub fn data(json: &Value) -> Data {
    let kind = match json {
        Value::Null => return Data::empty(0),
        Value::Bool(yes) => Kind::Number(u64::from(*yes)),
        Value::Number(number) => match number.as_u64() {
            Some(number) => Kind::Number(number),
            None => Kind::Text(number.to_string()),
        },
        Value::String(text) => Kind::Text(text.clone()),
        Value::Array(items) => Kind::List(items.iter().map(data).collect()),
        Value::Object(members) => {
            let members = members.iter();
            Kind::Table(
                members
                    .map(|(key, json)| (key.clone(), data(json)))
                    .collect(),
            )
        }
    };
    Data { line: 0, kind }
}

fn add(name: &str, data: &Data, siblings: &mut Vec<Node>) {
    let mut node = Node {
        name: name.to_owned(),
        ..Node::default()
    };
    match &data.kind {
        Kind::List(items) => {
            for item in items {
                add(name, item, siblings);
            }
            return;
        }
        Kind::Text(text) => node.text = Some(text.clone()),
        Kind::Number(number) => node.text = Some(number.to_string()),
        Kind::Table(members) => {
            for (name, data) in members {
                add(name, data, &mut node.children);
            }
        }
    }
    siblings.push(node);
}

/// Gives each element its place in the document.
fn number(node: &mut Node, next: &mut usize) {
    node.order = *next;
    *next += 1;
    for child in &mut node.children {
        number(child, next);
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::original::host::{default_config, overlay};
    use crate::original::xpath::XPath;

    #[test]
    fn it_is_asked_as_a_file_is() {
        let json = json!({
            "activeapps": {"appname": ["a.b", "c"]},
            "apps": {"a.b": {"keepalive": 3, "stateless": true, "app_settings": {}}},
        });
        let root = document(&data(&json));
        let expected = json!({
            "activeapps": {"appname": ["a.b", "c"]},
            "apps": {"a.b": {"keepalive": 3, "stateless": 1, "app_settings": {}}},
        });
        assert_eq!(default_config(&root).json(), expected);
        let names = XPath::parse("//activeapps/appname").unwrap().pick(&root);
        let names: Vec<_> = names.iter().map(Data::json).collect();
        assert_eq!(names, [json!("a.b"), json!("c")]);
    }

    #[test]
    fn a_list_of_one_is_one_as_with_a_file() {
        let root = document(&data(&json!({"servers": {"server": ["x:1"]}})));
        assert_eq!(
            default_config(&root).json(),
            json!({"servers": {"server": "x:1"}})
        );
    }

    #[test]
    fn what_is_given_lies_on_what_is_known() {
        let mut config = data(&json!({"apps": {"a": {"keepalive": 3}}}));
        overlay(&mut config, data(&json!({"apps": {"b": {"keepalive": 1}}})));
        let expected = json!({"apps": {"a": {"keepalive": 3}, "b": {"keepalive": 1}}});
        assert_eq!(default_config(&document(&config)).json(), expected);
    }
}
