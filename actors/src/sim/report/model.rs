//! What a run was like, in figures. Every length of time is simulated time, in seconds where it is
//! written down; nothing in a report depends on the machine that made it.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::sim::seconds;

/// What came of a run.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Report {
    /// The name of the scenario.
    pub scenario: String,
    /// Where all chance came from.
    pub seed: u64,
    /// What kind of time it ran in.
    pub mode: Mode,
    /// For how long there were new requests.
    #[serde(with = "seconds", rename = "duration_seconds")]
    pub duration: Duration,
    /// Requests asked in this time at the beginning are in the slices only.
    #[serde(with = "seconds", rename = "warmup_seconds")]
    pub warmup: Duration,
    /// All requests asked after the warm-up.
    pub total: Summary,
    /// The same by groups of clients, in the order of the scenario.
    pub clients: Vec<GroupReport>,
    /// The same by services, in the order of the scenario.
    pub services: Vec<ServiceReport>,
    /// The run in slices of equal length, from its beginning.
    pub slices: Vec<Slice>,
    /// What went wrong on purpose, in order.
    pub faults: Vec<FaultReport>,
    /// Little's law on this run.
    pub little: Little,
    /// What must hold after every run.
    pub checks: Vec<Check>,
    /// What the scenario expected.
    pub expectations: Vec<Verdict>,
}

impl Report {
    /// Whether all checks and expectations hold.
    #[must_use]
    pub fn is_good(&self) -> bool {
        self.checks.iter().all(|check| check.holds)
            && self.expectations.iter().all(|verdict| verdict.holds)
    }
}

/// What kind of time a run had.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Mode {
    /// Simulated: waiting takes no time.
    Simulated,
    /// The machine's, with real connections.
    Real,
}

/// What became of a number of requests.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Summary {
    /// Requests that were asked; each ended in one of the ways below.
    pub asked: u64,
    /// How they ended.
    pub ends: Ends,
    /// Answers a second that came within the time that counts, whenever they were asked for.
    pub throughput: f64,
    /// How long the answered ones took; nothing if there are none.
    pub latency: Option<Latency>,
}

/// How requests ended.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Ends {
    /// Complete.
    pub answered: u64,
    /// Status 503: no room in the backlog, no drone, a service that ends.
    pub refused: u64,
    /// Any other error status, such as 500 of a method that failed or whose drone died, 504 of one
    /// that hung.
    pub failed: u64,
    /// They reached nobody.
    pub bounced: u64,
    /// No answer within the time that their clients gave.
    pub timed_out: u64,
    /// Their client was off the bus, or lost its connection or its session.
    pub disconnected: u64,
}

impl Ends {
    /// All of them.
    #[must_use]
    pub fn all(&self) -> u64 {
        self.answered + self.unanswered()
    }

    /// Those that were not answered.
    #[must_use]
    pub fn unanswered(&self) -> u64 {
        self.refused + self.failed + self.bounced + self.timed_out + self.disconnected
    }
}

/// How long answered requests took, from asking to their end at the client.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
#[allow(missing_docs)]
pub struct Latency {
    #[serde(with = "seconds", rename = "mean_seconds")]
    pub mean: Duration,
    #[serde(with = "seconds", rename = "min_seconds")]
    pub min: Duration,
    #[serde(with = "seconds", rename = "max_seconds")]
    pub max: Duration,
    #[serde(with = "seconds", rename = "p50_seconds")]
    pub p50: Duration,
    #[serde(with = "seconds", rename = "p90_seconds")]
    pub p90: Duration,
    #[serde(with = "seconds", rename = "p95_seconds")]
    pub p95: Duration,
    #[serde(with = "seconds", rename = "p99_seconds")]
    pub p99: Duration,
    #[serde(with = "seconds", rename = "p999_seconds")]
    pub p999: Duration,
    /// How many took how long, the shortest first; without those that have none.
    pub distribution: Vec<Bucket>,
}

/// Requests that took about as long.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Bucket {
    /// The longest that they may have taken; those of the bucket before took less than its own.
    #[serde(with = "seconds", rename = "up_to_seconds")]
    pub up_to: Duration,
    /// How many.
    pub count: u64,
}

/// One group of clients.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct GroupReport {
    /// Its name.
    pub name: String,
    /// Its requests.
    pub summary: Summary,
}

