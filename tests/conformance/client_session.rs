//! Client sessions: where requests go, and what statuses do to a session (38 to 48).

use std::time::Duration;

use opensrf::session::CallError;
use opensrf_actors::client::{ClientError, Session};
use tokio::time::Instant;

use super::form::Form;
use super::peer::Peer;
use super::played::{Calling, Played, SERVICE, ask, failed, gave, nobody};
use crate::support::{Net, over_every_way, over_paused_ways};

type Connecting = actix_rt::task::JoinHandle<Result<Session, ClientError>>;

/// Begins to open a session with the played service.
fn connect(net: &Net) -> Connecting {
    let client = net.client().clone();
    actix_rt::spawn(async move { client.connect(SERVICE).await })
}

/// Begins a request of a session, which comes back with its outcome.
fn ask_in(session: &std::rc::Rc<Session>, method: &'static str) -> Calling {
    let session = std::rc::Rc::clone(session);
    actix_rt::spawn(async move { session.call(method, ()).await })
}

/// A service of this form, with a session that its drone has accepted.
async fn in_a_session(net: &Net, form: Form) -> (Played, std::rc::Rc<Session>) {
    let mut played = Played::opens(net, form).await;
    let connecting = connect(net);
    played.accepts().await;
    let session = connecting.await.unwrap().unwrap();
    (played, std::rc::Rc::new(session))
}

#[test]
fn s038_stateless_requests_always_go_to_the_router() {
    over_every_way(nobody, |net| async move {
        for form in Form::ALL {
            let mut played = Played::opens(&net, form).await;
            for round in ["0", "1", "2"] {
                let calling = ask(net.client(), "method");
                // The drone has just answered the one before, and would take it.
                let asked = played.is_asked().await;
                played.serves(&asked, round).await;
                assert_eq!(gave(calling).await, [round]);
            }
        }
    });
}

#[test]
fn s039_connect_goes_to_the_router_and_all_else_to_whom_said_200() {
    over_every_way(nobody, |net| async move {
        for form in Form::ALL {
            let mut played = Played::opens(&net, form).await;
            let connecting = connect(&net);
            let connect = played.accepts().await;
            let session = std::rc::Rc::new(connecting.await.unwrap().unwrap());
            for method in ["a", "b"] {
                let calling = ask_in(&session, method);
                let asked = played.drone.hears_one().await;
                assert_eq!(asked.says(), format!("{method} []"));
                assert_eq!(asked.thread, connect.thread);
                played.serves(&asked, "1").await;
                gave(calling).await;
            }
            played.class.hears_nothing().await;
        }
    });
}

#[test]
fn s040_connect_gives_up_after_five_seconds_and_leaves_nothing() {
    over_paused_ways(nobody, |net| async move {
        let mut played = Played::opens(&net, Form::C).await;
        let before = Instant::now();
        let connecting = connect(&net);
        let asked = played.is_asked().await;
        let refused = connecting.await.unwrap().expect_err("nobody answered");
        assert_eq!(before.elapsed(), Duration::from_secs(5));
        let limit = CallError::ConnectTimeout(Duration::from_secs(5));
        assert_eq!(refused.call(), Some(&limit));
        // A drone that comes too late is told to go.
        played.answers(&asked, &[Form::C.connected(0)]).await;
        assert_eq!(played.drone.hears_one().await.says(), "DISCONNECT");
    });
}

#[test]
fn s041_disconnect_goes_to_a_connected_drone_only_and_nobody_waits_for_an_answer() {
    over_paused_ways(nobody, |net| async move {
        for form in Form::ALL {
            let (mut played, session) = in_a_session(&net, form).await;
            drop(session);
            assert_eq!(played.drone.hears_one().await.says(), "DISCONNECT");
            // A session that its drone has ended is not told.
            let (mut played, session) = in_a_session(&net, form).await;
            let thread = net.log.said().pop().unwrap().thread;
            let client = net.log.address_of("client_at_");
            let idle = form.status(0, "osrfConnectStatus", 408, "Disconnected on timeout");
            played.drone.says(&client, &thread, &[idle]).await;
            tokio::time::sleep(Duration::from_secs(1)).await;
            drop(session);
            tokio::time::sleep(Duration::from_secs(1)).await;
            played.drone.hears_nothing().await;
            played.class.hears_nothing().await;
            // The next one begins at the router again.
            drop(played);
            in_a_session(&net, form).await;
        }
    });
}

#[test]
fn s042_the_numbers_of_a_session_are_unique_and_grow() {
    over_every_way(nobody, |net| async move {
        let (mut played, session) = in_a_session(&net, Form::C).await;
        let callings: Vec<_> = (0..20).map(|_| ask_in(&session, "method")).collect();
        let mut last = 0;
        for calling in callings {
            let asked = played.drone.hears_one().await;
            assert!(asked.trace() > last, "{} after {last}", asked.trace());
            last = asked.trace();
            played.serves(&asked, "1").await;
            gave(calling).await;
        }
    });
}

