//! The configuration of one host out of `opensrf.xml`: defaults with the host's own on top.
//!
//! The parts `/opensrf/default` and `/opensrf/hosts/<host>` count in the order in which they stand
//! in the file. Tables merge member by member, lists item by item (further items of the lower one
//! stay), anything else replaces what was there. A host name with commas is several, all of
//! which count; an unknown one has the defaults alone. (Protocol §7.2.)

use super::data::{Data, Kind};
use crate::xml::Node;

/// The root of an `opensrf.xml`.
const ROOT: &str = "opensrf";

/// Whether `root` is that of an `opensrf.xml`.
#[must_use]
pub fn is_settings(root: &Node) -> bool {
    root.name == ROOT
}

/// The configuration of `host`; an empty table if the document has no such parts.
#[must_use]
pub fn host_config(root: &Node, host: &str) -> Data {
    let names: Vec<&str> = host.split(',').map(str::trim).collect();
    merged(root, |name| names.contains(&name))
}

/// The defaults alone.
#[must_use]
pub fn default_config(root: &Node) -> Data {
    merged(root, |_| false)
}

fn merged(root: &Node, is_wanted: impl Fn(&str) -> bool) -> Data {
    let mut data = Data::empty(root.line);
    if !is_settings(root) {
        return data;
    }
    for part in &root.children {
        match part.name.as_str() {
            "default" => overlay(&mut data, Data::of(part)),
            "hosts" => {
                for host in part.children.iter().filter(|host| is_wanted(&host.name)) {
                    overlay(&mut data, Data::of(host));
                }
            }
            _ => {}
        }
    }
    data
}

/// Lays `upper` on `lower`.
pub fn overlay(lower: &mut Data, upper: Data) {
    match (&mut lower.kind, upper.kind) {
        (Kind::Table(lower), Kind::Table(upper)) => {
            for (name, value) in upper {
                match lower.get_mut(&name) {
                    Some(old) => overlay(old, value),
                    None => {
                        lower.insert(name, value);
                    }
                }
            }
        }
        (Kind::List(lower), Kind::List(upper)) => {
            let mut upper = upper.into_iter();
            for (old, value) in lower.iter_mut().zip(upper.by_ref()) {
                overlay(old, value);
            }
            lower.extend(upper);
        }
        (_, kind) => {
            *lower = Data {
                line: upper.line,
                kind,
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::{Value, json};

    use super::super::data::tests::any_node;
    use super::*;
    use crate::xml::read_document;

    const FILE: &str = "<opensrf version='0.0.3'>
      <default>
        <dirs><log>/var/log</log></dirs>
        <activeapps><appname>opensrf.settings</appname><appname>a.b</appname></activeapps>
        <apps><a.b><keepalive>3</keepalive><unix_config><max_children>8</max_children></unix_config></a.b></apps>
      </default>
      <hosts>
        <one><activeapps><appname>c.d</appname></activeapps><!-- <dirs/> --></one>
        <two.example.org>
          <activeapps><appname>c.d</appname><appname>e.f</appname><appname>g.h</appname></activeapps>
          <apps><a.b><unix_config><max_children>20</max_children></unix_config></a.b></apps>
        </two.example.org>
        <three><dirs><log>/tmp</log><pid>/run</pid></dirs></three>
      </hosts>
    </opensrf>";

    fn of(host: &str) -> Value {
        let root = read_document(FILE.as_bytes()).unwrap();
        host_config(&root, host).json()
    }

    #[test]
    fn a_hosts_own_section_lies_on_the_defaults() {
        let two = of("two.example.org");
        assert_eq!(two["dirs"], json!({"log": "/var/log"}));
        assert_eq!(two["apps"]["a.b"]["keepalive"], 3);
        assert_eq!(two["apps"]["a.b"]["unix_config"]["max_children"], 20);
        assert_eq!(two["activeapps"]["appname"], json!(["c.d", "e.f", "g.h"]));
    }

    #[test]
    fn an_unknown_host_has_the_defaults() {
        let root = read_document(FILE.as_bytes()).unwrap();
        assert_eq!(of("nowhere"), default_config(&root).json());
        let apps = json!(["opensrf.settings", "a.b"]);
        assert_eq!(of("nowhere")["activeapps"]["appname"], apps);
    }

    #[test]
    fn a_name_with_commas_is_several_hosts() {
        let both = of("two.example.org,three");
        assert_eq!(both["dirs"], json!({"log": "/tmp", "pid": "/run"}));
        assert_eq!(both["apps"]["a.b"]["unix_config"]["max_children"], 20);
    }

    #[test]
    fn a_single_value_replaces_a_list() {
        assert_eq!(of("one")["activeapps"]["appname"], json!("c.d"));
    }

    #[test]
    fn lists_merge_item_by_item_and_the_rest_stays() {
        let list = |texts: &[&str]| Data {
            line: 1,
            kind: Kind::List(
                texts
                    .iter()
                    .map(|text| Data {
                        line: 1,
                        kind: Kind::Text((*text).to_owned()),
                    })
                    .collect(),
            ),
        };
        let mut data = list(&["a", "b", "c"]);
        overlay(&mut data, list(&["x", "y"]));
        assert_eq!(data.json(), json!(["x", "y", "c"]));
    }

    #[test]
    fn another_document_has_no_hosts() {
        let root = read_document(b"<config><default><a>1</a></default></config>").unwrap();
        assert_eq!(host_config(&root, "x").json(), json!({}));
    }

    /// Whether every value of `upper` is what `merged` says at the same place.
    fn wins(merged: &Data, upper: &Data) -> bool {
        match (&merged.kind, &upper.kind) {
            (Kind::Table(merged), Kind::Table(upper)) => upper
                .iter()
                .all(|(name, value)| merged.get(name).is_some_and(|found| wins(found, value))),
            (Kind::List(merged), Kind::List(upper)) => {
                merged.len() >= upper.len() && merged.iter().zip(upper).all(|(m, u)| wins(m, u))
            }
            (merged, upper) => merged == upper,
        }
    }

    proptest! {
        #[test]
        fn the_upper_one_wins_everywhere(lower in any_node(), upper in any_node()) {
            let (mut data, upper) = (Data::of(&lower), Data::of(&upper));
            overlay(&mut data, upper.clone());
            prop_assert!(wins(&data, &upper));
        }

        #[test]
        fn laying_something_on_itself_or_nothing_on_it_changes_nothing(node in any_node()) {
            let data = Data::of(&node);
            let mut twice = data.clone();
            overlay(&mut twice, data.clone());
            prop_assert_eq!(&twice, &data);
            if matches!(data.kind, Kind::Table(_)) {
                overlay(&mut twice, Data::empty(1));
                prop_assert_eq!(&twice, &data);
                let mut from_nothing = Data::empty(1);
                overlay(&mut from_nothing, data.clone());
                prop_assert_eq!(&from_nothing, &data);
            }
        }
    }
}
