//! What a pool is allowed.

use std::time::Duration;

/// How many drones there are, and how many requests may wait.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PoolSize {
    /// Drones kept alive.
    pub(super) min: usize,
    /// Drones at most.
    pub(super) max: usize,
    /// Requests that wait at most.
    pub(super) backlog: usize,
}

/// A pool that could not work.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
#[non_exhaustive]
pub enum PoolSizeError {
    /// No drone would ever serve.
    #[error("max is 0; a service needs at least one drone")]
    NoDrones,
    /// More drones are to be kept than there may be.
    #[error("min {min} is more than max {max}")]
    MinAboveMax {
        /// Drones to keep.
        min: usize,
        /// Drones at most.
        max: usize,
    },
}

impl PoolSize {
    /// A pool of `min` to `max` drones behind a backlog of `backlog` requests.
    ///
    /// # Errors
    /// [`PoolSizeError`] says which numbers contradict each other.
    pub fn new(min: usize, max: usize, backlog: usize) -> Result<Self, PoolSizeError> {
        if max == 0 {
            return Err(PoolSizeError::NoDrones);
        }
        if min > max {
            return Err(PoolSizeError::MinAboveMax { min, max });
        }
        Ok(Self { min, max, backlog })
    }

    /// Drones that are always there, if they can be had.
    #[must_use]
    pub fn min(&self) -> usize {
        self.min
    }

    /// Drones at most.
    #[must_use]
    pub fn max(&self) -> usize {
        self.max
    }

    /// Requests that wait at most, besides those for which a drone is on its way.
    #[must_use]
    pub fn backlog(&self) -> usize {
        self.backlog
    }
}

/// What a pool is allowed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PoolRules {
    /// How many drones there are, and how many requests may wait.
    pub size: PoolSize,
    /// Requests after which a drone is replaced (OpenSRF's `unix_config/max_requests`); `None` for
    /// never. A session counts as one.
    pub max_requests: Option<u64>,
    /// How long a request may wait, however long its caller would; `None` for no such limit.
    pub max_wait: Option<Duration>,
}

impl From<PoolSize> for PoolRules {
    /// Drones that are never replaced, and no limit to how long a request may wait.
    fn from(size: PoolSize) -> Self {
        Self {
            size,
            max_requests: None,
            max_wait: None,
        }
    }
}
