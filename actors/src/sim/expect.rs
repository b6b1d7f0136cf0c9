//! What a report must show, such as `p99 < 200ms`, `refused = 0` or `acme.search throughput > 400/s`.
//!
//! ```text
//! [service or client group] metric  <  <=  =  >=  >  value
//! ```
//!
//! | metric | value |
//! |---|---|
//! | `p50` `p90` `p95` `p99` `p99.9` `mean` `max` | a length of time: `200ms` |
//! | `asked` `answered` `refused` `failed` `bounced` `timed_out` `disconnected` `unanswered` | a number, or a part of what was asked: `0`, `1%` |
//! | `throughput` | answers a second: `400/s` |
//! | `utilisation` | a part of the drones: `80%`; of the busiest service unless one is named |
//! | `wait` | a length of time that requests waited for a drone on average; of the service where it was longest |
//! | `recovered_within` | a length of time, of the fault after which it took longest |

#[cfg(test)]
mod tests;

use std::fmt;
use std::time::Duration;

use super::report::{Latency, PoolReport, Report, Summary, Verdict};
use crate::law::length;
use crate::shown::{Count, Figure, Length, Share};

/// One thing that a report must show.
#[derive(Debug, Clone)]
pub struct Expectation {
    text: String,
    scope: Option<String>,
    metric: Metric,
    comparison: Comparison,
    bound: Bound,
}

/// Why a text is no expectation.
#[derive(Debug, Clone, thiserror::Error, PartialEq, Eq)]
#[non_exhaustive]
pub enum ExpectationError {
    /// It has another shape.
    #[error("{0:?} is no expectation; write one as `p99 < 200ms` or `acme.search refused = 0`")]
    Shape(String),
    /// There is no such figure.
    #[error("{found:?} is no metric; there are {}", words())]
    Metric {
        /// What was found in its place.
        found: String,
    },
    /// The value does not fit the metric.
    #[error("{metric} is compared with {wanted}, not with {found:?}")]
    Value {
        /// The metric.
        metric: &'static str,
        /// What it is compared with.
        wanted: &'static str,
        /// What was found.
        found: String,
    },
}

#[derive(Debug, Clone, Copy)]
enum Metric {
    Time(fn(&Latency) -> Duration),
    Count(fn(&Summary) -> u64),
    Throughput,
    Utilisation,
    Wait,
    Recovered,
}

const METRICS: &[(&str, Metric)] = &[
    ("p50", Metric::Time(|latency| latency.p50)),
    ("p90", Metric::Time(|latency| latency.p90)),
    ("p95", Metric::Time(|latency| latency.p95)),
    ("p99", Metric::Time(|latency| latency.p99)),
    ("p99.9", Metric::Time(|latency| latency.p999)),
    ("mean", Metric::Time(|latency| latency.mean)),
    ("max", Metric::Time(|latency| latency.max)),
    ("asked", Metric::Count(|summary| summary.asked)),
    ("answered", Metric::Count(|summary| summary.ends.answered)),
    ("refused", Metric::Count(|summary| summary.ends.refused)),
    ("failed", Metric::Count(|summary| summary.ends.failed)),
    ("bounced", Metric::Count(|summary| summary.ends.bounced)),
    ("timed_out", Metric::Count(|summary| summary.ends.timed_out)),
    (
        "disconnected",
        Metric::Count(|summary| summary.ends.disconnected),
    ),
    (
        "unanswered",
        Metric::Count(|summary| summary.ends.unanswered()),
    ),
    ("throughput", Metric::Throughput),
    ("utilisation", Metric::Utilisation),
    ("wait", Metric::Wait),
    ("recovered_within", Metric::Recovered),
];

fn words() -> String {
    let words: Vec<_> = METRICS.iter().map(|(word, _)| *word).collect();
    words.join(", ")
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Comparison {
    Less,
    AtMost,
    Equal,
    AtLeast,
    More,
}

/// The longer ones first: `<` begins `<=`.
const COMPARISONS: &[(&str, Comparison)] = &[
    ("<=", Comparison::AtMost),
    (">=", Comparison::AtLeast),
    ("<", Comparison::Less),
    (">", Comparison::More),
    ("=", Comparison::Equal),
];

impl Comparison {
    fn holds(self, measured: f64, bound: f64) -> bool {
        match self {
            Self::Less => measured < bound,
            Self::AtMost => measured <= bound,
            Self::Equal => measured == bound,
            Self::AtLeast => measured >= bound,
            Self::More => measured > bound,
        }
    }
}

/// A value to compare with, and what is shown of the one that was measured.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Bound {
    Time(Duration),
    Count(u64),
    /// A part of a whole.
    Part(f64),
    Rate(f64),
}

impl Bound {
    fn number(self) -> f64 {
        match self {
            Self::Time(time) => time.as_secs_f64(),
            Self::Count(count) => count as f64,
            Self::Part(number) | Self::Rate(number) => number,
        }
    }
}

impl Bound {
    /// As people read what was measured.
    fn shown(self) -> String {
        match self {
            Self::Time(time) => Length(time).to_string(),
            Self::Count(count) => Count(count).to_string(),
            Self::Part(part) => Share(part).to_string(),
            Self::Rate(rate) => format!("{}/s", Figure(rate)),
        }
    }
}

