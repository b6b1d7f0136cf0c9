//! Carries all that is under way over the links of one transport: one task for all of them.
//!
//! Whoever sends puts what it sends where it waits, with the moment at which it arrives, and wakes nobody
//! unless it is the first to arrive of all. The courier sleeps until the next moment, and passes on
//! all that has arrived by then. It ends with the last link, and is there again with the next; a link
//! whose courier ended with its runtime has ended, too.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};

use actix_rt::time::Instant;
use tokio::sync::Notify;

use super::Direction;
use super::faults::Steer;
use super::relay::Relay;
use crate::timer::Timer;

/// Clones are the same.
#[derive(Debug, Clone)]
pub(super) struct Courier(Arc<Shared>);

/// The same for those who do not keep it.
#[derive(Debug, Clone)]
pub(super) struct FarCourier(Weak<Shared>);

impl FarCourier {
    pub(super) fn get(&self) -> Option<Courier> {
        self.0.upgrade().map(Courier)
    }

    pub(super) fn is_there(&self) -> bool {
        self.0.strong_count() > 0
    }
}

#[derive(Debug)]
struct Shared {
    timer: Timer,
    state: Mutex<State>,
    /// Told when there is something to be done before the courier would look.
    call: Notify,
}

#[derive(Debug, Default)]
struct State {
    watch: Watch,
    relays: BTreeMap<u64, Arc<Relay>>,
    /// Where to look when, and by which number first.
    agenda: BTreeMap<(Instant, u64), (Arc<Relay>, Direction)>,
    planned: u64,
    steers: Vec<Steer>,
}

/// What the courier does.
#[derive(Debug, Default, Clone, Copy, PartialEq)]
enum Watch {
    /// It is not there.
    #[default]
    Off,
    /// It looks at all that there is before it sleeps.
    Awake,
    /// It sleeps until then, or until it is called.
    Asleep(Option<Instant>),
}

impl State {
    /// Whether the courier must be called to look at what is due then.
    fn must_call(&mut self, due: Option<Instant>) -> bool {
        let Watch::Asleep(until) = self.watch else {
            return false;
        };
        let is_soon = match (until, due) {
            (Some(until), Some(due)) => due < until,
            _ => true,
        };
        if is_soon {
            self.watch = Watch::Awake;
        }
        is_soon
    }
}

impl Courier {
    pub(super) fn new(timer: Timer) -> Self {
        Self(Arc::new(Shared {
            timer,
            state: Mutex::default(),
            call: Notify::new(),
        }))
    }

    pub(super) fn far(&self) -> FarCourier {
        FarCourier(Arc::downgrade(&self.0))
    }

    /// Takes in a relay, to be carried for until it is dismissed.
    pub(super) fn enlist(&self, relay: &Arc<Relay>) {
        let mut state = self.state();
        state.relays.insert(relay.number(), Arc::clone(relay));
        if state.watch == Watch::Off {
            state.watch = Watch::Awake;
            let run = Run {
                courier: self.clone(),
                is_over: false,
            };
            actix_rt::spawn(run.work());
        }
    }

    pub(super) fn dismiss(&self, number: u64) {
        let mut state = self.state();
        let relay = state.relays.remove(&number);
        let is_last = state.relays.is_empty() && state.must_call(None);
        drop(state);
        drop(relay);
        if is_last {
            self.0.call.notify_one();
        }
    }

    /// Something arrives then.
    pub(super) fn plan(&self, due: Instant, relay: &Arc<Relay>, direction: Direction) {
        let mut state = self.state();
        state.planned += 1;
        let place = (due, state.planned);
        state.agenda.insert(place, (Arc::clone(relay), direction));
        if state.must_call(Some(due)) {
            drop(state);
            self.0.call.notify_one();
        }
    }

    /// Has this done to all relays.
    pub(super) fn steer(&self, steer: Steer) {
        let mut state = self.state();
        state.steers.push(steer);
        if state.must_call(None) {
            drop(state);
            self.0.call.notify_one();
        }
    }

    /// Does all that is due now; says when something is next. Nothing if nobody needs it any more.
    fn round(&self) -> Option<Option<Instant>> {
        let now = Instant::now();
        loop {
            let mut state = self.state();
            if !state.steers.is_empty() {
                let steers = std::mem::take(&mut state.steers);
                let relays: Vec<_> = state.relays.values().cloned().collect();
                drop(state);
                for steer in steers {
                    relays.iter().for_each(|relay| relay.steer(steer, now));
                }
                continue;
            }
            let due = state.agenda.first_key_value().map(|((due, _), _)| *due);
            if due.is_some_and(|due| due <= now) {
                let next = state.agenda.pop_first();
                drop(state);
                if let Some((_, (relay, direction))) = next {
                    relay.pass(direction, now);
                }
                continue;
            }
            if state.relays.is_empty() {
                state.watch = Watch::Off;
                state.agenda.clear();
                return None;
            }
            state.watch = Watch::Asleep(due);
            return Some(due);
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        // Nothing that holds it panics; if it did, the state would still be sound.
        self.0.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The courier at work.
struct Run {
    courier: Courier,
    is_over: bool,
}

impl Run {
    async fn work(mut self) {
        let shared = Arc::clone(&self.courier.0);
        while let Some(due) = self.courier.round() {
            match due {
                Some(due) => tokio::select! {
                    biased;
                    () = shared.call.notified() => {}
                    () = shared.timer.sleep_until(due) => {}
                },
                None => shared.call.notified().await,
            }
            self.courier.state().watch = Watch::Awake;
        }
        self.is_over = true;
    }
}

impl Drop for Run {
    /// The runtime ends, or something that was sent panicked: nobody would carry any more.
    fn drop(&mut self) {
        if self.is_over {
            return;
        }
        let mut state = self.courier.state();
        state.watch = Watch::Off;
        let relays = std::mem::take(&mut state.relays);
        let agenda = std::mem::take(&mut state.agenda);
        drop(state);
        drop(agenda);
        relays.values().for_each(|relay| relay.abandon());
    }
}
