//! Stanzas under way in one direction.

use std::collections::BTreeMap;
use std::time::Duration;

use actix_rt::time::Instant;
use opensrf::ids::Seed;
use opensrf::limits::MAILBOX;
use opensrf::stanza::Stanza;

use super::{Disorder, Faults};
use crate::transport::LinkError;

/// What is under way.
#[derive(Debug)]
pub(super) enum Passing {
    Stanza(Stanza),
    /// The party has let go of the link.
    Leave,
    /// The link is gone.
    Down(LinkError),
}

impl Passing {
    pub(super) fn into_stanza(self) -> Option<Stanza> {
        match self {
            Self::Stanza(stanza) => Some(stanza),
            Self::Leave | Self::Down(_) => None,
        }
    }
}

/// What is under way in one direction, by the moment at which it arrives.
#[derive(Debug)]
pub(super) struct Lane {
    waiting: BTreeMap<(Instant, u64), Passing>,
    /// When the last of those that keep their order arrives.
    last: Instant,
    taken: u64,
    chance: Seed,
}

impl Lane {
    pub(super) fn new(chance: Seed) -> Self {
        Self {
            waiting: BTreeMap::new(),
            last: Instant::now(),
            taken: 0,
            chance,
        }
    }

    /// Takes a stanza, and decides what becomes of it; gives it back if too much waits.
    pub(super) fn take(
        &mut self,
        now: Instant,
        stanza: Stanza,
        law: &Disorder,
        faults: &Faults,
    ) -> Result<(), Box<Stanza>> {
        if self.happens(law.lost) {
            faults.note(|tally| tally.lost += 1);
            return Ok(());
        }
        if self.waiting.len() >= MAILBOX {
            return Err(Box::new(stanza));
        }
        if self.happens(law.twice) {
            faults.note(|tally| tally.twice += 1);
            self.place(now, stanza.clone(), law, faults);
        }
        self.place(now, stanza, law, faults);
        Ok(())
    }

    fn place(&mut self, now: Instant, stanza: Stanza, law: &Disorder, faults: &Faults) {
        let (least, most) = (*law.delay.start(), *law.delay.end());
        let in_order =
            (now + least + self.part_of(most.saturating_sub(least))).max(self.last + law.pace);
        let due = if self.happens(law.late) {
            faults.note(|tally| tally.late += 1);
            in_order + self.part_of(law.late_by)
        } else {
            self.last = in_order;
            in_order
        };
        self.put(due, Passing::Stanza(stanza));
    }

    /// The last that comes this way: it is behind all others.
    pub(super) fn end(&mut self, now: Instant, end: Passing) {
        let last = self.waiting.last_key_value();
        let due = last.map_or(now, |((due, _), _)| (*due).max(now));
        self.put(due, end);
    }

    fn put(&mut self, due: Instant, passing: Passing) {
        self.taken += 1;
        self.waiting.insert((due, self.taken), passing);
    }

    /// What has arrived by now, first come first.
    pub(super) fn arrived(&mut self, now: Instant) -> Option<Passing> {
        let first = self.waiting.first_entry()?;
        (first.key().0 <= now).then(|| first.remove())
    }

    /// When the next arrives.
    pub(super) fn due(&self) -> Option<Instant> {
        self.waiting.first_key_value().map(|((due, _), _)| *due)
    }

    /// Whether nothing comes after what is under way.
    pub(super) fn is_ending(&self) -> bool {
        let last = self.waiting.last_key_value();
        last.is_some_and(|(_, last)| !matches!(last, Passing::Stanza(_)))
    }

    /// All that is under way, in order.
    pub(super) fn empty(&mut self) -> impl Iterator<Item = Passing> + use<> {
        std::mem::take(&mut self.waiting).into_values()
    }

    /// Draws only if it may happen and may not: without a fault there is no chance.
    fn happens(&mut self, fraction: f64) -> bool {
        fraction > 0.0 && self.chance.next_fraction() < fraction
    }

    fn part_of(&mut self, time: Duration) -> Duration {
        if time.is_zero() {
            return time;
        }
        // Whole microseconds, so that a trace is easy to read.
        let most = u64::try_from(time.as_micros()).unwrap_or(u64::MAX);
        Duration::from_micros(self.chance.next_u64() % most.saturating_add(1))
    }
}
