mod walk;

use super::questions::REPORT_TIME;
use super::*;
use crate::osrf::{self, Body, Json};
use crate::router::NodeStats;
use crate::stanza::{Condition, Extension, Message, Parts, Placement, Presence};

const ROUTER: &str = "router@private/router";
const ASKER: &str = "opensrf@private/shell";

fn jid(text: &str) -> Jid {
    Jid::parse(text).expect("an address")
}

fn listener(name: &str) -> Jid {
    jid(&format!("opensrf@private/{name}"))
}

fn router() -> Router {
    let trust = Trust::new(["public".to_owned()], ["private".to_owned()]).expect("both are given");
    Router::new(jid(ROUTER), trust, Tick::ZERO)
}

/// A router with these classes up, each with one node.
fn serving(classes: &[&str]) -> Router {
    let mut router = router();
    for class in classes {
        command(&mut router, "register", class, "a");
        step(&mut router, RouterInput::ClassUp((*class).to_owned()));
    }
    router
}

fn step(router: &mut Router, input: RouterInput) -> Vec<String> {
    step_at(router, Tick::ZERO, input)
}

fn step_at(router: &mut Router, now: Tick, input: RouterInput) -> Vec<String> {
    let mut out = Vec::new();
    router.handle(now, input, &mut out);
    words(&out)
}

/// Effects as words: `open S at JID`, `add a to S`, `remove a from S`, `close S`, `ask S`,
/// `dropped`, and of what is sent `shows itself to a`,
/// `takes leave of a`, `3: STATUS 200 Connection Successful` or `3: RESULT 7`.
fn words(effects: &[RouterEffect]) -> Vec<String> {
    let name = |jid: &Jid| jid.resource().unwrap_or_default().to_owned();
    let word = |effect: &RouterEffect| match effect {
        RouterEffect::OpenClass { class, address } => format!("open {class} at {address}"),
        RouterEffect::AddNode(class, node) => {
            let old = match node.placement {
                Placement::Child => "",
                Placement::Message | Placement::Both => "old ",
            };
            format!("add {old}{} to {class}", name(&node.jid))
        }
        RouterEffect::RemoveNode(class, node) => format!("remove {} from {class}", name(node)),
        RouterEffect::LoseNode(class, node) => format!("lose {} from {class}", name(node)),
        RouterEffect::CloseClass(class) => format!("close {class}"),
        RouterEffect::AskStats(class) => format!("ask {class}"),
        RouterEffect::Dropped(..) => "dropped".to_owned(),
        RouterEffect::Distrusted(distrusted) => format!("distrusts {}", distrusted.domain),
        RouterEffect::Send(stanza) => match (stanza.shows(), &stanza.to) {
            (Some(Presence::Here), Some(to)) => format!("shows itself to {}", name(to)),
            (Some(Presence::Gone), Some(to)) => format!("takes leave of {}", name(to)),
            _ => answer(stanza),
        },
    };
    effects.iter().map(word).collect()
}

fn answer(stanza: &Stanza) -> String {
    assert_eq!(stanza.to, Some(jid(ASKER)));
    let message = stanza.decode();
    assert_eq!(
        (&*message.thread, &*message.opensrf.osrf_xid),
        ("thread", "xid")
    );
    let messages = osrf::decode(&message.body).expect("it holds messages");
    let [message] = &messages[..] else {
        panic!("each answer has its own stanza: {messages:?}");
    };
    match &message.body {
        Body::Result(answer) => format!("{}: RESULT {}", message.trace, answer.content),
        Body::Status(status) => {
            format!("{}: STATUS {} {}", message.trace, status.code, status.text)
        }
        other => panic!("no answer: {other:?}"),
    }
}

fn stanza(from: &Jid, message: Message) -> RouterInput {
    RouterInput::Stanza(Stanza::from(Parts {
        from: Some(from.clone()),
        ..Stanza::message(jid(ROUTER), message).into_parts()
    }))
}

fn command_from(router: &mut Router, from: &Jid, command: &str, class: &str) -> Vec<String> {
    let opensrf = Extension {
        router_command: command.into(),
        router_class: class.into(),
        ..Extension::default()
    };
    let message = Message {
        opensrf,
        body: "registering".into(),
        ..Message::default()
    };
    step(router, stanza(from, message))
}

