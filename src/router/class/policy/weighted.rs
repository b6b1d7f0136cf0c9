//! Each node in turn, in proportion to its drones.
//!
//! Smooth, as nginx has it: each choice credits every node with its weight, the one with the most
//! credit is chosen and pays the weight of all. So a node of weight 4 beside two of weight 1 has
//! `a a b a c a`, and not four in a row.

use super::{Chooser, NodeLoad};

/// Keeps the credit of each node.
#[derive(Debug, Default)]
pub(super) struct Weighted {
    credits: Vec<i64>,
}

/// What a node weighs that does not say how many drones it may have: as much as the others on
/// average.
fn usual_weight(nodes: &[NodeLoad]) -> i64 {
    let said = nodes.iter().filter_map(|node| node.drones);
    let (number, sum) = said.fold((0, 0), |(number, sum), drones| {
        (number + 1, sum + i64::from(drones.get()))
    });
    match number {
        0 => 1,
        number => (sum + number / 2) / number,
    }
}

impl Chooser for Weighted {
    fn choose(&mut self, nodes: &[NodeLoad]) -> Option<usize> {
        self.credits.resize(nodes.len(), 0);
        let usual = usual_weight(nodes);
        let mut sum = 0;
        for (credit, node) in self.credits.iter_mut().zip(nodes) {
            let weight = node.drones.map_or(usual, |drones| drones.get().into());
            *credit += weight;
            sum += weight;
        }
        // Of equals the first counts.
        let credits = self.credits.iter_mut().enumerate().rev();
        let (at, credit) = credits.max_by_key(|(_, credit)| **credit)?;
        *credit -= sum;
        Some(at)
    }

    fn removed(&mut self, at: usize) {
        if at < self.credits.len() {
            self.credits.remove(at);
        }
    }
}
