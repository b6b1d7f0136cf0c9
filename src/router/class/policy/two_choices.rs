//! The less loaded of two nodes that are drawn by chance.
//!
//! Several routers that all give to the least loaded node flood it together before it can tell. Two
//! draws are nearly as good as a look at all, and chance spreads the routers.

use super::round_robin::RoundRobin;
use super::{Chooser, NodeLoad};
use crate::ids::Seed;

/// Draws, and compares.
#[derive(Debug)]
pub(super) struct TwoChoices {
    chance: Seed,
    /// Turns of those that report nothing.
    turns: RoundRobin,
}

impl TwoChoices {
    pub(super) fn new(chance: Seed) -> Self {
        Self {
            chance,
            turns: RoundRobin::default(),
        }
    }

    /// One of `0..bound`, each as likely as any other; 0 if there is none.
    fn draw(&mut self, bound: usize) -> usize {
        let scaled = (u128::from(self.chance.next_u64()) * bound as u128) >> 64;
        usize::try_from(scaled).unwrap_or_default()
    }
}

impl Chooser for TwoChoices {
    fn choose(&mut self, nodes: &[NodeLoad]) -> Option<usize> {
        if let Some(silent) = self.turns.silent(nodes) {
            return Some(silent);
        }
        let places = nodes.iter().enumerate();
        let reported = places.filter(|(_, node)| node.outstanding.is_some());
        let number = reported.clone().count();
        let first = self.draw(number);
        let second = match self.draw(number.saturating_sub(1)) {
            // The first is not drawn again.
            second if second >= first => second + 1,
            second => second,
        };
        let (at, node) = reported.clone().nth(first)?;
        // With one node there is no second.
        let mut behind = reported.skip(second);
        match behind.next() {
            Some((at, other)) if other.compare(node).is_lt() => Some(at),
            Some(_) | None => Some(at),
        }
    }

    fn removed(&mut self, at: usize) {
        self.turns.removed(at);
    }

    fn wants_loads(&self) -> bool {
        true
    }
}
