//! One run.

use std::time::Duration;

use super::axis::{Axis, Tick};
use super::plot::{LINES, Line, Mark, Plot};
use super::{Figure, Page, Table};
use crate::shown::{Count, Figure as Number, Length, Share};
use crate::sim::report::{
    Check, FaultReport, Latency, PoolReport, PoolSlice, Report, Slice, Summary, Verdict,
};

/// Faults that a caption lists; more are in their table only.
const LISTED: usize = 6;

/// A figure of a slice.
type Counted = fn(&Slice) -> u64;
/// A quantile of a slice.
type Timed = fn(&Slice) -> Option<Duration>;

impl Report {
    /// Writes the report as one page of HTML, with plots, that needs nothing else.
    #[must_use]
    pub fn page(&self) -> String {
        let tables = vec![
            self.judgements(),
            self.requests_table(),
            self.latency_table(),
            self.pool_table(),
            self.fault_table(),
        ];
        let figures = vec![
            self.requests_plot(),
            self.latency_plot(),
            self.distribution_plot(),
            self.pool_plot("Requests waiting for a drone", "requests", |pool| {
                pool.waiting
            }),
            self.pool_plot("Drones busy", "drones", |pool| pool.busy),
        ];
        let page = Page {
            title: self.scenario.clone(),
            outcome: self.outcome(),
            is_good: self.is_good(),
            conditions: self.conditions(),
            tables,
            figures,
            more: Vec::new(),
        };
        page.html()
    }

    fn judgements(&self) -> Table {
        let mut table = Table::new("What must hold", &["", "", "measured"]).with_texts(3);
        for Verdict {
            expectation,
            measured,
            holds,
        } in &self.expectations
        {
            table.judged(
                *holds,
                [sign(*holds), expectation.clone(), measured.clone()],
            );
        }
        for Check { what, found, holds } in &self.checks {
            table.judged(*holds, [sign(*holds), what.clone(), found.clone()]);
        }
        table
    }

    fn requests_table(&self) -> Table {
        let mut table = Table::new("Requests", &["", "number", "share"]);
        let asked = self.total.asked;
        table.row(["asked".to_owned(), Count(asked).to_string(), String::new()]);
        for (name, count) in self.total.ends.named() {
            let share = Share::of(count, asked).to_string();
            table.row([name.to_owned(), Count(count).to_string(), share]);
        }
        let throughput = Number(self.total.throughput).to_string();
        table.row(["answered a second".to_owned(), throughput, String::new()]);
        table
    }

    fn latency_table(&self) -> Table {
        let head = ["", "mean", "p50", "p90", "p95", "p99", "p99.9", "max"];
        let mut table = Table::new("Latency of answered requests", &head);
        for (name, summary) in self.summaries(true) {
            let times = summary.latency.as_ref().map(Latency::figures);
            let times = times.map(|times| times.map(|time| Length(time).to_string()));
            let times = times.unwrap_or_else(|| std::array::from_fn(|_| "-".to_owned()));
            table.row(std::iter::once(name).chain(times));
        }
        table
    }

    /// All requests, and those of each group and service where there are several.
    pub(super) fn summaries(&self, with_clients: bool) -> Vec<(String, &Summary)> {
        let mut summaries = vec![("all".to_owned(), &self.total)];
        if with_clients && self.clients.len() > 1 {
            let groups = self.clients.iter();
            summaries
                .extend(groups.map(|group| (format!("clients {}", group.name), &group.summary)));
        }
        if self.services.len() > 1 {
            let services = self.services.iter();
            summaries.extend(services.map(|service| (service.name.clone(), &service.summary)));
        }
        summaries
    }

