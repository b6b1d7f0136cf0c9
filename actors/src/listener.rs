//! The actor around a [`Pool`], a [`Registration`] and a [`Reporting`]: one service of this host.
//!
//! It registers with the routers, takes what they pass on, and hands each request to a drone.

mod loads;
mod plan;
mod registering;
mod status;
mod work;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use actix::{Actor, ActorContext, ActorFutureExt, AsyncContext, Context, Handler, fut};
use opensrf::ids::resource_part;
use opensrf::jid::Jid;
use opensrf::limits::{LINE_INTERVAL, MAILBOX};
use opensrf::muffler::Muffler;
use opensrf::pool::{self, DroneId, Pool};
use opensrf::registration::{self, Registration};
use opensrf::reporting::{self, Reporting};
use opensrf::retry::Retry;
use opensrf::stanza::{Kind, Presence, Stanza};

use crate::counters::Counters;
use crate::driver::{Conduct, Driver};
use crate::drone::DronePlan;
use crate::env::Env;
use crate::messages::{DroneReport, Order, Ready, ServiceOrder};
use crate::party::{Party, Uplink};
use crate::peer::Peer;
use crate::supervise::{ChildExited, Exit, Tether};
use crate::transport::{LinkError, LinkEvent};
pub use plan::ListenerPlan;
use work::DroneHandle;

/// The first delay before a router is asked again whether it knows the service.
const FIRST_QUESTION: Duration = Duration::from_millis(10);
/// The longest one: a router that is back knows all its services again within a second.
const LONGEST_QUESTION: Duration = Duration::from_millis(750);
/// The first delay before another drone is started after one could not start.
const FIRST_START: Duration = Duration::from_millis(100);
/// The longest one.
const LONGEST_START: Duration = Duration::from_secs(5);

/// One service of this host.
#[derive(Debug)]
pub struct ListenerActor {
    plan: ListenerPlan,
    drone_plan: Arc<DronePlan>,
    /// Tells this listener and its drones from those of others, in their addresses.
    number: String,
    pool: Driver<Pool>,
    registration: Driver<Registration>,
    reporting: Driver<Reporting>,
    uplink: Uplink,
    drones: BTreeMap<DroneId, DroneHandle>,
    /// Ends of drones, by kind, that have a line in the log.
    ends: Muffler<&'static str>,
    env: Env,
    counters: Arc<Counters>,
    host: Peer<Ready>,
    child: u64,
    is_started: bool,
    is_ending: bool,
    tether: Tether,
}

impl ListenerActor {
    /// A listener that is the `child` of `host` by its number.
    ///
    /// # Panics
    /// Never: the names have been checked to fit into addresses.
    #[must_use]
    pub fn new(
        plan: ListenerPlan,
        mut env: Env,
        counters: Arc<Counters>,
        host: Peer<Ready>,
        child: u64,
        tether: Tether,
    ) -> Self {
        let number = format!("{:08x}", env.secret() >> 32);
        let jid = address(&plan, &format!("listener_at_{}_{number}", plan.host));
        let seed = env.seed();
        let retry = |first, cap, part| {
            Retry::new(first, cap, seed.fork(part)).expect("the delays are in order")
        };
        let starts = retry(FIRST_START, LONGEST_START, "starts");
        let questions = retry(FIRST_QUESTION, LONGEST_QUESTION, "questions");
        let registration =
            Registration::new(plan.routers.clone(), &questions, &seed.fork("repeats"));
        let drone_plan = plan.drones(Arc::clone(&counters));
        Self {
            uplink: Uplink::new(
                Arc::clone(&plan.transport),
                jid,
                &env,
                Arc::clone(&counters),
            ),
            pool: Driver::new(Pool::new(plan.pool, starts), env.clone()),
            registration: Driver::new(registration, env.clone()),
            reporting: Driver::new(Reporting::default(), env.clone()),
            plan,
            drone_plan,
            number,
            drones: BTreeMap::new(),
            ends: Muffler::new(LINE_INTERVAL),
            env,
            counters,
            host,
            child,
            is_started: false,
            is_ending: false,
            tether,
        }
    }

