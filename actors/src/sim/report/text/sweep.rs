//! A sweep: a row for each run.

use std::fmt;

use super::table::{Table, cut};
use super::{section, verdict};
use crate::shown::{Count, Figure, Length, Share};
use crate::sim::report::Latency;
use crate::sim::sweep::{Knee, Point, SweepReport};

/// Columns that the names of all settings may take.
const PATHS: usize = 26;
/// Columns that the name of one setting may take.
const PATH: usize = 21;
/// Failed expectations that are listed.
const FAILURES: usize = 10;
/// Columns that a value may take: as many as the longest name of a policy.
const VALUE: usize = 17;

impl fmt::Display for SweepReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{}: {}", self.scenario, self.outcome())?;
        writeln!(f, "{}", self.conditions())?;
        section(f, "runs", &self.runs())?;
        let knees: Vec<_> = self.knees.iter().map(|knee| self.knee_line(knee)).collect();
        section(f, "knees, where more brings little more", &knees)?;
        section(f, "what does not hold", &self.failures())
    }
}

impl SweepReport {
    pub(in crate::sim::report) fn outcome(&self) -> String {
        let fails = self.points.iter().filter(|point| !point.is_good).count();
        match fails {
            0 => format!("GOOD, all of {} runs", self.points.len()),
            _ => format!("{fails} of {} runs FAILED", self.points.len()),
        }
    }

    pub(in crate::sim::report) fn conditions(&self) -> String {
        let axes = self.axes.iter().map(|axis| axis.path.as_str());
        let axes = axes.collect::<Vec<_>>().join(" and ");
        format!("seed {}, {} runs over {axes}", self.seed, self.points.len())
    }

    fn runs(&self) -> Vec<String> {
        let width = (PATHS / self.axes.len().max(1)).min(PATH);
        let mut head: Vec<_> = self
            .axes
            .iter()
            .map(|axis| cut(&axis.path, width))
            .collect();
        head.extend(["answered/s", "refused"].map(str::to_owned));
        // Where there are none, the columns are of better use.
        let has_others = self.points.iter().any(|point| point.others() > 0);
        head.extend(has_others.then(|| "other".to_owned()));
        let figures = ["p50", "p99", "in use", ""];
        head.extend(figures.map(str::to_owned));
        let mut table = Table::default();
        table.row(head);
        for point in &self.points {
            table.row(self.run(point, has_others));
        }
        table.lines()
    }

    fn run(&self, point: &Point, has_others: bool) -> Vec<String> {
        let mut row: Vec<_> = point.values.iter().map(|value| cut(value, VALUE)).collect();
        let time = |of: fn(&Latency) -> std::time::Duration| {
            let time = point.total.latency.as_ref().map(of);
            time.map_or_else(|| "-".to_owned(), |time| Length(time).to_string())
        };
        row.push(Figure(point.total.throughput).to_string());
        row.push(Count(point.total.ends.refused).to_string());
        row.extend(has_others.then(|| Count(point.others()).to_string()));
        row.extend([
            time(|latency| latency.p50),
            time(|latency| latency.p99),
            Share(point.busiest().0).to_string(),
            self.marks(point),
        ]);
        row
    }

    /// What is to be said of a run besides its figures.
    pub(in crate::sim::report) fn marks(&self, point: &Point) -> String {
        let knees = self.knees.iter().filter(|knee| knee.is_at(point));
        let mut marks: Vec<_> = knees.map(|knee| format!("knee {}", knee.metric)).collect();
        if !point.is_good {
            marks.push("FAILED".to_owned());
        }
        marks.join(", ")
    }

    pub(in crate::sim::report) fn knee_line(&self, knee: &Knee) -> String {
        let first = self.axes.first().map_or("", |axis| &axis.path);
        let others = self.axes.iter().skip(1).zip(&knee.others);
        let others: Vec<_> = others
            .map(|(axis, value)| format!("{} = {value}", axis.path))
            .collect();
        let with = match others.is_empty() {
            true => String::new(),
            false => format!(", with {}", others.join(", ")),
        };
        format!("{}: {first} = {}{with}", knee.metric, knee.value)
    }

    fn failures(&self) -> Vec<String> {
        let failed = self.points.iter().filter(|point| !point.is_good);
        let mut lines: Vec<_> = failed.flat_map(Point::failures).collect();
        let more = lines.len().saturating_sub(FAILURES);
        if more > 1 {
            lines.truncate(FAILURES);
            lines.push(format!("and {more} more, marked above"));
        }
        lines
    }
}

impl Point {
    /// Requests that were neither answered nor refused.
    pub(in crate::sim::report) fn others(&self) -> u64 {
        let ends = &self.total.ends;
        ends.unanswered() - ends.refused
    }

    fn failures(&self) -> Vec<String> {
        let values = self.values.join(", ");
        let broken = self.expectations.iter().filter(|verdict| !verdict.holds);
        let mut broken: Vec<_> = broken.map(verdict).collect();
        if broken.is_empty() {
            broken.push("FAILS  what must hold after every run".to_owned());
        }
        let lines = broken.into_iter();
        lines.map(|line| format!("{values}: {line}")).collect()
    }

    /// How much of its drones the service uses that uses most of them, and how many wait for it.
    pub(in crate::sim::report) fn busiest(&self) -> (f64, f64) {
        let pools = self
            .pools
            .iter()
            .map(|(_, pool)| (pool.utilisation, pool.waiting));
        pools
            .max_by(|one, other| one.0.total_cmp(&other.0))
            .unwrap_or_default()
    }
}

impl Knee {
    pub(in crate::sim::report) fn is_at(&self, point: &Point) -> bool {
        let (first, others) = point.values.split_first().unzip();
        first == Some(&self.value) && others == Some(self.others.as_slice())
    }
}
