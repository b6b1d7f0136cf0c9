//! Many runs of one scenario, each with other values of some of its settings.

use serde::Serialize;

use crate::sim::report::{PoolReport, Summary, Verdict};

/// What came of a sweep.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[non_exhaustive]
pub struct SweepReport {
    /// The name of the scenario.
    pub scenario: String,
    /// Where all chance came from, in each run alike.
    pub seed: u64,
    /// What was swept; the last one changes fastest.
    pub axes: Vec<Axis>,
    /// A run for each combination of their values, in order.
    pub points: Vec<Point>,
    /// Where more brings little more, for each curve along the first axis.
    pub knees: Vec<Knee>,
}

/// One setting and its values.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Axis {
    /// Such as `services.0.drones.max`.
    pub path: String,
    /// As they were set; numbers or texts.
    pub values: Vec<String>,
}

/// One run of a sweep.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[non_exhaustive]
pub struct Point {
    /// The values of the axes, in their order.
    pub values: Vec<String>,
    /// What became of its requests.
    pub total: Summary,
    /// The services' drones and backlogs, by name.
    pub pools: Vec<(String, PoolReport)>,
    /// What the scenario expected.
    pub expectations: Vec<Verdict>,
    /// Whether all checks and expectations hold.
    pub is_good: bool,
}

/// Where a curve bends.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct Knee {
    /// The values of the other axes, in their order; none for a sweep over one.
    pub others: Vec<String>,
    /// What bends, such as `p99`.
    pub metric: String,
    /// The value of the first axis there.
    pub value: String,
}
