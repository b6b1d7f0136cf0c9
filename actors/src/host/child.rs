//! The children of a host, and how each is started.

use std::sync::Arc;

use actix::{Actor, Addr, Context, Handler};

use super::plan::{RootPlan, ServerParts, ServicePlan};
use super::root::Root;
use crate::client::{ClientActor, ClientPlan};
use crate::env::Env;
use crate::jabber::Server;
use crate::listener::ListenerActor;
use crate::messages::{ClientCommand, Order, ServiceOrder};
use crate::peer::{Peer, Slot};
use crate::router::{RouterActor, RouterPlan};
use crate::status::{ChildKind, Question, Report};
use crate::supervise::{RestartPolicy, Tether};

/// What a child is, with all that is needed to start it again.
#[derive(Debug, Clone)]
pub(super) enum Kind {
    Server,
    Router(Box<RouterPlan>),
    Service(Box<ServicePlan>),
    Client(ClientPlan, Slot<ClientCommand>),
}

impl Kind {
    /// How it is started again.
    pub(super) fn policy(&self) -> RestartPolicy {
        match self {
            Self::Server | Self::Router(_) => RestartPolicy::CORE,
            Self::Service(_) | Self::Client(..) => RestartPolicy::SERVICE,
        }
    }

    /// How messages call it.
    pub(super) fn name(&self) -> String {
        let (kind, name) = self.identity();
        kind.with_name(&name)
    }

    /// What it is, and which one.
    pub(super) fn identity(&self) -> (ChildKind, String) {
        match self {
            Self::Server => (ChildKind::Server, String::new()),
            Self::Router(plan) => (ChildKind::Router, plan.address.to_string()),
            Self::Service(plan) => (ChildKind::Service, plan.service.name().to_string()),
            Self::Client(plan, _) => (ChildKind::Client, plan.jid.to_string()),
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
    pub(super) questions: Peer<Question<Report>>,
    /// Of a service only.
    pub(super) service: Option<Peer<ServiceOrder>>,
}

impl Reins {
    fn new<A>(child: Addr<A>) -> Self
    where
        A: Actor<Context = Context<A>> + Handler<Order> + Handler<Question<Report>>,
    {
        Self {
            orders: Peer::new(child.clone()),
            questions: Peer::new(child),
            service: None,
        }
    }
}

impl RootPlan {
    /// Starts a child in this place, the `nth` that the host starts; nothing if the host lacks what
    /// it needs.
    pub(super) fn start(&self, kind: &Kind, id: u64, nth: u64, root: &Addr<Root>) -> Option<Reins> {
        let tether = Tether::new(root.clone().recipient(), id);
        let host = Peer::new(root.clone());
        let env = self.env.fork(&format!("{} {nth}", kind.name()));
        let counters = Arc::clone(&self.counters);
        match kind {
            Kind::Server => self.start_server(env, tether),
            Kind::Router(plan) => {
                let plan = plan.as_ref().clone();
                let router = RouterActor::new(plan, env, counters, host, id, tether);
                Some(Reins::new(router.start()))
            }
            Kind::Service(service) => {
                let plan = self.listener_plan(service)?;
                let listener = ListenerActor::new(plan, env, counters, host, id, tether);
                let listener = listener.start();
                Some(Reins {
                    service: Some(Peer::new(listener.clone())),
                    ..Reins::new(listener)
                })
            }
            Kind::Client(plan, slot) => {
                let client = ClientActor::launch(plan.clone(), &env, slot, host, id, tether);
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
        Some(Reins::new(server))
    }
}
