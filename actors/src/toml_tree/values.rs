//! From what stands in a file to values that need no more checks.
//!
//! A parser takes a [`Found`] value and says in one phrase what is wrong with it. A value from the
//! environment or the command line is always a text: numbers are read out of it, and lists are
//! cut at commas.

use std::fmt;
use std::path::PathBuf;
use std::time::Duration;

use config::{Value, ValueKind};
use opensrf::ids;
use opensrf::jid::Jid;

use super::toml::Toml;

/// Longest time that a setting may say; timers add it to the clock.
pub(crate) const LONGEST: Duration = Duration::from_secs(366 * 24 * 3600);

/// A value as it was set.
#[derive(Debug)]
pub(crate) struct Found<'a> {
    pub(crate) value: &'a Value,
    pub(crate) is_untyped: bool,
}

impl Found<'_> {
    pub(crate) fn text(&self) -> Result<&str, String> {
        match &self.value.kind {
            ValueKind::String(text) if text.trim().is_empty() => Err("is empty".to_owned()),
            ValueKind::String(text) => Ok(text),
            _ => Err(self.expected("a text in quotes")),
        }
    }

    fn integer(&self) -> Result<i64, String> {
        match &self.value.kind {
            ValueKind::I64(number) => Ok(*number),
            ValueKind::String(text) if self.is_untyped => text
                .trim()
                .parse()
                .map_err(|_| self.expected("a whole number")),
            _ => Err(self.expected("a whole number")),
        }
    }

    pub(crate) fn number(&self) -> Result<f64, String> {
        match &self.value.kind {
            ValueKind::I64(number) => Ok(*number as f64),
            ValueKind::Float(number) => Ok(*number),
            ValueKind::String(text) if self.is_untyped => {
                text.trim().parse().map_err(|_| self.expected("a number"))
            }
            _ => Err(self.expected("a number")),
        }
    }

    pub(crate) fn expected(&self, wanted: &str) -> String {
        format!("expected {wanted}, found {}", kind(self.value))
    }
}

/// What a value is, without saying it: it may be a password.
pub(crate) fn kind(value: &Value) -> &'static str {
    match value.kind {
        ValueKind::Nil => "nothing",
        ValueKind::Boolean(_) => "true or false",
        ValueKind::Float(_) => "a fraction",
        ValueKind::String(_) => "a text",
        ValueKind::Table(_) => "a table",
        ValueKind::Array(_) => "a list",
        _ => "a whole number",
    }
}

/// `true` or `false`.
pub(crate) fn truth(found: &Found<'_>) -> Result<bool, String> {
    match &found.value.kind {
        ValueKind::Boolean(yes) => Ok(*yes),
        ValueKind::String(text) if found.is_untyped => text
            .trim()
            .parse()
            .map_err(|_| found.expected("true or false")),
        _ => Err(found.expected("true or false")),
    }
}

pub(crate) fn number(found: &Found<'_>) -> Result<f64, String> {
    found.number()
}

pub(crate) fn any_text(found: &Found<'_>) -> Result<String, String> {
    found.text().map(str::to_owned)
}

pub(crate) fn path(found: &Found<'_>) -> Result<PathBuf, String> {
    found.text().map(PathBuf::from)
}

/// A Jabber domain, lower-cased.
pub(crate) fn domain(found: &Found<'_>) -> Result<String, String> {
    let text = found.text()?;
    let jid = Jid::parse(text).map_err(|error| format!("{text:?} is no domain: {error}"))?;
    if jid.local().is_some() || jid.resource().is_some() {
        return Err(format!(
            "{text:?} is an address; only its domain belongs here"
        ));
    }
    Ok(jid.as_str().to_owned())
}

/// A Jabber resource that no peer misreads: see [`ids::resource_part`].
pub(crate) fn resource(found: &Found<'_>) -> Result<String, String> {
    let text = found.text()?;
    if let Some(c) = text
        .chars()
        .find(|c| ids::resource_part(&c.to_string()) != c.to_string())
    {
        return Err(format!(
            "{c:?} cannot stand in {text:?}; letters, digits and . - _ : can"
        ));
    }
    match Jid::new("x", "localhost", text) {
        Ok(_) => Ok(text.to_owned()),
        Err(error) => Err(error.to_string()),
    }
}

/// Seconds, with a fraction if need be, above zero.
pub(crate) fn duration(found: &Found<'_>) -> Result<Duration, String> {
    match duration_or_zero(found)? {
        Duration::ZERO => Err("is 0 seconds; must be more".to_owned()),
        duration => Ok(duration),
    }
}

/// Seconds, with a fraction if need be.
pub(crate) fn duration_or_zero(found: &Found<'_>) -> Result<Duration, String> {
    let seconds = found.number()?;
    match Duration::try_from_secs_f64(seconds) {
        Ok(duration) if duration <= LONGEST => Ok(duration),
        Ok(_) => Err(format!("{seconds} seconds is more than a year")),
        Err(_) => Err(format!("{seconds} is no number of seconds")),
    }
}

