//! Carries stanzas to whoever is bound at their address.
//!
//! The [`Switchboard`] decides; this carries it out, for all threads of the process. A stanza is
//! put where its receiver takes it from, or bounced, in the call that submits it: nothing waits
//! here, so one slow receiver delays nobody.

use std::cmp::Reverse;
use std::fmt;
use std::ops::Deref;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, PoisonError, RwLock, RwLockWriteGuard};

use opensrf::jid::Jid;
use opensrf::stanza::{Condition, Kind, Stanza, StanzaError};
use opensrf::switchboard::{BindError, BindingId, Bound, Farewells, Switchboard, Verdict};

use crate::counters::Counters;
use crate::service::guarded;
use crate::transport::{Inbox, LinkError};

/// Who has an address.
#[derive(Debug, Clone)]
pub enum Addressee {
    /// A party of this process.
    Party(Inbox),
    /// Somebody else.
    Other(Arc<dyn Deliver>),
}

impl Deref for Addressee {
    type Target = dyn Deliver;

    fn deref(&self) -> &Self::Target {
        match self {
            Self::Party(inbox) => inbox,
            Self::Other(other) => &**other,
        }
    }
}

/// Where the stanzas of one address go.
pub trait Deliver: fmt::Debug + Send + Sync {
    /// Takes a stanza, at once.
    ///
    /// # Errors
    /// [`Refused`] gives it back, or others that gave way to it.
    fn deliver(&self, stanza: Stanza) -> Result<(), Refused>;

    /// The address is not bound here any more.
    fn evict(&self, why: Eviction);

    /// Bytes that wait to be written to it; of a party of this process none.
    fn bytes_waiting(&self) -> usize {
        0
    }
}

/// Why an address is not bound any more, though whoever had it has not let go of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Eviction {
    /// It belongs to somebody else now.
    Conflict,
    /// The switch has closed, because its host has ended.
    Shutdown,
}

/// What a receiver did not take.
#[derive(Debug)]
pub enum Refused {
    /// Too much waits for the receiver already: for this stanza, or it was taken and these gave way to
    /// it.
    Full(Vec<Stanza>),
    /// The receiver is gone.
    Gone(Box<Stanza>),
}

/// What waits for those who are bound at a switch.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct SwitchLoad {
    /// Who is bound.
    pub sessions: usize,
    /// Bytes that wait for all of them.
    pub bytes: usize,
    /// For whom most wait, if any do.
    pub fullest: Option<(Jid, usize)>,
}

/// Sees every stanza that is submitted. If it panics, so does whoever submits.
pub type Tap = Arc<dyn Fn(&Stanza) + Send + Sync>;

/// The switch of one process.
pub struct Switch {
    board: RwLock<Switchboard<Addressee>>,
    counters: Arc<Counters>,
    tap: Option<Tap>,
    is_closed: AtomicBool,
}

impl fmt::Debug for Switch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Switch")
            .field("counters", &self.counters)
            .finish_non_exhaustive()
    }
}

impl Switch {
    /// A switch for `domains` on which each account may have so many sessions.
    #[must_use]
    pub fn new(
        domains: impl IntoIterator<Item = String>,
        sessions_per_account: usize,
        counters: Arc<Counters>,
        tap: Option<Tap>,
    ) -> Self {
        let board = RwLock::new(Switchboard::new(domains, sessions_per_account));
        Self {
            board,
            counters,
            tap,
            is_closed: AtomicBool::new(false),
        }
    }

    /// One at which nobody can be bound, as if its host had ended.
    #[must_use]
    pub fn closed() -> Self {
        let closed = Self::new([], 0, Arc::default(), None);
        closed.close();
        closed
    }

    /// What it has counted.
    #[must_use]
    pub fn counters(&self) -> &Arc<Counters> {
        &self.counters
    }

    /// Ends all bindings for good, and tells whoever is bound: the host has ended.
    pub fn close(&self) {
        let mut board = self.board_mut();
        self.is_closed.store(true, Ordering::Release);
        let bound = board.clear();
        drop(board);
        for target in bound {
            target.evict(Eviction::Shutdown);
        }
    }

    /// Whether its host has ended.
    #[must_use]
    pub fn is_closed(&self) -> bool {
        self.is_closed.load(Ordering::Acquire)
    }