    fn service(&self) -> &str {
        self.plan.service.name()
    }

    /// Gets onto the bus when the service's own preparations are done.
    fn begin_work(&mut self, ctx: &mut Context<Self>) {
        let Some(starting) = self.plan.starting() else {
            return self.dial(ctx);
        };
        ctx.spawn(fut::wrap_future(starting).map(
            |started, listener: &mut Self, ctx| match started {
                Ok(()) => listener.dial(ctx),
                Err(error) => {
                    let exit = Exit::NotStarted(error.to_string());
                    listener.tether.ends(exit, true);
                    ctx.stop();
                }
            },
        ));
    }

    /// Serves by another plan as soon as the service's own preparations for it are done.
    fn prepare(&mut self, plan: ListenerPlan, ctx: &mut Context<Self>) {
        let Some(starting) = plan.starting() else {
            return self.change(plan, ctx);
        };
        ctx.spawn(fut::wrap_future(starting).map(
            move |started, listener: &mut Self, ctx| match started {
                Ok(()) => listener.change(plan, ctx),
                Err(error) => {
                    let service = listener.service();
                    tracing::error!(service, %error, "the new configuration fails, the old one stays");
                }
            },
        ));
    }

    fn change(&mut self, plan: ListenerPlan, ctx: &mut Context<Self>) {
        self.drone_plan = plan.drones(Arc::clone(&self.counters));
        let rules = plan.pool;
        // Where it registers is settled at the start.
        let routers = std::mem::take(&mut self.plan.routers);
        self.plan = ListenerPlan { routers, ..plan };
        self.pool_step(pool::Input::Rules(rules), ctx);
        self.pool_step(pool::Input::Renew, ctx);
    }

    fn pool_step(&mut self, input: pool::Input, ctx: &mut Context<Self>) {
        Conduct::<Pool>::step(self, input, ctx);
        self.report_load(ctx);
        self.report_ready();
    }

    fn registration_step(&mut self, input: registration::Input, ctx: &mut Context<Self>) {
        Conduct::<Registration>::step(self, input, ctx);
        self.report_ready();
    }

    /// Tells the host once that every router knows the service and a drone is there.
    fn report_ready(&mut self) {
        let stats = self.pool.role().stats();
        let serves = stats.idle + stats.busy > 0 || stats.starting == 0;
        if !self.is_started && serves && self.registration.role().is_complete() {
            self.is_started = true;
            tracing::info!(service = self.service(), jid = %self.uplink.jid(), "service is up");
            self.host.report(Ready(self.child));
        }
    }

    /// Ends all drones, and itself when the last is gone: whoever waits for one is told first.
    fn end(&mut self, ctx: &mut Context<Self>) {
        if self.is_ending {
            return;
        }
        self.is_ending = true;
        self.pool_step(pool::Input::Stop, ctx);
        for drone in self.drones.values() {
            // One that is gone needs no telling.
            let _ = drone.orders.tell(Order::Stop);
        }
        self.end_when_alone(ctx);
    }

    fn end_when_alone(&mut self, ctx: &mut Context<Self>) {
        if self.is_ending && self.drones.is_empty() {
            self.tether.ends(Exit::Stopped, true);
            self.uplink.hang_up();
            ctx.stop();
        }
    }
}

impl Drop for ListenerActor {
    /// A listener that panicked leaves requests behind, which go back as those in its inbox do, and
    /// drones, which nobody would give work again.
    fn drop(&mut self) {
        let waiting = self.pool.role_mut().give_up();
        self.uplink.give_back(waiting);
        for drone in self.drones.values() {
            let _ = drone.orders.tell(Order::Drain);
        }
    }
}

/// `<user>@<domain>/<service>_<rest>`
fn address(plan: &ListenerPlan, rest: &str) -> Jid {
    let resource = format!("{}_{}", plan.service.name(), resource_part(rest));
    Jid::new(&plan.user, &plan.domain, &resource).expect("settings and service names are checked")
}

impl Party for ListenerActor {
    fn uplink(&mut self) -> &mut Uplink {
        &mut self.uplink
    }

