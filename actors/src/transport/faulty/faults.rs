//! The handle that steers the faults of a transport, and what it has done.

use std::collections::BTreeSet;
use std::num::NonZeroU64;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use actix_rt::time::Instant;
use opensrf::ids::Seed;
use opensrf::jid::Jid;
use opensrf::stanza::Stanza;
use tokio::sync::Notify;

use super::courier::{Courier, FarCourier};
use super::{Direction, until};
use crate::law::Law;
use crate::timer::Timer;
use crate::transport::LinkError;
use crate::transport::dial::DIAL_TIME;

/// What happens to each stanza in one direction of a link.
#[derive(Debug, Clone, PartialEq)]
pub struct Disorder {
    /// How long each takes; order is kept.
    pub delay: Law,
    /// How many of them are lost without a word, as a fraction.
    pub lost: f64,
    /// How many of them come twice, as a fraction.
    pub twice: f64,
    /// How many of them are held back, so that others overtake them, as a fraction.
    pub late: f64,
    /// How long those are held back at most.
    pub late_by: Duration,
    /// The time between two of them at least: a slow reader. When 4,096 wait, the next bounces.
    pub pace: Duration,
    /// How many bytes pass in a second, of all parties together, which wait for each other: a link with
    /// a bandwidth. Any number if absent. A stanza counts with about its size on the wire.
    pub bytes_a_second: Option<NonZeroU64>,
}

impl Disorder {
    /// Everything arrives at once, once and in order.
    pub const NONE: Self = Self {
        delay: Law::ZERO,
        lost: 0.0,
        twice: 0.0,
        late: 0.0,
        late_by: Duration::from_millis(100),
        pace: Duration::ZERO,
        bytes_a_second: None,
    };
}

impl Default for Disorder {
    fn default() -> Self {
        Self::NONE
    }
}

/// What becomes of stanzas that are under way when a link is cut.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum InFlight {
    /// They are lost without a word.
    Lost,
    /// They arrive just before.
    Arrives,
}

/// What the faults have done so far.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Tally {
    /// Attempts to connect that failed.
    pub refused: u64,
    /// Links that were cut.
    pub cut: u64,
    /// Stanzas that were lost without a word.
    pub lost: u64,
    /// Parties that panicked.
    pub crashed: u64,
    /// Stanzas that came twice.
    pub twice: u64,
    /// Stanzas that were held back so that others could overtake them.
    pub late: u64,
    /// Stanzas with a body that have arrived.
    pub carried: u64,
    /// How long those were under way, in sum.
    pub under_way: Duration,
}

impl Tally {
    pub(super) fn carried(&mut self, stanza: &Stanza, took: Duration) {
        if stanza.has_body() {
            self.carried += 1;
            self.under_way += took;
        }
    }
}

/// What all relays are told.
#[derive(Debug, Clone, Copy)]
pub(super) enum Steer {
    /// Something may be possible that was not.
    Look,
    /// End the link.
    Cut(InFlight),
}

/// Steers the faults of all links that [`Faulty`](super::Faulty) transports with this handle have,
/// and will have.
#[derive(Debug, Clone)]
pub struct Faults(Arc<Shared>);

#[derive(Debug)]
struct Shared {
    seed: Seed,
    state: Mutex<State>,
    /// Told when something may be possible that was not.
    changed: Notify,
}

#[derive(Debug, Default)]
struct State {
    refuses: bool,
    sent: Rules,
    received: Rules,
    /// Parts of the addresses of parties that are to panic.
    doomed: Vec<String>,
    /// Of each transport with these faults.
    couriers: Vec<FarCourier>,
    /// Links, by number, whose parties have let go of their links.
    leaving: BTreeSet<u64>,
    started: u64,
    tally: Tally,
    timer: Timer,
}

/// What holds in one direction.
#[derive(Debug, Default)]
pub(super) struct Rules {
    pub(super) disorder: Disorder,
    pub(super) is_stalled: bool,
    /// When all that was sent so far has left, where that takes time.
    free_at: Option<Instant>,
}

impl Rules {
    /// When the last byte of a stanza leaves.
    pub(super) fn send(&mut self, now: Instant, stanza: &Stanza) -> Instant {
        let Some(bandwidth) = self.disorder.bytes_a_second else {
            return now;
        };
        let nanos = stanza.weight() as u64 * NANOS_A_SECOND / bandwidth;
        let begins = self.free_at.map_or(now, |free| free.max(now));
        *self.free_at.insert(begins + Duration::from_nanos(nanos))
    }
}

const NANOS_A_SECOND: u64 = 1_000_000_000;

impl State {
    fn rules(&mut self, direction: Direction) -> &mut Rules {
        match direction {
            Direction::Sent => &mut self.sent,
            Direction::Received => &mut self.received,
        }
    }
}

impl Faults {
    /// No faults yet; all chance in them comes from `seed`.
    #[must_use]
    pub fn new(seed: Seed) -> Self {
        Self(Arc::new(Shared {
            seed,
            state: Mutex::default(),
            changed: Notify::new(),
        }))
    }

    /// The same, whose links wait by `timer`: for those who begin to use it afterwards. Without, it is
    /// the runtime's, which rounds up to milliseconds.
    #[must_use]
    pub fn with_timer(self, timer: Timer) -> Self {
        self.state().timer = timer;
        self
    }

    pub(super) fn timer(&self) -> Timer {
        self.state().timer.clone()
    }

    /// Refuses new connections, or takes them again.
    pub fn refuse(&self, refuses: bool) {
        self.state().refuses = refuses;
        self.0.changed.notify_waiters();
    }

