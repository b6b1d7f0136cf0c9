//! What a service is given: the free table `[services.settings]` of the configuration.
//!
//! The values may come from a configuration of the original, whose XML knows only texts and whole
//! numbers, and gives one element as a value and several as a list. So a text may stand for a number
//! or a truth, and a text with commas for a list. What is missing, wrong or unknown is an error that
//! names its key, at the start of the host and not at the first call.

use std::time::Duration;

use opensrf::interval;
use serde_json::{Map, Value};

use crate::service::ServiceError;

/// A table of settings, and where it stands.
#[derive(Debug)]
pub(crate) struct Given<'a> {
    service: &'a str,
    /// The key of the table with a dot behind it; empty at the top.
    path: String,
    table: Option<&'a Map<String, Value>>,
}

impl<'a> Given<'a> {
    /// The settings of `service`; null stands for none.
    pub(crate) fn new(service: &'a str, settings: &'a Value) -> Result<Self, ServiceError> {
        Self::at(service, String::new(), settings)
    }

    /// A table at `key` with nothing in it.
    pub(crate) fn empty(&self, key: &str) -> Self {
        Self {
            service: self.service,
            path: format!("{}{key}.", self.path),
            table: None,
        }
    }

    fn at(service: &'a str, path: String, value: &'a Value) -> Result<Self, ServiceError> {
        let table = match value {
            Value::Null => None,
            Value::Object(table) => Some(table),
            // An empty element of XML is an empty text to some readers.
            Value::String(text) if text.trim().is_empty() => None,
            other => {
                let key = if path.is_empty() { "settings" } else { &path };
                let problem = format!("expected a table and found {other}");
                return Err(wrong(service, key.trim_end_matches('.'), problem));
            }
        };
        Ok(Self {
            service,
            path,
            table,
        })
    }

    /// Refuses all keys but these.
    pub(crate) fn only(&self, known: &[&str]) -> Result<(), ServiceError> {
        match self.keys().find(|key| !known.contains(key)) {
            None => Ok(()),
            Some(key) if known.is_empty() => Err(self.wrong(key, "no setting is known here")),
            Some(key) => Err(self.wrong(key, format!("unknown; known are {}", known.join(", ")))),
        }
    }

    /// All keys, in order.
    pub(crate) fn keys(&self) -> impl Iterator<Item = &'a str> + use<'a> {
        self.table
            .into_iter()
            .flat_map(|table| table.keys().map(String::as_str))
    }

    /// The value as it is; null counts as none.
    pub(crate) fn value(&self, key: &str) -> Option<&'a Value> {
        self.table?.get(key).filter(|value| !value.is_null())
    }

    /// The table at `key`; an empty one if there is none.
    pub(crate) fn table(&self, key: &str) -> Result<Self, ServiceError> {
        let value = self.value(key).unwrap_or(&Value::Null);
        Self::at(self.service, format!("{}{key}.", self.path), value)
    }

    /// A text that is not empty; a number counts as one.
    pub(crate) fn text(&self, key: &str) -> Result<Option<String>, ServiceError> {
        let Some(value) = self.value(key) else {
            return Ok(None);
        };
        match text(value) {
            Some(text) if text.is_empty() => Err(self.wrong(key, "is empty")),
            Some(text) => Ok(Some(text)),
            None => Err(self.wrong(key, format!("expected a text and found {value}"))),
        }
    }

    /// Texts: a list of them, or one text in which commas part them.
    pub(crate) fn texts(&self, key: &str) -> Result<Vec<String>, ServiceError> {
        let items = match self.value(key) {
            None => return Ok(Vec::new()),
            Some(Value::Array(items)) => items.iter().map(text).collect(),
            Some(value) => text(value).map(|text| text.split(',').map(str::to_owned).collect()),
        };
        let texts: Option<Vec<String>> = items;
        let texts = texts.ok_or_else(|| self.wrong(key, "expected a list of texts"))?;
        let trimmed = texts.iter().map(|text| text.trim().to_owned());
        Ok(trimmed.filter(|text| !text.is_empty()).collect())
    }

    /// A truth: true or false, 1 or 0, also as texts. `default` if there is none.
    pub(crate) fn truth(&self, key: &str, default: bool) -> Result<bool, ServiceError> {
        let Some(value) = self.value(key) else {
            return Ok(default);
        };
        match value.to_string().trim_matches('"') {
            "true" | "1" => Ok(true),
            "false" | "0" => Ok(false),
            _ => Err(self.wrong(key, format!("expected true or false and found {value}"))),
        }
    }

    /// An interval: a number of seconds, or such as `1 day`. `default` if there is none.
    pub(crate) fn interval(&self, key: &str, default: Duration) -> Result<Duration, ServiceError> {
        match self.text(key)? {
            None => Ok(default),
            Some(text) => interval::parse(&text).map_err(|error| self.wrong(key, error)),
        }
    }

    /// The error that `key` is wrong, or missing, with the remedy.
    pub(crate) fn wrong(&self, key: &str, problem: impl ToString) -> ServiceError {
        wrong(self.service, &format!("{}{key}", self.path), problem)
    }
}

