//! Listeners and clients that speak bytes: those of OpenSRF up to 3.0, which have the attributes on
//! `<message>` itself, and some that die with requests on their way.

use std::collections::BTreeSet;

use opensrf::stanza::{Placement, Stanza};
use opensrf_actors::host::{Access, HostHandle};
use serde_json::Value;

use crate::raw::{Raw, message, request};
use crate::services::math;
use crate::support::{Net, Way, hub, knows, over, run};

const SERVICE: &str = "router@localhost/test.raw";

/// What registers a listener for `test.raw` in this form.
pub(crate) fn registers(form: Placement) -> String {
    let attributes = "router_command=\"register\" router_class=\"test.raw\" osrf_xid=\"\"";
    let to = "to=\"router@localhost/router\"";
    match form {
        Placement::Message => {
            format!("<message {to} {attributes}><body>registering...</body></message>")
        }
        Placement::Child | Placement::Both => {
            format!("<message {to}><opensrf {attributes}/><body>registering</body></message>")
        }
    }
}

/// The body that answers a request with 8.
pub(crate) const EIGHT: &str = r#"[{"__c":"osrfMessage","__p":{"threadTrace":1,"type":"RESULT","payload":{"__c":"osrfResult","__p":{"status":"OK","statusCode":200,"content":8}}}},{"__c":"osrfMessage","__p":{"threadTrace":1,"type":"STATUS","payload":{"__c":"osrfConnectStatus","__p":{"status":"Request Complete","statusCode":205}}}}]"#;

/// A listener that has registered for `test.raw` in this form.
async fn listener(hub: &HostHandle, name: &str, form: Placement) -> Raw {
    let mut raw = Raw::log_in(hub, name).await;
    raw.say(&registers(form)).await;
    // What comes over one connection is dealt with in order.
    raw.is_silent().await;
    while !knows(hub, "test.raw").await {}
    raw
}

/// Ends a listener without a word to the router.
async fn kill(hub: &HostHandle, listener: Raw, name: &str) {
    drop(listener);
    let ends = format!("/{name}");
    while hub
        .bound()
        .iter()
        .any(|jid| jid.to_string().ends_with(&ends))
    {
        tokio::task::yield_now().await;
    }
}

/// Requests with the threads `t1`, `t2` …, all in one write.
async fn ask(client: &mut Raw, count: usize) {
    let each = (1..=count).map(|i| message(SERVICE, &format!("t{i}"), &body(i)));
    client.say(&each.collect::<String>()).await;
}

fn body(i: usize) -> String {
    request(&i.to_string(), "work", &format!("[{i}]"))
}

fn is_whole(stanza: &Stanza) -> bool {
    let content = stanza.decode();
    let i = content.thread.trim_start_matches('t').parse().unwrap();
    content.body == *body(i) && content.opensrf.osrf_xid == "xid-1"
}

/// Checks that a listener gets all requests.
async fn gets_all(listener: &mut Raw, count: usize, form: Placement) {
    let mut threads = BTreeSet::new();
    for _ in 0..count {
        let stanza = listener.stanza().await;
        assert!(is_whole(&stanza), "{stanza:?}");
        assert_eq!(stanza.extension().placement, form);
        let sender = stanza.sender().expect("a sender");
        assert_eq!(sender.as_str(), "opensrf@localhost/asker");
        assert!(threads.insert(stanza.thread()), "twice: {stanza:?}");
    }
    listener.is_silent().await;
}

#[test]
fn a_listener_of_the_old_form_serves_callers_of_the_new_one() {
    over(Way::Tcp, math, |net| async move {
        let mut old = listener(&net.hub, "old_listener", Placement::Message).await;
        let client = net.client().clone();
        let call = actix_rt::spawn(async move { client.call("test.raw", "work", (7,)).await });
        let asked = old.stanza().await;
        let names: Vec<_> = asked.extra.iter().map(|(name, _)| &**name).collect();
        assert!(names.contains(&"router_from"), "{names:?}");
        assert_eq!(asked.extension().placement, Placement::Message);
        let caller = asked.sender().expect("a caller");
        assert_ne!(Some(&caller), asked.from.as_ref());
        old.say(&format!(
            "<message to=\"{caller}\" router_from=\"\" osrf_xid=\"\"><thread>{}</thread>\
             <body>{EIGHT}</body></message>",
            asked.thread()
        ))
        .await;
        let answers = call.await.unwrap().unwrap();
        assert_eq!(answers.one::<i64>().unwrap(), 8);
    });
}

