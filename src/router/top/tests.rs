mod walk;

use super::*;
use crate::osrf::Json;
use crate::router::NodeStats;
use crate::stanza::{Condition, Extension};

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
    Router::new(jid(ROUTER), trust)
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
    let mut out = Vec::new();
    router.handle(Tick::ZERO, input, &mut out);
    words(&out)
}

/// Effects as words: `open S at JID`, `add a to S`, `remove a from S`, `close S`, `ask S`,
/// `dropped`, and of what is sent `3: STATUS 200 Connection Successful` or `3: RESULT 7`.
fn words(effects: &[RouterEffect]) -> Vec<String> {
    let name = |jid: &Jid| jid.resource().unwrap_or_default().to_owned();
    let word = |effect: &RouterEffect| match effect {
        RouterEffect::OpenClass { class, address } => format!("open {class} at {address}"),
        RouterEffect::AddNode(class, node) => format!("add {} to {class}", name(node)),
        RouterEffect::RemoveNode(class, node) => format!("remove {} from {class}", name(node)),
        RouterEffect::CloseClass(class) => format!("close {class}"),
        RouterEffect::AskStats(class) => format!("ask {class}"),
        RouterEffect::Dropped(_) => "dropped".to_owned(),
        RouterEffect::Send(stanza) => answer(stanza),
    };
    effects.iter().map(word).collect()
}

fn answer(stanza: &Stanza) -> String {
    assert_eq!(stanza.to, Some(jid(ASKER)));
    let message = stanza.decode();
    assert_eq!(
        (&*message.thread, &*message.opensrf.osrf_xid),
        ("thread", "")
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
    RouterInput::Stanza(Stanza {
        from: Some(from.clone()),
        ..Stanza::message(jid(ROUTER), message)
    })
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
    RouterInput::ClassGone(class.to_owned())
}

fn say(router: &mut Router, messages: &[osrf::Message]) -> Vec<String> {
    let message = Message {
        thread: "thread".into(),
        body: osrf::encode(messages),
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
            node: listener(name),
            forwarded: *forwarded,
        })
        .collect();
    RouterInput::Report(ClassStats {
        class: class.to_owned(),
        forwarded: nodes.iter().map(|n| n.forwarded).sum(),
        nodes,
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
        assert_eq!(command_from(&mut router, &stranger, what, "s"), ["dropped"]);
    }
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
    assert!(step(&mut router, stanza(&listener("a"), bounce)).is_empty());
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
fn a_class_that_ended_unasked_is_opened_by_the_next_registration() {
    let mut router = serving(&["s"]);
    assert!(step(&mut router, gone("s")).is_empty());
    assert_eq!(command(&mut router, "register", "s", "a").len(), 2);
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
    assert!(step(&mut router, gone("s")).is_empty());
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
        thread: "thread".into(),
        body: "hello".into(),
        ..Message::default()
    };
    let answers = step(&mut router, stanza(&from, unreadable));
    assert!(answers[0].starts_with("0: STATUS 417"), "{answers:?}");
}
