//! The children of a host, and how each is started.

use std::sync::Arc;
use std::time::Duration;

use actix::{Actor, Addr};

use super::plan::{RootPlan, ServerParts, ServicePlan};
use super::root::Root;
use crate::client::{ClientActor, ClientPlan};
use crate::env::Env;
use crate::jabber::Server;
use crate::listener::ListenerActor;
use crate::messages::{ClientCommand, Order, ServiceOrder};
use crate::peer::{Peer, Slot};
use crate::router::{RouterActor, RouterPlan};
use crate::supervise::{Intensity, Tether};

/// What a child is, with all that is needed to start it again.
#[derive(Debug, Clone)]
pub(super) enum Kind {
    Server,
    Router(Box<RouterPlan>),
    Service(Box<ServicePlan>),
    Client(ClientPlan, Slot<ClientCommand>),
}

impl Kind {
    pub(super) fn intensity(&self) -> Intensity {
        match self {
            Self::Server | Self::Router(_) => Intensity::new(5, Duration::from_secs(30)),
            Self::Service(_) | Self::Client(..) => Intensity::new(10, Duration::from_secs(60)),
        }
    }

    pub(super) fn name(&self) -> String {
        match self {
            Self::Server => "jabber server".into(),
            Self::Router(plan) => format!("router {}", plan.address),
            Self::Service(plan) => format!("service {}", plan.service.name()),
            Self::Client(plan, _) => format!("client {}", plan.jid),
        }
    }

    pub(super) fn serves(&self) -> bool {
        matches!(self, Self::Service(_))
    }

    pub(super) fn asks(&self) -> bool {
        matches!(self, Self::Client(..))
    }

    /// Whether it says when it serves, or can be asked.
    pub(super) fn gets_ready(&self) -> bool {
        !matches!(self, Self::Server)
    }
}

/// The ways to tell a child something.
#[derive(Debug)]
pub(super) struct Reins {
    pub(super) orders: Peer<Order>,
    /// Of a service only.
    pub(super) service: Option<Peer<ServiceOrder>>,
}

impl Reins {
    fn new(orders: Peer<Order>) -> Self {
        Self {
            orders,
            service: None,
        }
    }
}

impl RootPlan {
    /// Starts a child of this number; nothing if the host has no place for it.
    pub(super) fn start(&self, kind: &Kind, id: u64, root: &Addr<Root>) -> Option<Reins> {
        let tether = Tether::new(root.clone().recipient(), id);
        let host = Peer::new(root.clone());
        let env = self.env.fork(&format!("{} {id}", kind.name()));
        let counters = Arc::clone(&self.counters);
        match kind {
            Kind::Server => self.start_server(env, tether),
            Kind::Router(plan) => {
                let plan = plan.as_ref().clone();
                let router = RouterActor::new(plan, env, counters, host, id, tether);
                Some(Reins::new(Peer::new(router.start())))
            }
            Kind::Service(service) => {
                let plan = self.listener_plan(service)?;
                let listener = ListenerActor::new(plan, env, counters, host, id, tether);
                let listener = listener.start();
                Some(Reins {
                    orders: Peer::new(listener.clone()),
                    service: Some(Peer::new(listener)),
                })
            }
            Kind::Client(plan, slot) => {
                let client =
                    ClientActor::launch(plan.clone(), &env, counters, slot, host, id, tether);
                Some(Reins::new(client))
            }
        }
    }

    fn start_server(&self, env: Env, tether: Tether) -> Option<Reins> {
        let ServerParts {
            plan,
            switch,
            sockets,
        } = self.server.clone()?;
        let server = Server::new(plan, switch, sockets, env, tether).start();
        self.incoming.set(Peer::new(server.clone()));
        Some(Reins::new(Peer::new(server)))
    }
}
