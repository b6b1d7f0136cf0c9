//! A network out of a scenario: machines with real hosts on them, on one thread.
//!
//! ```text
//!  clients   host   router        machines; each has one way to the server, with its faults
//!      \      |      /
//!       +--- server               the embedded Jabber server, on a machine of its own
//! ```
//!
//! In simulated time the ways lead into the server's switch, as values; in real time they are TCP
//! connections. All else is the same. Machines are killed and started anew while it runs.

mod checks;
mod conditions;
mod little;
mod machine;
mod sampler;
mod suffer;

use std::cell::Cell;
use std::rc::Rc;
use std::sync::Arc;

use futures::future::join_all;
use opensrf::time::Tick;

use super::SimError;
use super::load::Group;
use super::measure::Recorder;
use super::progress::Progress;
use super::report::{FaultReport, GroupReport, Little, Mode, Report, ServiceReport};
use super::scenario::Scenario;
use crate::env::Env;
use little::Looks;
use machine::{Machine, Role};
use sampler::{Sampler, Samples, together};
use suffer::Suffered;

/// A network at work.
#[derive(Debug)]
pub struct World {
    scenario: Scenario,
    mode: Mode,
    env: Env,
    /// When the run began, after everything was ready.
    start: Tick,
    machines: Vec<Rc<Machine>>,
    recorder: Recorder,
    progress: Arc<Progress>,
    faults: Cell<u64>,
    /// All requests have ended.
    is_over: Cell<bool>,
}

impl World {
    /// A scenario without a name, to be completed and [run](Scenario::run).
    #[must_use]
    pub fn builder() -> Scenario {
        Scenario::new("world")
    }

    /// Starts all machines, and waits until all services are registered and all clients on the bus.
    pub(super) async fn start(
        scenario: Scenario,
        mode: Mode,
        env: Env,
        progress: Arc<Progress>,
    ) -> Result<Self, SimError> {
        let machines = machine::all(&scenario, mode, &env);
        for machine in &machines {
            machine.open().await?;
        }
        for machine in &machines {
            machine.ready().await?;
        }
        let (groups, services) = (scenario.clients.len(), scenario.services.len());
        Ok(Self {
            recorder: Recorder::new(groups, services, env.now() + scenario.warmup),
            scenario,
            mode,
            start: env.now(),
            env,
            machines,
            progress,
            faults: Cell::default(),
            is_over: Cell::default(),
        })
    }

    /// Lets the clients ask and things go wrong, and says what that was like.
    pub(super) async fn run(mut self) -> Result<Report, SimError> {
        let groups = self.groups().await?;
        let world = Rc::new(self);
        let sampler = Sampler::new(&world).await;
        let sampling = actix_rt::spawn(sampler.run(Rc::clone(&world)));
        let looking = actix_rt::spawn(Looks::take(Rc::clone(&world)));
        let suffering = actix_rt::spawn(suffer::all(Rc::clone(&world)));
        join_all(groups.iter().map(Group::run)).await;
        world.is_over.set(true);
        let panicked = |_| SimError::Panicked;
        let suffered = suffering.await.map_err(panicked)?;
        let samples = sampling.await.map_err(panicked)?;
        let little = looking.await.map_err(panicked)?.law(&world);
        let checks = checks::of(&world, &samples, &little).await;
        let mut report = world.report(samples, &suffered, little);
        report.checks = checks;
        let expected = world.scenario.expectations.iter();
        report.expectations = expected.map(|expected| expected.judge(&report)).collect();
        for machine in world.machines.iter().rev() {
            machine.close().await;
        }
        Ok(report)
    }

    /// All clients, on the bus; the run begins when they are.
    async fn groups(&mut self) -> Result<Vec<Group>, SimError> {
        let mut groups = Vec::new();
        for machine in &self.machines {
            if let Role::Clients(number, plan) = &machine.role {
                groups.push((*number, plan, machine.clients().await?));
            }
        }
        self.start = self.env.now();
        self.recorder.warm_at(self.start + self.scenario.warmup);
        let groups = groups.into_iter().map(|(number, plan, clients)| {
            let env = self.env.fork(&format!("clients {}", plan.name));
            Group::new(&self.scenario, number, clients, self.recorder.clone(), env)
        });
        Ok(groups.collect())
    }

    async fn sleep_until(&self, tick: Tick) {
        self.env.sleep(tick.saturating_sub(self.env.now())).await;
    }

    fn next_fault(&self) -> u64 {
        self.faults.replace(self.faults.get() + 1)
    }

    fn is_over(&self) -> bool {
        self.is_over.get()
    }

    /// Calls that all clients took to ask, and those that have ended.
    fn calls(&self) -> (u64, u64) {
        let calls = self.machines.iter().map(|machine| machine.calls());
        calls.fold((0, 0), |all, calls| (all.0 + calls.0, all.1 + calls.1))
    }

    fn report(&self, samples: Samples, suffered: &[Suffered], little: Little) -> Report {
        let scenario = &self.scenario;
        let (total, groups, services) =
            self.recorder.summaries(scenario.duration - scenario.warmup);
        let clients = scenario.clients.iter().zip(groups);
        let services = scenario.services.iter().zip(services).zip(samples.pools);
        Report {
            scenario: scenario.name.clone(),
            seed: scenario.seed,
            mode: self.mode,
            duration: scenario.duration,
            warmup: scenario.warmup,
            total,
            clients: clients
                .map(|(group, summary)| GroupReport {
                    name: group.name.clone(),
                    summary,
                })
                .collect(),
            services: services
                .map(|((served, summary), hosts)| ServiceReport {
                    name: served.name.clone(),
                    summary,
                    pool: together(&hosts),
                    hosts,
                })
                .collect(),
            slices: samples.slices,
            faults: self.faults(suffered),
            little,
            checks: Vec::new(),
            expectations: Vec::new(),
        }
    }

    fn faults(&self, suffered: &[Suffered]) -> Vec<FaultReport> {
        let failures = self.recorder.last_failures();
        let last_slice = self.scenario.duration / u32::try_from(self.scenario.slices).unwrap_or(1);
        let end = self.start + self.scenario.duration - last_slice;
        let all = suffered.iter().zip(failures).enumerate();
        let report = |(number, (fault, failure)): (usize, (&Suffered, Option<Tick>))| {
            // Nothing came after it that could have gone well.
            let is_lasting = |failure: &Tick| number + 1 == suffered.len() && *failure >= end;
            let last = failure.unwrap_or(fault.at);
            FaultReport {
                at: fault.at - self.start,
                until: fault.until.map(|until| until - self.start),
                what: fault.what.clone(),
                recovered: (!is_lasting(&last)).then(|| last - fault.at),
            }
        };
        all.map(report).collect()
    }
}