    /// What happens to stanzas in both directions from now on.
    pub fn disorder(&self, disorder: Disorder) {
        self.disorder_in(Direction::Sent, disorder.clone());
        self.disorder_in(Direction::Received, disorder);
    }

    /// What happens to stanzas in one direction from now on.
    pub fn disorder_in(&self, direction: Direction, disorder: Disorder) {
        self.state().rules(direction).disorder = disorder;
    }

    /// Half-open: nothing arrives any more in this direction, and nobody is told. What is sent waits,
    /// as on a cable that was pulled, until [`heal`](Self::heal) or [`cut`](Self::cut). Nobody can
    /// connect meanwhile.
    pub fn stall(&self, direction: Direction) {
        self.state().rules(direction).is_stalled = true;
    }

    /// Ends what [`stall`](Self::stall) did, in both directions. What was held up arrives.
    pub fn flow(&self) {
        for direction in [Direction::Sent, Direction::Received] {
            self.state().rules(direction).is_stalled = false;
        }
        self.0.changed.notify_waiters();
        self.steer(Steer::Look);
    }

    /// Ends every link that there is now: both sides learn of it.
    pub fn cut(&self, in_flight: InFlight) {
        self.steer(Steer::Cut(in_flight));
    }

    /// Has the next party that sends something, and has `part` in its address, panic while it does:
    /// what it is about to send is lost with all else that it has in its hands.
    pub fn crash(&self, part: &str) {
        self.state().doomed.push(part.to_owned());
    }

    /// Takes back each [`crash`](Self::crash) that has not happened yet.
    pub fn spare(&self) {
        self.state().doomed.clear();
    }

    /// Ends all faults. What was held up arrives.
    pub fn heal(&self) {
        let mut state = self.state();
        state.refuses = false;
        state.doomed.clear();
        state.sent = Rules::default();
        state.received = Rules::default();
        drop(state);
        self.0.changed.notify_waiters();
        self.steer(Steer::Look);
    }

    /// What the faults have done so far.
    #[must_use]
    pub fn tally(&self) -> Tally {
        self.state().tally
    }

    fn steer(&self, steer: Steer) {
        let couriers = self.state().couriers.clone();
        couriers
            .iter()
            .filter_map(FarCourier::get)
            .for_each(|courier| courier.steer(steer));
    }

    fn state(&self) -> MutexGuard<'_, State> {
        // Nothing that holds it panics; if it did, the state would still be sound.
        self.0.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Carries for the links of one more transport.
    pub(super) fn courier(&self) -> Courier {
        let courier = Courier::new(self.timer());
        let mut state = self.state();
        state.couriers.retain(FarCourier::is_there);
        state.couriers.push(courier.far());
        courier
    }

    /// The number of a new link, and the chance of its two directions.
    pub(super) fn enlist(&self, jid: &Jid) -> (u64, Seed, Seed) {
        let number = {
            let mut state = self.state();
            state.started += 1;
            state.started
        };
        let chance = self.0.seed.fork(&format!("{jid} {number}"));
        (number, chance.fork("sent"), chance.fork("received"))
    }

    /// Whether this party is to panic now.
    pub(super) fn dooms(&self, jid: &Jid) -> bool {
        let mut state = self.state();
        if state.doomed.is_empty() {
            return false;
        }
        let address = jid.to_string();
        let part = state.doomed.iter().position(|part| address.contains(part));
        let Some(part) = part else {
            return false;
        };
        state.doomed.remove(part);
        state.tally.crashed += 1;
        true
    }

    /// Its party has let go of its link.
    pub(super) fn leaves(&self, number: u64) {
        self.state().leaving.insert(number);
    }

    /// The link is closed.
    pub(super) fn left(&self, number: u64) {
        if self.state().leaving.remove(&number) {
            self.0.changed.notify_waiters();
        }
    }

    /// Does something by the rules of one direction.
    pub(super) fn rule<T>(
        &self,
        direction: Direction,
        what: impl FnOnce(&mut Rules, &mut Tally) -> T,
    ) -> T {
        let mut state = self.state();
        let State {
            sent,
            received,
            tally,
            ..
        } = &mut *state;
        let rules = match direction {
            Direction::Sent => sent,
            Direction::Received => received,
        };
        what(rules, tally)
    }

    pub(super) fn note(&self, what: impl FnOnce(&mut Tally)) {
        what(&mut self.state().tally);
    }

    /// Waits until a connection can be had.
    pub(super) async fn passable(&self) -> Result<(), LinkError> {
        let unreachable = |reason: &str| LinkError::Unreachable {
            address: "the server behind the faults".into(),
            reason: reason.into(),
        };
        let open = self.until(|state| {
            let is_stalled = state.sent.is_stalled || state.received.is_stalled;
            state.refuses || !is_stalled
        });
        let waited = actix_rt::time::timeout(DIAL_TIME, open).await;
        let outcome = match waited {
            Err(_) => Err(unreachable("no answer")),
            Ok(()) if self.state().refuses => Err(unreachable("refused")),
            Ok(()) => Ok(()),
        };
        if outcome.is_err() {
            self.note(|tally| tally.refused += 1);
        }
        outcome
    }

    /// Waits until all links that their parties have let go of are closed.
    pub(super) async fn all_left(&self) {
        self.until(|state| state.leaving.is_empty()).await;
    }

    async fn until(&self, holds: impl Fn(&State) -> bool) {
        until(&self.0.changed, || holds(&self.state())).await;
    }
}
