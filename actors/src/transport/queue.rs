//! A queue with bounds that all senders share: first in, first out.
//!
//! When it is full, the sender that has most in it gives way, the newest first, so that one that
//! floods does not have the stanzas of the others refused (see [`opensrf::shares`]). Bounces take
//! nobody's place.

use std::collections::VecDeque;

use opensrf::shares::Crowd;
use opensrf::stanza::Stanza;

/// What can wait in a queue.
pub(super) trait Waits: From<Stanza> {
    /// About how many bytes it takes.
    fn weight(&self) -> usize;

    /// The stanza, if it is one.
    fn stanza(&self) -> Option<&Stanza>;

    /// The same, taken out.
    fn into_stanza(self) -> Option<Stanza>;
}

impl Waits for Stanza {
    fn weight(&self) -> usize {
        Self::weight(self)
    }

    fn stanza(&self) -> Option<&Stanza> {
        Some(self)
    }

    fn into_stanza(self) -> Option<Stanza> {
        Some(self)
    }
}

/// How much may wait.
#[derive(Debug, Clone, Copy)]
pub(super) struct Bounds {
    pub(super) stanzas: usize,
    /// When nothing waits, one stanza is taken however large it is: that has a limit of its own.
    pub(super) bytes: usize,
}

/// What waits.
#[derive(Debug)]
pub(super) struct Queue<T> {
    items: VecDeque<T>,
    bytes: usize,
    bounds: Bounds,
    crowd: Crowd,
}

impl<T: Waits> Queue<T> {
    pub(super) fn new(bounds: Bounds) -> Self {
        Self {
            items: VecDeque::new(),
            bytes: 0,
            bounds,
            crowd: Crowd::new(bounds.bytes / bounds.stanzas.max(1)),
        }
    }

    /// Puts a stanza behind all others. Gives out what finds no room: others that gave way to it, or it
    /// itself, at the end.
    pub(super) fn push(&mut self, stanza: Stanza) -> Vec<Stanza> {
        if self.has_room_for(&stanza) {
            self.put(stanza);
            return Vec::new();
        }
        self.squeeze_in(stanza)
    }

    pub(super) fn has_room_for(&self, stanza: &Stanza) -> bool {
        let fits = self.items.is_empty() || self.bytes + stanza.weight() <= self.bounds.bytes;
        fits && self.items.len() < self.bounds.stanzas
    }

    fn put(&mut self, stanza: Stanza) {
        self.crowd.came(&stanza);
        self.push_item(stanza.into());
    }

    /// Puts something behind all others whatever waits already.
    pub(super) fn push_item(&mut self, item: T) {
        self.bytes += item.weight();
        self.items.push_back(item);
    }

    #[cold]
    fn squeeze_in(&mut self, stanza: Stanza) -> Vec<Stanza> {
        let mut out = Vec::new();
        while !self.has_room_for(&stanza) {
            let waiting = self.items.iter().enumerate().rev();
            let waiting = waiting.filter_map(|(at, item)| Some((at, item.stanza()?)));
            let at = match stanza.is_error() {
                true => None,
                false => self.crowd.gives_way(&stanza, waiting),
            };
            let Some(other) = at.and_then(|at| self.items.remove(at)) else {
                out.push(stanza);
                return out;
            };
            self.forget(&other);
            out.extend(other.into_stanza());
        }
        self.put(stanza);
        out
    }

    /// Takes out what has waited longest.
    pub(super) fn pop(&mut self) -> Option<T> {
        let item = self.items.pop_front()?;
        self.forget(&item);
        if self.items.is_empty() {
            // The memory goes: of many parties few have something waiting.
            self.items = VecDeque::new();
        }
        Some(item)
    }

    fn forget(&mut self, item: &T) {
        self.bytes = self.bytes.saturating_sub(item.weight());
        if self.crowd.is_counted()
            && let Some(stanza) = item.stanza()
        {
            let Bounds { stanzas, bytes } = self.bounds;
            let is_quiet = self.items.len() < stanzas / 2 && self.bytes < bytes / 2;
            self.crowd.went(stanza, is_quiet);
        }
    }

