//! Moments, as the roles know them.

use std::time::Duration;

/// A moment: the time since the epoch of the network's `Env` (its start), never a wall clock.
pub type Tick = Duration;

/// The earlier of two optional deadlines.
#[must_use]
pub fn earliest(a: Option<Tick>, b: Option<Tick>) -> Option<Tick> {
    match (a, b) {
        (Some(a), Some(b)) => Some(a.min(b)),
        (one, None) | (None, one) => one,
    }
}
