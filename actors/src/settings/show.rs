//! Values, and the settings in force, as TOML: the latter with where each value came from.

use std::fmt::Write;
use std::path::PathBuf;

use super::Password;
use super::model::{Address, ControlSocket};
use crate::toml_tree::Toml;
use crate::toml_tree::report::{DEFAULT, Entry};

/// Column of the comment behind a value.
pub(super) const COMMENT: usize = 44;

/// Renders `entries`: the tables in the order in which they were first met, each with all its keys.
pub(super) fn render(entries: &[Entry]) -> String {
    let mut tables: Vec<&str> = Vec::new();
    for entry in entries {
        if !tables.contains(&entry.table.as_str()) {
            tables.push(&entry.table);
        }
    }
    let mut out = String::new();
    for table in tables {
        if !table.is_empty() {
            let separator = if out.is_empty() { "" } else { "\n" };
            out.push_str(&format!("{separator}{}\n", header(table)));
        }
        for entry in entries.iter().filter(|entry| entry.table == table) {
            line(entry, &mut out);
        }
    }
    out
}

/// `services[0]` is an item of a list of tables: `[[services]]`.
fn header(table: &str) -> String {
    match table
        .strip_suffix(']')
        .and_then(|table| table.rsplit_once('['))
    {
        Some((list, _)) => format!("[[{list}]]"),
        None => format!("[{table}]"),
    }
}

fn line(entry: &Entry, out: &mut String) {
    let Entry {
        key, value, origin, ..
    } = entry;
    // Writing to a String does not fail.
    let _ = match value {
        Some(value) => writeln!(out, "{:<COMMENT$} # {origin}", format!("{key} = {value}")),
        None => writeln!(
            out,
            "{:<COMMENT$} # {DEFAULT}: {origin}",
            format!("# {key} is not set")
        ),
    };
}

impl Toml for (PathBuf, Password) {
    fn toml(&self) -> String {
        self.0.toml()
    }
}

impl Toml for Password {
    fn toml(&self) -> String {
        Self::HIDDEN.toml()
    }
}

impl Toml for Address {
    fn toml(&self) -> String {
        self.to_string().toml()
    }
}

impl Toml for ControlSocket {
    fn toml(&self) -> String {
        match self {
            Self::At(path) => format!("unix:{}", path.display()).toml(),
            Self::Nowhere => "".toml(),
        }
    }
}
