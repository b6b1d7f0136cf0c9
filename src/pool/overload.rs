//! When to say that a service is asked more than it can do.
//!
//! The first refusal is told at once, those that follow together, at most once in a while: a flood of
//! requests must not become one of lines. None is left untold.

use std::time::Duration;

use super::event::Effect;
use crate::limits::OVERLOAD_TOLD;
use crate::time::Tick;

/// Refusals that have not been told yet.
#[derive(Debug, Default)]
pub(super) struct Overload {
    refused: u64,
    expired: u64,
    /// Nothing is told before this.
    quiet_until: Option<Tick>,
}

impl Overload {
    /// Counts what is turned away among these effects.
    pub(super) fn count(&mut self, effects: &[Effect]) {
        for effect in effects {
            match effect {
                Effect::Refuse(_) => self.refused += 1,
                Effect::Expire(_) => self.expired += 1,
                _ => {}
            }
        }
    }

    /// What is to be told now.
    pub(super) fn tell(&mut self, now: Tick) -> Option<Effect> {
        if self.due().is_none_or(|due| due > now) {
            return None;
        }
        self.quiet_until = Some(now + OVERLOAD_TOLD);
        Some(Effect::Overloaded {
            refused: std::mem::take(&mut self.refused),
            expired: std::mem::take(&mut self.expired),
        })
    }

    /// When something is to be told; not at all if absent.
    pub(super) fn due(&self) -> Option<Tick> {
        let is_something = self.refused + self.expired > 0;
        is_something.then(|| self.quiet_until.unwrap_or(Duration::ZERO))
    }
}
