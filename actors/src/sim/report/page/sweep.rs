//! A sweep: curves over the first setting, one for each combination of the others.

use super::axis::{Axis, Tick};
use super::plot::{LINES, Line, Plot, Spot};
use super::{Figure, Page, Table};
use crate::shown::{Count, Figure as Number, Length, Share};
use crate::sim::sweep::{Point, SEED, SweepReport};

/// Something that is measured in each run, by the name that knees have for it.
struct Metric {
    name: &'static str,
    tick: Tick,
    of: fn(&Point) -> Option<f64>,
}

impl SweepReport {
    /// Writes the report as one page of HTML, with plots, that needs nothing else.
    #[must_use]
    pub fn page(&self) -> String {
        let mut figures = match self.axes.len() {
            0 | 1 => vec![self.plot("Latency", "", &[p50(), p99()])],
            _ => vec![
                self.plot("Latency, p50", "", &[p50()]),
                self.plot("Latency, p99", "", &[p99()]),
            ],
        };
        let unit = "answered a second";
        figures.push(self.plot("Throughput", unit, &[throughput()]));
        figures.push(self.plot("Refused", "share of the asked", &[refused()]));
        figures.push(self.plot(
            "Drones in use",
            "of the service that uses most of its own",
            &[in_use()],
        ));
        let page = Page {
            title: self.scenario.clone(),
            outcome: self.outcome(),
            is_good: self.is_good(),
            conditions: self.conditions(),
            tables: vec![self.knee_table()],
            figures,
            more: vec![self.run_table()],
        };
        page.html()
    }

    fn knee_table(&self) -> Table {
        let mut table = Table::new("Knees, where more brings little more", &["of"]);
        table
            .head
            .extend(self.axes.iter().map(|axis| axis.path.clone()));
        for knee in &self.knees {
            let values = std::iter::once(&knee.value).chain(&knee.others);
            table.row(std::iter::once(&knee.metric).chain(values).cloned());
        }
        table
    }

    fn run_table(&self) -> Table {
        let mut table = Table::new("Runs", &[]);
        table
            .head
            .extend(self.axes.iter().map(|axis| axis.path.clone()));
        let figures = [
            "answered a second",
            "refused",
            "other",
            "p50",
            "p99",
            "in use",
            "waiting",
            "",
        ];
        table.head.extend(figures.map(str::to_owned));
        for point in &self.points {
            let ends = &point.total.ends;
            let (in_use, waiting) = point.busiest();
            let times = point
                .total
                .latency
                .as_ref()
                .map(|times| [times.p50, times.p99]);
            let times = times.map(|times| times.map(|time| Length(time).to_string()));
            let [p50, p99] = times.unwrap_or_else(|| ["-".to_owned(), "-".to_owned()]);
            let figures = [
                Number(point.total.throughput).to_string(),
                Count(ends.refused).to_string(),
                Count(point.others()).to_string(),
                p50,
                p99,
                Share(in_use).to_string(),
                Number(waiting).to_string(),
                self.marks(point),
            ];
            table.judged(point.is_good, point.values.iter().cloned().chain(figures));
        }
        table
    }

    fn plot(&self, title: &str, y: &str, metrics: &[Metric]) -> Figure {
        let curves = self.curves();
        let shown = spread(curves.len(), (LINES / metrics.len()).max(1));
        let mut lines = Vec::new();
        let mut spots = Vec::new();
        for (curve, metric) in shown
            .iter()
            .flat_map(|&at| metrics.iter().map(move |metric| (at, metric)))
        {
            let points = &curves[curve];
            let line = self.line(points, metric, metrics.len() > 1);
            let knee = points
                .iter()
                .zip(&line.points)
                .find(|(point, _)| self.has_knee(point, metric));
            if let Some((point, &(x, Some(y)))) = knee {
                let label = format!("knee {}", point.values.first().map_or("", String::as_str));
                spots.push(Spot { at: (x, y), label });
            }
            lines.push(line);
        }
        let tick = metrics
            .first()
            .map_or(Tick::Number, |metric| metric.tick.clone());
        let values = lines
            .iter()
            .flat_map(|line| line.points.iter().filter_map(|point| point.1));
        let y = Axis::of(y, tick, values);
        let table = self.figures_table(&y.tick, &lines);
        let about = format!("{title} over {}.", self.first().0);
        let caption = match shown.len() < curves.len() {
            true => format!(
                "{} of {} curves; all runs are in the table.",
                shown.len(),
                curves.len()
            ),
            false => String::new(),
        };
        let plot = Plot {
            x: self.x_axis(),
            y,
            lines,
            marks: Vec::new(),
            spots,
        };
        Figure::new(title, about, caption, &plot, table)
    }

    /// The runs with the same values of all settings but the first.
    fn curves(&self) -> Vec<Vec<&Point>> {
        let mut curves: Vec<Vec<&Point>> = Vec::new();
        for point in &self.points {
            let others = point.values.get(1..);
            match curves
                .iter_mut()
                .find(|curve| curve[0].values.get(1..) == others)
            {
                Some(curve) => curve.push(point),
                None => curves.push(vec![point]),
            }
        }
        curves
    }

