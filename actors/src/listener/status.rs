//! What a listener tells of itself.

use actix::{Context, Handler};
use opensrf::jid::Jid;
use opensrf::registration::Standing;
use opensrf::time::Tick;

use super::ListenerActor;
use crate::status::{
    BusStatus, Detail, Question, RegistrationState, RegistrationStatus, Report, ServiceStatus,
};

impl ListenerActor {
    fn status(&self, bus: &BusStatus) -> ServiceStatus {
        let now = self.env.now();
        let pool = self.pool.role();
        let (stats, size) = (pool.stats(), pool.size());
        let used = pool.occupancy(now);
        let targets = self.registration.role().targets();
        ServiceStatus {
            starting: stats.starting,
            idle: stats.idle,
            busy: stats.busy,
            min: size.min(),
            max: size.max(),
            longest_busy: pool.longest_busy(now),
            backlog: stats.backlog,
            backlog_bound: size.backlog(),
            watched: used.watched,
            busy_time: used.busy,
            waited: used.waiting,
            assigned: used.assigned,
            refused: used.refused,
            expired: used.expired,
            registrations: targets
                .map(|target| registration(now, target, bus))
                .collect(),
        }
    }
}

fn registration(
    now: Tick,
    (router, standing, since): (&Jid, Standing, Tick),
    bus: &BusStatus,
) -> RegistrationStatus {
    let age = now.saturating_sub(since);
    let (state, since) = match standing {
        Standing::Offline => (RegistrationState::Offline, bus.since),
        Standing::Registering => (RegistrationState::Registering, age),
        Standing::Registered => (RegistrationState::Registered, age),
        Standing::Withdrawn => (RegistrationState::Withdrawn, age),
        Standing::Leaving | Standing::Left => (RegistrationState::Leaving, age),
    };
    RegistrationStatus {
        router: router.to_string(),
        state,
        since,
    }
}

impl Handler<Question<Report>> for ListenerActor {
    type Result = ();

    fn handle(&mut self, question: Question<Report>, _: &mut Context<Self>) {
        let bus = self.uplink.status();
        let status = self.status(&bus);
        question.tell(Some(bus), Detail::Service(status));
    }
}
