//! What must hold after every run, whatever went wrong in it.

use std::time::Duration;

use super::World;
use super::calls::Calls;
use super::machine::Role;
use super::sampler::Samples;
use crate::sim::report::{Check, Little, Mode};
use crate::status::{Detail, HostStatus};

/// How long it may take until nothing is left of the load, in simulated time and in real.
const REST: Duration = Duration::from_secs(120);
const REAL_REST: Duration = Duration::from_secs(10);

/// All checks of a world whose last request has ended.
pub(super) async fn of(world: &World, samples: &Samples, little: &Little) -> Vec<Check> {
    let Calls { asked, ended, .. } = world.calls();
    let (calls, _) = world.recorder.calls();
    let open = world.recorder.open();
    let mut checks = vec![
        Check {
            what: "every request has ended exactly once".to_owned(),
            found: format!(
                "{} asked, {open} without an end",
                world.recorder.ended() + open
            ),
            holds: open == 0,
        },
        Check {
            what: "clients and those who ask count the same".to_owned(),
            found: format!("clients took {asked} and ended {ended}, those who ask {calls}"),
            holds: asked == ended && ended == calls,
        },
        Check {
            what: "no pool is larger than it may be".to_owned(),
            found: match samples.beyond.first() {
                None => "none is".to_owned(),
                Some(first) => format!("{first} and {} more", samples.beyond.len() - 1),
            },
            holds: samples.beyond.is_empty(),
        },
    ];
    if little.arrivals > 0.0 {
        checks.push(Check {
            what: "Little's law".to_owned(),
            found: format!(
                "{:.6} open on average, {:.6} by rate and time, ± {:.6}",
                little.open,
                little.arrivals * little.time.as_secs_f64(),
                little.tolerance
            ),
            holds: little.holds(),
        });
    }
    checks.push(rest(world).await);
    checks
}

/// Whether all is at rest when nobody asks any more.
async fn rest(world: &World) -> Check {
    let until = world.env.now()
        + match world.mode {
            Mode::Simulated => REST,
            Mode::Real => REAL_REST,
        };
    let mut left = left(world).await;
    while !left.is_empty() && world.env.now() < until {
        world.env.sleep(Duration::from_millis(100)).await;
        left = self::left(world).await;
    }
    Check {
        what: "all is back and at rest in the end".to_owned(),
        found: match left.first() {
            None => "no request is left, every service is registered".to_owned(),
            Some(first) => format!("{first}, and {} more", left.len() - 1),
        },
        holds: left.is_empty(),
    }
}

/// What is not as it should be.
async fn left(world: &World) -> Vec<String> {
    let mut left = Vec::new();
    for machine in &world.machines {
        // There may be very many clients, and all have ended their requests.
        if matches!(machine.role, Role::Clients(..)) {
            continue;
        }
        match machine.status().await {
            Some(status) => {
                let found = status
                    .problems()
                    .into_iter()
                    .map(|problem| problem.to_string());
                left.extend(
                    found
                        .chain(busy(world, &status))
                        .chain(away(world, &status))
                        .map(|what| format!("{}: {what}", machine.name)),
                );
            }
            None => left.push(format!("{} is not up", machine.name)),
        }
    }
    left
}

/// Clients that should be on the bus, as the server sees it. Services and routers are there as well,
/// so that a few that are away do not show.
fn away(world: &World, status: &HostStatus) -> Option<String> {
    let groups = world.scenario.clients.iter();
    let clients: usize = groups.map(|group| group.count).sum();
    let sessions = status.children.iter().find_map(|child| {
        let Detail::Server(server) = &child.answer.as_ref()?.detail else {
            return None;
        };
        Some(server.sessions)
    })?;
    let text = || format!("only {sessions} are on the bus, and there are {clients} clients");
    (sessions < clients).then(text)
}

/// Work that should be over. A method without a limit may go on as long as it likes, and keep others
/// waiting.
fn busy(world: &World, status: &HostStatus) -> impl Iterator<Item = String> {
    status.children.iter().filter_map(|child| {
        let Detail::Service(pool) = &child.answer.as_ref()?.detail else {
            return None;
        };
        let services = &world.scenario.services;
        let served = services.iter().find(|served| served.name == child.name)?;
        let is_left = match served.max_run {
            Some(_) => pool.busy > 0 || pool.backlog > 0,
            None => pool.backlog > 0 && pool.busy == 0,
        };
        is_left.then(|| {
            format!(
                "{} has {} at work, {} waiting",
                child.name, pool.busy, pool.backlog
            )
        })
    })
}