    fn board_mut(&self) -> RwLockWriteGuard<'_, Switchboard<Addressee>> {
        self.board.write().unwrap_or_else(PoisonError::into_inner)
    }

    /// Binds an address; who had it before is told, and so are those that it had shown itself to.
    ///
    /// # Errors
    /// [`LinkError::UnknownDomain`] or [`LinkError::TooManySessions`]; [`LinkError::Unreachable`] if it
    /// has been closed.
    pub fn bind(&self, jid: &Jid, target: Addressee) -> Result<BindingId, LinkError> {
        let mut board = self.board_mut();
        if self.is_closed() {
            return Err(LinkError::Unreachable {
                address: "a host of this process".into(),
                reason: "it has ended, or has no server".into(),
            });
        }
        let Bound {
            id,
            before,
            farewells,
        } = board
            .bind(jid.clone(), target)
            .map_err(|error| match error {
                BindError::UnknownDomain(domain) => LinkError::UnknownDomain(domain),
                BindError::TooManySessions(account) => LinkError::TooManySessions(account),
            })?;
        drop(board);
        if let Some(before) = before {
            tracing::warn!(%jid, "another session takes the address");
            before.evict(Eviction::Conflict);
        }
        self.say(farewells);
        Ok(id)
    }

    /// Ends a binding, unless the address has been bound anew since, and tells those that it had
    /// shown itself to.
    pub fn unbind(&self, jid: &Jid, binding: BindingId) {
        let mut board = self.board_mut();
        let farewells = board.unbind(jid, binding);
        drop(board);
        self.say(farewells);
    }

    fn say(&self, farewells: Farewells<Addressee>) {
        for (target, stanza) in farewells {
            self.hand_over(&target, stanza);
        }
    }

    /// Delivers news of a party; nobody waits for them. (The tap is code of others: it does not see the
    /// news of ends, which are given while a panic may unwind.)
    fn hand_over(&self, target: &Addressee, stanza: Stanza) {
        self.counters.routed.add();
        if let Err(refused) = target.deliver(stanza) {
            self.bounce(refused);
        }
    }

    /// Bound addresses, in order.
    #[must_use]
    pub fn addresses(&self) -> Vec<Jid> {
        self.board
            .read()
            .unwrap_or_else(PoisonError::into_inner)
            .addresses()
    }

    /// What waits for whom. It looks at every binding.
    #[must_use]
    pub fn load(&self) -> SwitchLoad {
        let board = self.board.read().unwrap_or_else(PoisonError::into_inner);
        let mut load = SwitchLoad::default();
        for (jid, target) in board.bindings() {
            let bytes = target.bytes_waiting();
            load.sessions += 1;
            load.bytes += bytes;
            // By address where both have the same: bindings come in no order.
            let most = (bytes, Reverse(jid));
            let before = load.fullest.as_ref();
            if bytes > 0 && before.is_none_or(|(jid, bytes)| most > (*bytes, Reverse(jid))) {
                load.fullest = Some((jid.clone(), bytes));
            }
        }
        load
    }

    /// Brings a stanza whose `from` is true to where it belongs, or its bounce to where it came
    /// from.
    pub fn submit(&self, stanza: Stanza) {
        self.show_tap(&stanza);
        if stanza.kind == Kind::Presence {
            return self.show(stanza);
        }
        match self.decide(&stanza) {
            Verdict::Deliver(target) => {
                self.counters.routed.add();
                if let Err(refused) = target.deliver(stanza) {
                    self.bounce(refused);
                }
            }
            Verdict::Answer(answer) => {
                if answer.is_error() {
                    self.counters.bounced.add();
                }
                self.give_back(*answer);
            }
            Verdict::Drop => self.counters.dropped.add(),
        }
    }

    /// What waited for a party that panicked is sent back while its panic unwinds. A second one, of the
    /// tap, would end the process then.
    fn show_tap(&self, stanza: &Stanza) {
        match &self.tap {
            Some(tap) if std::thread::panicking() => drop(guarded(|| tap(stanza))),
            Some(tap) => tap(stanza),
            None => {}
        }
    }

    /// Brings a presence to the one that it is for.
    fn show(&self, stanza: Stanza) {
        let mut board = self.board_mut();
        let target = board.show(&stanza);
        drop(board);
        match target {
            Some(target) => self.hand_over(&target, stanza),
            None => self.counters.dropped.add(),
        }
    }

    fn decide(&self, stanza: &Stanza) -> Verdict<Addressee> {
        self.board
            .read()
            .unwrap_or_else(PoisonError::into_inner)
            .route(stanza)
    }

    /// Tells the senders of stanzas that their receiver did not take them.
    pub fn bounce(&self, refused: Refused) {
        match refused {
            Refused::Full(stanzas) => {
                let text = "too much waits for the receiver already";
                let error = StanzaError::new(Condition::ResourceConstraint).with_text(text);
                for stanza in stanzas {
                    self.send_back(&stanza, error.clone());
                }
            }
            Refused::Gone(stanza) => {
                let text = "the receiver is not connected any more";
                let error = StanzaError::new(Condition::ServiceUnavailable).with_text(text);
                self.send_back(&stanza, error);
            }
        }
    }

    fn send_back(&self, stanza: &Stanza, error: StanzaError) {
        match stanza.bounce(error) {
            Some(bounce) => {
                self.counters.bounced.add();
                self.give_back(bounce);
            }
            // If it is an answer, nobody is left to tell.
            None => self.counters.dropped.add(),
        }
    }

    /// Delivers an answer. Others may have given way to it; to a bounce, nothing does.
    fn give_back(&self, answer: Stanza) {
        self.show_tap(&answer);
        match self.decide(&answer) {
            Verdict::Deliver(target) => {
                if let Err(refused) = target.deliver(answer) {
                    self.bounce(refused);
                }
            }
            Verdict::Answer(_) | Verdict::Drop => self.counters.dropped.add(),
        }
    }
}