fn command(router: &mut Router, command: &str, class: &str, from: &str) -> Vec<String> {
    command_from(router, &listener(from), command, class)
}

fn empty(class: &str, added: u64) -> RouterInput {
    RouterInput::ClassEmpty {
        class: class.to_owned(),
        added,
    }
}

fn gone(class: &str) -> RouterInput {
    ended(class, ClassEnd::Closed)
}

fn ended(class: &str, end: ClassEnd) -> RouterInput {
    RouterInput::ClassGone {
        class: class.to_owned(),
        end,
    }
}

fn lost(class: &str, node: &str) -> RouterInput {
    RouterInput::NodeLost {
        class: class.to_owned(),
        node: listener(node),
    }
}

/// This listener is there, or not any more.
fn shows(router: &mut Router, from: &str, presence: Presence) -> Vec<String> {
    let stanza = Stanza::from(Parts {
        from: Some(listener(from)),
        ..Stanza::presence(jid(ROUTER), presence).into_parts()
    });
    step(router, RouterInput::Stanza(stanza))
}

fn wake(router: &mut Router, now: Tick) -> Vec<String> {
    let mut out = Vec::new();
    router.wake(now, &mut out);
    words(&out)
}

fn with_xid() -> Extension {
    Extension {
        osrf_xid: "xid".into(),
        ..Extension::default()
    }
}

fn say(router: &mut Router, messages: &[osrf::Message]) -> Vec<String> {
    let message = Message {
        opensrf: with_xid(),
        thread: "thread".into(),
        body: osrf::encode(messages).into(),
        ..Message::default()
    };
    step(router, stanza(&jid(ASKER), message))
}

fn ask(router: &mut Router, method: &str, params: Vec<Json>) -> Vec<String> {
    let method = format!("opensrf.router.info.{method}");
    say(router, &[osrf::Message::request(1, method.into(), params)])
}

fn report(class: &str, nodes: &[(&str, u64)]) -> RouterInput {
    let nodes: Vec<_> = nodes
        .iter()
        .map(|(name, forwarded)| NodeStats {
            forwarded: *forwarded,
            ..NodeStats::new(listener(name), Tick::ZERO)
        })
        .collect();
    RouterInput::Report(ClassStats {
        class: class.to_owned(),
        forwarded: nodes.iter().map(|n| n.forwarded).sum(),
        nodes,
        ..ClassStats::default()
    })
}

#[test]
fn nobody_to_trust_is_refused() {
    let some = || ["private".to_owned()];
    assert!(Trust::new([], some()).is_err());
    assert!(Trust::new(some(), []).is_err());
}

#[test]
fn a_registration_opens_the_class_and_adds_the_sender_without_a_reply() {
    let mut router = router();
    assert_eq!(
        command(&mut router, "register", "s", "a"),
        ["open s at router@private/s", "add a to s"]
    );
    assert_eq!(command(&mut router, "register", "s", "b"), ["add b to s"]);
    assert_eq!(
        command(&mut router, "unregister", "s", "b"),
        ["remove b from s"]
    );
    assert!(command(&mut router, "unregister", "never", "b").is_empty());
}

#[test]
fn registrations_and_questions_from_domains_that_are_not_trusted_are_dropped() {
    let mut router = serving(&["s"]);
    let stranger = jid("opensrf@public/x");
    for what in ["register", "unregister", ""] {
        let dropped = command_from(&mut router, &stranger, what, "s");
        assert_eq!(dropped, ["distrusts public"]);
    }
    let presence = Stanza::from(Parts {
        from: Some(stranger),
        ..Stanza::presence(jid(ROUTER), Presence::Here).into_parts()
    });
    let dropped = step(&mut router, RouterInput::Stanza(presence));
    assert_eq!(dropped, ["distrusts public"]);
}

#[test]
fn unusable_class_names_are_dropped() {
    let mut router = router();
    let long = "x".repeat(1_024);
    for name in ["router", "", "a\u{1}b", &long] {
        assert_eq!(
            command(&mut router, "register", name, "a"),
            ["dropped"],
            "{name:?}"
        );
    }
    assert!(command(&mut router, "unregister", "", "a").is_empty());
}

#[test]
fn other_commands_and_bounces_change_nothing() {
    let mut router = router();
    assert_eq!(command(&mut router, "query", "s", "a"), ["dropped"]);
    let bounce = Message {
        error: Some(Condition::ServiceUnavailable.into()),
        ..Message::default()
    };
    assert_eq!(
        step(&mut router, stanza(&listener("a"), bounce)),
        ["dropped"]
    );
}

