//! Reports for people at a terminal: at most 100 columns, unless an expectation or a fault that
//! somebody wrote is longer. Whatever does not hold is said in words, and first of all.

mod run;
mod sweep;
mod table;

use std::fmt;

use super::{Check, Verdict};

/// Columns that a name may take.
const NAME: usize = 30;

/// Writes a title and what belongs to it; nothing if there is nothing.
fn section(f: &mut fmt::Formatter<'_>, title: &str, lines: &[String]) -> fmt::Result {
    if lines.is_empty() {
        return Ok(());
    }
    writeln!(f, "\n{title}")?;
    lines.iter().try_for_each(|line| writeln!(f, "  {line}"))
}

/// Whether something holds, as a word that is as long as the other.
fn sign(holds: bool) -> &'static str {
    match holds {
        true => "holds",
        false => "FAILS",
    }
}

fn check(check: &Check) -> String {
    format!("{}  {}: {}", sign(check.holds), check.what, check.found)
}

fn verdict(verdict: &Verdict) -> String {
    let (expectation, measured) = (&verdict.expectation, &verdict.measured);
    format!(
        "{}  {expectation}: measured {measured}",
        sign(verdict.holds)
    )
}

/// What the first line says of all that must hold.
fn outcome(fails: usize, all: usize) -> String {
    match (fails, all) {
        (_, 0) => "nothing was expected".to_owned(),
        (0, _) => format!("GOOD, {all} of {all} hold"),
        _ => format!("FAILED, {fails} of {all} do not hold"),
    }
}

#[cfg(test)]
mod tests;
