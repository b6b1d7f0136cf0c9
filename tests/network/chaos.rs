//! Networks in which things go wrong at random, and what holds all the same.
//!
//! Each seed is a world of its own: hosts, services, clients, and a list of faults. It is run twice,
//! and must give the same trace. A seed that fails is repeated, with its trace, by
//!
//! ```sh
//! OPENSRF_CHAOS_SEED=17 cargo test -p opensrf-actors --test network chaos
//! ```
//!
//! and `OPENSRF_CHAOS_SEEDS=1000..4000` tries others than usual.

pub(crate) mod world;

use std::time::Duration;

use crate::support::run;
use world::errors::Errors;
use world::hush::{hush, slips};
use world::{Trace, World, checks};

/// The seeds that are tried; each of the tests has a part of them.
const SEEDS: u64 = 200;
const PARTS: u64 = 4;

/// How long there are new requests and new faults.
const TROUBLE: Duration = Duration::from_secs(4);

/// How long all is quiet before it is looked at what remains: twice as long as a listener may be silent
/// before its class asks whether it is there.
const QUIET: Duration = Duration::from_secs(21);

/// The clients that ask all the time.
const CLIENTS: usize = 4;

#[test]
fn whatever_goes_wrong_every_request_ends_once_and_all_comes_back_part_1() {
    seeds(0);
}

#[test]
fn whatever_goes_wrong_every_request_ends_once_and_all_comes_back_part_2() {
    seeds(1);
}

#[test]
fn whatever_goes_wrong_every_request_ends_once_and_all_comes_back_part_3() {
    seeds(2);
}

#[test]
fn whatever_goes_wrong_every_request_ends_once_and_all_comes_back_part_4() {
    seeds(3);
}

fn seeds(part: u64) {
    hush();
    if let Some(seed) = asked_for("OPENSRF_CHAOS_SEED").and_then(|seed| seed.parse().ok()) {
        if seed % PARTS == part
            && let Err(wrong) = try_seed(seed, true)
        {
            panic!("{wrong}");
        }
        return;
    }
    let seeds = (first_and_last().unwrap_or(0..SEEDS)).filter(|seed| seed % PARTS == part);
    let wrong: Vec<_> = seeds
        .filter_map(|seed| try_seed(seed, false).err())
        .collect();
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// What is to be tried instead.
#[allow(clippy::disallowed_methods)] // no settings of the program's
fn asked_for(name: &str) -> Option<String> {
    std::env::var(name).ok()
}

fn first_and_last() -> Option<std::ops::Range<u64>> {
    let asked_for = asked_for("OPENSRF_CHAOS_SEEDS")?;
    let (first, end) = asked_for.split_once("..")?;
    Some(first.parse().ok()?..end.parse().ok()?)
}

/// All that was noted, if the trace is readable.
fn lines_of(trace: &Trace) -> Vec<String> {
    let kept = trace.kept.lock().expect("no panic holds it");
    kept.lines.clone().unwrap_or_default()
}

/// What is wrong with the world of a seed.
fn try_seed(seed: u64, is_readable: bool) -> Result<(), String> {
    let first = chaos(seed, is_readable);
    for line in &first.lines {
        println!("{line}");
    }
    let command =
        format!("OPENSRF_CHAOS_SEED={seed} cargo test -p opensrf-actors --test network chaos");
    if !first.wrong.is_empty() {
        let wrong = first.wrong.join("\n  ");
        return Err(format!(
            "seed {seed}:\n  {wrong}\nrepeat it with\n  {command}"
        ));
    }
    let second = chaos(seed, is_readable);
    if first.hash != second.hash {
        let mut pairs = first.lines.iter().zip(&second.lines);
        let parting = pairs.find(|(one, other)| one != other);
        return Err(format!(
            "seed {seed} gave two traces; they part at {parting:?}; repeat it with\n  {command}"
        ));
    }
    Ok(())
}

struct Outcome {
    hash: u64,
    lines: Vec<String>,
    wrong: Vec<String>,
}

/// One run of one seed.
fn chaos(seed: u64, is_readable: bool) -> Outcome {
    let (sender, outcome) = std::sync::mpsc::channel();
    let (errors, _listening) = Errors::listen();
    run(true, async move {
        let world = World::start(seed, is_readable).await;
        let (nature, mut wrong) = world.trouble("v", CLIENTS, TROUBLE).await;
        world.heal().await;
        wrong.extend(checks::of_healing(&world).await);
        wrong.extend(checks::of_calm(&world, "v").await);
        // Methods that hang have been given up by then, and sessions are over.
        tokio::time::sleep(QUIET).await;
        wrong.extend(checks::of_remains(&world).await);
        wrong.extend(checks::of_slots(&world).await);
        wrong.extend(checks::of_requests(&world, nature));
        wrong.extend(checks::of_figures(&world));
        for site in (0..world.sites.len()).rev() {
            world.close(site, true).await;
        }
        wrong.extend(checks::of_figures(&world));
        wrong.extend(errors.take());
        wrong.extend(slips());
        let trace = &world.trace;
        let _ = sender.send(Outcome {
            hash: trace.hash(),
            lines: lines_of(trace),
            wrong,
        });
    });
    outcome.recv().expect("a run")
}
