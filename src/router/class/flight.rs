//! What a class has passed on and may get back.
//!
//! Each stanza goes out under an id of its own. A server writes that id onto the bounce, and some
//! (Prosody) write nothing else, so the id is how the stanza is found again. A class never hears
//! that a request is done; what it keeps is given up by number, bytes and age. It costs a fifth of
//! the speed of calls within a process, so nothing is kept where the server's bounces are known to
//! bring everything back.
//!
//! The id is a number, and after a point the full nodes that have had the stanza before, if any.

use std::collections::VecDeque;

use bytestring::ByteString;

use crate::jid::Jid;
use crate::limits::{FLIGHT_BYTES, FLIGHT_STANZAS, FLIGHT_TIME};
use crate::stanza::Stanza;
use crate::time::Tick;

/// What the server's bounces bring back.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Bounces {
    /// Everything that was sent, as those of the embedded server do.
    Whole,
    /// The id at least.
    Bare,
}

/// A request as it came to the class, from its caller.
#[derive(Debug)]
pub(super) struct Given {
    pub(super) stanza: Stanza,
    /// Full nodes that have had it before.
    pub(super) attempts: usize,
    /// When it came to the class.
    pub(super) asked: Tick,
}

impl Given {
    /// Whether its caller has said how long it waits, and that is over.
    pub(super) fn is_too_late(&self, now: Tick) -> bool {
        let timeout = self.stanza.extension().timeout;
        timeout.is_some_and(|timeout| now.saturating_sub(self.asked) >= timeout)
    }
}

/// What an id on a bounce stands for.
#[derive(Debug)]
pub(super) enum Found {
    /// This was given to that node.
    Given(Given),
    /// It has come back before, or was given to another node.
    Spent,
    /// It was given up, or is no id of ours.
    Unknown,
}

#[derive(Debug)]
struct Kept {
    node: Jid,
    weight: usize,
    at: Tick,
    /// `None` once it has come back.
    given: Option<Given>,
}

/// Everything that was passed on lately.
#[derive(Debug)]
pub(super) struct Flight {
    bounces: Bounces,
    /// The oldest first. Ids follow one another, so the place of one tells its id.
    kept: VecDeque<Kept>,
    /// The id of the first.
    first: u64,
    bytes: usize,
}

impl Flight {
    /// Nothing yet; the first will have the number `first`.
    pub(super) fn new(bounces: Bounces, first: u64) -> Self {
        Self {
            bounces,
            kept: VecDeque::new(),
            first,
            bytes: 0,
        }
    }

    /// Keeps what is passed on to `node`; returns the id that it must have.
    pub(super) fn keep(&mut self, now: Tick, node: Jid, given: Given) -> ByteString {
        let attempts = given.attempts;
        let number = self.number(now, node, given);
        match attempts {
            0 => itoa::Buffer::new().format(number).into(),
            _ => format!("{number}.{attempts}").into(),
        }
    }

    fn number(&mut self, now: Tick, node: Jid, given: Given) -> u64 {
        if self.bounces == Bounces::Whole {
            self.first += 1;
            return self.first;
        }
        let weight = given.stanza.weight();
        self.expire(now);
        while self.kept.len() >= FLIGHT_STANZAS
            || (self.bytes + weight > FLIGHT_BYTES && !self.kept.is_empty())
        {
            self.give_up_first();
        }
        let number = self.first + self.kept.len() as u64;
        self.bytes += weight;
        self.kept.push_back(Kept {
            node,
            weight,
            at: now,
            given: Some(given),
        });
        number
    }

    /// Takes out what came back from `node` under this id.
    pub(super) fn take(&mut self, id: &str, node: &Jid) -> Found {
        let (number, _) = parts(id);
        let place = number
            .parse()
            .ok()
            .and_then(|id: u64| id.checked_sub(self.first));
        let place = place.and_then(|place| usize::try_from(place).ok());
        let Some(kept) = place.and_then(|place| self.kept.get_mut(place)) else {
            return Found::Unknown;
        };
        match kept.given.take_if(|_| kept.node == *node) {
            Some(given) => {
                self.bytes -= kept.weight;
                Found::Given(given)
            }
            None => Found::Spent,
        }
    }

    /// Whether anything was passed on lately that has not come back. (It may have been taken: a class
    /// never hears.)
    pub(super) fn may_come_back(&self) -> bool {
        self.kept.iter().any(|kept| kept.given.is_some())
    }

    /// Gives up what is too old to come back.
    pub(super) fn expire(&mut self, now: Tick) {
        while self.due().is_some_and(|due| due <= now) {
            self.give_up_first();
        }
    }

