//! What do my callers see when things break? A service of one's own under faults, in simulated time,
//! as one would try it in a test.
//!
//! ```sh
//! cargo run --release --example fault_drill
//! ```

use std::time::Duration;

use opensrf_actors::service::{MethodError, Service};
use opensrf_actors::sim::World;
use opensrf_actors::sim::expect::Expectation;
use opensrf_actors::sim::scenario::{Ask, Clients, Fault, FaultKind, Hosts};

/// The service to be tried, as it would be served.
fn stock() -> Result<Service, opensrf_actors::service::ServiceError> {
    Service::builder("acme.stock")
        .method("acme.stock.count", |_, (shelf,): (u32,)| async move {
            tokio::time::sleep(Duration::from_millis(5)).await; // the database
            Ok::<_, MethodError>(shelf * 12)
        })
        .build()
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let second = Duration::from_secs(1);
    let report = World::builder()
        .hosts(Hosts::new("app").count(2))
        .service(stock()?)
        .clients(
            Clients::open("shop", 200.0)
                .count(20)
                .timeout(5 * second)
                .asks(Ask::new("acme.stock").method("acme.stock.count", (7,))),
        )
        .fault(
            Fault::new(FaultKind::KillHost)
                .on("app-1")
                .at(10 * second)
                .lasts(15 * second),
        )
        .fault(
            Fault::new(FaultKind::KillRouter)
                .at(35 * second)
                .lasts(2 * second),
        )
        // One after the other: what fails while several last is laid to each of them.
        .fault(Fault::new(FaultKind::KillDrone).at(45 * second))
        .fault(Fault::new(FaultKind::KillDrone).at(50 * second))
        // Nobody may wait until his time is up without having been told, and most are answered.
        .expect(Expectation::parse("timed_out = 0")?)
        .expect(Expectation::parse("unanswered < 5%")?)
        .expect(Expectation::parse("recovered_within < 4s")?)
        .run_for(60 * second)?;
    println!("{report}");
    assert!(report.is_good());
    Ok(())
}
