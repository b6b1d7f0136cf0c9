//! What the pool wants done: drones started and ended, requests handed out and turned away.

use std::fmt::Display;

use actix::{Actor, Addr, AsyncContext, Context};
use opensrf::osrf::{Status, code};
use opensrf::pool::{self, DroneId, Pool};
use opensrf::session::refuse;
use opensrf::stanza::Stanza;

use super::{ListenerActor, address};
use crate::driver::{Conduct, Driver};
use crate::drone::DroneActor;
use crate::messages::{Assign, Order};
use crate::peer::Peer;
use crate::supervise::Tether;

/// The ways to tell a drone something.
#[derive(Debug)]
pub(super) struct DroneHandle {
    work: Peer<Assign>,
    pub(super) orders: Peer<Order>,
}

impl DroneHandle {
    fn new(drone: Addr<DroneActor>) -> Self {
        Self {
            work: Peer::new(drone.clone()),
            orders: Peer::new(drone),
        }
    }
}

impl ListenerActor {
    fn start_drone(&mut self, id: DroneId, ctx: &mut Context<Self>) {
        let resource = format!("drone_at_{}_{}_{id}", self.plan.host, self.number);
        let drone = DroneActor::new(
            id,
            address(&self.plan, &resource),
            self.drone_plan.clone(),
            self.env.fork(&resource),
            Peer::new(ctx.address()),
            Tether::new(ctx.address().recipient(), id),
        );
        self.drones.insert(id, DroneHandle::new(drone.start()));
    }

    fn stop_drone(&self, id: DroneId) {
        if let Some(drone) = self.drones.get(&id) {
            // One that is gone needs no telling.
            let _ = drone.orders.tell(Order::Stop);
        }
    }

    fn assign(&mut self, id: DroneId, stanza: Stanza, ctx: &mut Context<Self>) {
        let told = match self.drones.get(&id) {
            Some(drone) => drone.work.tell(Assign(stanza)),
            None => return self.pool_step(pool::Input::Returned(id), ctx),
        };
        if told.is_err() {
            self.pool_step(pool::Input::Returned(id), ctx);
        }
    }

    /// Says what became of a stanza that was not run. At debug: the counters tell that it
    /// happens, and a flood of requests must not become one of lines.
    pub(super) fn note(&self, stanza: &Stanza, what: &'static str) {
        if tracing::enabled!(tracing::Level::DEBUG) {
            let xid = &*stanza.extension().osrf_xid.clone();
            let (service, caller) = (self.service(), stanza.sender());
            tracing::debug!(xid, service, ?caller, "stanza {what}");
        }
    }

    /// Counts a drone that ended when it should not have, and says so: the first of each kind, then
    /// one a minute at most.
    pub(super) fn note_end(&mut self, drone: DroneId, exit: &dyn Display, kind: &'static str) {
        self.counters.restarts.add();
        if let Some(more) = self.ends.hear(self.env.now(), kind) {
            let more = Some(more).filter(|more| *more > 0);
            tracing::warn!(service = self.service(), drone, %exit, more, "drone ended");
        }
    }

    fn refuse(&self, stanza: &Stanza, status: &Status) {
        match refuse(stanza, status) {
            Some(refusal) => self.uplink.send(refusal),
            None => self.counters.ignored.add(),
        }
    }
}

impl Conduct<Pool> for ListenerActor {
    fn driver(&mut self) -> &mut Driver<Pool> {
        &mut self.pool
    }

    fn perform(&mut self, effect: pool::Effect, ctx: &mut Context<Self>) {
        match effect {
            pool::Effect::StartDrone(id) => self.start_drone(id, ctx),
            pool::Effect::Assign(id, stanza) => self.assign(id, stanza, ctx),
            pool::Effect::Refuse(stanza) => {
                self.counters.refused.add();
                self.note(&stanza, "refused: the backlog is full");
                self.refuse(&stanza, &Status::backlog_full());
            }
            pool::Effect::Dismiss(stanza) => {
                self.counters.refused.add();
                self.note(&stanza, "refused: the service is stopping");
                let text = "the service is stopping";
                self.refuse(
                    &stanza,
                    &Status::method_exception(code::SERVICE_UNAVAILABLE, text),
                );
            }
            pool::Effect::Expire(stanza) => {
                self.counters.expired.add();
                self.note(&stanza, "not run: nobody waits for it any more");
                let text = "the request waited for a drone longer than its caller, or this service, lets it";
                self.refuse(
                    &stanza,
                    &Status::method_exception(code::SERVICE_UNAVAILABLE, text),
                );
            }
            pool::Effect::Abandon(stanza) => {
                self.counters.abandoned.add();
                self.note(&stanza, "abandoned: its drone died");
                let text = "the drone died while it had this request";
                self.refuse(
                    &stanza,
                    &Status::method_exception(code::INTERNAL_SERVER_ERROR, text),
                );
            }
            pool::Effect::DrainDrone(id) => {
                if let Some(drone) = self.drones.get(&id) {
                    // One that is gone, or takes nothing, gets no more work either.
                    let _ = drone.orders.tell(Order::Drain);
                }
            }
            pool::Effect::TurnAway(stanza) => {
                self.counters.refused.add();
                self.note(&stanza, "refused: no drone can be had");
                let text = "the service cannot start a drone for the request";
                self.refuse(
                    &stanza,
                    &Status::method_exception(code::SERVICE_UNAVAILABLE, text),
                );
            }
            pool::Effect::StopDrone(id) => self.stop_drone(id),
            pool::Effect::StartOverdue(id) => {
                self.note_end(id, &"it did not come up in time", "overdue");
                self.stop_drone(id);
            }
            pool::Effect::Overloaded { refused, expired } => {
                let service = self.service();
                tracing::warn!(
                    service,
                    refused,
                    expired,
                    "more is asked than the drones can do: raise drones.max, or backlog for bursts, or \
                     serve it on more hosts"
                );
            }
            pool::Effect::Drained => {
                tracing::info!(service = self.service(), "service is drained");
                self.end(ctx);
            }
        }
    }
}
