//! How much of a pool was used, over time.
//!
//! Two areas grow with time: that under the number of drones at work, and that under the number of
//! requests that wait. Whoever looks twice gets the exact averages between: the areas' growth by the
//! time that went by. Both are brought up to date before each input, as nothing changes between two.

use std::time::Duration;

use super::{Effect, Pool, PoolStats};
use crate::time::Tick;

/// What has become of a pool's drones and requests since its first input.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Occupancy {
    /// For how long it has been watched.
    pub watched: Duration,
    /// How long drones were at work or reserved by a session, summed over all drones.
    pub busy: Duration,
    /// How long requests waited for a drone, summed over all requests, those that still wait among them.
    pub waiting: Duration,
    /// Requests given to a drone; one that went to another drone counts again.
    pub assigned: u64,
    /// Requests turned away because there was no room, no drone, or an end.
    pub refused: u64,
    /// Requests turned away because they had waited too long.
    pub expired: u64,
}

/// Keeps an [`Occupancy`].
#[derive(Debug, Default)]
pub(super) struct Watch {
    so_far: Occupancy,
    /// Up to when; never if nothing has come yet.
    until: Option<Tick>,
}

impl Watch {
    /// Until now it was so.
    pub(super) fn advance(&mut self, now: Tick, stats: PoolStats) {
        self.so_far = self.at(now, stats);
        self.until = Some(now);
    }

    fn at(&self, now: Tick, stats: PoolStats) -> Occupancy {
        let span = now.saturating_sub(self.until.unwrap_or(now));
        Occupancy {
            watched: self.so_far.watched.saturating_add(span),
            busy: self.so_far.busy.saturating_add(times(span, stats.busy)),
            waiting: self
                .so_far
                .waiting
                .saturating_add(times(span, stats.backlog)),
            ..self.so_far
        }
    }

    /// Counts requests among these effects.
    pub(super) fn count(&mut self, effects: &[Effect]) {
        for effect in effects {
            match effect {
                Effect::Assign(..) => self.so_far.assigned += 1,
                Effect::Refuse(_) | Effect::TurnAway(_) | Effect::Dismiss(_) => {
                    self.so_far.refused += 1;
                }
                Effect::Expire(_) => self.so_far.expired += 1,
                _ => {}
            }
        }
    }
}

fn times(span: Duration, number: usize) -> Duration {
    span.saturating_mul(u32::try_from(number).unwrap_or(u32::MAX))
}

impl Pool {
    /// What has become of its drones and requests until now. Constant time.
    #[must_use]
    pub fn occupancy(&self, now: Tick) -> Occupancy {
        self.watch.at(now, self.stats())
    }
}
