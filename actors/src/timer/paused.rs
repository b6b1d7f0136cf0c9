//! A runtime whose clock stands still while anything is to be done, and then goes to the next event.
//!
//! tokio has this with [`start_paused`], for its own timers: they are due at *ticks*, whole
//! milliseconds since the runtime's start, and a runtime without work moves the clock to the next
//! one. The sleeps of [`Timer`](super::Timer) are put in between. Each time that the runtime is about
//! to park, nothing being left to do, the first of these holds:
//!
//! 1. Somebody sleeps until a moment in this tick, its end included: the clock is set to exactly that
//!    moment, and all who wait for it are woken in their order.
//! 2. The clock stands between two ticks: it is set to the next one, so that tokio, which adds whole
//!    milliseconds, stays on its ticks.
//! 3. tokio moves the clock to its next timer. A timer of ours, the *guard*, is set to the last tick
//!    before the next sleeper's moment, so that tokio does not go further.
//!
//! So time never goes back, and of two events the earlier one is always the first: a timer of tokio
//! rounds up to the tick at which it is due, and is never passed by a sleep that is due later. At the same
//! moment, sleepers come before tokio's timers.
//!
//! Who moves the clock by hand ([`tokio::time::advance`]) is noticed when the runtime parks next. Until
//! then sleeps, and [`Env::now`](crate::env::Env::now), go by the time before.
//!
//! Code on threads of its own is outside of all this. While tokio's `spawn_blocking` runs, tokio does not
//! move the clock; it may still move within the tick.
//!
//! [`start_paused`]: tokio::runtime::Builder::start_paused

use std::future::Future;
use std::io;
use std::pin::{Pin, pin};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::task::{Context, Waker};
use std::time::Duration;

use tokio::runtime::{Builder, Runtime};
use tokio::time::{Instant, Sleep};

use super::sleepers::{Moment, Sleepers};
use super::{Kind, Timer, nanos};

/// A runtime on one thread with a paused clock, and the [`Timer`] that belongs to it.
///
/// ```
/// # use std::time::Duration;
/// # use opensrf_actors::timer::Paused;
/// # use tokio::time::Instant;
/// let paused = Paused::new()?;
/// let timer = paused.timer();
/// paused.system().block_on(async move {
///     let began = Instant::now();
///     timer.sleep(Duration::from_nanos(1_234_567)).await; // takes no time
///     assert_eq!(began.elapsed().as_nanos(), 1_234_567);
/// });
/// # Ok::<(), std::io::Error>(())
/// ```
#[derive(Debug)]
pub struct Paused {
    runtime: Runtime,
    timer: Timer,
}

impl Paused {
    /// A runtime without sockets and signals, which is the faster one.
    ///
    /// # Errors
    /// The system refuses what a runtime needs.
    pub fn new() -> io::Result<Self> {
        Self::of(Builder::new_current_thread().enable_time())
    }

    /// A runtime that also has sockets and signals. The clock runs ahead of whatever comes over them.
    ///
    /// # Errors
    /// The system refuses what a runtime needs.
    pub fn with_sockets() -> io::Result<Self> {
        Self::of(Builder::new_current_thread().enable_all())
    }

    /// The timer whose sleeps move this runtime's clock.
    #[must_use]
    pub fn timer(&self) -> Timer {
        self.timer.clone()
    }

    /// An actix system on this runtime.
    pub fn system(self) -> actix_rt::SystemRunner {
        actix_rt::System::with_tokio_rt(|| self.runtime)
    }

    fn of(builder: &mut Builder) -> io::Result<Self> {
        let place = Arc::new(OnceLock::<Clockwork>::new());
        let (hook, after) = (Arc::clone(&place), Arc::clone(&place));
        let runtime = builder
            .start_paused(true)
            .on_thread_park(move || {
                if let Some(clockwork) = hook.get() {
                    clockwork.step();
                }
            })
            .on_thread_unpark(move || {
                if let Some(clockwork) = after.get() {
                    clockwork.look();
                }
            })
            .build()?;
        let entered = runtime.enter();
        let clock = Arc::new(Clock {
            start: Instant::now(), // the clock has stood still since the runtime's start
            now: AtomicU64::new(0),
            sleepers: Sleepers::default(),
        });
        let clockwork = Clockwork {
            clock: Arc::clone(&clock),
            guard: Mutex::default(),
            is_tokios_turn: AtomicBool::new(false),
        };
        let _: &Clockwork = place.get_or_init(|| clockwork);
        drop(entered);
        let unguard = Unguard(place);
        runtime.spawn(async move {
            let _unguard = unguard;
            std::future::pending::<()>().await;
        });
        let timer = Timer(Kind::Paused(clock));
        Ok(Self { runtime, timer })
    }
}

