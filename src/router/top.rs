//! The router's own address: registrations and questions.
//!
//! ```text
//!          register             ClassUp        ClassEmpty              ClassGone
//! (nothing) ------> Opening ------------> Up ------------> Closing -----------------> (nothing)
//!                   ^     ^       broken  |                   | a node registered meanwhile
//!                   |     +-- Broken <----+                   |
//!                   +-----------------------------------------+
//! ```
//!
//! The router knows who registered for what, so that a class that broke is opened again with its
//! nodes; a class knows which of them it can pass a request to, and tells which it lost. A listener that
//! shows itself (directed presence) is shown the router in turn. When its session ends the server says
//! so, and it is taken out of all classes.
//!
//! Invariant: at most one class of a name at a time, so that news of one are never taken for news
//! of the next, and no two bind the same address.

mod event;
mod questions;
mod registry;
#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use super::distrust::Distrust;
use super::{ClassStats, Registrant, Trust};
use crate::Role;
use crate::jid::Jid;
use crate::stanza::{Kind, Stanza};
use crate::time::Tick;
pub use event::{ClassEnd, RouterEffect, RouterInput};
use questions::Pending;

/// A class that breaks is opened again at once, but not more often than this.
const REOPEN: Duration = Duration::from_secs(1);

#[derive(Debug)]
struct Class {
    name: String,
    address: Jid,
    opened: Tick,
    phase: Phase,
    /// Who registered, in that order. While it closes, who did so meanwhile.
    nodes: Vec<Registrant>,
    /// `AddNode` sent so far.
    added: u64,
    /// The last figures it reported.
    stats: Option<ClassStats>,
}

#[derive(Debug)]
enum Phase {
    Opening,
    Up,
    /// It was told to end.
    Closing,
    /// It ended untold, and is opened again at this moment.
    Broken {
        due: Tick,
    },
}

/// The router at its own address.
#[derive(Debug)]
pub struct Router {
    address: Jid,
    trust: Trust,
    started: Tick,
    /// In order of registration.
    classes: Vec<Class>,
    /// Nodes that the router has shown itself to.
    shown: BTreeSet<Jid>,
    distrust: Distrust,
    pending: BTreeMap<u64, Pending>,
    asked: u64,
}

impl Router {
    /// A router without classes at `address`, since `started`.
    #[must_use]
    pub fn new(address: Jid, trust: Trust, started: Tick) -> Self {
        Self {
            address,
            trust,
            started,
            classes: Vec::new(),
            shown: BTreeSet::new(),
            distrust: Distrust::default(),
            pending: BTreeMap::new(),
            asked: 0,
        }
    }

    fn class(&mut self, name: &str) -> Option<&mut Class> {
        self.classes.iter_mut().find(|class| class.name == name)
    }

    fn stanza(&mut self, now: Tick, stanza: &Stanza, out: &mut Vec<RouterEffect>) {
        let Some(from) = stanza.from.clone().filter(|_| stanza.kind != Kind::Iq) else {
            return out.push(RouterEffect::Dropped(
                "not a message from anybody",
                stanza.xid(),
            ));
        };
        if !self.trust.server(&from) {
            let distrusted = self.distrust.note(now, &from, stanza);
            return out.push(RouterEffect::Distrusted(distrusted));
        }
        if stanza.kind == Kind::Presence {
            if let Some(presence) = stanza.shows() {
                self.presence(&from, presence, out);
            }
            return;
        }
        if stanza.is_error() {
            return out.push(RouterEffect::Dropped("an answer came back", stanza.xid()));
        }
        let extension = stanza.extension();
        match &*extension.router_command {
            "register" => {
                let node = Registrant {
                    jid: from,
                    placement: extension.placement,
                    drones: extension.drones,
                };
                self.register(now, &extension.router_class, node, out);
            }
            "unregister" => self.unregister(&extension.router_class, &from, out),
            "" => self.messages(now, &from, &stanza.decode(), out),
            _ => out.push(RouterEffect::Dropped(
                "unknown router command",
                stanza.xid(),
            )),
        }
    }
}

impl Role for Router {
    type Input = RouterInput;
    type Effect = RouterEffect;

    fn handle(&mut self, now: Tick, input: RouterInput, out: &mut Vec<RouterEffect>) {
        match input {
            RouterInput::Stanza(stanza) => self.stanza(now, &stanza, out),
            RouterInput::ClassUp(name) => {
                if let Some(class) = self.class(&name)
                    && matches!(class.phase, Phase::Opening)
                {
                    class.phase = Phase::Up;
                }
            }
            RouterInput::ClassEmpty { class, added } => self.class_empty(class, added, out),
            RouterInput::ClassGone { class, end } => self.class_gone(now, &class, end, out),
            RouterInput::NodeLost { class, node } => self.node_lost(&class, &node, out),
            RouterInput::Report(stats) => self.report(now, stats, out),
        }
    }

    fn deadline(&self) -> Option<Tick> {
        let answers = self.pending.values().map(|pending| pending.deadline);
        let broken = self.classes.iter().filter_map(|class| match class.phase {
            Phase::Broken { due } => Some(due),
            Phase::Opening | Phase::Up | Phase::Closing => None,
        });
        answers.chain(broken).min()
    }

    fn wake(&mut self, now: Tick, out: &mut Vec<RouterEffect>) {
        self.answer_late(now, out);
        self.reopen(now, out);
    }
}