    /// How many wait.
    pub(super) fn depth(&self) -> usize {
        self.items.len()
    }

    /// About how many bytes they take.
    pub(super) fn bytes(&self) -> usize {
        self.bytes
    }

    /// Takes out all that waits.
    pub(super) fn take(&mut self) -> VecDeque<T> {
        self.bytes = 0;
        self.crowd = Crowd::new(self.bounds.bytes / self.bounds.stanzas.max(1));
        std::mem::take(&mut self.items)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use opensrf::jid::Jid;
    use opensrf::stanza::{Condition, Message, Parts};

    fn of(sender: &str, id: usize) -> Stanza {
        let jid = |resource| Jid::new("opensrf", "localhost", resource).unwrap();
        Stanza::from(Parts {
            from: Some(jid(sender)),
            id: id.to_string().into(),
            ..Stanza::message(jid("receiver"), Message::default()).into_parts()
        })
    }

    fn ids(stanzas: impl IntoIterator<Item = Stanza>) -> Vec<usize> {
        let id = |stanza: Stanza| stanza.id.parse().unwrap();
        stanzas.into_iter().map(id).collect()
    }

    fn queue(stanzas: usize, bytes: usize) -> Queue<Stanza> {
        Queue::new(Bounds { stanzas, bytes })
    }

    fn all(queue: &mut Queue<Stanza>) -> Vec<usize> {
        ids(std::iter::from_fn(|| queue.pop()))
    }

    #[test]
    fn what_waits_comes_out_in_order() {
        let mut queue = queue(10, 1_000_000);
        for id in 0..10 {
            assert!(queue.push(of("a", id)).is_empty());
        }
        assert_eq!(ids(queue.push(of("a", 10))), [10]);
        assert_eq!(all(&mut queue), (0..10).collect::<Vec<_>>());
        assert_eq!(queue.bytes, 0);
    }

    #[test]
    fn one_that_floods_gives_way_to_the_others_as_long_as_it_has_more() {
        let mut queue = queue(5, 1_000_000);
        for id in 0..5 {
            queue.push(of("flooder", id));
        }
        assert_eq!(ids(queue.push(of("a", 10))), [4]);
        assert_eq!(ids(queue.push(of("flooder", 5))), [5]);
        assert_eq!(ids(queue.push(of("b", 20))), [3]);
        // Two are not more than it would have itself.
        assert_eq!(ids(queue.push(of("a", 11))), [2]);
        assert_eq!(ids(queue.push(of("b", 21))), [21]);
        assert_eq!(all(&mut queue), [0, 1, 10, 20, 11]);
    }

    #[test]
    fn counting_begins_anew_after_a_quiet_time() {
        let mut queue = queue(4, 1_000_000);
        for id in 0..5 {
            queue.push(of("flooder", id));
        }
        assert!(queue.crowd.is_counted());
        for _ in 0..3 {
            queue.pop();
        }
        assert!(!queue.crowd.is_counted());
        for id in 0..3 {
            queue.push(of("a", id));
        }
        assert_eq!(ids(queue.push(of("b", 9))), [2]);
    }

    #[test]
    fn bytes_are_bounded_too_and_one_stanza_is_taken_whatever_its_size() {
        let weight = of("a", 0).weight();
        let mut queue = queue(1_000, 2 * weight + 1);
        assert!(queue.push(of("a", 0)).is_empty());
        assert!(queue.push(of("a", 1)).is_empty());
        assert_eq!(ids(queue.push(of("a", 2))), [2]);
        assert_eq!(ids(queue.push(of("b", 3))), [1]);
        queue.bounds.bytes = 1;
        assert_eq!(ids(queue.push(of("a", 4))), [4]);
        assert_eq!(all(&mut queue), [0, 3]);
        assert!(queue.push(of("a", 5)).is_empty());
    }

    #[test]
    fn a_bounce_takes_nobodys_place() {
        let mut queue = queue(2, 1_000_000);
        queue.push(of("flooder", 0));
        queue.push(of("flooder", 1));
        let bounce = of("a", 2).bounce(Condition::ServiceUnavailable.into());
        assert_eq!(ids(queue.push(bounce.unwrap())), [2]);
    }
}
