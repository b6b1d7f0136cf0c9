//! The actor at the top: starts the others, and starts them again.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use actix::{Actor, ActorContext, ActorFutureExt, AsyncContext, Context, Handler, Message, fut};
use futures::future::OptionFuture;
use tokio::sync::oneshot;

use super::child::{Kind, Reins};
use super::plan::{RootPlan, ServicePlan};
use crate::client::Client;
use crate::messages::{Order, Ready, ServiceOrder};
use crate::peer::Slot;
use crate::supervise::{ChildExited, Exit, Intensity};

/// How long children may take to end when they are told to.
const STOP_TIME: Duration = Duration::from_secs(2);

/// How long the last answers of services that were stopped may take to their callers.
const SETTLE_TIME: Duration = Duration::from_millis(250);

/// How long a failed child stays away.
const RESTART_DELAY: Duration = Duration::from_millis(100);

/// What a host is asked to do.
#[derive(Debug, Message)]
#[rtype(result = "()")]
pub(super) enum HostCommand {
    /// Start a service; told when it serves.
    AddService(Box<ServicePlan>, oneshot::Sender<()>),
    /// Start another client at an address of its own.
    AddClient(String, oneshot::Sender<Client>),
    /// Say when all that there is serves.
    WhenReady(oneshot::Sender<()>),
    /// Say what does not serve yet.
    WaitsFor(oneshot::Sender<Vec<String>>),
    /// Say when the host has ended, and whether by request.
    WhenEnded(oneshot::Sender<Result<(), String>>),
    /// Tell all services.
    Services(ServiceOrder),
    /// Have these configured services and no others.
    Reload(Vec<ServicePlan>),
    /// Unregister, finish what was accepted, end.
    Drain,
    /// End at once.
    Stop,
}

struct Child {
    kind: Kind,
    intensity: Intensity,
    reins: Reins,
}

impl Child {
    fn tell_service(&self, order: ServiceOrder) {
        if let Some(service) = &self.reins.service
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
    children: BTreeMap<u64, Child>,
    started: u64,
    unready: BTreeSet<u64>,
    phase: Phase,
    /// What the services have sent is on its way out.
    is_flushing: bool,
    ready_waiters: Vec<oneshot::Sender<()>>,
    service_waiters: BTreeMap<u64, oneshot::Sender<()>>,
    end_waiters: Vec<oneshot::Sender<Result<(), String>>>,
    failure: Option<String>,
}

impl Root {
    pub(super) fn new(plan: RootPlan) -> Self {
        Self {
            plan,
            children: BTreeMap::new(),
            started: 0,
            unready: BTreeSet::new(),
            phase: Phase::Running,
            is_flushing: false,
            ready_waiters: Vec::new(),
            service_waiters: BTreeMap::new(),
            end_waiters: Vec::new(),
            failure: None,
        }
    }

    fn start_child(&mut self, kind: Kind, intensity: Intensity, ctx: &mut Context<Self>) -> u64 {
        self.started += 1;
        let id = self.started;
        if let Some(reins) = self.plan.start(&kind, id, &ctx.address()) {
            if kind.gets_ready() {
                self.unready.insert(id);
            }
            let child = Child {
                kind,
                intensity,
                reins,
            };
            self.children.insert(id, child);
        }
        id
    }

    fn add(&mut self, kind: Kind, ctx: &mut Context<Self>) -> u64 {
        let intensity = kind.intensity();
        self.start_child(kind, intensity, ctx)
    }

    fn order(&self, order: Order, whom: impl Fn(&Kind) -> bool) {
        for child in self.children.values().filter(|child| whom(&child.kind)) {
            // One that is gone needs no orders; one with a full mailbox ends with the System.
            let _ = child.reins.orders.tell(order);
        }
    }

    /// Starts, changes and drains services until there are just these, besides those that were
    /// added by hand.
    fn reload(&mut self, plans: Vec<ServicePlan>, ctx: &mut Context<Self>) {
        let mut unseen: BTreeSet<u64> = self.configured().map(|(id, _)| id).collect();
        for plan in plans {
            let name = plan.service.name();
            let known = self
                .configured()
                .find(|(_, known)| known.service.name() == name);
            let Some((id, _)) = known else {
                tracing::info!(service = &**name, "a new service starts");
                self.add(Kind::Service(Box::new(plan)), ctx);
                continue;
            };
            unseen.remove(&id);
            if let Some(listener) = self.plan.listener_plan(&plan)
                && let Some(child) = self.children.get_mut(&id)
            {
                child.tell_service(ServiceOrder::Change(Box::new(listener)));
                child.kind = Kind::Service(Box::new(plan));
            }
        }
        for id in unseen {
            if let Some(child) = self.children.get_mut(&id) {
                tracing::info!(child = child.kind.name(), "not configured any more, drains");
                if let Kind::Service(plan) = &mut child.kind {
                    plan.is_configured = false; // so that another may take its place meanwhile
                }
                let _ = child.reins.orders.tell(Order::Drain);
            }
        }
    }

    fn configured(&self) -> impl Iterator<Item = (u64, &ServicePlan)> {
        self.children
            .iter()
            .filter_map(|(id, child)| match &child.kind {
                Kind::Service(plan) if plan.is_configured => Some((*id, &**plan)),
                _ => None,
            })
    }

