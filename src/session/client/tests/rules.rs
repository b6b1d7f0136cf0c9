//! What statuses, bounces, cancelling and the context do, rule by rule.

use super::*;
use crate::stanza::Parts;

fn redirected() -> Status {
    Status {
        code: code::REDIRECTED,
        ..Status::connected()
    }
}

/// A context in which nothing is as by default.
fn elsewhere() -> Context {
    Context {
        xid: Some("170000001".into()),
        locale: "de-DE".into(),
        tz: Some("Europe/Berlin".into()),
        ingress: "gateway-v1".into(),
        api_level: 2,
    }
}

/// The last thing said, and its transaction.
fn last(play: &Play) -> (Message, ByteString) {
    let said = play.sent.last().expect("something was sent").decode();
    let messages = osrf::decode(&said.body).expect("it holds messages");
    (messages[0].clone(), said.opensrf.osrf_xid.clone())
}

#[test]
fn a_request_says_whose_it_is() {
    let mut play = Play::new();
    play.step(ClientInput::Call {
        request: 1,
        service: jid(SERVICE),
        asked: Asked {
            context: elsewhere().into(),
            ..asked()
        },
    });
    let (request, xid) = last(&play);
    assert_eq!(xid, "170000001");
    assert_eq!(request.locale, "de-DE");
    assert_eq!(request.tz.as_deref(), Some("Europe/Berlin"));
    assert_eq!(request.ingress, "gateway-v1");
    assert_eq!(request.api_level, 2);
}

#[test]
fn a_request_says_how_long_it_is_waited_for_and_nothing_else_does() {
    let mut play = Play::new();
    let told = |play: &Play| play.sent.last().map(|sent| sent.extension().timeout);
    play.call(1);
    assert_eq!(told(&play), Some(Some(30 * SECOND)));
    play.open(1);
    assert_eq!(told(&play), Some(None));
    play.status("d1", 0, Status::connected());
    play.step(ClientInput::Close(1));
    assert_eq!(told(&play), Some(None));
}

#[test]
fn a_request_asked_again_said_its_whole_time_and_not_what_was_left_of_it() {
    let told = |play: &Play| play.sent.last().map(|sent| sent.extension().timeout);
    let mut play = Play::new();
    play.call(1);
    play.now = 10 * SECOND;
    play.status("d1", 1, redirected());
    assert_eq!(told(&play), Some(Some(20 * SECOND)));
    // A plea for time begins it anew, by the client's own rule.
    play.status("d2", 1, Status::please_hold());
    play.now = 15 * SECOND;
    play.status("d2", 1, redirected());
    assert_eq!(told(&play), Some(Some(25 * SECOND)));
    // To say nothing would be to wait for ever.
    play.now = 40 * SECOND - Duration::from_micros(1);
    play.status("d3", 1, redirected());
    assert_eq!(told(&play), Some(Some(Duration::from_millis(1))));
}

#[test]
fn a_request_that_waited_for_its_session_says_what_is_left_of_its_time() {
    let told = |play: &Play| play.sent.last().map(|sent| sent.extension().timeout);
    let mut play = Play::connected();
    play.status("d1", 0, Status::idle_too_long());
    play.ask(11);
    play.now = 2 * SECOND;
    play.status("d2", 1, Status::connected());
    assert_eq!(told(&play), Some(Some(28 * SECOND)));
}

#[test]
fn connect_and_disconnect_say_whose_they_are_but_for_the_ingress() {
    let mut play = Play::new();
    play.step(ClientInput::Open {
        session: 1,
        service: jid(SERVICE),
        timeout: 5 * SECOND,
        context: elsewhere().into(),
    });
    let check = |play: &Play| {
        let (message, xid) = last(play);
        assert_eq!((&*xid, &*message.locale), ("170000001", "de-DE"));
        assert_eq!(message.tz.as_deref(), Some("Europe/Berlin"));
        assert_eq!((&*message.ingress, message.api_level), ("", 2));
    };
    check(&play);
    play.status("d1", 0, Status::connected());
    play.step(ClientInput::Close(1));
    check(&play);
}

