//! What each kind of fault does to a world, and that all is well afterwards.

use std::time::Duration;

use opensrf_actors::law::Law;
use opensrf_actors::service::Service;
use opensrf_actors::sim::World;
use opensrf_actors::sim::expect::Expectation;
use opensrf_actors::sim::report::Report;
use opensrf_actors::sim::scenario::{
    Arrivals, Ask, Clients, Fault, FaultKind, Hosts, Scenario, Served,
};

const AT: Duration = Duration::from_secs(2);
const LONG: Duration = Duration::from_secs(3);

/// Two hosts that could each bear the load alone.
fn pair() -> Scenario {
    world().hosts(Hosts::new("app").count(2))
}

/// One host.
fn world() -> Scenario {
    World::builder()
        .service(
            Served::simulated("acme.search", Law::parse("exponential(10ms)").unwrap()).drones(4, 4),
        )
        .clients(
            Clients::open("web", 100.0)
                .count(4)
                .timeout(Duration::from_secs(20)),
        )
        .duration(Duration::from_secs(10))
}

fn with(kind: FaultKind, on: Option<&str>) -> Report {
    let fault = Fault::new(kind).at(AT).lasts(LONG);
    let fault = match on {
        Some(on) => fault.on(on),
        None => fault,
    };
    let report = pair().fault(fault).run().unwrap();
    assert!(report.is_good(), "{report}");
    report
}

#[test]
fn without_faults_all_is_answered() {
    let report = pair().run().unwrap();
    assert!(report.is_good(), "{report}");
    assert_eq!(report.total.ends.answered, report.total.asked);
}

#[test]
fn a_host_that_dies_costs_what_was_in_its_hands() {
    let report = with(FaultKind::KillHost, Some("app-1"));
    let ends = report.total.ends;
    // What its drones had, and what was under way: about one at a time, and nothing later.
    assert!(ends.unanswered() <= 8, "{report}");
    // The other one does it all meanwhile.
    let [one, other] = [0, 1].map(|host| report.services[0].hosts[host].pool.assigned);
    assert!(other > one + 100, "{one} {other}");
    let fault = &report.faults[0];
    assert_eq!((fault.at, fault.until), (AT, Some(AT + LONG)));
}

#[test]
fn the_figures_do_not_depend_on_the_slices() {
    let with = |slices| {
        let fault = Fault::new(FaultKind::KillHost)
            .on("app-1")
            .at(AT)
            .lasts(LONG);
        pair().slices(slices).fault(fault).run().unwrap()
    };
    let (one, many) = (with(1), with(200));
    assert_eq!(one.total, many.total);
    let assigned = |report: &Report| report.services[0].pool.assigned;
    assert_eq!(assigned(&one), assigned(&many));
    assert_eq!(one.faults, many.faults);
}

#[test]
fn what_is_answered_after_the_end_is_no_throughput() {
    let work = Law::parse("10ms").unwrap();
    let report = World::builder()
        .service(
            Served::simulated("queue", work)
                .drones(1, 1)
                .backlog(100_000),
        )
        .clients(Clients::open("load", 300.0).timeout(Duration::from_secs(600)))
        .run_for(Duration::from_secs(10))
        .unwrap();
    assert!(report.is_good(), "{report}");
    assert_eq!(report.total.ends.answered, report.total.asked);
    assert!(
        (98.0..=100.0).contains(&report.total.throughput),
        "{report}"
    );
}

#[test]
fn a_fault_that_is_not_over_is_laid_to_no_other() {
    let drone = Fault::new(FaultKind::Slow(1.0)).on("app-2");
    let report = pair()
        .fault(Fault::new(FaultKind::KillRouter).at(AT).lasts(LONG))
        .fault(
            drone
                .at(AT + Duration::from_secs(1))
                .lasts(Duration::from_millis(10)),
        )
        .run()
        .unwrap();
    let recovered = report.faults[0].recovered.expect("it does");
    assert!(
        recovered >= LONG - Duration::from_millis(200),
        "{recovered:?}"
    );
}

