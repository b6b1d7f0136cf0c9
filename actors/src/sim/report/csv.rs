//! Reports as CSV, for spreadsheets and other people's plots: a row for each slice of a run, or for
//! each run of a sweep; times in seconds; an empty field is a figure that there was not.

use std::time::Duration;

use super::{Ends, Latency, PoolReport, PoolSlice, Report, Slice};
use crate::sim::sweep::{Point, SweepReport};

/// How requests ended, as columns.
const ENDS: [&str; 6] = [
    "answered",
    "refused",
    "failed",
    "bounced",
    "timed_out",
    "disconnected",
];

impl Report {
    /// Writes the slices, one row each: when, what was asked and how it ended, quantiles, and for
    /// each service three columns such as `acme.search.busy`.
    #[must_use]
    pub fn csv(&self) -> String {
        let mut head = texts(&["from_seconds", "length_seconds", "asked"]);
        head.extend(texts(&ENDS));
        head.extend(texts(&[
            "open",
            "p50_seconds",
            "p90_seconds",
            "p99_seconds",
        ]));
        for service in &self.services {
            let figures = ["drones", "busy", "waiting"];
            head.extend(figures.map(|figure| format!("{}.{figure}", service.name)));
        }
        table(head, self.slices.iter().map(Slice::row))
    }
}

impl SweepReport {
    /// Writes the runs, one row each: the values that were swept, the figures of all requests, and
    /// for each service columns such as `acme.search.utilisation`.
    #[must_use]
    pub fn csv(&self) -> String {
        let services = self.services();
        let mut head: Vec<_> = self.axes.iter().map(|axis| axis.path.clone()).collect();
        head.push("asked".to_owned());
        head.extend(texts(&ENDS));
        head.push("throughput".to_owned());
        let quantiles = ["mean", "min", "p50", "p90", "p95", "p99", "p999", "max"];
        head.extend(quantiles.map(|name| format!("{name}_seconds")));
        for service in &services {
            let figures = [
                "drones",
                "busy",
                "utilisation",
                "waiting",
                "assigned",
                "mean_wait_seconds",
            ];
            head.extend(figures.map(|figure| format!("{service}.{figure}")));
        }
        head.push("is_good".to_owned());
        table(head, self.points.iter().map(|point| point.row(&services)))
    }
}

impl Slice {
    fn row(&self) -> Vec<String> {
        let mut row = vec![
            seconds(self.from),
            seconds(self.length),
            self.asked.to_string(),
        ];
        row.extend(self.ends.fields());
        row.push(self.open.to_string());
        row.extend([self.p50, self.p90, self.p99].map(optional));
        row.extend(self.services.iter().flat_map(PoolSlice::fields));
        row
    }
}

impl PoolSlice {
    fn fields(&self) -> [String; 3] {
        [
            self.drones.to_string(),
            self.busy.to_string(),
            self.waiting.to_string(),
        ]
    }
}

impl Ends {
    /// In the order of [`ENDS`].
    fn fields(&self) -> [String; 6] {
        let counts = [
            self.answered,
            self.refused,
            self.failed,
            self.bounced,
            self.timed_out,
            self.disconnected,
        ];
        counts.map(|count| count.to_string())
    }
}

impl Point {
    fn row(&self, services: &[&str]) -> Vec<String> {
        let mut row = self.values.clone();
        row.push(self.total.asked.to_string());
        row.extend(self.total.ends.fields());
        row.push(self.total.throughput.to_string());
        row.extend(latency(self.total.latency.as_ref()));
        for service in services {
            let pool = self.pools.iter().find(|(name, _)| name == service);
            row.extend(pool_fields(pool.map(|(_, pool)| pool)));
        }
        row.push(self.is_good.to_string());
        row
    }
}

fn latency(latency: Option<&Latency>) -> [String; 8] {
    let figures = latency.map(|times| {
        [
            times.mean, times.min, times.p50, times.p90, times.p95, times.p99, times.p999,
            times.max,
        ]
    });
    figures.map_or_else(Default::default, |times| times.map(seconds))
}

/// Empty for a service that this run did not have.
fn pool_fields(pool: Option<&PoolReport>) -> [String; 6] {
    pool.map_or_else(Default::default, |pool| {
        [
            pool.drones.to_string(),
            pool.busy.to_string(),
            pool.utilisation.to_string(),
            pool.waiting.to_string(),
            pool.assigned.to_string(),
            seconds(pool.mean_wait),
        ]
    })
}

fn texts(texts: &[&str]) -> Vec<String> {
    texts.iter().map(|&text| text.to_owned()).collect()
}

fn seconds(time: Duration) -> String {
    time.as_secs_f64().to_string()
}

fn optional(time: Option<Duration>) -> String {
    time.map(seconds).unwrap_or_default()
}

fn table(head: Vec<String>, rows: impl Iterator<Item = Vec<String>>) -> String {
    // A report that was read may lack a figure at the end of a row.
    let mut writer = csv::WriterBuilder::new();
    let mut writer = writer.flexible(true).from_writer(Vec::new());
    for row in std::iter::once(head).chain(rows) {
        writer.write_record(row).expect("memory takes all");
    }
    let bytes = writer.into_inner().expect("memory takes all");
    String::from_utf8(bytes).expect("made of texts")
}

#[cfg(test)]
mod tests;
