//! One registered service: passes each request to one of its nodes.
//!
//! A node is a listener's address. Which of them gets a request its [`Chooser`] says: each in turn, or
//! by what they hold. For the latter the class numbers what it passes on, and takes reports of nodes
//! ([`LoadReport`](crate::stanza::LoadReport)). A request that comes back goes to another node, with its own body and thread, and the node that did not take it is
//! forgotten, unless it was only full, or the server did not carry the request itself (then no other
//! node would get it either). When no node is left the original sender is told, and the class asks to
//! be closed.
//!
//! What comes back is found by the id under which it was passed on; what is not kept, or was passed
//! on too long ago, is taken from the echo in the bounce. A request that was turned away by full nodes
//! carries the number of attempts in its id, and goes from each to the next in order, so that it ends
//! after each node has had it once.
//!
//! Only what comes from a node, or from one forgotten lately, counts as coming back: else a client
//! could have requests run in another's name by sending us a made-up error. A node's domain need
//! not be trusted for that (the original drops the bounce then, and keeps the dead node for ever).
//!
//! A node's session may have ended before what was in flight to it has come back. So a class whose last
//! node is lost waits a second for that, if there is any, before it asks to be closed.
//!
//! A class that is told to close asks the server for a pong first, and ends when it comes: bounces
//! that are on their way come before it.

mod event;
mod flight;
mod nodes;
mod policy;
mod silence;

use super::distrust::Distrust;
use super::{ClassStats, Trust};
use crate::Role;
use crate::jid::Jid;
use crate::limits::FLIGHT_CLOSE;
use crate::stanza::{Condition, ErrorKind, Kind, Stanza, StanzaError};
use crate::time::{Tick, earliest};
pub use event::{ClassEffect, ClassInput};
pub use flight::Bounces;
use flight::{Flight, Found, Given, attempts};
use nodes::Nodes;
pub use policy::{Chooser, NodeLoad, RoutingPolicy};

/// The id of the ping by which a class learns that nothing more comes back.
const FAREWELL: &str = "farewell";

/// One registered service.
#[derive(Debug)]
pub struct ServiceClass {
    name: String,
    address: Jid,
    trust: Trust,
    nodes: Nodes,
    flight: Flight,
    distrust: Distrust,
    added: u64,
    forwarded: u64,
    bounced: u64,
    refused: u64,
    last_bounce: Option<Tick>,
    /// No node is left; if none comes, the router is told at this moment.
    empty: Option<Tick>,
    /// It was told to close, and does so at this moment at the latest.
    closing: Option<Tick>,
    /// When it looks for silent nodes.
    look: Option<Tick>,
}

impl ServiceClass {
    /// A class without nodes at `address`, which chooses among nodes by `chooser`, and gives what it
    /// passes on ids from `first` on.
    ///
    /// The latter should be by chance: bounces may come in that were meant for an earlier class of this
    /// address, and must not be taken for its own.
    #[must_use]
    pub fn new(
        name: String,
        address: Jid,
        trust: Trust,
        chooser: Box<dyn Chooser>,
        bounces: Bounces,
        first: u32,
    ) -> Self {
        Self {
            name,
            address,
            trust,
            nodes: Nodes::new(chooser),
            flight: Flight::new(bounces, u64::from(first) << 16),
            distrust: Distrust::default(),
            added: 0,
            forwarded: 0,
            bounced: 0,
            refused: 0,
            last_bounce: None,
            empty: None,
            closing: None,
            look: None,
        }
    }

    fn stanza(&mut self, now: Tick, stanza: Stanza, out: &mut Vec<ClassEffect>) {
        if self.closing.is_some() && stanza.kind == Kind::Iq && stanza.id == FAREWELL {
            return self.stop(out);
        }
        let Some(from) = stanza
            .from
            .as_ref()
            .filter(|_| stanza.kind == Kind::Message)
        else {
            return self.other(now, &stanza, out);
        };
        if stanza.is_error() {
            self.bounced(now, from, &stanza, out);
        } else if self.trust.client(from) {
            let given = Given {
                stanza,
                attempts: 0,
                asked: now,
            };
            let node = self.nodes.next();
            self.pass_on(now, given, node, out);
        } else {
            let distrusted = self.distrust.note(now, from, &stanza);
            out.push(ClassEffect::Distrusted(distrusted));
        }
    }

