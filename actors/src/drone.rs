//! The actor around a [`Drone`]: one worker of a service, at an address of its own.

use std::any::Any;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::time::Duration;

use actix::{Actor, ActorContext, ActorFutureExt, AsyncContext, Context, Handler as Handles, fut};
use futures::FutureExt;
use opensrf::jid::Jid;
use opensrf::limits::MAILBOX;
use opensrf::osrf::Json;
use opensrf::pool::DroneId;
use opensrf::session::{Drone, DroneEffect, DroneInput, Outcome, Run, RunId};
use opensrf::stanza::Stanza;

use crate::counters::Counters;
use crate::driver::{Conduct, Driver};
use crate::env::Env;
use crate::messages::{Assign, DroneReport, Order, RunReport};
use crate::party::{Party, Uplink};
use crate::peer::Peer;
use crate::service::{Call, Handler, MethodError, Results, Service, Surroundings};
use crate::supervise::{Exit, Tether};
use crate::transport::{LinkError, LinkEvent, Transport};

/// What all drones of a listener have in common.
#[derive(Debug, Clone)]
pub(crate) struct DronePlan {
    pub(crate) service: Service,
    pub(crate) keepalive: Duration,
    pub(crate) transport: Arc<dyn Transport>,
    pub(crate) surroundings: Arc<Surroundings>,
    pub(crate) counters: Arc<Counters>,
}

/// One worker.
#[derive(Debug)]
pub(crate) struct DroneActor {
    id: DroneId,
    plan: DronePlan,
    driver: Driver<Drone>,
    uplink: Uplink,
    listener: Peer<DroneReport>,
    tether: Tether,
}

impl DroneActor {
    pub(crate) fn new(
        id: DroneId,
        jid: Jid,
        plan: DronePlan,
        env: Env,
        listener: Peer<DroneReport>,
        tether: Tether,
    ) -> Self {
        let role = Drone::new(Arc::clone(plan.service.catalog()), plan.keepalive);
        let uplink = Uplink::new(Arc::clone(&plan.transport), jid, &env.seed());
        Self {
            id,
            plan,
            driver: Driver::new(role, env),
            uplink,
            listener,
            tether,
        }
    }

    fn end(&mut self, exit: Exit, settled: bool, ctx: &mut Context<Self>) {
        self.tether.ends(exit, settled);
        self.uplink.hang_up();
        ctx.stop();
    }

    fn run(&mut self, run: Run, ctx: &mut Context<Self>) {
        let id = run.id;
        let Some(handler) = self.plan.service.handler(run.method).cloned() else {
            let error = MethodError::failed("the method has no code");
            return self.finished(id, Ok(Err(error)), ctx);
        };
        let call = Call::new(run, Arc::clone(&self.plan.surroundings));
        match handler {
            Handler::Function(function) => {
                let mut outcome = catch_unwind(AssertUnwindSafe(|| function(&call)));
                let mut last = None;
                if let Ok(Ok(results)) = &mut outcome {
                    last = results.pop();
                    for result in results.drain(..) {
                        self.step(DroneInput::Output(id, result), ctx);
                    }
                }
                self.finished(id, outcome.map(|results| results.map(|_| last)), ctx);
            }
            Handler::Async(method) => {
                let results = Results {
                    drone: ctx.address().recipient(),
                    run: id,
                };
                let running = async move { method(call, results).await };
                let guarded = AssertUnwindSafe(running).catch_unwind();
                ctx.spawn(
                    fut::wrap_future(guarded).map(move |outcome, drone: &mut Self, ctx| {
                        drone.finished(id, outcome, ctx);
                    }),
                );
            }
        }
    }

    fn finished(
        &mut self,
        run: RunId,
        outcome: Result<Result<Option<Json>, MethodError>, Box<dyn Any + Send>>,
        ctx: &mut Context<Self>,
    ) {
        let outcome = match outcome {
            Ok(Ok(last)) => Outcome::Done(last),
            Ok(Err(error)) => Outcome::Failed(error.into_status()),
            Err(panic) => {
                self.plan.counters.panics.add();
                let (service, jid) = (&**self.plan.service.name(), self.uplink.jid());
                tracing::error!(service, %jid, panic = text_of(&*panic), "a method panicked");
                Outcome::Panicked
            }
        };
        self.step(DroneInput::Finished(run, outcome), ctx);
    }
}

fn text_of(panic: &(dyn Any + Send)) -> &str {
    let text = panic.downcast_ref::<&str>().copied();
    text.or_else(|| panic.downcast_ref::<String>().map(String::as_str))
        .unwrap_or("no text")
}

impl Conduct<Drone> for DroneActor {
    fn driver(&mut self) -> &mut Driver<Drone> {
        &mut self.driver
    }

    fn perform(&mut self, effect: DroneEffect, ctx: &mut Context<Self>) {
        match effect {
            DroneEffect::Send(stanza) => self.uplink.send(stanza),
            DroneEffect::Run(run) => self.run(run, ctx),
            // Without its listener it would never be given work again.
            DroneEffect::Free if !self.listener.is_there() => self.end(Exit::Stopped, true, ctx),
            DroneEffect::Free => self.listener.report(DroneReport(self.id)),
            DroneEffect::Exit => self.end(Exit::Panicked, true, ctx),
            DroneEffect::Dropped(reason) => {
                self.plan.counters.ignored.add();
                tracing::debug!(jid = %self.uplink.jid(), reason, "stanza dropped");
            }
        }
    }
}

impl Party for DroneActor {
    fn uplink(&mut self) -> &mut Uplink {
        &mut self.uplink
    }

    fn linked(&mut self, _: &mut Context<Self>) {
        self.listener.report(DroneReport(self.id));
    }

    fn unlinked(&mut self, reason: &LinkError, ctx: &mut Context<Self>) -> bool {
        self.end(Exit::LinkLost(reason.to_string()), false, ctx);
        false
    }

    fn stanza(&mut self, stanza: Stanza, ctx: &mut Context<Self>) {
        self.step(DroneInput::Stanza(stanza), ctx);
    }
}

impl Actor for DroneActor {
    type Context = Context<Self>;

    fn started(&mut self, ctx: &mut Self::Context) {
        ctx.set_mailbox_capacity(MAILBOX);
        self.dial(ctx);
    }
}

impl Handles<LinkEvent> for DroneActor {
    type Result = ();

    fn handle(&mut self, event: LinkEvent, ctx: &mut Self::Context) {
        self.link_event(event, ctx);
    }
}

impl Handles<Assign> for DroneActor {
    type Result = ();

    fn handle(&mut self, Assign(stanza): Assign, ctx: &mut Self::Context) {
        self.tether.took();
        self.step(DroneInput::Assign(stanza), ctx);
    }
}

impl Handles<RunReport> for DroneActor {
    type Result = ();

    fn handle(&mut self, report: RunReport, ctx: &mut Self::Context) {
        self.step(
            match report.result {
                Some(result) => DroneInput::Output(report.run, result),
                None => DroneInput::Hold(report.run),
            },
            ctx,
        );
    }
}

impl Handles<Order> for DroneActor {
    type Result = ();

    fn handle(&mut self, order: Order, ctx: &mut Self::Context) {
        match order {
            // One that works ends when it is free: its listener is gone then.
            Order::Drain if !self.driver.role().is_free() => {}
            Order::Drain | Order::Stop => {
                self.step(DroneInput::Stop, ctx);
                self.end(Exit::Stopped, true, ctx);
            }
        }
    }
}
