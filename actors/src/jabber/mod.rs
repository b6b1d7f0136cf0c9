//! The embedded Jabber server.
//!
//! The [`Switch`] knows who is bound where and is shared by all parties of this process. The
//! [`Server`] takes connections from elsewhere; each is an actor that logs its client in and puts
//! what the client sends onto the switch.

mod connection;
mod connections;
mod frames;
mod listen;
mod server;
mod switch;

pub(crate) use connections::Connections;
pub use listen::{Bound, ListenError, Socket};
pub use server::{Cleartext, Incoming, Server, ServerPlan};
pub use switch::{Addressee, Deliver, Eviction, Refused, Switch, SwitchLoad, Tap};
