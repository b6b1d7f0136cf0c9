//! The embedded network with the programs of OpenSRF 3.3.3, as they were recorded: client against
//! server, and drone against client.

use std::collections::BTreeMap;

use futures::StreamExt;
use opensrf::osrf::{self, Body, Message, Status};
use opensrf::session::CallError;
use opensrf::stanza::Stanza;
use opensrf::stream::legacy_digest;
use opensrf_actors::host::{Host, HostHandle};
use opensrf_actors::service::Service;
use serde_json::{Value, json};

use crate::raw::{Raw, stream_id};
use crate::services::math;
use crate::support::{Way, hub, knows, over, run};

const SRFSH: &str = include_str!("../data/srfsh-add.txt");
const PERL: &str = include_str!("../data/perl-client-add.txt");
const DRONES: &str = include_str!("../data/drone-answers.txt");

/// What a client sent, in order.
fn sent(recording: &'static str) -> Vec<&'static str> {
    let lines = recording.lines();
    lines.filter_map(|line| line.strip_prefix("C: ")).collect()
}

/// A hub as the recordings had it, and what the recorded clients ask.
async fn recorded_hub() -> HostHandle {
    let settings = Service::builder("opensrf.settings")
        .function(
            "opensrf.settings.host_config.get",
            |_, (host,): (String,)| Ok(json!({ "host": host })),
        )
        .build()
        .unwrap();
    let dbmath = Service::builder("opensrf.dbmath")
        .function("add", |_, (a, b): (i64, i64)| Ok(a + b))
        .build()
        .unwrap();
    let hub = math(Host::builder())
        .domain("private.localhost")
        .account("opensrf", "password")
        .service(settings)
        .service(dbmath)
        .listen("127.0.0.1:0")
        .start()
        .await
        .unwrap();
    hub.ready().await.unwrap();
    hub
}

/// Sends a header; the answer must be there with one read, and nothing after it.
async fn open(raw: &mut Raw, header: &str) -> String {
    raw.say(header).await;
    let answer = raw.read().await;
    let start = "<?xml version='1.0'?><stream:stream id='";
    assert!(answer.starts_with(start), "{answer}");
    assert!(answer.contains(" xmlns='jabber:client'"), "{answer}");
    assert!(answer.contains(" from='private.localhost'"), "{answer}");
    assert_eq!(answer.find("'>").unwrap() + 2, answer.len(), "{answer}");
    raw.frame().await;
    stream_id(&answer)
}

/// Logs in; the result must be there with one read, and nothing before or after it.
async fn log_in(raw: &mut Raw, iq: &str, id: &str) {
    raw.say(iq).await;
    let result = raw.read().await;
    assert_eq!(result, format!("<iq type='result' id='{id}'/>"));
    raw.frame().await;
}

fn messages(stanza: &Stanza) -> Vec<Message> {
    osrf::decode(&stanza.decode().body).unwrap()
}

#[test]
fn srfsh_logs_in_with_a_digest_and_gets_its_sum() {
    run(false, async {
        let hub = recorded_hub().await;
        let [header, login, request, end] = sent(SRFSH)[..] else {
            panic!("four lines");
        };
        let old = legacy_digest("10595904656000273518", "password");
        assert!(login.contains(&old));
        for is_in_pieces in [false, true] {
            let mut raw = Raw::dial(&hub).await;
            let id = open(&mut raw, header).await;
            let login = login.replace(&old, &legacy_digest(&id, "password"));
            log_in(&mut raw, &login, "123456789").await;
            if is_in_pieces {
                for at in 0..request.len() {
                    raw.say(&request[at..=at]).await;
                }
            } else {
                raw.say(request).await;
            }
            assert!(raw.read().await.ends_with("</message>"));
            let answer = raw.stanza().await;
            let content = answer.decode();
            let drone = answer.from.as_ref().unwrap().as_str();
            assert!(drone.starts_with("opensrf@private.localhost/opensrf.math_drone_at_"));
            assert_eq!(
                answer.to.as_ref().unwrap().as_str(),
                "opensrf@private.localhost/_vm_1795330780.038944_12424"
            );
            assert_eq!(content.thread, "1795330780.043040.179533078012424");
            assert_eq!(content.opensrf.osrf_xid, "1795330780124240");
            let sum = Message::result(1, osrf::Json::from(3));
            let complete = Message::status(1, Status::complete());
            assert_eq!(messages(&answer), [sum, complete]);
            raw.say(end).await;
            assert_eq!(raw.rest().await, "</stream:stream>");
        }
    });
}

#[test]
fn a_perl_client_logs_in_with_a_password_asks_for_settings_and_gets_its_sum() {
    run(false, async {
        let hub = recorded_hub().await;
        let [header, login, connect, ask, bye, add] = sent(PERL)[..] else {
            panic!("six lines");
        };
        let mut raw = Raw::dial(&hub).await;
        open(&mut raw, header).await;
        log_in(&mut raw, login, "123").await;
        raw.say(connect).await;
        let opened = raw.stanza().await;
        assert_eq!(messages(&opened), [Message::status(0, Status::connected())]);
        let drone = opened.from.as_ref().unwrap().resource().unwrap().to_owned();
        let to_drone =
            |line: &str| line.replace("opensrf.settings_drone_at_localhost_12202", &drone);
        raw.say(&to_drone(ask)).await;
        let settings = raw.stanza().await;
        let expected = osrf::Json::parse(r#"{"host":"localhost"}"#).unwrap();
        assert_eq!(messages(&settings)[0], Message::result(1, expected));
        raw.say(&to_drone(bye)).await;
        raw.say(add).await;
        let sum = raw.stanza().await;
        assert_eq!(sum.thread(), "1795330781.681882486.957478435");
        assert_eq!(messages(&sum)[0], Message::result(1, osrf::Json::from(3)));
    });
}

#[test]
fn an_upstream_client_finds_thread_and_body_in_a_bounce() {
    over(Way::Tcp, math, |net| async move {
        let mut raw = Raw::log_in(&net.hub, "client").await;
        let opensrf = "<opensrf router_from=\"\" router_to=\"\" router_class=\"\" \
                       router_command=\"\" osrf_xid=\"1795330780124240\"/>";
        let body = crate::raw::request("\"1\"", "add", "[1,2]");
        let inside = format!("{opensrf}<thread>t-1</thread><body>{body}</body>");
        raw.say(&format!(
            "<message to=\"router@localhost/no.such\" from=\"opensrf@localhost/client\">{inside}</message>"
        ))
        .await;
        let bounce = raw.read().await;
        assert!(bounce.contains(&inside), "{bounce}");
        assert!(
            bounce.contains("<error type='cancel' code='503'>"),
            "{bounce}"
        );
        let stanza = raw.stanza().await;
        assert_eq!(stanza.stanza_type, "error");
        assert_eq!(
            stanza.from.as_ref().unwrap().as_str(),
            "router@localhost/no.such"
        );
        assert_eq!(
            stanza.to.as_ref().unwrap().as_str(),
            "opensrf@localhost/client"
        );
    });
}

#[test]
fn connect_request_and_disconnect_may_share_a_body() {
    over(Way::Tcp, math, |net| async move {
        let mut raw = Raw::log_in(&net.hub, "client").await;
        let body = r#"[{"__c":"osrfMessage","__p":{"type":"CONNECT","threadTrace":0}},
            {"__c":"osrfMessage","__p":{"type":"REQUEST","threadTrace":"1","payload":{"__c":"osrfMethod","__p":{"method":"add","params":[1,2]}}}},
            {"__c":"osrfMessage","__p":{"type":"DISCONNECT","threadTrace":1}}]"#;
        raw.say(&crate::raw::message(
            "router@localhost/opensrf.math",
            "t",
            body,
        ))
        .await;
        let opened = raw.stanza().await;
        assert_eq!(messages(&opened), [Message::status(0, Status::connected())]);
        let sum = raw.stanza().await;
        assert_eq!(messages(&sum)[0], Message::result(1, osrf::Json::from(3)));
        raw.is_silent().await;
    });
}

/// A listener and drone in one that answers as recorded ones did: the method's name says how.
async fn play_drone(mut raw: Raw) {
    let mut answers: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    let lines = DRONES.lines().filter(|line| !line.starts_with('#'));
    for (name, stanza) in lines.filter_map(|line| line.split_once(' ')) {
        answers.entry(name).or_default().push(stanza);
    }
    loop {
        let asked = raw.stanza().await;
        let to = asked.sender().unwrap().to_string();
        let thread = asked.thread();
        let names = messages(&asked).into_iter().filter_map(|m| match m.body {
            Body::Request(request) => Some((request.method.to_string(), m.trace)),
            Body::Connect => Some(("perl-connected".into(), m.trace)),
            _ => None,
        });
        let stanzas = names.flat_map(|(name, trace)| {
            let recorded = answers[&*name].iter();
            recorded
                .map(move |stanza| (*stanza, trace))
                .collect::<Vec<_>>()
        });
        for (stanza, trace) in stanzas {
            let inside = stanza.split_once("<opensrf").unwrap().1;
            let (opensrf, rest) = inside.split_once("<thread>").unwrap();
            let (_, body) = rest.split_once("</thread>").unwrap();
            // C writes the number of the request as a text, Perl now as this and now as that.
            let body = body
                .replace(
                    r#""threadTrace":"1""#,
                    &format!(r#""threadTrace":"{trace}""#),
                )
                .replace(r#""threadTrace":1"#, &format!(r#""threadTrace":{trace}"#));
            let answer =
                format!("<message to='{to}'><opensrf{opensrf}<thread>{thread}</thread>{body}");
            raw.say(&answer).await;
        }
    }
}

#[test]
fn answers_of_c_and_perl_drones_mean_the_same_as_our_own() {
    run(false, async {
        let hub = hub().listen("127.0.0.1:0").start().await.unwrap();
        hub.ready().await.unwrap();
        let mut raw = Raw::log_in(&hub, "recorded_listener_vm_1").await;
        raw.say(
            "<message to=\"router@localhost/router\"><opensrf router_from=\"\" router_to=\"\" \
             router_class=\"recorded\" router_command=\"register\" osrf_xid=\"\"/>\
             <body>registering</body></message>",
        )
        .await;
        // A class is up as soon as the router names it.
        while !knows(&hub, "recorded").await {}
        actix_rt::spawn(play_drone(raw));
        // Perl spells the number differently.
        let echoed = |large: Value| {
            json!([
                "plain",
                "héllo wörld € 日本 \u{1f600}",
                {
                    "a": [1, 2.5, large, true, false, null],
                    "b": {"c": {"d": "<tag> & \"quoted\" \\ back / slash é \n\t"}}
                },
                [],
                {},
                "",
                0,
                12_345_678_901_234_567_890_u64,
                1.1
            ])
        };
        let good = [
            ("c-add", json!([3])),
            ("perl-add", json!(["3"])),
            ("perl-atomic", json!([[1, 2, 3]])),
            ("perl-stream-in-one", json!([1, 2, 3])),
            ("perl-stream-one-by-one", json!([1, 2, 3])),
            ("perl-nothing", json!([])),
            (
                "perl-types",
                json!([[null, 1, "1", 1.5, "text", {"a": 1}, [], 0, ""]]),
            ),
            ("perl-hold", json!(["done"])),
            ("c-echo", echoed(json!(-3e10))),
            ("perl-echo", echoed(json!(-30_000_000_000_i64))),
        ];
        let session = hub.client().connect("recorded").await.unwrap();
        for (method, expected) in good {
            for answers in [
                hub.call("recorded", method, ()).await,
                session.call(method, ()).await,
            ] {
                let results: Vec<Value> = answers.unwrap().all().unwrap();
                assert_eq!(json!(results), expected, "{method}");
            }
        }
        let bad = [
            (
                "c-no-such-method",
                404,
                "Method [no.such.method] not found for service opensrf.math",
            ),
            (
                "perl-no-such-method",
                404,
                "Method [no.such.method] not found for OpenSRF::Application::PTest",
            ),
            (
                "c-too-few",
                404,
                "Not enough params for method add / service opensrf.math",
            ),
            ("perl-die", 500, " *** Call to [opensrf.ptest.die] failed"),
        ];
        for (method, code, text) in bad {
            let stream = hub.client().stream("recorded", method, ()).await.unwrap();
            let results: Vec<_> = stream.collect().await;
            let [Err(CallError::Status(status))] = &results[..] else {
                panic!("{results:?}");
            };
            assert_eq!(status.code, code);
            assert!(status.text.starts_with(text), "{}", status.text);
        }
    });
}