fn wrong(service: &str, key: &str, problem: impl ToString) -> ServiceError {
    ServiceError::Setting {
        service: service.to_owned(),
        key: key.to_owned(),
        problem: problem.to_string(),
    }
}

fn text(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.trim().to_owned()),
        Value::Number(number) => Some(number.to_string()),
        Value::Null | Value::Bool(_) | Value::Array(_) | Value::Object(_) => None,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_value_is_read_from_toml_and_from_xml() {
        let settings = json!({
            "name": " x ", "port": 7, "wait": "2 min", "seconds": 90,
            "yes": [true, 1, "1", "true"], "list": ["a", " b "], "line": "a, b,",
            "none": null, "inner": {"key": "y"}, "empty": "",
        });
        let given = Given::new("test", &settings).unwrap();
        assert_eq!(given.text("name").unwrap().as_deref(), Some("x"));
        assert_eq!(given.text("port").unwrap().as_deref(), Some("7"));
        assert_eq!(given.text("none").unwrap(), None);
        let seconds = |key| given.interval(key, Duration::from_secs(5)).unwrap();
        let told = ["wait", "seconds", "none"].map(|key| seconds(key).as_secs());
        assert_eq!(told, [120, 90, 5]);
        for value in settings["yes"].as_array().unwrap() {
            let settings = json!({ "key": value });
            let given = Given::new("test", &settings).unwrap();
            assert!(given.truth("key", false).unwrap(), "{value}");
        }
        for key in ["list", "line"] {
            assert_eq!(given.texts(key).unwrap(), ["a", "b"]);
        }
        let inner = given.table("inner").unwrap();
        assert_eq!(inner.keys().collect::<Vec<_>>(), ["key"]);
        assert_eq!(given.table("empty").unwrap().keys().count(), 0);
        assert_eq!(Given::new("test", &Value::Null).unwrap().keys().count(), 0);
    }

    #[test]
    fn what_is_wrong_is_named_with_its_key() {
        let settings =
            json!({"a": {"b": {"n": [1], "t": "maybe", "w": "soon", "l": [[1]]}}, "c": 3});
        let given = Given::new("test", &settings).unwrap();
        let (a, c) = (given.table("a").unwrap(), given.table("c").unwrap_err());
        let b = a.table("b").unwrap();
        let told = [
            c,
            b.text("n").unwrap_err(),
            b.truth("t", true).unwrap_err(),
            b.interval("w", Duration::ZERO).unwrap_err(),
            b.texts("l").unwrap_err(),
            b.only(&["n", "t", "w"]).unwrap_err(),
            Given::new("test", &json!([])).unwrap_err(),
        ];
        let expected = [
            "service test: setting c: expected a table and found 3",
            "service test: setting a.b.n: expected a text and found [1]",
            "service test: setting a.b.t: expected true or false and found \"maybe\"",
            "service test: setting a.b.w: \"soon\" is no number: write an interval such as \"1 day, 2 hours and 35 minutes\"",
            "service test: setting a.b.l: expected a list of texts",
            "service test: setting a.b.l: unknown; known are n, t, w",
            "service test: setting settings: expected a table and found []",
        ];
        assert_eq!(told.map(|error| error.to_string()), expected);
    }
}
