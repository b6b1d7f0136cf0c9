//! Lets things go wrong in a world, and ends that in time.

use std::rc::Rc;

use futures::future::join_all;
use opensrf::ids::Seed;
use opensrf::limits::DEAD_AFTER;
use opensrf::time::Tick;

use super::World;
use super::conditions::FaultId;
use super::machine::{Machine, Role};
use crate::sim::scenario::{Aim, Fault, FaultKind, Served, When, Work};

/// Something that went wrong.
#[derive(Debug, Clone)]
pub(super) struct Suffered {
    /// In the order of all.
    number: usize,
    pub(super) at: Tick,
    pub(super) until: Option<Tick>,
    pub(super) what: String,
}

/// Whom a fault hits.
struct Victim<'a> {
    /// The machines that suffer it.
    machines: Vec<&'a Machine>,
    /// The service, if it hits one.
    service: Option<&'a str>,
    name: String,
}

/// Lets all of the scenario's faults happen until the end of the run; gives those that did, in
/// order.
pub(super) async fn all(world: Rc<World>) -> Vec<Suffered> {
    let faults = world.scenario.faults.iter().enumerate();
    let suffering = faults.map(|(number, fault)| again_and_again(&world, number, fault));
    let all = join_all(suffering).await;
    let mut all: Vec<_> = all.into_iter().flatten().collect();
    all.sort_by_key(|suffered| suffered.number);
    all
}

async fn again_and_again(world: &World, number: usize, fault: &Fault) -> Vec<Suffered> {
    let mut chance = world.env.seed().fork(&format!("fault {number}"));
    let mut suffered = Vec::new();
    let end = world.start + world.scenario.duration;
    match &fault.when {
        When::At(at) => {
            world.sleep_until(world.start + *at).await;
            suffered.extend(once(world, fault, &mut chance, end).await);
        }
        When::Every(pause) => loop {
            world.env.sleep(pause.draw(&mut chance)).await;
            if world.env.now() >= end {
                break;
            }
            suffered.extend(once(world, fault, &mut chance, end).await);
        },
    }
    suffered
}

/// Lets it happen once; nothing if there is nobody whom it could hit.
async fn once(world: &World, fault: &Fault, chance: &mut Seed, end: Tick) -> Option<Suffered> {
    let victim = world.victim(fault, chance)?;
    let at = world.env.now();
    let until = (at + fault.lasts).min(end);
    let number = world.recorder.begins_fault();
    let what = match victim.name.is_empty() {
        true => fault.kind.to_string(),
        false => format!("{} {}", fault.kind, victim.name),
    };
    tracing::info!(fault = what, "begins");
    world.progress.tell(at - world.start, &what);
    let is_long = fault.kind.lasts();
    match is_long {
        true => world.suffers(&fault.kind, &victim, until).await,
        false => victim.strike(&fault.kind),
    }
    Some(Suffered {
        number,
        at,
        until: is_long.then_some(until),
        what,
    })
}

impl World {
    async fn suffers(&self, kind: &FaultKind, victim: &Victim<'_>, until: Tick) {
        let id = self.next_fault();
        let is_killed = matches!(
            kind,
            FaultKind::KillHost | FaultKind::KillRouter | FaultKind::KillServer
        );
        victim.begin(id, kind);
        if is_killed || *kind == FaultKind::Cut {
            victim.machines.iter().for_each(|machine| machine.cut());
        }
        let hosts = self.killed(kind, victim);
        for machine in &hosts {
            machine.close().await;
        }
        // Whoever is silent for so long is given up by the other side, and is off the bus.
        let silent_until = self.env.now() + DEAD_AFTER;
        if *kind == FaultKind::HalfOpen && silent_until < until {
            self.sleep_until(silent_until).await;
            victim.begin(id, &FaultKind::Cut);
            victim.machines.iter().for_each(|machine| machine.cut());
        }
        self.sleep_until(until).await;
        for machine in &hosts {
            if let Err(error) = machine.open().await {
                tracing::error!(%error, machine = machine.name, "could not be started again");
            }
        }
        victim.end(id);
    }

    /// The machines whose hosts end by it.
    fn killed<'a>(&'a self, kind: &FaultKind, victim: &Victim<'a>) -> Vec<&'a Machine> {
        match kind {
            FaultKind::KillHost | FaultKind::KillRouter => victim.machines.clone(),
            FaultKind::KillServer => {
                let machines = self.machines.iter().map(|machine| &**machine);
                machines
                    .filter(|machine| matches!(machine.role, Role::Server))
                    .collect()
            }
            _ => Vec::new(),
        }
    }

    /// Whom a fault hits this time.
    fn victim<'a>(&'a self, fault: &'a Fault, chance: &mut Seed) -> Option<Victim<'a>> {
        if fault.kind == FaultKind::KillServer {
            return Some(Victim {
                machines: self.machines.iter().map(|machine| &**machine).collect(),
                service: None,
                name: String::new(),
            });
        }
        let named = |name: &str| fault.target.as_deref().is_none_or(|target| target == name);
        match fault.kind.aims_at() {
            aim @ (Aim::Service | Aim::MadeUp) => {
                let services = self.scenario.services.iter();
                let is_hit = |served: &&Served| {
                    aim == Aim::Service || matches!(served.work, Work::Simulated(_))
                };
                let services = services.filter(is_hit).map(|served| &*served.name);
                let services: Vec<_> = services.filter(|name| named(name)).collect();
                let service = *pick(&services, chance)?;
                let machines = self.machines.iter().map(|machine| &**machine);
                let machines = machines.filter(|machine| machine.is_up());
                let machines: Vec<_> = machines.filter(|machine| machine.serves(service)).collect();
                Some(Victim {
                    machines: vec![*pick(&machines, chance)?],
                    service: Some(service),
                    name: service.to_owned(),
                })
            }
            aim => {
                let machines = self.machines.iter().map(|machine| &**machine);
                let machines = machines.filter(|machine| machine.is_aimed_at(aim));
                let machines: Vec<_> = machines.filter(|machine| named(machine.target())).collect();
                let machine = *pick(&machines, chance)?;
                Some(Victim {
                    machines: vec![machine],
                    service: None,
                    name: machine.name.clone(),
                })
            }
        }
    }
}

/// One of several, by chance; the only one without.
fn pick<'a, T>(all: &'a [T], chance: &mut Seed) -> Option<&'a T> {
    match all {
        [] | [_] => all.first(),
        _ => all.get((chance.next_fraction() * all.len() as f64) as usize),
    }
}

impl Victim<'_> {
    fn begin(&self, id: FaultId, kind: &FaultKind) {
        for machine in &self.machines {
            machine.conditions.suffer(id, kind.clone());
            machine.apply();
        }
    }

    fn end(&self, id: FaultId) {
        for machine in &self.machines {
            machine.conditions.recover(id);
            machine.apply();
        }
    }

    /// What happens in a moment.
    fn strike(&self, kind: &FaultKind) {
        let Some(service) = self.service else {
            return;
        };
        for machine in &self.machines {
            let made_up = machine.made_up.get(service);
            match (kind, made_up) {
                (FaultKind::Panic, Some(made_up)) => made_up.panic(),
                (FaultKind::Hang, Some(made_up)) => made_up.hang(),
                _ => {
                    if let Some(faults) = machine.conditions.faults() {
                        faults.crash(&format!("{service}_drone_at_"));
                    }
                }
            }
        }
    }
}
