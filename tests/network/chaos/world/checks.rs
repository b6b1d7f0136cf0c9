//! What must hold after every run, whatever went wrong.

use std::rc::Rc;
use std::time::Duration;

use futures::future::join_all;
use opensrf::router::RoutingPolicy;
use serde_json::{Value, json};

use super::World;
pub(crate) use super::calm::of_calm;
use super::ledger::{Manner, PLAIN};
pub(crate) use super::remains::of_remains;
use super::schedule::Nature;
use super::services::NAMES;

/// How long anything may take to come back after the last fault.
const HEALING: Duration = Duration::from_secs(10);

/// How much later than its time a request may end: what a timer may be late.
const LATE: Duration = Duration::from_millis(5);

/// Runs of one request in a session: it is asked again at most three times.
const SESSION_RUNS: u32 = 4;

/// What does not hold of what was asked.
pub(crate) fn of_requests(world: &World, nature: Nature) -> Vec<String> {
    let books = world.ledger.books();
    let mut wrong = Vec::new();
    for (value, entry) in &books.entries {
        match entry.ends.as_slice() {
            [(at, _)] if *at <= entry.asked + entry.timeout + LATE => {}
            [(at, how)] => {
                let took = at.saturating_sub(entry.asked);
                let timeout = entry.timeout;
                wrong.push(format!(
                    "{value} ended {how} after {took:?}, not {timeout:?}"
                ));
            }
            ends => wrong.push(format!("{value} has {} ends: {ends:?}", ends.len())),
        }
        let most = match entry.manner {
            Manner::Stateless => 1,
            Manner::InSession => SESSION_RUNS,
        };
        // What comes twice is run twice, and has its results twice.
        if nature == Nature::Natural {
            if entry.runs > most {
                wrong.push(format!("{value} was run {} times", entry.runs));
            }
            let faults = entry.faults.iter();
            wrong.extend(faults.map(|fault| format!("{value} was answered with {fault}")));
        }
    }
    let strangers = books.strangers.iter();
    wrong.extend(strangers.map(|value| format!("{value} was run, and nobody asked")));
    let most = world
        .sites
        .iter()
        .flat_map(|site| site.services())
        .map(|(_, max)| max)
        .max()
        .unwrap_or_default();
    for (pool, inside) in books
        .most_inside
        .iter()
        .filter(|(_, inside)| **inside > most)
    {
        wrong.push(format!("{pool} had {inside} drones at work"));
    }
    wrong
}

/// What does not come back within its bound when nothing goes wrong any more.
pub(crate) async fn of_healing(world: &Rc<World>) -> Vec<String> {
    let since = world.env.now();
    let mut wrong = vec!["not looked at".to_owned()];
    while !wrong.is_empty() && world.env.now() < since + HEALING {
        tokio::time::sleep(Duration::from_millis(250)).await;
        wrong = is_whole(world).await;
    }
    let took = world.env.now() - since;
    world
        .trace
        .note(&format!("HEALED after {took:?}: {wrong:?}"));
    wrong
}

async fn is_whole(world: &World) -> Vec<String> {
    let mut wrong = Vec::new();
    for site in &world.sites {
        let Some(host) = site.host() else {
            wrong.push(format!("{} is not there", site.name));
            continue;
        };
        let client = host.client().with_timeout(Duration::from_millis(500));
        for name in NAMES {
            if let Err(error) = client.call(name, "echo", json!([PLAIN])).await {
                wrong.push(format!("{name} from {}: {error}", site.name));
            }
        }
    }
    if wrong.is_empty() {
        wrong.extend(unregistered(world).await);
    }
    wrong
}

/// Listeners that are bound and not registered, or not there at all.
async fn unregistered(world: &World) -> Vec<String> {
    let Some(hub) = world.sites[0].host() else {
        return vec!["there is no hub".into()];
    };
    let bound = hub.bound().into_iter().map(|jid| jid.to_string());
    let listeners: Vec<_> = bound.filter(|jid| jid.contains("_listener_at_")).collect();
    let wanted: usize = world.sites.iter().map(|site| site.services().count()).sum();
    let asked = hub
        .call("router", "opensrf.router.info.summarize", ())
        .await;
    let tree: Value = match asked.map(|answers| answers.one()) {
        Ok(Ok(tree)) => tree,
        other => return vec![format!("the router does not say: {other:?}")],
    };
    let classes = tree["classes"].as_array().into_iter().flatten();
    let nodes = classes.flat_map(|class| class["nodes"].as_array().into_iter().flatten());
    let nodes: Vec<_> = nodes.filter_map(|node| node["node"].as_str()).collect();
    let missing = listeners
        .iter()
        .filter(|jid| !nodes.contains(&jid.as_str()));
    let mut wrong: Vec<_> = missing
        .map(|jid| format!("{jid} is not registered"))
        .collect();
    if listeners.len() != wanted {
        wrong.push(format!("{wanted} listeners are wanted: {listeners:?}"));
    }
    wrong
}

/// Slots that were lost: as many calls as there are drones must be served at once.
pub(crate) async fn of_slots(world: &World) -> Vec<String> {
    let mut wrong = Vec::new();
    let Some(hub) = world.sites[0].host() else {
        return vec!["there is no hub".into()];
    };
    for name in NAMES {
        let pools = world.sites.iter().flat_map(|site| site.services());
        let pools: Vec<_> = pools.filter(|(served, _)| *served == name).collect();
        // If they go round, or to whoever has least, there is a drone for each at once: the smallest pool
        // gets as many as any other, or as many as it has drones. Else some may have to wait their turn.
        let least = pools.iter().map(|(_, max)| *max).min().unwrap_or_default();
        let turns = match world.policy {
            RoutingPolicy::RoundRobin | RoutingPolicy::LeastOutstanding => 1,
            _ => least * pools.len(),
        };
        let patience = Duration::from_millis(900) + Duration::from_secs(turns as u64);
        let calls = (0..least * pools.len()).map(|_| async {
            let client = hub.client().with_timeout(patience);
            client.call(name, "slow", json!([PLAIN, 1_000])).await
        });
        for outcome in join_all(calls).await {
            if let Err(error) = outcome {
                wrong.push(format!("not all drones of {name} serve: {error}"));
            }
        }
    }
    wrong
}

/// Figures that do not add up.
pub(crate) fn of_figures(world: &World) -> Vec<String> {
    let mut wrong = Vec::new();
    for site in &world.sites {
        for host in site.all() {
            let figures = host.figures();
            if figures.calls_asked != figures.calls_ended() {
                wrong.push(format!(
                    "figures of {} do not balance: {figures:?}",
                    site.name
                ));
            }
        }
    }
    wrong
}
