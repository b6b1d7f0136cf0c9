use std::time::Duration;

use opensrf::osrf::Json;
use serde_json::json;

use super::super::{
    Arrivals, Ask, Clients, Fault, FaultKind, Hosts, LinkLaw, Pace, Replayed, RouterAt, Scenario,
    Served,
};
use super::*;
use crate::law::Law;
use crate::sim::expect::Expectation;

const SECOND: Duration = Duration::from_secs(1);

fn law(text: &str) -> Law {
    Law::parse(text).expect("is a law")
}

fn work() -> Served {
    Served::simulated("acme.work", law("20ms"))
}

fn math() -> Served {
    Served::own(crate::services::math::service().expect("needs nothing"))
}

fn web() -> Clients {
    Clients::open("web", 10.0)
}

/// One that can be run.
fn sound() -> Scenario {
    Scenario::new("x").service(work()).clients(web())
}

fn flaws_of(scenario: &Scenario) -> Vec<String> {
    match scenario.check() {
        Ok(()) => Vec::new(),
        Err(ScenarioError(flaws)) => flaws.iter().map(Problem::to_string).collect(),
    }
}

fn assert_flaws(cases: impl IntoIterator<Item = (Scenario, &'static str)>) {
    for (scenario, wanted) in cases {
        assert_eq!(flaws_of(&scenario), [wanted]);
    }
}

#[test]
fn a_service_and_clients_are_enough() {
    assert_eq!(flaws_of(&sound()), [""; 0]);
    let every_name = sound()
        .domain("a.example")
        .domain("b.example")
        .router(RouterAt::new("a.example"))
        .router(RouterAt::new("b.example"))
        .hosts(Hosts::new("app").count(2).routers(["b.example"]))
        .service(Served::simulated("acme.other", Law::ZERO).on(["app", "app-2"]))
        .clients(web_of("desk").domain("b.example"))
        .fault(Fault::new(FaultKind::KillHost).on("app-1"))
        .fault(Fault::new(FaultKind::KillRouter).on("b.example"))
        .fault(Fault::new(FaultKind::Cut).on("desk"))
        .fault(Fault::new(FaultKind::Hang).on("acme.work"))
        .expect(Expectation::parse("desk refused = 0").unwrap());
    assert_eq!(flaws_of(&every_name), [""; 0]);
}

fn web_of(name: &str) -> Clients {
    Clients::open(name, 10.0)
}

#[test]
fn a_run_has_a_length_and_parts() {
    let year = 366 * 24 * 3600 * SECOND;
    assert_flaws([
        (
            sound().duration(Duration::ZERO),
            "duration: must be above zero",
        ),
        (
            sound().duration(year + SECOND),
            "duration: is more than a year",
        ),
        (
            sound().warmup(60 * SECOND),
            "warmup: must be shorter than the duration, 60s",
        ),
        (
            Scenario::new("nobody"),
            "clients: there are none, so nobody would ask anything; add [[clients]]",
        ),
        (sound().slices(0), "slices: must be from 1 to 10000"),
        (sound().slices(10_001), "slices: must be from 1 to 10000"),
    ]);
}

#[test]
fn a_network_has_what_it_names() {
    let slow = LinkLaw::new(Law::ZERO).bandwidth(0.5);
    assert_flaws([
        (sound().domain("a b"), "domains[0]: \"a b\" is no domain"),
        (
            sound()
                .domain("localhost")
                .domain("localhost")
                .router(RouterAt::default()),
            "domains[1]: \"localhost\" is there already; give each its own name",
        ),
        (
            sound()
                .router(RouterAt::new("localhost"))
                .router(RouterAt::new("x")),
            "routers[1].domain: there is no domain \"x\"; there are localhost",
        ),
        (
            sound()
                .router(RouterAt::default())
                .router(RouterAt::default()),
            "routers[1].domain: \"localhost\" is there already; give each its own name",
        ),
        (
            sound().router(RouterAt::default().link(slow.clone())),
            "routers[0].link.bandwidth: must be one byte a second at least",
        ),
        (
            sound().hosts(Hosts::new("a b")),
            "hosts[0].name: \"a b\" cannot be a name; use letters, digits and . - _ :",
        ),
        (
            sound().hosts(Hosts::new("server")),
            "hosts[0].name: \"server\" cannot be a name; use letters, digits and . - _ :",
        ),
        (
            sound().hosts(Hosts::new("a")).hosts(Hosts::new("a")),
            "hosts[1].name: \"a\" is there already; give each its own name",
        ),
        (
            sound()
                .hosts(Hosts::new("a").count(2))
                .hosts(Hosts::new("a-1")),
            "hosts[1].name: \"a-1\" is there already; give each its own name",
        ),
        (
            sound().hosts(Hosts::new("web")),
            "clients[0].name: \"web\" is there already; give each its own name",
        ),
        (
            sound().hosts(Hosts::new("a").count(0)),
            "hosts[0].count: must be from 1 to 10000",
        ),
        (
            sound().hosts(Hosts::new("a").count(usize::MAX)),
            "hosts[0].count: must be from 1 to 10000",
        ),
        (
            sound().hosts(Hosts::new("a").domain("x")),
            "hosts[0].domain: there is no domain \"x\"; there are localhost",
        ),
        (
            sound().hosts(Hosts::new("a").routers(["localhost", "x"])),
            "hosts[0].routers[1]: no router is in \"x\"; there are localhost",
        ),
        (
            sound().hosts(Hosts::new("a").link(LinkLaw::default().loss(1.5))),
            "hosts[0].link.loss: must be from 0 to 1, not 1.5",
        ),
        (
            sound().hosts(Hosts::new("a").slow(0.0)),
            "hosts[0].slow: must be above zero, not 0",
        ),
        (
            sound().hosts(Hosts::new("a").slow(f64::NAN)),
            "hosts[0].slow: must be above zero, not NaN",
        ),
    ]);
}

#[test]
fn who_names_no_domain_is_in_the_first_and_needs_a_router_there() {
    let domains = Scenario::new("x").domain("a.example").domain("b.example");
    let only_b = domains.service(work()).router(RouterAt::new("b.example"));
    let wanted = [
        "hosts[0].routers: no router is in \"a.example\"; there are b.example",
        "clients[0].domain: no router is in \"a.example\"; there are b.example",
    ];
    assert_eq!(flaws_of(&only_b.clone().clients(web())), wanted);
    let there = only_b.hosts(Hosts::new("app").domain("b.example"));
    let there = there
        .clients(web().domain("b.example"))
        .clients(Clients::idle("many", 5));
    assert_eq!(flaws_of(&there), [""; 0], "who is idle needs no router");
}

#[test]
fn a_service_can_be_served() {
    let other = |name: &str| sound().service(Served::simulated(name, Law::ZERO));
    let changed = |served: Served| Scenario::new("x").service(served).clients(web());
    assert_flaws([
        (
            other("router"),
            "services[1].name: \"router\" is no name of a service",
        ),
        (
            other("a/b"),
            "services[1].name: \"a/b\" is no name of a service",
        ),
        (
            other("acme.work"),
            "services[1].name: \"acme.work\" is there already; give each its own name",
        ),
        (
            changed(work().on(["host", "x"])),
            "services[0].hosts[1]: there is no host \"x\"; there are host",
        ),
        (
            changed(work().on([])),
            "services[0].hosts: is empty; leave it out for all hosts",
        ),
        (
            changed(work().drones(0, 0)),
            "services[0].drones.max: must be from 1 to 100000",
        ),
        (
            changed(work().drones(9, 8)),
            "services[0].drones.min: 9 is more than max 8",
        ),
        (
            changed(work().keepalive(Duration::ZERO)),
            "services[0].keepalive: must be above zero",
        ),
        (
            changed(work().max_wait(Duration::ZERO)),
            "services[0].max_wait: must be above zero",
        ),
        (
            changed(work().max_run(Duration::MAX)),
            "services[0].max_run: is more than a year",
        ),
        (
            changed(work().errors(-0.1)),
            "services[0].errors: must be from 0 to 1, not -0.1",
        ),
        (
            changed(work().panics(f64::INFINITY).errors(0.0)),
            "services[0].panics: must be from 0 to 1, not inf",
        ),
        (
            changed(work().errors(0.5).panics(0.6)),
            "services[0].panics: more than all calls would panic or end in an error",
        ),
        (
            changed(work().answer_bytes(1_000_001)),
            "services[0].answer_bytes: must be 1000000 at most",
        ),
    ]);
}

#[test]
fn clients_have_somebody_to_ask_and_a_time_for_it() {
    let asking = |clients: Clients| Scenario::new("x").service(work()).clients(clients);
    let coming = |arrivals| asking(web().arrivals(arrivals));
    let bursts = |every, lasts, factor| {
        coming(Arrivals::Bursts {
            every: every * SECOND,
            lasts: lasts * SECOND,
            factor,
        })
    };
    let daily = |day, curve: &[f64]| {
        coming(Arrivals::Daily {
            day: day * SECOND,
            curve: curve.into(),
        })
    };
    let at = |seconds| Replayed {
        at: seconds * SECOND,
        time: None,
    };
    assert_flaws([
        (
            asking(Clients::open("", 1.0)),
            "clients[0].name: \"\" cannot be a name; use letters, digits and . - _ :",
        ),
        (
            asking(web().count(0)),
            "clients[0].count: must be from 1 to 1000000",
        ),
        (
            asking(web().domain("x")),
            "clients[0].domain: no router is in \"x\"; there are localhost",
        ),
        (
            asking(web().link(LinkLaw::default().loss(-1.0))),
            "clients[0].link.loss: must be from 0 to 1, not -1",
        ),
        (
            asking(web().session(0)),
            "clients[0].session: must be 1 at least; leave it out for stateless requests",
        ),
        (
            asking(web().timeout(Duration::ZERO)),
            "clients[0].timeout: must be above zero",
        ),
        (
            asking(Clients::open("web", 0.0)),
            "clients[0].rate: must be above zero, not 0",
        ),
        (
            bursts(0, 1, 2.0),
            "clients[0].bursts.every: must be above zero",
        ),
        (
            bursts(5, 5, 2.0),
            "clients[0].bursts.lasts: must be above zero, and shorter than every",
        ),
        (
            bursts(5, 1, -2.0),
            "clients[0].bursts.factor: must be above zero, not -2",
        ),
        (daily(0, &[1.0]), "clients[0].daily.day: must be above zero"),
        (
            daily(60, &[0.0, 0.0]),
            "clients[0].daily.curve: must be numbers of 0 or more, not all of them 0",
        ),
        (
            daily(60, &[1.0, -1.0]),
            "clients[0].daily.curve: must be numbers of 0 or more, not all of them 0",
        ),
        (
            asking(Clients::replay("web", [])),
            "clients[0].trace: has no requests",
        ),
        (
            asking(Clients::replay("web", [at(2), at(1)])),
            "clients[0].trace: its requests are not in order of time",
        ),
    ]);
}

#[test]
fn what_is_asked_is_there() {
    let asks = |ask| sound().service(math()).clients(web_of("desk").asks(ask));
    let only = |ask| {
        let mut scenario = asks(ask);
        scenario.clients.remove(0);
        scenario
    };
    assert_flaws([
        (
            Scenario::new("x").clients(web()),
            "clients[0].asks: there is no service to ask; add one",
        ),
        (
            Scenario::new("x").service(math()).clients(web()),
            "clients[0].asks: is missing; say which method of \"opensrf.math\" is asked",
        ),
        (
            only(Ask::new("acme.work").weight(0.0)),
            "clients[0].asks[0].weight: must be above zero, not 0",
        ),
        (
            only(Ask::new("acme.wrok")),
            "clients[0].asks[0].service: there is no service \"acme.wrok\"; \
             there are acme.work, opensrf.math",
        ),
        (
            only(Ask::new("opensrf.math")),
            "clients[0].asks[0].method: say which method of \"opensrf.math\" is asked",
        ),
        (
            only(Ask::new("acme.work").method("work", ())),
            "clients[0].asks[0].method: what it takes is said by the service; leave it out",
        ),
        (
            only(Ask::new("opensrf.math").method("add", "2")),
            "clients[0].asks[0].params: parameters must be a list, such as (2, 2) or [\"a\"]: \
             invalid type: string \"2\", expected a sequence at line 1 column 3",
        ),
    ]);
    let fine = [
        Ask::new("opensrf.math").method("add", json!([1, 2])),
        Ask::new("acme.work").method("opensrf.system.echo", [Json::NULL]),
        Ask::new("router").method("opensrf.router.info.summarize", ()),
    ];
    for ask in fine {
        assert_eq!(flaws_of(&only(ask)), [""; 0]);
    }
    let idle = Scenario::new("x").clients(Clients::idle("many", 100));
    assert_eq!(flaws_of(&idle), [""; 0], "who is idle needs nobody");
    assert_eq!(idle.clients[0].pace, Pace::Idle);
}

#[test]
fn faults_hit_something_in_time() {
    let fault = |fault: Fault| sound().service(math()).fault(fault);
    let fault = |it| {
        let mut scenario = fault(it);
        scenario.clients[0] = web().asks(Ask::new("acme.work"));
        scenario
    };
    let new = Fault::new;
    let own_only = |kind| {
        let ask = Ask::new("opensrf.math").method("add", (1, 2));
        let scenario = Scenario::new("x").service(math()).clients(web().asks(ask));
        scenario.fault(Fault::new(kind))
    };
    assert_flaws([
        (
            fault(new(FaultKind::Cut).at(60 * SECOND)),
            "faults[0].at: must be before the end of the run, 60s",
        ),
        (
            fault(new(FaultKind::Slow(0.0))),
            "faults[0].factor: must be above zero, not 0",
        ),
        (
            fault(new(FaultKind::Loss(2.0))),
            "faults[0].fraction: must be from 0 to 1, not 2",
        ),
        (
            fault(new(FaultKind::Cut).lasts(Duration::ZERO)),
            "faults[0].lasts: must be above zero",
        ),
        (
            fault(new(FaultKind::KillServer).on("localhost")),
            "faults[0].on: there is only one server; leave it out",
        ),
        (
            fault(new(FaultKind::KillHost).on("web")),
            "faults[0].on: there is no \"web\" for it; there are host",
        ),
        (
            fault(new(FaultKind::KillRouter).on("host")),
            "faults[0].on: there is no \"host\" for it; there are localhost",
        ),
        (
            fault(new(FaultKind::Cut).on("x")),
            "faults[0].on: there is no \"x\" for it; there are host, localhost, web",
        ),
        (
            fault(new(FaultKind::KillDrone).on("host")),
            "faults[0].on: there is no \"host\" for it; there are acme.work, opensrf.math",
        ),
        (
            fault(new(FaultKind::Panic).on("x")),
            "faults[0].on: there is no \"x\" for it; there are acme.work",
        ),
        (
            fault(new(FaultKind::Panic).on("opensrf.math")),
            "faults[0].on: \"opensrf.math\" is not made up, and does only what its methods say",
        ),
        (
            fault(new(FaultKind::Hang).on("opensrf.math")),
            "faults[0].on: \"opensrf.math\" is not made up, and does only what its methods say",
        ),
        (
            own_only(FaultKind::Hang),
            "faults[0].kind: there is nothing that it could hit",
        ),
        (
            Scenario::new("x")
                .clients(Clients::idle("web", 1))
                .fault(new(FaultKind::KillDrone)),
            "faults[0].kind: there is nothing that it could hit",
        ),
    ]);
    assert_eq!(flaws_of(&own_only(FaultKind::KillDrone)), [""; 0]);
}

#[test]
fn expectations_are_of_somebody_who_is_there() {
    let expect = |text: &str| sound().expect(Expectation::parse(text).unwrap());
    assert_flaws([(
        expect("acme.wrok p99 < 1s"),
        "expect[0]: there is no service and no group of clients called \"acme.wrok\"",
    )]);
    for text in ["p99 < 1s", "acme.work p99 < 1s", "web p99 < 1s"] {
        assert_eq!(flaws_of(&expect(text)), [""; 0]);
    }
}

#[test]
fn all_flaws_are_found_at_once() {
    let scenario = sound().duration(Duration::ZERO).slices(0).domain("");
    let flaws = flaws_of(&scenario);
    assert!(flaws.len() >= 3, "{flaws:?}");
}
