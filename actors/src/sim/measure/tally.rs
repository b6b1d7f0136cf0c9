//! Counts requests by their ends, and how long the answered ones took.

use std::time::Duration;

use hdrhistogram::Histogram;
use opensrf::osrf::code;
use opensrf::session::CallError;

use crate::client::ClientError;
use crate::sim::report::{Bucket, Ends, Latency, Summary};

/// How a request ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum End {
    Answered,
    Refused,
    Failed,
    Bounced,
    TimedOut,
    Disconnected,
}

impl End {
    /// That of a call that came to no good end.
    pub(crate) fn of(error: &ClientError) -> Self {
        match error {
            ClientError::Call(CallError::Status(status)) => match status.code {
                code::SERVICE_UNAVAILABLE => Self::Refused,
                _ => Self::Failed,
            },
            ClientError::Call(CallError::Unreachable { .. }) => Self::Bounced,
            ClientError::Call(CallError::Timeout(_) | CallError::ConnectTimeout(_)) => {
                Self::TimedOut
            }
            ClientError::Call(CallError::Garbled(_)) => Self::Failed,
            _ => Self::Disconnected,
        }
    }
}

impl Ends {
    fn merge(&mut self, other: &Self) {
        let Self {
            answered,
            refused,
            failed,
            bounced,
            timed_out,
            disconnected,
        } = other;
        self.answered += answered;
        self.refused += refused;
        self.failed += failed;
        self.bounced += bounced;
        self.timed_out += timed_out;
        self.disconnected += disconnected;
    }

    pub(crate) fn add(&mut self, end: End) {
        let count = match end {
            End::Answered => &mut self.answered,
            End::Refused => &mut self.refused,
            End::Failed => &mut self.failed,
            End::Bounced => &mut self.bounced,
            End::TimedOut => &mut self.timed_out,
            End::Disconnected => &mut self.disconnected,
        };
        *count += 1;
    }
}

/// Requests of one kind.
#[derive(Debug, Clone, Default)]
pub(super) struct Tally {
    pub(super) asked: u64,
    /// Answers that came within the time of the run, whenever they were asked for.
    pub(super) answered_in_time: u64,
    ends: Ends,
    took: Took,
}

impl Tally {
    pub(super) fn end(&mut self, end: End, took: Duration) {
        self.ends.add(end);
        if end == End::Answered {
            self.took.add(took);
        }
    }

    /// Those of another kind, too.
    pub(super) fn merge(&mut self, other: &Self) {
        self.asked += other.asked;
        self.answered_in_time += other.answered_in_time;
        self.ends.merge(&other.ends);
        self.took.merge(&other.took);
    }

    /// What became of them in a run that counts for so long.
    pub(super) fn summary(&self, time: Duration) -> Summary {
        Summary {
            asked: self.asked,
            ends: self.ends,
            throughput: match time.is_zero() {
                true => 0.0,
                false => self.answered_in_time as f64 / time.as_secs_f64(),
            },
            latency: self.took.latency(),
        }
    }
}

/// How long requests took. Sum and extremes are exact; of the rest three digits are kept.
#[derive(Debug, Clone)]
pub(super) struct Took {
    nanos: Histogram<u64>,
    sum: u128,
    min: Duration,
    max: Duration,
}

/// What is shorter than this is not told apart.
const LEAST: u64 = 1_000;
/// What is longer than this counts as this long.
const MOST: u64 = 24 * 3_600 * 1_000_000_000;
const DIGITS: u8 = 3;

impl Default for Took {
    fn default() -> Self {
        let mut nanos = Histogram::new_with_bounds(LEAST, 2 * LEAST, DIGITS)
            .expect("the bounds are in order and the digits few");
        nanos.auto(true);
        Self {
            nanos,
            sum: 0,
            min: Duration::MAX,
            max: Duration::ZERO,
        }
    }
}

