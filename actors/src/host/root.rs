//! The actor at the top: starts the others, and starts them again.

mod ending;
mod reloading;
mod reporting;
mod restarting;

use std::collections::BTreeMap;
use std::sync::Arc;

use actix::{Actor, AsyncContext, Context, Handler, Message};
use opensrf::time::Tick;
use tokio::sync::oneshot;

use super::child::{Kind, Reins};
use super::plan::{RootPlan, ServicePlan};
use crate::client::Client;
use crate::messages::{Order, Ready, ServiceOrder};
use crate::peer::Slot;
use crate::status::{HostStatus, gather};
use crate::supervise::{ChildExited, Exit, Restarts};

/// What a host is asked to do.
#[derive(Debug, Message)]
#[rtype(result = "()")]
pub(super) enum HostCommand {
    /// Start a service; told when it serves.
    AddService(Box<ServicePlan>, oneshot::Sender<()>),
    /// Start so many more clients, each at an address of its own.
    AddClients(String, usize, oneshot::Sender<Vec<Client>>),
    /// Say when all that there is serves.
    WhenReady(oneshot::Sender<()>),
    /// Say what does not serve yet.
    WaitsFor(oneshot::Sender<Vec<String>>),
    /// Ask all children, and say what they and the host do.
    Status(oneshot::Sender<HostStatus>),
    /// Say when the host has ended, and whether by request.
    WhenEnded(oneshot::Sender<Result<(), Exit>>),
    /// Tell all services.
    Services(ServiceOrder),
    /// Have these configured services and no others.
    Reload(Vec<ServicePlan>),
    /// Unregister, finish what was accepted, end.
    Drain,
    /// End at once.
    Stop,
}

/// A place among the children, which outlives each child that fills it.
struct Child {
    kind: Kind,
    restarts: Restarts,
    state: State,
    /// It is not configured any more: it drains, and has no successor.
    is_leaving: bool,
}

enum State {
    Running {
        reins: Reins,
        started: Tick,
        /// When it said that it serves; of one that says nothing, when it started.
        served: Option<Tick>,
    },
    /// It failed, and is started again then.
    Waiting { due: Tick },
}

impl Child {
    fn reins(&self) -> Option<&Reins> {
        match &self.state {
            State::Running { reins, .. } => Some(reins),
            State::Waiting { .. } => None,
        }
    }

    fn served_since(&self) -> Option<Tick> {
        match self.state {
            State::Running { served, .. } => served,
            State::Waiting { .. } => None,
        }
    }

