//! Requests that wait for a drone: callers take turns, and none waits longer than somebody waits for
//! it.
//!
//! Each caller has a line of its own. The callers' turns go round, so that one that asks a thousand
//! things at once delays another by one request for each that the other asks, and not by a thousand.
//! When there is no room, the caller that has most waiting gives way (see [`shares`]).
//!
//! What comes back from a drone that never looked at it is before all lines: its turn has been.
//!
//! [`shares`]: crate::shares

use std::collections::{BTreeMap, BTreeSet};

use crate::limits::{BACKLOG, BACKLOG_BYTES};
use crate::shares::{Caller, Shares, places};
use crate::stanza::Stanza;
use crate::time::Tick;

/// What a request may take of the bytes before it counts as several.
const PLACE_BYTES: usize = BACKLOG_BYTES / BACKLOG;

/// A request, and how long it is worth running.
#[derive(Debug, Clone)]
pub(super) struct Waiting {
    pub(super) stanza: Stanza,
    /// Nobody wants it any more from then on; never if absent.
    pub(super) expires: Option<Tick>,
}

#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
enum Line {
    /// What drones gave back. Before all others, in this order too.
    Returned,
    /// What a caller asked.
    Of(Caller),
}

/// A line, and a place in it: the lower is served first.
type Place = (Line, i64);

/// Requests that wait. Everything costs O(log requests).
#[derive(Debug, Default)]
pub(super) struct Backlog {
    waiting: BTreeMap<Place, Waiting>,
    /// When they expire, with their places.
    expiries: BTreeSet<(Tick, Place)>,
    /// The callers that have a line, in the order in which they are served.
    turns: BTreeMap<i64, Caller>,
    /// The turn of each.
    turn_of: BTreeMap<Caller, i64>,
    shares: Shares,
    bytes: usize,
    /// Places and turns that were given out; each is given once.
    given: i64,
}

impl Backlog {
    pub(super) fn len(&self) -> usize {
        self.waiting.len()
    }

    pub(super) fn is_empty(&self) -> bool {
        self.waiting.is_empty()
    }

    /// Puts a request behind all others of its caller: into a free place of `room`, or into that of
    /// another. Gives out what has to be refused for that, be it others or itself.
    pub(super) fn push(&mut self, request: Waiting, room: usize) -> Vec<Stanza> {
        let caller = request.stanza.sender();
        let wanted = places(&request.stanza, PLACE_BYTES);
        let mut refused = Vec::new();
        // More than fits may wait, as what drones give back is always taken; so one gives way to one.
        let mut is_full = self.len() >= room;
        while is_full || !self.has_bytes_for(&request.stanza) {
            let heaviest = self.shares.gives_way(&caller, wanted);
            let Some(other) = heaviest.and_then(|heaviest| self.pop_newest(heaviest)) else {
                refused.push(request.stanza);
                return refused;
            };
            refused.push(other.stanza);
            is_full = false;
        }
        if !self.turn_of.contains_key(&caller) {
            self.give_turn(caller.clone());
        }
        self.shares.add(&caller, wanted);
        let last = self.next_number();
        self.put((Line::Of(caller), last), request);
        refused
    }

    fn has_bytes_for(&self, stanza: &Stanza) -> bool {
        // One is taken whatever its size: that has a limit of its own.
        self.is_empty() || self.bytes + stanza.weight() <= BACKLOG_BYTES
    }

    /// Puts a request before all others.
    pub(super) fn push_front(&mut self, request: Waiting) {
        let first = -self.next_number();
        self.put((Line::Returned, first), request);
    }

    fn next_number(&mut self) -> i64 {
        self.given += 1;
        self.given
    }

    fn give_turn(&mut self, caller: Caller) {
        let turn = self.next_number();
        self.turns.insert(turn, caller.clone());
        self.turn_of.insert(caller, turn);
    }

    fn put(&mut self, place: Place, request: Waiting) {
        self.bytes += request.stanza.weight();
        let expiry = request.expires.map(|expires| (expires, place.clone()));
        self.expiries.extend(expiry);
        self.waiting.insert(place, request);
    }

    /// The request whose turn it is: the oldest of the caller that was served longest ago.
    pub(super) fn pop_front(&mut self) -> Option<Waiting> {
        if let Some((place @ (Line::Returned, _), _)) = self.waiting.first_key_value() {
            let place = place.clone();
            return self.remove(&place);
        }
        let (_, caller) = self.turns.pop_first()?;
        self.turn_of.remove(&caller);
        let line = (Line::Of(caller.clone()), i64::MIN)..;
        let oldest = self.waiting.range(line).next()?.0.clone();
        let request = self.remove(&oldest);
        if self.shares.of(&caller) > 0 {
            self.give_turn(caller);
        }
        request
    }

    fn pop_newest(&mut self, caller: Caller) -> Option<Waiting> {
        let line = ..=(Line::Of(caller), i64::MAX);
        let newest = self.waiting.range(line).next_back()?.0.clone();
        self.remove(&newest)
    }

    /// A request that nobody wants any more, if there is one.
    pub(super) fn pop_expired(&mut self, now: Tick) -> Option<Waiting> {
        let first = self.expiries.first();
        let (_, place) = first.filter(|(expires, _)| *expires <= now)?.clone();
        self.remove(&place)
    }

    /// When the next request expires.
    pub(super) fn next_expiry(&self) -> Option<Tick> {
        self.expiries.first().map(|(expires, _)| *expires)
    }

    /// Takes a request out, and its caller's turn if it was the last.
    fn remove(&mut self, place: &Place) -> Option<Waiting> {
        let request = self.waiting.remove(place)?;
        self.bytes -= request.stanza.weight();
        if let Some(expires) = request.expires {
            self.expiries.remove(&(expires, place.clone()));
        }
        if let (Line::Of(caller), _) = place {
            self.shares
                .take(caller, places(&request.stanza, PLACE_BYTES));
            if self.shares.of(caller) == 0
                && let Some(turn) = self.turn_of.remove(caller)
            {
                self.turns.remove(&turn);
            }
        }
        Some(request)
    }
}

#[cfg(test)]
mod tests;
