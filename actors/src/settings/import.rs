//! Files of the original as one TOML file, each line with where it came from.

use std::ffi::OsString;
use std::fmt::Write;
use std::path::{Path, PathBuf};

use opensrf::original::import::Imported;
use opensrf::original::item::{Item, Note, Table, Value, Weight};

use super::error::SettingsError;
use super::free::{self, key_toml};
use super::original::{OriginalFile, Originals, is_xml};
use super::show::COMMENT;
use super::{Settings, machine_name};
use crate::toml_tree::{Problem, Toml};

/// What to import, and how.
#[derive(Debug, Clone, Default)]
pub struct Import {
    /// `opensrf_core.xml`, `opensrf.xml` or `srfsh.xml`, in any order.
    pub files: Vec<PathBuf>,
    /// The host whose section of `opensrf.xml` counts; chosen if absent.
    pub host: Option<String>,
    /// Whether an embedded server takes the place of the one in the files.
    pub is_embedded: bool,
    /// The environment, for `OSRF_HOSTNAME`.
    pub variables: Vec<(OsString, OsString)>,
}

/// A TOML file made from files of the original.
#[derive(Debug)]
pub struct Outcome {
    /// The file.
    pub toml: String,
    /// What could not be carried over.
    pub notes: Vec<Note>,
    /// What the file still lacks to be right.
    pub lacks: Vec<Problem>,
}

impl Import {
    /// Reads the files and writes the TOML.
    ///
    /// # Errors
    /// [`SettingsError::Invalid`] if a file cannot be read or is no XML, or if what it is for cannot
    /// run.
    pub fn run(self) -> Result<Outcome, SettingsError> {
        let mut problems = Vec::new();
        let files = self.files.iter().map(|path| read(path));
        let files: Vec<OriginalFile> = files
            .filter_map(|file| file.map_err(|problem| problems.push(problem)).ok())
            .collect();
        let originals = Originals {
            is_embedded: self.is_embedded,
            has_apps: files.iter().any(OriginalFile::has_apps),
            host: self.host.or_else(|| Originals::host_in(&self.variables)),
            machine: machine_name(),
        };
        let imported = files.iter();
        let imported: Vec<Imported> = imported
            .flat_map(|file| originals.read(file, &mut problems))
            .collect();
        let notes = imported.iter().flat_map(|one| &one.notes);
        let faults = notes.filter(|note| note.weight == Weight::Fault);
        problems.extend(faults.map(Problem::from));
        if !problems.is_empty() {
            return Err(SettingsError::Invalid(problems));
        }
        let toml = write(&imported);
        let loaded = Settings::loader().text("the written file", &toml).load();
        Ok(Outcome {
            toml,
            notes: imported.into_iter().flat_map(|one| one.notes).collect(),
            lacks: match loaded {
                Err(SettingsError::Invalid(problems)) => problems,
                _ => Vec::new(),
            },
        })
    }
}

fn read(path: &Path) -> Result<OriginalFile, Problem> {
    let problem = |text: String| Problem {
        origin: Some(path.display().to_string()),
        path: String::new(),
        text,
    };
    let bytes = std::fs::read(path).map_err(|error| problem(format!("cannot read: {error}")))?;
    if !is_xml(&bytes) {
        return Err(problem("is no XML; TOML needs no import".to_owned()));
    }
    OriginalFile::parse(path, &bytes)
}

const HEAD: &str = "\
# Made by `opensrf config import` from files of OpenSRF. Behind each setting stands the line that it
# comes from. Passwords are in it: let nobody else read it (chmod 600).
";

fn write(imported: &[Imported]) -> String {
    let mut out = HEAD.to_owned();
    for (name, item) in imported.iter().flat_map(|one| &one.settings.0) {
        match &item.value {
            Value::Table(members) => {
                heading(&format!("[{name}]"), &item.origin, &mut out);
                table(name, members, &mut out);
            }
            Value::List(items) => tables(name, items, &mut out),
            Value::Text(_) | Value::Number(_) | Value::Free(_) => line(name, item, &mut out),
        }
    }
    out
}

fn heading(text: &str, origin: &str, out: &mut String) {
    out.push('\n');
    commented(text, origin, out);
}

/// Keys first: what follows the header of another table would belong to that one.
fn table(name: &str, members: &Table, out: &mut String) {
    keys("", members, out);
    for (key, item) in &members.0 {
        let path = format!("{name}.{}", key_toml(key));
        match &item.value {
            Value::List(items) if are_tables(items) => tables(&path, items, out),
            Value::Free(json) => {
                heading(&format!("[{path}]"), &item.origin, out);
                for (key, value) in json.as_object().into_iter().flatten() {
                    let value = free::write(value, |_| false);
                    let _ = writeln!(out, "{} = {value}", key_toml(key));
                }
            }
            _ => {}
        }
    }
}

fn keys(prefix: &str, members: &Table, out: &mut String) {
    for (key, item) in &members.0 {
        let key = format!("{prefix}{}", key_toml(key));
        match &item.value {
            Value::Table(members) => keys(&format!("{key}."), members, out),
            Value::List(items) if are_tables(items) => {}
            Value::Free(_) => {}
            _ => line(&key, item, out),
        }
    }
}

fn tables(name: &str, items: &[Item], out: &mut String) {
    for item in items {
        if let Value::Table(members) = &item.value {
            heading(&format!("[[{name}]]"), &item.origin, out);
            table(name, members, out);
        }
    }
}

fn are_tables(items: &[Item]) -> bool {
    let is_table = |item: &Item| matches!(item.value, Value::Table(_));
    !items.is_empty() && items.iter().all(is_table)
}

fn line(key: &str, item: &Item, out: &mut String) {
    let value = value(&item.value);
    commented(&format!("{key} = {value}"), &item.origin, out);
}

fn value(value_: &Value) -> String {
    match value_ {
        Value::Text(text) => text.toml(),
        Value::Number(number) => number.to_string(),
        Value::List(items) => {
            let items: Vec<String> = items.iter().map(|item| value(&item.value)).collect();
            format!("[{}]", items.join(", "))
        }
        Value::Free(json) => free::write(json, |_| false),
        // Tables have headers, or keys with a dot.
        Value::Table(_) => "{}".to_owned(),
    }
}

fn commented(text: &str, origin: &str, out: &mut String) {
    let origin = origin.replace(char::is_control, "?");
    // Writing to a String does not fail.
    let _ = writeln!(out, "{text:<COMMENT$} # {origin}");
}
