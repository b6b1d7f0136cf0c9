//! Stanza format (18 to 25).

use opensrf::session::CallError;
use opensrf::stanza::Stanza;

use super::form::{Envelope, Form};
use super::peer::{Peer, XID};
use super::played::{CLASS, Played, SERVICE, ask, failed, gave, nobody};
use crate::raw::short;
use crate::services::{math, odd};
use crate::support::{over_every_way, over_paused_ways};

const MATH: &str = "router@localhost/opensrf.math";

/// The `<opensrf>` element as we write it.
fn opensrf(class: &str, command: &str, xid: &str) -> String {
    format!(
        "<opensrf router_from=\"\" router_to=\"\" router_class=\"{class}\" \
         router_command=\"{command}\" osrf_xid=\"{xid}\"/>"
    )
}

#[test]
fn s018_outgoing_stanzas_carry_all_opensrf_attributes() {
    over_every_way(math, |net| async move {
        // A request of our client, and what its drone answers.
        let mut class = Peer::logs_in(&*net.door(), Form::C, CLASS).await;
        let calling = ask(net.client(), "method");
        let request = class.raw.read().await;
        // A client names a transaction of its own.
        let without_xid = opensrf("", "", "").replace("\"/>", "");
        assert!(request.contains(&without_xid), "{request}");
        assert!(!request.contains(" osrf_xid=\"\"/>"), "{request}");
        calling.abort();
        let mut peer = Peer::enters(&net, Form::C, "peer").await;
        peer.asks("opensrf.math", "add", "[1,2]").await;
        let answer = peer.raw.read().await;
        assert!(answer.contains(&opensrf("", "", XID)), "{answer}");
    });
    over_every_way(nobody, |net| async move {
        // What a listener says to a router that somebody else plays.
        let mut router = Peer::logs_in(&*net.door(), Form::C, "router@localhost/router").await;
        let service = opensrf_actors::services::math::service().unwrap();
        let adding = net.host.clone();
        actix_rt::spawn(async move { adding.add_service(service).await });
        let mut register = String::new();
        while !register.contains("</message>") {
            register.push_str(&router.raw.read().await);
        }
        // Behind them stands one of ours.
        let expected = opensrf("opensrf.math", "register", "");
        let expected = expected.replace("/>", " osrf_drones=\"8\"/>");
        assert!(register.contains(&expected), "{register}");
        assert!(register.contains("<body>registering</body>"), "{register}");
    });
}

#[test]
fn s019_texts_and_attributes_are_escaped_and_unescaped() {
    over_every_way(math, |net| async move {
        let value = "a & b < c > d \" e ' f \u{1} \n \r \u{7f} é \u{1f600}";
        let text = serde_json::to_string(value).unwrap();
        for form in Form::ALL {
            let mut peer = Peer::enters(&net, form, "peer").await;
            peer.asks("opensrf.math", "opensrf.system.echo", &format!("[{text}]"))
                .await;
            let written = peer.raw.read().await;
            let body = written.split_once("<body>").unwrap().1;
            let body = body.split_once("</body>").unwrap().0;
            assert!(body.contains("&amp; b &lt; c &gt; d"), "{body}");
            assert!(
                body.bytes().all(|byte| (0x20..0x7f).contains(&byte)),
                "{body}"
            );
            assert!(
                body.contains("\\u0001") && body.contains("\\ud83d\\ude00"),
                "{body}"
            );
            let answer = peer.hears().await.decode().body.to_string();
            assert!(answer.contains("a & b < c > d \\\" e ' f"), "{answer}");
        }
        // All ways to escape mean the same.
        let mut peer = Peer::enters(&net, Form::C, "peer").await;
        let request = Form::C.request(1, "opensrf.system.echo", "[QUOTEx &amp; <y>QUOTE]");
        let request = Form::C.stanza(
            Envelope {
                to: MATH,
                xid: "&#60;&quot;&apos;&#x3e;",
                thread: "t&lt;1",
                ..Envelope::default()
            },
            &format!("[{request}]"),
        );
        peer.raw.say(&request.replace("QUOTE", "&#x22;")).await;
        let answer = peer.hears().await;
        assert_eq!(
            short(&answer),
            "1: \"x &amp; <y>\", 1: 205 osrfConnectStatus"
        );
        assert_eq!(answer.extension().osrf_xid, "<\"'>");
        assert_eq!(answer.thread(), "t<1");
    });
}

