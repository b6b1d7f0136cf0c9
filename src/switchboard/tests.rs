use super::*;
use crate::limits::StreamLimits;
use crate::stanza::Message;
use crate::xml::{Frame, Framer};

const SENDER: &str = "opensrf@public/client";

fn jid(text: &str) -> Jid {
    Jid::parse(text).expect("an address")
}

/// A server of two domains; each account may have three sessions.
fn board() -> Switchboard<&'static str> {
    Switchboard::new(["public".to_owned(), "private".to_owned()], 3)
}

/// A server that the sender and a drone are bound to.
fn busy() -> Switchboard<&'static str> {
    let mut board = board();
    for (address, target) in [(SENDER, "sender"), ("opensrf@private/drone", "drone")] {
        board.bind(jid(address), target).expect("it is free");
    }
    board
}

fn message(to: Option<&str>) -> Stanza {
    let message = Message {
        thread: "thread".into(),
        body: "body".into(),
        ..Message::default()
    };
    Stanza {
        to: to.map(jid),
        from: Some(jid(SENDER)),
        ..Stanza::message(jid(SENDER), message)
    }
}

/// A stanza as it comes off a stream, from the sender.
fn wire(text: &str) -> Stanza {
    let mut framer = Framer::new(StreamLimits::AUTHENTICATED);
    framer.push(
        b"<stream:stream xmlns='jabber:client' xmlns:stream='http://etherx.jabber.org/streams'>",
    );
    framer.push(text.as_bytes());
    while let Some(frame) = framer.next_frame().expect("it is well-formed") {
        if let Frame::Element(raw) = frame {
            let stanza = Stanza::from_raw(raw).expect("it is a stanza");
            return Stanza {
                from: Some(jid(SENDER)),
                ..stanza
            };
        }
    }
    panic!("no whole element: {text}");
}

/// What becomes of a stanza: `to drone`, `dropped`, `result`, or the condition of its bounce.
fn fate(stanza: &Stanza) -> String {
    match busy().route(stanza) {
        Verdict::Deliver(target) => format!("to {target}"),
        Verdict::Drop => "dropped".to_owned(),
        Verdict::Answer(answer) => {
            assert_eq!(answer.to, stanza.from);
            assert_eq!((&answer.from, &answer.id), (&stanza.to, &stanza.id));
            match answer.error() {
                None => (*answer.stanza_type).to_owned(),
                Some(error) => {
                    assert_eq!(answer.stanza_type, "error");
                    assert_eq!(answer.thread(), stanza.thread());
                    error.condition.name().to_owned()
                }
            }
        }
    }
}

#[test]
fn a_message_goes_to_the_full_address_it_names_or_back() {
    let cases = [
        (Some("opensrf@private/drone"), "to drone"),
        (Some("opensrf@private/Drone"), "service-unavailable"),
        (Some("opensrf@private/other"), "service-unavailable"),
        (Some("opensrf@private"), "service-unavailable"),
        (Some("opensrf@public"), "service-unavailable"),
        (Some("nobody@private/x"), "service-unavailable"),
        (Some("private"), "service-unavailable"),
        (Some("private/x"), "service-unavailable"),
        (Some("opensrf@elsewhere/x"), "remote-server-not-found"),
        (None, "service-unavailable"),
    ];
    for (to, expected) in cases {
        assert_eq!(fate(&message(to)), expected, "{to:?}");
    }
}

#[test]
fn a_party_may_write_to_itself() {
    assert_eq!(fate(&message(Some(SENDER))), "to sender");
}

#[test]
fn errors_and_answers_and_presence_never_bounce() {
    let to = Some("opensrf@private/other");
    let error = Stanza {
        stanza_type: "error".into(),
        ..message(to)
    };
    let presence = Stanza {
        kind: Kind::Presence,
        ..message(Some("opensrf@private/drone"))
    };
    let to_all = Stanza {
        kind: Kind::Presence,
        ..message(None)
    };
    let result = Stanza {
        kind: Kind::Iq,
        stanza_type: "result".into(),
        ..message(to)
    };
    for stanza in [error, presence, to_all, result] {
        assert_eq!(fate(&stanza), "dropped", "{stanza:?}");
    }
}

