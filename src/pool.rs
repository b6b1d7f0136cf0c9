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
//! request is either with a drone, in the backlog, or refused with an answer. What a dead drone
//! was working on is handed back as abandoned, so that its caller can be told; what it had not
//! looked at yet goes to another one. A drone that does not come up in time is given up.
//!
//! Invariants: `drones <= max`; drones that start are never more than requests that wait, beyond
//! the minimum; the backlog is empty while a drone is idle. Requests for which a drone is on its
//! way are no backlog: five drones and a backlog of ten take fifteen requests at once.

mod event;
#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, VecDeque};

use crate::Role;
use crate::limits::DRONE_START;
use crate::retry::Retry;
use crate::stanza::Stanza;
use crate::time::{Tick, earliest};
pub use event::{DroneId, Effect, Input};

/// How many drones there are, and how many requests may wait.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PoolSize {
    /// Drones kept alive.
    min: usize,
    /// Drones at most.
    max: usize,
    /// Requests that wait at most.
    backlog: usize,
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
}

struct Slot {
    state: State,
    /// Requests it has been given, ever.
    assigned: u64,
}

enum State {
    Starting,
    Idle,
    /// Holds a copy of what it works on, for the case that it dies; a stanza is cheap to clone.
    Busy(Stanza),
}

/// The drones and the backlog of one listener.
pub struct Pool {
    size: PoolSize,
    drones: BTreeMap<DroneId, Slot>,
    /// Idle drones, the one used last at the end.
    idle: Vec<DroneId>,
    backlog: VecDeque<Stanza>,
    /// Drones that start, and when each is given up; the first is due first.
    starting: BTreeMap<DroneId, Tick>,
    made: DroneId,
    retry: Retry,
    /// No drone is started before this, after one could not start.
    not_before: Option<Tick>,
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
            .field("size", &self.size)
            .field("stats", &self.stats())
            .finish()
    }
}