    /// When the oldest is to be given up.
    pub(super) fn due(&self) -> Option<Tick> {
        self.kept.front().map(|kept| kept.at + FLIGHT_TIME)
    }

    fn give_up_first(&mut self) {
        if let Some(kept) = self.kept.pop_front() {
            self.first += 1;
            if kept.given.is_some() {
                self.bytes -= kept.weight;
            }
        }
    }
}

/// How many full nodes have had what bears this id.
pub(super) fn attempts(id: &str) -> usize {
    parts(id).1.parse().unwrap_or(0)
}

fn parts(id: &str) -> (&str, &str) {
    id.split_once('.').unwrap_or((id, ""))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::stanza::Message;

    fn node(name: &str) -> Jid {
        Jid::parse(&format!("opensrf@private/{name}")).expect("an address")
    }

    fn keep(flight: &mut Flight, body: usize, at: Tick) -> ByteString {
        let message = Message {
            body: "x".repeat(body).into(),
            ..Message::default()
        };
        let given = Given {
            stanza: Stanza::message(node("class"), message),
            attempts: 0,
            asked: at,
        };
        flight.keep(at, node("a"), given)
    }

    fn is_there(flight: &mut Flight, id: &str) -> bool {
        matches!(flight.take(id, &node("a")), Found::Given(_))
    }

    #[test]
    fn each_comes_back_once_and_only_from_its_node() {
        let mut flight = Flight::new(Bounces::Bare, 0);
        let ids: Vec<_> = (0..3).map(|_| keep(&mut flight, 0, Tick::ZERO)).collect();
        assert!(matches!(flight.take(&ids[1], &node("b")), Found::Spent));
        assert!(is_there(&mut flight, &ids[1]));
        assert!(matches!(flight.take(&ids[1], &node("a")), Found::Spent));
        assert!(is_there(&mut flight, &ids[2]));
        assert!(is_there(&mut flight, &ids[0]));
        assert_eq!(flight.bytes, 0);
        for id in [
            "",
            "3",
            "-1",
            "18446744073709551615",
            "18446744073709551616",
            "x",
        ] {
            assert!(
                matches!(flight.take(id, &node("a")), Found::Unknown),
                "{id}"
            );
        }
    }

    #[test]
    fn the_oldest_are_given_up_by_number() {
        let mut flight = Flight::new(Bounces::Bare, 0);
        let ids: Vec<_> = (0..=FLIGHT_STANZAS)
            .map(|_| keep(&mut flight, 0, Tick::ZERO))
            .collect();
        assert_eq!(flight.kept.len(), FLIGHT_STANZAS);
        assert!(matches!(flight.take(&ids[0], &node("a")), Found::Unknown));
        assert!(is_there(&mut flight, &ids[1]));
    }

    #[test]
    fn the_oldest_are_given_up_by_bytes_and_the_newest_never() {
        let mut flight = Flight::new(Bounces::Bare, 0);
        let half = FLIGHT_BYTES / 2 - 200;
        let ids: Vec<_> = (0..3)
            .map(|_| keep(&mut flight, half, Tick::ZERO))
            .collect();
        assert_eq!(flight.kept.len(), 2);
        assert!(!is_there(&mut flight, &ids[0]));
        // What came back makes room.
        assert!(is_there(&mut flight, &ids[1]));
        keep(&mut flight, half, Tick::ZERO);
        assert!(is_there(&mut flight, &ids[2]));
        let huge = keep(&mut flight, FLIGHT_BYTES, Tick::ZERO);
        assert_eq!(flight.kept.len(), 1);
        assert!(is_there(&mut flight, &huge));
        assert_eq!(flight.bytes, 0);
    }

    #[test]
    fn the_oldest_are_given_up_by_age() {
        let mut flight = Flight::new(Bounces::Bare, 0);
        assert_eq!(flight.due(), None);
        let first = keep(&mut flight, 0, Tick::ZERO);
        let second = keep(&mut flight, 0, Tick::from_secs(1));
        assert_eq!(flight.due(), Some(FLIGHT_TIME));
        flight.expire(FLIGHT_TIME);
        assert!(!is_there(&mut flight, &first));
        assert_eq!(flight.due(), Some(FLIGHT_TIME + Tick::from_secs(1)));
        keep(&mut flight, 0, FLIGHT_TIME * 2);
        assert!(!is_there(&mut flight, &second));
        assert_eq!(flight.kept.len(), 1);
    }
}
