//! Router: who may register, and where requests go (58 to 66).

use std::time::Duration;

use super::domains::{PRIVATE, PUBLIC, configured, two_domains};
use super::form::{Envelope, Form};
use super::peer::{Peer, XID, at_router};
use super::played::nobody;
use crate::services::math;
use crate::support::{Net, over_every_way, over_paused_ways, run};

/// Where listeners register.
pub(super) const ROUTER: &str = "router@localhost/router";

/// A listener of this make that the router knows.
pub(super) async fn listener(net: &Net, form: Form, class: &str, number: u32) -> Peer {
    let resource = format!("{class}_listener_vm_{number}");
    let mut listener = Peer::enters(net, form, &resource).await;
    listener.commands(ROUTER, "register", class).await;
    registered(net, class, &listener.address).await;
    listener
}

/// Waits until the router names a node of a class.
async fn registered(net: &Net, class: &str, node: &str) {
    while !nodes(net, class).await.iter().any(|known| known == node) {}
}

/// The nodes of a class, as the router tells.
pub(super) async fn nodes(net: &Net, class: &str) -> Vec<String> {
    let asked = net
        .hub
        .call("router", "opensrf.router.info.stats.class", [class]);
    let answers = asked.await.expect("an answer");
    let nodes: serde_json::Map<String, serde_json::Value> = answers.one().expect("an object");
    nodes.into_iter().map(|(node, _)| node).collect()
}

/// Whether somebody is logged in at an address.
fn is_bound(net: &Net, address: &str) -> bool {
    net.hub.bound().iter().any(|jid| jid.as_str() == address)
}

#[test]
fn s058_the_router_logs_in_at_its_address_and_refuses_to_trust_nobody() {
    over_every_way(nobody, |net| async move {
        assert!(is_bound(&net, ROUTER));
    });
    for (clients, servers) in [
        ("[]", "[\"a\"]"),
        ("[\"a\"]", "[]"),
        ("", "[\"a\"]"),
        ("[\"a\"]", ""),
    ] {
        let list = |name, value| match value {
            "" => String::new(),
            value => format!("{name} = {value}\n"),
        };
        let text = format!(
            "[jabber]\ndomains = [\"a\"]\naccounts = [{{ user = \"router\" }}]\n[router]\n\
             domain = \"a\"\naccount.user = \"router\"\n{}{}",
            list("trusted_clients", clients),
            list("trusted_servers", servers)
        );
        let settings = opensrf_actors::settings::Settings::loader().text("test", &text);
        let refused = settings.load().expect_err("it trusts nobody").to_string();
        assert!(refused.contains("trusted_"), "{refused}");
    }
}

#[test]
fn s059_register_opens_the_class_and_adds_the_sender() {
    over_every_way(nobody, |net| async move {
        for (form, class) in Form::ALL
            .into_iter()
            .zip(["test.c", "test.perl", "test.old"])
        {
            assert!(!is_bound(&net, &at_router(class)));
            let listener = listener(&net, form, class, 1).await;
            assert!(is_bound(&net, &at_router(class)));
            assert_eq!(nodes(&net, class).await, [listener.address]);
        }
    });
}

#[test]
fn s060_a_second_register_makes_no_second_node() {
    over_every_way(nobody, |net| async move {
        let mut first = listener(&net, Form::C, "test.c", 1).await;
        let mut second = listener(&net, Form::Perl, "test.c", 2).await;
        for _ in 0..2 {
            first.commands(ROUTER, "register", "test.c").await;
        }
        assert_eq!(nodes(&net, "test.c").await.len(), 2);
        let mut client = Peer::enters(&net, Form::C, "client").await;
        for _ in 0..2 {
            client.asks("test.c", "m", "").await;
            client.asks("test.c", "m", "").await;
            // One each: with a second node of the first, the second would be left out.
            first.hears_one().await;
            second.hears_one().await;
        }
    });
}

#[test]
fn s061_register_from_a_domain_that_is_not_trusted_is_ignored() {
    run(true, async {
        let hub = two_domains(nobody).await;
        for form in Form::ALL {
            let stranger = format!("opensrf@{PUBLIC}/evil_listener");
            let mut stranger = Peer::logs_in(&hub.duplex(), form, &stranger).await;
            let router = format!("router@{PRIVATE}/router");
            stranger.commands(&router, "register", "test.evil").await;
            tokio::time::sleep(Duration::from_secs(10)).await;
            stranger.hears_nothing().await;
            let class = format!("router@{PRIVATE}/test.evil");
            assert!(hub.bound().iter().all(|jid| jid.as_str() != class));
        }
    });
}

