//! Looks at all pools at the end of each slice of the run, and at the end of the warm-up.
//!
//! Pools add up how long their drones were busy and requests waited, so that the difference between
//! two looks gives exact averages. A host that is killed is looked at just before.

use std::rc::Rc;
use std::time::Duration;

use opensrf::time::Tick;

use super::World;
use super::machine::{Machine, Role};
use crate::sim::report::{HostReport, PoolReport, PoolSlice, Slice};
use crate::status::{Detail, HostStatus, ServiceStatus};

/// What was seen of the pools of a world.
#[derive(Debug)]
pub(super) struct Samples {
    pub(super) slices: Vec<Slice>,
    /// By services: all hosts together, and each of them.
    pub(super) pools: Vec<(PoolReport, Vec<HostReport>)>,
    /// Pools that had more than they may.
    pub(super) beyond: Vec<String>,
}

#[derive(Debug)]
pub(super) struct Sampler {
    slices: Vec<Slice>,
    pools: Vec<Pool>,
    beyond: Vec<String>,
    /// When it looked last.
    last: Tick,
}

/// One service on one machine.
#[derive(Debug)]
struct Pool {
    machine: Rc<Machine>,
    /// The service's number in the scenario.
    service: usize,
    name: String,
    max: usize,
    /// As it was last.
    seen: Occupancy,
    drones: usize,
    /// In the slice, and since the warm-up.
    slice: Occupancy,
    warm: Occupancy,
}

/// How much a pool has done.
#[derive(Debug, Clone, Copy, Default)]
struct Occupancy {
    busy: Duration,
    waiting: Duration,
    assigned: u64,
    expired: u64,
}

impl Occupancy {
    fn of(status: &ServiceStatus) -> Self {
        Self {
            busy: status.busy_time,
            waiting: status.waited,
            assigned: status.assigned,
            expired: status.expired,
        }
    }

    /// What was done since `before`; all of it, if the pool is another one.
    fn since(self, before: Self) -> Self {
        if self.assigned < before.assigned || self.busy < before.busy {
            return self;
        }
        Self {
            busy: self.busy - before.busy,
            waiting: self.waiting.saturating_sub(before.waiting),
            assigned: self.assigned - before.assigned,
            expired: self.expired.saturating_sub(before.expired),
        }
    }

    fn add(&mut self, more: Self) {
        self.busy += more.busy;
        self.waiting += more.waiting;
        self.assigned += more.assigned;
        self.expired += more.expired;
    }

    fn report(self, drones: usize, time: Duration) -> PoolReport {
        let average = |all: Duration| match time.is_zero() {
            true => 0.0,
            false => all.as_secs_f64() / time.as_secs_f64(),
        };
        let waited = u32::try_from(self.assigned + self.expired).unwrap_or(u32::MAX);
        PoolReport {
            drones,
            busy: average(self.busy),
            utilisation: average(self.busy) / drones.max(1) as f64,
            waiting: average(self.waiting),
            assigned: self.assigned,
            mean_wait: self.waiting.checked_div(waited).unwrap_or_default(),
        }
    }
}

impl Sampler {
    /// Has a first look.
    pub(super) async fn new(world: &World) -> Self {
        let mut pools = Vec::new();
        for machine in &world.machines {
            let Role::Services(_, services) = &machine.role else {
                continue;
            };
            for (service, served) in services {
                pools.push(Pool {
                    machine: Rc::clone(machine),
                    service: *service,
                    name: served.name.clone(),
                    max: served.max,
                    seen: Occupancy::default(),
                    drones: 0,
                    slice: Occupancy::default(),
                    warm: Occupancy::default(),
                });
            }
        }
        let mut sampler = Self {
            slices: Vec::new(),
            pools,
            beyond: Vec::new(),
            last: world.start,
        };
        sampler.look(world).await;
        for pool in &mut sampler.pools {
            (pool.slice, pool.warm) = Default::default();
        }
        sampler
    }

