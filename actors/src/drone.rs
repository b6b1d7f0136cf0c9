//! The actor around a [`Drone`]: one worker of a service, at an address of its own.

mod panics;
mod running;

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use actix::{Actor, ActorContext, ActorFutureExt, AsyncContext, Context, Handler as Handles, fut};
use opensrf::jid::Jid;
use opensrf::limits::MAILBOX;
use opensrf::pool::DroneId;
use opensrf::session::{Drone, DroneEffect, DroneInput, SessionRules};
use opensrf::stanza::Stanza;
use tokio_util::sync::CancellationToken;

use crate::activity::Protected;
use crate::client::Client;
use crate::counters::Counters;
use crate::driver::{Conduct, Driver};
use crate::env::Env;
use crate::messages::{Assign, DroneReport, Order, RunReport, RunWord};
use crate::party::{Party, Uplink};
use crate::peer::Peer;
use crate::service::{DroneContext, Kept, Service, SessionContext, Surroundings, Threads};
use crate::supervise::{Exit, Tether};
use crate::transport::{LinkError, LinkEvent, Transport};
pub(crate) use panics::Panics;
use running::Running;

/// What all drones of a listener have in common.
#[derive(Debug)]
pub(crate) struct DronePlan {
    pub(crate) service: Service,
    pub(crate) rules: SessionRules,
    pub(crate) transport: Arc<dyn Transport>,
    pub(crate) client: Client,
    pub(crate) counters: Arc<Counters>,
    pub(crate) protected: Protected,
    pub(crate) threads: Threads,
    pub(crate) panics: Panics,
}

/// One worker.
#[derive(Debug)]
pub(crate) struct DroneActor {
    id: DroneId,
    plan: Arc<DronePlan>,
    driver: Driver<Drone>,
    uplink: Uplink,
    surroundings: Arc<Surroundings>,
    /// The session in which something was run.
    session: Option<Arc<SessionContext>>,
    running: Option<Running>,
    /// The service's own preparations for it are done.
    has_begun: bool,
    /// Where its methods put their results: itself.
    own: Option<Peer<RunReport>>,
    listener: Peer<DroneReport>,
    tether: Tether,
}

impl DroneActor {
    pub(crate) fn new(
        id: DroneId,
        jid: Jid,
        plan: Arc<DronePlan>,
        env: Env,
        listener: Peer<DroneReport>,
        tether: Tether,
    ) -> Self {
        let role = Drone::new(Arc::clone(plan.service.catalog()), plan.rules);
        let uplink = Uplink::new(
            Arc::clone(&plan.transport),
            jid.clone(),
            &env,
            Arc::clone(&plan.counters),
        );
        let surroundings = Surroundings {
            service: plan.service.clone(),
            env: env.clone(),
            threads: plan.threads.clone(),
            drone: Arc::new(DroneContext {
                jid,
                service: plan.service.name().clone(),
                client: plan.client.clone(),
                kept: Kept::default(),
            }),
            is_spent: AtomicBool::new(false),
            uncancelled: CancellationToken::new(),
        };
        Self {
            id,
            plan,
            driver: Driver::new(role, env),
            uplink,
            surroundings: Arc::new(surroundings),
            session: None,
            running: None,
            has_begun: false,
            own: None,
            listener,
            tether,
        }
    }

    /// Gets onto the bus when the service's own preparations are done.
    fn begin_work(&mut self, ctx: &mut Context<Self>) {
        let drone = Arc::clone(&self.surroundings.drone);
        let Some(starting) = self.plan.service.hooks().drone_starting(drone) else {
            return self.begun(ctx);
        };
        ctx.spawn(
            fut::wrap_future(starting).map(|started, drone: &mut Self, ctx| match started {
                Ok(()) => drone.begun(ctx),
                Err(error) => {
                    drone.tether.ends(Exit::NotStarted(error.to_string()), true);
                    ctx.stop();
                }
            }),
        );
    }

    fn begun(&mut self, ctx: &mut Context<Self>) {
        self.has_begun = true;
        self.dial(ctx);
    }

