//! The nodes of a class, what is known of their loads, and who was one lately.

use std::collections::VecDeque;

use super::policy::{Chooser, NodeLoad};
use crate::jid::Jid;
use crate::limits::NODE_SILENCE;
use crate::router::{NodeStats, Registrant};
use crate::stanza::{LoadReport, Placement};
use crate::time::Tick;

/// Forgotten nodes whose late bounces still count. Many hosts may vanish at one moment, and their
/// sessions' ends are known before what was sent to them comes back.
pub(super) const GONE_NODES: usize = 1_024;

#[derive(Debug)]
struct Node {
    stats: NodeStats,
    /// Where it looks for attributes.
    placement: Placement,
    /// What it reported last, if it reports at all.
    reported: LoadReport,
}

/// Who gets a request, and how.
#[derive(Debug)]
pub(super) struct Receiver {
    pub(super) jid: Jid,
    /// Where it looks for attributes.
    pub(super) placement: Placement,
    /// Which request of all that it was given this is, if it is to report its load.
    pub(super) number: Option<u64>,
}

/// In order of registration; no node twice.
#[derive(Debug)]
pub(super) struct Nodes {
    nodes: Vec<Node>,
    /// What is known of each when one is chosen.
    loads: Vec<NodeLoad>,
    chooser: Box<dyn Chooser>,
    /// Whether nodes that can are to report their loads.
    wants_loads: bool,
    /// Nodes forgotten lately, oldest first: more of what was in flight to them may come back.
    gone: VecDeque<Jid>,
}

impl Nodes {
    pub(super) fn new(chooser: Box<dyn Chooser>) -> Self {
        Self {
            nodes: Vec::new(),
            loads: Vec::new(),
            wants_loads: chooser.wants_loads(),
            chooser,
            gone: VecDeque::new(),
        }
    }

    pub(super) fn add(&mut self, now: Tick, registrant: Registrant) {
        let Registrant {
            jid,
            placement,
            drones,
        } = registrant;
        let at = match self.position(&jid) {
            Some(at) => at,
            None => self.push(now, jid, placement),
        };
        if let (Some(node), Some(load)) = (self.nodes.get_mut(at), self.loads.get_mut(at)) {
            node.stats.last_registered = now;
            node.placement = placement;
            load.drones = drones;
        }
        self.reckon(at);
    }

    /// Adds a node that is none yet; where it stands.
    fn push(&mut self, now: Tick, jid: Jid, placement: Placement) -> usize {
        self.gone.retain(|gone| *gone != jid);
        self.nodes.push(Node {
            stats: NodeStats::new(jid, now),
            placement,
            reported: LoadReport { held: 0, number: 0 },
        });
        self.loads.push(NodeLoad::default());
        self.nodes.len() - 1
    }

    /// Forgets a node; whether it was one.
    pub(super) fn remove(&mut self, jid: &Jid) -> bool {
        let Some(at) = self.position(jid) else {
            return false;
        };
        self.chooser.removed(at);
        self.nodes.remove(at);
        self.loads.remove(at);
        if self.gone.len() == GONE_NODES {
            self.gone.pop_front();
        }
        self.gone.push_back(jid.clone());
        true
    }

    /// Where the node stands that gets the next request.
    pub(super) fn next(&mut self) -> Option<usize> {
        self.chooser.choose(&self.loads)
    }

    /// Gives a request to the node at that place.
    pub(super) fn give(&mut self, at: usize) -> Option<Receiver> {
        let node = self.nodes.get_mut(at)?;
        node.stats.forwarded += 1;
        let mut receiver = Receiver {
            jid: node.stats.node.clone(),
            placement: node.placement,
            number: None,
        };
        if self.wants_loads && self.reckon(at) {
            receiver.number = self.nodes.get(at).map(|node| node.stats.forwarded);
        }
        Some(receiver)
    }

    /// The node at that place did not take what it was given.
    pub(super) fn bounced(&mut self, now: Tick, at: usize) {
        if let Some(node) = self.nodes.get_mut(at) {
            node.stats.bounced += 1;
            node.stats.last_bounce = Some(now);
            // It will never be among what the node has got.
            node.reported.number = (node.reported.number + 1).min(node.stats.forwarded);
            self.reckon(at);
        }
    }

    /// A node says what it holds; whether that is news of use.
    pub(super) fn reported(&mut self, from: &Jid, report: LoadReport) -> bool {
        let Some(at) = self.position(from).filter(|_| self.wants_loads) else {
            return false;
        };
        match self.nodes.get_mut(at) {
            // Higher numbers are those of an earlier class of this address.
            Some(node) if report.number <= node.stats.forwarded => {
                node.reported = report;
                self.reckon(at)
            }
            _ => false,
        }
    }

    /// Notes what the node at that place holds: what it said, and what was given to it since then.
    /// Whether it is one that says.
    fn reckon(&mut self, at: usize) -> bool {
        let (Some(node), Some(load)) = (self.nodes.get(at), self.loads.get_mut(at)) else {
            return false;
        };
        let reports = self.wants_loads && load.drones.is_some();
        let since = node.stats.forwarded.saturating_sub(node.reported.number);
        let outstanding = u64::from(node.reported.held).saturating_add(since);
        load.outstanding = reports.then_some(outstanding);
        reports
    }

    /// Whether any of them says `register` again and again: our listeners do, the original's do not.
    pub(super) fn any_repeats(&self) -> bool {
        self.loads.iter().any(|load| load.drones.is_some())
    }

    /// Those of them that have not said it for too long.
    pub(super) fn silent(&self, now: Tick) -> impl Iterator<Item = &Jid> {
        let nodes = self.nodes.iter().zip(&self.loads);
        let silent = nodes.filter(move |(node, load)| {
            let silence = now.saturating_sub(node.stats.last_registered);
            load.drones.is_some() && silence >= NODE_SILENCE
        });
        silent.map(|(node, _)| &node.stats.node)
    }

    pub(super) fn position(&self, jid: &Jid) -> Option<usize> {
        self.nodes.iter().position(|node| node.stats.node == *jid)
    }

    pub(super) fn was_one(&self, jid: &Jid) -> bool {
        self.gone.contains(jid)
    }

    pub(super) fn len(&self) -> usize {
        self.nodes.len()
    }

    pub(super) fn is_empty(&self) -> bool {
        self.nodes.is_empty()
    }

    pub(super) fn stats(&self) -> Vec<NodeStats> {
        let nodes = self.nodes.iter().zip(&self.loads);
        let stats = nodes.map(|(node, load)| NodeStats {
            load: *load,
            ..node.stats.clone()
        });
        stats.collect()
    }

    #[cfg(test)]
    pub(super) fn gone(&self) -> usize {
        self.gone.len()
    }
}