    fn pool_table(&self) -> Table {
        let head = [
            "",
            "drones",
            "busy",
            "in use",
            "waiting",
            "mean wait",
            "assigned",
            "share",
        ];
        let mut table = Table::new("Drones and backlogs, on average", &head);
        for service in &self.services {
            table.row(pool(service.name.clone(), &service.pool, String::new()));
            for (host, share) in service.shares().filter(|_| service.hosts.len() > 1) {
                table.row(pool(
                    format!("    {}", host.host),
                    &host.pool,
                    share.to_string(),
                ));
            }
        }
        table
    }

    fn fault_table(&self) -> Table {
        let mut table = Table::new("Faults", &["", "when", "what", "outcome"]).with_texts(4);
        for (at, fault) in self.faults.iter().enumerate() {
            let cells = [
                (at + 1).to_string(),
                fault.when(),
                fault.what.clone(),
                fault.outcome(),
            ];
            table.judged(fault.recovered.is_some(), cells);
        }
        table
    }

    fn requests_plot(&self) -> Figure {
        let ways: [(&str, Counted); 4] = [
            ("asked", |slice| slice.asked),
            ("answered", |slice| slice.ends.answered),
            ("refused", |slice| slice.ends.refused),
            ("failed or lost", |slice| {
                slice.ends.unanswered() - slice.ends.refused
            }),
        ];
        // A line along the floor would only hide the axis.
        let ways = ways
            .into_iter()
            .filter(|(_, count)| self.slices.iter().any(|slice| count(slice) > 0));
        let lines = ways.map(|(name, count)| {
            let rate = |slice: &Slice| {
                let rate = count(slice) as f64 / slice.length.as_secs_f64();
                rate.is_finite().then_some(rate)
            };
            self.over_time(name, rate)
        });
        let lines = lines.collect();
        self.time_plot(
            "Requests",
            "requests a second",
            Tick::Number,
            lines,
            String::new(),
        )
    }

    fn latency_plot(&self) -> Figure {
        let quantiles: [(&str, Timed); 3] = [
            ("p50", |slice| slice.p50),
            ("p90", |slice| slice.p90),
            ("p99", |slice| slice.p99),
        ];
        let lines = quantiles.map(|(name, time)| {
            self.over_time(name, move |slice| {
                time(slice).map(|time| time.as_secs_f64())
            })
        });
        let has_gap = lines
            .iter()
            .any(|line| line.points.iter().any(|point| point.1.is_none()));
        let note = match has_gap {
            true => "A gap: nothing was answered.".to_owned(),
            false => String::new(),
        };
        self.time_plot("Latency", "", Tick::Time, lines.into(), note)
    }

    fn pool_plot(&self, title: &str, what: &str, figure: fn(&PoolSlice) -> f64) -> Figure {
        let lines = self.services.iter().enumerate().map(|(at, service)| {
            self.over_time(&service.name, move |slice| {
                slice.services.get(at).map(figure)
            })
        });
        let mut lines: Vec<_> = lines.collect();
        let note = keep_highest(&mut lines, "services");
        self.time_plot(
            title,
            &format!("{what}, on average"),
            Tick::Number,
            lines,
            note,
        )
    }

    fn over_time(&self, name: &str, figure: impl Fn(&Slice) -> Option<f64>) -> Line {
        let points = self.slices.iter().map(|slice| {
            let middle = slice.from + slice.length / 2;
            (middle.as_secs_f64() / self.unit().1, figure(slice))
        });
        Line {
            is_joined: true,
            name: name.to_owned(),
            points: points.collect(),
        }
    }

    /// The unit of the time axis, and its seconds.
    fn unit(&self) -> (&'static str, f64) {
        match self.end().as_secs() {
            0..=900 => ("s", 1.0),
            901..=10_800 => ("min", 60.0),
            _ => ("h", 3_600.0),
        }
    }

    /// The end of the last slice: requests may end after the last was asked.
    fn end(&self) -> Duration {
        let last = self.slices.last().map(|slice| slice.from + slice.length);
        last.unwrap_or(self.duration)
    }