    /// Looks until the run is over.
    pub(super) async fn run(mut self, world: Rc<World>) -> Samples {
        let scenario = &world.scenario;
        let number = u32::try_from(scenario.slices).unwrap_or(u32::MAX);
        let mut is_warm = scenario.warmup.is_zero();
        for slice in 1..=number {
            let end = scenario.duration * slice / number;
            if !is_warm && scenario.warmup <= end {
                world.sleep_until(world.start + scenario.warmup).await;
                self.look(&world).await;
                self.pools
                    .iter_mut()
                    .for_each(|pool| pool.warm = Occupancy::default());
                is_warm = true;
            }
            world.sleep_until(world.start + end).await;
            self.look(&world).await;
            self.slice(&world);
            world.progress.reaches(end, world.recorder.ended());
        }
        let time = scenario.duration - scenario.warmup;
        let pools = self.pools(scenario.services.len(), time);
        Samples {
            slices: self.slices,
            pools,
            beyond: self.beyond,
        }
    }

    async fn look(&mut self, world: &World) {
        for machine in &world.machines {
            let Role::Services(..) = machine.role else {
                continue;
            };
            for status in machine.left() {
                self.take(machine, status);
                // The next one begins from nothing.
                let pools = self.pools.iter_mut();
                pools
                    .filter(|pool| Rc::ptr_eq(&pool.machine, machine))
                    .for_each(|pool| pool.seen = Occupancy::default());
            }
            if let Some(status) = machine.status().await {
                self.take(machine, status);
            }
        }
    }

    fn take(&mut self, machine: &Rc<Machine>, status: HostStatus) {
        for child in status.children {
            let Some(Detail::Service(service)) = child.answer.map(|answer| answer.detail) else {
                continue;
            };
            let mut pools = self.pools.iter_mut();
            let pool =
                pools.find(|pool| Rc::ptr_eq(&pool.machine, machine) && pool.name == child.name);
            if let Some(pool) = pool {
                pool.add(&service);
                self.beyond
                    .extend(beyond(&machine.name, &child.name, &service));
            }
        }
    }

    /// Ends a slice.
    fn slice(&mut self, world: &World) {
        let now = world.env.now();
        let mut slice = world.recorder.slice();
        slice.from = self.last - world.start;
        slice.length = now - self.last;
        self.last = now;
        slice.services = vec![PoolSlice::default(); world.scenario.services.len()];
        for pool in &mut self.pools {
            let Some(service) = slice.services.get_mut(pool.service) else {
                continue;
            };
            let report = std::mem::take(&mut pool.slice).report(pool.max, slice.length);
            service.drones += pool.drones;
            service.busy += report.busy;
            service.waiting += report.waiting;
        }
        self.slices.push(slice);
    }

    /// What all pools did since the warm-up, by services.
    fn pools(&self, services: usize, time: Duration) -> Vec<(PoolReport, Vec<HostReport>)> {
        let of = |service: usize| {
            let pools = self
                .pools
                .iter()
                .filter(move |pool| pool.service == service);
            let (mut all, mut drones) = (Occupancy::default(), 0);
            for pool in pools.clone() {
                all.add(pool.warm);
                drones += pool.max;
            }
            let hosts = pools.map(|pool| HostReport {
                host: pool.machine.name.clone(),
                pool: pool.warm.report(pool.max, time),
            });
            (all.report(drones, time), hosts.collect())
        };
        (0..services).map(of).collect()
    }
}

impl Pool {
    fn add(&mut self, status: &ServiceStatus) {
        let now = Occupancy::of(status);
        let done = now.since(self.seen);
        self.seen = now;
        self.drones = status.starting + status.idle + status.busy;
        self.slice.add(done);
        self.warm.add(done);
    }
}

fn beyond(host: &str, service: &str, status: &ServiceStatus) -> Option<String> {
    let drones = status.starting + status.idle + status.busy;
    let is_beyond = drones > status.max || status.backlog > status.backlog_bound + status.max;
    is_beyond.then(|| {
        format!(
            "{service} on {host}: {drones} drones, {} waiting",
            status.backlog
        )
    })
}
