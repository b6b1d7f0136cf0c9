//! OpenSRF over Jabber: the protocol as pure state machines.
//!
//! This crate knows no actor, runtime, socket, thread, clock or chance. Bytes come in and values
//! go out; every party of the network (client, router, listener, drone) is a [`Role`] that takes
//! one input at a given [`Tick`](time::Tick) and says what must be done. The package
//! `opensrf-actors` carries it out.
//!

pub mod ids;
pub mod jid;
pub mod limits;
mod role;
pub mod stream;
pub mod time;
pub mod xml;

pub use role::Role;
