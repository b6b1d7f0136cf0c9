//! Who is to be woken, and when: the earliest first, and of those the one who came first.

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::task::Waker;

use slab::Slab;

/// Nanoseconds since the timer's start; there are 584 years of them.
pub(super) type Moment = u64;

/// A place among the sleepers: the moment, a number that no other has, and where the waker is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Place {
    due: Moment,
    number: u64,
    key: usize,
}

/// Shared by the sleeps and by whoever wakes them.
#[derive(Debug, Default)]
pub(super) struct Sleepers(Mutex<Queue>);

/// A heap and not a tree: with ten thousand sleepers, a tree's nodes are in no cache.
#[derive(Debug, Default)]
struct Queue {
    /// The earliest first, with places of some who sleep no more.
    order: BinaryHeap<Reverse<Place>>,
    /// Those who sleep, with their numbers.
    asleep: Slab<(u64, Waker)>,
    given: u64,
}

/// Places of those who sleep no more that are kept in any case.
const STALE: usize = 64;

impl Sleepers {
    /// Adds a sleeper. Also says whether its moment is now the earliest.
    pub(super) fn add(&self, due: Moment, waker: Waker) -> (Place, bool) {
        let mut queue = self.lock();
        queue.given += 1;
        let number = queue.given;
        let key = queue.asleep.insert((number, waker));
        let place = Place { due, number, key };
        let is_first = queue.first().is_none_or(|first| place < first);
        queue.order.push(Reverse(place));
        (place, is_first)
    }

    /// Sees to it that whoever sleeps at `place` is woken by `waker`; false if nobody does any more.
    pub(super) fn renew(&self, place: &Place, waker: &Waker) -> bool {
        match self.lock().asleep.get_mut(place.key) {
            Some((number, known)) if *number == place.number => {
                known.clone_from(waker);
                true
            }
            _ => false,
        }
    }

    /// Takes a sleeper out that need not be woken.
    pub(super) fn remove(&self, place: &Place) {
        // Dropped behind the lock: with the last waker a task goes, and with it its other sleeps.
        let waker = self.lock().remove(place);
        drop(waker);
    }

    /// The earliest moment for which somebody waits.
    pub(super) fn first(&self) -> Option<Moment> {
        self.lock().first().map(|place| place.due)
    }

    /// Wakes all whose moment is `now` or before, in their order.
    pub(super) fn wake(&self, now: Moment) {
        while let Some(waker) = self.pop(now) {
            waker.wake();
        }
    }

    /// One at a time, so that nobody is woken under the lock.
    fn pop(&self, now: Moment) -> Option<Waker> {
        let mut queue = self.lock();
        let first = queue.first().filter(|place| place.due <= now)?;
        queue.order.pop();
        queue.take(&first)
    }

    fn lock(&self) -> MutexGuard<'_, Queue> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Queue {
    fn first(&mut self) -> Option<Place> {
        while let Some(Reverse(place)) = self.order.peek() {
            if is_held(&self.asleep, place) {
                return Some(*place);
            }
            self.order.pop();
        }
        None
    }

    fn take(&mut self, place: &Place) -> Option<Waker> {
        is_held(&self.asleep, place).then(|| self.asleep.remove(place.key).1)
    }

    fn remove(&mut self, place: &Place) -> Option<Waker> {
        let waker = self.take(place);
        if self.order.len() > 2 * self.asleep.len() + STALE {
            self.order
                .retain(|Reverse(place)| is_held(&self.asleep, place));
        }
        waker
    }
}

/// Whether somebody still sleeps at that place.
fn is_held(asleep: &Slab<(u64, Waker)>, place: &Place) -> bool {
    let there = asleep.get(place.key);
    there.is_some_and(|(number, _)| *number == place.number)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_of_those_who_sleep_no_more_do_not_pile_up() {
        let sleepers = Sleepers::default();
        let due = 5;
        let (last, _) = sleepers.add(due, Waker::noop().clone());
        for _ in 0..10_000 {
            let (place, is_first) = sleepers.add(due, Waker::noop().clone());
            assert!(!is_first);
            sleepers.remove(&place);
            sleepers.remove(&place);
        }
        let queue = sleepers.lock();
        assert!(queue.order.len() <= STALE + 2, "{}", queue.order.len());
        assert_eq!(queue.asleep.len(), 1);
        drop(queue);
        assert!(sleepers.renew(&last, Waker::noop()));
        sleepers.wake(due);
        assert!(!sleepers.renew(&last, Waker::noop()));
        assert_eq!(sleepers.first(), None);
    }
}
