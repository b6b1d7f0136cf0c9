//! Pools against queueing theory.
use std::time::Duration;
use opensrf_actors::law::Law;
use opensrf_actors::sim::World;
use opensrf_actors::sim::scenario::{Clients, Served};

#[test]
fn quick() {
    let time = Law::Exponential(Duration::from_millis(10));
    let began = std::time::Instant::now();
    let report = World::builder()
        .service(Served::simulated("queue", time).drones(1, 1).backlog(100_000))
        .clients(Clients::open("load", 70.0).count(10))
        .run_for(Duration::from_secs(600))
        .unwrap();
    println!("{:?} {:#?}", began.elapsed(), report.total.latency.as_ref().map(|l| (l.mean, l.p50, l.p99)));
    println!("{:#?} {:#?}", report.services[0].pool, report.checks);
}
