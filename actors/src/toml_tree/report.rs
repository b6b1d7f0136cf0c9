//! What was met while a tree was read.

use std::cell::RefCell;
use std::collections::BTreeMap;

use config::Value;

use super::layers::{Places, Tree};
use super::problem::Problem;

/// What is said of a key that nobody set.
pub(crate) const DEFAULT: &str = "default";

/// One setting as it is in force.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Entry {
    /// The table, such as `bus` or `services[0]`; empty at the top.
    pub(crate) table: String,
    /// The key in it, such as `account.user`.
    pub(crate) key: String,
    /// The value as TOML; nothing if it is not set and has no default.
    pub(crate) value: Option<String>,
    /// The default as TOML, if there is one.
    pub(crate) default: Option<String>,
    /// Who set it; for a key that is not set, what that means.
    pub(crate) origin: String,
}

/// What was met while reading.
#[derive(Debug)]
pub(crate) struct Report {
    places: Places,
    entries: RefCell<Vec<Entry>>,
    problems: RefCell<Vec<Problem>>,
}

impl Report {
    pub(crate) fn new(tree: Tree) -> (Self, BTreeMap<String, Value>) {
        let report = Self {
            places: tree.places,
            entries: RefCell::default(),
            problems: RefCell::default(),
        };
        (report, tree.root)
    }

    /// Notes that the setting `path` is wrong, at the place where it was set.
    pub(crate) fn problem(&self, path: &str, text: impl Into<String>) {
        self.problem_at(self.places.of(path), path, text.into());
    }

    pub(super) fn problem_at(&self, origin: Option<String>, path: &str, text: String) {
        self.problems.borrow_mut().push(Problem {
            origin,
            path: path.to_owned(),
            text,
        });
    }

    pub(super) fn record(&self, entry: Entry) {
        self.entries.borrow_mut().push(entry);
    }

    /// Where what is at `path` comes from.
    pub(super) fn place(&self, path: &str) -> Option<String> {
        self.places.of(path)
    }

    /// Whether something has been found wrong at `path`, within it or around it.
    pub(crate) fn has_problem(&self, path: &str) -> bool {
        let is_within = |inner: &str, outer: &str| {
            let rest = inner.strip_prefix(outer);
            rest.is_some_and(|rest| rest.is_empty() || rest.starts_with(['.', '[']))
        };
        let problems = self.problems.borrow();
        problems.iter().any(|problem| {
            !problem.path.is_empty()
                && (is_within(path, &problem.path) || is_within(&problem.path, path))
        })
    }

    /// Whether nothing has been found wrong yet.
    pub(crate) fn is_clean(&self) -> bool {
        self.problems.borrow().is_empty()
    }

    /// All settings, or all problems.
    pub(crate) fn finish(self) -> Result<Vec<Entry>, Vec<Problem>> {
        let problems = self.problems.into_inner();
        if problems.is_empty() {
            Ok(self.entries.into_inner())
        } else {
            Err(problems)
        }
    }
}
