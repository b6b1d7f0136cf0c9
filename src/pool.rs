//! A listener's drones and the requests that wait for one.
//!
//! ```text
//!              StartDrone            Ready                Assign
//!   (nothing) ------------> Starting ------> Idle  <---------------->  Busy
//!                               \______________\________ Idle __________/
//!                                          Exited: gone, and made up for to the minimum
//! ```
//!
//! The drone that was used last is used next, so that a quiet service keeps few drones warm. A
//! request is either with a drone, in the backlog, or refused with an answer; when the backlog is
//! full, the caller that has most in it gives way to others. What a dead drone was working on is
//! handed back as abandoned, so that its caller can be told; what it had not looked at yet goes to
//! another one. A drone that does not come up in time is given up. While drones fail they are
//! started ever more slowly, and what waits for them is turned away when that has gone on for
//! long. One that is spent, because it has had its number of requests or because all are to be
//! replaced, ends when it is idle, and is made up for.
//!
//! A request that nobody waits for any more is not run: a caller may say how long it waits
//! ([`Extension::timeout`](crate::stanza::Extension::timeout)), and a service how long requests may
//! wait at most. What expires is answered all the same.
//!
//! Invariants: `drones <= max`; drones that start are never more than requests that wait, beyond
//! the minimum; the backlog is empty while a drone is idle. Requests for which a drone is on its
//! way are no backlog: five drones and a backlog of ten take fifteen requests at once.

mod backlog;
mod ends;
mod event;
mod occupancy;
mod overload;
mod rules;
mod starts;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
use std::time::Duration;

use crate::Role;
use crate::limits::DRONE_START;
use crate::retry::Retry;
use crate::stanza::Stanza;
use crate::time::{Tick, earliest};
use backlog::{Backlog, Waiting};
pub use event::{DroneId, Effect, Input};
pub use occupancy::Occupancy;
use occupancy::Watch;
use overload::Overload;
pub use rules::{PoolRules, PoolSize, PoolSizeError};
use starts::Starts;

struct Slot {
    state: State,
    /// When it was made, or came up.
    since: Tick,
    /// When it got what it works on, or had last.
    assigned_at: Tick,
    /// Requests it has been given, ever.
    assigned: u64,
    /// It is to be replaced when it is idle.
    is_spent: bool,
}

enum State {
    Starting,
    Idle,
    /// Holds a copy of what it works on, for the case that it dies; a stanza is cheap to clone.
    Busy(Waiting),
}

/// The drones and the backlog of one listener.
pub struct Pool {
    rules: PoolRules,
    drones: BTreeMap<DroneId, Slot>,
    /// Idle drones, the one used last at the end.
    idle: Vec<DroneId>,
    backlog: Backlog,
    /// Drones that start, and when each is given up; the first is due first.
    starting: BTreeMap<DroneId, Tick>,
    made: DroneId,
    starts: Starts,
    overload: Overload,
    watch: Watch,
    phase: Phase,
    /// Whether the listener is on the bus.
    is_online: bool,
}

#[derive(PartialEq)]
enum Phase {
    Serving,
    Draining,
    Drained,
}

/// A pool's figures at one moment.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct PoolStats {
    /// Drones logging in.
    pub starting: usize,
    /// Drones without work.
    pub idle: usize,
    /// Drones at work or reserved by a session.
    pub busy: usize,
    /// Requests that wait.
    pub backlog: usize,
}

impl std::fmt::Debug for Pool {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Pool")
            .field("rules", &self.rules)
            .field("stats", &self.stats())
            .finish()
    }
}

impl Pool {
    /// An empty pool; `retry` spaces out starts while drones fail.
    #[must_use]
    pub fn new(rules: impl Into<PoolRules>, retry: Retry) -> Self {
        Self {
            rules: rules.into(),
            drones: BTreeMap::new(),
            idle: Vec::new(),
            backlog: Backlog::default(),
            starting: BTreeMap::new(),
            made: 0,
            starts: Starts::new(retry),
            overload: Overload::default(),
            watch: Watch::default(),
            phase: Phase::Serving,
            is_online: false,
        }
    }

    /// Its figures now.
    #[must_use]
    pub fn stats(&self) -> PoolStats {
        PoolStats {
            starting: self.starting.len(),
            idle: self.idle.len(),
            busy: self.drones.len() - self.starting.len() - self.idle.len(),
            backlog: self.backlog.len(),
        }
    }

