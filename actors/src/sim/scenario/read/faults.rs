//! What goes wrong on purpose.

use std::path::Path;
use std::time::Duration;

use super::super::{Fault, FaultKind, When};
use super::fill;
use super::values::{fault_kind, law, length};
use crate::toml_tree::read::Section;
use crate::toml_tree::values::{any_text, number};

pub(super) fn fault(mut table: Section<'_>, folder: &Path) -> Fault {
    let kind = table.needed("kind", "add kind = \"kill_host\"", fault_kind);
    // Of a kind that is not known, no key can be said to be wrong.
    let Some(kind) = kind else {
        return Fault::new(FaultKind::Cut);
    };
    let word = kind.word();
    let mut fault = Fault::new(figure(&mut table, kind, folder));
    fault.target = table.given("on", any_text);
    fault.when = when(&mut table, folder);
    if !fault.kind.lasts() {
        let text = format!("{word:?} is over at once; leave it out");
        table.refuse("lasts", &text);
    }
    fill(&mut fault.lasts, table.given("lasts", length));
    table.finish();
    fault
}

/// The kind with its figure, if it has one.
fn figure(table: &mut Section<'_>, kind: FaultKind, folder: &Path) -> FaultKind {
    let own = match kind {
        FaultKind::Slow(_) => "factor",
        FaultKind::Delay(_) => "latency",
        FaultKind::Loss(_) => "fraction",
        _ => "",
    };
    let others = ["factor", "latency", "fraction"].into_iter();
    for key in others.filter(|key| *key != own) {
        let text = format!("says nothing about {:?}; leave it out", kind.word());
        table.refuse(key, &text);
    }
    let given = match &kind {
        FaultKind::Slow(_) => table
            .needed("factor", "add factor = 10.0", number)
            .map(FaultKind::Slow),
        FaultKind::Delay(_) => table
            .needed("latency", "add latency = \"50ms\"", law(folder))
            .map(FaultKind::Delay),
        FaultKind::Loss(_) => table
            .needed("fraction", "add fraction = 0.01", number)
            .map(FaultKind::Loss),
        _ => None,
    };
    given.unwrap_or(kind)
}

fn when(table: &mut Section<'_>, folder: &Path) -> When {
    if table.has("at") && table.has("every") {
        table.problem("every", "at is given as well; leave one of them out");
    }
    let at = table.given("at", length);
    match table.given("every", law(folder)) {
        Some(pause) => When::Every(pause),
        None => When::At(at.unwrap_or(Duration::ZERO)),
    }
}
