//! Reads the merged tree, table by table, and writes down what it met.
//!
//! Whoever reads a table asks for each key by name, with what is allowed and what holds if it is
//! left out. So the keys that were asked for are the keys that exist: what else stands in the table
//! is unknown, and the record of all questions is what `opensrf config show` prints.
//! A value that cannot be read is reported and replaced by its default, to find the next mistake
//! too.

use std::cell::RefCell;
use std::collections::BTreeMap;

use config::{Value, ValueKind};

use super::error::Problem;
use super::layers::{Places, Tree, VARIABLE, children};
use super::show::Toml;
use super::values::Found;

/// What is said of a key that nobody set.
pub(super) const DEFAULT: &str = "default";

/// One setting as it is in force.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Entry {
    /// The table, such as `bus` or `services[0]`; empty at the top.
    pub(super) table: String,
    /// The key in it, such as `account.user`.
    pub(super) key: String,
    /// The value as TOML; nothing if it is not set and has no default.
    pub(super) value: Option<String>,
    /// The default as TOML, if there is one.
    pub(super) default: Option<String>,
    /// Who set it; for a key that is not set, what that means.
    pub(super) origin: String,
}

/// What was met while reading.
#[derive(Debug)]
pub(super) struct Report {
    places: Places,
    entries: RefCell<Vec<Entry>>,
    problems: RefCell<Vec<Problem>>,
}

impl Report {
    pub(super) fn new(tree: Tree) -> (Self, BTreeMap<String, Value>) {
        let report = Self {
            places: tree.places,
            entries: RefCell::default(),
            problems: RefCell::default(),
        };
        (report, tree.root)
    }

    /// Notes that the setting `path` is wrong, at the place where it was set.
    pub(super) fn problem(&self, path: &str, text: impl Into<String>) {
        self.problems.borrow_mut().push(Problem {
            origin: self.places.of(path),
            path: path.to_owned(),
            text: text.into(),
        });
    }

    pub(super) fn is_clean(&self) -> bool {
        self.problems.borrow().is_empty()
    }

    /// All settings, or all problems.
    pub(super) fn finish(self) -> Result<Vec<Entry>, Vec<Problem>> {
        let problems = self.problems.into_inner();
        if problems.is_empty() {
            Ok(self.entries.into_inner())
        } else {
            Err(problems)
        }
    }
}

/// One table of the tree while it is read.
#[derive(Debug)]
pub(super) struct Section<'a> {
    report: &'a Report,
    /// The table under whose header the keys are shown.
    table: String,
    /// What stands before the keys in that table: nothing, or `account.`.
    prefix: String,
    values: BTreeMap<String, Value>,
    asked: Vec<&'static str>,
}

impl<'a> Section<'a> {
    pub(super) fn root(report: &'a Report, values: BTreeMap<String, Value>) -> Self {
        Self {
            report,
            table: String::new(),
            prefix: String::new(),
            values,
            asked: Vec::new(),
        }
    }

