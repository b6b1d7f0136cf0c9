//! How many requests took how long.

use super::axis::{Axis, Tick, WHOLE};
use super::plot::{LINES, Line, Plot};
use super::{Figure, Table};
use crate::sim::report::{Latency, Report, Summary};

/// Per cent that the figures behind the plot have.
const SHARES: [f64; 11] = [
    1.0, 5.0, 10.0, 25.0, 50.0, 75.0, 90.0, 95.0, 99.0, 99.9, 100.0,
];

impl Report {
    pub(super) fn distribution_plot(&self) -> Figure {
        let summaries = self.summaries(false);
        let lines = summaries.iter().filter_map(|(name, summary)| {
            let points = cumulative(summary.latency.as_ref()?);
            Some(Line {
                is_joined: true,
                name: name.clone(),
                points,
            })
        });
        let mut lines: Vec<_> = lines.collect();
        lines.truncate(LINES);
        let times = lines
            .iter()
            .flat_map(|line| line.points.iter().map(|point| point.0));
        let mut x = Axis::logarithmic(
            "took at most this long, logarithmic scale",
            Tick::Time,
            times,
        );
        x.range.1 = x.range.1.max(x.range.0 * 2.0);
        let y = Axis {
            range: (0.0, WHOLE),
            ..Axis::from_zero("share of the answered", Tick::PerCent, std::iter::empty())
        };
        let shown = &summaries[..lines.len().min(summaries.len())];
        let table = quantiles(shown);
        let about = "How many of the answered requests took at most how long.".to_owned();
        let plot = Plot {
            x,
            y,
            lines,
            marks: Vec::new(),
            spots: Vec::new(),
        };
        let caption = match summaries.len() > LINES {
            true => format!(
                "The first {} of {} services.",
                LINES - 1,
                self.services.len()
            ),
            false => String::new(),
        };
        Figure::new("Latency, all requests", about, caption, &plot, table)
    }
}

/// Per cent of the requests that took at most so many seconds.
fn cumulative(latency: &Latency) -> Vec<(f64, Option<f64>)> {
    let all: u64 = latency.distribution.iter().map(|bucket| bucket.count).sum();
    let mut so_far = 0;
    let points = latency.distribution.iter().map(|bucket| {
        so_far += bucket.count;
        let share = so_far as f64 * 100.0 / all as f64;
        (bucket.up_to.as_secs_f64().max(1e-9), Some(share))
    });
    points.collect()
}

/// What the distribution says, by shares.
fn quantiles(summaries: &[(String, &Summary)]) -> Table {
    let mut table = Table::new("", &["share"]);
    table
        .head
        .extend(summaries.iter().map(|(name, _)| name.clone()));
    for share in SHARES {
        let times = summaries.iter().map(|(_, summary)| {
            let points = summary.latency.as_ref().map(cumulative).unwrap_or_default();
            let point = points.iter().find(|point| point.1 >= Some(share));
            point.map_or_else(|| "-".to_owned(), |point| Tick::Time.text(point.0))
        });
        let times: Vec<_> = times.collect();
        table.row(std::iter::once(format!("{share} %")).chain(times));
    }
    table
}
