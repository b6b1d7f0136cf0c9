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
//! was working on is handed back as abandoned, so that its caller can be told.
//!
//! Invariants: `drones <= max`; drones that start are never more than requests that wait, beyond
//! the minimum; the backlog is empty while a drone is idle.

use std::collections::{BTreeMap, VecDeque};

use crate::Role;
use crate::retry::Retry;
use crate::stanza::Stanza;
use crate::time::Tick;

/// One drone of a listener; never used twice.
pub type DroneId = u64;

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

/// What happens to a pool.
#[derive(Debug)]
pub enum Input {
    /// The service starts: bring up the minimum of drones.
    Start,
    /// A request came from the router.
    Request(Stanza),
    /// A drone has logged in, or is done with what it had.
    Idle(DroneId),
    /// A request could not be handed to a drone that had just ended.
    Returned(DroneId, Stanza),
    /// A drone is gone. `settled` if the caller it worked for has had its answer.
    Exited {
        /// Which one.
        drone: DroneId,
        /// Nothing is owed to its last caller.
        settled: bool,
    },
    /// Take nothing new; end when all that was accepted is done.
    Drain,
}

/// What a pool wants done.
#[derive(Debug)]
pub enum Effect {
    /// Make a drone of this id.
    StartDrone(DroneId),
    /// Hand the request to the drone.
    Assign(DroneId, Stanza),
    /// Tell the sender that there is no room (503).
    Refuse(Stanza),
    /// Tell the sender that its drone died (500).
    Abandon(Stanza),
    /// End an idle drone.
    StopDrone(DroneId),
    /// The drain is over: nothing waits and no drone works.
    Drained,
}

enum Slot {
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
    starting: usize,
    made: DroneId,
    retry: Retry,
    /// No drone is started before this, after one could not start.
    not_before: Option<Tick>,
    draining: bool,
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
            starting: 0,
            made: 0,
            retry,
            not_before: None,
            draining: false,
        }
    }

    /// Its figures now.
    #[must_use]
    pub fn stats(&self) -> PoolStats {
        PoolStats {
            starting: self.starting,
            idle: self.idle.len(),
            busy: self.drones.len() - self.starting - self.idle.len(),
            backlog: self.backlog.len(),
        }
    }

    fn request(&mut self, now: Tick, stanza: Stanza, out: &mut Vec<Effect>) {
        if let Some(drone) = self.idle.pop() {
            self.assign(drone, stanza, out);
        } else if self.backlog.len() < self.size.backlog || self.can_start(now) {
            self.backlog.push_back(stanza);
            self.grow(now, out);
        } else {
            out.push(Effect::Refuse(stanza));
        }
    }

    fn assign(&mut self, drone: DroneId, stanza: Stanza, out: &mut Vec<Effect>) {
        self.drones.insert(drone, Slot::Busy(stanza.clone()));
        out.push(Effect::Assign(drone, stanza));
    }

    fn idle(&mut self, drone: DroneId, out: &mut Vec<Effect>) {
        // A drone that was given up on may still report.
        let Some(slot) = self.drones.get_mut(&drone) else {
            return;
        };
        match std::mem::replace(slot, Slot::Idle) {
            Slot::Starting => {
                self.starting -= 1;
                self.retry.succeeded();
                self.not_before = None;
            }
            Slot::Busy(_) => {}
            Slot::Idle => return,
        }
        match self.backlog.pop_front() {
            Some(stanza) => self.assign(drone, stanza, out),
            None if self.draining => self.stop(drone, out),
            None => self.idle.push(drone),
        }
    }

    fn stop(&mut self, drone: DroneId, out: &mut Vec<Effect>) {
        self.drones.remove(&drone);
        out.push(Effect::StopDrone(drone));
    }

    fn returned(&mut self, now: Tick, drone: DroneId, stanza: Stanza, out: &mut Vec<Effect>) {
        // It has not been looked at, so it is as good as new, and first in line.
        self.drones.remove(&drone);
        self.backlog.push_front(stanza);
        if let Some(other) = self.idle.pop()
            && let Some(stanza) = self.backlog.pop_front()
        {
            self.assign(other, stanza, out);
        }
        self.grow(now, out);
    }

    fn exited(&mut self, now: Tick, drone: DroneId, settled: bool, out: &mut Vec<Effect>) {
        match self.drones.remove(&drone) {
            Some(Slot::Starting) => {
                self.starting -= 1;
                self.not_before = Some(now + self.retry.failed());
            }
            Some(Slot::Idle) => self.idle.retain(|&id| id != drone),
            Some(Slot::Busy(stanza)) if !settled => out.push(Effect::Abandon(stanza)),
            Some(Slot::Busy(_)) | None => {}
        }
        self.grow(now, out);
    }

    fn can_start(&self, now: Tick) -> bool {
        self.drones.len() < self.size.max
            && self.not_before.is_none_or(|at| at <= now)
            && self.starting <= self.backlog.len()
    }

    /// Starts what is missing to the minimum, and one drone for each request that waits.
    fn grow(&mut self, now: Tick, out: &mut Vec<Effect>) {
        if self.not_before.is_some_and(|at| at > now) {
            return;
        }
        let floor = if self.draining { 0 } else { self.size.min };
        while self.drones.len() < self.size.max
            && (self.drones.len() < floor || self.starting < self.backlog.len())
        {
            self.made += 1;
            self.drones.insert(self.made, Slot::Starting);
            self.starting += 1;
            out.push(Effect::StartDrone(self.made));
        }
    }

    fn drain(&mut self, out: &mut Vec<Effect>) {
        self.draining = true;
        while let Some(drone) = self.idle.pop() {
            self.stop(drone, out);
        }
    }

    fn report_drained(&self, out: &mut Vec<Effect>) {
        let works = self
            .drones
            .values()
            .any(|slot| matches!(slot, Slot::Busy(_)));
        if self.draining && self.backlog.is_empty() && !works {
            out.push(Effect::Drained);
        }
    }
}

impl Role for Pool {
    type Input = Input;
    type Effect = Effect;

    fn handle(&mut self, now: Tick, input: Input, out: &mut Vec<Effect>) {
        match input {
            Input::Start => self.grow(now, out),
            Input::Request(stanza) => self.request(now, stanza, out),
            Input::Idle(drone) => self.idle(drone, out),
            Input::Returned(drone, stanza) => self.returned(now, drone, stanza, out),
            Input::Exited { drone, settled } => self.exited(now, drone, settled, out),
            Input::Drain => self.drain(out),
        }
        self.report_drained(out);
    }

    fn deadline(&self) -> Option<Tick> {
        let wants = self.drones.len() < self.size.min || !self.backlog.is_empty();
        self.not_before
            .filter(|_| wants && self.drones.len() < self.size.max)
    }

    fn wake(&mut self, now: Tick, out: &mut Vec<Effect>) {
        if self.not_before.is_some_and(|at| at <= now) {
            self.not_before = None;
            self.grow(now, out);
        }
    }
}