#[test]
fn without_a_transaction_each_conversation_is_one_of_its_own() {
    let mut play = Play::new();
    play.call(1);
    let (request, first) = last(&play);
    assert_eq!(first, play.thread);
    assert_eq!(request.ingress, "opensrf");
    play.call(2);
    assert_ne!(last(&play).1, first);
    for odd in ["", "a\nb", "a\u{1}", "\u{fffe}"] {
        let context = Context {
            xid: Some(odd.into()),
            ..Context::default()
        };
        assert_eq!(context.xid(&"thread".into()), "thread", "{odd:?}");
    }
}

#[test]
fn nothing_is_taken_over_from_answers() {
    let mut play = Play::connected();
    play.ask(11);
    let answer = Message {
        locale: "fr-CA".into(),
        tz: Some("America/Montreal".into()),
        ingress: "srfsh".into(),
        api_level: 7,
        ..Message::status(1, Status::complete())
    };
    assert_eq!(play.say("d1", &[answer]), ["11: complete"]);
    play.ask(12);
    let (request, _) = last(&play);
    assert_eq!((&*request.locale, request.tz), ("en-US", None));
    assert_eq!((&*request.ingress, request.api_level), ("opensrf", 1));
}

#[test]
fn a_request_asked_again_keeps_thread_number_and_transaction() {
    let mut play = Play::new();
    play.step(ClientInput::Open {
        session: 1,
        service: jid(SERVICE),
        timeout: 5 * SECOND,
        context: elsewhere().into(),
    });
    play.status("d1", 0, Status::connected());
    play.ask(11);
    let first = play.sent.last().cloned().unwrap();
    play.status("d1", 1, redirected());
    play.status("d2", 2, Status::connected());
    let again = Stanza::from(Parts {
        to: first.to.clone(),
        ..play.sent.last().cloned().unwrap().into_parts()
    });
    assert_eq!(again, first);
    assert_eq!(play.sent.last().unwrap().to, Some(address("d2")));
}

#[test]
fn any_status_that_means_nothing_else_ends_the_request() {
    for odd in [0, 202, 204, 206, 301, 400, 401, 403, 405, 417, 501, 505] {
        let mut play = Play::new();
        play.call(1);
        assert_eq!(play.fail("d1", 1, odd), [format!("1: failed {odd} text")]);
        play.assert_forgotten();
    }
    let mut play = Play::new();
    play.call(1);
    assert!(play.fail("d1", 1, code::OK).is_empty());
    assert!(play.fail("d1", 9, 301).is_empty());
    assert_eq!(play.answer("d1", 1, 7).len(), 2);
}

#[test]
fn a_session_told_to_leave_under_number_0_or_of_a_complete_request_asks_nothing_again() {
    for trace in [0, 1, 9] {
        for status in [redirected(), Status::idle_too_long()] {
            let mut play = Play::connected();
            play.ask(11);
            play.answer("d1", 1, 10);
            assert!(play.status("d1", trace, status).is_empty());
            assert_eq!(play.ask(12), ["router <- CONNECT 3"]);
        }
    }
}

#[test]
fn a_stateless_request_is_not_asked_again_for_news_of_another() {
    let mut play = Play::new();
    play.call(1);
    for trace in [0, 2] {
        assert!(play.status("d1", trace, redirected()).is_empty());
        let idle = play.status("d1", trace, Status::idle_too_long());
        assert!(idle.is_empty());
    }
    assert_eq!(play.answer("d1", 1, 7).len(), 2);
}

#[test]
fn a_session_that_is_told_417_asks_nothing_again() {
    let mut play = Play::connected();
    play.ask(11);
    let mangled = Status::broken_session("mangled");
    assert_eq!(play.status("d1", 1, mangled), ["11: failed 417 mangled"]);
    assert_eq!(play.ask(12), ["router <- CONNECT 3"]);
}