impl Took {
    pub(super) fn add(&mut self, took: Duration) {
        let nanos = u64::try_from(took.as_nanos()).unwrap_or(MOST);
        // It grows as it must, so nothing is refused.
        let _ = self.nanos.record(nanos.min(MOST));
        self.sum += took.as_nanos();
        self.min = self.min.min(took);
        self.max = self.max.max(took);
    }

    fn merge(&mut self, other: &Self) {
        // As when recorded: it grows as it must.
        let _ = self.nanos.add(&other.nanos);
        self.sum += other.sum;
        self.min = self.min.min(other.min);
        self.max = self.max.max(other.max);
    }

    pub(super) fn clear(&mut self) {
        self.nanos.reset();
        *self = Self {
            nanos: std::mem::replace(&mut self.nanos, Histogram::new(DIGITS).expect("few digits")),
            ..Self::default()
        };
    }

    /// The time within which this part of them was answered.
    pub(super) fn quantile(&self, part: f64) -> Option<Duration> {
        let nanos = self.nanos.value_at_quantile(part);
        // A bucket's end may lie beyond what was seen.
        (!self.nanos.is_empty()).then(|| Duration::from_nanos(nanos).clamp(self.min, self.max))
    }

    fn latency(&self) -> Option<Latency> {
        let count = u128::from(self.nanos.len());
        let mean = self.sum.checked_div(count)?;
        let at = |part| self.quantile(part).unwrap_or_default();
        let buckets = self.nanos.iter_recorded();
        Some(Latency {
            mean: Duration::from_nanos(u64::try_from(mean).unwrap_or(u64::MAX)),
            min: self.min,
            max: self.max,
            p50: at(0.5),
            p90: at(0.9),
            p95: at(0.95),
            p99: at(0.99),
            p999: at(0.999),
            distribution: thin(buckets.map(|bucket| Bucket {
                up_to: Duration::from_nanos(bucket.value_iterated_to()),
                count: bucket.count_since_last_iteration(),
            })),
        })
    }
}

/// Puts buckets together that are within a twentieth of each other, so that a report stays small.
fn thin(buckets: impl Iterator<Item = Bucket>) -> Vec<Bucket> {
    let mut kept: Vec<Bucket> = Vec::new();
    let mut until = Duration::ZERO;
    for bucket in buckets {
        match kept.last_mut() {
            Some(last) if bucket.up_to <= until => {
                last.up_to = bucket.up_to;
                last.count += bucket.count;
            }
            _ => {
                until = bucket.up_to.mul_f64(1.05);
                kept.push(bucket);
            }
        }
    }
    kept
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quantiles_are_right_to_three_digits_and_the_mean_is_exact() {
        let mut took = Took::default();
        (1..=1_000).for_each(|millis| took.add(Duration::from_millis(millis)));
        let latency = took.latency().unwrap();
        assert_eq!(latency.mean, Duration::from_micros(500_500));
        assert_eq!(latency.min, Duration::from_millis(1));
        assert_eq!(latency.max, Duration::from_secs(1));
        let near = |found: Duration, millis: f64| {
            (found.as_secs_f64() * 1_000.0 - millis).abs() <= millis / 1_000.0
        };
        assert!(near(latency.p50, 500.0), "{latency:?}");
        assert!(near(latency.p99, 990.0), "{latency:?}");
        let all: u64 = latency.distribution.iter().map(|bucket| bucket.count).sum();
        assert_eq!(all, 1_000);
        assert!(latency.distribution.len() < 200);
    }

    #[test]
    fn nothing_answered_has_no_latency() {
        let mut tally = Tally::default();
        tally.end(End::Refused, Duration::from_secs(1));
        let summary = tally.summary(Duration::from_secs(1));
        assert_eq!((summary.latency, summary.ends.refused), (None, 1));
    }

    #[test]
    fn what_is_cleared_is_as_new() {
        let mut took = Took::default();
        took.add(Duration::from_secs(5));
        took.clear();
        assert_eq!(took.latency(), None);
        took.add(Duration::from_secs(1));
        assert_eq!(took.latency().unwrap().max, Duration::from_secs(1));
    }
}