#[test]
fn a_class_without_nodes_is_closed_and_can_be_opened_again() {
    let mut router = serving(&["s"]);
    assert_eq!(step(&mut router, empty("s", 1)), ["close s"]);
    assert!(step(&mut router, empty("s", 1)).is_empty());
    assert!(step(&mut router, gone("s")).is_empty());
    assert_eq!(
        command(&mut router, "register", "s", "a"),
        ["open s at router@private/s", "add a to s"]
    );
}

#[test]
fn a_class_that_a_node_is_on_its_way_to_stays() {
    let mut router = serving(&["s"]);
    command(&mut router, "register", "s", "b");
    assert!(step(&mut router, empty("s", 1)).is_empty());
    assert_eq!(step(&mut router, empty("s", 2)), ["close s"]);
}

#[test]
fn nodes_that_register_while_their_class_closes_get_a_new_one_after_it() {
    let mut router = serving(&["s"]);
    step(&mut router, empty("s", 1));
    for name in ["b", "c", "b", "d"] {
        assert!(command(&mut router, "register", "s", name).is_empty());
    }
    assert!(command(&mut router, "unregister", "s", "c").is_empty());
    assert_eq!(
        step(&mut router, gone("s")),
        ["open s at router@private/s", "add b to s", "add d to s"]
    );
    assert_eq!(step(&mut router, empty("s", 2)), ["close s"]);
}

#[test]
fn a_class_that_broke_is_opened_again_with_its_nodes() {
    let mut router = serving(&["s"]);
    command(&mut router, "register", "s", "b");
    step(&mut router, lost("s", "a"));
    command(&mut router, "register", "s", "c");
    let later = Tick::from_secs(5);
    let again = step_at(&mut router, later, ended("s", ClassEnd::Broken));
    let opened = ["open s at router@private/s", "add b to s", "add c to s"];
    assert_eq!(again, opened);
    // It has seen as many as it was told: it can be closed.
    assert_eq!(step(&mut router, empty("s", 2)), ["close s"]);
}

#[test]
fn a_class_that_breaks_again_and_again_is_opened_once_a_second() {
    let mut router = serving(&["s"]);
    let broken = || ended("s", ClassEnd::Broken);
    assert!(step_at(&mut router, Tick::from_millis(400), broken()).is_empty());
    assert_eq!(router.deadline(), Some(REOPEN));
    // Meanwhile nodes come and go.
    assert!(command(&mut router, "register", "s", "b").is_empty());
    assert!(command(&mut router, "register", "s", "c").is_empty());
    assert!(command(&mut router, "unregister", "s", "a").is_empty());
    assert_eq!(ask(&mut router, "class.list", vec![])[0], "1: RESULT []");
    let opened = ["open s at router@private/s", "add b to s", "add c to s"];
    assert_eq!(wake(&mut router, REOPEN), opened);
    assert_eq!(router.deadline(), None);
    assert!(step_at(&mut router, REOPEN, broken()).is_empty());
    assert_eq!(router.deadline(), Some(2 * REOPEN));
}

#[test]
fn a_broken_class_whose_last_node_left_stays_away() {
    let mut router = serving(&["s"]);
    step(&mut router, ended("s", ClassEnd::Broken));
    assert!(command(&mut router, "unregister", "s", "a").is_empty());
    assert_eq!(router.deadline(), None);
    assert_eq!(command(&mut router, "register", "s", "b").len(), 2);
}

#[test]
fn a_class_whose_address_was_taken_is_opened_by_the_next_registration() {
    let mut router = serving(&["s"]);
    let later = Tick::from_secs(5);
    assert!(step_at(&mut router, later, ended("s", ClassEnd::Evicted)).is_empty());
    assert_eq!(router.deadline(), None);
    assert_eq!(command(&mut router, "register", "s", "a").len(), 2);
}

