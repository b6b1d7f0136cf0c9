//! The node with the fewest requests for its drones; of equals each in turn.

use super::round_robin::RoundRobin;
use super::{Chooser, NodeLoad};

/// Looks at all nodes.
#[derive(Debug, Default)]
pub(super) struct LeastOutstanding {
    /// Turns of those that report nothing.
    turns: RoundRobin,
    /// Turns of those that do, among equals.
    equals: RoundRobin,
}

impl Chooser for LeastOutstanding {
    fn choose(&mut self, nodes: &[NodeLoad]) -> Option<usize> {
        if let Some(silent) = self.turns.silent(nodes) {
            return Some(silent);
        }
        let reported = self.equals.places(nodes).filter_map(|at| {
            let node = nodes.get(at).filter(|node| node.outstanding.is_some())?;
            Some((at, node))
        });
        // Of equals the first counts.
        let (at, _) = reported.min_by(|(_, one), (_, other)| one.compare(other))?;
        self.equals.had(at);
        Some(at)
    }

    fn removed(&mut self, at: usize) {
        self.turns.removed(at);
        self.equals.removed(at);
    }

    fn wants_loads(&self) -> bool {
        true
    }
}
