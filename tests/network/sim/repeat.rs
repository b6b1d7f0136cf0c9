//! The same seed gives the same run.

use std::time::Duration;

use opensrf_actors::law::Law;
use opensrf_actors::sim::World;
use opensrf_actors::sim::report::Report;
use opensrf_actors::sim::scenario::{
    Arrivals, Clients, Fault, FaultKind, Hosts, LinkLaw, Scenario, Served,
};

fn law(text: &str) -> Law {
    Law::parse(text).unwrap()
}

/// A bit of everything.
fn busy(seed: u64) -> Scenario {
    let link = LinkLaw::new(law("lognormal(median = 0.2ms, p99 = 2ms)")).bandwidth(1e7);
    let bursts = Arrivals::Bursts {
        every: Duration::from_secs(3),
        lasts: Duration::from_millis(300),
        factor: 8.0,
    };
    World::builder()
        .seed(seed)
        .hosts(Hosts::new("app").count(3).link(link.clone()))
        .service(
            Served::simulated("acme.search", law("lognormal(mean = 10ms, cv = 1.5)"))
                .drones(1, 4)
                .backlog(20)
                .errors(0.01)
                .panics(0.005),
        )
        .service(Served::simulated("acme.login", law("exponential(3ms)")).on(["app-1"]))
        .clients(
            Clients::open("web", 100.0)
                .count(7)
                .arrivals(bursts)
                .link(link),
        )
        .clients(Clients::closed("desk", 5, law("exponential(200ms)")).session(3))
        .fault(
            Fault::new(FaultKind::KillHost)
                .every(law("exponential(4s)"))
                .lasts(Duration::from_secs(1)),
        )
        .fault(Fault::new(FaultKind::KillDrone).every(law("exponential(2s)")))
        .fault(
            Fault::new(FaultKind::Cut)
                .every(law("exponential(5s)"))
                .lasts(Duration::from_millis(700)),
        )
        .fault(
            Fault::new(FaultKind::KillRouter)
                .at(Duration::from_secs(5))
                .lasts(Duration::from_secs(1)),
        )
        .fault(
            Fault::new(FaultKind::KillServer)
                .at(Duration::from_secs(9))
                .lasts(Duration::from_secs(1)),
        )
        .fault(
            Fault::new(FaultKind::Slow(5.0))
                .on("app-2")
                .at(Duration::from_secs(2)),
        )
        .duration(Duration::from_secs(15))
}

fn bytes(report: &Report) -> [String; 4] {
    [
        report.json(),
        report.csv(),
        report.to_string(),
        report.page(),
    ]
}

#[test]
fn the_same_seed_gives_the_same_report_to_the_byte() {
    let first = busy(7).run().unwrap();
    assert!(first.is_good(), "{first}");
    assert!(
        first.total.asked > 1_000 && first.faults.len() > 8,
        "{first}"
    );
    assert_eq!(bytes(&first), bytes(&busy(7).run().unwrap()));
    let other = busy(8).run().unwrap();
    assert_ne!(first.total, other.total);
}

#[test]
fn several_worlds_at_a_time_do_not_disturb_each_other() {
    let alone = busy(7).run().unwrap();
    let together: Vec<_> = (0..3)
        .map(|_| std::thread::spawn(|| busy(7).run().unwrap()))
        .collect();
    for report in together {
        assert_eq!(report.join().unwrap(), alone);
    }
}