/// They once left as soon as they had nothing to ask.
#[test]
fn clients_that_ask_nothing_stay_on_the_bus_and_come_back_to_it() {
    let killed = Fault::new(FaultKind::KillServer).at(AT).lasts(LONG);
    let report = pair()
        .clients(Clients::idle("idle", 50))
        .fault(killed)
        .run()
        .unwrap();
    assert!(report.is_good(), "{report}");
}

#[test]
fn what_was_to_hit_a_dead_machine_hits_nobody_when_it_is_back() {
    let killed = |also: Option<Fault>| {
        let kill = Fault::new(FaultKind::KillHost).at(AT).lasts(LONG);
        also.into_iter()
            .fold(world().fault(kill), Scenario::fault)
            .run()
    };
    let alone = killed(None).unwrap();
    let just_before = AT - Duration::from_micros(1);
    let meanwhile = AT + Duration::from_secs(1);
    for kind in [FaultKind::KillDrone, FaultKind::Panic, FaultKind::Hang] {
        for at in [just_before, meanwhile] {
            let also = Fault::new(kind.clone()).on("acme.search").at(at);
            let report = killed(Some(also)).unwrap();
            assert_eq!(report.total, alone.total, "{kind} at {at:?}");
        }
    }
}

#[test]
fn methods_that_take_for_ever_are_nothing_that_is_left() {
    let hour = Law::parse("1h").unwrap();
    let report = World::builder()
        .service(Served::simulated("slow", hour).drones(1, 2))
        .clients(Clients::open("load", 5.0).timeout(Duration::from_secs(1)))
        .run_for(Duration::from_secs(3))
        .unwrap();
    assert!(report.is_good(), "{report}");
}

#[test]
fn while_the_server_is_away_nobody_is_answered_and_then_everybody() {
    let report = with(FaultKind::KillServer, None);
    let ends = report.total.ends;
    assert!(ends.disconnected > 200, "{report}");
    let recovered = report.faults[0].recovered.expect("it does");
    assert!(
        recovered >= LONG - Duration::from_millis(200),
        "{recovered:?}"
    );
    assert!(recovered < LONG + Duration::from_secs(4), "{recovered:?}");
}

#[test]
fn while_the_router_is_away_requests_reach_nobody() {
    let report = with(FaultKind::KillRouter, None);
    assert!(report.total.ends.bounced > 200, "{report}");
    let recovered = report.faults[0].recovered.expect("it does");
    assert!(recovered < LONG + Duration::from_secs(4), "{recovered:?}");
}

#[test]
fn a_drone_that_dies_costs_one_request() {
    for kind in [FaultKind::KillDrone, FaultKind::Panic] {
        let report = with(kind, Some("acme.search"));
        assert_eq!(report.total.ends.failed, 1, "{report}");
        assert_eq!(report.total.ends.unanswered(), 1);
    }
}

#[test]
fn a_method_that_hangs_costs_one_time_out() {
    let report = with(FaultKind::Hang, Some("acme.search"));
    assert_eq!(report.total.ends.timed_out, 1, "{report}");
    assert_eq!(report.total.ends.unanswered(), 1);
}

#[test]
fn a_slow_host_makes_latencies_longer_and_loses_nothing() {
    let slow = with(FaultKind::Slow(5.0), Some("app-1"));
    let usual = pair().run().unwrap();
    let p90 = |report: &Report| report.total.latency.as_ref().unwrap().p90;
    assert!(p90(&slow) > p90(&usual) + Duration::from_millis(5));
    assert_eq!(slow.total.ends.unanswered(), 0);
}

#[test]
fn a_delay_is_in_every_latency() {
    let delay = FaultKind::Delay(Law::parse("100ms").unwrap());
    let report = with(delay, Some("web"));
    let latency = report.total.latency.as_ref().unwrap();
    assert!(latency.max >= Duration::from_millis(200), "{latency:?}");
    assert!(latency.p50 < Duration::from_millis(50));
    assert_eq!(report.total.ends.unanswered(), 0);
}