#[test]
fn an_error_is_delivered_like_any_message() {
    let error = Stanza {
        stanza_type: "error".into(),
        ..message(Some("opensrf@private/drone"))
    };
    assert_eq!(fate(&error), "to drone");
}

#[test]
fn pings_and_session_requests_are_answered_and_other_questions_refused() {
    let ping = "<ping xmlns='urn:xmpp:ping'/>";
    let session = "<session xmlns='urn:ietf:params:xml:ns:xmpp-session'/>";
    let roster = "<query xmlns='jabber:iq:roster'/>";
    let cases = [
        ("get", "", ping, "result"),
        ("get", "to='private'", ping, "result"),
        ("get", "to='opensrf@public'", ping, "result"),
        ("set", "", session, "result"),
        ("get", "", roster, "service-unavailable"),
        ("get", "to='opensrf@private/drone'", ping, "to drone"),
        (
            "get",
            "to='opensrf@private/other'",
            ping,
            "service-unavailable",
        ),
        ("result", "", ping, "dropped"),
        ("error", "", ping, "dropped"),
    ];
    for (kind, to, child, expected) in cases {
        let iq = format!("<iq type='{kind}' id='7' {to}>{child}</iq>");
        assert_eq!(fate(&wire(&iq)), expected, "{iq}");
    }
}

#[test]
fn a_second_log_in_throws_the_first_out() {
    let mut board = board();
    let (first, none) = board.bind(jid(SENDER), "first").unwrap();
    assert_eq!(none, None);
    let (second, before) = board.bind(jid(SENDER), "second").unwrap();
    assert_eq!(before, Some("first"));
    let message = message(Some(SENDER));
    // The first one's end comes late.
    board.unbind(&jid(SENDER), first);
    assert_eq!(board.route(&message), Verdict::Deliver("second"));
    board.unbind(&jid(SENDER), second);
    assert!(matches!(board.route(&message), Verdict::Answer(_)));
    assert!(board.addresses().is_empty());
}

#[test]
fn a_domain_that_is_not_served_cannot_be_bound() {
    let foreign = board().bind(jid("opensrf@elsewhere/x"), "x");
    assert_eq!(
        foreign.unwrap_err(),
        BindError::UnknownDomain("elsewhere".to_owned())
    );
}

#[test]
fn an_account_has_so_many_sessions_and_no_more() {
    let mut board = board();
    let address = |name: &str| jid(&format!("opensrf@public/{name}"));
    let (a, _) = board.bind(address("a"), "a").unwrap();
    board.bind(address("b"), "b").unwrap();
    board.bind(address("c"), "c").unwrap();
    assert_eq!(
        board.bind(address("d"), "d").unwrap_err(),
        BindError::TooManySessions(jid("opensrf@public"))
    );
    // The same address again is no further session, and its end counts once.
    let (again, before) = board.bind(address("a"), "again").unwrap();
    assert_eq!(before, Some("a"));
    board.unbind(&address("a"), a);
    assert!(board.bind(address("d"), "d").is_err());
    board.unbind(&address("a"), again);
    board.unbind(&address("a"), again);
    board.bind(address("d"), "d").unwrap();
    assert!(board.bind(address("e"), "e").is_err());
    board.bind(jid("other@public/e"), "e").unwrap();
}

#[test]
fn addresses_are_listed_in_order() {
    let mut board = board();
    for name in ["b", "a", "c"] {
        let address = jid(&format!("opensrf@public/{name}"));
        board.bind(address, "x").unwrap();
    }
    let names: Vec<_> = board
        .addresses()
        .iter()
        .filter_map(|jid| jid.resource().map(str::to_owned))
        .collect();
    assert_eq!(names, ["a", "b", "c"]);
}
