//! One registered service: passes each request to the next of its nodes.
//!
//! A node is a listener's address. Requests go round by order of registration. A request that comes
//! back goes to the next node, with its own body and thread, and the node that did not take it is
//! forgotten, unless it was only full. When no node is left the original sender is told, and the
//! class asks to be closed.
//!
//! A request that was turned away by full nodes carries the number of attempts in its stanza id, so
//! that it ends after each node has had it once.
//!
//! Only what comes from a node, or from one forgotten lately, counts as coming back: else a client
//! could have requests run in another's name by sending us a made-up error.

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
    /// From the router, after `Empty`: end, unless a node came meanwhile.
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

    fn stanza(&mut self, stanza: Stanza, out: &mut Vec<ClassEffect>) {
        let Some(from) = stanza.from.clone() else {
            return out.push(ClassEffect::Dropped("no sender"));
        };
        if stanza.kind != Kind::Message {
            return;
        }
        if !self.trust.client(&from) {
            return out.push(ClassEffect::Dropped("sender's domain is not trusted"));
        }
        if stanza.is_error() {
            self.bounced(&from, &stanza, out);
        } else {
            self.forward(&stanza, &from, 0, out);
        }
    }

    fn forward(
        &mut self,
        stanza: &Stanza,
        sender: &Jid,
        attempt: usize,
        out: &mut Vec<ClassEffect>,
    ) {
        if self.nodes.is_empty() {
            return self.give_up(stanza, sender, out);
        }
        self.next %= self.nodes.len();
        let node = &mut self.nodes[self.next];
        self.next += 1;
        node.forwarded += 1;
        self.forwarded += 1;
        let mut forwarded = stanza.forward(self.address.clone(), node.jid.clone(), sender);
        if attempt > 0 {
            forwarded.id = ByteString::from(attempt.to_string());
        }
        node.last = Some(forwarded.clone());
        out.push(ClassEffect::Send(forwarded));
    }

    /// A node did not take what it was sent.
    fn bounced(&mut self, node: &Jid, bounce: &Stanza, out: &mut Vec<ClassEffect>) {
        let known = self.nodes.iter().find(|n| n.jid == *node);
        if known.is_none() && !self.gone.contains(node) {
            return out.push(ClassEffect::Dropped("an error from nobody we sent to"));
        }
        let echoes = !bounce.thread().is_empty();
        let echo = if echoes {
            Some(bounce.clone())
        } else {
            known.and_then(|n| n.last.clone())
        };
        let full = bounce
            .error()
            .is_some_and(|error| error.kind == ErrorKind::Wait);
        let emptied = !full && self.remove(node) && self.nodes.is_empty();
        match echo {
            Some(echo) => self.redeliver(&echo, full, out),
            None => out.push(ClassEffect::Dropped("a bounce that brings nothing back")),
        }
        if emptied {
            out.push(ClassEffect::Empty { added: self.added });
        }
    }

    fn redeliver(&mut self, echo: &Stanza, full: bool, out: &mut Vec<ClassEffect>) {
        let Ok(sender) = Jid::parse(&echo.extension().router_from) else {
            return out.push(ClassEffect::Dropped("a bounce that names no sender"));
        };
        let attempts: usize = echo.id.parse().unwrap_or(0) + usize::from(full);
        if full && attempts >= self.nodes.len() {
            self.refuse(echo, &sender, "every listener is full", out);
        } else {
            self.forward(echo, &sender, attempts, out);
        }
    }

    /// Tells the original sender that nobody serves its request (protocol §4.6).
    fn give_up(&self, stanza: &Stanza, sender: &Jid, out: &mut Vec<ClassEffect>) {
        self.refuse(stanza, sender, "no listener is left", out);
    }

    fn refuse(&self, stanza: &Stanza, sender: &Jid, why: &str, out: &mut Vec<ClassEffect>) {
        let mut own = stanza.forward(sender.clone(), self.address.clone(), sender);
        own.stanza_type = ByteString::new();
        // The original writes this code and no condition; C clients only need some code, Perl
        // clients need type='error' on the message, which the original leaves out.
        let text = format!("{}: {why}", self.name);
        let unavailable = StanzaError::new(Condition::ServiceUnavailable).with_text(&text);
        let error = StanzaError {
            code: Some(501),
            ..unavailable
        };
        match own.bounce(error) {
            Some(notice) => out.push(ClassEffect::Send(notice)),
            None => out.push(ClassEffect::Dropped("an error about an error")),
        }
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
            ClassInput::Close if self.nodes.is_empty() => out.push(ClassEffect::Stop),
            ClassInput::Close => {}
            ClassInput::Stanza(stanza) => self.stanza(stanza, out),
        }
    }

    fn deadline(&self) -> Option<Tick> {
        None
    }

    fn wake(&mut self, _now: Tick, _out: &mut Vec<ClassEffect>) {}
}
