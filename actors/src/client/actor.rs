//! The actor around the role [`Role`]: one address, all its conversations.

mod status;

use std::collections::BTreeMap;
use std::sync::Arc;

use actix::{Actor, ActorContext, Addr, Context, Handler};
use opensrf::jid::Jid;
use opensrf::limits::MAILBOX;
use opensrf::session::{
    Asked, CallError, Client as Role, ClientEffect, ClientInput, Event, RequestId, SessionId,
};
use opensrf::stanza::Stanza;
use tokio::sync::oneshot;

use super::ClientError;
use super::open::OpenRequests;
use crate::activity::{Protected, TARGET};
use crate::counters::Counters;
use crate::driver::{Conduct, Driver};
use crate::env::Env;
use crate::messages::{ClientCommand, Order, Ready, Sink, Target};
use crate::party::{Party, Uplink};
use crate::peer::{Peer, Slot};
use crate::supervise::{Exit, Tether};
use crate::transport::{LinkError, LinkEvent, Transport};

/// What a client needs.
#[derive(Debug, Clone)]
pub struct ClientPlan {
    /// The address it logs in at.
    pub jid: Jid,
    /// How it gets onto the bus.
    pub transport: Arc<dyn Transport>,
    /// Methods whose parameters are never logged.
    pub protected: Protected,
    /// What it counts.
    pub counters: Arc<Counters>,
}

/// One client of the bus.
#[derive(Debug)]
pub struct ClientActor {
    driver: Driver<Role>,
    uplink: Uplink,
    requests: OpenRequests,
    opening: BTreeMap<SessionId, oneshot::Sender<Result<(), CallError>>>,
    waiting: Vec<oneshot::Sender<Result<(), ClientError>>>,
    /// Why the last attempt to get onto the bus failed.
    failure: Option<LinkError>,
    /// No more is asked; what was asked is waited for.
    is_draining: bool,
    protected: Protected,
    host: Peer<Ready>,
    child: u64,
    tether: Tether,
}

impl ClientActor {
    /// A client that is not on the bus yet, the `child` of `host` by its number; handles find it
    /// through `slot`.
    pub(crate) fn launch(
        plan: ClientPlan,
        env: &Env,
        slot: &Slot<ClientCommand>,
        host: Peer<Ready>,
        child: u64,
        tether: Tether,
    ) -> Addr<Self> {
        let requests = OpenRequests::new(Arc::clone(&plan.counters), env.clone());
        let uplink = Uplink::new(plan.transport, plan.jid, env, plan.counters);
        let actor = Self {
            driver: Driver::new(Role::new(env.names()), env.clone()),
            uplink,
            requests,
            opening: BTreeMap::new(),
            waiting: Vec::new(),
            failure: None,
            is_draining: false,
            protected: plan.protected,
            host,
            child,
            tether,
        };
        let addr = actor.start();
        slot.set(Peer::new(addr.clone()));
        addr
    }

    fn deliver(&mut self, request: RequestId, event: Event, ctx: &mut Context<Self>) {
        match event {
            Event::Result(json) => {
                if !self.requests.result(request, json) {
                    self.step(ClientInput::Cancel(request), ctx);
                }
            }
            Event::Complete => self.requests.complete(request),
            Event::Failed(error) => self.requests.fail(request, error),
        }
        self.end_if_settled(ctx);
    }

    fn end_if_settled(&mut self, ctx: &mut Context<Self>) {
        if self.is_draining && self.requests.is_empty() {
            self.end(ctx);
        }
    }

    fn end(&mut self, ctx: &mut Context<Self>) {
        self.tether.ends(Exit::Stopped, true);
        self.uplink.hang_up();
        ctx.stop();
    }

    /// Says in the log what is asked.
    fn announce(&self, asked: &Asked) {
        let xid = asked.context.xid.as_deref();
        let params = self.protected.show(&asked.method, &asked.params);
        tracing::debug!(target: TARGET, xid, method = &*asked.method, %params, "ASK");
    }

    fn call(&mut self, call: ClientInput, request: RequestId, sink: Sink, ctx: &mut Context<Self>) {
        if self.is_draining {
            return; // whoever waits at the sink sees it go
        }
        self.requests.open(request, sink);
        self.step(call, ctx);
    }
}

