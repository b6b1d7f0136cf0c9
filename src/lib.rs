//! OpenSRF over Jabber: the protocol as pure state machines.
//!
//! This crate knows no actor, runtime, socket, thread, clock or chance. Bytes come in and values
//! go out; every party of the network (client, router, listener, drone) is a [`Role`] that takes
//! one input at a given [`Tick`](time::Tick) and says what must be done. The package
//! `opensrf-actors` carries it out.
//!
//! Modules, lowest layer first; each uses only those before it:
//! [`limits`], [`time`], [`ids`], [`few`], [`interval`], [`retry`], [`muffler`]; [`xml`]; [`original`];
//! [`jid`], [`stanza`], [`shares`]; [`osrf`]; [`stream`];
//! [`service`]; [`session`]; [`router`], [`pool`], [`registration`], [`reporting`], [`switchboard`],
//! [`liveness`].

pub mod few;
pub mod ids;
pub mod interval;
pub mod jid;
pub mod limits;
pub mod liveness;
pub mod muffler;
pub mod original;
pub mod osrf;
pub mod pool;
pub mod registration;
pub mod reporting;
pub mod retry;
mod role;
pub mod router;
pub mod service;
pub mod session;
pub mod shares;
pub mod stanza;
pub mod stream;
pub mod switchboard;
pub mod time;
pub mod xml;

pub use role::Role;
