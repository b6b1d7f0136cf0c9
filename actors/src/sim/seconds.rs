//! Lengths of simulated time as seconds, to the nanosecond.

use std::time::Duration;

use serde::Serializer;

pub(in crate::sim) fn serialize<S: Serializer>(time: &Duration, to: S) -> Result<S::Ok, S::Error> {
    to.serialize_f64(time.as_secs_f64())
}

/// The same for a time that may be absent.
pub(super) mod optional {
    use super::{Duration, Serializer};

    pub(in crate::sim) fn serialize<S: Serializer>(
        time: &Option<Duration>,
        to: S,
    ) -> Result<S::Ok, S::Error> {
        match time {
            Some(time) => to.serialize_some(&time.as_secs_f64()),
            None => to.serialize_none(),
        }
    }
}
