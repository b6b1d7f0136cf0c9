//! What comes of bytes that no client should send.

use std::time::Duration;

use opensrf::stanza::Condition;

use crate::raw::{HEADER, Raw, digest_login, message, request};
use crate::services::{math, odd};
use crate::support::{Lobby, PASSWORD, Way, adds_up, over, run};

/// `\0opensrf\0test password` in base64.
const RIGHT: &str = "AG9wZW5zcmYAdGVzdCBwYXNzd29yZA==";
/// `\0opensrf\0wrong` in base64.
const WRONG: &str = "AG9wZW5zcmYAd3Jvbmc=";

/// Checks that a stream ends with this condition, and says so properly.
fn ends_with(said: &str, condition: &str, what: &str) {
    let error = format!("<stream:error><{condition} xmlns=");
    let what = &what[..what.len().min(60)];
    assert!(said.contains(&error), "{what}: {said}");
    assert!(
        said.ends_with("</stream:error></stream:stream>"),
        "{what}: {said}"
    );
}

#[test]
fn what_is_no_stanza_ends_its_stream_with_the_reason_and_no_other() {
    over(Way::Tcp, math, |net| async move {
        let deep = "<x>".repeat(100);
        let many = format!("<message>{}", "<x/>".repeat(1_020));
        let attributes: String = (0..40).map(|n| format!(" a{n}=''")).collect();
        let attributes = format!("<message{attributes}/>");
        let name = format!("<{}/>", "n".repeat(300));
        let big = format!("<message><body>{}", "x".repeat(2 * 1024 * 1024 + 20_000));
        let cases = [
            ("<message><body>&nope;</body></message>", "not-well-formed"),
            ("<message></massage>", "not-well-formed"),
            ("<message to='a' to='b'/>", "not-well-formed"),
            ("<message to=a/>", "not-well-formed"),
            ("text", "not-well-formed"),
            ("<message><body>\u{1}</body></message>", "not-well-formed"),
            ("<!-- comment -->", "restricted-xml"),
            ("<?target data?>", "restricted-xml"),
            ("<!DOCTYPE x [<!ENTITY a 'b'>]>", "restricted-xml"),
            ("<message><!-- comment --></message>", "restricted-xml"),
            ("<x:message/>", "bad-namespace-prefix"),
            ("<hello/>", "unsupported-stanza-type"),
            ("<message xmlns='jabber:server'/>", "invalid-namespace"),
            (deep.as_str(), "policy-violation"),
            (many.as_str(), "policy-violation"),
            (attributes.as_str(), "policy-violation"),
            (name.as_str(), "policy-violation"),
            (big.as_str(), "policy-violation"),
        ];
        let mut bystander = Raw::log_in(&net.hub, "bystander").await;
        for (bytes, condition) in cases {
            let mut raw = Raw::log_in(&net.hub, "bad").await;
            raw.say(bytes).await;
            ends_with(&raw.rest().await, condition, bytes);
            adds_up(&net.host).await;
        }
        bystander.is_silent().await;
    });
}

/// A request that is `bytes` long in all, with `extra` elements in it.
fn sized(to: &str, bytes: usize, extra: usize) -> String {
    let extra = "<x/>".repeat(extra);
    let stanza = |filling: &str| {
        let sent = message(
            to,
            "sized",
            &request("1", "caller", &format!("[\"{filling}\"]")),
        );
        sent.replace("</message>", &format!("{extra}</message>"))
    };
    stanza(&"x".repeat(bytes.saturating_sub(stanza("").len())))
}

#[test]
fn what_grows_beyond_the_bounds_on_its_way_does_not_end_the_routers_stream() {
    const MOST: usize = 2 * 1024 * 1024;
    over(Way::Duplex, odd, |net| async move {
        let mut raw = Raw::through(&net.hub.duplex()).await;
        raw.authenticate("opensrf", "localhost", "large").await;
        // message, opensrf, thread, body, and what comes besides: 1,000 in all.
        for (bytes, extra) in [(MOST - 1, 0), (MOST, 0), (0, 996)] {
            raw.say(&sized("router@localhost/test.odd", bytes, extra))
                .await;
            let answer = raw.stanza().await;
            assert!(
                !answer.is_error() && !answer.decode().body.is_empty(),
                "{bytes} {extra}"
            );
        }
        for (bytes, extra) in [(MOST + 1, 0), (MOST + 9_000, 0), (0, 997)] {
            let sent = sized("router@localhost/test.odd", bytes, extra);
            raw.say(&sent).await;
            let bounce = raw.stanza().await;
            let error = bounce.error().expect("it bounces");
            assert_eq!(error.condition, Condition::PolicyViolation);
            assert_eq!(bounce.thread(), "sized");
            // Whoever says that it is passed on may pass, and still harms nobody.
            let passed_on = sent.replace("router_from=\"\"", "router_from=\"a@b/c\"");
            raw.say(&passed_on).await;
            raw.stanza().await;
        }
        adds_up(&net.host).await;
        assert_eq!(net.host.figures().restarts, 0);
    });
}