    /// Requests that are with drones, and those that wait for one.
    #[must_use]
    pub fn held(&self) -> usize {
        let stats = self.stats();
        stats.busy + stats.backlog
    }

    /// How many drones there may be, and how many requests may wait.
    #[must_use]
    pub fn size(&self) -> PoolSize {
        self.rules.size
    }

    /// For how long the drone that has been busy longest has been so.
    #[must_use]
    pub fn longest_busy(&self, now: Tick) -> Option<Duration> {
        let busy = self.drones.values();
        let busy = busy.filter(|slot| matches!(slot.state, State::Busy(_)));
        let since = busy.map(|slot| slot.assigned_at).min();
        since.map(|since| now.saturating_sub(since))
    }

    /// Takes out all that waits, in no order. For a listener that ends by a panic: nobody carries out
    /// effects any more.
    #[must_use]
    pub fn give_up(&mut self) -> Vec<Stanza> {
        std::mem::take(&mut self.backlog).into_stanzas()
    }

    fn request(&mut self, now: Tick, stanza: Stanza, out: &mut Vec<Effect>) {
        self.expire(now, out);
        if self.phase == Phase::Drained {
            return out.push(Effect::Dismiss(stanza));
        }
        if self.is_deserted(now) && self.starts.are_paused(now) {
            return out.push(Effect::TurnAway(stanza));
        }
        let patience = shortest(stanza.timeout(), self.rules.max_wait);
        let request = Waiting {
            stanza,
            expires: patience.map(|patience| now.saturating_add(patience)),
        };
        // Nothing waits while a drone is idle.
        match self.idle.pop() {
            Some(drone) => self.assign(now, drone, request, out),
            None => {
                let refused = self.backlog.push(request, self.room(now));
                out.extend(refused.into_iter().map(Effect::Refuse));
            }
        }
        self.grow(now, out);
    }

    /// How many requests may wait: the backlog's own, and one for each drone that is on its way.
    fn room(&self, now: Tick) -> usize {
        let unborn = if !self.is_online || self.starts.are_paused(now) {
            0
        } else {
            self.rules.size.max.saturating_sub(self.drones.len())
        };
        let coming = self.starting.len() + unborn;
        self.rules.size.backlog.saturating_add(coming)
    }

    /// Gives up what nobody waits for any more.
    fn expire(&mut self, now: Tick, out: &mut Vec<Effect>) {
        while let Some(expired) = self.backlog.pop_expired(now) {
            out.push(Effect::Expire(expired.stanza));
        }
    }

    /// Gives the request whose turn it is to the drone that was used last.
    fn hand_out(&mut self, now: Tick, out: &mut Vec<Effect>) {
        self.expire(now, out);
        while !self.backlog.is_empty()
            && let Some(drone) = self.idle.pop()
            && let Some(request) = self.backlog.pop_front()
        {
            self.assign(now, drone, request, out);
        }
    }

    fn assign(&mut self, now: Tick, drone: DroneId, request: Waiting, out: &mut Vec<Effect>) {
        let Some(slot) = self.drones.get_mut(&drone) else {
            return self.backlog.push_front(request); // every idle drone has a slot
        };
        slot.assigned += 1;
        slot.assigned_at = now;
        let max = self.rules.max_requests;
        slot.is_spent |= max.is_some_and(|max| slot.assigned >= max);
        out.push(Effect::Assign(drone, request.stanza.clone()));
        slot.state = State::Busy(request);
        if self.phase != Phase::Serving {
            out.push(Effect::DrainDrone(drone));
        }
    }

    fn idle(&mut self, now: Tick, drone: DroneId, is_spent: bool, out: &mut Vec<Effect>) {
        // A drone that was given up may still report.
        let Some(slot) = self.drones.get_mut(&drone) else {
            return;
        };
        match std::mem::replace(&mut slot.state, State::Idle) {
            State::Starting => {
                slot.since = now;
                self.starting.remove(&drone);
                self.starts.came_up();
            }
            State::Busy(_) if slot.assigned == 1 => self.starts.proved(),
            State::Busy(_) => {}
            State::Idle => return,
        }
        if is_spent || slot.is_spent {
            self.stop(drone, out);
        } else {
            self.idle.push(drone);
        }
        self.hand_out(now, out);
        self.grow(now, out);
        self.stop_idle(out);
    }