    fn linked(&mut self, ctx: &mut Context<Self>) {
        self.pool_step(pool::Input::LinkUp, ctx);
        self.registration_step(registration::Input::LinkUp, ctx);
    }

    fn unlinked(&mut self, _: &LinkError, ctx: &mut Context<Self>) -> bool {
        self.reporting_step(reporting::Input::LinkDown, ctx);
        self.pool_step(pool::Input::LinkDown, ctx);
        self.registration_step(registration::Input::LinkDown, ctx);
        true
    }

    fn presence(&mut self, stanza: Stanza, ctx: &mut Context<Self>) {
        let is_gone = stanza.shows() == Some(Presence::Gone);
        let router = stanza
            .into_parts()
            .from
            .filter(|from| is_gone && self.registration.role().concerns(from));
        if let Some(router) = router {
            self.registration_step(registration::Input::Gone(router), ctx);
        }
    }

    fn stanza(&mut self, stanza: Stanza, ctx: &mut Context<Self>) {
        let router = stanza
            .from
            .as_ref()
            .filter(|from| stanza.kind == Kind::Message && self.registration.role().concerns(from));
        if let Some(router) = router.cloned() {
            return self.router_says(router, &stanza, ctx);
        }
        if stanza.kind == Kind::Iq {
            if let Some(router) = self.router_that_ponged(&stanza) {
                self.registration_step(registration::Input::Ponged(router), ctx);
            }
            return;
        }
        // Answers to callers that are gone come back here; and without a thread nobody could be
        // answered.
        if stanza.kind != Kind::Message || stanza.is_error() || stanza.thread().is_empty() {
            self.counters.ignored.add();
            self.note(&stanza, "ignored: a bounce, or without thread");
            return;
        }
        self.note_asker(&stanza, ctx);
        self.pool_step(pool::Input::Request(stanza), ctx);
    }
}

impl Actor for ListenerActor {
    type Context = Context<Self>;

    fn started(&mut self, ctx: &mut Self::Context) {
        ctx.set_mailbox_capacity(MAILBOX);
        self.begin_work(ctx);
    }
}

impl Handler<LinkEvent> for ListenerActor {
    type Result = ();

    fn handle(&mut self, event: LinkEvent, ctx: &mut Self::Context) {
        self.link_event(event, ctx);
    }
}

impl Handler<DroneReport> for ListenerActor {
    type Result = ();

    fn handle(&mut self, report: DroneReport, ctx: &mut Self::Context) {
        let DroneReport { drone, is_spent } = report;
        self.pool_step(pool::Input::Idle { drone, is_spent }, ctx);
    }
}

impl Handler<ChildExited> for ListenerActor {
    type Result = ();

    fn handle(&mut self, exited: ChildExited, ctx: &mut Self::Context) {
        self.drones.remove(&exited.child);
        if exited.exit != Exit::Stopped {
            self.note_end(exited.child, &exited.exit, exited.exit.kind());
        }
        let input = pool::Input::Exited {
            drone: exited.child,
            taken: exited.taken,
            settled: exited.settled,
        };
        // Callers are told what became of the drone also when the service ends.
        self.pool_step(input, ctx);
        self.end_when_alone(ctx);
    }
}

impl Handler<Order> for ListenerActor {
    type Result = ();

    fn handle(&mut self, order: Order, ctx: &mut Self::Context) {
        match order {
            Order::Drain => self.registration_step(registration::Input::Leave, ctx),
            Order::Stop => {
                self.registration_step(registration::Input::Leave, ctx);
                self.end(ctx);
            }
        }
    }
}

impl Handler<ServiceOrder> for ListenerActor {
    type Result = ();

    fn handle(&mut self, order: ServiceOrder, ctx: &mut Self::Context) {
        match order {
            ServiceOrder::Withdraw => self.registration_step(registration::Input::Withdraw, ctx),
            ServiceOrder::Rejoin => self.registration_step(registration::Input::Rejoin, ctx),
            ServiceOrder::Renew => self.pool_step(pool::Input::Renew, ctx),
            ServiceOrder::Change(plan) => self.prepare(*plan, ctx),
        }
    }
}
