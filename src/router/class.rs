//! One registered service: passes each request to the next of its nodes.
//!
//! A node is a listener's address. Requests go round by order of registration. A request that comes
//! back goes to the next node, with its own body and thread, and the node that did not take it is
//! forgotten, unless it was only full. When no node is left the original sender is told, and the
//! class asks to be closed.
//!
//! A request that was turned away by full nodes carries the number of attempts in its stanza id, and
//! goes from each to the next in order, so that it ends after each node has had it once.
//!
//! Only what comes from a node, or from one forgotten lately, counts as coming back: else a client
//! could have requests run in another's name by sending us a made-up error. A node's domain need
//! not be trusted for that (the original drops the bounce then, and keeps the dead node for ever).

use std::collections::VecDeque;

use bytestring::ByteString;

use super::{ClassStats, NodeStats, Trust};
use crate::Role;
use crate::jid::Jid;
use crate::stanza::{Condition, ErrorKind, Kind, Stanza, StanzaError};
use crate::time::Tick;

/// What happens to a class.
#[derive(Debug)]
pub enum ClassInput {
    /// From the router: this listener serves the class now.
    AddNode(Jid),
    /// From the router: this listener does not serve it any more.
    RemoveNode(Jid),
    /// From the router: say what you have passed on.
    Report,
    /// From the router, after `Empty`: end.
    Close,
    /// A stanza came to the class's address.
    Stanza(Stanza),
}

/// What a class wants done.
#[derive(Debug)]
pub enum ClassEffect {
    /// Send it off.
    Send(Stanza),
    /// Tell the router the figures.
    Report(ClassStats),
    /// Tell the router that no node is left, after so many `AddNode`.
    Empty {
        /// `AddNode` inputs seen so far; the router knows from it whether another is on its way.
        added: u64,
    },
    /// The class ends.
    Stop,
    /// A stanza was dropped, for this reason; nobody could be told.
    Dropped(&'static str),
}

/// Forgotten nodes whose late bounces still count.
const GONE_NODES: usize = 64;

#[derive(Debug)]
struct Node {
    jid: Jid,
    forwarded: u64,
    /// The last stanza it was given, for servers whose bounces bring nothing back (Prosody).
    last: Option<Stanza>,
}

/// One registered service.
#[derive(Debug)]
pub struct ServiceClass {
    name: String,
    address: Jid,
    trust: Trust,
    nodes: Vec<Node>,
    next: usize,
    /// Nodes forgotten lately, oldest first: more of what was in flight to them may come back.
    gone: VecDeque<Jid>,
    forwarded: u64,
    added: u64,
}

impl ServiceClass {
    /// A class without nodes at `address`.
    #[must_use]
    pub fn new(name: String, address: Jid, trust: Trust) -> Self {
        Self {
            name,
            address,
            trust,
            nodes: Vec::new(),
            next: 0,
            gone: VecDeque::new(),
            forwarded: 0,
            added: 0,
        }
    }

    fn add(&mut self, jid: Jid) {
        self.added += 1;
        self.gone.retain(|gone| *gone != jid);
        if self.nodes.iter().all(|node| node.jid != jid) {
            self.nodes.push(Node {
                jid,
                forwarded: 0,
                last: None,
            });
        }
    }

    /// Forgets a node; whether it was one.
    fn remove(&mut self, jid: &Jid) -> bool {
        let Some(at) = self.nodes.iter().position(|node| node.jid == *jid) else {
            return false;
        };
        if at < self.next {
            self.next -= 1;
        }
        self.nodes.remove(at);
        if self.gone.len() == GONE_NODES {
            self.gone.pop_front();
        }
        self.gone.push_back(jid.clone());
        true
    }

    fn stanza(&mut self, stanza: &Stanza, out: &mut Vec<ClassEffect>) {
        let Some(from) = stanza
            .from
            .as_ref()
            .filter(|_| stanza.kind == Kind::Message)
        else {
            return out.push(ClassEffect::Dropped("not a message from anybody"));
        };
        if stanza.is_error() {
            self.bounced(from, stanza, out);
        } else if self.trust.client(from) {
            let node = self.next_node();
            self.pass_on(stanza, from, node, 0, out);
        } else {
            out.push(ClassEffect::Dropped("sender's domain is not trusted"));
        }
    }

    /// Where the node stands whose turn it is.
    fn next_node(&mut self) -> usize {
        let at = if self.next < self.nodes.len() {
            self.next
        } else {
            0
        };
        self.next = at + 1;
        at
    }

    fn pass_on(
        &mut self,
        stanza: &Stanza,
        sender: &Jid,
        node: usize,
        attempts: usize,
        out: &mut Vec<ClassEffect>,
    ) {
        let Some(node) = self.nodes.get_mut(node) else {
            return self.refuse(stanza, sender, "no listener is left", out);
        };
        node.forwarded += 1;
        self.forwarded += 1;
        let mut forwarded = stanza.forward(self.address.clone(), node.jid.clone(), sender);
        if attempts > 0 {
            forwarded.id = ByteString::from(attempts.to_string());
        }
        node.last = Some(forwarded.clone());
        out.push(ClassEffect::Send(forwarded));
    }

