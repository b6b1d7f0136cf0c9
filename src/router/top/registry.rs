//! Who serves what: registrations, how they end, and what becomes of them when a class does.

use bytestring::ByteString;

use super::{Class, ClassEnd, Phase, REOPEN, Router, RouterEffect};
use crate::jid::Jid;
use crate::router::Registrant;
use crate::stanza::{Presence, Stanza};
use crate::time::Tick;

impl Class {
    fn has(&self, node: &Jid) -> bool {
        self.nodes.iter().any(|known| known.jid == *node)
    }

    fn add(&mut self, node: Registrant) {
        match self.nodes.iter_mut().find(|known| known.jid == node.jid) {
            Some(known) => *known = node,
            None => self.nodes.push(node),
        }
    }

    /// Forgets a node; whether it was one.
    fn forget(&mut self, node: &Jid) -> bool {
        let before = self.nodes.len();
        self.nodes.retain(|known| known.jid != *node);
        self.nodes.len() < before
    }

    /// Whether there is an actor that takes orders.
    fn is_open(&self) -> bool {
        matches!(self.phase, Phase::Opening | Phase::Up)
    }
}

impl Router {
    pub(super) fn register(
        &mut self,
        now: Tick,
        name: &str,
        node: Registrant,
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
        let Some(class) = self.class(name) else {
            return self.open_class(now, name.to_owned(), address, vec![node], out);
        };
        class.add(node.clone());
        if class.is_open() {
            class.added += 1;
            out.push(RouterEffect::AddNode(name.to_owned(), node));
        }
    }

    /// Starts a class, and tells it its nodes.
    fn open_class(
        &mut self,
        now: Tick,
        name: String,
        address: Jid,
        nodes: Vec<Registrant>,
        out: &mut Vec<RouterEffect>,
    ) {
        out.push(RouterEffect::OpenClass {
            class: name.clone(),
            address: address.clone(),
        });
        let added = nodes.iter().cloned();
        out.extend(added.map(|node| RouterEffect::AddNode(name.clone(), node)));
        self.classes.push(Class {
            name,
            address,
            opened: now,
            phase: Phase::Opening,
            added: nodes.len() as u64,
            nodes,
            stats: None,
        });
    }

    pub(super) fn unregister(&mut self, name: &str, node: &Jid, out: &mut Vec<RouterEffect>) {
        let Some(class) = self.class(name) else {
            return;
        };
        class.forget(node);
        if class.is_open() {
            out.push(RouterEffect::RemoveNode(name.to_owned(), node.clone()));
        }
        self.take_leave_of(node, out);
        self.drop_broken();
    }

    /// A listener says that it is there, or its server that it is not any more.
    pub(super) fn presence(&mut self, node: &Jid, presence: Presence, out: &mut Vec<RouterEffect>) {
        match presence {
            // Whoever is not known here should register again.
            Presence::Here if !self.knows(node) => self.show(node, Presence::Gone, out),
            Presence::Here => {
                self.shown.insert(node.clone());
                self.show(node, Presence::Here, out);
            }
            Presence::Gone => {
                for class in &mut self.classes {
                    if class.forget(node) && class.is_open() {
                        let name = class.name.clone();
                        out.push(RouterEffect::LoseNode(name, node.clone()));
                    }
                }
                self.take_leave_of(node, out);
                self.drop_broken();
            }
        }
    }

    /// A class found out that a node takes nothing. (If the node has registered anew since, it is told
    /// below that it is not known, and does so again.)
    pub(super) fn node_lost(&mut self, name: &str, node: &Jid, out: &mut Vec<RouterEffect>) {
        if let Some(class) = self.class(name) {
            class.forget(node);
        }
        self.take_leave_of(node, out);
    }

    fn knows(&self, node: &Jid) -> bool {
        self.classes.iter().any(|class| class.has(node))
    }

    /// The router shows itself to nodes that it knows, and takes it back when it forgets one: the
    /// server need not watch for it any longer, and a node that lives all the same (its end was news
    /// of an earlier session at its address, come late) hears that it must register again.
    fn take_leave_of(&mut self, node: &Jid, out: &mut Vec<RouterEffect>) {
        if !self.knows(node) && self.shown.remove(node) {
            self.show(node, Presence::Gone, out);
        }
    }

    fn show(&self, node: &Jid, presence: Presence, out: &mut Vec<RouterEffect>) {
        out.push(RouterEffect::Send(Stanza::presence(node.clone(), presence)));
    }

    pub(super) fn class_empty(&mut self, name: String, added: u64, out: &mut Vec<RouterEffect>) {
        // Another node may have registered while the class was telling us.
        let class = self.class(&name);
        let Some(class) = class.filter(|class| class.added == added && class.is_open()) else {
            return;
        };
        class.phase = Phase::Closing;
        let forgotten = std::mem::take(&mut class.nodes);
        out.push(RouterEffect::CloseClass(name));
        for node in forgotten {
            self.take_leave_of(&node.jid, out);
        }
    }

    /// A class is gone. Its nodes get a new one, unless its address is somebody else's now: a fight
    /// for it would serve nobody, and the next registration will tell.
    pub(super) fn class_gone(
        &mut self,
        now: Tick,
        name: &str,
        end: ClassEnd,
        out: &mut Vec<RouterEffect>,
    ) {
        let Some(at) = self.classes.iter().position(|class| class.name == name) else {
            return;
        };
        let class = self.classes.remove(at);
        for pending in self.pending.values_mut() {
            pending.waiting.retain(|class| class != name);
        }
        self.answer_ready(now, out);
        let due = class.opened + REOPEN;
        match end {
            _ if class.nodes.is_empty() => {}
            ClassEnd::Evicted => {}
            ClassEnd::Broken if now < due => self.classes.push(Class {
                phase: Phase::Broken { due },
                ..class
            }),
            ClassEnd::Broken | ClassEnd::Closed => {
                self.open_class(now, class.name, class.address, class.nodes, out);
            }
        }
    }

    /// Opens the classes whose time has come.
    pub(super) fn reopen(&mut self, now: Tick, out: &mut Vec<RouterEffect>) {
        let is_due = |class: &mut Class| matches!(class.phase, Phase::Broken { due } if due <= now);
        for class in self.classes.extract_if(.., is_due).collect::<Vec<_>>() {
            self.open_class(now, class.name, class.address, class.nodes, out);
        }
    }

    /// Nobody needs a class any more that waits to be opened again for nodes that are gone.
    fn drop_broken(&mut self) {
        let is_needed =
            |class: &Class| !class.nodes.is_empty() || !matches!(class.phase, Phase::Broken { .. });
        self.classes.retain(is_needed);
    }
}