    fn line(&self, points: &[&Point], metric: &Metric, is_named: bool) -> Line {
        let others = points
            .first()
            .and_then(|point| point.values.get(1..))
            .unwrap_or_default();
        let others = self.axes.iter().skip(1).zip(others);
        let others: Vec<_> = others
            .map(|(axis, value)| format!("{} = {value}", last(&axis.path)))
            .collect();
        let name = match (is_named, others.is_empty()) {
            (false, false) => others.join(", "),
            (true, false) => format!("{}, {}", metric.name, others.join(", ")),
            (_, true) => metric.name.to_owned(),
        };
        let points = points
            .iter()
            .map(|point| (self.place(point), (metric.of)(point)));
        Line {
            is_joined: self.is_a_scale(),
            name,
            points: points.collect(),
        }
    }

    fn has_knee(&self, point: &Point, metric: &Metric) -> bool {
        let mut knees = self.knees.iter();
        knees.any(|knee| knee.metric == metric.name && knee.is_at(point))
    }

    fn first(&self) -> (&str, &[String]) {
        let first = self.axes.first();
        first.map_or(("", &[]), |axis| {
            (axis.path.as_str(), axis.values.as_slice())
        })
    }

    /// The values of the first setting, if all are numbers.
    fn numbers(&self) -> Option<Vec<f64>> {
        let values = self.first().1.iter();
        let numbers =
            values.map(|value| value.parse().ok().filter(|number: &f64| number.is_finite()));
        numbers.collect()
    }

    /// Whether there is more and less of what is swept first.
    fn is_a_scale(&self) -> bool {
        self.numbers().is_some() && self.first().0 != SEED
    }

    /// Where a run stands: its value, or where that is among the others if they are no numbers.
    fn place(&self, point: &Point) -> f64 {
        let (Some(value), values) = (point.values.first(), self.first().1) else {
            return 0.0;
        };
        let number = self.numbers().and_then(|_| value.parse().ok());
        let place = values
            .iter()
            .position(|other| other == value)
            .unwrap_or_default();
        number.unwrap_or(place as f64)
    }

    fn x_axis(&self) -> Axis {
        let (path, values) = self.first();
        let Some(numbers) = self.numbers().filter(|numbers| !numbers.is_empty()) else {
            let last = values.len().saturating_sub(1).max(1) as f64;
            return Axis {
                range: (-0.5, last + 0.5),
                step: Some(1.0),
                ..Axis::from_zero(path, Tick::Text(values.to_vec()), std::iter::empty())
            };
        };
        let (least, most) = numbers.iter().fold(
            (f64::INFINITY, f64::NEG_INFINITY),
            |(least, most), &value| (value.min(least), value.max(most)),
        );
        // Such as 1, 2, 4, 8 up to 1,024: half of them would stand in a heap.
        let middle = numbers[numbers.len() / 2];
        if least > 0.0 && most > least * 50.0 && middle < most * 0.25 {
            let path = format!("{path}, logarithmic scale");
            return Axis::logarithmic(&path, Tick::Number, numbers.into_iter());
        }
        let margin = ((most - least) * 0.02)
            .max(f64::EPSILON * most.abs())
            .max(1e-9);
        let from = if least >= 0.0 && least <= most / 2.0 {
            0.0
        } else {
            least - margin
        };
        Axis {
            range: (from, most + margin),
            ..Axis::from_zero(path, Tick::Number, std::iter::empty())
        }
    }

    fn figures_table(&self, tick: &Tick, lines: &[Line]) -> Table {
        let (path, values) = self.first();
        let mut table = Table::new("", &[path]);
        table
            .head
            .extend(lines.iter().map(|line| line.name.clone()));
        for (at, value) in values.iter().enumerate() {
            let figures = lines.iter().map(|line| {
                let figure = line.points.get(at).and_then(|point| point.1);
                figure.map_or_else(|| "-".to_owned(), |figure| tick.text(figure))
            });
            let figures: Vec<_> = figures.collect();
            table.row(std::iter::once(value.clone()).chain(figures));
        }
        table
    }
}

fn p50() -> Metric {
    let of = |point: &Point| Some(point.total.latency.as_ref()?.p50.as_secs_f64());
    Metric {
        name: "p50",
        tick: Tick::Time,
        of,
    }
}

fn p99() -> Metric {
    let of = |point: &Point| Some(point.total.latency.as_ref()?.p99.as_secs_f64());
    Metric {
        name: "p99",
        tick: Tick::Time,
        of,
    }
}

fn throughput() -> Metric {
    let of = |point: &Point| Some(point.total.throughput);
    Metric {
        name: "throughput",
        tick: Tick::Number,
        of,
    }
}

fn refused() -> Metric {
    let of = |point: &Point| {
        let total = &point.total;
        let asked = (total.asked > 0).then_some(total.asked as f64)?;
        Some(total.ends.refused as f64 * 100.0 / asked)
    };
    Metric {
        name: "refused",
        tick: Tick::PerCent,
        of,
    }
}

fn in_use() -> Metric {
    let of = |point: &Point| Some(point.busiest().0 * 100.0);
    Metric {
        name: "utilisation",
        tick: Tick::PerCent,
        of,
    }
}

/// The last part of a path, which says most.
fn last(path: &str) -> &str {
    path.rsplit('.').next().unwrap_or(path)
}

/// At most so many of all, from the first to the last.
fn spread(all: usize, most: usize) -> Vec<usize> {
    match (all, most) {
        _ if all <= most => (0..all).collect(),
        (_, 1) => vec![0],
        _ => (0..most).map(|at| at * (all - 1) / (most - 1)).collect(),
    }
}