#[test]
fn a_listener_of_the_new_form_hears_that_its_caller_is_of_the_old_one() {
    over(Way::Tcp, math, |net| async move {
        let mut new = listener(&net.hub, "new_listener", Placement::Child).await;
        let mut old = Raw::log_in(&net.hub, "asker").await;
        old.say(&format!(
            "<message to=\"{SERVICE}\" osrf_xid=\"xid-1\"><thread>t1</thread><body>{}</body></message>",
            body(1)
        ))
        .await;
        gets_all(&mut new, 1, Placement::Both).await;
        // Of a caller of the new form it hears nothing.
        ask(&mut old, 1).await;
        gets_all(&mut new, 1, Placement::Child).await;
    });
}

async fn dies_with_requests_on_their_way(net: Net, form: Placement) {
    let dead = listener(&net.hub, "dead", form).await;
    let mut live = listener(&net.hub, "live", form).await;
    kill(&net.hub, dead, "dead").await;
    let mut client = Raw::log_in(&net.hub, "asker").await;
    ask(&mut client, 8).await;
    gets_all(&mut live, 8, form).await;
    client.is_silent().await;
}

#[test]
fn all_requests_on_their_way_to_a_listener_that_died_go_to_the_next() {
    over(Way::Tcp, math, |net| {
        dies_with_requests_on_their_way(net, Placement::Child)
    });
    over(Way::Tcp, math, |net| {
        dies_with_requests_on_their_way(net, Placement::Message)
    });
}

#[test]
fn they_do_so_when_bounces_bring_back_nothing_but_the_id() {
    run(false, async {
        // The class does not know its server, as if that were a foreign one.
        let hub = hub().router_access(Access::Duplex).listen("127.0.0.1:0");
        let hub = hub.start().await.unwrap();
        hub.ready().await.unwrap();
        let mut dying = listener(&hub, "dying", Placement::Child).await;
        let mut live = listener(&hub, "live", Placement::Child).await;
        let mut client = Raw::log_in(&hub, "asker").await;
        ask(&mut client, 8).await;
        let mut bounces = String::new();
        for _ in 0..4 {
            let id = dying.stanza().await.into_parts().id;
            bounces += &format!(
                "<message to=\"{SERVICE}\" type=\"error\" id=\"{id}\"><error type=\"cancel\">\
                 <service-unavailable xmlns=\"urn:ietf:params:xml:ns:xmpp-stanzas\"/></error></message>"
            );
        }
        // As Prosody speaks for a listener that is gone.
        dying.say(&bounces).await;
        dying.is_silent().await;
        gets_all(&mut live, 8, Placement::Child).await;
    });
}

async fn dies_as_the_last(net: Net, form: Placement) {
    let dead = listener(&net.hub, "dead", form).await;
    kill(&net.hub, dead, "dead").await;
    let mut client = Raw::log_in(&net.hub, "asker").await;
    ask(&mut client, 5).await;
    let mut threads = BTreeSet::new();
    for _ in 0..5 {
        let told = client.stanza().await;
        assert!(told.is_error() && is_whole(&told), "{told:?}");
        assert!(threads.insert(told.thread()));
    }
    client.is_silent().await;
}

#[test]
fn every_caller_is_told_when_the_last_listener_died() {
    over(Way::Tcp, math, |net| {
        dies_as_the_last(net, Placement::Child)
    });
    over(Way::Tcp, math, |net| {
        dies_as_the_last(net, Placement::Message)
    });
}

#[test]
fn the_router_tells_all_it_knows_as_one_tree() {
    over(Way::Tcp, math, |net| async move {
        let mut raw = listener(&net.hub, "listener", Placement::Child).await;
        let mut client = Raw::log_in(&net.hub, "asker").await;
        ask(&mut client, 2).await;
        gets_all(&mut raw, 2, Placement::Child).await;
        let answers = net
            .client()
            .call("router", "opensrf.router.info.summarize", ());
        let tree: Value = answers.await.unwrap().one().unwrap();
        assert_eq!(tree["router"], "router@localhost/router");
        let class = &tree["classes"][1];
        assert_eq!(
            (&class["class"], &class["address"]),
            (&"test.raw".into(), &SERVICE.into())
        );
        assert_eq!(class["forwarded"], 2);
        let node = &class["nodes"][0];
        assert_eq!(node["node"], "opensrf@localhost/listener");
        assert_eq!(
            (&node["forwarded"], &node["last_bounce_seconds"]),
            (&2.into(), &Value::Null)
        );
        assert!(node["registered_seconds"].as_u64().unwrap() < 60);
    });
}
