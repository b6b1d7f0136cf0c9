use super::*;
use crate::limits::StreamLimits;
use crate::stanza::{Message, Parts};
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
    Stanza::from(Parts {
        to: to.map(jid),
        from: Some(jid(SENDER)),
        ..Stanza::message(jid(SENDER), message).into_parts()
    })
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
            return Stanza::from(Parts {
                from: Some(jid(SENDER)),
                ..stanza.into_parts()
            });
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

/// Ends a binding, and says who is told of it: `router@public/router hears of opensrf@public/a`.
fn unbind(board: &mut Switchboard<&'static str>, address: &str, id: BindingId) -> Vec<String> {
    told(board.unbind(&jid(address), id))
}

fn told(farewells: Farewells<&'static str>) -> Vec<String> {
    let word = |(target, stanza): (&str, Stanza)| {
        assert_eq!(stanza.shows(), Some(Presence::Gone));
        let from = stanza.into_parts().from.expect("it is stamped");
        format!("{target} hears of {from}")
    };
    farewells.into_iter().map(word).collect()
}

/// Where a presence from one to another goes.
fn show(
    board: &mut Switchboard<&'static str>,
    from: &str,
    to: &str,
    presence: Presence,
) -> Option<&'static str> {
    board.show(&Stanza::from(Parts {
        from: Some(jid(from)),
        ..Stanza::presence(jid(to), presence).into_parts()
    }))
}

const ROUTER: &str = "router@public/router";
const LISTENER: &str = "opensrf@private/listener";

/// A server with a router and a listener that have shown themselves to each other.
fn acquainted() -> (Switchboard<&'static str>, [BindingId; 2]) {
    let mut board = board();
    let mut bind = |address, target| board.bind(jid(address), target).expect("it is free").id;
    let ids = [bind(ROUTER, "router"), bind(LISTENER, "listener")];
    for (from, to, target) in [(LISTENER, ROUTER, "router"), (ROUTER, LISTENER, "listener")] {
        assert_eq!(show(&mut board, from, to, Presence::Here), Some(target));
    }
    (board, ids)
}

#[test]
fn who_was_shown_a_party_is_told_when_it_ends() {
    let (mut board, [router, listener]) = acquainted();
    let hears = ["router hears of opensrf@private/listener"];
    assert_eq!(unbind(&mut board, LISTENER, listener), hears);
    // There is nobody at that address to be told of the router's end, and its next owner was never
    // shown the router.
    board.bind(jid(LISTENER), "stranger").unwrap();
    assert!(unbind(&mut board, ROUTER, router).is_empty());
}

#[test]
fn who_was_shown_a_party_is_told_when_another_takes_its_address() {
    let (mut board, [router, _]) = acquainted();
    let usurper = board.bind(jid(ROUTER), "usurper").unwrap();
    assert_eq!(
        told(usurper.farewells),
        ["listener hears of router@public/router"]
    );
    // The late end of the first is no end of the second, which nobody was shown.
    assert!(unbind(&mut board, ROUTER, router).is_empty());
    assert!(unbind(&mut board, ROUTER, usurper.id).is_empty());
}

#[test]
fn who_was_told_of_an_end_by_the_party_itself_is_not_told_again() {
    let (mut board, [router, _]) = acquainted();
    let told = show(&mut board, ROUTER, LISTENER, Presence::Gone);
    assert_eq!(told, Some("listener"));
    assert!(unbind(&mut board, ROUTER, router).is_empty());
}

#[test]
fn presence_for_everybody_for_accounts_and_about_subscriptions_goes_nowhere() {
    let (mut board, _) = acquainted();
    for to in ["opensrf@private", "private", "opensrf@private/gone", ROUTER] {
        assert_eq!(show(&mut board, ROUTER, to, Presence::Here), None, "{to}");
    }
    let to_all = Stanza::from(Parts {
        to: None,
        ..Stanza::presence(jid(LISTENER), Presence::Here).into_parts()
    });
    let subscription = Stanza::from(Parts {
        stanza_type: "subscribe".into(),
        ..Stanza::presence(jid(LISTENER), Presence::Here).into_parts()
    });
    for stanza in [to_all, subscription] {
        let from = Some(jid(ROUTER));
        assert_eq!(
            board.show(&Stanza::from(Parts {
                from,
                ..stanza.into_parts()
            })),
            None
        );
    }
}

