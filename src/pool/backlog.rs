//! Requests that wait for a drone: first come, first served, and none for longer than somebody
//! waits for it.

use std::collections::{BTreeMap, BTreeSet};

use crate::stanza::Stanza;
use crate::time::Tick;

/// A request, and how long it is worth running.
#[derive(Debug, Clone)]
pub(super) struct Waiting {
    pub(super) stanza: Stanza,
    /// Nobody wants it any more from then on; never if absent.
    pub(super) expires: Option<Tick>,
}

/// Requests that wait.
#[derive(Debug, Default)]
pub(super) struct Backlog {
    /// By their place in the line.
    waiting: BTreeMap<i64, Waiting>,
    /// When they expire, with their place.
    expiries: BTreeSet<(Tick, i64)>,
}

impl Backlog {
    pub(super) fn len(&self) -> usize {
        self.waiting.len()
    }

    pub(super) fn is_empty(&self) -> bool {
        self.waiting.is_empty()
    }

    /// Puts a request behind all others.
    pub(super) fn push_back(&mut self, request: Waiting) {
        let last = self.waiting.last_key_value();
        self.put(last.map_or(0, |(place, _)| place + 1), request);
    }

    /// Puts a request before all others.
    pub(super) fn push_front(&mut self, request: Waiting) {
        let first = self.waiting.first_key_value();
        self.put(first.map_or(0, |(place, _)| place - 1), request);
    }

    fn put(&mut self, place: i64, request: Waiting) {
        self.expiries
            .extend(request.expires.map(|expires| (expires, place)));
        self.waiting.insert(place, request);
    }

    /// The request that has waited longest.
    pub(super) fn pop_front(&mut self) -> Option<Waiting> {
        let (place, request) = self.waiting.pop_first()?;
        if let Some(expires) = request.expires {
            self.expiries.remove(&(expires, place));
        }
        Some(request)
    }

    /// A request that nobody wants any more, if there is one.
    pub(super) fn pop_expired(&mut self, now: Tick) -> Option<Waiting> {
        let (_, place) = self
            .expiries
            .first()
            .filter(|(expires, _)| *expires <= now)?;
        let request = self.waiting.remove(place);
        self.expiries.pop_first();
        request
    }

    /// When the next request expires.
    pub(super) fn next_expiry(&self) -> Option<Tick> {
        self.expiries.first().map(|(expires, _)| *expires)
    }
}