#[test]
fn what_comes_before_a_log_in_is_refused() {
    over(Way::Tcp, math, |net| async move {
        let big = format!(
            "<iq type='set'><query xmlns='jabber:iq:auth'>{}",
            "x".repeat(10_000)
        );
        let deep = "<x>".repeat(9);
        let many = format!("<iq>{}", "<x/>".repeat(32));
        let cases = [
            (
                "<message to='router@localhost/opensrf.math'><body/></message>",
                "not-authorized",
            ),
            ("<presence/>", "not-authorized"),
            (
                "<iq type='get' id='1'><ping xmlns='urn:xmpp:ping'/></iq>",
                "not-authorized",
            ),
            (
                "<iq type='set' id='1'><query xmlns='jabber:iq:register'/></iq>",
                "not-authorized",
            ),
            ("<hello/>", "unsupported-stanza-type"),
            (big.as_str(), "policy-violation"),
            (deep.as_str(), "policy-violation"),
            (many.as_str(), "policy-violation"),
            ("<iq></qi>", "not-well-formed"),
        ];
        for (bytes, condition) in cases {
            let mut raw = Raw::dial(&net.hub).await;
            raw.say(HEADER).await;
            raw.read().await;
            raw.say(bytes).await;
            ends_with(&raw.rest().await, condition, bytes);
        }
        adds_up(&net.host).await;
    });
}

#[test]
fn what_is_no_stream_is_answered_with_a_stream_that_says_so() {
    over(Way::Tcp, math, |net| async move {
        let long = format!("<stream:stream to='{}'", "x".repeat(10_001));
        let cases = [
            (
                "GET / HTTP/1.1\r\nHost: localhost\r\n\r\n",
                "not-well-formed",
            ),
            ("<!DOCTYPE html><html>", "restricted-xml"),
            ("<message/>", "bad-format"),
            (
                "<stream:stream to='nowhere' xmlns='jabber:client' \
                 xmlns:stream='http://etherx.jabber.org/streams'>",
                "host-unknown",
            ),
            (
                "<stream:stream to='localhost' xmlns='jabber:server' \
                 xmlns:stream='http://etherx.jabber.org/streams'>",
                "invalid-namespace",
            ),
            (
                "<?xml version='1.0' encoding='latin1'?>",
                "unsupported-encoding",
            ),
            (long.as_str(), "policy-violation"),
        ];
        for (bytes, condition) in cases {
            let mut raw = Raw::dial(&net.hub).await;
            raw.say(bytes).await;
            let said = raw.rest().await;
            assert!(
                said.starts_with("<?xml version='1.0'?><stream:stream"),
                "{said}"
            );
            ends_with(&said, condition, bytes);
        }
        adds_up(&net.host).await;
    });
}

#[test]
fn a_wrong_password_is_refused_without_an_echo_and_may_be_tried_again() {
    over(Way::Tcp, math, |net| async move {
        let password = "<iq id='123' type='set'><query xmlns='jabber:iq:auth'>\
                        <username>opensrf</username><password>wrong password</password>\
                        <resource>r</resource></query></iq>";
        let digest = digest_login("opensrf", &"0".repeat(40), "r");
        let nobody = digest_login("nobody", &"0".repeat(40), "r");
        for (login, id) in [
            (password, "123"),
            (&digest, "123456789"),
            (&nobody, "123456789"),
        ] {
            let mut raw = Raw::dial(&net.hub).await;
            raw.say(HEADER).await;
            let id_of_stream = crate::raw::stream_id(&raw.read().await);
            raw.say(login).await;
            let refused = raw.read().await;
            assert!(refused.starts_with("<iq type='error'"), "{refused}");
            assert!(refused.contains(&format!("id='{id}'")), "{refused}");
            assert!(refused.contains("code='401'"), "{refused}");
            assert!(refused.contains("<not-authorized"), "{refused}");
            assert!(
                !refused.contains("wrong") && !refused.contains("000"),
                "{refused}"
            );
            let right = opensrf::stream::legacy_digest(&id_of_stream, PASSWORD);
            raw.say(&digest_login("opensrf", &right, "r")).await;
            assert_eq!(raw.read().await, "<iq type='result' id='123456789'/>");
        }
        assert_eq!(net.hub.figures().login_failures, 3);
    });
}

