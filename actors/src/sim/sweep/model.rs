//! Many runs of one scenario, each with other values of some of its settings.

use serde::{Deserialize, Serialize};

use crate::sim::report::{PoolReport, Summary, Verdict};

/// What came of a sweep.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
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

impl SweepReport {
    /// Whether all checks and expectations of all runs hold.
    #[must_use]
    pub fn is_good(&self) -> bool {
        self.points.iter().all(|point| point.is_good)
    }

    /// The services that any run had, in the order in which they first appear.
    pub(in crate::sim) fn services(&self) -> Vec<&str> {
        let mut services = Vec::new();
        for (name, _) in self.points.iter().flat_map(|point| &point.pools) {
            if !services.contains(&name.as_str()) {
                services.push(name.as_str());
            }
        }
        services
    }
}

/// One setting and its values.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Axis {
    /// Such as `services.0.drones.max`.
    pub path: String,
    /// As they were set; numbers or texts.
    pub values: Vec<String>,
}

/// One run of a sweep.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
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
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Knee {
    /// The values of the other axes, in their order; none for a sweep over one.
    pub others: Vec<String>,
    /// What bends: `p50`, `p99`, `throughput`, `refused` or `utilisation`, which the page marks in
    /// its plots.
    pub metric: String,
    /// The value of the first axis there.
    pub value: String,
}
