//! What can happen to a pool, and what it wants done.

use super::PoolRules;
use crate::stanza::Stanza;

/// One drone of a listener; never used twice.
pub type DroneId = u64;

/// What happens to a pool.
#[derive(Debug)]
pub enum Input {
    /// The listener is on the bus: bring up the minimum of drones.
    LinkUp,
    /// The listener is off the bus: a drone could not get onto it either, so none is started.
    LinkDown,
    /// A request came from the router.
    Request(Stanza),
    /// A drone has logged in, or is done with what it had.
    Idle {
        /// Which one.
        drone: DroneId,
        /// It is to be replaced.
        is_spent: bool,
    },
    /// Replace all drones, without breaking off what they do.
    Renew,
    /// Other rules hold from now on.
    Rules(PoolRules),
    /// What was assigned to this drone could not be handed to it: it had just ended, or takes
    /// nothing.
    Returned(DroneId),
    /// A drone is gone.
    Exited {
        /// Which one.
        drone: DroneId,
        /// Requests that it has begun to work on, ever. One that was still on its way to the drone
        /// is not among them.
        taken: u64,
        /// Nothing is owed to the caller of the last of them.
        settled: bool,
    },
    /// The service leaves: end when all that was accepted is done. What the router had sent
    /// before it knew is done too, as long as something is.
    Drain,
    /// The service ends at once.
    Stop,
}

/// What a pool wants done.
#[derive(Debug)]
pub enum Effect {
    /// Make a drone of this id.
    StartDrone(DroneId),
    /// Hand the request to the drone.
    Assign(DroneId, Stanza),
    /// Tell the sender that there is no room (503).
    Refuse(Stanza),
    /// Tell the sender that the service is stopping (503).
    Dismiss(Stanza),
    /// Tell the sender that it waited too long (503); it waits no more, by what it said itself or by
    /// the rules.
    Expire(Stanza),
    /// Tell the sender that its drone died (500).
    Abandon(Stanza),
    /// Tell a drone that works that the service drains.
    DrainDrone(DroneId),
    /// Tell the sender that no drone can be had (503).
    TurnAway(Stanza),
    /// End a drone: it is idle or spent, or takes nothing.
    StopDrone(DroneId),
    /// End a drone: it did not come up in time.
    StartOverdue(DroneId),
    /// Say that requests are turned away: so many since it was said last. Seldom.
    Overloaded {
        /// For which there was no room.
        refused: u64,
        /// That waited too long.
        expired: u64,
    },
    /// The drain is over: nothing waits and no drone works. Said once.
    Drained,
}
