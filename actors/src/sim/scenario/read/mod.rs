//! Scenarios from files, in TOML: `config/scenarios/reference.toml` has every key.
//!
//! A file is read into the same values that the builder makes, and these are checked as the
//! builder's are. All that is wrong is found in one go, each with file and line: keys that do not
//! exist, values that cannot be read, that cannot be, or that do not go together. What is wrong
//! between several values is said only if all of them could be read.

mod clients;
mod faults;
mod network;
mod services;
#[cfg(test)]
mod tests;
mod trace;
mod values;

use std::path::{Path, PathBuf};

use super::{Problem, Scenario, ScenarioError, check};
use crate::toml_tree::layers::{Layers, Tree};
use crate::toml_tree::read::Section;
use crate::toml_tree::report::Report;
use crate::toml_tree::values::{any_text, at_least, domain};
use values::{expectation, length};

impl Scenario {
    /// Reads a scenario file. Files that it names start at its folder.
    ///
    /// # Errors
    /// [`ScenarioError`] with everything that is wrong, each with its line.
    pub fn from_file(path: impl AsRef<Path>) -> Result<Self, ScenarioError> {
        Self::file(path).load()
    }

    /// Reads a scenario from `text`, which messages call `name`. Files that it names start at the
    /// working directory.
    ///
    /// # Errors
    /// As [`from_file`](Self::from_file).
    pub fn from_toml(name: &str, text: &str) -> Result<Self, ScenarioError> {
        Self::toml(name, text).load()
    }

    /// A scenario file that is not read yet, to set other values in it.
    #[must_use]
    pub fn file(path: impl AsRef<Path>) -> ScenarioFile {
        let path = path.as_ref();
        ScenarioFile {
            name: path.display().to_string(),
            text: None,
            path: path.to_owned(),
            values: Vec::new(),
        }
    }

    /// The same with its text.
    #[must_use]
    pub fn toml(name: &str, text: &str) -> ScenarioFile {
        ScenarioFile {
            text: Some(text.to_owned()),
            path: PathBuf::new(),
            name: name.to_owned(),
            values: Vec::new(),
        }
    }
}

/// A scenario file that is not read yet, and values to be set in it.
#[derive(Debug, Clone)]
pub struct ScenarioFile {
    name: String,
    /// What it says; nothing if that is to be read.
    text: Option<String>,
    path: PathBuf,
    values: Vec<Setting>,
}

/// A value that somebody wants in place of the file's.
#[derive(Debug, Clone)]
struct Setting {
    path: String,
    value: String,
    origin: String,
}

impl ScenarioFile {
    /// Puts `value`, written as in the file, in the place of `path`, such as `services.0.drones.max`; a
    /// text may do without its quotes. A list is written just as in the file, and so is a table, of which only
    /// the keys that it has are set. Messages name `option`, such as `--sweep`, and the value.
    #[must_use]
    pub fn set(mut self, path: &str, value: &str, option: &str) -> Self {
        self.values.push(Setting {
            path: path.to_owned(),
            value: value.to_owned(),
            origin: format!("{option} {value}"),
        });
        self
    }

    /// Reads it.
    ///
    /// # Errors
    /// [`ScenarioError`] with everything that is wrong, each with its line, or with the option that
    /// set it.
    pub fn load(&self) -> Result<Scenario, ScenarioError> {
        let text = match &self.text {
            Some(text) => text.clone(),
            None => self.read().map_err(|text| {
                ScenarioError(vec![Problem {
                    origin: None,
                    path: String::new(),
                    text: format!("cannot read {}: {text}", self.name),
                }])
            })?,
        };
        // Nothing in a scenario is a date.
        let mut layers = Layers::new(|_| false);
        layers.text(&self.name, &text);
        for setting in &self.values {
            setting.put(&mut layers);
        }
        let tree = layers.merge().map_err(ScenarioError)?;
        read(tree, self).map_err(ScenarioError)
    }

    fn read(&self) -> Result<String, String> {
        let bytes = std::fs::read(&self.path).map_err(|error| error.to_string())?;
        String::from_utf8(bytes).map_err(|_| "it is not UTF-8".to_owned())
    }

    /// Where files that it names start.
    fn folder(&self) -> &Path {
        self.path.parent().unwrap_or_else(|| Path::new(""))
    }
}

