//! What happens when connections, servers and routers go away, and come back.

use std::collections::BTreeSet;
use std::time::Duration;

use opensrf::osrf::Status;
use opensrf::session::CallError;
use opensrf_actors::client::Client;
use opensrf_actors::host::{Host, HostHandle};
use serde_json::{Value, json};

use crate::proxy::Proxy;
use crate::raw::{Raw, message, request};
use crate::services::{gate, math, odd, odd_service};
use crate::support::{Log, Way, address, adds_up, guest, hub, over, run};

/// How long anything may take to heal. None takes as long.
const PATIENCE: Duration = Duration::from_secs(60);

/// Waits until a condition holds.
async fn until(condition: impl AsyncFn() -> bool) {
    let waiting = async {
        while !condition().await {
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
    };
    let healed = tokio::time::timeout(PATIENCE, waiting).await;
    assert!(healed.is_ok(), "it did not heal");
}

/// What is lost on a cut connection is lost silently, as ever with TCP.
fn hasty(client: &Client) -> Client {
    client.with_timeout(Duration::from_millis(200))
}

/// Waits until calls go well again.
async fn heals(client: &Client) {
    let client = hasty(client);
    until(async || client.call("opensrf.math", "add", (1, 2)).await.is_ok()).await;
}

/// A hub, and a host with `opensrf.math` and `test.odd` behind a proxy.
async fn far_host(log: &Log) -> (HostHandle, Proxy, HostHandle) {
    let hub = hub().listen("127.0.0.1:0").tap(log.tap()).start();
    let hub = hub.await.unwrap();
    hub.ready().await.unwrap();
    let proxy = Proxy::to(&address(&hub)).await;
    let host = odd(guest(proxy.address())).start().await.unwrap();
    host.ready().await.unwrap();
    (hub, proxy, host)
}

#[test]
fn a_service_registers_again_when_its_connections_were_cut() {
    run(false, async {
        let log = Log::default();
        let (hub, proxy, host) = far_host(&log).await;
        adds_up(&hub).await;
        for _ in 0..3 {
            proxy.cut();
            heals(hub.client()).await;
            // Its own client comes back as well.
            heals(host.client()).await;
        }
        let drones: BTreeSet<_> = log.said_by_drones().into_iter().map(|s| s.from).collect();
        assert!(drones.len() >= 4, "drones are replaced: {drones:?}");
        host.shutdown().await.unwrap();
    });
}

#[test]
fn a_service_comes_back_after_a_long_time_without_a_server() {
    run(false, async {
        let log = Log::default();
        let (hub, proxy, host) = far_host(&log).await;
        proxy.block();
        let fails = async |host: &HostHandle, wanted: fn(&CallError) -> bool| {
            let client = hasty(host.client());
            until(async || {
                let outcome = client.call("opensrf.math", "add", (1, 2)).await;
                outcome.is_err_and(|error| error.call().is_some_and(wanted))
            })
            .await;
        };
        fails(&hub, |error| matches!(error, CallError::Unreachable { .. })).await;
        fails(&host, |error| matches!(error, CallError::Offline)).await;
        proxy.unblock();
        heals(hub.client()).await;
        heals(host.client()).await;
    });
}

#[test]
fn calls_that_were_open_when_the_connection_was_cut_end_at_once() {
    run(false, async {
        let log = Log::default();
        let (hub, proxy, host) = far_host(&log).await;
        let (service, gate) = gate();
        host.add_service(service).await.unwrap();
        let call = host.client().call("test.gate", "pass", ());
        let cut = async {
            gate.holds(1).await;
            proxy.cut();
        };
        let (outcome, ()) = tokio::join!(call, cut);
        assert_eq!(outcome.unwrap_err().call(), Some(&CallError::Offline));
        // The method was given up with its drone.
        gate.holds(0).await;
        heals(hub.client()).await;
    });
}

#[test]
fn a_session_goes_on_after_its_client_was_cut_off() {
    run(false, async {
        let hub = odd(hub().listen("127.0.0.1:0")).start().await.unwrap();
        hub.ready().await.unwrap();
        let proxy = Proxy::to(&address(&hub)).await;
        let desk = guest(proxy.address()).start().await.unwrap();
        desk.ready().await.unwrap();
        let session = desk.client().connect("test.odd").await.unwrap();
        session.call("slow", [1]).await.unwrap();
        proxy.cut();
        until(async || session.call("slow", [1]).await.is_ok()).await;
    });
}

#[test]
fn everybody_comes_back_when_the_hub_is_started_again() {
    run(false, async {
        let first = hub().listen("127.0.0.1:0").start().await.unwrap();
        first.ready().await.unwrap();
        let address = address(&first);
        let host = odd(guest(&address)).start().await.unwrap();
        let desk = guest(&address).start().await.unwrap();
        host.ready().await.unwrap();
        desk.ready().await.unwrap();
        let session = desk.client().connect("test.odd").await.unwrap();
        adds_up(&desk).await;
        first.stop().await.unwrap();
        for round in 0..2 {
            // The port is free as soon as the hub has ended.
            let again = hub().listen(&address).start().await.unwrap();
            heals(desk.client()).await;
            until(async || session.call("slow", [round]).await.is_ok()).await;
            heals(again.client()).await;
            again.stop().await.unwrap();
        }
    });
}

#[test]
fn services_register_again_when_only_the_router_was_gone() {
    run(false, async {
        let log = Log::default();
        let server = odd(hub().listen("127.0.0.1:0").tap(log.tap()));
        let server = server.start().await.unwrap();
        server.ready().await.unwrap();
        adds_up(&server).await;
        // Somebody takes the router's address, and so ends it; its host makes another.
        let usurper = Raw::log_in_as("router", "localhost", &server, "router").await;
        until(async || server.figures().restarts > 0).await;
        drop(usurper);
        heals(server.client()).await;
        let registered = |stanzas: &[opensrf::stanza::Stanza]| {
            let commands = stanzas.iter().map(|s| s.extension().router_command.clone());
            commands.filter(|command| *command == "register").count()
        };
        assert!(registered(&log.stanzas()) >= 4);
    });
}

#[test]
fn a_listener_that_was_thrown_out_comes_back() {
    over(Way::Tcp, math, |net| async move {
        let listener = net.log.address_of("opensrf.math_listener_at_");
        let resource = listener.split_once('/').unwrap().1;
        for _ in 0..2 {
            let mut thief = Raw::log_in(&net.hub, resource).await;
            // The listener takes its address back.
            assert!(thief.rest().await.contains("<conflict"));
            heals(net.client()).await;
        }
    });
}

#[test]
fn a_drone_that_was_thrown_out_is_replaced_and_its_caller_is_told() {
    over(Way::Tcp, math, |net| async move {
        let (service, gate) = gate();
        net.host.add_service_sized(service, 1, 1).await.unwrap();
        // The first call shows the address of the only drone.
        gate.admit(1);
        net.client().call("test.gate", "pass", ()).await.unwrap();
        let drone = net.log.address_of("test.gate_drone_at_");
        let call = net.client().call("test.gate", "pass", ());
        let theft = async {
            gate.holds(1).await;
            Raw::log_in(&net.hub, drone.split_once('/').unwrap().1).await
        };
        let (outcome, _thief) = tokio::join!(call, theft);
        let (code, text) = crate::support::status(&outcome.unwrap_err());
        assert_eq!(
            (code, text.as_str()),
            (500, "the drone died while it had this request")
        );
        gate.admit(1);
        net.client().call("test.gate", "pass", ()).await.unwrap();
        assert_ne!(net.log.address_of("test.gate_drone_at_"), drone);
        assert_eq!(net.host.figures().abandoned, 1);
    });
}

#[test]
fn a_session_whose_drone_was_thrown_out_goes_on_with_another() {
    over(Way::Tcp, odd, |net| async move {
        let session = net.client().connect("test.odd").await.unwrap();
        session.call("slow", [0]).await.unwrap();
        let drone = net.log.address_of("test.odd_drone_at_");
        let thief = Raw::log_in(&net.hub, drone.split_once('/').unwrap().1).await;
        drop(thief);
        let answers = session.call("slow", [7]).await.unwrap();
        assert_eq!(answers.one::<Value>().unwrap(), json!([7]));
        assert_ne!(net.log.address_of("test.odd_drone_at_"), drone);
    });
}

#[test]
fn a_client_that_left_is_forgotten_by_its_drone() {
    over(Way::Tcp, math, |net| async move {
        let (service, gate) = gate();
        net.host.add_service_sized(service, 1, 1).await.unwrap();
        let mut leaver = Raw::log_in(&net.hub, "leaver").await;
        let body = request("1", "pass", "[]");
        leaver
            .say(&message("router@localhost/test.gate", "t", &body))
            .await;
        gate.holds(1).await;
        drop(leaver);
        gate.admit(2);
        net.client().call("test.gate", "pass", ()).await.unwrap();
    });
}

#[test]
fn a_server_that_ends_tells_its_clients() {
    run(false, async {
        let hub = math(hub()).listen("127.0.0.1:0").spawn().await.unwrap();
        hub.ready().await.unwrap();
        let mut raw = Raw::log_in(&hub, "client").await;
        hub.stop().await.unwrap();
        let said = raw.rest().await;
        assert!(said.contains("<system-shutdown"), "{said}");
        assert!(said.ends_with("</stream:stream>"), "{said}");
    });
}

#[test]
fn a_server_that_ends_hands_out_what_waits() {
    run(false, async {
        let log = Log::default();
        let hub = odd(hub()).listen("127.0.0.1:0").tap(log.tap());
        let hub = hub.spawn().await.unwrap();
        hub.ready().await.unwrap();
        let mut raw = Raw::log_in(&hub, "client").await;
        let text = "x".repeat(1_000_000);
        let body = request("1", "opensrf.system.echo", &format!("[\"{text}\"]"));
        for thread in ["1", "2", "3", "4"] {
            raw.say(&message("router@localhost/test.odd", thread, &body))
                .await;
        }
        until(async || log.drones_that_said(&Status::complete()).len() == 4).await;
        let (ended, rest) = tokio::join!(hub.shutdown(), raw.rest());
        ended.unwrap();
        assert_eq!(rest.matches("Request Complete").count(), 4);
        assert!(rest.ends_with("</stream:stream>"));
    });
}

#[test]
fn a_service_may_start_before_its_router() {
    run(false, async {
        let alone = Host::builder().listen("127.0.0.1:0").start().await.unwrap();
        let address = address(&alone);
        alone.stop().await.unwrap();
        // Nobody listens there now.
        let host = math(guest(&address)).service(odd_service()).start();
        let host = host.await.unwrap();
        assert!(host.client().online().await.is_err());
        let hub = hub().listen(&address).start().await.unwrap();
        host.ready().await.unwrap();
        adds_up(&hub).await;
        adds_up(&host).await;
    });
}
