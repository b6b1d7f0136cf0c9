//! Client sessions: how requests end, and what is ignored (49 to 57).

use std::time::Duration;

use futures::StreamExt;
use opensrf::session::CallError;
use tokio::time::Instant;

use super::form::Form;
use super::peer::Peer;
use super::played::{CLASS, Played, SERVICE, ask, failed, gave, nobody};
use crate::support::{Net, over_every_way, over_paused_ways};

/// What the Jabber server says of an address that nobody has.
const GONE: &str = "<error type='cancel'><service-unavailable \
                    xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/></error>";

#[test]
fn s049_any_other_status_fails_the_request_with_its_name_text_and_code() {
    over_every_way(nobody, |net| async move {
        for form in Form::ALL {
            let mut played = Played::opens(&net, form).await;
            for (class, code) in [
                ("osrfMethodException", 404),
                ("osrfMethodException", 500),
                ("osrfServerError", 500),
                ("osrfConnectStatus", 400),
                ("osrfAuthException", 403),
                ("osrfMethodException", 503),
            ] {
                let calling = ask(net.client(), "method");
                let asked = played.is_asked().await;
                let text = "why \"it\" <failed>\n";
                let status = form.status(asked.trace(), class, code, text);
                // No 205 follows.
                played
                    .answers(&asked, &[form.result(asked.trace(), "1"), status])
                    .await;
                let CallError::Status(told) = failed(calling).await else {
                    panic!("no status");
                };
                assert_eq!((&*told.class, told.code, &*told.text), (class, code, text));
            }
        }
    });
}

#[test]
fn s049_a_refusal_that_names_request_1_whatever_was_asked_is_the_answer_to_what_was_asked() {
    // The original's listener does not read what it refuses: a CONNECT is number 0.
    over_every_way(nobody, |net| async move {
        for form in [Form::C, Form::Perl] {
            let mut played = Played::opens(&net, form).await;
            let before = Instant::now();
            let client = net.client().clone();
            let connecting = actix_rt::spawn(async move { client.connect(SERVICE).await });
            let asked = played.is_asked().await;
            assert_eq!((asked.says(), asked.trace()), ("CONNECT".into(), 0));
            let text = "Service unavailable: no available children and backlog queue at limit";
            let refusal = form.status(1, "osrfMethodException", 503, text);
            played.answers(&asked, &[refusal]).await;
            let refused = connecting.await.unwrap().expect_err("it is full");
            assert_eq!(refused.call().map(CallError::code), Some(503));
            assert!(before.elapsed() < Duration::from_secs(5));
        }
    });
}

/// A call comes back from its service's address.
async fn is_unreachable(net: &Net, form: Form, kind: &str, error: &str) {
    let mut played = Played::opens(net, form).await;
    let before = Instant::now();
    let calling = ask(net.client(), "method");
    let client = net.client().clone();
    let connecting = actix_rt::spawn(async move { client.connect(SERVICE).await });
    for _ in 0..2 {
        let asked = played.is_asked().await;
        Played::bounces(&mut played.class, &asked, kind, error).await;
    }
    let told = failed(calling).await;
    assert!(
        matches!(&told, CallError::Unreachable { address, .. } if address.as_str() == CLASS),
        "{told:?}"
    );
    let refused = connecting.await.unwrap().expect_err("nobody is there");
    assert!(matches!(
        refused.call(),
        Some(CallError::Unreachable { .. })
    ));
    assert!(
        before.elapsed() < Duration::from_secs(5),
        "no time-out was waited for"
    );
}

#[test]
fn s050_a_bounce_from_the_router_address_is_told_at_once() {
    over_every_way(nobody, |net| async move {
        for form in Form::ALL {
            is_unreachable(&net, form, " type='error'", GONE).await;
        }
        // The embedded server's own, for a service that nobody runs.
        let refused = net
            .client()
            .call("no.such", "m", ())
            .await
            .expect_err("nobody");
        assert!(matches!(
            refused.call(),
            Some(CallError::Unreachable { .. })
        ));
    });
}

#[test]
fn s051_a_bounce_from_a_drone_is_taken_for_a_redirection() {
    over_every_way(nobody, |net| async move {
        for form in Form::ALL {
            let mut played = Played::opens(&net, form).await;
            let client = net.client().clone();
            let connecting = actix_rt::spawn(async move { client.connect(SERVICE).await });
            played.accepts().await;
            let session = connecting.await.unwrap().unwrap();
            let calling = actix_rt::spawn(async move { session.call("method", ()).await });
            let asked = played.drone.hears_one().await;
            Played::bounces(&mut played.drone, &asked, " type='error'", GONE).await;
            played.drone = Peer::enters(&net, form, "test.played_drone_vm_2").await;
            played.accepts().await;
            let again = played.drone.hears_one().await;
            assert_eq!((again.trace(), again.says()), (asked.trace(), asked.says()));
            played.serves(&again, "1").await;
            assert_eq!(gave(calling).await, ["1"]);
        }
    });
}

#[test]
fn s052_the_notice_of_a_router_counts_without_type_error() {
    over_every_way(nobody, |net| async move {
        for form in Form::ALL {
            is_unreachable(&net, form, "", "<error type='cancel' code='501'/>").await;
        }
    });
}

