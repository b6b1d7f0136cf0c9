//! Reads the merged tree, table by table, and writes down what it met.
//!
//! Whoever reads a table asks for each key by name, with what is allowed and what holds if it is
//! left out. So the keys that were asked for are the keys that exist: what else stands in the table
//! is unknown, and the record of all questions is what `opensrf config show` prints.
//! A value that cannot be read is reported and replaced by its default, to find the next mistake
//! too.

use std::collections::BTreeMap;

use config::{Value, ValueKind};

use super::layers::{children, is_untyped};
use super::near::is_near;
use super::report::{DEFAULT, Entry, Report};
use super::toml::Toml;
use super::values::{Found, kind, list};

/// One table of the tree while it is read.
#[derive(Debug)]
pub(crate) struct Section<'a> {
    report: &'a Report,
    /// The table under whose header the keys are shown.
    table: String,
    /// What stands before the keys in that table: nothing, or `account.`.
    prefix: String,
    values: BTreeMap<String, Value>,
    asked: Vec<&'static str>,
    /// Something else stands in its place.
    is_no_table: bool,
}

impl<'a> Section<'a> {
    pub(crate) fn root(report: &'a Report, values: BTreeMap<String, Value>) -> Self {
        Self {
            report,
            table: String::new(),
            prefix: String::new(),
            values,
            asked: Vec::new(),
            is_no_table: false,
        }
    }

