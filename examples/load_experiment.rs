//! How many drones does a service need? Tries it in simulated time, before there are machines.
//!
//! ```sh
//! cargo run --release --example load_experiment
//! ```

use std::time::Duration;

use opensrf_actors::law::Law;
use opensrf_actors::sim::World;
use opensrf_actors::sim::scenario::{Clients, Hosts, LinkLaw, Served};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    // As measured at the old system, say: 20 ms on average, with a long tail.
    let work = Law::parse("lognormal(mean = 20ms, cv = 1.5)")?;
    let network = Law::parse("0.2ms")?;
    println!("drones  utilisation  mean wait       p99   refused");
    for drones in [10, 11, 12, 14, 18] {
        let report = World::builder()
            .hosts(Hosts::new("app").link(LinkLaw::new(network.clone())))
            .service(
                Served::simulated("acme.search", work.clone())
                    .drones(drones, drones)
                    .backlog(50),
            )
            // The evening peak: 500 requests a second from 100 web servers.
            .clients(
                Clients::open("web", 500.0)
                    .count(100)
                    .link(LinkLaw::new(network.clone())),
            )
            .warmup(Duration::from_secs(2))
            .run_for(Duration::from_secs(12))?;
        let pool = &report.services[0].pool;
        let p99 = report
            .total
            .latency
            .as_ref()
            .map_or(Duration::ZERO, |latency| latency.p99);
        println!(
            "{drones:6}  {:10.1}%  {:6.1} ms  {:6.1} ms  {:7.3}%",
            pool.utilisation * 100.0,
            pool.mean_wait.as_secs_f64() * 1_000.0,
            p99.as_secs_f64() * 1_000.0,
            report.total.ends.refused as f64 / report.total.asked as f64 * 100.0,
        );
        assert!(report.is_good(), "{report}");
    }
    Ok(())
}