/// The guard holds the runtime, which holds the hook, which holds the guard. This goes when the
/// runtime ends its tasks, and takes the guard along.
struct Unguard(Arc<OnceLock<Clockwork>>);

impl Drop for Unguard {
    fn drop(&mut self) {
        let guard = self.0.get().map(|clockwork| &clockwork.guard);
        drop(guard.map(|guard| guard.lock().unwrap_or_else(PoisonError::into_inner).take()));
    }
}

/// The clock that stands still, and who waits for it.
///
/// It is looked at several times for each thing that happens; tokio's own clock is behind a lock in
/// the runtime's context.
#[derive(Debug)]
pub(super) struct Clock {
    start: Instant,
    now: AtomicU64,
    sleepers: Sleepers,
}

impl Clock {
    pub(super) fn sleepers(&self) -> &Sleepers {
        &self.sleepers
    }

    /// What tokio's clock shows; what it showed when the runtime last parked, if somebody has moved it by
    /// hand since then.
    pub(super) fn now(&self) -> Moment {
        self.now.load(Ordering::Relaxed)
    }

    pub(super) fn moment(&self, at: Instant) -> Moment {
        nanos(at.saturating_duration_since(self.start))
    }

    /// Looks at tokio's clock.
    fn look(&self) -> Moment {
        let now = self.moment(Instant::now());
        self.now.store(now, Ordering::Relaxed);
        now
    }

    /// Sets both clocks to `then`, or leaves them if that is over. The runtime does not park then, nor
    /// move its clock, whether anybody is woken or not.
    fn advance(&self, now: Moment, then: Moment) {
        let length = Duration::from_nanos(then.saturating_sub(now));
        let advancing = pin!(tokio::time::advance(length));
        // The clock is set by the first poll; the rest only lets other tasks run, before it parks.
        let _ = advancing.poll(&mut Context::from_waker(Waker::noop()));
        self.now.store(now.max(then), Ordering::Relaxed);
    }
}

/// What moves the clock.
#[derive(Debug)]
struct Clockwork {
    clock: Arc<Clock>,
    guard: Mutex<Option<Pin<Box<Sleep>>>>,
    is_tokios_turn: AtomicBool,
}

impl Clockwork {
    /// Called with nothing left to do, before the runtime parks.
    fn step(&self) {
        let clock = &self.clock;
        let now = clock.look();
        let tick = tick_before(now);
        let next_tick = tick.saturating_add(TICK);
        match clock.sleepers.first() {
            Some(due) if due <= next_tick => {
                clock.advance(now, due);
                clock.sleepers.wake(due);
            }
            _ if now != tick => clock.advance(now, next_tick),
            first => {
                if let Some(due) = first {
                    self.stop_at(tick_before(due), now);
                }
                self.is_tokios_turn.store(true, Ordering::Relaxed);
            }
        }
    }

    /// Called after the runtime has parked.
    fn look(&self) {
        if self.is_tokios_turn.swap(false, Ordering::Relaxed) {
            self.clock.look();
        }
    }

    /// Sees to it that the clock stops at `tick` or before.
    fn stop_at(&self, tick: Moment, now: Moment) {
        let start = self.clock.start;
        let at = |moment| start + Duration::from_nanos(moment);
        let mut guard = self.guard.lock().unwrap_or_else(PoisonError::into_inner);
        let guard = guard.get_or_insert_with(|| Box::pin(tokio::time::sleep_until(at(now))));
        let is_set = at(now) < guard.deadline() && guard.deadline() <= at(tick);
        if !is_set {
            // Nobody need be woken: as the clock stops there, the runtime is about to park again.
            guard.as_mut().reset(at(tick));
        }
    }
}

/// The resolution of tokio's timers, in nanoseconds.
const TICK: Moment = 1_000_000;

/// The last tick that is not after `moment`.
fn tick_before(moment: Moment) -> Moment {
    moment - moment % TICK
}
