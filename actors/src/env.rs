//! What the machine gives: a clock, a timer and chance. Handed to every constructor, never global.

use std::sync::Arc;
use std::time::{Duration, SystemTime};

use actix_rt::time::Instant;
use opensrf::ids::{Names, Seed};
use opensrf::time::Tick;

use crate::timer::{Sleep, Timer};

/// The clock, the timer and the chance of one network. Small, as each party has several.
#[derive(Debug, Clone)]
pub struct Env {
    machine: Arc<Machine>,
    seed: Seed,
}

/// What all parts of a network share.
#[derive(Debug, Clone)]
struct Machine {
    epoch: Instant,
    /// The same by the timer's clock, if it has one.
    begun: Duration,
    wall: Wall,
    timer: Timer,
}

#[derive(Debug, Clone, Copy)]
enum Wall {
    Machine,
    /// Seconds since 1970 at the epoch.
    Simulated(Duration),
}

impl Env {
    /// The machine's clock, and chance from its source of secrets.
    #[must_use]
    #[allow(clippy::disallowed_methods)] // this is where chance comes in
    pub fn real() -> Self {
        let (seed, _) = uuid::Uuid::new_v4().as_u64_pair();
        Self::new(Wall::Machine, seed)
    }

    /// The runtime's clock, which may be paused, and chance that repeats for the same `seed`.
    #[must_use]
    pub fn simulated(seed: u64) -> Self {
        let birthday = Duration::from_secs(1_000_000_000);
        Self::new(Wall::Simulated(birthday), seed)
    }

    fn new(wall: Wall, seed: u64) -> Self {
        let machine = Machine {
            epoch: Instant::now(),
            begun: Duration::ZERO,
            wall,
            timer: Timer::coarse(),
        };
        Self {
            machine: Arc::new(machine),
            seed: Seed::new(seed),
        }
    }

    /// The same clock with the chance of the part called `name`.
    #[must_use]
    pub fn fork(&self, name: &str) -> Self {
        Self {
            seed: self.seed.fork(name),
            ..self.clone()
        }
    }

    /// The same with another timer; without, it is the runtime's, which rounds up to milliseconds.
    #[must_use]
    pub fn with_timer(self, timer: Timer) -> Self {
        let machine = Machine {
            begun: timer.clock_at(self.machine.epoch),
            timer,
            ..*self.machine
        };
        Self {
            machine: Arc::new(machine),
            ..self
        }
    }

    /// What wakes sleepers.
    #[must_use]
    pub fn timer(&self) -> &Timer {
        &self.machine.timer
    }

    /// Ends after `length`.
    pub fn sleep(&self, length: Duration) -> Sleep {
        self.machine.timer.sleep(length)
    }

    /// The time since the network's start.
    #[must_use]
    pub fn now(&self) -> Tick {
        let machine = &*self.machine;
        match machine.timer.clock() {
            Some(now) => now.saturating_sub(machine.begun),
            None => machine.epoch.elapsed(),
        }
    }

    /// The time since 1970.
    #[must_use]
    #[allow(clippy::disallowed_methods)] // this is where the wall clock comes in
    pub fn unix_time(&self) -> Duration {
        match self.machine.wall {
            Wall::Machine => SystemTime::now()
                .duration_since(SystemTime::UNIX_EPOCH)
                .unwrap_or_default(),
            Wall::Simulated(at_epoch) => at_epoch + self.now(),
        }
    }

    /// This part's source of chance.
    #[must_use]
    pub fn seed(&self) -> Seed {
        self.seed.clone()
    }

    /// A number that nobody can guess from others; in a simulation it only repeats by seed.
    #[must_use]
    #[allow(clippy::disallowed_methods)] // this is where chance comes in
    pub fn secret(&mut self) -> u64 {
        match self.machine.wall {
            Wall::Machine => uuid::Uuid::new_v4().as_u64_pair().0,
            Wall::Simulated(_) => self.seed.next_u64(),
        }
    }

    /// Names that no other part gives.
    #[must_use]
    pub fn names(&self) -> Names {
        Names::new(self.seed())
    }
}