    fn tell_service(&self, order: ServiceOrder) {
        if let Some(service) = self.reins().and_then(|reins| reins.service.as_ref())
            && service.tell(order).is_err()
        {
            tracing::warn!(child = self.kind.name(), "takes no orders now");
        }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Phase {
    Running,
    /// Services finish what they have.
    Draining,
    /// Clients wait for what is on its way to them.
    Settling,
    /// Services end at once.
    Stopping,
    /// No service is left; the rest ends.
    Closing,
}

/// The host.
pub(super) struct Root {
    plan: RootPlan,
    began: Tick,
    children: BTreeMap<u64, Child>,
    /// Places given out so far.
    added: u64,
    /// Children started so far, to give each a chance of its own.
    started: u64,
    /// All children whose number is below serve.
    serving_below: u64,
    phase: Phase,
    /// What the services have sent is on its way out.
    is_flushing: bool,
    ready_waiters: Vec<oneshot::Sender<()>>,
    service_waiters: BTreeMap<u64, oneshot::Sender<()>>,
    end_waiters: Vec<oneshot::Sender<Result<(), Exit>>>,
    failure: Option<Exit>,
}

impl Root {
    pub(super) fn new(plan: RootPlan) -> Self {
        Self {
            began: plan.env.now(),
            plan,
            children: BTreeMap::new(),
            added: 0,
            started: 0,
            serving_below: 0,
            phase: Phase::Running,
            is_flushing: false,
            ready_waiters: Vec::new(),
            service_waiters: BTreeMap::new(),
            end_waiters: Vec::new(),
            failure: None,
        }
    }

    /// Makes a place for a child and fills it.
    fn add(&mut self, kind: Kind, ctx: &mut Context<Self>) -> u64 {
        self.added += 1;
        let id = self.added;
        let chance = self.plan.env.seed().fork(&format!("restarts {id}"));
        let child = Child {
            restarts: Restarts::new(kind.policy(), chance),
            kind,
            state: State::Waiting {
                due: self.plan.env.now(),
            },
            is_leaving: false,
        };
        self.children.insert(id, child);
        self.run(id, ctx);
        id
    }

    fn add_client(&mut self, name: &str, ctx: &mut Context<Self>) -> Option<Client> {
        let plan = self.plan.client_plan(name)?;
        let router = Arc::clone(&self.plan.bus.as_ref()?.router);
        let slot = Slot::default();
        self.add(Kind::Client(plan, slot.clone()), ctx);
        Some(Client::new(slot, router))
    }

    /// Fills a place with a child made from its plan.
    fn run(&mut self, id: u64, ctx: &mut Context<Self>) {
        let Some(child) = self.children.get_mut(&id) else {
            return;
        };
        self.started += 1;
        self.serving_below = self.serving_below.min(id);
        let Some(reins) = self
            .plan
            .start(&child.kind, id, self.started, &ctx.address())
        else {
            // The host has no bus or no server for it.
            self.children.remove(&id);
            return;
        };
        let started = self.plan.env.now();
        child.state = State::Running {
            reins,
            started,
            served: (!child.kind.gets_ready()).then_some(started),
        };
    }

    fn order(&self, order: Order, whom: impl Fn(&Kind) -> bool) {
        let children = self.children.values().filter(|child| whom(&child.kind));
        for reins in children.filter_map(Child::reins) {
            // One that is gone needs no orders; one with a full mailbox ends with the System.
            let _ = reins.orders.tell(order);
        }
    }

    /// Those who do not serve yet, waiting for their restart or not.
    fn unready(&self) -> impl Iterator<Item = (u64, &Child)> {
        let rest = self.children.range(self.serving_below..);
        let staying = rest.filter(|(_, child)| !child.is_leaving);
        let unready = staying.filter(|(_, child)| child.served_since().is_none());
        unready.map(|(id, child)| (*id, child))
    }

    fn report_ready(&mut self) {
        let first = self.unready().next().map(|(id, _)| id);
        // Not all are looked at again each time that one of very many says that it serves.
        self.serving_below = first.unwrap_or(self.added + 1);
        if first.is_none() {
            for waiter in self.ready_waiters.drain(..) {
                let _ = waiter.send(());
            }
        }
    }
}

impl Actor for Root {
    type Context = Context<Self>;

    fn started(&mut self, ctx: &mut Self::Context) {
        ctx.set_mailbox_capacity(256);
        if self.plan.server.is_some() {
            self.add(Kind::Server, ctx);
        }
        for router in std::mem::take(&mut self.plan.routers) {
            self.add(Kind::Router(Box::new(router)), ctx);
        }
        if let Some(plan) = self.plan.client_plan("client") {
            let slot = self.plan.client_slot.clone();
            self.add(Kind::Client(plan, slot), ctx);
        }
        for service in std::mem::take(&mut self.plan.services) {
            self.add(Kind::Service(Box::new(service)), ctx);
        }
    }
}

impl Handler<ChildExited> for Root {
    type Result = ();

    fn handle(&mut self, exited: ChildExited, ctx: &mut Self::Context) {
        self.child_exited(exited, ctx);
    }
}

impl Handler<Ready> for Root {
    type Result = ();

    fn handle(&mut self, Ready(child): Ready, _: &mut Self::Context) {
        let now = self.plan.env.now();
        if let Some(State::Running { served, .. }) =
            self.children.get_mut(&child).map(|child| &mut child.state)
        {
            served.get_or_insert(now);
        }
        if let Some(waiter) = self.service_waiters.remove(&child) {
            let _ = waiter.send(());
        }
        self.report_ready();
    }
}

impl Handler<HostCommand> for Root {
    type Result = ();

    fn handle(&mut self, command: HostCommand, ctx: &mut Self::Context) {
        match command {
            // Whoever waits sees that nothing will come of it.
            HostCommand::AddService(..) | HostCommand::AddClients(..)
                if self.phase != Phase::Running || self.plan.bus.is_none() => {}
            HostCommand::AddService(plan, reply) => {
                let id = self.add(Kind::Service(plan), ctx);
                self.service_waiters.insert(id, reply);
            }
            HostCommand::AddClients(name, number, reply) => {
                let clients = (0..number).map_while(|_| self.add_client(&name, ctx));
                let _ = reply.send(clients.collect());
            }
            HostCommand::WhenReady(reply) => {
                self.ready_waiters.push(reply);
                self.report_ready();
            }
            HostCommand::WaitsFor(reply) => {
                let names = self.unready().map(|(_, child)| child.kind.name());
                let _ = reply.send(names.collect());
            }
            HostCommand::Status(reply) => {
                // Not in the host's own context, which is polled for each message it gets.
                let answers = gather(self.ask());
                actix_rt::spawn(async move {
                    let _ = reply.send(answers.await);
                });
            }
            HostCommand::WhenEnded(reply) => self.end_waiters.push(reply),
            HostCommand::Services(order) => {
                for child in self.children.values() {
                    child.tell_service(order.clone());
                }
            }
            HostCommand::Reload(plans) if self.phase == Phase::Running => self.reload(plans, ctx),
            HostCommand::Reload(_) => {}
            HostCommand::Drain => self.drain(ctx),
            HostCommand::Stop => self.stop(ctx),
        }
    }
}
