//! What a running host tells of itself.
//!
//! [`HostStatus`] is the live supervision tree: the host, each child with its state, its restarts
//! and its last end, and what the child says when it is asked. A child that does not answer within a
//! second is in the tree all the same, without that. Children answer from the figures that they keep
//! anyway; nothing is measured for this in between.
//!
//! `opensrf status` asks from outside, over a Unix socket of the host ([`control`](crate::control)), so that it works
//! while the bus is down.

mod gather;
mod model;
mod problems;
mod question;
mod seconds;
mod show;

pub(crate) use gather::{Asked, gather};
pub use model::{
    Answer, BusStatus, ChildKind, ChildState, ChildStatus, ClassAnswer, ClassStatus, ClientStatus,
    Detail, HostPhase, HostStatus, LastExitStatus, NodeStatus, OutboxStatus, RegistrationState,
    RegistrationStatus, ServerStatus, ServiceStatus,
};
pub use question::{Question, Report};