impl Conduct<Role> for ClientActor {
    fn driver(&mut self) -> &mut Driver<Role> {
        &mut self.driver
    }

    fn perform(&mut self, effect: ClientEffect, ctx: &mut Context<Self>) {
        match effect {
            ClientEffect::Send(stanza) => self.uplink.send(stanza),
            ClientEffect::Deliver(request, event) => self.deliver(request, event, ctx),
            ClientEffect::Opened(session) => {
                // Later openings of the same session have nobody waiting.
                if let Some(reply) = self.opening.remove(&session) {
                    let _ = reply.send(Ok(()));
                }
            }
            ClientEffect::OpenFailed(session, error) => {
                if let Some(reply) = self.opening.remove(&session) {
                    let _ = reply.send(Err(error));
                }
            }
        }
    }
}

impl Party for ClientActor {
    fn uplink(&mut self) -> &mut Uplink {
        &mut self.uplink
    }

    fn linked(&mut self, ctx: &mut Context<Self>) {
        self.failure = None;
        for waiting in self.waiting.drain(..) {
            let _ = waiting.send(Ok(()));
        }
        self.host.report(Ready(self.child));
        self.step(ClientInput::LinkUp, ctx);
    }

    fn unlinked(&mut self, reason: &LinkError, ctx: &mut Context<Self>) -> bool {
        self.failure = Some(reason.clone());
        for waiting in self.waiting.drain(..) {
            let _ = waiting.send(Err(reason.clone().into()));
        }
        self.step(ClientInput::LinkDown, ctx);
        true
    }

    fn stanza(&mut self, stanza: Stanza, ctx: &mut Context<Self>) {
        self.step(ClientInput::Stanza(stanza), ctx);
    }
}

impl Actor for ClientActor {
    type Context = Context<Self>;

    fn started(&mut self, ctx: &mut Self::Context) {
        ctx.set_mailbox_capacity(MAILBOX);
        self.dial(ctx);
    }
}

impl Handler<LinkEvent> for ClientActor {
    type Result = ();

    fn handle(&mut self, event: LinkEvent, ctx: &mut Self::Context) {
        self.link_event(event, ctx);
    }
}

impl Handler<ClientCommand> for ClientActor {
    type Result = ();

    fn handle(&mut self, command: ClientCommand, ctx: &mut Self::Context) {
        match command {
            ClientCommand::Call {
                target,
                request,
                asked,
                sink,
            } => {
                self.announce(&asked);
                let call = match target {
                    Target::Service(service) => ClientInput::Call {
                        request,
                        service,
                        asked,
                    },
                    Target::Session(session) => ClientInput::Request {
                        session,
                        request,
                        asked,
                    },
                };
                self.call(call, request, sink, ctx);
            }
            ClientCommand::Open {
                session,
                service,
                timeout,
                context,
                reply,
            } => {
                self.opening.insert(session, reply);
                self.step(
                    ClientInput::Open {
                        session,
                        service,
                        timeout,
                        context,
                    },
                    ctx,
                );
            }
            ClientCommand::Close(session) => {
                self.opening.remove(&session);
                self.step(ClientInput::Close(session), ctx);
            }
            ClientCommand::Cancel(request) => {
                self.requests.cancel(request);
                self.step(ClientInput::Cancel(request), ctx);
                self.end_if_settled(ctx);
            }
            ClientCommand::Leave => self.end(ctx),
            ClientCommand::WhenOnline(reply) => {
                if self.uplink.is_linked() {
                    let _ = reply.send(Ok(()));
                } else if let Some(failure) = &self.failure {
                    let _ = reply.send(Err(failure.clone().into()));
                } else {
                    self.waiting.push(reply);
                }
            }
        }
    }
}

impl Handler<Order> for ClientActor {
    type Result = ();

    fn handle(&mut self, order: Order, ctx: &mut Self::Context) {
        match order {
            Order::Drain => {
                self.is_draining = true;
                self.end_if_settled(ctx);
            }
            Order::Stop => self.end(ctx),
        }
    }
}
