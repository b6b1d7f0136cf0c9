//! Puts files, environment and options on top of each other, and remembers who said what.
//!
//! Each layer is a [`config::Source`] whose values carry their origin (`hub.toml:12`,
//! `environment variable OPENSRF_LOG__LEVEL`, `--log`); the `config` crate merges them: tables key
//! by key, all else, lists too, as a whole. Tables lose their origin in a merge, so it is kept
//! beside.

use std::collections::BTreeMap;
use std::ffi::OsString;

use config::{Config, ConfigError, Map, Source, Value, ValueKind};
use opensrf::original::item::{Item, Note, Value as Original, Weight};
use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::error::Problem;
use super::free::{self, is_free};

/// How the origin of a value from the environment begins; such values are texts to be read.
pub(super) const VARIABLE: &str = "environment variable ";

const PREFIX: &str = "OPENSRF_";

/// The one top-level setting that is not a table. Other variables without `__`, such as
/// `OPENSRF_LOG`, belong to somebody else.
const TOP_LEVEL: &str = "STATE";

/// All layers as one tree.
#[derive(Debug)]
pub(super) struct Tree {
    pub(super) root: BTreeMap<String, Value>,
    pub(super) places: Places,
}

/// Where tables and list items begin, by path.
#[derive(Debug, Default)]
pub(super) struct Places(BTreeMap<String, String>);

impl Places {
    /// The origin of `path`, or of the nearest table around it.
    pub(super) fn of(&self, path: &str) -> Option<String> {
        let mut path = path;
        loop {
            if let Some(origin) = self.0.get(path) {
                return Some(origin.clone());
            }
            match path.rfind(['.', '[']) {
                Some(end) => path = &path[..end],
                None => return self.within(path),
            }
        }
    }

    /// The origin of something in `table`, which has none if only variables speak of it.
    fn within(&self, table: &str) -> Option<String> {
        let members = format!("{table}.");
        let (path, origin) = self.0.range(members.clone()..).next()?;
        path.starts_with(&members).then(|| origin.clone())
    }
}

/// Layers in the order in which they were added; later ones win.
#[derive(Debug, Default)]
pub(super) struct Layers {
    layers: Vec<Layer>,
    places: Places,
    pub(super) problems: Vec<Problem>,
}

#[derive(Debug, Clone, Default)]
struct Layer(Map<String, Value>);

impl Source for Layer {
    fn clone_into_box(&self) -> Box<dyn Source + Send + Sync> {
        Box::new(self.clone())
    }

    fn collect(&self) -> Result<Map<String, Value>, ConfigError> {
        Ok(self.0.clone())
    }
}

impl Layers {
    /// Adds settings made from a file of the original.
    pub(super) fn items(&mut self, settings: &[(String, Item)]) {
        let map = self.members("", settings);
        self.layers.push(Layer(map));
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
            Original::Free(json) => free::kind_of(json, &item.origin),
        };
        self.places.0.insert(path.to_owned(), item.origin.clone());
        Value::new(Some(&item.origin), kind)
    }

    /// Adds the TOML document `text`, called `name` in messages.
    pub(super) fn text(&mut self, name: &str, text: &str) {
        let (table, errors) = DeTable::parse_recoverable(text);
        if !errors.is_empty() {
            for error in errors {
                let at = error.span().map_or(0, |span| span.start);
                let origin = format!("{name}:{}", line_of(text, at));
                self.problem(Some(origin), error.message().replace('\n', ", "));
            }
            return;
        }
        let mut file = File {
            name,
            text,
            layers: self,
        };
        let map = file.table("", table.get_ref());
        self.layers.push(Layer(map));
    }

    /// Adds every variable that is called `OPENSRF_TABLE__KEY`; `__` stands between levels, a
    /// number picks an item of a list. Gives notes of those that are left out.
    pub(super) fn variables(
        &mut self,
        variables: impl IntoIterator<Item = (OsString, OsString)>,
    ) -> Vec<Note> {
        let mut layer = Layer::default();
        for (name, value) in variables {
            let Some(name) = name.to_str() else { continue };
            let Some(path) = path_of_variable(name) else {
                continue;
            };
            let origin = format!("{VARIABLE}{name}");
            match value.into_string() {
                Ok(text) => {
                    self.places.0.insert(path.clone(), origin.clone());
                    layer.0.insert(path, Value::new(Some(&origin), text));
                }
                Err(_) => self.problem(Some(origin), "is not UTF-8".to_owned()),
            }
        }
        let notes = self.leave_out_lone_passwords(&mut layer);
        self.layers.push(layer);
        notes
    }

    /// A password in the environment is there for every program that is started from it, also for
    /// one whose configuration has nobody who could log in with it.
    fn leave_out_lone_passwords(&mut self, variables: &mut Layer) -> Vec<Note> {
        let mut notes = Vec::new();
        for table in ["bus", "router"] {
            let keys = ["password", "password_file"];
            let passwords = keys.map(|key| format!("{table}.account.{key}"));
            let members = format!("{table}.");
            let is_spoken_of = |path: &String| path == table || path.starts_with(&members);
            let paths = self.places.0.keys().filter(|path| is_spoken_of(path));
            if paths.filter(|path| !passwords.contains(path)).count() > 0 {
                continue;
            }
            for path in passwords
                .iter()
                .filter(|path| variables.0.remove(*path).is_some())
            {
                notes.push(Note {
                    origin: self.places.0.remove(path).unwrap_or_default(),
                    element: path.clone(),
                    text: format!("is left out; there is no [{table}]"),
                    weight: Weight::Harmless,
                });
            }
        }
        notes
    }

    /// Adds one value that `origin`, an option of the command line, gives.
    pub(super) fn set(&mut self, path: &str, text: &str, origin: &str) {
        let value = Value::new(Some(&origin.to_owned()), text);
        self.places.0.insert(path.to_owned(), origin.to_owned());
        self.layers
            .push(Layer(Map::from([(path.to_owned(), value)])));
    }

    /// Merges the layers.
    pub(super) fn merge(mut self) -> Result<Tree, Vec<Problem>> {
        let mut builder = Config::builder();
        for layer in self.layers.drain(..) {
            builder = builder.add_source(layer);
        }
        match builder.build() {
            Ok(Config { cache, .. }) if self.problems.is_empty() => Ok(Tree {
                root: children(cache.kind),
                places: self.places,
            }),
            Ok(_) => Err(self.problems),
            Err(error) => {
                self.problem(None, error.to_string());
                Err(self.problems)
            }
        }
    }

    pub(super) fn problem(&mut self, origin: Option<String>, text: String) {
        self.problems.push(Problem {
            origin,
            path: String::new(),
            text,
        });
    }
}

