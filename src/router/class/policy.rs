//! Which node of a class gets the next request.
//!
//! | policy | the next request goes | what it needs |
//! |---|---|---|
//! | round robin | to each in turn, in order of registration | nothing |
//! | least outstanding | to the node with the fewest requests for its drones | reports of loads |
//! | two choices | to the less loaded of two nodes drawn by chance | reports of loads |
//! | weighted | to each in turn, in proportion to its drones | what listeners say when they register |
//!
//! A node that reports nothing (a listener of another program) has, under the policies that look at
//! loads, the turns that it would have in a round robin: as many as if all were like it, whatever the
//! others do. So it is neither starved nor flooded. A node that does not say how many drones it may have
//! weighs as much as the others do on average.
//!
//! A policy decides who is first asked. What comes back from a full node goes to the one behind it,
//! whatever the policy, so that it ends after each has had it once.

mod least_outstanding;
mod round_robin;
#[cfg(test)]
mod tests;
mod two_choices;
mod weighted;

use std::cmp::Ordering;
use std::fmt;
use std::num::NonZeroU32;

use crate::ids::Seed;
use least_outstanding::LeastOutstanding;
use round_robin::RoundRobin;
use two_choices::TwoChoices;
use weighted::Weighted;

/// Chooses the node that gets the next request.
///
/// Nodes are told apart by their places; a new one comes last, and when one goes those behind it move
/// up.
///
/// ```
/// use opensrf::ids::Seed;
/// use opensrf::router::{NodeLoad, RoutingPolicy};
///
/// let mut chooser = RoutingPolicy::LeastOutstanding.chooser(Seed::new(1));
/// assert!(chooser.wants_loads());
/// let mut nodes = vec![NodeLoad::reported(4, 7), NodeLoad::reported(4, 2)];
/// assert_eq!(chooser.choose(&nodes), Some(1));
/// nodes.remove(1);
/// chooser.removed(1);
/// assert_eq!(chooser.choose(&nodes), Some(0));
/// ```
pub trait Chooser: fmt::Debug + Send {
    /// The place of the node that gets the next request; nothing if there is no node.
    fn choose(&mut self, nodes: &[NodeLoad]) -> Option<usize>;

    /// The node that was at that place is gone.
    fn removed(&mut self, at: usize);

    /// Whether nodes are to be asked for their loads. Those are unknown else.
    fn wants_loads(&self) -> bool {
        false
    }
}

/// What a class knows of a node when it chooses.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct NodeLoad {
    /// How many drones it may have, if it has said so.
    pub drones: Option<NonZeroU32>,
    /// Requests that it holds, those on their way to it counted; nothing if it does not report.
    pub outstanding: Option<u64>,
}

impl NodeLoad {
    /// A node that may have so many drones (one at least), and holds so many requests.
    #[must_use]
    pub fn reported(drones: u32, outstanding: u64) -> Self {
        Self {
            drones: NonZeroU32::new(drones.max(1)),
            outstanding: Some(outstanding),
        }
    }

    /// Which of two nodes would be the less loaded one with one more request, for its drones. Nodes
    /// with as many drones compare by what is outstanding.
    #[must_use]
    pub fn compare(&self, other: &Self) -> Ordering {
        let share = |one: &Self, other: &Self| {
            let outstanding = u128::from(one.outstanding.unwrap_or_default()) + 1;
            outstanding * u128::from(other.drones.map_or(1, NonZeroU32::get))
        };
        share(self, other).cmp(&share(other, self))
    }
}

/// How a router chooses among the listeners of a service.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub enum RoutingPolicy {
    /// Each in turn, as OpenSRF has it.
    #[default]
    RoundRobin,
    /// The one with the fewest requests for its drones.
    LeastOutstanding,
    /// The less loaded of two that are drawn by chance.
    TwoChoices,
    /// Each in turn, in proportion to its drones.
    Weighted,
}

impl RoutingPolicy {
    /// All of them.
    pub const ALL: [Self; 4] = [
        Self::RoundRobin,
        Self::LeastOutstanding,
        Self::TwoChoices,
        Self::Weighted,
    ];

    /// Its name in settings: words with `_` between them.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::RoundRobin => "round_robin",
            Self::LeastOutstanding => "least_outstanding",
            Self::TwoChoices => "two_choices",
            Self::Weighted => "weighted",
        }
    }

    /// One class's way to choose; what it draws by chance comes from `chance`.
    #[must_use]
    pub fn chooser(self, chance: Seed) -> Box<dyn Chooser> {
        match self {
            Self::RoundRobin => Box::new(RoundRobin::default()),
            Self::LeastOutstanding => Box::new(LeastOutstanding::default()),
            Self::TwoChoices => Box::new(TwoChoices::new(chance)),
            Self::Weighted => Box::new(Weighted::default()),
        }
    }
}

impl fmt::Display for RoutingPolicy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}