/// One service on all its hosts.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct ServiceReport {
    /// Its name.
    pub name: String,
    /// The requests for it.
    pub summary: Summary,
    /// Its drones and backlogs, after the warm-up.
    pub pool: PoolReport,
    /// The same for each host, in the order of the scenario.
    pub hosts: Vec<HostReport>,
}

/// Drones and backlog over a time, on average.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct PoolReport {
    /// Drones that there may be.
    pub drones: usize,
    /// Drones at work or kept by a session.
    pub busy: f64,
    /// The same as a part of those that there may be.
    pub utilisation: f64,
    /// Requests that waited for a drone.
    pub waiting: f64,
    /// Requests that were given to drones.
    pub assigned: u64,
    /// How long each request waited that was given to a drone, or turned away because it had waited too
    /// long; zero if there is none.
    #[serde(with = "seconds", rename = "mean_wait_seconds")]
    pub mean_wait: Duration,
}

/// A service on one of its hosts.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct HostReport {
    /// The host.
    pub host: String,
    /// Its drones and backlog there.
    pub pool: PoolReport,
}

/// A part of the run.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Slice {
    /// When it began.
    #[serde(with = "seconds", rename = "from_seconds")]
    pub from: Duration,
    /// How long it was.
    #[serde(with = "seconds", rename = "length_seconds")]
    pub length: Duration,
    /// Requests that were asked in it.
    pub asked: u64,
    /// Requests that ended in it.
    pub ends: Ends,
    /// Requests without an end, at its end.
    pub open: u64,
    /// Of those that were answered in it; nothing if there are none.
    #[serde(with = "seconds::optional", rename = "p50_seconds")]
    pub p50: Option<Duration>,
    #[allow(missing_docs)]
    #[serde(with = "seconds::optional", rename = "p90_seconds")]
    pub p90: Option<Duration>,
    #[allow(missing_docs)]
    #[serde(with = "seconds::optional", rename = "p99_seconds")]
    pub p99: Option<Duration>,
    /// The services, in the order of the report's.
    pub services: Vec<PoolSlice>,
}

/// A service in a part of the run, on all its hosts.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct PoolSlice {
    /// Drones that were there, at its end.
    pub drones: usize,
    /// Drones at work, on average.
    pub busy: f64,
    /// Requests that waited, on average.
    pub waiting: f64,
}

/// Something that went wrong on purpose.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct FaultReport {
    /// When it began.
    #[serde(with = "seconds", rename = "at_seconds")]
    pub at: Duration,
    /// When it ended; nothing for what has no end, such as a drone that died.
    #[serde(with = "seconds::optional", rename = "until_seconds")]
    pub until: Option<Duration>,
    /// What it was, such as `kill_host app-1`.
    pub what: String,
    /// From its beginning to the end of the last request that was not answered while it lasted, or
    /// after it before another fault began; zero if all were answered; nothing if they still failed at
    /// the end of the run, in its last hundredth.
    #[serde(with = "seconds::optional", rename = "recovered_seconds")]
    pub recovered: Option<Duration>,
}

/// Little's law: requests in the system on average are those that come in a time, multiplied by the
/// time that each is in it. Both sides are counted by different parts of the program.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Little {
    /// Open requests on average, by the figures of the clients' hosts.
    pub open: f64,
    /// Requests a second, by those who asked.
    pub arrivals: f64,
    /// How long each was open, by those who asked.
    #[serde(with = "seconds", rename = "time_seconds")]
    pub time: Duration,
    /// The most by which both sides may differ, since open requests are counted now and then only.
    pub tolerance: f64,
}

impl Little {
    /// Whether it holds.
    #[must_use]
    pub fn holds(&self) -> bool {
        (self.open - self.arrivals * self.time.as_secs_f64()).abs() <= self.tolerance
    }
}

/// Something that must hold after every run.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Check {
    /// What must hold, as a sentence.
    pub what: String,
    /// What was found, with its figures.
    pub found: String,
    /// Whether it holds.
    pub holds: bool,
}

/// Something that the scenario expected.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Verdict {
    /// As it was written, such as `p99 < 200ms`.
    pub expectation: String,
    /// What was measured, such as `143 ms`.
    pub measured: String,
    /// Whether it holds.
    pub holds: bool,
}
