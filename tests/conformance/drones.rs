//! Listener and drones: sessions, deaths and returns (85 to 97).

use std::time::Duration;

use opensrf_actors::host::HostBuilder;

use super::form::Form;
use super::listener::drones;
use super::peer::{Peer, at_router};
use super::played::nobody;
use crate::proxy::Proxy;
use crate::raw::short;
use crate::services::{gate, math, odd, odd_service};
use crate::support::{
    Way, address, guest, hub, knows, over, over_every_way, over_paused_ways, run,
};

fn one_drone(builder: HostBuilder) -> HostBuilder {
    builder.service_sized(odd_service(), 1, 1, 10)
}

fn two_drones(builder: HostBuilder) -> HostBuilder {
    builder.service_sized(odd_service(), 2, 2, 10)
}

#[test]
fn s085_a_session_has_its_drone_to_itself() {
    over_every_way(two_drones, |net| async move {
        for form in Form::ALL {
            let mut peer = Peer::enters(&net, form, "peer").await;
            let mut other = Peer::enters(&net, form, "other").await;
            let drone = peer.connects("test.odd", "t").await;
            for _ in 0..5 {
                other.asks("test.odd", "caller", "").await;
                let answer = other.hears().await;
                assert_ne!(answer.from.as_ref().expect("a drone").as_str(), drone);
                peer.says(&drone, "t", &[form.request(1, "caller", "")])
                    .await;
                let answer = peer.hears().await;
                assert_eq!(answer.from.as_ref().expect("a drone").as_str(), drone);
            }
            peer.says(&drone, "t", &[form.disconnect(1)]).await;
        }
    });
}

#[test]
fn s086_an_idle_session_is_told_408_and_its_drone_serves_others() {
    over_paused_ways(one_drone, |net| async move {
        for form in Form::ALL {
            let mut peer = Peer::enters(&net, form, "peer").await;
            let mut other = Peer::enters(&net, form, "other").await;
            let drone = peer.connects("test.odd", "t").await;
            peer.says(&drone, "t", &[form.request(3, "nothing", "")])
                .await;
            peer.hears().await;
            let before = tokio::time::Instant::now();
            other.asks("test.odd", "nothing", "").await;
            let over = peer.hears().await;
            assert_eq!(before.elapsed().as_secs(), 5);
            assert_eq!(
                (&*over.thread(), &*short(&over)),
                ("t", "3: 408 osrfConnectStatus")
            );
            let body = over.decode().body.to_string();
            assert!(body.contains("\"Disconnected on timeout\""), "{body}");
            assert_eq!(other.hears_the_end().await, "1: 205 osrfConnectStatus");
        }
    });
}

#[test]
fn s087_disconnect_frees_the_drone_at_once_and_is_not_answered() {
    over_paused_ways(one_drone, |net| async move {
        for form in Form::ALL {
            let mut peer = Peer::enters(&net, form, "peer").await;
            let mut other = Peer::enters(&net, form, "other").await;
            let drone = peer.connects("test.odd", "t").await;
            let before = tokio::time::Instant::now();
            other.asks("test.odd", "nothing", "").await;
            peer.says(&drone, "t", &[form.disconnect(0)]).await;
            assert_eq!(other.hears_the_end().await, "1: 205 osrfConnectStatus");
            assert!(before.elapsed() < Duration::from_millis(100));
            tokio::time::sleep(Duration::from_secs(10)).await;
            peer.hears_nothing().await;
        }
    });
}

#[test]
fn s088_a_drone_ends_after_its_number_of_jobs_and_another_takes_its_place() {
    fn twice(builder: HostBuilder) -> HostBuilder {
        one_drone(builder).max_requests(2)
    }
    over_paused_ways(twice, |net| async move {
        for form in Form::ALL {
            let mut peer = Peer::enters(&net, form, "peer").await;
            let mut answered = Vec::new();
            for job in 0..6 {
                // A session is one job, however much is asked in it.
                let thread = format!("t{job}");
                let drone = peer.connects("test.odd", &thread).await;
                for trace in 1..=3 {
                    let request = form.request(trace, "nothing", "");
                    peer.says(&drone, &thread, &[request]).await;
                    let told = short(&peer.hears().await);
                    assert_eq!(told, format!("{trace}: 205 osrfConnectStatus"));
                }
                peer.says(&drone, &thread, &[form.disconnect(3)]).await;
                tokio::time::sleep(Duration::from_secs(1)).await;
                answered.push(drone);
            }
            assert_eq!(answered[0], answered[1]);
            answered.dedup();
            assert_eq!(answered.len(), 3, "{answered:?}");
            let left = drones(&net, "test.odd");
            assert_eq!(left.len(), 1);
            assert!(!answered.contains(&left[0]));
        }
    });
}

#[test]
fn s089_the_first_request_beyond_the_number_of_a_session_gets_307() {
    fn twice(builder: HostBuilder) -> HostBuilder {
        one_drone(builder).session_requests(2)
    }
    over_every_way(twice, |net| async move {
        for form in Form::ALL {
            let mut peer = Peer::enters(&net, form, "peer").await;
            let drone = peer.connects("test.odd", "t").await;
            for (trace, told) in [
                (1, "1: 205 osrfConnectStatus"),
                (2, "2: 205 osrfConnectStatus"),
                (3, "3: 307 osrfConnectStatus"),
            ] {
                let request = form.request(trace, "nothing", "");
                peer.says(&drone, "t", &[request]).await;
                assert_eq!(short(&peer.hears().await), told);
            }
            // It is free; as Perl clients do, the session connects again under its old thread.
            let drone = peer.connects("test.odd", "t").await;
            let request = form.request(3, "nothing", "");
            peer.says(&drone, "t", &[request]).await;
            assert_eq!(short(&peer.hears().await), "3: 205 osrfConnectStatus");
            peer.says(&drone, "t", &[form.disconnect(3)]).await;
        }
    });
}

