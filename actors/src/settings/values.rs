//! From what stands in a file to values that need no more checks, and back to TOML.
//!
//! A parser takes a [`Found`] value and says in one phrase what is wrong with it. A value from the
//! environment is always a text: numbers are read out of it, and lists are cut at commas.

use std::fmt;
use std::path::PathBuf;
use std::time::Duration;

use config::{Value, ValueKind};
use opensrf::ids;
use opensrf::jid::Jid;

use super::Password;
use super::model::{Address, ControlSocket};
use super::show::Toml;

/// Longest time that a setting may say; timers add it to the clock.
const LONGEST: Duration = Duration::from_secs(366 * 24 * 3600);

/// A value as it was set.
#[derive(Debug)]
pub(super) struct Found<'a> {
    pub(super) value: &'a Value,
    pub(super) is_variable: bool,
}

impl Found<'_> {
    fn text(&self) -> Result<&str, String> {
        match &self.value.kind {
            ValueKind::String(text) if text.trim().is_empty() => Err("is empty".to_owned()),
            ValueKind::String(text) => Ok(text),
            _ => Err(self.expected("a text in quotes")),
        }
    }

    fn integer(&self) -> Result<i64, String> {
        match &self.value.kind {
            ValueKind::I64(number) => Ok(*number),
            ValueKind::String(text) if self.is_variable => text
                .trim()
                .parse()
                .map_err(|_| self.expected("a whole number")),
            _ => Err(self.expected("a whole number")),
        }
    }

    fn number(&self) -> Result<f64, String> {
        match &self.value.kind {
            ValueKind::I64(number) => Ok(*number as f64),
            ValueKind::Float(number) => Ok(*number),
            ValueKind::String(text) if self.is_variable => {
                text.trim().parse().map_err(|_| self.expected("a number"))
            }
            _ => Err(self.expected("a number")),
        }
    }

    fn expected(&self, wanted: &str) -> String {
        format!("expected {wanted}, found {}", kind(self.value))
    }
}

/// What a value is, without saying it: it may be a password.
pub(super) fn kind(value: &Value) -> &'static str {
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

pub(super) fn any_text(found: &Found<'_>) -> Result<String, String> {
    found.text().map(str::to_owned)
}

pub(super) fn path(found: &Found<'_>) -> Result<PathBuf, String> {
    found.text().map(PathBuf::from)
}

/// A Jabber domain, lower-cased.
pub(super) fn domain(found: &Found<'_>) -> Result<String, String> {
    let text = found.text()?;
    let jid = Jid::parse(text).map_err(|error| format!("{text:?} is no domain: {error}"))?;
    if jid.local().is_some() || jid.resource().is_some() {
        return Err(format!(
            "{text:?} is an address; only its domain belongs here"
        ));
    }
    Ok(jid.as_str().to_owned())
}

/// The part of a Jabber address before the `@`, lower-cased.
pub(super) fn user(found: &Found<'_>) -> Result<String, String> {
    let text = found.text()?;
    let jid = Jid::new(text, "localhost", "x");
    let jid = jid.map_err(|error| format!("{text:?} is no user name: {error}"))?;
    Ok(jid.local().unwrap_or_default().to_owned())
}