#[test]
fn s020_the_sender_is_who_router_from_names_else_who_the_stanza_is_from() {
    over_every_way(odd, |net| async move {
        for form in Form::ALL {
            let mut router = Peer::logs_in(&*net.door(), form, "router@localhost/other").await;
            let mut asker = Peer::enters(&net, form, "asker").await;
            let listener = net.log.address_of("test.odd_listener_at_");
            let mut outside = Envelope {
                to: &listener,
                from: "router@localhost/other",
                router_from: "opensrf@localhost/asker",
                thread: "t",
                ..Envelope::default()
            };
            let body = format!("[{}]", form.request(1, "caller", ""));
            router.raw.say(&form.stanza(outside, &body)).await;
            let answer = short(&asker.hears().await);
            assert!(
                answer.starts_with("1: \"opensrf@localhost/asker\","),
                "{answer}"
            );
            outside.router_from = "";
            router.raw.say(&form.stanza(outside, &body)).await;
            let answer = short(&router.hears().await);
            assert!(
                answer.starts_with("1: \"router@localhost/other\","),
                "{answer}"
            );
        }
    });
}

#[test]
fn s021_attributes_may_stand_on_the_message_itself() {
    over_every_way(odd, |net| async move {
        let mut old = Peer::enters(&net, Form::Old, "old").await;
        old.asks("test.odd", "caller", "").await;
        let answer = old.hears().await;
        assert_eq!(answer.extension().osrf_xid, XID);
        let expected = "1: \"opensrf@localhost/old\", 1: 205 osrfConnectStatus";
        assert_eq!(short(&answer), expected);
        // A listener of old registers, and is asked.
        old.commands("router@localhost/router", "register", "test.old")
            .await;
        let mut client = Peer::enters(&net, Form::C, "client").await;
        while !crate::support::knows(&net.hub, "test.old").await {}
        client.asks("test.old", "m", "").await;
        let asked = old.hears_one().await;
        assert_eq!((asked.from, asked.xid), (client.address, XID.into()));
        // The element counts if both are there.
        let both = "<message to='router@localhost/test.odd' osrf_xid='old'><opensrf osrf_xid='new'/>\
                    <thread>t</thread><body>BODY</body></message>";
        let body = Form::Old.body(&[Form::Old.request(1, "caller", "")]);
        old.raw.say(&both.replace("BODY", &body)).await;
        assert_eq!(old.hears().await.extension().osrf_xid, "new");
    });
}

/// What a call fails with when this came back.
async fn fails_by(played: &mut Played, net: &crate::support::Net, kind: &str, error: &str) {
    let calling = ask(net.client(), "method");
    let asked = played.is_asked().await;
    Played::bounces(&mut played.class, &asked, kind, error).await;
    let failed = failed(calling).await;
    let told =
        matches!(&failed, CallError::Unreachable { address, .. } if address.as_str() == CLASS);
    assert!(told, "{kind} {error}: {failed:?}");
}

#[test]
fn s022_an_error_is_known_by_its_type_or_by_its_child() {
    over_every_way(nobody, |net| async move {
        for form in Form::ALL {
            let mut played = Played::opens(&net, form).await;
            let kind = " type='error'";
            let error = "<error type='cancel' code='503'/>";
            for (kind, error) in [(kind, error), (kind, ""), ("", error)] {
                fails_by(&mut played, &net, kind, error).await;
            }
        }
    });
}

#[test]
fn s023_an_error_needs_no_code() {
    over_every_way(nobody, |net| async move {
        let mut played = Played::opens(&net, Form::C).await;
        for error in [
            "<error type='cancel'><service-unavailable xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/></error>",
            "<error type='cancel'><service-unavailable/><text>User session not found</text></error>",
            "<error type='cancel'/>",
            "<error code=''/>",
            "<error code='many'/>",
            "<error/>",
        ] {
            fails_by(&mut played, &net, " type='error'", error).await;
        }
    });
}