#[test]
fn sasl_plain_takes_the_right_password_only_and_three_wrong_ones_end_the_stream() {
    over(Way::Tcp, math, |net| async move {
        let header = HEADER.replace(" to=", " version='1.0' to=");
        let auth = |data: &str| {
            format!(
                "<auth xmlns='urn:ietf:params:xml:ns:xmpp-sasl' mechanism='PLAIN'>{data}</auth>"
            )
        };
        let mut raw = Raw::dial(&net.hub).await;
        raw.say(&header).await;
        let features = raw.read().await;
        assert!(
            features.contains("<mechanism>PLAIN</mechanism>"),
            "{features}"
        );
        raw.say(&auth(WRONG)).await;
        let refused = raw.read().await;
        assert!(
            refused.contains("<failure") && refused.contains("<not-authorized"),
            "{refused}"
        );
        raw.say(&auth(RIGHT)).await;
        assert!(raw.read().await.contains("<success"));

        let mut raw = Raw::dial(&net.hub).await;
        raw.say(&header).await;
        raw.read().await;
        for _ in 0..2 {
            raw.say(&auth(WRONG)).await;
            assert!(raw.read().await.contains("<not-authorized"));
        }
        raw.say(&auth(WRONG)).await;
        ends_with(&raw.rest().await, "policy-violation", "three failures");
    });
}

#[test]
fn old_clients_may_ask_how_to_log_in() {
    over(Way::Tcp, math, |net| async move {
        let mut raw = Raw::dial(&net.hub).await;
        raw.say(HEADER).await;
        raw.read().await;
        raw.say("<iq type='get' id='a1'><query xmlns='jabber:iq:auth'><username>opensrf</username></query></iq>")
            .await;
        let fields = raw.read().await;
        for field in ["username", "password", "digest", "resource"] {
            assert!(fields.contains(&format!("<{field}/>")), "{fields}");
        }
    });
}

#[test]
fn the_newest_session_of_an_address_has_it_and_the_older_one_is_told() {
    over(Way::Tcp, math, |net| async move {
        let mut old = Raw::log_in(&net.hub, "same").await;
        let mut new = Raw::log_in(&net.hub, "same").await;
        ends_with(&old.rest().await, "conflict", "the older one");
        let body = request("1", "add", "[1,2]");
        new.say(&message("router@localhost/opensrf.math", "t", &body))
            .await;
        assert!(!new.stanza().await.is_error());
    });
}

#[test]
fn a_reader_that_is_slow_delays_nobody_else() {
    over(Way::Tcp, odd, |net| async move {
        let mut slow = Raw::log_in(&net.hub, "slow").await;
        let text = "x".repeat(1_000_000);
        let body = request("1", "opensrf.system.echo", &format!("[\"{text}\"]"));
        for thread in 0..10 {
            let to = "router@localhost/test.odd";
            slow.say(&message(to, &thread.to_string(), &body)).await;
        }
        for _ in 0..10 {
            adds_up(&net.host).await;
        }
        let mut quick = Raw::log_in(&net.hub, "quick").await;
        quick.is_silent().await;
        // When it reads at last, everything is there.
        let mut complete = 0;
        while complete < 10 {
            let stanza = slow.stanza().await;
            let messages = opensrf::osrf::decode(&stanza.decode().body).unwrap();
            let end = opensrf::osrf::Body::Status(opensrf::osrf::Status::complete());
            complete += messages.iter().filter(|m| m.body == end).count();
        }
    });
}

#[test]
fn whoever_does_not_log_in_in_time_is_shown_out() {
    run(true, async {
        let lobby = Lobby::open();
        // Says nothing, is told nothing.
        let mut mute = Raw::over(lobby.dial().await);
        let before = tokio::time::Instant::now();
        assert_eq!(mute.rest().await, "");
        assert_eq!(before.elapsed(), Duration::from_secs(30));
        let mut half = Raw::over(lobby.dial().await);
        half.say(HEADER).await;
        half.read().await;
        tokio::time::sleep(Duration::from_secs(29)).await;
        half.say("<iq type='set'>").await;
        let before = tokio::time::Instant::now();
        ends_with(&half.rest().await, "connection-timeout", "half a log-in");
        assert_eq!(before.elapsed(), Duration::from_secs(1));
        let mut punctual = Raw::over(lobby.dial().await);
        tokio::time::sleep(Duration::from_secs(29)).await;
        punctual.authenticate("opensrf", "localhost", "r").await;
        tokio::time::sleep(Duration::from_secs(600)).await;
        punctual.is_silent().await;
    });
}