#[test]
fn each_request_has_its_own_time_for_a_notice() {
    let mut play = Play::connected();
    play.ask(11);
    play.now += 20 * SECOND;
    play.ask(12);
    play.now += 5 * SECOND;
    play.status("d1", 1, Status::please_hold());
    assert_eq!(play.wait(), ["12: failed no answer within 30s"]);
    assert_eq!(play.now, 50 * SECOND);
    assert_eq!(play.wait(), ["11: failed no answer within 30s"]);
    assert_eq!(play.now, 55 * SECOND);
}

#[test]
fn an_end_of_pieces_without_pieces_is_ignored() {
    let mut play = Play::new();
    play.call(1);
    assert!(play.piece("d1", 1, code::NO_CONTENT, "").is_empty());
    assert_eq!(play.answer("d1", 1, 7).len(), 2);
}

#[test]
fn one_request_in_too_many_pieces_fails_and_another_goes_on() {
    let mut play = Play::connected();
    play.ask(11);
    play.ask(12);
    play.piece("d1", 2, code::PARTIAL, "[2");
    let piece = "x".repeat(crate::limits::REASSEMBLY_BYTES / 4);
    for _ in 0..4 {
        assert!(play.piece("d1", 1, code::PARTIAL, &piece).is_empty());
    }
    let end = play.piece("d1", 1, code::PARTIAL, "x");
    assert_eq!(end.len(), 1, "a session says nothing: {end:?}");
    assert!(end[0].starts_with("11: failed a result in pieces is larger than"));
    play.piece("d1", 2, code::PARTIAL, "]");
    assert_eq!(
        play.piece("d1", 2, code::NO_CONTENT, ""),
        ["12: result [2]"]
    );
}

#[test]
fn the_drone_of_a_request_that_is_given_up_is_let_go() {
    let mut play = Play::new();
    play.call(1);
    play.result("d1", 1, 7);
    assert_eq!(play.step(ClientInput::Cancel(1)), ["d1 <- DISCONNECT"]);
    let (request, bye) = (&play.sent[0], &play.sent[1]);
    assert_eq!(request.thread(), bye.thread());
    // It may come back, and the drone may go on.
    assert!(play.bounce().is_empty());
    assert!(play.answer("d1", 1, 8).is_empty());
    assert!(play.step(ClientInput::Cancel(1)).is_empty());
    play.assert_forgotten();
}

#[test]
fn a_drone_that_asked_for_time_or_gave_a_piece_is_let_go_as_well() {
    let mut play = Play::new();
    play.call(1);
    play.status("d1", 1, Status::please_hold());
    assert_eq!(play.step(ClientInput::Cancel(1)), ["d1 <- DISCONNECT"]);
    play.call(2);
    play.piece("d2", 1, code::PARTIAL, "[1");
    assert_eq!(
        play.wait(),
        ["d2 <- DISCONNECT", "2: failed no answer within 30s"]
    );
    play.assert_forgotten();
}

#[test]
fn nobody_is_let_go_who_was_not_heard_is_done_or_serves_a_session() {
    let mut play = Play::new();
    play.call(1);
    assert!(play.step(ClientInput::Cancel(1)).is_empty());
    play.call(2);
    play.answer("d1", 1, 7);
    assert!(play.step(ClientInput::Cancel(2)).is_empty());
    // The router answers for itself.
    play.call(3);
    play.result("router", 1, 7);
    assert!(play.step(ClientInput::Cancel(3)).is_empty());
    // The drone that redirected has let go by itself.
    play.call(4);
    play.status("d1", 1, Status::please_hold());
    play.status("d1", 1, redirected());
    assert!(play.step(ClientInput::Cancel(4)).is_empty());
    let mut play = Play::connected();
    play.ask(11);
    play.ask(12);
    play.result("d1", 1, 7);
    assert!(play.step(ClientInput::Cancel(11)).is_empty());
    assert_eq!(play.answer("d1", 2, 8).len(), 2);
}