    /// A node did not take what it was sent.
    fn bounced(&mut self, from: &Jid, bounce: &Stanza, out: &mut Vec<ClassEffect>) {
        let at = self.nodes.iter().position(|node| node.jid == *from);
        if at.is_none() && !self.gone.contains(from) {
            return out.push(ClassEffect::Dropped("an error from nobody we sent to"));
        }
        let full = bounce
            .error()
            .is_some_and(|error| error.kind == ErrorKind::Wait);
        // We name the sender in all that we pass on; an echo without it is none.
        let echo = if bounce.extension().router_from.is_none() {
            // A full node may well have taken its last stanza; a dead one has not.
            at.filter(|_| !full)
                .and_then(|at| self.nodes[at].last.take())
        } else {
            Some(bounce.clone())
        };
        let emptied = !full && self.remove(from) && self.nodes.is_empty();
        match echo {
            Some(echo) if full => self.pass_by(&echo, at, out),
            Some(echo) => self.redeliver(&echo, out),
            None => out.push(ClassEffect::Dropped("a bounce that brings nothing back")),
        }
        if emptied {
            out.push(ClassEffect::Empty { added: self.added });
        }
    }

    /// Sends what a dead node did not take to the one whose turn it is.
    fn redeliver(&mut self, echo: &Stanza, out: &mut Vec<ClassEffect>) {
        let Some(sender) = original_sender(echo, out) else {
            return;
        };
        let node = self.next_node();
        self.pass_on(echo, &sender, node, attempts(echo), out);
    }

    /// Sends what the full node at `from` did not take to the one behind it.
    fn pass_by(&mut self, echo: &Stanza, from: Option<usize>, out: &mut Vec<ClassEffect>) {
        let Some(sender) = original_sender(echo, out) else {
            return;
        };
        let attempts = attempts(echo).saturating_add(1);
        if attempts >= self.nodes.len() {
            return self.refuse(echo, &sender, "every listener is full", out);
        }
        let node = match from {
            Some(at) => (at + 1) % self.nodes.len(),
            None => self.next_node(),
        };
        self.pass_on(echo, &sender, node, attempts, out);
    }

    /// Tells the original sender that nobody serves its request (protocol §4.6).
    fn refuse(&self, stanza: &Stanza, sender: &Jid, why: &str, out: &mut Vec<ClassEffect>) {
        // The original writes this code and no condition; C clients only need some code, Perl
        // clients need type='error' on the message, which the original leaves out.
        let text = format!("{}: {why}", self.name);
        let error = StanzaError {
            code: Some(501),
            ..StanzaError::new(Condition::ServiceUnavailable).with_text(&text)
        };
        let refusal = stanza.refusal(self.address.clone(), sender.clone(), error);
        out.push(ClassEffect::Send(refusal));
    }

    fn stats(&self) -> ClassStats {
        let nodes = self.nodes.iter();
        ClassStats {
            class: self.name.clone(),
            nodes: nodes
                .map(|n| NodeStats {
                    node: n.jid.clone(),
                    forwarded: n.forwarded,
                })
                .collect(),
            forwarded: self.forwarded,
        }
    }
}

/// Who sent the request that came back, for which we passed it on.
fn original_sender(echo: &Stanza, out: &mut Vec<ClassEffect>) -> Option<Jid> {
    let sender = echo.extension().router_from.clone();
    if sender.is_none() {
        out.push(ClassEffect::Dropped("a bounce that names no sender"));
    }
    sender
}

/// Full nodes that have had the request before.
fn attempts(echo: &Stanza) -> usize {
    echo.id.parse().unwrap_or(0)
}

impl Role for ServiceClass {
    type Input = ClassInput;
    type Effect = ClassEffect;

    fn handle(&mut self, _now: Tick, input: ClassInput, out: &mut Vec<ClassEffect>) {
        match input {
            ClassInput::AddNode(jid) => self.add(jid),
            ClassInput::RemoveNode(jid) => {
                if self.remove(&jid) && self.nodes.is_empty() {
                    out.push(ClassEffect::Empty { added: self.added });
                }
            }
            ClassInput::Report => out.push(ClassEffect::Report(self.stats())),
            ClassInput::Close => out.push(ClassEffect::Stop),
            ClassInput::Stanza(stanza) => self.stanza(&stanza, out),
        }
    }

    fn deadline(&self) -> Option<Tick> {
        None
    }

    fn wake(&mut self, _now: Tick, _out: &mut Vec<ClassEffect>) {}
}

#[cfg(test)]
mod tests;
