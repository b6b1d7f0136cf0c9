//! The handle that steers the faults of a transport, and what it has done.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::RangeInclusive;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use opensrf::ids::Seed;
use opensrf::jid::Jid;
use tokio::sync::Notify;

use super::relay::Steer;
use super::{Direction, until};
use crate::peer::Peer;
use crate::transport::LinkError;
use crate::transport::dial::DIAL_TIME;

/// What happens to each stanza in one direction of a link.
#[derive(Debug, Clone, PartialEq)]
pub struct Disorder {
    /// How long each takes; order is kept.
    pub delay: RangeInclusive<Duration>,
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
}

impl Disorder {
    /// Everything arrives at once, once and in order.
    pub const NONE: Self = Self {
        delay: Duration::ZERO..=Duration::ZERO,
        lost: 0.0,
        twice: 0.0,
        late: 0.0,
        late_by: Duration::from_millis(100),
        pace: Duration::ZERO,
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
    sent: Lawful,
    received: Lawful,
    /// Parts of the addresses of parties that are to panic.
    doomed: Vec<String>,
    relays: BTreeMap<u64, Peer<Steer>>,
    /// Those whose parties have let go of their links.
    leaving: BTreeSet<u64>,
    started: u64,
    tally: Tally,
}

#[derive(Debug, Default)]
struct Lawful {
    disorder: Disorder,
    is_stalled: bool,
}

impl State {
    fn lane(&mut self, direction: Direction) -> &mut Lawful {
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
        self.state().lane(direction).disorder = disorder;
    }

    /// Half-open: nothing arrives any more in this direction, and nobody is told. What is sent waits,
    /// as on a cable that was pulled, until [`heal`](Self::heal) or [`cut`](Self::cut). Nobody can
    /// connect meanwhile.
    pub fn stall(&self, direction: Direction) {
        self.state().lane(direction).is_stalled = true;
    }

    /// Ends every link that there is now: both sides learn of it.
    pub fn cut(&self, in_flight: InFlight) {
        self.steer(&Steer::Cut(in_flight));
    }

    /// Has the next party that sends something, and has `part` in its address, panic while it does:
    /// what it is about to send is lost with all else that it has in its hands.
    pub fn crash(&self, part: &str) {
        self.state().doomed.push(part.to_owned());
    }

    /// Ends all faults. What was held up arrives.
    pub fn heal(&self) {
        let mut state = self.state();
        state.refuses = false;
        state.doomed.clear();
        state.sent = Lawful::default();
        state.received = Lawful::default();
        drop(state);
        self.0.changed.notify_waiters();
        self.steer(&Steer::Look);
    }

    /// What the faults have done so far.
    #[must_use]
    pub fn tally(&self) -> Tally {
        self.state().tally
    }

    fn steer(&self, steer: &Steer) {
        let relays: Vec<_> = self.state().relays.values().cloned().collect();
        for relay in relays {
            relay.report(steer.clone());
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        // Nothing that holds it panics; if it did, the state would still be sound.
        self.0.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Takes a new relay in; gives its number, and the chance of its two directions.
    pub(super) fn enlist(&self, relay: Peer<Steer>, jid: &Jid) -> (u64, Seed, Seed) {
        let mut state = self.state();
        state.started += 1;
        let number = state.started;
        state.relays.insert(number, relay);
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
        let mut state = self.state();
        if state.relays.contains_key(&number) {
            state.leaving.insert(number);
        }
    }

    pub(super) fn dismiss(&self, number: u64) {
        let mut state = self.state();
        state.relays.remove(&number);
        state.leaving.remove(&number);
        drop(state);
        self.0.changed.notify_waiters();
    }

    pub(super) fn law(&self, direction: Direction) -> Disorder {
        self.state().lane(direction).disorder.clone()
    }

    pub(super) fn is_stalled(&self, direction: Direction) -> bool {
        self.state().lane(direction).is_stalled
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
    pub(super) async fn left(&self) {
        self.until(|state| state.leaving.is_empty()).await;
    }

    async fn until(&self, holds: impl Fn(&State) -> bool) {
        until(&self.0.changed, || holds(&self.state())).await;
    }
}
