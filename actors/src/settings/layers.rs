//! Layers that only a configuration has: files of the original, and the environment.

use std::ffi::OsString;

use config::{Map, Value, ValueKind};
use opensrf::original::item::{Item, Note, Value as Original, Weight};

use crate::toml_tree::json;
use crate::toml_tree::layers::{Layers, VARIABLE};

const PREFIX: &str = "OPENSRF_";

/// The one top-level setting that is not a table. Other variables without `__`, such as
/// `OPENSRF_LOG`, belong to somebody else.
const TOP_LEVEL: &str = "STATE";

impl Layers {
    /// Adds settings made from a file of the original.
    pub(super) fn items(&mut self, settings: &[(String, Item)]) {
        let map = self.members("", settings);
        self.add(map);
    }

    fn members(&mut self, path: &str, members: &[(String, Item)]) -> Map<String, Value> {
        let dot = if path.is_empty() { "" } else { "." };
        let member = |(key, item): &(String, Item)| {
            (key.clone(), self.item(&format!("{path}{dot}{key}"), item))
        };
        members.iter().map(member).collect()
    }

    fn item(&mut self, path: &str, item: &Item) -> Value {
        let kind = match &item.value {
            Original::Text(text) => ValueKind::String(text.clone()),
            Original::Number(number) => ValueKind::I64(*number),
            Original::List(items) => {
                let items = items.iter().enumerate();
                let items = items.map(|(n, item)| self.item(&format!("{path}[{n}]"), item));
                ValueKind::Array(items.collect())
            }
            Original::Table(table) => ValueKind::Table(self.members(path, &table.0)),
            Original::Free(json) => json::kind_of(json, &item.origin),
        };
        self.places.note(path, &item.origin);
        Value::new(Some(&item.origin), kind)
    }

    /// Adds every variable that is called `OPENSRF_TABLE__KEY`; `__` stands between levels, a
    /// number picks an item of a list. Gives notes of those that are left out.
    pub(super) fn variables(
        &mut self,
        variables: impl IntoIterator<Item = (OsString, OsString)>,
    ) -> Vec<Note> {
        let mut layer = Map::new();
        for (name, value) in variables {
            let Some(name) = name.to_str() else { continue };
            let Some(path) = path_of_variable(name) else {
                continue;
            };
            let origin = format!("{VARIABLE}{name}");
            match value.into_string() {
                Ok(text) => {
                    self.places.note(&path, &origin);
                    layer.insert(path, Value::new(Some(&origin), text));
                }
                Err(_) => self.problem(Some(origin), "is not UTF-8".to_owned()),
            }
        }
        let notes = self.leave_out_lone_passwords(&mut layer);
        self.add(layer);
        notes
    }

    /// A password in the environment is there for every program that is started from it, also for
    /// one whose configuration has nobody who could log in with it.
    fn leave_out_lone_passwords(&mut self, variables: &mut Map<String, Value>) -> Vec<Note> {
        let mut notes = Vec::new();
        for table in ["bus", "router"] {
            let keys = ["password", "password_file"];
            let passwords = keys.map(|key| format!("{table}.account.{key}"));
            let members = format!("{table}.");
            let is_spoken_of = |path: &String| path == table || path.starts_with(&members);
            let paths = self.places.paths().filter(|path| is_spoken_of(path));
            if paths.filter(|path| !passwords.contains(path)).count() > 0 {
                continue;
            }
            for path in passwords
                .iter()
                .filter(|path| variables.remove(*path).is_some())
            {
                notes.push(Note {
                    origin: self.places.forget(path).unwrap_or_default(),
                    element: path.clone(),
                    text: format!("is left out; there is no [{table}]"),
                    weight: Weight::Harmless,
                });
            }
        }
        notes
    }
}

/// `OPENSRF_SERVICES__0__DRONES__MAX` is `services[0].drones.max`.
fn path_of_variable(name: &str) -> Option<String> {
    let rest = name.strip_prefix(PREFIX)?;
    if !rest.contains("__") && rest != TOP_LEVEL {
        return None;
    }
    let mut path = String::new();
    for part in rest.split("__") {
        // Three digits: the merge makes room for every item up to the one that is named.
        if !path.is_empty() && part.len() <= 3 && part.parse::<u16>().is_ok() {
            path.push_str(&format!("[{part}]"));
        } else {
            let dot = if path.is_empty() { "" } else { "." };
            path.push_str(&format!("{dot}{}", part.to_ascii_lowercase()));
        }
    }
    Some(path)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn variables_name_settings() {
        let cases = [
            ("OPENSRF_ROUTER__NAME", Some("router.name")),
            (
                "OPENSRF_BUS__ACCOUNT__PASSWORD",
                Some("bus.account.password"),
            ),
            (
                "OPENSRF_SERVICES__0__DRONES__MAX",
                Some("services[0].drones.max"),
            ),
            ("OPENSRF_STATE", Some("state")),
            ("OPENSRF_LOG", None),
            ("OPENSRF_HOME", None),
            ("PATH", None),
        ];
        for (name, path) in cases {
            assert_eq!(path_of_variable(name).as_deref(), path, "{name}");
        }
    }
}
