//! What comes of stanzas and bodies that no client should send. Each test ends with a good call.

use opensrf::stanza::Condition;
use opensrf_actors::host::{HostBuilder, HostHandle};

use crate::raw::{Raw, message, request, short};
use crate::services::math;
use crate::support::{Log, Way, adds_up, hub, over, run};

const MATH: &str = "router@localhost/opensrf.math";

#[test]
fn every_body_that_asks_something_is_answered() {
    over(Way::Tcp, one_drone, |net| async move {
        let mut raw = Raw::log_in(&net.hub, "client").await;
        let wrap = |fields: &str| format!(r#"[{{"__c":"osrfMessage","__p":{{{fields}}}}}]"#);
        let method = |fields: &str| {
            wrap(&format!(
                r#""type":"REQUEST","threadTrace":5,"payload":{{"__c":"osrfMethod","__p":{{{fields}}}}}"#
            ))
        };
        let unreadable = "0: 417 osrfXMLParseError";
        let sum = "5: 3, 5: 205 osrfConnectStatus";
        let not_found = "5: 404 osrfMethodException";
        let cases = [
            ("no JSON".into(), unreadable),
            (String::new(), unreadable),
            ("{}".into(), unreadable),
            ("7".into(), unreadable),
            ("[]".into(), unreadable),
            (
                r#"[1, null, "two", {"__c":"x","__p":{}}]"#.into(),
                unreadable,
            ),
            (wrap(r#""type":"DANCE""#), unreadable),
            ("[".repeat(100_000), unreadable),
            (request("\"5\"", "add", "[1,2]"), sum),
            (request("5", "add", "[\"1\",\" 2\"]"), sum),
            (request("5.0", "add", "[1,2]"), sum),
            (
                request("null", "add", "[1,2]"),
                "0: 3, 0: 205 osrfConnectStatus",
            ),
            (
                request("\"x\"", "add", "[1,2]"),
                "0: 3, 0: 205 osrfConnectStatus",
            ),
            (request("-1", "nope", "[]"), "0: 404 osrfMethodException"),
            (request("5", "nope", "[]"), not_found),
            (request("5", "add", "[1]"), not_found),
            (request("5", "add", "null"), not_found),
            (request("5", "add", "{}"), not_found),
            (request("5", "add", "7"), not_found),
            (request("5", "", "[1,2]"), not_found),
            (request("5", "add", "[{},[]]"), "5: 400 osrfMethodException"),
            (method(r#""params":[1,2]"#), not_found),
            (
                method(r#""method":"opensrf.system.echo""#),
                "5: 205 osrfConnectStatus",
            ),
            (wrap(r#""type":"REQUEST","threadTrace":5"#), not_found),
            (
                wrap(r#""type":"REQUEST","threadTrace":5,"payload":"null""#),
                not_found,
            ),
            (format!("[7,{}", &request("5", "add", "[1,2]")[1..]), sum),
        ];
        for (at, (body, expected)) in cases.iter().enumerate() {
            let thread = format!("thread-{at}");
            raw.say(&message(MATH, &thread, body)).await;
            let answer = raw.stanza().await;
            assert_eq!(answer.thread(), thread);
            assert_eq!(answer.extension().osrf_xid, "xid-1");
            assert_eq!(short(&answer), *expected, "{:.60}", body);
        }
        adds_up(&net.host).await;
    });
}

fn one_drone(builder: HostBuilder) -> HostBuilder {
    let math = opensrf_actors::services::math::service().unwrap();
    builder.service_sized(math, 1, 1, 10)
}

#[test]
fn bodies_that_ask_nothing_get_nothing_and_keep_no_drone() {
    over(Way::Tcp, one_drone, |net| async move {
        let mut raw = Raw::log_in(&net.hub, "client").await;
        let wrap = |fields: &str| format!(r#"[{{"__c":"osrfMessage","__p":{{{fields}}}}}]"#);
        for fields in [
            r#""type":"DISCONNECT""#,
            r#""type":"RESULT","threadTrace":1"#,
            r#""type":"STATUS","threadTrace":1,"payload":{"__c":"osrfConnectStatus","__p":{"statusCode":200}}"#,
        ] {
            raw.say(&message(MATH, "t", &wrap(fields))).await;
        }
        // Nobody could be answered without a thread.
        raw.say(&message(MATH, "", &request("1", "add", "[1,2]")))
            .await;
        raw.say(&format!("<message to='{MATH}'/>")).await;
        adds_up(&net.host).await;
        raw.is_silent().await;
        assert_eq!(net.host.figures().ignored, 2);
    });
}

#[test]
fn what_cannot_be_delivered_comes_back_with_all_that_was_in_it() {
    over(Way::Tcp, math, |net| async move {
        let mut raw = Raw::log_in(&net.hub, "client").await;
        let body = request("\"1\"", "add", "[1,2]");
        let cases = [
            ("opensrf@localhost/gone", Condition::ServiceUnavailable),
            ("nobody@localhost/gone", Condition::ServiceUnavailable),
            ("router@localhost/no.such", Condition::ServiceUnavailable),
            ("router@localhost", Condition::ServiceUnavailable),
            ("opensrf@localhost", Condition::ServiceUnavailable),
            ("nobody@localhost", Condition::ServiceUnavailable),
            ("localhost", Condition::ServiceUnavailable),
            ("localhost/resource", Condition::ServiceUnavailable),
            ("router@elsewhere/x", Condition::RemoteServerNotFound),
        ];
        for (to, condition) in cases {
            raw.say(&message(to, "thread", &body)).await;
            let bounce = raw.stanza().await;
            assert_eq!(bounce.stanza_type, "error");
            assert_eq!(bounce.from.as_ref().unwrap().as_str(), to);
            assert_eq!(
                bounce.to.as_ref().unwrap().as_str(),
                "opensrf@localhost/client"
            );
            let content = bounce.decode().into_owned();
            assert_eq!(content.error.unwrap().condition, condition, "{to}");
            assert_eq!(
                (content.thread, content.body),
                ("thread".into(), body.clone().into())
            );
            assert_eq!(content.opensrf.osrf_xid, "xid-1");
        }
        for to in [
            "@",
            "opensrf@",
            "@localhost",
            "a b@localhost/x",
            "opensrf@localhost/",
        ] {
            raw.say(&message(to, "thread", &body)).await;
            let error = raw.stanza().await.error().unwrap();
            assert_eq!(error.condition, Condition::JidMalformed, "{to}");
        }
        raw.say("<message><thread>t</thread></message>").await;
        assert!(raw.stanza().await.is_error());
        adds_up(&net.host).await;
    });
}

#[test]
fn errors_and_presence_are_not_answered() {
    over(Way::Tcp, math, |net| async move {
        let mut raw = Raw::log_in(&net.hub, "client").await;
        for stanza in [
            "<message type='error' to='opensrf@localhost/gone'><thread>t</thread><body>b</body></message>",
            "<message to='opensrf@localhost/gone'><error type='cancel'/></message>",
            "<message type='error' to='router@elsewhere/x'/>",
            "<message type='error' to='router@localhost/opensrf.math'><thread>t</thread></message>",
            "<message type='error' to='router@localhost/router'/>",
            "<presence/>",
            "<presence type='unavailable'/>",
            "<presence to='router@localhost/opensrf.math'/>",
            "<presence to='opensrf@localhost/gone'/>",
            "<presence type='probe' to='router@localhost/router'/>",
            "<iq type='result' id='1' to='opensrf@localhost/gone'/>",
            "<iq type='error' id='1'/>",
            "  \n\t ",
        ] {
            raw.say(stanza).await;
        }
        raw.is_silent().await;
        adds_up(&net.host).await;
    });
}

#[test]
fn questions_to_the_server_are_answered() {
    over(Way::Tcp, math, |net| async move {
        let mut raw = Raw::log_in(&net.hub, "client").await;
        let cases = [
            ("to='localhost'", "<ping xmlns='urn:xmpp:ping'/>", "result"),
            ("", "<ping xmlns='urn:xmpp:ping'/>", "result"),
            (
                "",
                "<session xmlns='urn:ietf:params:xml:ns:xmpp-session'/>",
                "result",
            ),
            ("", "<query xmlns='jabber:iq:roster'/>", "error"),
            (
                "to='localhost'",
                "<query xmlns='http://jabber.org/protocol/disco#info'/>",
                "error",
            ),
            (
                "to='opensrf@localhost/gone'",
                "<query xmlns='jabber:iq:version'/>",
                "error",
            ),
            ("", "", "error"),
        ];
        for (at, (to, inside, expected)) in cases.into_iter().enumerate() {
            let kind = if inside.starts_with("<session") {
                "set"
            } else {
                "get"
            };
            raw.say(&format!("<iq type='{kind}' id='q{at}' {to}>{inside}</iq>"))
                .await;
            let answer = raw.stanza().await;
            assert_eq!(&*answer.id, format!("q{at}"));
            assert_eq!(&*answer.stanza_type, expected, "{inside}");
        }
    });
}

#[test]
fn questions_to_a_party_are_answered_wherever_it_is() {
    over(Way::Tcp, math, |net| async move {
        let listener = net.log.address_of("opensrf.math_listener_at_");
        ask_parties(&net.hub, &listener).await;
    });
    run(false, async {
        let log = Log::default();
        let hub = math(hub()).listen("127.0.0.1:0").tap(log.tap());
        let hub = hub.start().await.unwrap();
        hub.ready().await.unwrap();
        let listener = log.address_of("opensrf.math_listener_at_");
        ask_parties(&hub, &listener).await;
    });
}

async fn ask_parties(hub: &HostHandle, listener: &str) {
    let mut raw = Raw::log_in(hub, "client").await;
    let questions = [
        ("<ping xmlns='urn:xmpp:ping'/>", "result"),
        ("<query xmlns='jabber:iq:version'/>", "error"),
    ];
    for to in ["router@localhost/router", MATH, listener] {
        for (question, expected) in questions {
            raw.say(&format!("<iq type='get' id='q' to='{to}'>{question}</iq>"))
                .await;
            let answer = raw.stanza().await;
            assert_eq!((&*answer.id, &*answer.stanza_type), ("q", expected), "{to}");
            assert_eq!(answer.from.as_ref().unwrap().as_str(), to);
        }
    }
}
