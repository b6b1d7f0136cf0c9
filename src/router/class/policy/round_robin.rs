//! Each node in turn, in order of registration.

use super::{Chooser, NodeLoad};

/// Whose turn it is.
#[derive(Debug, Default)]
pub(super) struct RoundRobin {
    next: usize,
}

impl RoundRobin {
    /// Gives the next turn; who has it, if that node reports nothing.
    pub(super) fn silent(&mut self, nodes: &[NodeLoad]) -> Option<usize> {
        let turn = self.choose(nodes)?;
        let node = nodes.get(turn)?;
        node.outstanding.is_none().then_some(turn)
    }

    /// The places of `nodes`, from the one whose turn it is.
    pub(super) fn places(&self, nodes: &[NodeLoad]) -> impl Iterator<Item = usize> + use<> {
        let next = self.next.min(nodes.len());
        (next..nodes.len()).chain(0..next)
    }

    /// The node at that place has had its turn.
    pub(super) fn had(&mut self, at: usize) {
        self.next = at + 1;
    }
}

impl Chooser for RoundRobin {
    fn choose(&mut self, nodes: &[NodeLoad]) -> Option<usize> {
        let at = self.places(nodes).next()?;
        self.had(at);
        Some(at)
    }

    fn removed(&mut self, at: usize) {
        if at < self.next {
            self.next -= 1;
        }
    }
}
