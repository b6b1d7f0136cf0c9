//! What waits for one party.
//!
//! Whoever has a stanza for the party puts it here, from any thread; the party is woken and takes
//! all that waits. Stanzas do not wait in the actor's own mailbox, because what is in there when the
//! actor ends is lost without a word. What is in here then goes back to its senders.

use std::collections::VecDeque;
use std::fmt;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use actix::dev::ToEnvelope;
use actix::{Actor, Addr, Handler};
use opensrf::limits::{MAILBOX, MAILBOX_BYTES};
use opensrf::stanza::Stanza;
use tokio::sync::Notify;

use super::queue::{Bounds, Queue};
use super::{LinkError, LinkEvent};
use crate::jabber::{Deliver, Eviction, Refused};
use crate::peer;

/// A queue in front of one party; clones are the same queue.
#[derive(Clone)]
pub struct Inbox(Arc<Shared<dyn Hears>>);

impl fmt::Debug for Inbox {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Inbox").field(&self.0.state).finish()
    }
}

struct Shared<E: ?Sized> {
    state: Mutex<State>,
    /// Told when a full queue has room again.
    room: Notify,
    /// Messages of the party itself that came back because its link was gone.
    unsent: AtomicU64,
    ears: E,
}

/// Who is told what happens at an inbox.
pub(super) trait Hears: Send + Sync {
    /// Told by whoever put something in, at once.
    fn hear(&self, event: LinkEvent, inbox: &Inbox);
}

impl<A> Hears for Addr<A>
where
    A: Actor + Handler<LinkEvent>,
    A::Context: ToEnvelope<A, LinkEvent>,
{
    fn hear(&self, event: LinkEvent, _: &Inbox) {
        peer::report(self, event);
    }
}

#[derive(Debug)]
struct State {
    stanzas: Queue<Stanza>,
    /// The party has been told and has not looked yet.
    is_told: bool,
    /// Somebody waits for room.
    is_wanted: bool,
    is_closed: bool,
}

/// What may wait for one party.
const BOUNDS: Bounds = Bounds {
    stanzas: MAILBOX,
    bytes: MAILBOX_BYTES,
};

impl Inbox {
    /// An empty queue in front of `party`.
    #[must_use]
    pub fn new<A>(party: Addr<A>) -> Self
    where
        A: Actor + Handler<LinkEvent>,
        A::Context: ToEnvelope<A, LinkEvent>,
    {
        Self::heard_by(party)
    }

    /// An empty queue of which somebody who is no party is told, in the call that puts something in.
    pub(super) fn heard_by(ears: impl Hears + 'static) -> Self {
        Self(Arc::new(Shared {
            state: Mutex::new(State {
                stanzas: Queue::new(BOUNDS),
                is_told: false,
                is_wanted: false,
                is_closed: false,
            }),
            room: Notify::new(),
            unsent: AtomicU64::new(0),
            ears,
        }))
    }

    /// Puts a stanza in.
    ///
    /// # Errors
    /// [`Refused`] gives back what finds no room, it or others that gave way to it; or it, if the party
    /// is gone.
    pub fn push(&self, stanza: Stanza) -> Result<(), Refused> {
        let mut state = self.state();
        if state.is_closed {
            return Err(Refused::Gone(Box::new(stanza)));
        }
        let refused = state.stanzas.push(stanza);
        self.tell(state);
        match refused.is_empty() {
            true => Ok(()),
            false => Err(Refused::Full(refused)),
        }
    }

    /// Has the party look, unless it has been told already.
    fn tell(&self, mut state: MutexGuard<'_, State>) {
        if !std::mem::replace(&mut state.is_told, true) {
            drop(state);
            self.say(LinkEvent::Stanzas);
        }
    }

    /// Puts a stanza in, and waits while too much waits already.
    ///
    /// # Errors
    /// Gives it back if the party is gone.
    pub async fn push_when_free(&self, mut stanza: Stanza) -> Result<(), Box<Stanza>> {
        loop {
            // Before looking, so that room made in between is not missed.
            let room = self.0.room.notified();
            match self.push_if_free(stanza)? {
                None => return Ok(()),
                Some(back) => stanza = back,
            }
            room.await;
        }
    }

    /// Puts a stanza in, or gives it back while too much waits already.
    fn push_if_free(&self, stanza: Stanza) -> Result<Option<Stanza>, Box<Stanza>> {
        let mut state = self.state();
        if state.is_closed {
            return Err(Box::new(stanza));
        }
        if !state.stanzas.has_room_for(&stanza) {
            state.is_wanted = true;
            return Ok(Some(stanza));
        }
        state.stanzas.push(stanza);
        self.tell(state);
        Ok(None)
    }

    /// Counts a message of the party itself that could not be sent because its link was gone.
    pub(crate) fn note_unsent(&self) {
        self.0.unsent.fetch_add(1, Ordering::Relaxed);
    }

    /// How many there were since the last time.
    pub(crate) fn take_unsent(&self) -> u64 {
        self.0.unsent.swap(0, Ordering::Relaxed)
    }

    /// Tells the party that its link is gone.
    pub fn down(&self, reason: LinkError) {
        self.say(LinkEvent::Down(reason));
    }

    fn say(&self, event: LinkEvent) {
        self.0.ears.hear(event, self);
    }

    /// Takes the stanza that waits longest. After `None` the party is told of the next.
    pub fn pop(&self) -> Option<Stanza> {
        let mut state = self.state();
        let stanza = state.stanzas.pop();
        state.is_told = stanza.is_some();
        if std::mem::take(&mut state.is_wanted) {
            self.0.room.notify_waiters();
        }
        stanza
    }

    /// Has the party look again later: more waits than it takes in one turn.
    pub fn look_again(&self) {
        self.say(LinkEvent::Stanzas);
    }

    /// Stanzas that wait.
    #[must_use]
    pub fn depth(&self) -> usize {
        self.state().stanzas.depth()
    }

    /// Takes no more, and gives out what waits.
    pub fn close(&self) -> VecDeque<Stanza> {
        let mut state = self.state();
        state.is_closed = true;
        self.0.room.notify_waiters();
        state.stanzas.take()
    }

    fn state(&self) -> MutexGuard<'_, State> {
        // Nothing that holds it panics; if it did, the queue would still be sound.
        self.0.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Deliver for Inbox {
    fn deliver(&self, stanza: Stanza) -> Result<(), Refused> {
        self.push(stanza)
    }

    fn evict(&self, why: Eviction) {
        self.down(match why {
            Eviction::Conflict => LinkError::Conflict,
            Eviction::Shutdown => LinkError::Ended("its host has ended".into()),
        });
    }
}
