//! JSON and message fields (26 to 37).

use opensrf::osrf::Json;
use opensrf::session::CallError;

use super::form::Form;
use super::peer::{Peer, at_router};
use super::played::{CLASS, Played, SERVICE, ask, failed, gave};
use crate::raw::short;
use crate::services::{math, odd};
use crate::support::over_every_way;

const MATH: &str = "router@localhost/opensrf.math";

/// What the service answers to any body that asks once.
async fn answered(peer: &mut Peer, to: &str, body: &str) -> String {
    peer.says_body(to, "t", body).await;
    short(&peer.hears().await)
}

/// A message whose inside is written out.
fn osrf(fields: &str) -> String {
    format!(r#"{{"__c":"osrfMessage","__p":{{{fields}}}}}"#)
}

/// A request for 1 and 2, with these fields besides type and payload.
fn add(fields: &str) -> String {
    let payload = r#"{"__c":"osrfMethod","__p":{"method":"add","params":[1,2]}}"#;
    osrf(&format!(r#"{fields}"type":"REQUEST","payload":{payload}"#))
}

#[test]
fn s026_a_body_is_a_list_also_of_one_message() {
    over_every_way(math, |net| async move {
        let mut class = Peer::logs_in(&*net.door(), Form::C, CLASS).await;
        let client = net.client().clone();
        let opening = actix_rt::spawn(async move { client.connect(SERVICE).await.is_ok() });
        let calling = ask(net.client(), "method");
        let mut peer = Peer::enters(&net, Form::C, "peer").await;
        peer.asks("opensrf.math", "none", "").await;
        for stanza in [class.hears().await, class.hears().await, peer.hears().await] {
            let body = stanza.decode().body.to_string();
            let list: Vec<serde_json::Value> = serde_json::from_str(&body).unwrap();
            assert_eq!(list.len(), 1, "{body}");
        }
        opening.abort();
        calling.abort();
    });
}

#[test]
fn s027_numbers_may_be_written_as_texts() {
    over_every_way(math, |net| async move {
        let mut peer = Peer::enters(&net, Form::C, "peer").await;
        for trace in ["7", "\"7\"", "7.0", "\" 7 \""] {
            for level in ["1", "\"1\""] {
                let request = add(&format!(r#""threadTrace":{trace},"api_level":{level},"#));
                let told = answered(&mut peer, MATH, &format!("[{request}]")).await;
                assert_eq!(told, "7: 3, 7: 205 osrfConnectStatus", "{trace} {level}");
            }
        }
        // Codes are read by clients: every form writes them in its way.
        for form in Form::ALL {
            let mut played = Played::opens(&net, form).await;
            let calling = ask(net.client(), "method");
            let asked = played.is_asked().await;
            played.serves(&asked, "[1]").await;
            assert_eq!(gave(calling).await, ["[1]"], "{form:?}");
        }
    });
}

#[test]
fn s028_locale_zone_ingress_level_and_payload_may_be_missing() {
    over_every_way(math, |net| async move {
        let mut peer = Peer::enters(&net, Form::Old, "peer").await;
        for fields in [
            r#""threadTrace":7,"#,
            r#""threadTrace":7,"locale":null,"tz":null,"ingress":null,"api_level":null,"#,
            r#""threadTrace":7,"locale":"","tz":"","ingress":"","api_level":"","#,
        ] {
            let told = answered(&mut peer, MATH, &format!("[{}]", add(fields))).await;
            assert_eq!(told, "7: 3, 7: 205 osrfConnectStatus", "{fields}");
        }
        for payload in ["", r#","payload":null"#, r#","payload":{}"#] {
            let request = osrf(&format!(r#""type":"REQUEST","threadTrace":7{payload}"#));
            let told = answered(&mut peer, MATH, &format!("[{request}]")).await;
            assert_eq!(told, "7: 404 osrfMethodException", "{payload}");
        }
    });
}

#[test]
fn s029_a_connect_may_have_no_payload_or_null_or_the_text_null() {
    over_every_way(math, |net| async move {
        let mut peer = Peer::enters(&net, Form::C, "peer").await;
        for payload in [
            "",
            r#","payload":null"#,
            r#","payload":"null""#,
            r#","payload":{}"#,
        ] {
            let connect = osrf(&format!(r#""type":"CONNECT","threadTrace":0{payload}"#));
            let bye = osrf(&format!(r#""type":"DISCONNECT","threadTrace":0{payload}"#));
            let told = answered(&mut peer, MATH, &format!("[{connect},{bye}]")).await;
            assert_eq!(told, "0: 200 osrfConnectStatus", "{payload}");
        }
    });
}

#[test]
fn s030_a_request_without_params_has_none() {
    over_every_way(odd, |net| async move {
        for form in Form::ALL {
            let mut peer = Peer::enters(&net, form, "peer").await;
            // As this make writes it, and as the others do.
            for params in ["", "null", "[]"] {
                let told = peer
                    .is_told("test.odd", "opensrf.system.echo.atomic", params)
                    .await;
                assert_eq!(told, "1: [], 1: 205 osrfConnectStatus", "{form:?} {params}");
            }
        }
    });
}

#[test]
fn s031_what_is_written_is_ascii_without_control_characters() {
    over_every_way(math, |net| async move {
        let texts = r#"["é漢😀","\u0000\u0001\u001f\u007f","\n\t\r\b\f","𝄞"]"#;
        let mut peer = Peer::enters(&net, Form::C, "peer").await;
        peer.asks("opensrf.math", "opensrf.system.echo", texts)
            .await;
        let answer = peer.raw.read().await;
        let mut class = Peer::logs_in(&*net.door(), Form::C, CLASS).await;
        let client = net.client().clone();
        let calling = actix_rt::spawn(async move {
            let texts = ["é漢😀", "\0\u{1}\u{1f}\u{7f}", "\n\t\r\u{8}\u{c}"];
            client.call(SERVICE, "method", texts).await.is_ok()
        });
        for written in [answer, class.raw.read().await] {
            assert!(
                written.contains("\\u00e9\\u6f22\\ud83d\\ude00"),
                "{written}"
            );
            assert!(
                written.bytes().all(|b| (0x20..0x7f).contains(&b)),
                "{written}"
            );
        }
        calling.abort();
    });
}

#[test]
fn s032_class_hints_pass_through_unchanged() {
    over_every_way(math, |net| async move {
        let values = [
            r#"{"__c":"aou","__p":[1,"BR1",null,{"__c":"x","__p":{}}]}"#,
            r#"{"__p":{"b":1.50,"a":{"__c":"never.heard.of","__p":"scalar"}},"__c":"osrfMessage"}"#,
            r#"[{"__c":" spaced ","__p":null}]"#,
            r#"12345678901234567890.10"#,
        ];
        for form in Form::ALL {
            let mut peer = Peer::enters(&net, form, "peer").await;
            for value in values {
                let params = format!("[{value}]");
                let told = peer
                    .is_told("opensrf.math", "opensrf.system.echo", &params)
                    .await;
                assert_eq!(told, format!("1: {value}, 1: 205 osrfConnectStatus"));
            }
            let mut played = Played::opens(&net, form).await;
            let client = net.client().clone();
            let value = Json::parse(values[0]).unwrap();
            let params = vec![value.clone()];
            let calling =
                actix_rt::spawn(async move { client.call(SERVICE, "method", params).await });
            let asked = played.is_asked().await;
            assert_eq!(asked.says(), format!("method [{value}]"));
            played.serves(&asked, values[1]).await;
            assert_eq!(gave(calling).await, [values[1]]);
        }
    });
}

#[test]
fn s033_a_hint_without_payload_harms_nobody() {
    over_every_way(odd, |net| async move {
        let mut peer = Peer::enters(&net, Form::C, "peer").await;
        let hint = r#"{"__c":"X"}"#;
        let method = format!(r#""type":"REQUEST","threadTrace":1,"payload":{hint}"#);
        let method_of = r#""type":"REQUEST","threadTrace":1,"payload":{"__c":"osrfMethod"}"#;
        let odd = at_router("test.odd");
        for (body, expected) in [
            (format!("[{hint}]"), "0: 417 osrfXMLParseError"),
            (
                r#"[{"__c":"osrfMessage"}]"#.into(),
                "0: 417 osrfXMLParseError",
            ),
            (format!("[{}]", osrf(&method)), "1: 404 osrfMethodException"),
            (
                format!("[{}]", osrf(method_of)),
                "1: 404 osrfMethodException",
            ),
        ] {
            assert_eq!(answered(&mut peer, &odd, &body).await, expected, "{body}");
        }
        let told = peer
            .is_told("test.odd", "opensrf.system.echo", &format!("[{hint}]"))
            .await;
        assert_eq!(told, format!("1: {hint}, 1: 205 osrfConnectStatus"));
        // Our client takes a result of that kind, and a status as one that names no code.
        let mut played = Played::opens(&net, Form::C).await;
        let calling = ask(net.client(), "method");
        let asked = played.is_asked().await;
        played.serves(&asked, hint).await;
        assert_eq!(gave(calling).await, [hint]);
        let calling = ask(net.client(), "method");
        let asked = played.is_asked().await;
        let status = osrf(&format!(
            r#""type":"STATUS","threadTrace":"1","payload":{hint}"#
        ));
        played.answers(&asked, &[hint.into(), status]).await;
        let told = failed(calling).await;
        assert!(matches!(told, CallError::Status(status) if status.class == "X"));
    });
}

#[test]
fn s034_what_is_no_osrf_message_is_skipped() {
    over_every_way(math, |net| async move {
        let strangers =
            r#"null,7,"text",[],{},{"__c":"osrfMethod","__p":{}},{"a":{"__c":"osrfMessage"}}"#;
        for form in Form::ALL {
            let mut peer = Peer::enters(&net, form, "peer").await;
            let request = form.request(1, "add", "[1,2]");
            let body = format!("[{strangers},{request},{strangers}]");
            let told = answered(&mut peer, MATH, &body).await;
            assert_eq!(told, "1: 3, 1: 205 osrfConnectStatus");
            let mut played = Played::opens(&net, form).await;
            let calling = ask(net.client(), "method");
            let asked = played.is_asked().await;
            let answer = [strangers.into(), form.result(1, "5"), strangers.into()];
            played.answers(&asked, &answer).await;
            played
                .answers(&asked, &[strangers.into(), form.complete(1)])
                .await;
            assert_eq!(gave(calling).await, ["5"]);
        }
    });
}

#[test]
fn s035_messages_that_share_a_body_are_handled_in_order() {
    over_every_way(odd, |net| async move {
        for form in Form::ALL {
            let mut peer = Peer::enters(&net, form, "peer").await;
            // As the original's `full_request` has it, with one request more.
            let messages = [
                form.connect(0),
                form.request(1, "slow", "[20,\"a\"]"),
                form.request(2, "slow", "[0,\"b\"]"),
                form.disconnect(2),
            ];
            peer.says(&at_router("test.odd"), "t", &messages).await;
            let mut told = Vec::new();
            for _ in 0..3 {
                told.push(short(&peer.hears().await));
            }
            let end = |n| format!("{n}: 205 osrfConnectStatus");
            let expected = [
                "0: 200 osrfConnectStatus".into(),
                format!("1: [20,\"a\"], {}", end(1)),
                format!("2: [0,\"b\"], {}", end(2)),
            ];
            assert_eq!(told, expected);
            let mut played = Played::opens(&net, form).await;
            let calling = ask(net.client(), "method");
            let asked = played.is_asked().await;
            let answer = [form.result(1, "1"), form.result(1, "2"), form.complete(1)];
            played.answers(&asked, &answer).await;
            assert_eq!(gave(calling).await, ["1", "2"]);
        }
    });
}

#[test]
fn s036_a_body_that_is_no_json_is_answered_and_ends_nothing() {
    over_every_way(math, |net| async move {
        for form in Form::ALL {
            let mut peer = Peer::enters(&net, form, "peer").await;
            for body in [
                "no JSON",
                "[",
                "{\"a\":",
                "[1,]",
                "\"",
                "<oils:root/>",
                "NaN",
            ] {
                let told = answered(&mut peer, MATH, body).await;
                assert_eq!(told, "0: 417 osrfXMLParseError", "{body}");
            }
            let listener = net.log.address_of("opensrf.math_listener_at_");
            let told = answered(&mut peer, &listener, "no JSON").await;
            assert_eq!(told, "0: 417 osrfXMLParseError");
            let told = answered(&mut peer, "router@localhost/router", "no JSON").await;
            assert_eq!(told, "0: 417 osrfXMLParseError");
            let sum = peer.is_told("opensrf.math", "add", "[1,2]").await;
            assert_eq!(sum, "1: 3, 1: 205 osrfConnectStatus");
        }
        assert_eq!(net.host.figures().restarts, 0);
    });
}

#[test]
fn s037_replies_have_the_thread_and_the_number_of_the_request() {
    over_every_way(odd, |net| async move {
        for form in Form::ALL {
            let mut peer = Peer::enters(&net, form, "peer").await;
            for (trace, thread) in [(0, "0"), (7, "1712.5 a"), (4_000_000_000, "ü<&>")] {
                let written = super::form::escaped(thread);
                for (method, params) in [("count", "[2]"), ("refuse", ""), ("none", "")] {
                    let request = form.request(trace, method, params);
                    peer.says(&at_router("test.odd"), &written, &[request])
                        .await;
                    let reply = peer.hears().await;
                    assert_eq!(reply.thread(), thread);
                    for part in short(&reply).split(", ") {
                        assert!(part.starts_with(&format!("{trace}: ")), "{part}");
                    }
                }
            }
        }
    });
}
