//! What waits for one party.
//!
//! Whoever has a stanza for the party puts it here, from any thread; the party is woken and takes
//! all that waits. Stanzas do not wait in the actor's own mailbox, because what is in there when the
//! actor ends is lost without a word. What is in here then goes back to its senders.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use opensrf::limits::MAILBOX;
use opensrf::stanza::Stanza;
use tokio::sync::Notify;

use super::LinkEvent;
use crate::jabber::{Deliver, Refused};
use crate::peer::Peer;

/// A queue in front of one party; clones are the same queue.
#[derive(Debug, Clone)]
pub struct Inbox(Arc<Shared>);

#[derive(Debug)]
struct Shared {
    queue: Mutex<Queue>,
    /// Told when a full queue has room again.
    room: Notify,
    /// Stanzas of the party itself that came back because its link was gone.
    unsent: AtomicU64,
    party: Peer<LinkEvent>,
}

#[derive(Debug, Default)]
struct Queue {
    stanzas: VecDeque<Stanza>,
    /// The party has been told and has not looked yet.
    is_told: bool,
    is_closed: bool,
}

impl Inbox {
    /// An empty queue in front of `party`.
    #[must_use]
    pub fn new(party: Peer<LinkEvent>) -> Self {
        Self(Arc::new(Shared {
            queue: Mutex::default(),
            room: Notify::new(),
            unsent: AtomicU64::new(0),
            party,
        }))
    }

    /// Puts a stanza in.
    ///
    /// # Errors
    /// [`Refused`] gives it back if too much waits already, or the party is gone.
    pub fn push(&self, stanza: Stanza) -> Result<(), Refused> {
        let mut queue = self.queue();
        if queue.is_closed {
            return Err(Refused::Gone(Box::new(stanza)));
        }
        if queue.stanzas.len() >= MAILBOX {
            return Err(Refused::Full(Box::new(stanza)));
        }
        queue.stanzas.push_back(stanza);
        if !std::mem::replace(&mut queue.is_told, true) {
            drop(queue);
            self.0.party.report(LinkEvent::Stanzas);
        }
        Ok(())
    }

    /// Puts a stanza in, and waits while too much waits already.
    ///
    /// # Errors
    /// [`Refused::Gone`] gives it back if the party is gone.
    pub async fn push_when_free(&self, stanza: Stanza) -> Result<(), Refused> {
        let mut stanza = stanza;
        loop {
            // Before looking, so that room made in between is not missed.
            let room = self.0.room.notified();
            match self.push(stanza) {
                Err(Refused::Full(back)) => stanza = *back,
                done => return done,
            }
            room.await;
        }
    }

    /// Counts a stanza of the party itself that could not be sent because its link was gone.
    pub(crate) fn note_unsent(&self) {
        self.0.unsent.fetch_add(1, Ordering::Relaxed);
    }

    /// How many there were since the last time.
    pub(crate) fn take_unsent(&self) -> u64 {
        self.0.unsent.swap(0, Ordering::Relaxed)
    }

    /// Tells the party that its link is gone.
    pub fn down(&self, reason: super::LinkError) {
        self.0.party.report(LinkEvent::Down(reason));
    }

    /// Takes the stanza that waits longest. After `None` the party is told of the next.
    pub fn pop(&self) -> Option<Stanza> {
        let mut queue = self.queue();
        let stanza = queue.stanzas.pop_front();
        queue.is_told = stanza.is_some();
        if queue.stanzas.len() + 1 == MAILBOX {
            self.0.room.notify_waiters();
        }
        stanza
    }

    /// Has the party look again later: more waits than it takes in one turn.
    pub fn look_again(&self) {
        self.0.party.report(LinkEvent::Stanzas);
    }

    /// Takes no more, and gives out what waits.
    pub fn close(&self) -> VecDeque<Stanza> {
        let mut queue = self.queue();
        queue.is_closed = true;
        self.0.room.notify_waiters();
        std::mem::take(&mut queue.stanzas)
    }

    fn queue(&self) -> MutexGuard<'_, Queue> {
        // Nothing that holds it panics; if it did, the queue would still be sound.
        self.0.queue.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Deliver for Inbox {
    fn deliver(&self, stanza: Stanza) -> Result<(), Refused> {
        self.push(stanza)
    }

    fn evict(&self) {
        self.down(super::LinkError::Conflict);
    }
}
