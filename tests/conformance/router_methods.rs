//! Router: what it answers (71 to 76).

use std::time::Duration;

use serde_json::{Value, json};

use super::domains::{PRIVATE, PUBLIC, two_domains};
use super::form::Form;
use super::peer::Peer;
use super::played::nobody;
use super::router::{ROUTER, listener};
use crate::raw::short;
use crate::support::{Net, over_every_way, run};

const INFO: &str = "opensrf.router.info";

/// What the router answers: result and end, each in a stanza of its own as the original has it.
async fn told(peer: &mut Peer, method: &str, params: &str) -> Value {
    let request = peer.form.request(5, &format!("{INFO}.{method}"), params);
    peer.says(ROUTER, "t", &[request]).await;
    let result = short(&peer.hears().await);
    assert_eq!(short(&peer.hears().await), "5: 205 osrfConnectStatus");
    let content = result.strip_prefix("5: ").expect("a result");
    serde_json::from_str(content).expect("JSON")
}

/// Two classes, the first with two nodes, after three requests to it and one to the other.
async fn busy(net: &Net) -> Vec<Peer> {
    let mut peers = vec![
        listener(net, Form::C, "test.a", 1).await,
        listener(net, Form::Perl, "test.a", 2).await,
        listener(net, Form::C, "test.b", 1).await,
    ];
    let mut client = Peer::enters(net, Form::C, "client").await;
    for class in ["test.a", "test.a", "test.a", "test.b"] {
        client.asks(class, "m", "").await;
    }
    for (peer, requests) in peers.iter_mut().zip([2, 1, 1]) {
        for _ in 0..requests {
            peer.hears().await;
        }
    }
    peers
}

#[test]
fn s071_class_list_names_the_classes() {
    over_every_way(nobody, |net| async move {
        let _peers = busy(&net).await;
        for form in Form::ALL {
            let mut peer = Peer::enters(&net, form, "peer").await;
            let classes = told(&mut peer, "class.list", "").await;
            assert_eq!(classes, json!(["test.a", "test.b"]));
        }
    });
}

#[test]
fn s072_figures_have_the_shapes_that_callers_know() {
    over_every_way(nobody, |net| async move {
        let peers = busy(&net).await;
        let [a1, a2, b1] = [0, 1, 2].map(|at| peers[at].address.as_str());
        for form in Form::ALL {
            let mut peer = Peer::enters(&net, form, "peer").await;
            let cases = [
                ("stats.class.summary", "[\"test.a\"]", json!(3)),
                ("stats.class", "[\"test.a\"]", json!({a1: 2, a2: 1})),
                (
                    "stats.class.node.all",
                    "",
                    json!({"test.a": 3, "test.b": 1}),
                ),
                (
                    "stats.class.all",
                    "",
                    json!({"test.a": {a1: 2, a2: 1}, "test.b": {b1: 1}}),
                ),
            ];
            for (method, params, expected) in cases {
                assert_eq!(told(&mut peer, method, params).await, expected, "{method}");
            }
        }
    });
}

#[test]
fn s073_figures_of_an_unknown_class_are_nothing_and_the_router_lives() {
    over_every_way(nobody, |net| async move {
        for form in Form::ALL {
            let mut peer = Peer::enters(&net, form, "peer").await;
            for _ in 0..2 {
                let none = told(&mut peer, "stats.class.summary", "[\"none\"]").await;
                assert_eq!(none, json!(0));
                let none = told(&mut peer, "stats.class", "[\"none\"]").await;
                assert_eq!(none, json!({}));
            }
        }
        assert_eq!(net.hub.figures().restarts, 0);
    });
}

#[test]
fn s074_an_unknown_method_of_the_router_is_404() {
    over_every_way(nobody, |net| async move {
        for form in Form::ALL {
            let mut peer = Peer::enters(&net, form, "peer").await;
            for method in ["opensrf.router.info.class.node.list", "add", ""] {
                let request = form.request(5, method, "");
                peer.says(ROUTER, "t", &[request]).await;
                let refused = peer.hears().await;
                assert_eq!(refused.thread(), "t");
                let body = refused.decode().body.to_string();
                assert!(body.contains("\"Router method not found\""), "{body}");
                assert_eq!(short(&refused), "5: 404 osrfMethodException");
            }
            peer.hears_nothing().await;
        }
    });
}

#[test]
fn s075_the_router_takes_a_connect() {
    over_every_way(nobody, |net| async move {
        for form in Form::ALL {
            let mut peer = Peer::enters(&net, form, "peer").await;
            for trace in [0, 3] {
                peer.says(ROUTER, "t", &[form.connect(trace)]).await;
                let opened = peer.hears().await;
                let expected = format!("{trace}: 200 osrfConnectStatus");
                assert_eq!((short(&opened), &*opened.thread()), (expected, "t"));
                // Perl clients go on where the 200 came from, and close the session.
                assert_eq!(opened.from.as_ref().expect("the router").as_str(), ROUTER);
                assert_eq!(told(&mut peer, "class.list", "").await, json!([]));
                peer.says(ROUTER, "t", &[form.disconnect(trace)]).await;
                peer.hears_nothing().await;
            }
        }
    });
}

#[test]
fn s076_the_router_answers_trusted_domains_only() {
    run(true, async {
        let hub = two_domains(nobody).await;
        let router = format!("router@{PRIVATE}/router");
        for form in Form::ALL {
            let ask = [
                form.connect(0),
                form.request(1, &format!("{INFO}.class.list"), ""),
            ];
            let stranger = format!("opensrf@{PUBLIC}/client");
            let mut stranger = Peer::logs_in(&hub.duplex(), form, &stranger).await;
            stranger.says(&router, "t", &ask).await;
            tokio::time::sleep(Duration::from_secs(10)).await;
            stranger.hears_nothing().await;
            let friend = format!("opensrf@{PRIVATE}/client");
            let mut friend = Peer::logs_in(&hub.duplex(), form, &friend).await;
            friend.says(&router, "t", &ask).await;
            assert_eq!(short(&friend.hears().await), "0: 200 osrfConnectStatus");
            assert_eq!(short(&friend.hears().await), "1: []");
        }
    });
}