    fn drain(&mut self, ctx: &mut Context<Self>) {
        if self.phase != Phase::Running {
            return;
        }
        self.phase = Phase::Draining;
        self.order(Order::Drain, Kind::serves);
        ctx.run_later(self.plan.drain, |root, ctx| {
            if matches!(root.phase, Phase::Draining | Phase::Settling) {
                tracing::warn!("not all was finished in time");
                root.stop(ctx);
            }
        });
        self.go_on_ending(ctx);
    }

    fn stop(&mut self, ctx: &mut Context<Self>) {
        if matches!(self.phase, Phase::Stopping | Phase::Closing) {
            return;
        }
        self.phase = Phase::Stopping;
        self.order(Order::Stop, Kind::serves);
        ctx.run_later(STOP_TIME, Self::end);
        self.go_on_ending(ctx);
    }

    fn has(&self, wanted: impl Fn(&Kind) -> bool) -> bool {
        self.children.values().any(|child| wanted(&child.kind))
    }

    /// Services end first, then those who wait for their answers, then what carries them.
    fn go_on_ending(&mut self, ctx: &mut Context<Self>) {
        if matches!(self.phase, Phase::Draining | Phase::Stopping)
            && !self.has(Kind::serves)
            && !self.is_flushing
        {
            self.is_flushing = true;
            let flushed = self.plan.bus.as_ref().map(|bus| bus.transport.flushed());
            let flushed = fut::wrap_future(OptionFuture::from(flushed));
            ctx.spawn(flushed.map(|_, root: &mut Self, ctx| root.settle(ctx)));
        }
        if self.phase == Phase::Settling && !self.has(Kind::asks) {
            self.close(ctx);
        }
        if self.phase == Phase::Closing && self.children.is_empty() {
            self.end(ctx);
        }
    }

    /// The last answers of services have gone; callers wait for them.
    fn settle(&mut self, ctx: &mut Context<Self>) {
        if self.phase == Phase::Stopping {
            ctx.run_later(SETTLE_TIME, Self::close);
        }
        if matches!(self.phase, Phase::Draining | Phase::Stopping) {
            self.phase = Phase::Settling;
            self.order(Order::Drain, Kind::asks);
            self.go_on_ending(ctx);
        }
    }

    fn close(&mut self, ctx: &mut Context<Self>) {
        if self.phase != Phase::Closing {
            self.phase = Phase::Closing;
            self.order(Order::Stop, |_| true);
            ctx.run_later(STOP_TIME, Self::end);
        }
    }

    fn end(&mut self, ctx: &mut Context<Self>) {
        for child in self.children.values() {
            tracing::warn!(child = child.kind.name(), "did not end in time");
        }
        self.plan.server = None; // so that another can listen there at once
        for waiter in self.end_waiters.drain(..) {
            let _ = waiter.send(self.failure.clone().map_or(Ok(()), Err));
        }
        ctx.stop();
    }

    fn child_exited(&mut self, exited: &ChildExited, ctx: &mut Context<Self>) {
        let Some(Child {
            kind,
            mut intensity,
            ..
        }) = self.children.remove(&exited.child)
        else {
            return;
        };
        self.unready.remove(&exited.child);
        let waiter = self.service_waiters.remove(&exited.child);
        if self.phase != Phase::Running {
            return self.go_on_ending(ctx);
        }
        let (name, exit) = (kind.name(), &exited.exit);
        if *exit == Exit::Stopped {
            return self.report_ready();
        }
        self.plan.counters.restarts.add();
        if !intensity.allows(self.plan.env.now()) {
            tracing::error!(child = name, %exit, "failed too often, the host ends");
            self.failure = Some(format!("{name} failed too often, at last: {exit}"));
            return self.stop(ctx);
        }
        tracing::warn!(child = name, %exit, "restarting");
        ctx.run_later(RESTART_DELAY, move |root, ctx| {
            // A reload may have started another one in its place.
            let is_there = matches!(&kind, Kind::Service(plan) if plan.is_configured
                && root.configured().any(|(_, other)| other.service.name() == plan.service.name()));
            if root.phase == Phase::Running && !is_there {
                let id = root.start_child(kind, intensity, ctx);
                root.service_waiters
                    .extend(waiter.map(|waiter| (id, waiter)));
            }
        });
    }

    fn report_ready(&mut self) {
        if self.unready.is_empty() {
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
        self.child_exited(&exited, ctx);
    }
}

impl Handler<Ready> for Root {
    type Result = ();

    fn handle(&mut self, Ready(child): Ready, _: &mut Self::Context) {
        self.unready.remove(&child);
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
            HostCommand::AddService(..) | HostCommand::AddClient(..)
                if self.phase != Phase::Running || self.plan.bus.is_none() => {}
            HostCommand::AddService(plan, reply) => {
                let id = self.add(Kind::Service(plan), ctx);
                self.service_waiters.insert(id, reply);
            }
            HostCommand::AddClient(name, reply) => {
                let Some(plan) = self.plan.client_plan(&name) else {
                    return;
                };
                let Some(router) = self.plan.bus.as_ref().map(|bus| bus.router.clone()) else {
                    return;
                };
                let slot = Slot::default();
                self.add(Kind::Client(plan, slot.clone()), ctx);
                let _ = reply.send(Client::new(slot, router));
            }
            HostCommand::WhenReady(reply) => {
                self.ready_waiters.push(reply);
                self.report_ready();
            }
            HostCommand::WaitsFor(reply) => {
                let names = self.unready.iter().filter_map(|id| self.children.get(id));
                let _ = reply.send(names.map(|child| child.kind.name()).collect());
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