impl Pool {
    /// An empty pool; `retry` spaces out starts after drones that could not start.
    #[must_use]
    pub fn new(size: PoolSize, retry: Retry) -> Self {
        Self {
            size,
            drones: BTreeMap::new(),
            idle: Vec::new(),
            backlog: VecDeque::new(),
            starting: BTreeMap::new(),
            made: 0,
            retry,
            not_before: None,
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

    fn request(&mut self, now: Tick, stanza: Stanza, out: &mut Vec<Effect>) {
        if self.phase == Phase::Drained || !self.has_room(now) {
            return out.push(Effect::Refuse(stanza));
        }
        self.backlog.push_back(stanza);
        self.hand_out(out);
        self.grow(now, out);
    }

    fn has_room(&self, now: Tick) -> bool {
        let unborn = match self.not_before {
            _ if !self.is_online => 0,
            Some(at) if at > now => 0,
            _ => self.size.max - self.drones.len(),
        };
        let coming = self.idle.len() + self.starting.len() + unborn;
        self.backlog.len() < self.size.backlog.saturating_add(coming)
    }

    /// Gives what waits longest to the drone that was used last.
    fn hand_out(&mut self, out: &mut Vec<Effect>) {
        while !self.backlog.is_empty()
            && let Some(drone) = self.idle.pop()
            && let Some(slot) = self.drones.get_mut(&drone)
            && let Some(stanza) = self.backlog.pop_front()
        {
            slot.assigned += 1;
            slot.state = State::Busy(stanza.clone());
            out.push(Effect::Assign(drone, stanza));
        }
    }

    fn idle(&mut self, now: Tick, drone: DroneId, out: &mut Vec<Effect>) {
        // A drone that was given up may still report.
        let Some(slot) = self.drones.get_mut(&drone) else {
            return;
        };
        match std::mem::replace(&mut slot.state, State::Idle) {
            State::Starting => {
                self.starting.remove(&drone);
                self.retry.succeeded();
                self.not_before = None;
            }
            State::Busy(_) => {}
            State::Idle => return,
        }
        self.idle.push(drone);
        self.hand_out(out);
        self.grow(now, out);
        self.stop_idle(out);
    }

    fn stop(&mut self, drone: DroneId, out: &mut Vec<Effect>) {
        self.drones.remove(&drone);
        self.starting.remove(&drone);
        out.push(Effect::StopDrone(drone));
    }

    /// Nobody looked at it, so it is as good as new, and first in line.
    fn requeue(&mut self, stanza: Stanza, out: &mut Vec<Effect>) {
        self.backlog.push_front(stanza);
        self.hand_out(out);
    }

    fn returned(&mut self, now: Tick, drone: DroneId, out: &mut Vec<Effect>) {
        // Without a slot its end was told before, and what it had was seen to then.
        if let Some(slot) = self.drones.remove(&drone)
            && let State::Busy(stanza) = slot.state
        {
            // It may be there after all, with its mailbox full.
            out.push(Effect::StopDrone(drone));
            self.requeue(stanza, out);
        }
        self.grow(now, out);
    }

    fn exited(
        &mut self,
        now: Tick,
        drone: DroneId,
        taken: u64,
        settled: bool,
        out: &mut Vec<Effect>,
    ) {
        let Some(slot) = self.drones.remove(&drone) else {
            return;
        };
        match slot.state {
            State::Starting => {
                self.starting.remove(&drone);
                self.pause(now);
            }
            State::Idle => self.idle.retain(|&id| id != drone),
            State::Busy(stanza) if taken < slot.assigned => self.requeue(stanza, out),
            State::Busy(stanza) if !settled => out.push(Effect::Abandon(stanza)),
            State::Busy(_) => {}
        }
        self.grow(now, out);
    }

    /// Starts no drones for a while. Drones that fail together are one failure.
    fn pause(&mut self, now: Tick) {
        if self.not_before.is_none_or(|at| at <= now) {
            self.not_before = Some(now + self.retry.failed());
        }
    }

    /// Whether drones are missing to the minimum, or to the requests that wait.
    fn wants_drones(&self) -> bool {
        let floor = match self.phase {
            Phase::Serving => self.size.min,
            Phase::Draining | Phase::Drained => 0,
        };
        self.is_online
            && self.drones.len() < self.size.max
            && (self.drones.len() < floor || self.starting.len() < self.backlog.len())
    }

    fn grow(&mut self, now: Tick, out: &mut Vec<Effect>) {
        if self.not_before.is_some_and(|at| at > now) {
            return;
        }
        while self.wants_drones() {
            self.made += 1;
            let slot = Slot {
                state: State::Starting,
                assigned: 0,
            };
            self.drones.insert(self.made, slot);
            self.starting.insert(self.made, now + DRONE_START);
            out.push(Effect::StartDrone(self.made));
        }
    }

    fn drain(&mut self, out: &mut Vec<Effect>) {
        if self.phase == Phase::Serving {
            self.phase = Phase::Draining;
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
        match input {
            Input::LinkUp => {
                self.is_online = true;
                self.not_before = None;
                self.retry.succeeded();
                self.grow(now, out);
            }
            Input::LinkDown => self.is_online = false,
            Input::Request(stanza) => self.request(now, stanza, out),
            Input::Idle(drone) => self.idle(now, drone, out),
            Input::Returned(drone) => self.returned(now, drone, out),
            Input::Exited {
                drone,
                taken,
                settled,
            } => self.exited(now, drone, taken, settled, out),
            Input::Drain => self.drain(out),
            Input::Stop => {
                self.phase = Phase::Drained;
                out.extend(self.backlog.drain(..).map(Effect::Dismiss));
            }
        }
        self.report_drained(out);
    }

    fn deadline(&self) -> Option<Tick> {
        let start = self.not_before.filter(|_| self.wants_drones());
        earliest(start, self.starting.values().next().copied())
    }

    fn wake(&mut self, now: Tick, out: &mut Vec<Effect>) {
        if self.not_before.is_some_and(|at| at <= now) {
            self.not_before = None;
        }
        while let Some((&drone, &due)) = self.starting.first_key_value()
            && due <= now
        {
            self.stop(drone, out);
            self.pause(now);
        }
        self.grow(now, out);
    }
}
