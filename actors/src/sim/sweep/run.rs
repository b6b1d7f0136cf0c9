//! Runs a scenario once for each combination of values, as many at a time as there are cores.

use std::num::NonZero;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};

use super::axis::{MOST, SEED};
use super::{Axis, Knee, Point, SweepReport, knee};
use crate::sim::SimError;
use crate::sim::report::{Mode, Report};
use crate::sim::scenario::Scenario;

/// Why a sweep cannot be run.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SweepError<E> {
    /// The scenario cannot have these values.
    #[error("{0}")]
    Scenario(E),
    /// There are too many combinations.
    #[error("{0} runs are more than {MOST}; give the ranges larger steps, as in 1..1000:50")]
    TooMany(usize),
    /// One of the runs failed.
    #[error("with {values}: {error}")]
    Run {
        /// The values that it had.
        values: String,
        /// Why.
        error: SimError,
    },
}

/// One setting of a run, and its value.
pub type Value<'a> = (&'a str, &'a str);

/// Runs the scenario that `make` gives for each combination of values, `threads` at a time; by
/// default as many as the machine has cores. All are made before the first is run. `done` is told
/// how many of how many are done.
///
/// # Errors
/// [`SweepError`] of the first combination that cannot be run.
pub fn sweep<E: Send>(
    axes: Vec<Axis>,
    threads: Option<NonZero<usize>>,
    make: impl Fn(&[Value<'_>]) -> Result<Scenario, E>,
    done: impl Fn(usize, usize) + Sync,
) -> Result<SweepReport, SweepError<E>> {
    let all = combinations(&axes)?;
    let mut scenarios = Vec::new();
    for values in &all {
        let paths = axes.iter().map(|axis| axis.path.as_str());
        let values: Vec<_> = paths.zip(values.iter().map(String::as_str)).collect();
        scenarios.push(make(&values).map_err(SweepError::Scenario)?);
    }
    let (name, seed) = scenarios
        .first()
        .map_or_else(Default::default, |first| (first.name.clone(), first.seed));
    let reports = run_all(scenarios, threads, &done);
    let mut points = Vec::new();
    for (values, report) in all.into_iter().zip(reports) {
        let report = report.map_err(|error| SweepError::Run {
            values: values.join(", "),
            error,
        })?;
        points.push(point(values, report));
    }
    Ok(SweepReport {
        scenario: name,
        seed,
        knees: knees(&axes, &points),
        axes,
        points,
    })
}

fn run_all(
    scenarios: Vec<Scenario>,
    threads: Option<NonZero<usize>>,
    done: &(impl Fn(usize, usize) + Sync),
) -> Vec<Result<Report, SimError>> {
    let number = scenarios.len();
    let threads = threads.or_else(|| std::thread::available_parallelism().ok());
    let threads = threads.map_or(1, NonZero::get).min(number);
    let left = Mutex::new(scenarios.into_iter().enumerate());
    let reports = Mutex::new(Vec::new());
    let finished = AtomicUsize::new(0);
    let work = || {
        loop {
            let next = left.lock().unwrap_or_else(PoisonError::into_inner).next();
            let Some((at, scenario)) = next else {
                return;
            };
            let report = scenario.run_watched(Mode::Simulated, Default::default());
            reports
                .lock()
                .unwrap_or_else(PoisonError::into_inner)
                .push((at, report));
            done(finished.fetch_add(1, Ordering::Relaxed) + 1, number);
        }
    };
    std::thread::scope(|scope| {
        (0..threads).for_each(|_| drop(scope.spawn(work)));
    });
    let mut reports = reports.into_inner().unwrap_or_else(PoisonError::into_inner);
    reports.sort_by_key(|(at, _)| *at);
    reports.into_iter().map(|(_, report)| report).collect()
}

/// All combinations of values, the last axis changing fastest.
fn combinations<E>(axes: &[Axis]) -> Result<Vec<Vec<String>>, SweepError<E>> {
    let number = axes
        .iter()
        .fold(1_usize, |all, axis| all.saturating_mul(axis.values.len()));
    if number > MOST {
        return Err(SweepError::TooMany(number));
    }
    let mut all = vec![Vec::new()];
    for axis in axes {
        let longer = all.iter().flat_map(|values| {
            axis.values.iter().map(|value| {
                let mut values: Vec<String> = values.clone();
                values.push(value.clone());
                values
            })
        });
        all = longer.collect();
    }
    Ok(all)
}

fn point(values: Vec<String>, report: Report) -> Point {
    Point {
        values,
        is_good: report.is_good(),
        total: report.total,
        pools: report
            .services
            .into_iter()
            .map(|service| (service.name, service.pool))
            .collect(),
        expectations: report.expectations,
    }
}

/// A figure of a run, if it has it.
type Metric = fn(&Point) -> Option<f64>;

const METRICS: [(&str, Metric); 2] = [
    ("p99", |point| {
        Some(point.total.latency.as_ref()?.p99.as_secs_f64())
    }),
    ("throughput", |point| Some(point.total.throughput)),
];

/// Where the curves along the first axis bend.
fn knees(axes: &[Axis], points: &[Point]) -> Vec<Knee> {
    let Some(first) = axes.first() else {
        return Vec::new();
    };
    if first.path == SEED {
        return Vec::new();
    }
    let xs: Option<Vec<f64>> = first
        .values
        .iter()
        .map(|value| value.parse().ok())
        .collect();
    let Some(xs) = xs else {
        return Vec::new(); // texts have no order
    };
    let curves = points.len() / xs.len().max(1);
    let mut knees = Vec::new();
    for curve in 0..curves {
        let along: Vec<_> = points.iter().skip(curve).step_by(curves).collect();
        let others = along
            .first()
            .map(|point| point.values.iter().skip(1).cloned().collect());
        for (metric, figure) in METRICS {
            let ys: Option<Vec<f64>> = along.iter().map(|point| figure(point)).collect();
            let at = ys.and_then(|ys| knee(&xs, &ys));
            if let Some(value) = at.and_then(|at| first.values.get(at)) {
                knees.push(Knee {
                    others: others.clone().unwrap_or_default(),
                    metric: metric.to_owned(),
                    value: value.clone(),
                });
            }
        }
    }
    knees
}
