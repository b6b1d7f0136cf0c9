//! How fast the simulator is, and what it takes: a million requests in a large network, the same with
//! delays on all links, and 100,000 idle clients. On one core:
//!
//! ```sh
//! taskset -c 0 cargo bench -p opensrf-actors --bench sim
//! ```

use std::time::Duration;

use actix_rt::time::Instant;
use opensrf_actors::law::Law;
use opensrf_actors::sim::World;
use opensrf_actors::sim::report::Report;
use opensrf_actors::sim::scenario::{Ask, Clients, Hosts, LinkLaw, Scenario, Served};

/// As the program has it.
#[cfg(feature = "jemalloc")]
#[global_allocator]
static ALLOCATOR: tikv_jemallocator::Jemalloc = tikv_jemallocator::Jemalloc;

const SERVICES: usize = 100;
const HOSTS: usize = 10;
/// Of each service, on one host.
const DRONES: usize = 20;
const CLIENTS: usize = 10_000;

fn law(text: &str) -> Law {
    Law::parse(text).expect("a law")
}

/// 10,000 clients that think for a second, 100 services, 2,000 drones.
fn large(link: &LinkLaw) -> Scenario {
    let services = (0..SERVICES).map(|number| {
        let host = format!("app-{}", 1 + number % HOSTS);
        Served::simulated(&format!("acme.s{number}"), law("exponential(100ms)"))
            .drones(DRONES, DRONES)
            .on([host.as_str()])
    });
    let clients = Clients::closed("web", CLIENTS, law("exponential(1s)")).link(link.clone());
    let asks = (0..SERVICES).map(|number| Ask::new(&format!("acme.s{number}")));
    let scenario = World::builder()
        .hosts(Hosts::new("app").count(HOSTS).link(link.clone()))
        .clients(asks.fold(clients, Clients::asks));
    // A million requests at 10,000 / 1.1 s.
    services
        .fold(scenario, Scenario::service)
        .duration(Duration::from_secs(112))
}

fn timed(what: &str, scenario: Scenario) -> Report {
    let began = Instant::now();
    let report = scenario.run().expect("a scenario that can be run");
    let took = began.elapsed().as_secs_f64();
    let asked = report.total.asked;
    println!(
        "{what}: {asked} requests in {took:.2} s, {:.0} a second; at most {} MB so far",
        asked as f64 / took,
        most_memory_kb() / 1_000
    );
    assert!(report.is_good(), "{report}");
    report
}

/// The most memory that the process has had, as the kernel says it.
fn most_memory_kb() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    let number = line.and_then(|line| line.split_whitespace().next());
    number
        .and_then(|number| number.parse().ok())
        .unwrap_or_default()
}

fn main() {
    // The large one first: the others leave memory in pieces, which makes it slower.
    let plain = LinkLaw::default();
    timed("10,000 clients, 100 services, 2,000 drones", large(&plain));
    let delayed = LinkLaw::new(law("lognormal(median = 0.2ms, p99 = 2ms)"));
    timed("the same with delays on all links", large(&delayed));
    let idle = World::builder()
        .clients(Clients::idle("idle", 100_000))
        .duration(Duration::from_secs(1));
    timed("100,000 idle clients for a second", idle);
}
