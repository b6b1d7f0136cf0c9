//! Listener and drones: where a service registers, and how its drones are shared (78 to 84).

use std::time::Duration;

use opensrf_actors::host::HostBuilder;

use super::domains::configured;
use super::form::Form;
use super::peer::{Peer, XID, at_router};
use crate::raw::short;
use crate::services::{gate, math, odd_service};
use crate::support::{Net, over_every_way, over_paused_ways, run};

/// Two routers of which the second is for one service only, and both services.
const TWO_ROUTERS: &str = r#"
[jabber]
listen = []
domains = ["localhost"]
accounts = [
    { user = "router", password = "PASSWORD" },
    { user = "second", password = "PASSWORD" },
    { user = "opensrf", password = "PASSWORD" },
]
[bus]
domain = "localhost"
account.user = "opensrf"
routers = [
    { name = "router", domain = "localhost" },
    { name = "second", domain = "localhost", services = ["test.odd"] },
]
"#;

#[test]
fn s078_a_listener_registers_with_each_router_that_is_for_its_service() {
    run(true, async {
        let both = |builder: HostBuilder| math(builder).service(odd_service());
        let hub = configured(TWO_ROUTERS, both).await;
        for (router, expected) in [
            ("router@localhost/router", &["opensrf.math", "test.odd"][..]),
            ("second@localhost/router", &["test.odd"]),
        ] {
            let mut router = Peer::logs_in(&hub.duplex(), Form::C, router).await;
            // Each is said again until the router knows it, which this one never says.
            let mut classes = std::collections::BTreeSet::new();
            for _ in 0..20 {
                let said = router.hears().await;
                let attributes = said.extension();
                if attributes.router_command == "register" {
                    let from = said.from.as_ref().expect("a listener").to_string();
                    let listener = format!("/{}_listener_at_", attributes.router_class);
                    assert!(from.contains(&listener), "{from}");
                    classes.insert(attributes.router_class.to_string());
                }
            }
            assert_eq!(classes.iter().collect::<Vec<_>>(), expected);
        }
    });
}

/// The drones of a service that are logged in.
pub(super) fn drones(net: &Net, service: &str) -> Vec<String> {
    let name = format!("/{service}_drone_at_");
    let bound = net.hub.bound().into_iter().map(|jid| jid.to_string());
    bound.filter(|address| address.contains(&name)).collect()
}

#[test]
fn s080_as_many_drones_as_must_be_are_there_from_the_start_each_with_a_login() {
    let four = |builder: HostBuilder| builder.service_sized(odd_service(), 4, 9, 0);
    over_paused_ways(four, |net| async move {
        // They may log in while the service is registered already, as in C.
        tokio::time::sleep(Duration::from_secs(1)).await;
        assert_eq!(drones(&net, "test.odd").len(), 4);
        tokio::time::sleep(Duration::from_secs(3_600)).await;
        assert_eq!(drones(&net, "test.odd").len(), 4);
    });
}

#[test]
fn s081_drones_answer_the_client_directly_in_their_own_name() {
    over_every_way(math, |net| async move {
        for form in Form::ALL {
            let mut peer = Peer::enters(&net, form, "peer").await;
            peer.asks("opensrf.math", "add", "[1,2]").await;
            let answer = peer.hears().await;
            let from = answer.from.as_ref().expect("a drone").to_string();
            assert!(drones(&net, "opensrf.math").contains(&from), "{from}");
            assert!(answer.extension().router_from.is_none());
            // It went from drone to client, and nowhere else.
            let ways = net.log.stanzas();
            let ways = ways.iter().filter(|s| s.from == answer.from);
            assert!(ways.clone().count() > 0);
            assert!(
                ways.clone()
                    .all(|s| s.to == answer.to || s.thread().is_empty())
            );
        }
    });
}

#[test]
fn s082_a_drone_is_made_when_all_are_busy_and_there_may_be_more() {
    over_every_way(super::played::nobody, |net| async move {
        let (service, gate) = gate();
        net.host.add_service_sized(service, 1, 3).await.unwrap();
        let mut peer = Peer::enters(&net, Form::C, "peer").await;
        for busy in 1..=3 {
            peer.asks("test.gate", "pass", "").await;
            gate.holds(busy).await;
            assert_eq!(drones(&net, "test.gate").len(), busy);
        }
        gate.admit(3);
        for _ in 0..3 {
            assert_eq!(
                short(&peer.hears().await),
                "1: \"passed\", 1: 205 osrfConnectStatus"
            );
        }
    });
}

#[test]
fn s083_when_no_drone_may_be_made_requests_wait_in_line() {
    let two = |builder: HostBuilder| builder.service_sized(odd_service(), 1, 2, 100);
    over_paused_ways(two, |net| async move {
        let mut peer = Peer::enters(&net, Form::Perl, "peer").await;
        for number in 0..10 {
            let request = Form::Perl.request(1, "slow", &format!("[1000,{number}]"));
            peer.says(&at_router("test.odd"), &format!("{number}"), &[request])
                .await;
        }
        let mut order = Vec::new();
        for _ in 0..10 {
            order.push(peer.hears().await.thread().to_string());
        }
        // Two at a time are served.
        for pair in order.chunks_mut(2) {
            pair.sort_unstable();
        }
        let expected: Vec<String> = (0..10).map(|number| number.to_string()).collect();
        assert_eq!(order, expected);
        assert_eq!(drones(&net, "test.odd").len(), 2);
    });
}

#[test]
fn s084_a_request_too_many_is_refused_with_503_under_its_own_thread_and_number() {
    let full = |builder: HostBuilder| builder.service_sized(odd_service(), 1, 1, 1);
    over_paused_ways(full, |net| async move {
        for form in Form::ALL {
            let mut peer = Peer::enters(&net, form, "peer").await;
            for _ in 0..2 {
                peer.asks("test.odd", "slow", "[1000]").await;
            }
            let request = form.request(7, "slow", "[1000]");
            peer.says(&at_router("test.odd"), "too many", &[request])
                .await;
            let refused = peer.hears().await;
            assert_eq!(short(&refused), "7: 503 osrfMethodException");
            let text = "Service unavailable: no available children and backlog queue at limit";
            assert!(refused.decode().body.contains(text));
            assert_eq!(refused.thread(), "too many");
            assert_eq!(refused.extension().osrf_xid, XID);
            let from = refused.from.as_ref().expect("the listener").to_string();
            assert!(from.contains("/test.odd_listener_at_"), "{from}");
            for _ in 0..2 {
                assert!(short(&peer.hears().await).contains("205"));
            }
        }
    });
}
