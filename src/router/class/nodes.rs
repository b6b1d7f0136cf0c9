//! The nodes of a class, whose turn it is, and who was one lately.

use std::collections::VecDeque;

use crate::jid::Jid;
use crate::router::NodeStats;
use crate::stanza::Placement;
use crate::time::Tick;

/// Forgotten nodes whose late bounces still count. Many hosts may vanish at one moment, and their
/// sessions' ends are known before what was sent to them comes back.
pub(super) const GONE_NODES: usize = 1_024;

#[derive(Debug)]
pub(super) struct Node {
    pub(super) stats: NodeStats,
    /// Where it looks for attributes.
    pub(super) placement: Placement,
}

/// In order of registration; no node twice.
#[derive(Debug, Default)]
pub(super) struct Nodes {
    nodes: Vec<Node>,
    next: usize,
    /// Nodes forgotten lately, oldest first: more of what was in flight to them may come back.
    gone: VecDeque<Jid>,
}

impl Nodes {
    pub(super) fn add(&mut self, now: Tick, jid: Jid, placement: Placement) {
        if let Some(node) = self.nodes.iter_mut().find(|node| node.stats.node == jid) {
            node.stats.last_registered = now;
            node.placement = placement;
            return;
        }
        self.gone.retain(|gone| *gone != jid);
        self.nodes.push(Node {
            stats: NodeStats::new(jid, now),
            placement,
        });
    }

    /// Forgets a node; whether it was one.
    pub(super) fn remove(&mut self, jid: &Jid) -> bool {
        let Some(at) = self.position(jid) else {
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

    /// Where the node stands whose turn it is.
    pub(super) fn next(&mut self) -> usize {
        let at = if self.next < self.nodes.len() {
            self.next
        } else {
            0
        };
        self.next = at + 1;
        at
    }

    pub(super) fn position(&self, jid: &Jid) -> Option<usize> {
        self.nodes.iter().position(|node| node.stats.node == *jid)
    }

    pub(super) fn get_mut(&mut self, at: usize) -> Option<&mut Node> {
        self.nodes.get_mut(at)
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
        self.nodes.iter().map(|node| node.stats.clone()).collect()
    }

    #[cfg(test)]
    pub(super) fn gone(&self) -> usize {
        self.gone.len()
    }
}
