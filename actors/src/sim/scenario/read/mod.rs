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
use crate::toml_tree::layers::{Layers, SWEEP, Tree};
use crate::toml_tree::read::{Report, Section};
use crate::toml_tree::values::{any_text, at_least, domain};
use values::{expectation, length};

impl Scenario {
    /// Reads a scenario file. Files that it names start at its folder.
    ///
    /// # Errors
    /// [`ScenarioError`] with everything that is wrong, each with its line.
    pub fn from_file(path: impl AsRef<Path>) -> Result<Self, ScenarioError> {
        ScenarioFile::open(path)?.scenario()
    }

    /// Reads a scenario from `text`, which messages call `name`. Files that it names start at the
    /// working directory.
    ///
    /// # Errors
    /// As [`from_file`](Self::from_file).
    pub fn from_toml(name: &str, text: &str) -> Result<Self, ScenarioError> {
        ScenarioFile::new(name, text).scenario()
    }
}

/// A scenario file that is not read yet, to be read with other values again and again.
#[derive(Debug, Clone)]
pub struct ScenarioFile {
    name: String,
    text: String,
    folder: PathBuf,
}

impl ScenarioFile {
    /// The text of a scenario, which messages call `name`. Files that it names start at the working
    /// directory.
    #[must_use]
    pub fn new(name: &str, text: &str) -> Self {
        Self {
            name: name.to_owned(),
            text: text.to_owned(),
            folder: PathBuf::new(),
        }
    }

    /// The text of a file. Files that it names start at its folder.
    ///
    /// # Errors
    /// [`ScenarioError`] if there is no such file, or no text in it.
    pub fn open(path: impl AsRef<Path>) -> Result<Self, ScenarioError> {
        let path = path.as_ref();
        let name = path.display().to_string();
        let problem = |text: String| {
            ScenarioError(vec![Problem {
                origin: None,
                path: String::new(),
                text: format!("cannot read {name}: {text}"),
            }])
        };
        let bytes = std::fs::read(path).map_err(|error| problem(error.to_string()))?;
        let text = String::from_utf8(bytes).map_err(|_| problem("it is not UTF-8".to_owned()))?;
        Ok(Self {
            text,
            folder: path.parent().unwrap_or(Path::new("")).to_owned(),
            name,
        })
    }

    /// The scenario.
    ///
    /// # Errors
    /// [`ScenarioError`] with everything that is wrong, each with its line.
    pub fn scenario(&self) -> Result<Scenario, ScenarioError> {
        self.scenario_with(&[])
    }

    /// The scenario with other values in some places, as the option `--sweep` gives them: a path,
    /// such as `services.0.drones.max`, and a value as it stands in the file, without quotes.
    ///
    /// # Errors
    /// As [`scenario`](Self::scenario); what is wrong because of such a value has the option in
    /// place of the line.
    pub fn scenario_with(&self, values: &[(&str, &str)]) -> Result<Scenario, ScenarioError> {
        // Nothing in a scenario is a date.
        let mut layers = Layers::new(|_| false);
        layers.text(&self.name, &self.text);
        for (path, value) in values {
            set(&mut layers, path, value);
        }
        let tree = layers.merge().map_err(ScenarioError)?;
        read(tree, self).map_err(ScenarioError)
    }
}

/// Sets a value as a sweep says.
fn set(layers: &mut Layers, path: &str, value: &str) {
    let origin = format!("{SWEEP}{path}={value}");
    match tree_path(path) {
        None => {
            let text = "is no place of a setting; write one as services.0.drones.max";
            layers.problem(Some(origin), format!("{path:?} {text}"));
        }
        Some(tree_path) => match missing(layers, &tree_path) {
            Some(item) => {
                let text = format!("there is no {item}; the first one is number 0");
                layers.problem(Some(origin), text);
            }
            None => layers.set(&tree_path, value, &origin),
        },
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
    let folder = &file.folder;
    scenario.routers = all(&mut table, "routers", |item| network::router(item, folder));
    scenario.hosts = all(&mut table, "hosts", |item| network::hosts(item, folder));
    scenario.services = all(&mut table, "services", |item| services::served(item, folder));
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
