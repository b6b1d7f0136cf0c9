//! Sleeps to the nanosecond, also where the clock is paused.
//!
//! The runtime's own timers round up to whole milliseconds. That is fine for deadlines, and spoils the
//! figures of a simulation: a service time of 0.3 ms would last 1 ms. A [`Timer`] is handed down with
//! the clock (see [`Env`](crate::env::Env)), and is one of three:
//!
//! - [`Timer::coarse`]: the runtime's own, the default;
//! - the timer of a [`Paused`] runtime, which sets the paused clock to exactly the next moment for
//!   which somebody waits;
//! - [`Timer::precise`]: a thread that wakes sleepers in real time, to within a tenth of a millisecond
//!   on an idle machine.
//!
//! Who sleeps until the same moment is woken in the order in which the sleeps were first polled, so
//! that a simulation repeats exactly.

mod paused;
mod precise;
mod sleep;
mod sleepers;

use std::sync::Arc;
use std::time::Duration;

use tokio::time::Instant;

pub use paused::Paused;
pub use sleep::Sleep;

use paused::Clock;
use precise::Alarm;
use sleepers::Moment;

/// What wakes sleepers when their time has come. Clones are the same timer.
#[derive(Debug, Clone, Default)]
pub struct Timer(Kind);

#[derive(Debug, Clone, Default)]
enum Kind {
    #[default]
    Coarse,
    /// Woken by the runtime as it runs out of work.
    Paused(Arc<Clock>),
    /// Woken by a thread.
    Precise(Arc<Alarm>),
}

impl Timer {
    /// The runtime's own timers, which wake at the end of the millisecond.
    #[must_use]
    pub fn coarse() -> Self {
        Self(Kind::Coarse)
    }

    /// A thread that wakes sleepers in real time. It ends with the last clone of this timer and the last
    /// of its sleeps.
    ///
    /// Not for a paused clock, of which it knows nothing.
    ///
    /// # Errors
    /// The system has no thread left.
    pub fn precise() -> std::io::Result<Self> {
        Ok(Self(Kind::Precise(Arc::new(Alarm::start()?))))
    }

    /// Ends after `length`; at once if that is zero.
    pub fn sleep(&self, length: Duration) -> Sleep {
        match self.now() {
            Some(now) => Sleep::exact(self.clone(), now.saturating_add(nanos(length))),
            None => Sleep::coarse(tokio::time::sleep(length)),
        }
    }

    /// Ends at `due`; at once if that is over.
    pub fn sleep_until(&self, due: Instant) -> Sleep {
        match &self.0 {
            Kind::Coarse => Sleep::coarse(tokio::time::sleep_until(due)),
            Kind::Paused(clock) => Sleep::exact(self.clone(), clock.moment(due)),
            Kind::Precise(alarm) => Sleep::exact(self.clone(), alarm.moment(due)),
        }
    }

    /// What its own clock shows, if it has one: the time since its start. Cheaper to look at than the
    /// runtime's.
    pub(crate) fn clock(&self) -> Option<Duration> {
        match &self.0 {
            Kind::Paused(clock) => Some(Duration::from_nanos(clock.now())),
            Kind::Coarse | Kind::Precise(_) => None,
        }
    }

    /// What that shows at `moment`; zero without one.
    pub(crate) fn clock_at(&self, moment: Instant) -> Duration {
        match &self.0 {
            Kind::Paused(clock) => Duration::from_nanos(clock.moment(moment)),
            Kind::Coarse | Kind::Precise(_) => Duration::ZERO,
        }
    }

    /// The moment, unless only the runtime knows it.
    fn now(&self) -> Option<Moment> {
        match &self.0 {
            Kind::Coarse => None,
            Kind::Paused(clock) => Some(clock.now()),
            Kind::Precise(alarm) => Some(alarm.moment(Instant::now())),
        }
    }
}

fn nanos(length: Duration) -> Moment {
    length.as_nanos().try_into().unwrap_or(Moment::MAX)
}

#[cfg(test)]
mod tests;