    fn end(&mut self, exit: Exit, settled: bool, ctx: &mut Context<Self>) {
        self.tether.ends(exit, settled);
        self.take_leave();
        self.uplink.hang_up();
        ctx.stop();
    }

    /// What runs, the session and the drone itself are over, for the service; in that order, and
    /// once.
    fn take_leave(&mut self) {
        self.give_up();
        self.end_session();
        if std::mem::take(&mut self.has_begun) {
            let hooks = self.plan.service.hooks();
            self.note_hook("drone end", hooks.drone_ended(&self.surroundings.drone));
        }
    }

    fn end_session(&mut self) {
        if let Some(session) = self.session.take() {
            let hooks = self.plan.service.hooks();
            self.note_hook("session end", hooks.session_ended(&session));
        }
    }

    fn report_free(&self) {
        self.listener.report(DroneReport {
            drone: self.id,
            is_spent: self.surroundings.is_spent.load(Ordering::Relaxed),
        });
    }
}

impl Conduct<Drone> for DroneActor {
    fn driver(&mut self) -> &mut Driver<Drone> {
        &mut self.driver
    }

    fn perform(&mut self, effect: DroneEffect, ctx: &mut Context<Self>) {
        match effect {
            DroneEffect::Send(stanza) => self.uplink.send(stanza),
            DroneEffect::Run(run) => self.run(run, ctx),
            DroneEffect::Refused {
                request,
                xid,
                status,
            } => self.note_refused(&request, &xid, &status),
            DroneEffect::CallerGone(run) => self.caller_gone(run),
            // Without its listener it would never be given work again.
            DroneEffect::Free if !self.listener.is_there() => self.end(Exit::Stopped, true, ctx),
            DroneEffect::Free => {
                self.tether.settled();
                self.end_session();
                self.report_free();
            }
            DroneEffect::Exit => self.end(Exit::Panicked, true, ctx),
            DroneEffect::Hung(run) => {
                self.note_hung(run);
                self.end(Exit::Hung, true, ctx);
            }
            DroneEffect::Late => self.plan.counters.late.add(),
            DroneEffect::Dropped(reason, xid) => {
                self.plan.counters.ignored.add();
                let jid = self.uplink.jid();
                tracing::debug!(xid = &*xid, %jid, reason, "stanza dropped");
            }
        }
    }
}

impl Party for DroneActor {
    fn uplink(&mut self) -> &mut Uplink {
        &mut self.uplink
    }

    fn linked(&mut self, _: &mut Context<Self>) {
        self.report_free();
    }

    fn unlinked(&mut self, reason: &LinkError, ctx: &mut Context<Self>) -> bool {
        let settled = !self.driver.role().is_awaited();
        self.end(Exit::LinkLost(reason.to_string()), settled, ctx);
        false
    }

    fn stanza(&mut self, stanza: Stanza, ctx: &mut Context<Self>) {
        self.step(DroneInput::Stanza(stanza), ctx);
    }
}

impl Drop for DroneActor {
    /// A drone that panicked has taken no leave. Nothing of what follows can panic: what users wrote is
    /// guarded.
    fn drop(&mut self) {
        self.take_leave();
    }
}

impl Actor for DroneActor {
    type Context = Context<Self>;

    fn started(&mut self, ctx: &mut Self::Context) {
        ctx.set_mailbox_capacity(MAILBOX);
        self.begin_work(ctx);
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
        let run = report.run;
        let input = match report.word {
            RunWord::Result(result) => DroneInput::Output(run, result),
            RunWord::Hold => DroneInput::Hold(run),
            RunWord::Complete => DroneInput::Completed(run, None),
        };
        self.step(input, ctx);
    }
}

impl Handles<Order> for DroneActor {
    type Result = ();

    fn handle(&mut self, order: Order, ctx: &mut Self::Context) {
        match order {
            // One that works ends when it is free: its listener is gone then, or tells it so.
            Order::Drain if !self.driver.role().is_free() => self.step(DroneInput::Drain, ctx),
            Order::Drain | Order::Stop => {
                self.step(DroneInput::Stop, ctx);
                self.end(Exit::Stopped, true, ctx);
            }
        }
    }
}