    /// What is no message: a node's report of its load, its answer to a ping, or nothing of use.
    fn other(&mut self, now: Tick, stanza: &Stanza, out: &mut Vec<ClassEffect>) {
        if stanza.answers(silence::PING) {
            return self.answered(now, stanza, out);
        }
        let reason = match (stanza.reported_load(), &stanza.from) {
            (Some(load), Some(from)) if self.nodes.reported(from, load) => return,
            (Some(_), _) => "a report of a load that nobody asked for",
            (None, _) => "not a message from anybody",
        };
        out.push(ClassEffect::Dropped(reason, stanza.xid()));
    }

    /// Gives a request to the node at that place, or tells its caller that there is none.
    fn pass_on(
        &mut self,
        now: Tick,
        given: Given,
        node: Option<usize>,
        out: &mut Vec<ClassEffect>,
    ) {
        let Some(sender) = &given.stanza.from else {
            return out.push(ClassEffect::Dropped(
                "a request from nobody",
                given.stanza.xid(),
            ));
        };
        let Some(to) = node.and_then(|at| self.nodes.give(at)) else {
            return self.refuse(&given.stanza, "no listener is left", out);
        };
        self.forwarded += 1;
        let (own, jid) = (self.address.clone(), to.jid.clone());
        let stanza = &given.stanza;
        let mut forwarded = stanza.forward(own, jid, sender, to.placement, to.number);
        forwarded.id = self.flight.keep(now, to.jid, given);
        out.push(ClassEffect::Send(forwarded));
    }

    /// A node did not take what it was sent.
    fn bounced(&mut self, now: Tick, from: &Jid, bounce: &Stanza, out: &mut Vec<ClassEffect>) {
        let found = self.flight.take(&bounce.id, from);
        let at = self.nodes.position(from);
        if !matches!(found, Found::Given(_)) && at.is_none() && !self.nodes.was_one(from) {
            return out.push(ClassEffect::Dropped(
                "an error from nobody we sent to",
                bounce.xid(),
            ));
        }
        self.bounced += 1;
        self.last_bounce = Some(now);
        let fault = fault(bounce);
        if let Some(at) = at {
            self.nodes.bounced(now, at);
        }
        let is_gone = fault == Fault::Gone;
        let is_lost = is_gone && self.nodes.remove(from);
        let given = match found {
            Found::Given(given) => Ok(given),
            Found::Spent => Err("a bounce of what came back before"),
            Found::Unknown => echo(now, bounce).ok_or("a bounce that brings nothing back"),
        };
        match given {
            Ok(given) => match fault {
                Fault::Gone => self.redeliver(now, given, out),
                Fault::Full => self.pass_by(now, given, at, self.nodes.len(), out),
                // Whoever is the only one gets it once more.
                Fault::Away => self.pass_by(now, given, at, self.nodes.len() + 1, out),
                Fault::Request => self.refuse(&given.stanza, "the server does not carry it", out),
            },
            Err(reason) => out.push(ClassEffect::Dropped(reason, bounce.xid())),
        }
        if is_lost {
            out.push(ClassEffect::Lost(from.clone()));
        }
        if is_lost || self.empty.is_some() {
            self.report_if_empty(now, out);
        }
    }

    /// Sends what a dead node did not take to another one.
    fn redeliver(&mut self, now: Tick, given: Given, out: &mut Vec<ClassEffect>) {
        if given.is_too_late(now) {
            return self.refuse(&given.stanza, "it came back too late", out);
        }
        let node = self.nodes.next();
        self.pass_on(now, given, node, out);
    }

    /// Sends what the node at `from` did not take, but may take again, to the one behind it; `most`
    /// times at most.
    fn pass_by(
        &mut self,
        now: Tick,
        mut given: Given,
        from: Option<usize>,
        most: usize,
        out: &mut Vec<ClassEffect>,
    ) {
        given.attempts = given.attempts.saturating_add(1);
        if given.attempts >= most {
            return self.refuse(&given.stanza, "no listener takes it now", out);
        }
        match from {
            Some(at) if !given.is_too_late(now) => {
                let behind = (at + 1) % self.nodes.len();
                self.pass_on(now, given, Some(behind), out);
            }
            _ => self.redeliver(now, given, out),
        }
    }

