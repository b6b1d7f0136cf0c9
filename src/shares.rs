//! Who has how much waiting in a queue that all share.
//!
//! A queue has a bound, and when it is full somebody is refused. It should be whoever fills it: one
//! caller that floods must not have the requests of the others refused. So a full queue takes from
//! the one that has most waiting, its newest first, for the sake of one that would still have less.
//! Whoever has no more than its even share is never refused while another has more than that.
//!
//! A caller is a full address: the one that the router names (`router_from`), else the one that the
//! server vouches for. Accounts and hosts are no measure: all parties of a network share an account,
//! and a host is part of an address by habit only.

use std::collections::{BTreeMap, BTreeSet};

use crate::jid::Jid;
use crate::stanza::Stanza;

/// Whose stanza it is, if anybody's.
pub type Caller = Option<Jid>;

/// How much a stanza counts in a queue whose bounds give `place_bytes` to each stanza: one place, and
/// one more for each time that it is as large as that.
#[must_use]
pub fn places(stanza: &Stanza, place_bytes: usize) -> usize {
    1 + stanza.weight() / place_bytes.max(1)
}

/// How many places each caller `K` has in a queue. Every change costs O(log callers).
#[derive(Debug)]
pub struct Shares<K> {
    places: BTreeMap<K, usize>,
    /// The same with the heaviest at the end.
    by_weight: BTreeSet<(usize, K)>,
}

impl<K> Default for Shares<K> {
    fn default() -> Self {
        Self {
            places: BTreeMap::new(),
            by_weight: BTreeSet::new(),
        }
    }
}

impl<K: Ord + Clone> Shares<K> {
    /// The places that a caller has.
    #[must_use]
    pub fn of(&self, caller: &K) -> usize {
        self.places.get(caller).copied().unwrap_or(0)
    }

    /// A caller has so many places more.
    pub fn add(&mut self, caller: &K, places: usize) {
        let before = self.of(caller);
        self.set(caller, before, before.saturating_add(places));
    }

    /// A caller has so many places less. Gives back how many it has left.
    pub fn take(&mut self, caller: &K, places: usize) -> usize {
        let before = self.of(caller);
        let left = before.saturating_sub(places);
        self.set(caller, before, left);
        left
    }

    fn set(&mut self, caller: &K, before: usize, places: usize) {
        let key = (before, caller.clone());
        if before > 0 {
            self.by_weight.remove(&key);
        }
        if places == 0 {
            self.places.remove(caller);
            return;
        }
        self.by_weight.insert((places, key.1));
        match self.places.get_mut(caller) {
            Some(has) => *has = places,
            None => drop(self.places.insert(caller.clone(), places)),
        }
    }

    /// The caller that gives way in a full queue to one that would have so many places: the one that
    /// has most, if that is more.
    #[must_use]
    pub fn gives_way(&self, would_have: usize) -> Option<&K> {
        let (most, heaviest) = self.by_weight.last()?;
        // If it had only as many, the two would take the same place from each other for ever.
        (*most > would_have).then_some(heaviest)
    }
}

/// The shares of a queue that is seldom full: nothing is counted before it is.
#[derive(Debug)]
pub struct Crowd {
    place_bytes: usize,
    shares: Option<Shares<Caller>>,
}

impl Crowd {
    /// Of a queue whose bounds give so many bytes to each stanza.
    #[must_use]
    pub fn new(place_bytes: usize) -> Self {
        let shares = None;
        Self {
            place_bytes,
            shares,
        }
    }

    /// Whether the queue has been full, and not quiet since.
    #[must_use]
    pub fn is_counted(&self) -> bool {
        self.shares.is_some()
    }

    /// A stanza was put in.
    pub fn came(&mut self, stanza: &Stanza) {
        if let Some(shares) = &mut self.shares {
            shares.add(&stanza.sender(), places(stanza, self.place_bytes));
        }
    }

    /// A stanza was taken out. When the queue `is_quiet`, counting ends.
    pub fn went(&mut self, stanza: &Stanza, is_quiet: bool) {
        if is_quiet {
            self.shares = None;
        } else if let Some(shares) = &mut self.shares {
            shares.take(&stanza.sender(), places(stanza, self.place_bytes));
        }
    }

    /// Where in a full queue the stanza stands that gives way to `newcomer`, if one does. What waits is
    /// told with its place, the newest first.
    pub fn gives_way<'a>(
        &mut self,
        newcomer: &Stanza,
        mut waiting: impl Iterator<Item = (usize, &'a Stanza)> + Clone,
    ) -> Option<usize> {
        let place_bytes = self.place_bytes;
        let shares = self.shares.get_or_insert_with(|| {
            let mut shares = Shares::default();
            for (_, stanza) in waiting.clone() {
                shares.add(&stanza.sender(), places(stanza, place_bytes));
            }
            shares
        });
        let has = shares.of(&newcomer.sender());
        let would_have = has.saturating_add(places(newcomer, place_bytes));
        let heaviest = shares.gives_way(would_have)?;
        let newest = waiting.find(|(_, stanza)| stanza.sender() == *heaviest);
        newest.map(|(at, _)| at)
    }
}

#[cfg(test)]
mod tests;
