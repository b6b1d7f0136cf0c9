//! Reports for tests; those of the tests with a browser.

#[path = "../../../../tests/reports/mod.rs"]
mod written;

use super::Report;
use crate::sim::sweep::SweepReport;

pub(in crate::sim) fn evening() -> Report {
    Report::from_json(&written::evening()).expect("a report")
}

pub(in crate::sim) fn sweep() -> SweepReport {
    SweepReport::from_json(&written::sweep()).expect("a report")
}

pub(in crate::sim) fn grid() -> SweepReport {
    SweepReport::from_json(&written::grid()).expect("a report")
}