#[test]
fn a_node_whose_session_ended_is_taken_out_of_all_its_classes() {
    let mut router = serving(&["s", "t", "u"]);
    for class in ["s", "u"] {
        command(&mut router, "register", class, "b");
    }
    assert_eq!(
        shows(&mut router, "b", Presence::Here),
        ["shows itself to b"]
    );
    assert_eq!(
        shows(&mut router, "b", Presence::Gone),
        ["lose b from s", "lose b from u", "takes leave of b"]
    );
    assert!(shows(&mut router, "b", Presence::Gone).is_empty());
    // A listener that never showed itself, whatever its server says of it.
    let removed = shows(&mut router, "a", Presence::Gone);
    assert_eq!(removed, ["lose a from s", "lose a from t", "lose a from u"]);
}

#[test]
fn a_listener_that_is_not_known_hears_so() {
    let mut router = serving(&["s"]);
    assert_eq!(
        shows(&mut router, "x", Presence::Here),
        ["takes leave of x"]
    );
    assert!(shows(&mut router, "x", Presence::Gone).is_empty());
}

#[test]
fn the_router_takes_leave_of_a_listener_when_it_is_known_nowhere() {
    let mut router = serving(&["s", "t"]);
    shows(&mut router, "a", Presence::Here);
    assert!(step(&mut router, lost("s", "a")).is_empty());
    assert_eq!(
        command(&mut router, "unregister", "t", "a"),
        ["remove a from t", "takes leave of a"]
    );
    for class in ["s", "t"] {
        command(&mut router, "register", class, "a");
    }
    shows(&mut router, "a", Presence::Here);
    command(&mut router, "unregister", "t", "a");
    assert_eq!(step(&mut router, lost("s", "a")), ["takes leave of a"]);
}

