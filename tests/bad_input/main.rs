//! Bytes that nobody would send: the checks of the fuzz targets, over their seeds and a bounded
//! number of changes to these. Each run makes the same changes.

mod changes;
#[path = "../../fuzz/src/lib.rs"]
pub mod checks;

use std::panic::{catch_unwind, resume_unwind};

use changes::Changes;
use checks::Check;

/// Changed inputs for each check: what takes about a second.
const CHANGED: usize = 4_000;

/// What the original's programs sent; each line has a word before the stanza.
const RECORDED: [&str; 3] = [
    include_str!("../data/srfsh-add.txt"),
    include_str!("../data/perl-client-add.txt"),
    include_str!("../data/drone-answers.txt"),
];

fn recorded() -> impl Iterator<Item = &'static str> {
    let lines = RECORDED.into_iter().flat_map(str::lines);
    lines.filter_map(|line| Some(&line[line.find('<')?..]))
}

/// Checks one input; says which it was if something does not hold.
fn check_one(check: Check, input: &[u8]) {
    if let Err(panic) = catch_unwind(|| check(input)) {
        eprintln!("the input was \"{}\"", input.escape_ascii());
        resume_unwind(panic);
    }
}

fn check_all<'a>(check: Check, seeds: &'a str, more: impl Iterator<Item = &'a str>) {
    let seeds: Vec<&[u8]> = seeds.lines().chain(more).map(str::as_bytes).collect();
    for seed in &seeds {
        check_one(check, seed);
    }
    for input in Changes::new(seeds).take(CHANGED) {
        check_one(check, &input);
    }
}

#[test]
fn any_bytes_are_cut_alike_however_they_come_or_are_refused() {
    let seeds = include_str!("../../fuzz/seeds/framer.txt");
    check_all(checks::framer::check, seeds, recorded());
}

#[test]
fn any_element_is_a_stanza_that_survives_its_way_or_none() {
    let seeds = include_str!("../../fuzz/seeds/stanza.txt");
    check_all(checks::stanza::check, seeds, recorded());
}

#[test]
fn any_configuration_of_the_original_is_read_or_refused_with_its_line() {
    let seeds = include_str!("../../fuzz/seeds/original.txt");
    check_all(checks::original::check, seeds, std::iter::empty());
}

#[test]
fn any_body_that_can_be_read_is_written_so_that_the_same_is_read() {
    let seeds = include_str!("../../fuzz/seeds/osrf.txt");
    check_all(checks::osrf::check, seeds, std::iter::empty());
}

#[test]
fn any_text_is_json_that_stays_as_it_is_or_none() {
    let seeds = include_str!("../../fuzz/seeds/json.txt");
    check_all(checks::json::check, seeds, std::iter::empty());
}

#[test]
fn every_check_has_its_test() {
    let names = checks::CHECKS.map(|(name, _)| name);
    assert_eq!(names, ["framer", "json", "original", "osrf", "stanza"]);
}