#[test]
fn a_party_shows_itself_to_so_many_and_no_more() {
    let mut board = Switchboard::new(["public".to_owned()], PRESENCES + 2);
    let router = board.bind(jid(ROUTER), "router").unwrap().id;
    let listener = |n: usize| format!("opensrf@public/{n}");
    for n in 0..=PRESENCES {
        board.bind(jid(&listener(n)), "listener").unwrap();
        let is_shown = show(&mut board, ROUTER, &listener(n), Presence::Here).is_some();
        assert_eq!(is_shown, n < PRESENCES, "{n}");
    }
    // Again costs nothing, and one less makes room.
    assert!(show(&mut board, ROUTER, &listener(0), Presence::Here).is_some());
    show(&mut board, ROUTER, &listener(0), Presence::Gone);
    assert!(show(&mut board, ROUTER, &listener(PRESENCES), Presence::Here).is_some());
    assert_eq!(unbind(&mut board, ROUTER, router).len(), PRESENCES);
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
    let error = Stanza::from(Parts {
        stanza_type: "error".into(),
        ..message(to).into_parts()
    });
    let presence = Stanza::from(Parts {
        kind: Kind::Presence,
        ..message(Some("opensrf@private/drone")).into_parts()
    });
    let to_all = Stanza::from(Parts {
        kind: Kind::Presence,
        ..message(None).into_parts()
    });
    let result = Stanza::from(Parts {
        kind: Kind::Iq,
        stanza_type: "result".into(),
        ..message(to).into_parts()
    });
    for stanza in [error, presence, to_all, result] {
        assert_eq!(fate(&stanza), "dropped", "{stanza:?}");
    }
}

#[test]
fn an_error_is_delivered_like_any_message() {
    let error = Stanza::from(Parts {
        stanza_type: "error".into(),
        ..message(Some("opensrf@private/drone")).into_parts()
    });
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
    let first = board.bind(jid(SENDER), "first").unwrap();
    assert_eq!(first.before, None);
    let second = board.bind(jid(SENDER), "second").unwrap();
    assert_eq!(second.before, Some("first"));
    let message = message(Some(SENDER));
    // The first one's end comes late.
    unbind(&mut board, SENDER, first.id);
    assert_eq!(board.route(&message), Verdict::Deliver("second"));
    unbind(&mut board, SENDER, second.id);
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
    let a = board.bind(address("a"), "a").unwrap();
    board.bind(address("b"), "b").unwrap();
    board.bind(address("c"), "c").unwrap();
    assert_eq!(
        board.bind(address("d"), "d").unwrap_err(),
        BindError::TooManySessions(jid("opensrf@public"))
    );
    // The same address again is no further session, and its end counts once.
    let again = board.bind(address("a"), "again").unwrap();
    assert_eq!(again.before, Some("a"));
    unbind(&mut board, "opensrf@public/a", a.id);
    assert!(board.bind(address("d"), "d").is_err());
    unbind(&mut board, "opensrf@public/a", again.id);
    unbind(&mut board, "opensrf@public/a", again.id);
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

#[test]
fn a_table_that_is_cleared_gives_out_who_was_bound_and_forgets_the_sessions() {
    let mut board = busy();
    let late = board.bind(jid("opensrf@public/b"), "b").unwrap();
    assert_eq!(board.clear(), ["drone", "b", "sender"]);
    assert!(board.addresses().is_empty());
    unbind(&mut board, "opensrf@public/b", late.id);
    for name in ["a", "b", "c"] {
        let address = jid(&format!("opensrf@public/{name}"));
        board.bind(address, name).unwrap();
    }
}
