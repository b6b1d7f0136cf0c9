//! `CONFORMANCE.md` and the tests say the same.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::PathBuf;

/// How many statements there are.
const STATEMENTS: u32 = 135;

/// What may stand in the column "state". Only what is `later` or `not yet` needs no test.
const STATES: [&str; 5] = [
    "shown",
    "shown by processes",
    "shown from recordings",
    "not yet",
    "later",
];

/// One line of the table.
#[derive(Debug)]
struct Row {
    tests: BTreeSet<String>,
    state: String,
}

fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("..")
}

/// The table's rows by their numbers.
fn rows() -> BTreeMap<u32, Row> {
    let text = fs::read_to_string(root().join("CONFORMANCE.md")).expect("the table");
    let mut rows = BTreeMap::new();
    for line in text.lines() {
        let cells: Vec<&str> = line.split('|').map(str::trim).collect();
        let Some(number) = cells.get(1).and_then(|cell| cell.parse().ok()) else {
            continue;
        };
        assert_eq!(cells.len(), 7, "five columns: {line}");
        let names = cells[3].split('`').skip(1).step_by(2);
        let row = Row {
            tests: names.map(str::to_owned).collect(),
            state: cells[4].to_owned(),
        };
        assert!(rows.insert(number, row).is_none(), "{number} stands twice");
    }
    rows
}

/// The names of all tests under a folder.
fn tests_in(folder: &str) -> BTreeSet<String> {
    let mut folders = vec![root().join("tests").join(folder)];
    let mut names = BTreeSet::new();
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).expect("a folder") {
            let path = entry.expect("an entry").path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|kind| kind == "rs") {
                names.extend(tests_of(&fs::read_to_string(path).expect("a source")));
            }
        }
    }
    names
}

/// The names of the functions that stand under `#[test]`.
fn tests_of(source: &str) -> Vec<String> {
    let after = source.split("#[test]\n").skip(1);
    let names = after.filter_map(|rest| rest.trim_start().strip_prefix("fn "));
    names
        .filter_map(|rest| rest.split_once('('))
        .map(|(name, _)| name.to_owned())
        .collect()
}

/// The statement that a test shows by its name.
fn statement(name: &str) -> Option<u32> {
    let digits = name.strip_prefix('s')?.split_once('_')?.0;
    (digits.len() == 3).then(|| digits.parse().ok())?
}

#[test]
fn the_table_and_the_tests_agree() {
    let rows = rows();
    let expected: Vec<u32> = (1..=STATEMENTS).collect();
    assert_eq!(rows.keys().copied().collect::<Vec<_>>(), expected);
    let known: BTreeSet<String> = ["conformance", "network", "processes"]
        .into_iter()
        .flat_map(tests_in)
        .collect();
    let named = known.iter().filter(|name| statement(name).is_some());
    for (number, row) in &rows {
        assert!(STATES.contains(&&*row.state), "{number}: {}", row.state);
        let is_shown = row.state.starts_with("shown");
        assert_eq!(is_shown, !row.tests.is_empty(), "{number}: {row:?}");
        for test in &row.tests {
            assert!(known.contains(test), "{number}: there is no test {test}");
            let of = statement(test).unwrap_or(*number);
            assert_eq!(of, *number, "{test} is about another statement");
        }
    }
    for test in named {
        let number = statement(test).unwrap_or_default();
        let row = rows.get(&number);
        assert!(
            row.is_some_and(|row| row.tests.contains(test)),
            "row {number} does not name {test}"
        );
    }
}