/// The members of a table, in the order of their names; none if it is no table.
pub(super) fn children(kind: ValueKind) -> BTreeMap<String, Value> {
    match kind {
        ValueKind::Table(map) => map.into_iter().collect(),
        _ => BTreeMap::new(),
    }
}

/// One TOML document on its way into a layer.
struct File<'a> {
    name: &'a str,
    text: &'a str,
    layers: &'a mut Layers,
}

impl File<'_> {
    fn table(&mut self, path: &str, table: &DeTable<'_>) -> Map<String, Value> {
        let dot = if path.is_empty() { "" } else { "." };
        let member = |(key, value): (&Spanned<_>, &Spanned<DeValue<'_>>)| {
            let name: &str = AsRef::<str>::as_ref(key.get_ref());
            let path = format!("{path}{dot}{name}");
            (name.to_owned(), self.value(&path, key.span().start, value))
        };
        table.iter().map(member).collect()
    }

    fn value(&mut self, path: &str, at: usize, value: &Spanned<DeValue<'_>>) -> Value {
        let origin = format!("{}:{}", self.name, line_of(self.text, at));
        let kind = match value.get_ref() {
            DeValue::String(text) => ValueKind::String(text.to_string()),
            DeValue::Boolean(yes) => ValueKind::Boolean(*yes),
            DeValue::Integer(digits) => {
                match i64::from_str_radix(digits.as_str(), digits.radix()) {
                    Ok(number) => ValueKind::I64(number),
                    Err(_) => self.refuse(path, &origin, "is too large a number"),
                }
            }
            DeValue::Float(digits) => match digits.as_str().parse() {
                Ok(number) => ValueKind::Float(number),
                Err(_) => self.refuse(path, &origin, "is no number"),
            },
            DeValue::Datetime(date) if is_free(path) => ValueKind::String(date.to_string()),
            DeValue::Datetime(_) => self.refuse(path, &origin, "is a date; no setting is one"),
            DeValue::Array(items) => {
                let items = items.iter().enumerate();
                let items = items
                    .map(|(n, item)| self.value(&format!("{path}[{n}]"), item.span().start, item));
                ValueKind::Array(items.collect())
            }
            DeValue::Table(table) => ValueKind::Table(self.table(path, table)),
        };
        self.layers.places.0.insert(path.to_owned(), origin.clone());
        Value::new(Some(&origin), kind)
    }

    fn refuse(&mut self, path: &str, origin: &str, text: &str) -> ValueKind {
        self.layers.problems.push(Problem {
            origin: Some(origin.to_owned()),
            path: path.to_owned(),
            text: text.to_owned(),
        });
        ValueKind::Nil
    }
}

/// The line of byte `at`, from 1.
pub(super) fn line_of(text: &str, at: usize) -> usize {
    1 + text.bytes().take(at).filter(|&byte| byte == b'\n').count()
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

    #[test]
    fn values_and_tables_know_their_line() {
        let mut layers = Layers::default();
        layers.text(
            "a.toml",
            "state = \"x\"\n\n[[services]]\nname = \"s\"\n[router.account]\n",
        );
        let tree = layers.merge().unwrap();
        assert_eq!(tree.root["state"].origin(), Some("a.toml:1"));
        let places = [
            ("services[0]", Some("a.toml:3")),
            ("services[0].drones.min", Some("a.toml:3")),
            ("services[0].name", Some("a.toml:4")),
            ("router.account.user", Some("a.toml:5")),
            ("bus", None),
        ];
        for (path, origin) in places {
            assert_eq!(tree.places.of(path).as_deref(), origin, "{path}");
        }
    }

    #[test]
    fn every_syntax_error_is_named_with_its_line() {
        let mut layers = Layers::default();
        layers.text("a.toml", "a = 1\nb = \nc = 1\nc = 2\n");
        layers.text("b.toml", "day = 2020-01-01\n");
        let problems = layers.merge().unwrap_err();
        let origins: Vec<_> = problems.iter().filter_map(|p| p.origin.clone()).collect();
        assert_eq!(
            origins,
            ["a.toml:2", "a.toml:4", "b.toml:1"],
            "{problems:?}"
        );
    }
}