    /// Tells the caller that nobody serves its request (protocol §4.6).
    fn refuse(&mut self, stanza: &Stanza, why: &str, out: &mut Vec<ClassEffect>) {
        let Some(caller) = stanza.from.clone() else {
            return out.push(ClassEffect::Dropped("a request from nobody", stanza.xid()));
        };
        self.refused += 1;
        // The original writes this code and no condition; C clients only need some code, Perl
        // clients need type='error' on the message, which the original leaves out.
        let text = format!("{}: {why}", self.name);
        let error = StanzaError {
            code: Some(501),
            ..StanzaError::new(Condition::ServiceUnavailable).with_text(&text)
        };
        let refusal = stanza.refusal(self.address.clone(), caller, error);
        out.push(ClassEffect::Send(refusal));
    }

    fn report_if_empty(&mut self, now: Tick, out: &mut Vec<ClassEffect>) {
        if !self.nodes.is_empty() {
            return;
        }
        if self.flight.may_come_back() {
            self.empty.get_or_insert(now + FLIGHT_CLOSE);
        } else {
            self.empty = None;
            out.push(ClassEffect::Empty { added: self.added });
        }
    }

    fn close(&mut self, now: Tick, out: &mut Vec<ClassEffect>) {
        self.empty = None;
        if self.forwarded == 0 {
            return self.stop(out);
        }
        self.closing = Some(now + FLIGHT_CLOSE);
        // An iq without address is the server's own to answer.
        let mut farewell = Stanza::ping(self.address.clone(), FAREWELL);
        farewell.to = None;
        out.push(ClassEffect::Send(farewell));
    }

    fn stop(&mut self, out: &mut Vec<ClassEffect>) {
        self.closing = None;
        out.push(ClassEffect::Stop);
    }

    /// What it has passed on so far.
    #[must_use]
    pub fn stats(&self) -> ClassStats {
        ClassStats {
            class: self.name.clone(),
            nodes: self.nodes.stats(),
            forwarded: self.forwarded,
            bounced: self.bounced,
            refused: self.refused,
            last_bounce: self.last_bounce,
        }
    }
}

/// Why a request came back.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Fault {
    /// The node is not there.
    Gone,
    /// The node takes nothing now.
    Full,
    /// It was not sent: our own connection, or the node's, had just broken.
    Away,
    /// The request is such that the server does not carry it, such as too large.
    Request,
}

fn fault(bounce: &Stanza) -> Fault {
    match bounce.error() {
        Some(error) if error.condition == Condition::RecipientUnavailable => Fault::Away,
        Some(error) if error.kind == ErrorKind::Wait => Fault::Full,
        Some(error) if error.condition == Condition::PolicyViolation => Fault::Request,
        _ => Fault::Gone,
    }
}

/// A request out of the echo in its bounce. We name the caller in all that we pass on; an echo
/// without it is none.
fn echo(now: Tick, bounce: &Stanza) -> Option<Given> {
    let mut stanza = bounce.clone();
    stanza.from = Some(bounce.extension().router_from.clone()?);
    Some(Given {
        stanza,
        asked: now,
        attempts: attempts(&bounce.id),
    })
}

impl Role for ServiceClass {
    type Input = ClassInput;
    type Effect = ClassEffect;

    fn handle(&mut self, now: Tick, input: ClassInput, out: &mut Vec<ClassEffect>) {
        match input {
            ClassInput::AddNode(registrant) => {
                self.added += 1;
                self.empty = None;
                self.nodes.add(now, registrant);
                self.look_later(now);
            }
            ClassInput::RemoveNode(jid) => {
                if self.nodes.remove(&jid) && self.nodes.is_empty() {
                    out.push(ClassEffect::Empty { added: self.added });
                }
            }
            ClassInput::LoseNode(jid) => {
                if self.nodes.remove(&jid) {
                    self.report_if_empty(now, out);
                }
            }
            ClassInput::Report => out.push(ClassEffect::Report(self.stats())),
            ClassInput::Close => self.close(now, out),
            ClassInput::Stanza(stanza) => self.stanza(now, stanza, out),
        }
    }

    fn deadline(&self) -> Option<Tick> {
        let ends = earliest(self.closing, self.empty);
        earliest(earliest(ends, self.look), self.flight.due())
    }

    fn wake(&mut self, now: Tick, out: &mut Vec<ClassEffect>) {
        self.flight.expire(now);
        if self.empty.take_if(|due| *due <= now).is_some() {
            out.push(ClassEffect::Empty { added: self.added });
        }
        if self.look.is_some_and(|due| due <= now) {
            self.look(now, out);
        }
        if self.closing.is_some_and(|due| due <= now) {
            self.stop(out);
        }
    }
}

#[cfg(test)]
mod tests;
