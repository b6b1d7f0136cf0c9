//! Stanzas under way in one direction.

use std::collections::VecDeque;
use std::time::Duration;

use actix_rt::time::Instant;
use opensrf::ids::Seed;
use opensrf::limits::MAILBOX;
use opensrf::stanza::Stanza;

use super::Tally;
use super::faults::Rules;
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

#[derive(Debug)]
struct Parcel {
    /// When it arrives.
    due: Instant,
    taken: Instant,
    passing: Passing,
}

/// What is under way in one direction, by the moment at which it arrives.
#[derive(Debug)]
pub(super) struct Lane {
    waiting: VecDeque<Parcel>,
    /// When the last of those that keep their order arrives.
    last: Instant,
    is_ending: bool,
    /// When the courier will look here.
    planned: Option<Instant>,
    chance: Seed,
}

impl Lane {
    pub(super) fn new(chance: Seed) -> Self {
        Self {
            waiting: VecDeque::new(),
            last: Instant::now(),
            is_ending: false,
            planned: None,
            chance,
        }
    }

    /// Takes a stanza, and decides what becomes of it; gives it back if too much waits.
    pub(super) fn take(
        &mut self,
        now: Instant,
        stanza: Stanza,
        rules: &mut Rules,
        tally: &mut Tally,
    ) -> Result<(), Box<Stanza>> {
        if self.happens(rules.disorder.lost) {
            tally.lost += 1;
            return Ok(());
        }
        if self.waiting.len() >= MAILBOX {
            return Err(Box::new(stanza));
        }
        if self.happens(rules.disorder.twice) {
            tally.twice += 1;
            self.place(now, stanza.clone(), rules, tally);
        }
        self.place(now, stanza, rules, tally);
        Ok(())
    }

    fn place(&mut self, now: Instant, stanza: Stanza, rules: &mut Rules, tally: &mut Tally) {
        let sent = rules.send(now, &stanza);
        let law = &rules.disorder;
        let in_order = (sent + law.delay.draw(&mut self.chance)).max(self.last + law.pace);
        let due = if self.happens(law.late) {
            tally.late += 1;
            in_order + self.part_of(law.late_by)
        } else {
            self.last = in_order;
            in_order
        };
        self.put(now, due, Passing::Stanza(stanza));
    }

    /// The last that comes this way: it is behind all others.
    pub(super) fn end(&mut self, now: Instant, end: Passing) {
        let due = self.waiting.back().map_or(now, |last| last.due.max(now));
        self.put(now, due, end);
        self.is_ending = true;
    }

    /// Behind all that arrive before, or at the same time. Few overtake others, and none that keep
    /// their order.
    fn put(&mut self, now: Instant, due: Instant, passing: Passing) {
        let parcel = Parcel {
            due,
            taken: now,
            passing,
        };
        match self.waiting.back() {
            Some(last) if last.due > due => {
                let at = self.waiting.partition_point(|before| before.due <= due);
                self.waiting.insert(at, parcel);
            }
            _ => self.waiting.push_back(parcel),
        }
    }

    /// What has arrived by now, first come first, with the time that it took.
    pub(super) fn arrived(&mut self, now: Instant) -> Option<(Passing, Duration)> {
        let first = self.waiting.pop_front_if(|first| first.due <= now)?;
        Some((first.passing, now.saturating_duration_since(first.taken)))
    }

    /// When the courier is to look here, if it does not know yet.
    pub(super) fn unplanned(&mut self) -> Option<Instant> {
        let due = self.waiting.front()?.due;
        if self.planned.is_some_and(|planned| planned <= due) {
            return None;
        }
        self.planned = Some(due);
        self.planned
    }

    /// The courier has looked here.
    pub(super) fn looked(&mut self) {
        self.planned = None;
    }

    /// Whether nothing comes after what is under way.
    pub(super) fn is_ending(&self) -> bool {
        self.is_ending
    }

    /// All that is under way, in order.
    pub(super) fn empty(&mut self) -> impl Iterator<Item = Passing> + use<> {
        let all = std::mem::take(&mut self.waiting);
        all.into_iter().map(|parcel| parcel.passing)
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
