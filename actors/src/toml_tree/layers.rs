//! Puts files, environment and options on top of each other, and remembers who said what.
//!
//! Each layer is a [`config::Source`] whose values carry their origin (`hub.toml:12`,
//! `environment variable OPENSRF_LOG__LEVEL`, `--log`); the `config` crate merges them: tables key
//! by key, all else, lists too, as a whole. Tables lose their origin in a merge, so it is kept
//! beside.

use std::collections::BTreeMap;

use config::{Config, ConfigError, Map, Source, Value, ValueKind};
use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::problem::Problem;

/// How the origin of a value from the environment begins.
pub(crate) const VARIABLE: &str = "environment variable ";

/// How the origin of a value from the command line begins.
const OPTION: &str = "--";

/// Whether values from there are always texts, out of which numbers are to be read.
pub(crate) fn is_untyped(origin: &str) -> bool {
    [VARIABLE, OPTION]
        .iter()
        .any(|kind| origin.starts_with(kind))
}

/// All layers as one tree.
#[derive(Debug)]
pub(crate) struct Tree {
    pub(crate) root: BTreeMap<String, Value>,
    pub(crate) places: Places,
}

/// Where tables and list items begin, by path.
#[derive(Debug, Default)]
pub(crate) struct Places(BTreeMap<String, String>);

impl Places {
    /// What is at `path` comes from `origin`.
    pub(crate) fn note(&mut self, path: &str, origin: &str) {
        self.0.insert(path.to_owned(), origin.to_owned());
    }

    /// Nothing is at `path`; gives where what was there came from.
    pub(crate) fn forget(&mut self, path: &str) -> Option<String> {
        self.0.remove(path)
    }

    /// Nothing is within `path`, be it a table or a list.
    fn forget_within(&mut self, path: &str) {
        self.0.retain(|other, _| {
            let rest = other.strip_prefix(path);
            !rest.is_some_and(|rest| rest.starts_with(['.', '[']))
        });
    }

    /// All that is set, in the order of its paths.
    pub(crate) fn paths(&self) -> impl Iterator<Item = &String> {
        self.0.keys()
    }

    /// Whether something is set at `path` itself.
    pub(crate) fn has(&self, path: &str) -> bool {
        self.0.contains_key(path)
    }

    /// The origin of `path`, or of the nearest table around it.
    pub(crate) fn of(&self, path: &str) -> Option<String> {
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
#[derive(Debug)]
pub(crate) struct Layers {
    layers: Vec<Layer>,
    pub(crate) places: Places,
    pub(crate) problems: Vec<Problem>,
    /// Whether at a path anything may stand, dates too.
    is_free: fn(&str) -> bool,
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
    /// None yet; `is_free` says at which paths anything may stand, dates too.
    pub(crate) fn new(is_free: fn(&str) -> bool) -> Self {
        Self {
            layers: Vec::new(),
            places: Places::default(),
            problems: Vec::new(),
            is_free,
        }
    }

    /// Adds values by their paths.
    pub(crate) fn add(&mut self, values: Map<String, Value>) {
        self.layers.push(Layer(values));
    }

    /// Adds the TOML document `text`, called `name` in messages.
    pub(crate) fn text(&mut self, name: &str, text: &str) {
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
            text: Some(text),
            layers: self,
        };
        let map = file.table("", table.get_ref());
        self.add(map);
    }

    /// Adds a value, written in one piece as in a file, that `origin`, an option of the command line,
    /// gives: a list in the place of what was there, a table key by key. What is no TOML is taken
    /// as a text.
    pub(crate) fn set_written(&mut self, path: &str, text: &str, origin: &str) {
        let document = format!("{path:?} = {text}");
        let (table, errors) = DeTable::parse_recoverable(&document);
        let mut members = table.get_ref().iter();
        let (Some((_, value)), None, true) = (members.next(), members.next(), errors.is_empty())
        else {
            return self.set(path, text, origin);
        };
        if let DeValue::Array(_) = value.get_ref() {
            self.places.forget_within(path);
        }
        let mut option = File {
            name: origin,
            text: None,
            layers: self,
        };
        let value = option.value(path, 0, value);
        self.add(Map::from([(path.to_owned(), value)]));
    }

    /// Adds one value that `origin`, an option of the command line, gives.
    pub(crate) fn set(&mut self, path: &str, text: &str, origin: &str) {
        let value = Value::new(Some(&origin.to_owned()), text);
        self.places.note(path, origin);
        self.add(Map::from([(path.to_owned(), value)]));
    }

    /// Merges the layers.
    pub(crate) fn merge(mut self) -> Result<Tree, Vec<Problem>> {
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

    pub(crate) fn problem(&mut self, origin: Option<String>, text: String) {
        self.problems.push(Problem {
            origin,
            path: String::new(),
            text,
        });
    }
}

/// The members of a table, in the order of their names; none if it is no table.
pub(crate) fn children(kind: ValueKind) -> BTreeMap<String, Value> {
    match kind {
        ValueKind::Table(map) => map.into_iter().collect(),
        _ => BTreeMap::new(),
    }
}

/// One TOML document on its way into a layer.
struct File<'a> {
    name: &'a str,
    /// All of it; nothing for an option, which has no lines.
    text: Option<&'a str>,
    layers: &'a mut Layers,
}

impl File<'_> {
    fn origin(&self, at: usize) -> String {
        match self.text {
            Some(text) => format!("{}:{}", self.name, line_of(text, at)),
            None => self.name.to_owned(),
        }
    }

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
        let origin = self.origin(at);
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
            DeValue::Datetime(date) if (self.layers.is_free)(path) => {
                ValueKind::String(date.to_string())
            }
            DeValue::Datetime(_) => self.refuse(path, &origin, "is a date; no setting is one"),
            DeValue::Array(items) => {
                let items = items.iter().enumerate();
                let items = items
                    .map(|(n, item)| self.value(&format!("{path}[{n}]"), item.span().start, item));
                ValueKind::Array(items.collect())
            }
            DeValue::Table(table) => ValueKind::Table(self.table(path, table)),
        };
        self.layers.places.note(path, &origin);
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
pub(crate) fn line_of(text: &str, at: usize) -> usize {
    1 + text.bytes().take(at).filter(|&byte| byte == b'\n').count()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_and_tables_know_their_line() {
        let mut layers = Layers::new(|_| false);
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
        let mut layers = Layers::new(|_| false);
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