/// A Jabber resource that no peer misreads: see [`ids::resource_part`].
pub(super) fn resource(found: &Found<'_>) -> Result<String, String> {
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

pub(super) fn address(found: &Found<'_>) -> Result<Address, String> {
    match listen(found)? {
        Address::Tcp(text) if text.ends_with(":0") => {
            Err(format!("{text:?} has no port to connect to"))
        }
        address => Ok(address),
    }
}

pub(super) fn listen(found: &Found<'_>) -> Result<Address, String> {
    let text = found.text()?;
    if let Some(path) = text.strip_prefix("unix:") {
        return match path {
            "" => Err("has no path after `unix:`".to_owned()),
            _ => Ok(Address::Unix(PathBuf::from(path))),
        };
    }
    let wrong = || format!("{text:?} is neither host:port nor unix:path");
    let (host, port) = text.rsplit_once(':').ok_or_else(wrong)?;
    let port: u16 = port.parse().map_err(|_| wrong())?;
    let is_bracketed = host.starts_with('[') && host.ends_with(']');
    let inner = host.trim_start_matches('[').trim_end_matches(']');
    let is_host = if is_bracketed {
        inner.parse::<std::net::Ipv6Addr>().is_ok()
    } else {
        Jid::parse(host).is_ok_and(|jid| jid.local().is_none() && jid.resource().is_none())
    };
    if is_host {
        Ok(Address::Tcp(format!("{host}:{port}")))
    } else {
        Err(wrong())
    }
}

/// A Unix socket, or an empty text for none.
pub(super) fn control(found: &Found<'_>) -> Result<ControlSocket, String> {
    if matches!(&found.value.kind, ValueKind::String(text) if text.is_empty()) {
        return Ok(ControlSocket::Nowhere);
    }
    match listen(found)? {
        Address::Unix(path) => Ok(ControlSocket::At(path)),
        Address::Tcp(text) => Err(format!(
            "{text:?} is no file of this machine; write unix:path, or \"\" for none"
        )),
    }
}

/// Any text but the one that stands for passwords where they are shown.
pub(super) fn password(found: &Found<'_>) -> Result<Password, String> {
    match found.text()? {
        Password::HIDDEN => Err("`***` stands for a password that is not shown".to_owned()),
        text => Ok(Password::new(text)),
    }
}

/// The path of a file with a password in its first line.
pub(super) fn password_file(found: &Found<'_>) -> Result<(PathBuf, Password), String> {
    let path = path(found)?;
    let text = std::fs::read_to_string(&path)
        .map_err(|error| format!("cannot read {}: {error}", path.display()))?;
    match text.lines().next().map(str::trim_end) {
        None | Some("") => Err(format!("{} has nothing in its first line", path.display())),
        Some(line) => Ok((path, Password::new(line))),
    }
}

/// Seconds, with a fraction if need be, above zero.
pub(super) fn duration(found: &Found<'_>) -> Result<Duration, String> {
    match duration_or_zero(found)? {
        Duration::ZERO => Err("is 0 seconds; must be more".to_owned()),
        duration => Ok(duration),
    }
}

/// Seconds, with a fraction if need be.
pub(super) fn duration_or_zero(found: &Found<'_>) -> Result<Duration, String> {
    let seconds = found.number()?;
    match Duration::try_from_secs_f64(seconds) {
        Ok(duration) if duration <= LONGEST => Ok(duration),
        Ok(_) => Err(format!("{seconds} seconds is more than a year")),
        Err(_) => Err(format!("{seconds} is no number of seconds")),
    }
}

/// A whole number of at least `least`.
pub(super) fn at_least<T>(least: T) -> impl Fn(&Found<'_>) -> Result<T, String>
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
pub(super) fn list<T>(
    parse: impl Fn(&Found<'_>) -> Result<T, String>,
) -> impl Fn(&Found<'_>) -> Result<Vec<T>, String> {
    let item = move |n: usize, value: &Value, is_variable| {
        let found = Found { value, is_variable };
        parse(&found).map_err(|text| format!("item {}: {text}", n + 1))
    };
    move |found| match &found.value.kind {
        ValueKind::Array(items) => {
            let items = items.iter().enumerate();
            items.map(|(n, value)| item(n, value, false)).collect()
        }
        ValueKind::String(text) if found.is_variable => {
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
pub(super) fn set<T: Toml + PartialEq>(
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
pub(super) fn some<T>(
    parse: impl Fn(&Found<'_>) -> Result<Vec<T>, String>,
) -> impl Fn(&Found<'_>) -> Result<Vec<T>, String> {
    move |found| match parse(found)? {
        items if items.is_empty() => Err("is empty; name at least one".to_owned()),
        items => Ok(items),
    }
}

/// One of a few words.
pub(super) fn word<T: Copy>(
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
            is_variable: false,
        })
    }

    fn variable<T>(
        parse: impl Fn(&Found<'_>) -> Result<T, String>,
        value: &str,
    ) -> Result<T, String> {
        let value = Value::new(None, value);
        parse(&Found {
            value: &value,
            is_variable: true,
        })
    }

    #[test]
    fn addresses_are_host_and_port_or_a_path() {
        let good = [
            "127.0.0.1:5222",
            "[::1]:5222",
            "hub.example.org:1",
            "unix:run/x.sock",
        ];
        for text in good {
            assert_eq!(read(address, text).unwrap().to_string(), text);
        }
        assert!(read(listen, "127.0.0.1:0").is_ok());
        for text in [
            "",
            "localhost",
            "localhost:",
            "a:70000",
            ":5222",
            "::1:5222",
            "unix:",
            "a:0",
        ] {
            assert!(read(address, text).is_err(), "{text}");
        }
    }

    #[test]
    fn domains_and_users_are_parts_of_jabber_addresses() {
        assert_eq!(
            read(domain, "Private.LocalHost").unwrap(),
            "private.localhost"
        );
        assert_eq!(read(user, "OpenSRF").unwrap(), "opensrf");
        for text in ["a@b", "b/c", "a b", ""] {
            assert!(read(domain, text).is_err(), "{text}");
        }
        for text in ["a@b", "a/b", "a:b", ""] {
            assert!(read(user, text).is_err(), "{text}");
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