impl Metric {
    fn wanted(self) -> &'static str {
        match self {
            Self::Time(_) | Self::Wait | Self::Recovered => "a length of time, such as 200ms",
            Self::Count(_) => "a number or a part, such as 0 or 1%",
            Self::Throughput => "a rate, such as 400/s",
            Self::Utilisation => "a part, such as 80%",
        }
    }

    fn bound(self, text: &str) -> Option<Bound> {
        match self {
            Self::Time(_) | Self::Wait | Self::Recovered => {
                length::parse(text).ok().map(Bound::Time)
            }
            Self::Count(_) => part(text).or_else(|| text.parse().ok().map(Bound::Count)),
            Self::Throughput => {
                let rate = text.strip_suffix("/s")?.trim_end().parse().ok()?;
                (0.0..f64::INFINITY)
                    .contains(&rate)
                    .then_some(Bound::Rate(rate))
            }
            Self::Utilisation => part(text),
        }
    }
}

fn part(text: &str) -> Option<Bound> {
    let percent: f64 = text.strip_suffix('%')?.trim_end().parse().ok()?;
    (0.0..=100.0)
        .contains(&percent)
        .then_some(Bound::Part(percent / 100.0))
}

impl Expectation {
    /// Reads one as it is written in scenario files.
    ///
    /// # Errors
    /// [`ExpectationError`] says what cannot be read.
    pub fn parse(text: &str) -> Result<Self, ExpectationError> {
        let shape = || ExpectationError::Shape(text.to_owned());
        let (left, comparison, right) = split(text).ok_or_else(shape)?;
        let mut words = left.split_whitespace().rev();
        let word = words.next().ok_or_else(shape)?;
        let scope = words.next().map(str::to_owned);
        if words.next().is_some() {
            return Err(shape());
        }
        let known = METRICS.iter().find(|(known, _)| *known == word);
        let &(word, metric) = known.ok_or_else(|| ExpectationError::Metric {
            found: word.to_owned(),
        })?;
        let bound = metric.bound(right).ok_or_else(|| ExpectationError::Value {
            metric: word,
            wanted: metric.wanted(),
            found: right.to_owned(),
        })?;
        Ok(Self {
            text: text.trim().to_owned(),
            scope,
            metric,
            comparison,
            bound,
        })
    }

    /// The service or group of clients that it is about, if not all.
    pub(crate) fn scope(&self) -> Option<&str> {
        self.scope.as_deref()
    }

    /// Whether a report shows it. What was not measured at all, such as the latency of requests of
    /// which none was answered, does not hold.
    #[must_use]
    pub fn judge(&self, report: &Report) -> Verdict {
        let measured = self.measure(report);
        Verdict {
            expectation: self.text.clone(),
            measured: measured.map_or_else(|| "nothing".to_owned(), Bound::shown),
            holds: measured
                .is_some_and(|value| self.comparison.holds(value.number(), self.bound.number())),
        }
    }

    fn measure(&self, report: &Report) -> Option<Bound> {
        match self.metric {
            Metric::Time(time) => {
                let latency = self.summary(report)?.latency.as_ref()?;
                Some(Bound::Time(time(latency)))
            }
            Metric::Count(count) => {
                let summary = self.summary(report)?;
                let count = count(summary);
                Some(match self.bound {
                    Bound::Part(_) if summary.asked == 0 => Bound::Part(0.0),
                    Bound::Part(_) => Bound::Part(count as f64 / summary.asked as f64),
                    _ => Bound::Count(count),
                })
            }
            Metric::Throughput => Some(Bound::Rate(self.summary(report)?.throughput)),
            Metric::Utilisation => {
                let utilisation = self.pools(report).map(|pool| pool.utilisation);
                utilisation.max_by(f64::total_cmp).map(Bound::Part)
            }
            Metric::Wait => {
                let is_over = |pool: &PoolReport| pool.assigned > 0 || !pool.mean_wait.is_zero();
                let asked = |pool: &&PoolReport| is_over(pool) || pool.waiting > 0.0;
                // Where all wait and none gets a drone, there is no time that they waited.
                let wait = |pool: &PoolReport| is_over(pool).then_some(pool.mean_wait);
                let all: Option<Vec<_>> = self.pools(report).filter(asked).map(wait).collect();
                all?.into_iter().max().map(Bound::Time)
            }
            Metric::Recovered => {
                // One that never recovered has no time.
                let all: Option<Vec<_>> =
                    report.faults.iter().map(|fault| fault.recovered).collect();
                Some(Bound::Time(all?.into_iter().max().unwrap_or_default()))
            }
        }
    }

    fn summary<'a>(&self, report: &'a Report) -> Option<&'a Summary> {
        let Some(scope) = &self.scope else {
            return Some(&report.total);
        };
        let services = report
            .services
            .iter()
            .map(|service| (&service.name, &service.summary));
        let groups = report
            .clients
            .iter()
            .map(|group| (&group.name, &group.summary));
        let mut all = services.chain(groups);
        all.find(|(name, _)| *name == scope)
            .map(|(_, summary)| summary)
    }

    fn pools<'a>(&self, report: &'a Report) -> impl Iterator<Item = &'a PoolReport> {
        let scope = self.scope.clone();
        let services = report.services.iter();
        services
            .filter(move |service| scope.as_ref().is_none_or(|scope| *scope == service.name))
            .map(|service| &service.pool)
    }
}

/// The text before a comparison, the comparison, and the text after.
fn split(text: &str) -> Option<(&str, Comparison, &str)> {
    let at = text.find(['<', '>', '='])?;
    let (left, rest) = text.split_at(at);
    COMPARISONS.iter().find_map(|(sign, comparison)| {
        let right = rest.strip_prefix(sign)?;
        Some((left.trim(), *comparison, right.trim()))
    })
}

impl fmt::Display for Expectation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}
