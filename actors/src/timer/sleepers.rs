//! Who is to be woken, and when: the earliest first, and of those the one who came first.

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::task::Waker;

use tokio::time::Instant;

/// A place among the sleepers: the moment, and a number that no other has.
pub(super) type Place = (Instant, u64);

/// Shared by the sleeps and by whoever wakes them.
#[derive(Debug, Default)]
pub(super) struct Sleepers(Mutex<Queue>);

#[derive(Debug, Default)]
struct Queue {
    wakers: BTreeMap<Place, Waker>,
    given: u64,
}

impl Sleepers {
    /// Adds a sleeper. Also says whether its moment is now the earliest.
    pub(super) fn add(&self, due: Instant, waker: Waker) -> (Place, bool) {
        let mut queue = self.lock();
        queue.given += 1;
        let place = (due, queue.given);
        let is_first = queue
            .wakers
            .first_key_value()
            .is_none_or(|(first, _)| place < *first);
        queue.wakers.insert(place, waker);
        (place, is_first)
    }

    /// Sees to it that whoever sleeps at `place` is woken by `waker`; false if nobody does any more.
    pub(super) fn renew(&self, place: &Place, waker: &Waker) -> bool {
        match self.lock().wakers.get_mut(place) {
            Some(known) => {
                known.clone_from(waker);
                true
            }
            None => false,
        }
    }

    /// Takes a sleeper out that need not be woken.
    pub(super) fn remove(&self, place: &Place) {
        // Dropped behind the lock: with the last waker a task goes, and with it its other sleeps.
        let waker = self.lock().wakers.remove(place);
        drop(waker);
    }

    /// The earliest moment for which somebody waits.
    pub(super) fn first(&self) -> Option<Instant> {
        self.lock()
            .wakers
            .first_key_value()
            .map(|((due, _), _)| *due)
    }

    /// Wakes all whose moment is `now` or before, in their order.
    pub(super) fn wake(&self, now: Instant) {
        while let Some(waker) = self.pop(now) {
            waker.wake();
        }
    }

    /// One at a time, so that nobody is woken under the lock.
    fn pop(&self, now: Instant) -> Option<Waker> {
        let mut queue = self.lock();
        let first = queue.wakers.first_entry()?;
        (first.key().0 <= now).then(|| first.remove())
    }

    fn lock(&self) -> MutexGuard<'_, Queue> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
