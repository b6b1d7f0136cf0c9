//! An hour of requests and faults, in virtual time: what grows is a leak.
//!
//! ```sh
//! cargo soak                     # an hour, with seed 1
//! cargo soak --hours 5 --seed 7
//! ```
//!
//! The same world as in `tests/network/chaos.rs` lives on and on: 50 seconds of each minute clients ask
//! and things go wrong, then all heals, and must be whole. The memory of the process at the end, the
//! least of the last five minutes, must be within 5 % of what it was after the first minute. It exits with 1 if it is not, or if something
//! else does not hold.

// What drives a trial may end it.
#![allow(clippy::panic, clippy::unwrap_used)]

#[path = "../tests/network/chaos/world/mod.rs"]
mod world;

use std::process::ExitCode;
use std::rc::Rc;
use std::time::{Duration, SystemTime};

use world::errors::Errors;
use world::hush::{hush, slips};
use world::{World, checks, trap};

/// How long things go wrong in each minute.
const TROUBLE: Duration = Duration::from_secs(50);

/// The clients that ask all the time: so many that the first minute sees the most that there ever is.
const CLIENTS: usize = 12;

/// The minutes at the end of which the least counts: what is in use for a moment has not grown.
const LAST: usize = 5;

/// How much the memory may grow, in percent.
const GROWTH: f64 = 5.0;

/// What is wanted on the command line.
struct Wanted {
    minutes: u64,
    seed: u64,
}

impl Wanted {
    fn read() -> Result<Self, String> {
        let (mut minutes, mut seed) = (60, 1);
        let mut words = std::env::args().skip(1);
        while let Some(word) = words.next() {
            let value = match word.as_str() {
                "--bench" => continue, // cargo's own
                "--hours" | "--minutes" | "--seed" => words.next(),
                other => return Err(format!("{other}: try --hours N, --minutes N or --seed N")),
            };
            let value = value.and_then(|value| value.parse().ok());
            let value: u64 = value.ok_or_else(|| format!("{word} needs a whole number"))?;
            match word.as_str() {
                "--hours" => minutes = value * 60,
                "--minutes" => minutes = value,
                _ => seed = value,
            }
        }
        Ok(Self { minutes, seed })
    }
}

fn main() -> ExitCode {
    let wanted = match Wanted::read() {
        Ok(wanted) => wanted,
        Err(error) => {
            eprintln!("{error}");
            return ExitCode::from(2);
        }
    };
    hush();
    let runtime = || {
        tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .start_paused(true)
            .build()
            .expect("a runtime")
    };
    let system = actix_rt::System::with_tokio_rt(runtime);
    if system.block_on(soak(wanted)) {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    }
}

/// Whether all held.
async fn soak(wanted: Wanted) -> bool {
    #[allow(clippy::disallowed_methods)] // how long it really took
    let begun = SystemTime::now();
    let (errors, _listening) = Errors::listen();
    let world = World::start(wanted.seed, false).await;
    crowd(&world).await;
    let mut readings = Vec::new();
    for minute in 0..wanted.minutes.max(1) {
        let mut wrong = live_a_minute(&world, minute).await;
        wrong.extend(errors.take());
        wrong.extend(slips());
        if !wrong.is_empty() {
            println!("minute {minute} of seed {}:", wanted.seed);
            wrong.iter().for_each(|wrong| println!("  {wrong}"));
            return false;
        }
        readings.push(resident());
        if minute % 5 == 0 || minute + 1 == wanted.minutes {
            let (tally, took) = (tally(&world), begun.elapsed().unwrap_or_default());
            println!(
                "minute {minute:>4}  {tally}  {:>6} kB  after {took:.0?}",
                resident()
            );
        }
    }
    let first = readings.first().copied().unwrap_or_default();
    let last = readings
        .iter()
        .rev()
        .take(LAST)
        .min()
        .copied()
        .unwrap_or_default();
    let grown = 100.0 * (last as f64 / first as f64 - 1.0);
    println!(
        "trace {:016x}, the same for the same seed",
        world.trace.hash()
    );
    println!("memory: {first} kB after the first minute, {grown:+.1} % at the end");
    grown <= GROWTH
}

/// Forgets what is over: hosts that have ended, and requests.
fn tidy(world: &World) {
    for site in &world.sites {
        let mut hosts = site.hosts.borrow_mut();
        let ended = hosts.len().saturating_sub(1);
        site.opened.set(site.opened.get() + ended);
        hosts.drain(..ended);
    }
    let mut books = world.ledger.books();
    books.entries.clear();
    books.most_inside.clear();
    books.inside.retain(|_, inside| *inside > 0);
}

/// How many requests have ended in which way, over all.
fn tally(world: &World) -> String {
    let ends = world.ledger.books().tally.clone();
    let all: u64 = ends.values().sum();
    let count = |end: &str| ends.get(end).copied().unwrap_or_default();
    let (complete, timeout) = (count("complete"), count("timeout"));
    format!("{all:>7} requests, {complete:>7} complete, {timeout:>5} timed out")
}

/// Brings the server down once, with as many connections as it takes: that, too, belongs to the most
/// that there ever is.
async fn crowd(world: &World) {
    if let Some(hub) = world.sites[0].host() {
        let _connections = trap::spring(&hub).await;
        tokio::time::sleep(Duration::from_secs(1)).await;
    }
}

/// What is wrong after it.
async fn live_a_minute(world: &Rc<World>, minute: u64) -> Vec<String> {
    let (nature, mut wrong) = world
        .trouble(&format!("m{minute}."), CLIENTS, TROUBLE)
        .await;
    world.heal().await;
    wrong.extend(checks::of_healing(world).await);
    wrong.extend(checks::of_calm(world, &format!("m{minute}.")).await);
    // Methods that hang have been given up by then, and sessions are over.
    tokio::time::sleep(Duration::from_secs(8)).await;
    wrong.extend(checks::of_remains(world).await);
    wrong.extend(checks::of_slots(world).await);
    wrong.extend(checks::of_requests(world, nature));
    wrong.extend(checks::of_figures(world));
    tidy(world);
    wrong
}

/// The memory that the process has, in kB.
fn resident() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    let number = line.and_then(|line| line.trim().split(' ').next());
    number.and_then(|number| number.parse().ok()).unwrap_or(0)
}
