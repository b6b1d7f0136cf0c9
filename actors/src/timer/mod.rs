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

use precise::Alarm;
use sleepers::Sleepers;

/// Longer than anything runs, and no clock overflows: as tokio has it.
const FAR_FUTURE: Duration = Duration::from_secs(30 * 365 * 24 * 60 * 60);

/// What wakes sleepers when their time has come. Clones are the same timer.
#[derive(Debug, Clone, Default)]
pub struct Timer(Kind);

#[derive(Debug, Clone, Default)]
enum Kind {
    #[default]
    Coarse,
    /// Woken by the runtime as it runs out of work.
    Paused(Arc<Sleepers>),
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
        let now = Instant::now();
        let due = now.checked_add(length).unwrap_or(now + FAR_FUTURE);
        self.sleep_until(due)
    }

    /// Ends at `due`; at once if that is over.
    pub fn sleep_until(&self, due: Instant) -> Sleep {
        Sleep::new(self.clone(), due)
    }
}

#[cfg(test)]
mod tests;