#[test]
fn s043_answers_find_their_requests_however_they_interleave() {
    over_every_way(nobody, |net| async move {
        for form in Form::ALL {
            let (mut played, session) = in_a_session(&net, form).await;
            let [one, two] = ["one", "two"].map(|method| ask_in(&session, method));
            let three = ask(net.client(), "three");
            let first = played.drone.hears_one().await;
            let second = played.drone.hears_one().await;
            let third = played.is_asked().await;
            let (a, b) = (first.trace(), second.trace());
            let mixed = [form.result(b, "\"b\""), form.result(a, "\"a\"")];
            played.answers(&first, &mixed).await;
            // Another thread has its own numbers.
            played.serves(&third, "\"c\"").await;
            let ends = [form.result(a, "\"d\""), form.complete(b), form.complete(a)];
            played.answers(&first, &ends).await;
            assert_eq!(gave(three).await, ["\"c\""]);
            assert_eq!(gave(two).await, ["\"b\""]);
            assert_eq!(gave(one).await, ["\"a\"", "\"d\""]);
        }
    });
}

#[test]
fn s044_status_205_completes_exactly_its_request() {
    over_paused_ways(nobody, |net| async move {
        for form in Form::ALL {
            let (mut played, session) = in_a_session(&net, form).await;
            let [one, two] = ["one", "two"].map(|method| ask_in(&session, method));
            let first = played.drone.hears_one().await;
            let second = played.drone.hears_one().await;
            let late = [form.complete(second.trace()), form.complete(999)];
            played.answers(&first, &late).await;
            assert!(gave(two).await.is_empty());
            tokio::time::sleep(Duration::from_secs(20)).await;
            assert!(!one.is_finished());
            played.serves(&first, "1").await;
            assert_eq!(gave(one).await, ["1"]);
        }
    });
}

#[test]
fn s045_status_100_begins_the_time_of_its_request_anew() {
    over_paused_ways(nobody, |net| async move {
        for form in Form::ALL {
            let mut played = Played::opens(&net, form).await;
            let patient = ask(net.client(), "patient");
            let hasty = ask(net.client(), "hasty");
            let asked = played.is_asked().await;
            played.is_asked().await;
            for _ in 0..3 {
                tokio::time::sleep(Duration::from_secs(20)).await;
                played.answers(&asked, &[form.hold(asked.trace())]).await;
            }
            let timeout = CallError::Timeout(Duration::from_secs(30));
            assert_eq!(failed(hasty).await, timeout);
            tokio::time::sleep(Duration::from_secs(20)).await;
            played.serves(&asked, "1").await;
            assert_eq!(gave(patient).await, ["1"]);
        }
    });
}

/// Plays a session whose drone ends it with this status while a request is open.
async fn goes_on_elsewhere(net: &Net, form: Form, code: u16, trace_of: fn(u64) -> u64) {
    let (mut played, session) = in_a_session(net, form).await;
    let done = ask_in(&session, "done");
    let asked = played.drone.hears_one().await;
    played.serves(&asked, "1").await;
    gave(done).await;
    let open = ask_in(&session, "open");
    let asked = played.drone.hears_one().await;
    let end = form.status(trace_of(asked.trace()), "osrfConnectStatus", code, "over");
    played.answers(&asked, &[end]).await;
    // Another drone takes the session, and the same request; the one that is done is not asked.
    played.drone = Peer::enters(net, form, "test.played_drone_vm_2").await;
    let again = played.accepts().await;
    assert_eq!(again.thread, asked.thread);
    let resent = played.drone.hears_one().await;
    assert_eq!(resent.says(), "open []");
    assert_eq!(
        (resent.trace(), &resent.thread),
        (asked.trace(), &asked.thread)
    );
    played.serves(&resent, "2").await;
    assert_eq!(gave(open).await, ["2"]);
    played.drone.hears_nothing().await;
}

#[test]
fn s046_status_307_sends_an_open_request_again_by_way_of_the_router() {
    over_every_way(nobody, |net| async move {
        for form in Form::ALL {
            goes_on_elsewhere(&net, form, 307, |trace| trace).await;
        }
        // Stateless requests too are asked again at the router, under their number.
        let mut played = Played::opens(&net, Form::Perl).await;
        let calling = ask(net.client(), "method");
        let asked = played.is_asked().await;
        let end = Form::Perl.status(asked.trace(), "osrfConnectStatus", 307, "over");
        played.answers(&asked, &[end]).await;
        let resent = played.is_asked().await;
        assert_eq!(
            (resent.trace(), resent.says()),
            (asked.trace(), asked.says())
        );
        played.serves(&resent, "1").await;
        assert_eq!(gave(calling).await, ["1"]);
    });
}

#[test]
fn s047_status_408_does_the_same_whatever_number_it_names() {
    over_every_way(nobody, |net| async move {
        for form in Form::ALL {
            // C names 0, Perl the last request: one that is complete is not asked again.
            goes_on_elsewhere(&net, form, 408, |_| 0).await;
            goes_on_elsewhere(&net, form, 408, |trace| trace - 1).await;
            goes_on_elsewhere(&net, form, 408, |_| 999).await;
        }
    });
}

#[test]
fn s048_status_417_ends_the_session_and_the_next_request_begins_at_the_router() {
    over_every_way(nobody, |net| async move {
        for form in Form::ALL {
            let (mut played, session) = in_a_session(&net, form).await;
            let open = ask_in(&session, "open");
            let asked = played.drone.hears_one().await;
            let end = form.status(asked.trace(), "osrfBrokenSession", 417, "mangled");
            played.answers(&asked, &[end]).await;
            assert_eq!(failed(open).await.code(), 417);
            let next = ask_in(&session, "next");
            played.accepts().await;
            let asked = played.drone.hears_one().await;
            assert_eq!(asked.says(), "next []");
            played.serves(&asked, "1").await;
            assert_eq!(gave(next).await, ["1"]);
        }
    });
}