#[test]
fn s053_a_time_out_is_no_completion_and_is_told_once() {
    over_paused_ways(nobody, |net| async move {
        for form in Form::ALL {
            let mut played = Played::opens(&net, form).await;
            let client = net.client().with_timeout(Duration::from_secs(3));
            let completed = ask(&client, "completed");
            let asked = played.is_asked().await;
            played
                .answers(&asked, &[form.complete(asked.trace())])
                .await;
            assert!(gave(completed).await.is_empty());
            let late = client.stream(SERVICE, "late", ()).await.unwrap();
            let asked = played.is_asked().await;
            let bounced = client.stream(SERVICE, "bounced", ()).await.unwrap();
            let lost = played.is_asked().await;
            Played::bounces(&mut played.class, &lost, " type='error'", GONE).await;
            let all: Vec<_> = late.collect().await;
            let timeout = CallError::Timeout(Duration::from_secs(3));
            assert_eq!(all, [Err(timeout)]);
            played.serves(&asked, "1").await;
            let all: Vec<_> = bounced.collect().await;
            assert!(
                matches!(all[..], [Err(CallError::Unreachable { .. })]),
                "{all:?}"
            );
        }
    });
}

#[test]
fn s054_pieces_are_put_together_for_each_request() {
    over_every_way(nobody, |net| async move {
        for form in [Form::C, Form::Perl] {
            let mut played = Played::opens(&net, form).await;
            let client = net.client().clone();
            let connecting = actix_rt::spawn(async move { client.connect(SERVICE).await });
            played.accepts().await;
            let session = std::rc::Rc::new(connecting.await.unwrap().unwrap());
            let [one, two] = ["one", "two"].map(|method| {
                let session = std::rc::Rc::clone(&session);
                actix_rt::spawn(async move { session.call(method, ()).await })
            });
            let first = played.drone.hears_one().await;
            let second = played.drone.hears_one().await;
            let (a, b) = (first.trace(), second.trace());
            // Cuts may fall inside an escape, as they do in recordings.
            for message in [
                form.result(a, "0"),
                form.piece(a, "[\"\\u0"),
                form.piece(b, "{\"__c\":"),
                form.piece(a, "0e9\\\""),
                form.piece(b, "\"x\",\"__p\":[]}"),
                form.end_of_pieces(b),
                form.piece(a, "\"]"),
                form.end_of_pieces(a),
                form.result(a, "9"),
                form.complete(b),
                form.complete(a),
            ] {
                played.answers(&first, &[message]).await;
            }
            assert_eq!(gave(two).await, ["{\"__c\":\"x\",\"__p\":[]}"]);
            assert_eq!(gave(one).await, ["0", "[\"\\u00e9\\\"\"]", "9"]);
        }
    });
}

#[test]
fn s055_an_end_of_pieces_without_pieces_harms_nothing() {
    over_every_way(nobody, |net| async move {
        for form in [Form::C, Form::Perl] {
            let mut played = Played::opens(&net, form).await;
            let calling = ask(net.client(), "method");
            let asked = played.is_asked().await;
            let trace = asked.trace();
            let end = form.end_of_pieces(trace);
            played
                .answers(&asked, &[end, form.result(trace, "1")])
                .await;
            played.answers(&asked, &[form.complete(trace)]).await;
            assert_eq!(gave(calling).await, ["1"], "{form:?}");
        }
    });
}

#[test]
fn s056_what_is_late_or_about_nothing_known_is_ignored() {
    over_every_way(nobody, |net| async move {
        for form in Form::ALL {
            let mut played = Played::opens(&net, form).await;
            let done = ask(net.client(), "done");
            let over = played.is_asked().await;
            played.serves(&over, "1").await;
            gave(done).await;
            let open = ask(net.client(), "open");
            let asked = played.is_asked().await;
            played.serves(&over, "2").await;
            let trace = asked.trace();
            let stray = [
                form.result(trace, "3"),
                form.status(trace, "osrfMethodException", 500, "stray"),
                form.complete(trace),
            ];
            played
                .drone
                .says(&asked.from, "a thread of nobody", &stray)
                .await;
            let thread = over.thread.clone();
            played.drone.says(&asked.from, &thread, &stray).await;
            played.serves(&asked, "4").await;
            assert_eq!(gave(open).await, ["4"]);
        }
    });
}

#[test]
fn s057_a_client_keeps_its_own_time_zone() {
    over_every_way(nobody, |net| async move {
        let mut played = Played::opens(&net, Form::C).await;
        for round in 0..2 {
            let calling = ask(net.client(), "method");
            let asked = played.is_asked().await;
            assert_eq!(asked.message.tz, None, "{round}");
            assert_eq!(asked.message.ingress, "opensrf", "{round}");
            let zone = r#""tz":"Asia/Tokyo","ingress":"srfsh","locale":"fr-CA","type""#;
            let messages = [form_in(zone, Form::C.result(1, "1")), Form::C.complete(1)];
            played.answers(&asked, &messages).await;
            gave(calling).await;
        }
    });
}

/// A message with other fields before its type.
fn form_in(fields: &str, message: String) -> String {
    message
        .replace(r#""locale":"en-US","#, "")
        .replacen(r#""type""#, fields, 1)
}