#[test]
fn s024_a_stanza_without_thread_is_dropped_and_harms_nobody() {
    over_paused_ways(math, |net| async move {
        for form in Form::ALL {
            let mut peer = Peer::enters(&net, form, "peer").await;
            let request = form.request(1, "add", "[1,2]");
            peer.says(MATH, "", std::slice::from_ref(&request)).await;
            let listener = net.log.address_of("opensrf.math_listener_at_");
            peer.says(&listener, "", std::slice::from_ref(&request))
                .await;
            tokio::time::sleep(std::time::Duration::from_secs(10)).await;
            peer.hears_nothing().await;
            let sum = peer.is_told("opensrf.math", "add", "[1,2]").await;
            assert_eq!(sum, "1: 3, 1: 205 osrfConnectStatus");
        }
        // Our client too gets over an answer without one.
        let mut played = Played::opens(&net, Form::C).await;
        let calling = ask(net.client(), "method");
        let asked = played.is_asked().await;
        let result = Form::C.result(asked.trace(), "0");
        played.drone.says(&asked.from, "", &[result]).await;
        played.serves(&asked, "1").await;
        assert_eq!(gave(calling).await, ["1"], "{SERVICE}");
    });
}

#[test]
fn s025_every_reply_repeats_the_xid() {
    over_every_way(odd, |net| async move {
        for form in Form::ALL {
            let mut peer = Peer::enters(&net, form, "peer").await;
            let has_xid = |stanza: &Stanza| assert_eq!(stanza.extension().osrf_xid, XID);
            let drone = peer.connects("test.odd", "t").await;
            for (method, params) in [("count", "[2]"), ("refuse", ""), ("none", "")] {
                let request = form.request(1, method, params);
                peer.says(&drone, "t", &[request]).await;
                has_xid(&peer.hears().await);
            }
            // Pieces of a result.
            let request = form.request(2, "fill", "[120000]");
            peer.says(&drone, "t", &[request]).await;
            for _ in 0..5 {
                has_xid(&peer.hears().await);
            }
        }
    });
}

#[test]
fn s025_the_calls_that_a_method_makes_carry_the_xid_and_language_of_its_own() {
    over_every_way(odd, |net| async move {
        for form in Form::ALL {
            let mut peer = Peer::enters(&net, form, "peer").await;
            let request = form.request(1, "add.through.math", "[1,2]");
            let request = match form {
                Form::Old => request.replace("\"type\"", "\"locale\":\"fr-CA\",\"type\""),
                Form::C | Form::Perl => request.replace("en-US", "fr-CA"),
            };
            peer.says("router@localhost/test.odd", "t", &[request])
                .await;
            assert_eq!(short(&peer.hears().await), "1: 3, 1: 205 osrfConnectStatus");
            let stanzas = net.log.stanzas();
            let nested: Vec<_> = stanzas
                .iter()
                .filter(|stanza| stanza.to.as_ref().is_some_and(|to| to.as_str() == MATH))
                .collect();
            let last = nested.last().expect("a call of another service");
            assert_eq!(last.extension().osrf_xid, XID);
            assert!(last.decode().body.contains("\"locale\":\"fr-CA\""));
        }
    });
}

#[test]
fn s021_programs_of_old_are_answered_in_their_own_form() {
    over_every_way(odd, |net| async move {
        let mut old = Peer::enters(&net, Form::Old, "old").await;
        old.asks("test.odd", "nothing", "").await;
        let answer = outside(&old.raw.read().await);
        assert!(answer.contains(&format!("osrf_xid=\"{XID}\"")), "{answer}");
        // A listener of old reads nothing but attributes of the message.
        old.hears().await;
        old.commands("router@localhost/router", "register", "test.old")
            .await;
        while !crate::support::knows(&net.hub, "test.old").await {}
        let mut client = Peer::enters(&net, Form::C, "client").await;
        client.asks("test.old", "m", "").await;
        let passed = outside(&old.raw.read().await);
        for attribute in [
            format!("router_from=\"{}\"", client.address),
            format!("osrf_xid=\"{XID}\""),
        ] {
            assert!(passed.contains(&attribute), "{attribute}: {passed}");
        }
        // A program of today gets no such attributes.
        client.asks("test.odd", "nothing", "").await;
        let answer = outside(&client.raw.read().await);
        assert!(!answer.contains("osrf_xid"), "{answer}");
    });
}

/// The start tag of a message.
fn outside(message: &str) -> String {
    message.split_once('>').expect("a tag").0.to_owned()
}