/// A whole number of at least `least`.
pub(crate) fn at_least<T>(least: T) -> impl Fn(&Found<'_>) -> Result<T, String>
where
    T: TryFrom<i64> + PartialOrd + fmt::Display,
{
    move |found| {
        let number = found.integer()?;
        match T::try_from(number) {
            Ok(value) if value >= least => Ok(value),
            _ if number > 0 && T::try_from(number).is_err() => {
                Err(format!("{number} is too large"))
            }
            _ => Err(format!("{number} is less than {least}")),
        }
    }
}

/// A list, each item read by `parse`.
pub(crate) fn list<T>(
    parse: impl Fn(&Found<'_>) -> Result<T, String>,
) -> impl Fn(&Found<'_>) -> Result<Vec<T>, String> {
    let item = move |n: usize, value: &Value, is_untyped| {
        let found = Found { value, is_untyped };
        parse(&found).map_err(|text| format!("item {}: {text}", n + 1))
    };
    move |found| match &found.value.kind {
        ValueKind::Array(items) => {
            let items = items.iter().enumerate();
            items.map(|(n, value)| item(n, value, false)).collect()
        }
        ValueKind::String(text) if found.is_untyped => {
            let items = text
                .split(',')
                .map(str::trim)
                .filter(|item| !item.is_empty());
            let items = items.map(|text| Value::new(None, text)).enumerate();
            items.map(|(n, value)| item(n, &value, true)).collect()
        }
        _ => Err(found.expected("a list in [brackets]")),
    }
}

/// The same list, unless something stands in it twice.
pub(crate) fn set<T: Toml + PartialEq>(
    parse: impl Fn(&Found<'_>) -> Result<Vec<T>, String>,
) -> impl Fn(&Found<'_>) -> Result<Vec<T>, String> {
    move |found| {
        let items = parse(found)?;
        let twice = items
            .iter()
            .enumerate()
            .find(|(n, item)| items[..*n].contains(item));
        match twice {
            Some((_, item)) => Err(format!("{} stands there twice", item.toml())),
            None => Ok(items),
        }
    }
}

/// The same list, unless it is empty.
pub(crate) fn some<T>(
    parse: impl Fn(&Found<'_>) -> Result<Vec<T>, String>,
) -> impl Fn(&Found<'_>) -> Result<Vec<T>, String> {
    move |found| match parse(found)? {
        items if items.is_empty() => Err("is empty; name at least one".to_owned()),
        items => Ok(items),
    }
}

/// One of a few words.
pub(crate) fn word<T: Copy>(
    words: &'static [(&'static str, T)],
) -> impl Fn(&Found<'_>) -> Result<T, String> {
    move |found| {
        let text = found.text()?;
        let known = words.iter().find(|(word, _)| *word == text);
        known.map(|(_, value)| *value).ok_or_else(|| {
            let words: Vec<_> = words.iter().map(|(word, _)| format!("{word:?}")).collect();
            format!("{text:?} is none of {}", words.join(", "))
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read<T>(
        parse: impl Fn(&Found<'_>) -> Result<T, String>,
        value: impl Into<ValueKind>,
    ) -> Result<T, String> {
        let value = Value::new(None, value);
        parse(&Found {
            value: &value,
            is_untyped: false,
        })
    }

    fn variable<T>(
        parse: impl Fn(&Found<'_>) -> Result<T, String>,
        value: &str,
    ) -> Result<T, String> {
        let value = Value::new(None, value);
        parse(&Found {
            value: &value,
            is_untyped: true,
        })
    }

    #[test]
    fn domains_are_parts_of_jabber_addresses() {
        assert_eq!(
            read(domain, "Private.LocalHost").unwrap(),
            "private.localhost"
        );
        for text in ["a@b", "b/c", "a b", ""] {
            assert!(read(domain, text).is_err(), "{text}");
        }
    }

    #[test]
    fn a_resource_has_no_character_that_peers_misread() {
        assert!(read(resource, "opensrf.math_2:a-b").is_ok());
        for text in ["a/b", "a@b", "a b", "a&b", "ä", ""] {
            assert!(read(resource, text).is_err(), "{text}");
        }
    }

    #[test]
    fn seconds_may_have_a_fraction() {
        assert_eq!(read(duration, 0.25), Ok(Duration::from_millis(250)));
        assert_eq!(read(duration, 3_i64), Ok(Duration::from_secs(3)));
        assert_eq!(variable(duration, "1.5"), Ok(Duration::from_millis(1500)));
        for seconds in [0.0, -1.0, 1e9, f64::NAN, f64::INFINITY] {
            assert!(read(duration, seconds).is_err(), "{seconds}");
        }
        assert!(
            read(duration, "3").is_err(),
            "a text in a file is no number"
        );
    }

    #[test]
    fn numbers_have_bounds() {
        assert_eq!(
            read(at_least(1_u32), 0_i64),
            Err("0 is less than 1".to_owned())
        );
        let large = read(at_least(1_u32), 5_000_000_000_i64);
        assert_eq!(large, Err("5000000000 is too large".to_owned()));
        assert_eq!(variable(at_least(1_u32), "7"), Ok(7));
    }

    #[test]
    fn a_variable_holds_a_list_between_commas() {
        let parse = set(list(domain));
        assert_eq!(variable(&parse, "a, b").unwrap(), ["a", "b"]);
        assert_eq!(
            variable(&parse, "a,a"),
            Err("\"a\" stands there twice".to_owned())
        );
        assert!(read(&parse, "a,b").is_err());
    }
}