    /// The value of `key`, or `default`.
    pub(crate) fn or<T: Toml>(
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
    pub(crate) fn optional<T: Toml>(
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

    /// The value of `key`, if it is set; of that there is no record.
    pub(crate) fn given<T>(
        &mut self,
        key: &'static str,
        parse: impl Fn(&Found<'_>) -> Result<T, String>,
    ) -> Option<T> {
        self.read(key, parse).map(|(value, _)| value)
    }

    /// The value of `key`, which must be set, as `remedy` says; of that there is no record.
    pub(crate) fn needed<T>(
        &mut self,
        key: &'static str,
        remedy: &str,
        parse: impl Fn(&Found<'_>) -> Result<T, String>,
    ) -> Option<T> {
        let is_set = self.has(key);
        let value = self.given(key, parse);
        if !is_set {
            self.missing(key, remedy);
        }
        value
    }

    /// Whether `key` is set, rightly or wrongly; it must not have been asked for yet.
    pub(crate) fn has(&self, key: &str) -> bool {
        self.values.contains_key(key)
    }

    /// The value of `key`, which must be set; `remedy` says how.
    pub(crate) fn required<T: Toml>(
        &mut self,
        key: &'static str,
        remedy: &str,
        parse: impl Fn(&Found<'_>) -> Result<T, String>,
    ) -> Option<T> {
        let is_set = self.has(key);
        let value = self.take(key, None, parse);
        if !is_set {
            self.missing(key, remedy);
        }
        value
    }

    /// The table `key`, if there is one.
    pub(crate) fn table(&mut self, key: &'static str) -> Option<Self> {
        self.asked.push(key);
        let value = self.values.remove(key)?;
        let table = self.path(key);
        Some(self.child(value, table, String::new()))
    }

    /// The table `key`, an empty one if it is not there.
    pub(crate) fn table_or_empty(&mut self, key: &'static str) -> Self {
        let table = self.path(key);
        self.table(key)
            .unwrap_or_else(|| self.section(BTreeMap::new(), table, String::new()))
    }

    /// The table `key`, an empty one if it is not there, shown as `key.member = …`.
    pub(crate) fn inline(&mut self, key: &'static str) -> Self {
        self.asked.push(key);
        let prefix = format!("{}{key}.", self.prefix);
        match self.values.remove(key) {
            Some(value) => self.child(value, self.table.clone(), prefix),
            None => self.section(BTreeMap::new(), self.table.clone(), prefix),
        }
    }

    /// The tables in the list `key`; nothing if it is not there.
    pub(crate) fn tables(&mut self, key: &'static str) -> Option<Vec<Self>> {
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

    /// The items of the list `key`, if it is set, each with its own place; those that cannot be read
    /// are left out.
    pub(crate) fn each<T>(
        &mut self,
        key: &'static str,
        parse: impl Fn(&Found<'_>) -> Result<T, String>,
    ) -> Option<Vec<T>> {
        let items = self.given(
            key,
            list(|found| Ok((found.value.clone(), found.is_untyped))),
        )?;
        let item = |(n, (value, is_untyped))| {
            let found = Found {
                value: &value,
                is_untyped,
            };
            let problem = |text: String| self.problem(&format!("{key}[{n}]"), text);
            parse(&found).map_err(problem).ok()
        };
        Some(items.into_iter().enumerate().filter_map(item).collect())
    }

    /// The tables in the list `key`, in which the text `x` stands for the table `{ short = "x" }`.
    pub(crate) fn tables_or_texts(&mut self, key: &'static str, short: &str) -> Option<Vec<Self>> {
        let items = self.given(key, list(|found| Ok(found.value.clone())))?;
        let items = items.into_iter().enumerate();
        let item = |(n, item): (usize, Value)| {
            let table = format!("{}[{n}]", self.path(key));
            if !matches!(item.kind, ValueKind::String(_)) {
                return self.child(item, table, String::new());
            }
            self.section(
                BTreeMap::from([(short.to_owned(), item)]),
                table,
                String::new(),
            )
        };
        Some(items.map(item).collect())
    }

    /// Leaves `key` unread, which has no meaning here, as `text` says.
    pub(crate) fn refuse(&mut self, key: &'static str, text: &str) {
        self.asked.push(key);
        if self.values.remove(key).is_some() {
            self.problem(key, text);
        }
    }

    /// Records a default of `key` that depends on other settings.
    pub(crate) fn shown_default(&self, key: &str, value: String) {
        self.record(key, Some(value), None, DEFAULT.to_owned());
    }

    /// Notes that `origin`, which `key` of this table names, is wrong.
    pub(crate) fn problem_in(&self, origin: String, key: &str, text: String) {
        self.report.problem_at(Some(origin), &self.path(key), text);
    }

    /// Notes that `key` of this table is wrong.
    pub(crate) fn problem(&self, key: &str, text: impl Into<String>) {
        self.report.problem(&self.path(key), text);
    }

    /// The place of `key` in the tree, such as `services[0].drones.min`.
    pub(crate) fn path(&self, key: &str) -> String {
        join(&self.table, &format!("{}{key}", self.prefix))
    }

    /// Reports the keys that nobody asked for.
    pub(crate) fn finish(self) {
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
        let (parsed, origin) = self.read(key, parse)?;
        self.record(key, Some(parsed.toml()), default, origin);
        Some(parsed)
    }

    /// The value of `key` and where it came from.
    fn read<T>(
        &mut self,
        key: &'static str,
        parse: impl Fn(&Found<'_>) -> Result<T, String>,
    ) -> Option<(T, String)> {
        self.asked.push(key);
        let value = self.values.remove(key)?;
        // Tables lose theirs in a merge.
        let origin = value.origin().map(str::to_owned);
        let origin = origin.or_else(|| self.report.place(&self.path(key)));
        let origin = origin.unwrap_or_default();
        let found = Found {
            value: &value,
            is_untyped: is_untyped(&origin),
        };
        match parse(&found) {
            Ok(parsed) => Some((parsed, origin)),
            Err(text) => {
                let origin = Some(origin).filter(|origin| !origin.is_empty());
                self.report.problem_at(origin, &self.path(key), text);
                None
            }
        }
    }

    fn record(&self, key: &str, value: Option<String>, default: Option<String>, origin: String) {
        self.report.record(Entry {
            table: self.table.clone(),
            key: format!("{}{key}", self.prefix),
            value,
            default,
            origin,
        });
    }

    fn child(&self, value: Value, table: String, prefix: String) -> Self {
        let is_no_table = !matches!(value.kind, ValueKind::Table(_));
        if is_no_table {
            let path = join(&table, prefix.trim_end_matches('.'));
            let text = format!("expected a table, found {}", kind(&value));
            self.report.problem(&path, text);
        }
        Self {
            is_no_table,
            ..self.section(children(value.kind), table, prefix)
        }
    }

    /// Notes that `key`, which must be set, is not, and how to do that.
    pub(crate) fn missing(&self, key: &str, remedy: &str) {
        if self.is_no_table {
            return; // which is the one thing to be said of it
        }
        self.problem(key, format!("is missing; {remedy}"));
    }

    fn wrong(&self, key: &str, wanted: &str, value: &Value) {
        let found = kind(value);
        self.problem(key, format!("expected {wanted}, found {found}"));
    }

    fn section(&self, values: BTreeMap<String, Value>, table: String, prefix: String) -> Self {
        Self {
            report: self.report,
            table,
            prefix,
            values,
            asked: Vec::new(),
            is_no_table: false,
        }
    }
}

pub(crate) fn join(table: &str, key: &str) -> String {
    match (table, key) {
        ("", _) => key.to_owned(),
        (_, "") => table.to_owned(),
        _ => format!("{table}.{key}"),
    }
}
