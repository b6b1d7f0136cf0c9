//! The router's own address: registrations and questions.
//!
//! ```text
//!          register             ClassUp        ClassEmpty              ClassGone
//! (nothing) ------> Opening ------------> Up ------------> Closing -----------------> (nothing)
//!                      ^                                      | a node registered meanwhile
//!                      +--------------------------------------+
//! ```
//!
//! Invariant: at most one class of a name at a time, so that news of one are never taken for news
//! of the next, and no two bind the same address.

mod event;
mod questions;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;

use bytestring::ByteString;

use super::{ClassStats, Trust};
use crate::Role;
use crate::jid::Jid;
use crate::stanza::{Kind, Placement, Stanza};
use crate::time::{Tick, earliest};
pub use event::{RouterEffect, RouterInput};
use questions::Pending;

#[derive(Debug)]
struct Class {
    name: String,
    opened: Tick,
    phase: Phase,
    /// `AddNode` sent so far.
    added: u64,
    /// The last figures it reported.
    stats: Option<ClassStats>,
}

#[derive(Debug)]
enum Phase {
    Opening,
    Up,
    /// It was told to end; these nodes registered meanwhile.
    Closing(Vec<(Jid, Placement)>),
}

/// The router at its own address.
#[derive(Debug)]
pub struct Router {
    address: Jid,
    trust: Trust,
    started: Tick,
    /// In order of registration.
    classes: Vec<Class>,
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
            pending: BTreeMap::new(),
            asked: 0,
        }
    }

    fn class(&mut self, name: &str) -> Option<&mut Class> {
        self.classes.iter_mut().find(|class| class.name == name)
    }

    fn stanza(&mut self, now: Tick, stanza: &Stanza, out: &mut Vec<RouterEffect>) {
        let Some(from) = stanza.from.clone().filter(|_| stanza.kind == Kind::Message) else {
            return out.push(RouterEffect::Dropped(
                "not a message from anybody",
                stanza.xid(),
            ));
        };
        if !self.trust.server(&from) {
            return out.push(RouterEffect::Dropped(
                "sender's domain is not trusted",
                stanza.xid(),
            ));
        }
        if stanza.is_error() {
            return out.push(RouterEffect::Dropped("an answer came back", stanza.xid()));
        }
        let extension = stanza.extension();
        match &*extension.router_command {
            "register" => {
                let node = (from, extension.placement);
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

    fn register(
        &mut self,
        now: Tick,
        name: &str,
        (node, placement): (Jid, Placement),
        out: &mut Vec<RouterEffect>,
    ) {
        // A class of the router's own resource would throw the router out of its own address.
        let local = self.address.local().unwrap_or_default();
        let address = match Jid::new(local, self.address.domain(), name) {
            Ok(address) if address != self.address => address,
            _ => {
                return out.push(RouterEffect::Dropped(
                    "class name is no usable resource",
                    ByteString::new(),
                ));
            }
        };
        match self.class(name) {
            Some(class) => match &mut class.phase {
                Phase::Opening | Phase::Up => class.added += 1,
                Phase::Closing(nodes) => {
                    if nodes.iter().all(|(known, _)| *known != node) {
                        nodes.push((node, placement));
                    }
                    return;
                }
            },
            None => self.open_class(now, name, address, out),
        }
        out.push(RouterEffect::AddNode(name.to_owned(), node, placement));
    }

    /// Starts a class that is about to get its first node.
    fn open_class(&mut self, now: Tick, name: &str, address: Jid, out: &mut Vec<RouterEffect>) {
        let class = name.to_owned();
        self.classes.push(Class {
            name: class.clone(),
            opened: now,
            phase: Phase::Opening,
            added: 1,
            stats: None,
        });
        out.push(RouterEffect::OpenClass { class, address });
    }

    fn unregister(&mut self, name: &str, node: &Jid, out: &mut Vec<RouterEffect>) {
        match self.class(name).map(|class| &mut class.phase) {
            Some(Phase::Closing(nodes)) => nodes.retain(|(known, _)| known != node),
            Some(_) => out.push(RouterEffect::RemoveNode(name.to_owned(), node.clone())),
            None => {}
        }
    }

    fn class_empty(&mut self, name: String, added: u64, out: &mut Vec<RouterEffect>) {
        // Another node may have registered while the class was telling us.
        if let Some(class) = self.class(&name).filter(|class| class.added == added)
            && !matches!(class.phase, Phase::Closing(_))
        {
            class.phase = Phase::Closing(Vec::new());
            out.push(RouterEffect::CloseClass(name));
        }
    }

    fn gone(&mut self, now: Tick, name: &str, out: &mut Vec<RouterEffect>) {
        let Some(at) = self.classes.iter().position(|class| class.name == name) else {
            return;
        };
        let class = self.classes.remove(at);
        for pending in self.pending.values_mut() {
            pending.waiting.retain(|class| class != name);
        }
        self.answer_ready(now, out);
        if let Phase::Closing(nodes) = class.phase {
            for node in nodes {
                self.register(now, name, node, out);
            }
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
            RouterInput::ClassGone(name) => self.gone(now, &name, out),
            RouterInput::Report(stats) => self.report(now, stats, out),
        }
    }

    fn deadline(&self) -> Option<Tick> {
        self.pending
            .values()
            .fold(None, |due, pending| earliest(due, Some(pending.deadline)))
    }

    fn wake(&mut self, now: Tick, out: &mut Vec<RouterEffect>) {
        self.answer_late(now, out);
    }
}
