//! A network out of a scenario: machines with real hosts on them, on one thread.
//!
//! ```text
//!  clients   host   router        machines; each has one way to the server, with its faults
//!      \      |      /
//!       +--- server               the embedded Jabber server, on a machine of its own
//! ```
//!
//! In simulated time the ways lead into the server's switch, as values; in real time they are TCP
//! connections. All else is the same, but that a router keeps nothing of what it passes on: a switch
//! gives all of it back with a bounce, as in a hub. Machines are killed and started anew while it runs.

mod calls;
mod checks;
mod conditions;
mod little;
mod machine;
mod sampler;
mod suffer;

use std::cell::Cell;
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

use futures::future::join_all;
use opensrf::time::Tick;

use super::SimError;
use super::load::Group;
use super::measure::Recorder;
use super::progress::Progress;
use super::report::{FaultReport, GroupReport, Little, Mode, Report, ServiceReport};
use super::scenario::Scenario;
use crate::env::Env;
use calls::Calls;
use machine::{Machine, Role};
use sampler::{Sampler, Samples};
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
            recorder: Recorder::new(groups, services),
            scenario,
            mode,
            start: env.now(),
            env,
            machines,
            progress,
            faults: Cell::default(),
        })
    }

    /// Lets the clients ask and things go wrong, and says what that was like.
    pub(super) async fn run(mut self) -> Result<Report, SimError> {
        let groups = self.groups().await?;
        let world = Rc::new(self);
        let sampler = Sampler::new(&world).await;
        let sampling = actix_rt::spawn(sampler.run(Rc::clone(&world)));
        let suffering = actix_rt::spawn(suffer::all(Rc::clone(&world)));
        // Clients that have nothing to ask any more stay on the bus.
        let asking = groups.iter().map(|group| Rc::clone(group).run());
        join_all(asking)
            .await
            .into_iter()
            .collect::<Result<(), _>>()?;
        let little = little::law(&world);
        let panicked = |_| SimError::Panicked;
        let suffered = suffering.await.map_err(panicked)?;
        let samples = sampling.await.map_err(panicked)?;
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
    async fn groups(&mut self) -> Result<Vec<Rc<Group>>, SimError> {
        let mut groups = Vec::new();
        for machine in &self.machines {
            if let Role::Clients(number, plan) = &machine.role {
                groups.push((*number, plan, machine.clients().await?));
            }
        }
        self.start = self.env.now();
        let end = self.start + self.scenario.duration;
        self.recorder.counts(self.start + self.scenario.warmup..end);
        let groups = groups.into_iter().map(|(number, plan, clients)| {
            let env = self.env.fork(&format!("clients {}", plan.name));
            Group::new(&self.scenario, number, clients, self.recorder.clone(), env).map(Rc::new)
        });
        let groups: Result<_, _> = groups.collect();
        groups.map_err(SimError::Client)
    }

    async fn sleep_until(&self, tick: Tick) {
        self.env.sleep(tick.saturating_sub(self.env.now())).await;
    }

    fn next_fault(&self) -> u64 {
        self.faults.replace(self.faults.get() + 1)
    }

    /// What all clients have counted.
    fn calls(&self) -> Calls {
        let calls = self.machines.iter().map(|machine| machine.calls());
        calls.fold(Calls::default(), Calls::and)
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
                .map(|((served, summary), (pool, hosts))| ServiceReport {
                    name: served.name.clone(),
                    summary,
                    pool,
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
        // Nothing came after it that could have gone well.
        let end = self.start + self.scenario.duration.mul_f64(0.99);
        let report = |(number, fault): (usize, &Suffered)| {
            // What fails until it is over, and after it until the next one begins, is laid to it.
            let over = fault.until.unwrap_or(fault.at);
            let after = suffered.iter().skip(number + 1);
            let beside = after.take_while(|next| next.at < over).count();
            let failures = failures.iter().skip(number).take(1 + beside);
            let last = failures.flatten().max().copied();
            FaultReport {
                at: fault.at - self.start,
                until: fault.until.map(|until| until - self.start),
                what: fault.what.clone(),
                recovered: match last {
                    None => Some(Duration::ZERO),
                    Some(last) => (last < end).then(|| last.saturating_sub(fault.at)),
                },
            }
        };
        suffered.iter().enumerate().map(report).collect()
    }
}