    fn time_plot(
        &self,
        title: &str,
        y: &str,
        tick: Tick,
        lines: Vec<Line>,
        note: String,
    ) -> Figure {
        let (unit, seconds) = self.unit();
        // Without slices there is nothing to see, but an axis all the same.
        let end = (self.end().as_secs_f64() / seconds).max(1e-3);
        let values = lines
            .iter()
            .flat_map(|line| line.points.iter().filter_map(|point| point.1));
        let y = Axis::of(y, tick, values);
        let x = Axis {
            label: format!("time, {unit}"),
            is_logarithmic: false,
            range: (0.0, end),
            step: (unit == "h").then(|| if end <= 12.0 { 1.0 } else { (end / 6.0).ceil() }),
            tick: Tick::Number,
        };
        let table = figures_table(&x.label, &y.tick, &lines);
        let names: Vec<_> = lines.iter().map(|line| line.name.as_str()).collect();
        let about = format!("{title} over {end:.0} {unit}: {}.", names.join(", "));
        let marks = self.faults.iter().enumerate();
        let marks = marks.map(|(at, fault)| fault.mark(at, seconds)).collect();
        let plot = Plot {
            x,
            y,
            lines,
            marks,
            spots: Vec::new(),
        };
        let caption = [self.fault_caption(), note].join(" ");
        Figure::new(title, about, caption.trim().to_owned(), &plot, table)
    }

    fn fault_caption(&self) -> String {
        let faults = self.faults.iter().enumerate();
        let names: Vec<_> = faults
            .map(|(at, fault)| format!("{} {}", at + 1, fault.what))
            .collect();
        match names.len() {
            0 => String::new(),
            1..=LISTED => format!("Faults: {}.", names.join("; ")),
            _ => "Numbers are those of the faults in their table.".to_owned(),
        }
    }
}

impl FaultReport {
    fn mark(&self, at: usize, seconds: f64) -> Mark {
        Mark {
            from: self.at.as_secs_f64() / seconds,
            until: self.until.map(|until| until.as_secs_f64() / seconds),
            label: (at + 1).to_string(),
        }
    }
}

/// Leaves the lines with the highest values, and says how many there were.
fn keep_highest(lines: &mut Vec<Line>, what: &str) -> String {
    let all = lines.len();
    if all <= LINES {
        return String::new();
    }
    let peak = |line: &Line| {
        line.points
            .iter()
            .filter_map(|point| point.1)
            .fold(0.0, f64::max)
    };
    let mut peaks: Vec<_> = lines.iter().map(peak).collect();
    peaks.sort_by(|one, other| other.total_cmp(one));
    let least = peaks[LINES - 1];
    lines.retain(|line| peak(line) >= least);
    lines.truncate(LINES);
    format!("The {LINES} of {all} {what} with the highest peaks.")
}

/// The values of lines over the same places.
pub(super) fn figures_table(x: &str, tick: &Tick, lines: &[Line]) -> Table {
    let mut table = Table::new("", &[x]);
    table
        .head
        .extend(lines.iter().map(|line| line.name.clone()));
    let places = lines.first().map_or(&[][..], |line| &line.points);
    for (at, (place, _)) in places.iter().enumerate() {
        let values = lines.iter().map(|line| {
            let value = line.points.get(at).and_then(|point| point.1);
            value.map_or_else(|| "-".to_owned(), |value| tick.text(value))
        });
        let values: Vec<_> = values.collect();
        table.row(std::iter::once(Tick::Number.text(*place)).chain(values));
    }
    table
}

fn sign(holds: bool) -> String {
    if holds { "holds" } else { "FAILS" }.to_owned()
}

fn pool(name: String, pool: &PoolReport, share: String) -> [String; 8] {
    [
        name,
        pool.drones.to_string(),
        Number(pool.busy).to_string(),
        Share(pool.utilisation).to_string(),
        Number(pool.waiting).to_string(),
        Length(pool.mean_wait).to_string(),
        Count(pool.assigned).to_string(),
        share,
    ]
}