#[test]
fn the_class_list_names_the_classes_that_are_up_in_order() {
    let mut router = serving(&["z", "a"]);
    command(&mut router, "register", "opening", "a");
    assert_eq!(
        ask(&mut router, "class.list", vec![]),
        [r#"1: RESULT ["z","a"]"#, "1: STATUS 205 Request Complete"]
    );
}

#[test]
fn figures_have_the_shapes_of_the_original() {
    let cases = [
        ("stats.class.summary", Some("s"), "5"),
        (
            "stats.class",
            Some("s"),
            r#"{"opensrf@private/a":2,"opensrf@private/b":3}"#,
        ),
        ("stats.class.node.all", None, r#"{"s":5,"t":0}"#),
        (
            "stats.class.all",
            None,
            r#"{"s":{"opensrf@private/a":2,"opensrf@private/b":3},"t":{}}"#,
        ),
    ];
    for (method, class, expected) in cases {
        let mut router = serving(&["s", "t"]);
        let params: Vec<_> = class.into_iter().map(Json::string).collect();
        let asked = ask(&mut router, method, params);
        assert_eq!(asked[0], "ask s", "{method}");
        let mut answers = step(&mut router, report("s", &[("a", 2), ("b", 3)]));
        if asked.len() == 2 {
            assert!(answers.is_empty(), "{method} waits for both");
            answers = step(&mut router, report("t", &[]));
        }
        assert_eq!(
            answers,
            [
                format!("1: RESULT {expected}"),
                "1: STATUS 205 Request Complete".to_owned()
            ],
            "{method}"
        );
    }
}

#[test]
fn a_class_that_nobody_registered_counts_nothing() {
    let mut router = serving(&["s"]);
    for (method, expected) in [("stats.class.summary", "0"), ("stats.class", "{}")] {
        let answers = ask(&mut router, method, vec![Json::string("never")]);
        assert_eq!(answers[0], format!("1: RESULT {expected}"));
    }
}

#[test]
fn questions_do_not_wait_for_classes_that_end_or_stay_silent() {
    let mut router = serving(&["s", "t"]);
    assert_eq!(
        ask(&mut router, "stats.class.node.all", vec![]),
        ["ask s", "ask t"]
    );
    assert_eq!(router.deadline(), Some(REPORT_TIME));
    let taken = ended("s", ClassEnd::Evicted);
    assert!(step(&mut router, taken).is_empty());
    let mut out = Vec::new();
    router.wake(REPORT_TIME, &mut out);
    assert_eq!(words(&out)[0], r#"1: RESULT {"t":0}"#);
    assert_eq!(router.deadline(), None);
    assert!(step(&mut router, report("t", &[])).is_empty());
}

#[test]
fn what_the_router_cannot_answer_gets_an_error() {
    let mut router = serving(&["s"]);
    let cases = [
        ("no.such", vec![], "1: STATUS 404 Router method not found"),
        (
            "stats.class",
            vec![],
            "1: STATUS 400 Router method needs the name of a class",
        ),
        (
            "stats.class",
            vec![Json::NULL],
            "1: STATUS 400 Router method needs the name of a class",
        ),
    ];
    for (method, params, expected) in cases {
        assert_eq!(ask(&mut router, method, params), [expected], "{method}");
    }
}

#[test]
fn a_request_without_method_is_answered() {
    let mut router = serving(&["s"]);
    let request = osrf::Message::request(1, "".into(), vec![]);
    assert_eq!(
        say(&mut router, &[request]),
        ["1: STATUS 404 Router method not found"]
    );
    let message = Message {
        opensrf: with_xid(),
        thread: "thread".into(),
        body: r#"[{"__c":"osrfMessage","__p":{"threadTrace":"1","type":"REQUEST","payload":{"__c":"osrfMethod","__p":{}}}}]"#.into(),
        ..Message::default()
    };
    let answers = step(&mut router, stanza(&jid(ASKER), message));
    assert_eq!(answers, ["1: STATUS 404 Router method not found"]);
}

#[test]
fn all_is_summarized_in_one_tree() {
    let mut router = router();
    let at = Tick::from_secs;
    let register = |name: &str| {
        let opensrf = Extension {
            router_command: "register".into(),
            router_class: "s".into(),
            ..Extension::default()
        };
        let message = Message {
            opensrf,
            ..Message::default()
        };
        stanza(&listener(name), message)
    };
    step_at(&mut router, at(10), register("a"));
    step(&mut router, RouterInput::ClassUp("s".into()));
    assert_eq!(ask(&mut router, "summarize", vec![]), ["ask s"]);
    let answers = step_at(&mut router, at(30), report("s", &[("a", 3)]));
    let tree = &answers[0];
    for part in [
        r#""router":"router@private/router""#,
        r#""up_seconds":30"#,
        r#""class":"s""#,
        r#""up_seconds":20"#,
        r#""node":"opensrf@private/a""#,
    ] {
        assert!(tree.contains(part), "{part} in {tree}");
    }
    assert_eq!(answers[1], "1: STATUS 205 Request Complete");
}

#[test]
fn old_programs_register_and_are_answered_where_they_look() {
    let mut router = router();
    let old = Extension {
        router_command: "register".into(),
        router_class: "s".into(),
        placement: Placement::Message,
        ..Extension::default()
    };
    let message = Message {
        opensrf: old,
        ..Message::default()
    };
    assert_eq!(
        step(&mut router, stanza(&listener("a"), message)),
        ["open s at router@private/s", "add old a to s"]
    );
    let opensrf = Extension {
        placement: Placement::Message,
        ..with_xid()
    };
    let message = Message {
        opensrf,
        thread: "thread".into(),
        body: osrf::encode(&[osrf::Message::new(1, Body::Connect)]).into(),
        ..Message::default()
    };
    let mut out = Vec::new();
    router.handle(Tick::ZERO, stanza(&jid(ASKER), message), &mut out);
    let [RouterEffect::Send(answer)] = &out[..] else {
        panic!("no answer: {out:?}");
    };
    assert_eq!(answer.extension().placement, Placement::Both);
}

#[test]
fn a_session_with_the_router_opens_and_ends_like_any_other() {
    let mut router = serving(&["s"]);
    let list = osrf::Message::request(1, "opensrf.router.info.class.list".into(), vec![]);
    let bundle = [
        osrf::Message::new(0, Body::Connect),
        list,
        osrf::Message::new(2, Body::Disconnect),
    ];
    assert_eq!(
        say(&mut router, &bundle),
        [
            "0: STATUS 200 Connection Successful",
            r#"1: RESULT ["s"]"#,
            "1: STATUS 205 Request Complete"
        ]
    );
}

#[test]
fn questions_without_thread_are_dropped_and_unreadable_ones_answered() {
    let mut router = router();
    let from = jid(ASKER);
    let without = Message {
        body: "[]".into(),
        ..Message::default()
    };
    assert_eq!(step(&mut router, stanza(&from, without)), ["dropped"]);
    let unreadable = Message {
        opensrf: with_xid(),
        thread: "thread".into(),
        body: "hello".into(),
        ..Message::default()
    };
    let answers = step(&mut router, stanza(&from, unreadable));
    assert!(answers[0].starts_with("0: STATUS 417"), "{answers:?}");
}