#[test]
fn s062_unregister_removes_the_node_and_the_last_one_closes_the_class() {
    over_every_way(nobody, |net| async move {
        for form in Form::ALL {
            let mut first = listener(&net, form, "test.c", 1).await;
            let mut second = listener(&net, form, "test.c", 2).await;
            first.commands(ROUTER, "unregister", "test.c").await;
            while nodes(&net, "test.c").await.len() > 1 {}
            assert_eq!(nodes(&net, "test.c").await, [second.address.clone()]);
            assert!(is_bound(&net, &at_router("test.c")));
            second.commands(ROUTER, "unregister", "test.c").await;
            while is_bound(&net, &at_router("test.c")) {
                tokio::task::yield_now().await;
            }
            assert!(!crate::support::knows(&net.hub, "test.c").await);
        }
    });
}

#[test]
fn s063_register_and_unregister_are_not_answered() {
    over_paused_ways(nobody, |net| async move {
        for form in Form::ALL {
            let mut peer = Peer::enters(&net, form, "test.c_listener").await;
            for (command, class) in [
                ("unregister", "test.c"),
                ("register", "test.c"),
                ("register", "test.c"),
                ("unregister", "test.c"),
                ("register", ""),
                ("query", "test.c"),
            ] {
                peer.commands(ROUTER, command, class).await;
                tokio::time::sleep(Duration::from_secs(10)).await;
                peer.hears_nothing().await;
            }
        }
    });
}

#[test]
fn s064_requests_go_round_in_the_order_of_registration() {
    over_every_way(nobody, |net| async move {
        let mut nodes = Vec::new();
        for (form, number) in Form::ALL.into_iter().zip(1..) {
            nodes.push(listener(&net, form, "test.c", number).await);
        }
        let mut client = Peer::enters(&net, Form::C, "client").await;
        for round in ["a", "b", "c"] {
            for node in &mut nodes {
                client.asks("test.c", round, "").await;
                assert_eq!(node.hears_one().await.says(), format!("{round} []"));
            }
        }
    });
}

#[test]
fn s065_what_is_passed_on_names_class_and_sender_and_keeps_thread_body_and_xid() {
    over_every_way(nobody, |net| async move {
        let mut node = listener(&net, Form::C, "test.c", 1).await;
        for form in Form::ALL {
            let mut client = Peer::enters(&net, form, "client").await;
            let body = "no OpenSRF, <but> passed on & unread";
            let class = at_router("test.c");
            let outside = Envelope {
                to: &class,
                from: &client.address,
                router_from: "opensrf@localhost/somebody.else",
                class: "test.other",
                command: "register",
                xid: XID,
                thread: "thread 1",
            };
            client.raw.say(&form.stanza(outside, body)).await;
            let text = node.raw.read().await;
            let from = format!("router_from=\"{}\"", client.address);
            assert!(text.contains(&from), "{text}");
            let passed = node.hears().await;
            assert_eq!(passed.from.as_ref().expect("the class").as_str(), class);
            assert_eq!(passed.stanza_type, "");
            let content = passed.decode();
            assert_eq!((&*content.thread, &**content.body), ("thread 1", body));
            assert_eq!(content.opensrf.osrf_xid, XID);
            let others = [
                &*content.opensrf.router_class,
                &*content.opensrf.router_command,
            ];
            assert_eq!(others, ["", ""]);
        }
    });
}

#[test]
fn s066_requests_from_domains_that_are_not_trusted_are_dropped() {
    run(true, async {
        let hub = two_domains(math).await;
        hub.ready().await.expect("ready");
        for form in Form::ALL {
            let stranger = format!("opensrf@{PUBLIC}/client");
            let mut stranger = Peer::logs_in(&hub.duplex(), form, &stranger).await;
            let math = format!("router@{PRIVATE}/opensrf.math");
            let request = form.request(1, "add", "[1,2]");
            let ignored = hub.figures().ignored;
            stranger.says(&math, "t", &[request]).await;
            tokio::time::sleep(Duration::from_secs(10)).await;
            stranger.hears_nothing().await;
            assert_eq!(hub.figures().ignored, ignored + 1);
        }
    });
    // With both domains trusted the same request is answered.
    run(true, async {
        let text = super::domains::HUB.replace(
            "trusted_clients = [\"private.localhost\"]",
            "trusted_clients = [\"private.localhost\", \"public.localhost\"]",
        );
        let hub = configured(&text, math).await;
        hub.ready().await.expect("ready");
        let client = format!("opensrf@{PUBLIC}/client");
        let mut client = Peer::logs_in(&hub.duplex(), Form::C, &client).await;
        let request = Form::C.request(1, "add", "[1,2]");
        client
            .says(&format!("router@{PRIVATE}/opensrf.math"), "t", &[request])
            .await;
        assert_eq!(
            client.hears_the_end().await,
            "1: 3, 1: 205 osrfConnectStatus"
        );
    });
}