    /// Whether drones are missing to the minimum, or to the requests that wait.
    fn wants_drones(&self) -> bool {
        let floor = match self.phase {
            Phase::Serving => self.rules.size.min,
            Phase::Draining | Phase::Drained => 0,
        };
        self.is_online
            && self.drones.len() < self.rules.size.max
            && (self.drones.len() < floor || self.starting.len() < self.backlog.len())
    }

    fn grow(&mut self, now: Tick, out: &mut Vec<Effect>) {
        if self.starts.are_paused(now) {
            return;
        }
        while self.wants_drones() {
            self.made += 1;
            let slot = Slot {
                state: State::Starting,
                since: now,
                assigned_at: now,
                assigned: 0,
                is_spent: false,
            };
            self.drones.insert(self.made, slot);
            self.starting.insert(self.made, now + DRONE_START);
            out.push(Effect::StartDrone(self.made));
        }
    }

    fn drain(&mut self, out: &mut Vec<Effect>) {
        if self.phase == Phase::Serving {
            self.phase = Phase::Draining;
            let busy = self
                .drones
                .iter()
                .filter(|(_, slot)| matches!(slot.state, State::Busy(_)));
            out.extend(busy.map(|(drone, _)| Effect::DrainDrone(*drone)));
        }
        self.stop_idle(out);
    }

    fn stop_idle(&mut self, out: &mut Vec<Effect>) {
        while self.phase != Phase::Serving
            && let Some(drone) = self.idle.pop()
        {
            self.stop(drone, out);
        }
    }

    /// Says what is to be said after the effects from `first` on.
    fn report(&mut self, now: Tick, first: usize, out: &mut Vec<Effect>) {
        self.report_drained(out);
        let done = out.get(first..).unwrap_or_default();
        self.watch.count(done);
        self.overload.count(done);
        out.extend(self.overload.tell(now));
    }

    fn report_drained(&mut self, out: &mut Vec<Effect>) {
        let works = self.stats().busy > 0 || !self.backlog.is_empty();
        if self.phase == Phase::Draining && !works {
            self.phase = Phase::Drained;
            out.push(Effect::Drained);
        }
    }
}

impl Role for Pool {
    type Input = Input;
    type Effect = Effect;

    fn handle(&mut self, now: Tick, input: Input, out: &mut Vec<Effect>) {
        let first = out.len();
        self.watch.advance(now, self.stats());
        match input {
            Input::LinkUp => {
                self.is_online = true;
                self.starts.proved();
                self.grow(now, out);
            }
            Input::LinkDown => self.is_online = false,
            Input::Request(stanza) => self.request(now, stanza, out),
            Input::Idle { drone, is_spent } => self.idle(now, drone, is_spent, out),
            Input::Renew => self.renew(now, out),
            Input::Rules(rules) => self.change(now, rules, out),
            Input::Returned(drone) => self.returned(now, drone, out),
            Input::Exited {
                drone,
                taken,
                settled,
            } => self.exited(now, drone, taken, settled, out),
            Input::Drain => self.drain(out),
            Input::Stop => {
                self.phase = Phase::Drained;
                while let Some(request) = self.backlog.pop_front() {
                    out.push(Effect::Dismiss(request.stanza));
                }
            }
        }
        self.report(now, first, out);
    }

    fn deadline(&self) -> Option<Tick> {
        let start = self.starts.resume_at().filter(|_| self.wants_drones());
        let start = earliest(start, self.starting.values().next().copied());
        let said = earliest(self.overload.due(), self.backlog.next_expiry());
        earliest(start, said)
    }

    fn wake(&mut self, now: Tick, out: &mut Vec<Effect>) {
        let first = out.len();
        self.watch.advance(now, self.stats());
        self.expire(now, out);
        self.starts.wake(now);
        self.give_up_starts(now, out);
        self.grow(now, out);
        self.report(now, first, out);
    }
}

/// The shorter of two times that may not be set.
fn shortest(a: Option<Duration>, b: Option<Duration>) -> Option<Duration> {
    a.into_iter().chain(b).min()
}