#[test]
fn s090_results_and_statuses_are_ignored_and_open_no_session() {
    over_paused_ways(one_drone, |net| async move {
        for form in Form::ALL {
            let mut peer = Peer::enters(&net, form, "peer").await;
            let mut other = Peer::enters(&net, form, "other").await;
            let stray = [
                form.result(1, "1"),
                form.piece(1, "1"),
                form.complete(1),
                form.connected(0),
                form.status(1, "osrfMethodException", 500, "stray"),
            ];
            for message in &stray {
                let message = std::slice::from_ref(message);
                peer.says(&at_router("test.odd"), "t", message).await;
                // The only drone is free.
                let told = other.is_told("test.odd", "nothing", "").await;
                assert_eq!(told, "1: 205 osrfConnectStatus");
            }
            // Nor do they harm a session.
            let drone = peer.connects("test.odd", "s").await;
            peer.says(&drone, "s", &stray).await;
            peer.says(&drone, "s", &[form.request(2, "nothing", "")])
                .await;
            assert_eq!(short(&peer.hears().await), "2: 205 osrfConnectStatus");
            peer.says(&drone, "s", &[form.disconnect(2)]).await;
            tokio::time::sleep(Duration::from_secs(10)).await;
            peer.hears_nothing().await;
        }
    });
}

#[test]
fn s091_a_drone_that_dies_of_a_request_is_replaced() {
    over_paused_ways(two_drones, |net| async move {
        for form in Form::ALL {
            let mut peer = Peer::enters(&net, form, "peer").await;
            let before = drones(&net, "test.odd");
            for method in ["panic", "panic.later", "panic"] {
                // The original says nothing; its clients wait for their time-out.
                let told = peer.is_told("test.odd", method, "").await;
                assert_eq!(told, "1: 500 osrfMethodException");
            }
            let told = peer.is_told("test.odd", "nothing", "").await;
            assert_eq!(told, "1: 205 osrfConnectStatus");
            tokio::time::sleep(Duration::from_secs(1)).await;
            let after = drones(&net, "test.odd");
            assert_eq!(after.len(), 2);
            assert!(after.iter().any(|drone| !before.contains(drone)));
        }
    });
}

#[test]
fn s095_a_listener_registers_again_when_the_server_is_back() {
    run(false, async {
        let hub = hub().listen("127.0.0.1:0").start().await.unwrap();
        hub.ready().await.unwrap();
        let proxy = Proxy::to(&address(&hub)).await;
        let host = math(guest(proxy.address())).start().await.unwrap();
        host.ready().await.unwrap();
        for _ in 0..2 {
            proxy.block();
            // A call bounces off the dead listener, and so the class goes.
            while knows(&hub, "opensrf.math").await {
                let _ = hub.call("opensrf.math", "add", (1, 2)).await;
            }
            proxy.unblock();
            while !knows(&hub, "opensrf.math").await {
                tokio::time::sleep(Duration::from_millis(2)).await;
            }
            let sum = async || hub.call("opensrf.math", "add", (1, 2)).await.is_ok();
            while !sum().await {}
        }
        host.shutdown().await.unwrap();
    });
}

#[test]
fn s096_a_listener_drops_error_stanzas() {
    over_paused_ways(odd, |net| async move {
        let listener = net.log.address_of("test.odd_listener_at_");
        for form in Form::ALL {
            let mut peer = Peer::enters(&net, form, "peer").await;
            let ignored = net.host.figures().ignored;
            let request = form.body(&[form.request(1, "panic", "")]);
            let outside = super::form::Envelope {
                to: &listener,
                from: &peer.address,
                thread: "t",
                ..Default::default()
            };
            let error = "<error type='cancel'><service-unavailable/></error>";
            for stanza in [
                form.message(outside, &format!("<body>{request}</body>{error}")),
                form.stanza(outside, &request)
                    .replacen("<message", "<message type='error'", 1),
            ] {
                peer.raw.say(&stanza).await;
            }
            tokio::time::sleep(Duration::from_secs(10)).await;
            peer.hears_nothing().await;
            let figures = net.host.figures();
            assert_eq!((figures.panics, figures.ignored), (0, ignored + 2));
        }
    });
}

#[test]
fn s097_a_drone_that_lost_its_connection_takes_no_more_requests() {
    over(Way::Tcp, nobody, |net| async move {
        let (service, gate) = gate();
        net.host.add_service_sized(service, 1, 1).await.unwrap();
        let mut peer = Peer::enters(&net, Form::C, "peer").await;
        peer.asks("test.gate", "pass", "").await;
        gate.holds(1).await;
        let [dead] = &drones(&net, "test.gate")[..] else {
            panic!("one drone");
        };
        // Somebody takes its address, and so ends its connection.
        let resource = dead.split_once('/').unwrap().1;
        let thief = Peer::enters(&net, Form::C, resource).await;
        gate.holds(0).await;
        let told = short(&peer.hears().await);
        assert_eq!(told, "1: 500 osrfMethodException", "its caller is told");
        drop(thief);
        gate.admit(3);
        for _ in 0..3 {
            peer.asks("test.gate", "pass", "").await;
            let answer = peer.hears().await;
            assert_eq!(short(&answer), "1: \"passed\", 1: 205 osrfConnectStatus");
            assert_ne!(answer.from.as_ref().expect("another drone").as_str(), dead);
        }
    });
}