    /// The value of `key`, or `default`.
    pub(super) fn or<T: Toml>(
        &mut self,
        key: &'static str,
        default: T,
        parse: impl Fn(&Found<'_>) -> Result<T, String>,
    ) -> T {
        let shown = default.toml();
        match self.take(key, Some(shown.clone()), parse) {
            Some(value) => value,
            None => {
                self.record(key, Some(shown.clone()), Some(shown), DEFAULT.to_owned());
                default
            }
        }
    }

    /// The value of `key`, if it is set; `meaning` says what holds if it is not.
    pub(super) fn optional<T: Toml>(
        &mut self,
        key: &'static str,
        meaning: &str,
        parse: impl Fn(&Found<'_>) -> Result<T, String>,
    ) -> Option<T> {
        let value = self.take(key, None, parse);
        if value.is_none() {
            self.record(key, None, None, meaning.to_owned());
        }
        value
    }

    /// The value of `key`, which must be set; `remedy` says how.
    pub(super) fn required<T: Toml>(
        &mut self,
        key: &'static str,
        remedy: &str,
        parse: impl Fn(&Found<'_>) -> Result<T, String>,
    ) -> Option<T> {
        let is_set = self.values.contains_key(key);
        let value = self.take(key, None, parse);
        if !is_set {
            self.problem(key, format!("is missing; {remedy}"));
        }
        value
    }

    /// The table `key`, if there is one.
    pub(super) fn table(&mut self, key: &'static str) -> Option<Self> {
        self.asked.push(key);
        let value = self.values.remove(key)?;
        let table = self.path(key);
        Some(self.child(value, table, String::new()))
    }

    /// The table `key`, an empty one if it is not there.
    pub(super) fn table_or_empty(&mut self, key: &'static str) -> Self {
        let table = self.path(key);
        self.table(key)
            .unwrap_or_else(|| self.section(BTreeMap::new(), table, String::new()))
    }

    /// The table `key`, an empty one if it is not there, shown as `key.member = …`.
    pub(super) fn inline(&mut self, key: &'static str) -> Self {
        self.asked.push(key);
        let prefix = format!("{}{key}.", self.prefix);
        match self.values.remove(key) {
            Some(value) => self.child(value, self.table.clone(), prefix),
            None => self.section(BTreeMap::new(), self.table.clone(), prefix),
        }
    }

    /// The tables in the list `key`; nothing if it is not there.
    pub(super) fn tables(&mut self, key: &'static str) -> Option<Vec<Self>> {
        self.asked.push(key);
        let value = self.values.remove(key)?;
        let ValueKind::Array(items) = value.kind else {
            self.wrong(key, "a list of tables", &value);
            return None;
        };
        let items = items.into_iter().enumerate();
        let item = |(n, item)| self.child(item, format!("{}[{n}]", self.path(key)), String::new());
        Some(items.map(item).collect())
    }

    /// Records a default of `key` that depends on other settings.
    pub(super) fn shown_default(&self, key: &str, value: String) {
        self.record(key, Some(value), None, DEFAULT.to_owned());
    }

    /// Notes that `key` of this table is wrong.
    pub(super) fn problem(&self, key: &str, text: impl Into<String>) {
        self.report.problem(&self.path(key), text);
    }

    /// The place of `key` in the tree, such as `services[0].drones.min`.
    pub(super) fn path(&self, key: &str) -> String {
        join(&self.table, &format!("{}{key}", self.prefix))
    }

    /// Reports the keys that nobody asked for.
    pub(super) fn finish(self) {
        for key in self.values.keys() {
            let near = self.asked.iter().find(|known| is_near(known, key));
            let text = match near {
                Some(known) => format!("unknown key; did you mean `{known}`?"),
                None => format!("unknown key; known here: {}", self.asked.join(", ")),
            };
            self.problem(key, text);
        }
    }

    fn take<T: Toml>(
        &mut self,
        key: &'static str,
        default: Option<String>,
        parse: impl Fn(&Found<'_>) -> Result<T, String>,
    ) -> Option<T> {
        self.asked.push(key);
        let value = self.values.remove(key)?;
        let origin = value.origin().unwrap_or_default().to_owned();
        let found = Found {
            value: &value,
            is_variable: origin.starts_with(VARIABLE),
        };
        match parse(&found) {
            Ok(parsed) => {
                self.record(key, Some(parsed.toml()), default, origin);
                Some(parsed)
            }
            Err(text) => {
                let path = self.path(key);
                let origin = Some(origin).filter(|origin| !origin.is_empty());
                let problem = Problem { origin, path, text };
                self.report.problems.borrow_mut().push(problem);
                None
            }
        }
    }

    fn record(&self, key: &str, value: Option<String>, default: Option<String>, origin: String) {
        self.report.entries.borrow_mut().push(Entry {
            table: self.table.clone(),
            key: format!("{}{key}", self.prefix),
            value,
            default,
            origin,
        });
    }

    fn child(&self, value: Value, table: String, prefix: String) -> Self {
        if !matches!(value.kind, ValueKind::Table(_)) {
            let path = join(&table, prefix.trim_end_matches('.'));
            let text = format!("expected a table, found {}", super::values::kind(&value));
            self.report.problem(&path, text);
        }
        self.section(children(value.kind), table, prefix)
    }

    fn wrong(&self, key: &str, wanted: &str, value: &Value) {
        let found = super::values::kind(value);
        self.problem(key, format!("expected {wanted}, found {found}"));
    }

    fn section(&self, values: BTreeMap<String, Value>, table: String, prefix: String) -> Self {
        Self {
            report: self.report,
            table,
            prefix,
            values,
            asked: Vec::new(),
        }
    }
}

pub(super) fn join(table: &str, key: &str) -> String {
    match (table, key) {
        ("", _) => key.to_owned(),
        (_, "") => table.to_owned(),
        _ => format!("{table}.{key}"),
    }
}

/// Whether one is the other with one or two slips of the finger.
fn is_near(known: &str, given: &str) -> bool {
    let allowed = (known.len() / 3).min(2);
    distance(known.as_bytes(), given.as_bytes()) <= allowed
}

/// Levenshtein's distance, in O(`a` · `b`).
fn distance(a: &[u8], b: &[u8]) -> usize {
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, x) in a.iter().enumerate() {
        let mut diagonal = row[0];
        row[0] = i + 1;
        for (j, y) in b.iter().enumerate() {
            let replaced = diagonal + usize::from(x != y);
            diagonal = row[j + 1];
            row[j + 1] = replaced.min(row[j] + 1).min(diagonal + 1);
        }
    }
    row[b.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn slips_are_near_and_other_words_are_not() {
        let cases = [
            ("domains", "domain", true),
            ("trusted_clients", "trusted_client", true),
            ("accounts", "acounts", true),
            ("name", "nmae", false),
            ("name", "nam", true),
            ("min", "max", false),
            ("listen", "port", false),
        ];
        for (known, given, near) in cases {
            assert_eq!(is_near(known, given), near, "{known} {given}");
        }
    }
}
