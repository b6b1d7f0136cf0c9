//! Nodes that have fallen silent.
//!
//! A listener of ours that has not said `register` for a while is pinged, and is lost if the server gives
//! that back. Else one whose end the router has missed might stay for ever, under a policy that gives it
//! nothing because of what it got before.

use super::{ClassEffect, Fault, ServiceClass, fault};
use crate::limits::NODE_SILENCE;
use crate::stanza::Stanza;
use crate::time::Tick;

/// The id of the pings.
pub(super) const PING: &str = "silent";

impl ServiceClass {
    /// Sees to it that there is a look at silent nodes, if any can be told by that.
    pub(super) fn look_later(&mut self, now: Tick) {
        if self.nodes.any_repeats() {
            self.look.get_or_insert(now + NODE_SILENCE);
        }
    }

    /// Asks silent nodes whether they are there.
    pub(super) fn look(&mut self, now: Tick, out: &mut Vec<ClassEffect>) {
        let pings = self.nodes.silent(now).cloned();
        out.extend(pings.map(|node| ClassEffect::Send(Stanza::ping(node, PING))));
        self.look = None;
        self.look_later(now);
    }

    /// A silent node is there, or the server says that it is not.
    pub(super) fn answered(&mut self, now: Tick, answer: &Stanza, out: &mut Vec<ClassEffect>) {
        let gone = answer
            .from
            .as_ref()
            .filter(|_| answer.is_error() && fault(answer) == Fault::Gone);
        if let Some(node) = gone.filter(|node| self.nodes.remove(node)) {
            out.push(ClassEffect::Lost(node.clone()));
            self.report_if_empty(now, out);
        }
    }
}
