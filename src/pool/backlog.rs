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

/// A line: one caller's, by a number that no other line ever has, or [`RETURNED`].
type LineId = i64;

/// The line of what drones gave back. Its places are below all others, in this order too.
const RETURNED: LineId = 0;

/// A line, and a place in it: the lower is served first.
type Place = (LineId, i64);

/// Whose line it is, and when it is served.
#[derive(Debug)]
struct Line {
    caller: Caller,
    turn: i64,
}

// Only looked up by key, never iterated.
#[allow(clippy::disallowed_types)]
type LineOf = std::collections::HashMap<Caller, LineId>;

/// Requests that wait. Everything costs O(log requests). Addresses are long and much alike, so that
/// comparing them is slow: each is looked up once, and lines are told apart by their numbers.
#[derive(Debug, Default)]
pub(super) struct Backlog {
    waiting: BTreeMap<Place, Waiting>,
    /// When they expire, with their places.
    expiries: BTreeSet<(Tick, Place)>,
    line_of: LineOf,
    /// Of the callers that have requests waiting, and no others.
    lines: BTreeMap<LineId, Line>,
    /// The lines in the order in which they are served.
    turns: BTreeMap<i64, LineId>,
    shares: Shares<LineId>,
    bytes: usize,
    /// Lines, places and turns that were given out; each is given once.
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
            let has = self.line_of.get(&caller).map(|line| self.shares.of(line));
            let would_have = has.unwrap_or(0).saturating_add(wanted);
            let heaviest = self.shares.gives_way(would_have).copied();
            let Some(other) = heaviest.and_then(|heaviest| self.pop_newest(heaviest)) else {
                refused.push(request.stanza);
                return refused;
            };
            refused.push(other.stanza);
            is_full = false;
        }
        let line = match self.line_of.get(&caller) {
            Some(line) => *line,
            None => self.begin_line(caller),
        };
        self.shares.add(&line, wanted);
        let last = self.next_number();
        self.put((line, last), request);
        refused
    }

    fn has_bytes_for(&self, stanza: &Stanza) -> bool {
        // One is taken whatever its size: that has a limit of its own.
        self.is_empty() || self.bytes + stanza.weight() <= BACKLOG_BYTES
    }

    /// Puts a request before all others.
    pub(super) fn push_front(&mut self, request: Waiting) {
        let first = -self.next_number();
        self.put((RETURNED, first), request);
    }

    /// All that waits, in no order.
    pub(super) fn into_stanzas(self) -> Vec<Stanza> {
        let waiting = self.waiting.into_values();
        waiting.map(|request| request.stanza).collect()
    }

    fn next_number(&mut self) -> i64 {
        self.given += 1;
        self.given
    }

    fn begin_line(&mut self, caller: Caller) -> LineId {
        let line = self.next_number();
        self.line_of.insert(caller.clone(), line);
        self.lines.insert(line, Line { caller, turn: line });
        self.turns.insert(line, line);
        line
    }

    fn put(&mut self, place: Place, request: Waiting) {
        self.bytes += request.stanza.weight();
        let expiry = request.expires.map(|expires| (expires, place));
        self.expiries.extend(expiry);
        self.waiting.insert(place, request);
    }

    /// The request whose turn it is: the oldest of the caller that was served longest ago.
    pub(super) fn pop_front(&mut self) -> Option<Waiting> {
        if let Some((&(RETURNED, place), _)) = self.waiting.first_key_value() {
            return self.remove((RETURNED, place));
        }
        let (_, &line) = self.turns.first_key_value()?;
        let oldest = *self.waiting.range((line, i64::MIN)..).next()?.0;
        let request = self.remove(oldest);
        let turn = self.next_number();
        if let Some(served) = self.lines.get_mut(&line) {
            self.turns.remove(&served.turn);
            served.turn = turn;
            self.turns.insert(turn, line);
        }
        request
    }

    fn pop_newest(&mut self, line: LineId) -> Option<Waiting> {
        let newest = *self.waiting.range(..=(line, i64::MAX)).next_back()?.0;
        self.remove(newest)
    }

    /// A request that nobody wants any more, if there is one.
    pub(super) fn pop_expired(&mut self, now: Tick) -> Option<Waiting> {
        let first = self.expiries.first();
        let (_, place) = *first.filter(|(expires, _)| *expires <= now)?;
        self.remove(place)
    }

    /// When the next request expires.
    pub(super) fn next_expiry(&self) -> Option<Tick> {
        self.expiries.first().map(|(expires, _)| *expires)
    }

    /// Takes a request out, and its line if it was the last.
    fn remove(&mut self, place: Place) -> Option<Waiting> {
        let request = self.waiting.remove(&place)?;
        self.bytes -= request.stanza.weight();
        if let Some(expires) = request.expires {
            self.expiries.remove(&(expires, place));
        }
        let (line, _) = place;
        if line != RETURNED
            && self
                .shares
                .take(&line, places(&request.stanza, PLACE_BYTES))
                == 0
            && let Some(ended) = self.lines.remove(&line)
        {
            self.turns.remove(&ended.turn);
            self.line_of.remove(&ended.caller);
        }
        Some(request)
    }
}

#[cfg(test)]
mod tests;