impl Setting {
    fn put(&self, layers: &mut Layers) {
        let Some(path) = tree_path(&self.path) else {
            let text = "is no place of a setting; write one as services.0.drones.max";
            let text = format!("{:?} {text}", self.path);
            return layers.problem(Some(self.origin.clone()), text);
        };
        match missing(layers, &path) {
            Some(item) => {
                let remedy = match item.ends_with("[0]") {
                    true => "the file has none; add one there first",
                    false => "the first one is number 0",
                };
                let text = format!("there is no {item}; {remedy}");
                layers.problem(Some(self.origin.clone()), text);
            }
            None if self.value.starts_with(['[', '{', '"', '\'']) => {
                layers.set_written(&path, &self.value, &self.origin);
            }
            None => layers.set(&path, &self.value, &self.origin),
        }
    }
}

/// `services.0.drones.max` as `services[0].drones.max`; nothing if it is no path.
fn tree_path(path: &str) -> Option<String> {
    let is_part = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-');
    let mut out = String::new();
    for part in path.split('.') {
        if part.is_empty() || !part.bytes().all(is_part) {
            return None;
        }
        let is_number = part.bytes().all(|byte| byte.is_ascii_digit());
        match (is_number, out.is_empty()) {
            (true, true) => return None,
            (true, false) => out.push_str(&format!("[{part}]")),
            (false, true) => out.push_str(part),
            (false, false) => out.push_str(&format!(".{part}")),
        }
    }
    Some(out)
}

/// The first item of a list on the way to `path` that is not there: a merge would make it, and
/// empty ones before it.
fn missing<'a>(layers: &Layers, path: &'a str) -> Option<&'a str> {
    let ends = path.match_indices(']').map(|(at, _)| at + 1);
    let mut items = ends.filter_map(|end| path.get(..end));
    items.find(|item| !layers.places.has(item))
}

fn read(tree: Tree, file: &ScenarioFile) -> Result<Scenario, Vec<Problem>> {
    let (report, root) = Report::new(tree);
    let scenario = top(Section::root(&report, root), file);
    let is_readable = report.is_clean();
    let check::Flaws { alone, between } = check::flaws(&scenario);
    for flaw in alone {
        // What stands in for a value that could not be read is not to be blamed.
        if !report.has_problem(&flaw.path) {
            report.problem(&flaw.path, flaw.text);
        }
    }
    if is_readable {
        for flaw in between {
            report.problem(&flaw.path, flaw.text);
        }
    }
    report.finish().map(|_| scenario)
}

fn top(mut table: Section<'_>, file: &ScenarioFile) -> Scenario {
    let own_name = Path::new(&file.name).file_stem().unwrap_or_default();
    let mut scenario = Scenario::new(&own_name.to_string_lossy());
    fill(&mut scenario.name, table.given("name", any_text));
    fill(&mut scenario.seed, table.given("seed", at_least(0)));
    fill(&mut scenario.duration, table.given("duration", length));
    fill(&mut scenario.warmup, table.given("warmup", length));
    fill(&mut scenario.slices, table.given("slices", at_least(1)));
    fill(&mut scenario.domains, table.each("domains", domain));
    fill(
        &mut scenario.expectations,
        table.each("expect", expectation),
    );
    let folder = file.folder();
    scenario.routers = all(&mut table, "routers", |item| network::router(item, folder));
    scenario.hosts = all(&mut table, "hosts", |item| network::hosts(item, folder));
    scenario.services = all(&mut table, "services", |item| {
        services::served(item, folder)
    });
    scenario.clients = all(&mut table, "clients", |item| clients::clients(item, folder));
    scenario.faults = all(&mut table, "faults", |item| faults::fault(item, folder));
    table.finish();
    scenario
}

/// All items of a list of tables: each becomes one of the scenario, whatever is wrong with it, so
/// that their numbers stay.
fn all<'a, T>(
    table: &mut Section<'a>,
    key: &'static str,
    item: impl Fn(Section<'a>) -> T,
) -> Vec<T> {
    let items = table.tables(key).unwrap_or_default();
    items.into_iter().map(item).collect()
}

/// Puts a value that was given in the place of the default.
fn fill<T>(default: &mut T, given: Option<T>) {
    if let Some(given) = given {
        *default = given;
    }
}
