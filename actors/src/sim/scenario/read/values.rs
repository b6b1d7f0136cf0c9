//! Values that only scenarios have.

use std::path::Path;
use std::time::Duration;

use config::ValueKind;
use serde_json::Value as Json;

use crate::law::{Law, length};
use crate::sim::expect::Expectation;
use crate::sim::scenario::FaultKind;
use crate::toml_tree::json;
use crate::toml_tree::values::{Found, any_text, kind};

/// The units of bandwidth, in bytes a second.
const BANDWIDTHS: [(&str, f64); 10] = [
    ("B/s", 1.0),
    ("kB/s", 1e3),
    ("MB/s", 1e6),
    ("GB/s", 1e9),
    ("KiB/s", 1_024.0),
    ("MiB/s", 1_048_576.0),
    ("GiB/s", 1_073_741_824.0),
    ("kbit/s", 125.0),
    ("Mbit/s", 125e3),
    ("Gbit/s", 125e6),
];

/// A length of time with its unit.
pub(super) fn length(found: &Found<'_>) -> Result<Duration, String> {
    length::parse(time(found)?).map_err(|error| error.to_string())
}

/// A length of time that varies; files of it start at `folder`.
pub(super) fn law(folder: &Path) -> impl Fn(&Found<'_>) -> Result<Law, String> {
    move |found| Law::parse_beside(time(found)?, folder).map_err(|error| error.to_string())
}

fn time<'a>(found: &'a Found<'_>) -> Result<&'a str, String> {
    match &found.value.kind {
        ValueKind::String(_) => found.text(),
        _ => Err(found.expected("a length of time in quotes, such as \"5s\"")),
    }
}

/// Bytes a second: a number, or a text with a unit.
pub(super) fn bandwidth(found: &Found<'_>) -> Result<f64, String> {
    let ValueKind::String(text) = &found.value.kind else {
        return found.number();
    };
    let text = text.trim();
    let digits = text.trim_end_matches(|c: char| c.is_ascii_alphabetic() || c == '/');
    let unit = &text[digits.len()..];
    let number = digits.trim_end().parse::<f64>().ok();
    let bytes = match unit {
        "" if found.is_untyped => Some(1.0),
        _ => {
            let mut known = BANDWIDTHS.iter();
            known
                .find(|(known, _)| *known == unit)
                .map(|(_, bytes)| *bytes)
        }
    };
    number
        .zip(bytes)
        .map(|(number, bytes)| number * bytes)
        .ok_or_else(|| {
            format!("{text:?} is no bandwidth; write one as \"125MB/s\", \"1Gbit/s\" or 125000000")
        })
}

/// The kind of a fault; one with a figure has none yet.
pub(super) fn fault_kind(found: &Found<'_>) -> Result<FaultKind, String> {
    let text = found.text()?;
    FaultKind::from_word(text).ok_or_else(|| {
        let words: Vec<_> = FaultKind::words().map(|word| format!("{word:?}")).collect();
        format!("{text:?} is none of {}", words.join(", "))
    })
}

pub(super) fn expectation(found: &Found<'_>) -> Result<Expectation, String> {
    Expectation::parse(found.text()?).map_err(|error| error.to_string())
}

/// Parameters of a method, as a JSON list.
pub(super) fn params(found: &Found<'_>) -> Result<Json, String> {
    match (&found.value.kind, found.is_untyped) {
        (ValueKind::Array(_), _) => json::of(found.value),
        (ValueKind::String(text), true) => match serde_json::from_str(text) {
            Ok(list @ Json::Array(_)) => Ok(list),
            _ => Err(format!("{text:?} is no JSON list, such as [1, 2]")),
        },
        _ => Err(format!(
            "expected a list in [brackets], found {}",
            kind(found.value)
        )),
    }
}

/// The name of a service on board that needs no settings.
pub(super) fn on_board(found: &Found<'_>) -> Result<crate::service::Service, String> {
    let name = any_text(found)?;
    let make = |name: &str| crate::services::by_name(name, &Json::Null)?.ok();
    make(&name).ok_or_else(|| {
        let known: Vec<_> = crate::services::NAMES
            .into_iter()
            .filter(|name| make(name).is_some())
            .collect();
        let wrong = match crate::services::NAMES.contains(&name.as_str()) {
            true => "needs settings, which a scenario does not give",
            false => "is not on board",
        };
        format!("{name:?} {wrong}; there are: {}", known.join(", "))
    })
}