#[test]
fn what_links_lose_ends_by_time_out() {
    let report = with(FaultKind::Loss(0.2), Some("web"));
    let ends = report.total.ends;
    assert_eq!(ends.timed_out, ends.unanswered(), "{report}");
    // Lost on the way there or back: 36 % of 300 or so.
    assert!((60..=160).contains(&ends.timed_out), "{report}");
}

#[test]
fn a_cut_is_told_at_once() {
    let report = with(FaultKind::Cut, Some("web"));
    assert!(report.total.ends.disconnected > 200, "{report}");
    assert_eq!(report.total.ends.timed_out, 0);
}

#[test]
fn a_half_open_link_holds_what_is_on_it() {
    let report = with(FaultKind::HalfOpen, Some("web"));
    let ends = report.total.ends;
    assert_eq!(ends.unanswered(), 0, "{report}");
    assert!(report.total.latency.as_ref().unwrap().max > Duration::from_secs(2));
}

#[test]
fn expectations_decide() {
    let expects = |text| {
        pair()
            .expect(Expectation::parse(text).unwrap())
            .run()
            .unwrap()
    };
    for (text, holds) in [
        ("p99 < 200ms", true),
        ("p99 < 1ms", false),
        ("refused = 0", true),
        ("acme.search throughput > 90/s", true),
        ("web throughput > 200/s", false),
        ("utilisation < 50%", true),
    ] {
        let report = expects(text);
        assert_eq!(report.is_good(), holds, "{text}: {:?}", report.expectations);
    }
}

#[test]
fn a_service_of_ones_own_is_tried_like_any_other() {
    let service = Service::builder("acme.calc")
        .function("sum", |_, (a, b): (i64, i64)| Ok(a + b))
        .build()
        .unwrap();
    let report = World::builder()
        .service(service)
        .clients(Clients::open("load", 50.0).asks(Ask::new("acme.calc").method("sum", (1, 2))))
        .fault(Fault::new(FaultKind::KillDrone).every(Law::parse("exponential(1s)").unwrap()))
        .run_for(Duration::from_secs(20))
        .unwrap();
    assert!(report.is_good(), "{report}");
    assert!(report.faults.len() > 5 && report.total.ends.failed as usize <= report.faults.len());
    assert_eq!(report.total.ends.failed, report.total.ends.unanswered());
}

#[test]
fn a_scenario_that_cannot_be_run_says_all_that_is_wrong() {
    let wrong = World::builder()
        .service(
            Served::simulated("acme.search", Law::ZERO)
                .drones(3, 2)
                .on(["nowhere"]),
        )
        .clients(Clients::open("web", 0.0).asks(Ask::new("acme.serach")))
        .run()
        .unwrap_err()
        .to_string();
    for told in [
        "services[0].drones.min: 3 is more than max 2",
        "services[0].hosts[0]: there is no host \"nowhere\"; there are host",
        "clients[0].rate: must be above zero, not 0",
        "clients[0].asks[0].service: there is no service \"acme.serach\"; there are acme.search",
    ] {
        assert!(wrong.contains(told), "{wrong}");
    }
}

#[test]
fn a_drone_that_is_to_die_does_so_whatever_else_begins_and_ends_before() {
    let work = Law::parse("1ms").unwrap();
    let slow = || Fault::new(FaultKind::Slow(1.0)).lasts(Duration::from_millis(10));
    let report = World::builder()
        .service(Served::simulated("acme.search", work))
        .clients(Clients::open("web", 1.0).arrivals(Arrivals::Constant))
        .fault(Fault::new(FaultKind::KillDrone).at(AT + Duration::from_millis(100)))
        .fault(slow().at(AT + Duration::from_millis(200)))
        .run_for(Duration::from_secs(5))
        .unwrap();
    assert_eq!(report.total.ends.failed, 1, "{report}");
}
