//! The router: which services exist, and who may say so.
//!
//! Two roles. [`Router`] is the top-level address `router@domain/router`: it takes registrations
//! and answers questions about the network. Each registered service is a [`ServiceClass`] with an
//! address of its own, which passes requests on. The router knows which classes there are and who has
//! registered for them; a class knows which of its nodes can be passed something, and chooses among
//! them by its [`RoutingPolicy`]. Both follow §4 of the protocol, and are better where the original
//! loses requests: every stanza that comes back from a dead node is delivered again or answered, not
//! only the last one.

mod class;
mod distrust;
mod info;
mod top;

use std::collections::BTreeSet;
use std::num::NonZeroU32;

use crate::jid::Jid;
use crate::stanza::Placement;

pub use class::{Bounces, ClassEffect, ClassInput, ServiceClass};
pub use class::{Chooser, NodeLoad, RoutingPolicy};
pub use distrust::Distrusted;
pub use info::{ClassStats, NodeStats, Question};
pub use top::{ClassEnd, Router, RouterEffect, RouterInput};

/// A listener, and what it said of itself when it registered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Registrant {
    /// Its address.
    pub jid: Jid,
    /// Where it looks for attributes.
    pub placement: Placement,
    /// How many drones it may have. One that says so reports its load to a class that asks.
    pub drones: Option<NonZeroU32>,
}

/// Whose stanzas a router takes, by the domain of the sender.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Trust {
    clients: BTreeSet<String>,
    servers: BTreeSet<String>,
}

/// A router that would refuse everybody.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
#[non_exhaustive]
pub enum TrustError {
    /// Nobody could call a service.
    #[error("no trusted client domain is given")]
    NoClients,
    /// Nobody could register one.
    #[error("no trusted server domain is given")]
    NoServers,
}

impl Trust {
    /// Trusts `clients` to call services and `servers` to register them.
    ///
    /// # Errors
    /// [`TrustError`] if either list is empty; the original router refuses to run then, too.
    pub fn new(
        clients: impl IntoIterator<Item = String>,
        servers: impl IntoIterator<Item = String>,
    ) -> Result<Self, TrustError> {
        let trust = Self {
            clients: clients.into_iter().collect(),
            servers: servers.into_iter().collect(),
        };
        if trust.clients.is_empty() {
            return Err(TrustError::NoClients);
        }
        if trust.servers.is_empty() {
            return Err(TrustError::NoServers);
        }
        Ok(trust)
    }

    fn client(&self, jid: &Jid) -> bool {
        self.clients.contains(jid.domain())
    }

    fn server(&self, jid: &Jid) -> bool {
        self.servers.contains(jid.domain())
    }
}
