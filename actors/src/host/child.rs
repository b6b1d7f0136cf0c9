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
        policy(self.identity().0)
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

/// How children of a kind are started again; `docs/supervision.md` has the same as a table.
fn policy(kind: ChildKind) -> RestartPolicy {
    match kind {
        ChildKind::Server | ChildKind::Router => RestartPolicy::CORE,
        ChildKind::Service | ChildKind::Client => RestartPolicy::SERVICE,
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
            connections,
        } = self.server.as_ref()?;
        let (plan, switch, sockets) = (plan.clone(), Arc::clone(switch), sockets.clone());
        let server = Server::new(plan, switch, sockets, env, tether)
            .with_connections(connections.clone())
            .start();
        self.incoming.set(Peer::new(server.clone()));
        Some(Reins::new(server))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::control;
    use crate::counters::Figures;

    const PAGE: &str = include_str!("../../../docs/supervision.md");

    #[test]
    fn the_page_on_supervision_has_the_policies_that_count() {
        let kinds = [
            ("Jabber server", ChildKind::Server),
            ("router", ChildKind::Router),
            ("service", ChildKind::Service),
            ("client", ChildKind::Client),
        ];
        for (name, kind) in kinds {
            let policy = policy(kind);
            let (most, within) = (policy.most, policy.within.as_secs());
            let (first, longest) = (
                policy.first_delay.as_millis(),
                policy.longest_delay.as_secs(),
            );
            let calm = policy.calm.as_secs();
            let row =
                format!("| {name} | {most} | {within} s | {first} ms | {longest} s | {calm} s |");
            assert!(PAGE.contains(&row), "{row}");
        }
    }

    #[test]
    fn the_page_on_supervision_names_figures_that_there_are() {
        let figures = serde_json::to_value(Figures::default()).unwrap();
        let parts = PAGE.lines().filter(|line| line.starts_with("| "));
        let named = parts.flat_map(|line| {
            let last = line.trim_end_matches(" |").rsplit(" | ").next();
            last.unwrap_or_default().split('`').skip(1).step_by(2)
        });
        let mut named: Vec<_> = named.filter(|name| *name != "opensrf status").collect();
        named.sort_unstable();
        named.dedup();
        assert_eq!(
            named,
            ["abandoned", "bounced", "dead", "hung", "panics", "restarts"]
        );
        assert!(named.iter().all(|name| figures.get(name).is_some()));
    }

    #[test]
    fn the_page_on_supervision_has_the_bounds_of_the_control_socket() {
        let (bytes, seconds, most) = control::BOUNDS;
        let thousands = format!("{},{:03}", bytes / 1_000, bytes % 1_000);
        let text = format!(
            "A request has at most {thousands} bytes, a conversation at most {seconds} s, and there \
             are at most {most} at once."
        );
        assert!(PAGE.contains(&text), "{text}");
    }
}
