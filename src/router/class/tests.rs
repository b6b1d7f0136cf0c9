use std::collections::BTreeSet;

use proptest::prelude::*;

use super::*;
use crate::stanza::{Extension, Message};

const CLASS: &str = "router@private/acme.calc";
const CLIENT: &str = "opensrf@public/client";

fn jid(text: &str) -> Jid {
    Jid::parse(text).expect("an address")
}

/// The listener called `name`; its domain may serve and may not call.
fn node(name: &str) -> Jid {
    jid(&format!("opensrf@private/{name}"))
}

/// A class that these listeners serve.
fn class(nodes: &[&str]) -> ServiceClass {
    let trust = Trust::new(["public".to_owned()], ["private".to_owned()]).expect("both are given");
    let mut class = ServiceClass::new("acme.calc".to_owned(), jid(CLASS), trust);
    for name in nodes {
        step(&mut class, ClassInput::AddNode(node(name)));
    }
    class
}

fn step(class: &mut ServiceClass, input: ClassInput) -> Vec<ClassEffect> {
    let mut out = Vec::new();
    class.handle(Tick::ZERO, input, &mut out);
    out
}

/// A request from `from` whose thread and body say `name`.
fn request_from(from: &str, name: &str) -> Stanza {
    let opensrf = Extension {
        router_class: "ignored".into(),
        osrf_xid: "xid".into(),
        ..Extension::default()
    };
    let message = Message {
        opensrf,
        thread: name.into(),
        body: format!("body of {name}").into(),
        ..Message::default()
    };
    Stanza {
        from: Some(jid(from)),
        id: "its own id".into(),
        ..Stanza::message(jid(CLASS), message)
    }
}

/// What the class does with a stanza, as words: `a gets r1`, `caller told of r1`, `empty`,
/// `dropped`.
fn send(class: &mut ServiceClass, stanza: Stanza) -> Vec<String> {
    words(&step(class, ClassInput::Stanza(stanza)))
}

fn words(effects: &[ClassEffect]) -> Vec<String> {
    let word = |effect: &ClassEffect| match effect {
        ClassEffect::Send(stanza) if stanza.is_error() => {
            assert_eq!(stanza.to, Some(jid(CLIENT)));
            format!("caller told of {}", stanza.thread())
        }
        ClassEffect::Send(stanza) => format!("{} gets {}", resource(stanza), stanza.thread()),
        ClassEffect::Empty { .. } => "empty".to_owned(),
        ClassEffect::Dropped(_) => "dropped".to_owned(),
        ClassEffect::Report(_) | ClassEffect::Stop => format!("{effect:?}"),
    };
    effects.iter().map(word).collect()
}

fn resource(stanza: &Stanza) -> &str {
    let to = stanza.to.as_ref().expect("it goes somewhere");
    to.resource().expect("a listener has one")
}

fn ask(class: &mut ServiceClass, name: &str) -> Vec<String> {
    send(class, request_from(CLIENT, name))
}

/// What the class sent last when asked `name`.
fn forwarded(class: &mut ServiceClass, name: &str) -> Stanza {
    sent(step(class, ClassInput::Stanza(request_from(CLIENT, name))))
}

fn sent(effects: Vec<ClassEffect>) -> Stanza {
    match effects.into_iter().next() {
        Some(ClassEffect::Send(stanza)) => stanza,
        other => panic!("nothing was sent: {other:?}"),
    }
}

fn bounce(stanza: &Stanza, condition: Condition) -> Stanza {
    stanza
        .bounce(condition.into())
        .expect("a message can bounce")
}

fn gone(stanza: &Stanza) -> Stanza {
    bounce(stanza, Condition::ServiceUnavailable)
}

fn full(stanza: &Stanza) -> Stanza {
    bounce(stanza, Condition::ResourceConstraint)
}

/// As Prosody bounces: type, addresses, id and nothing else.
fn bare(bounce: Stanza) -> Stanza {
    let message = Message {
        error: bounce.error(),
        ..Message::default()
    };
    Stanza {
        payload: crate::stanza::Payload::Message(std::sync::Arc::new(message)),
        ..bounce
    }
}

#[test]
fn requests_go_round_in_order_of_registration() {
    let mut class = class(&["a", "b", "a", "c"]);
    let all: Vec<_> = ["1", "2", "3", "4"]
        .iter()
        .flat_map(|name| ask(&mut class, name))
        .collect();
    assert_eq!(all, ["a gets 1", "b gets 2", "c gets 3", "a gets 4"]);
}

#[test]
fn a_node_that_leaves_does_not_disturb_the_order() {
    let mut class = class(&["a", "b", "c"]);
    ask(&mut class, "1");
    assert!(step(&mut class, ClassInput::RemoveNode(node("a"))).is_empty());
    assert_eq!(ask(&mut class, "2"), ["b gets 2"]);
    assert_eq!(ask(&mut class, "3"), ["c gets 3"]);
    assert_eq!(ask(&mut class, "4"), ["b gets 4"]);
}

#[test]
fn what_is_passed_on_names_its_sender_and_keeps_thread_body_and_xid() {
    let mut class = class(&["a"]);
    let stanza = forwarded(&mut class, "1");
    assert_eq!(stanza.from, Some(jid(CLASS)));
    assert_eq!((&*stanza.stanza_type, &*stanza.id), ("", ""));
    let message = stanza.decode();
    let expected = Extension {
        router_from: Some(jid(CLIENT)),
        osrf_xid: "xid".into(),
        ..Extension::default()
    };
    assert_eq!(message.opensrf, expected);
    assert_eq!((&*message.thread, &*message.body), ("1", "body of 1"));
}

#[test]
fn requests_from_domains_that_are_not_trusted_are_dropped() {
    let mut class = class(&["a"]);
    for from in ["opensrf@private/a", "x@elsewhere/y"] {
        assert_eq!(send(&mut class, request_from(from, "1")), ["dropped"]);
    }
}

#[test]
fn what_is_no_message_or_has_no_sender_is_dropped() {
    let mut class = class(&["a"]);
    let iq = Stanza {
        kind: Kind::Iq,
        ..request_from(CLIENT, "1")
    };
    let from_nobody = Stanza {
        from: None,
        ..request_from(CLIENT, "1")
    };
    assert_eq!(send(&mut class, iq), ["dropped"]);
    assert_eq!(send(&mut class, from_nobody), ["dropped"]);
}

#[test]
fn all_that_was_in_flight_to_a_node_that_died_is_delivered_again() {
    let mut class = class(&["a", "b"]);
    let flight: Vec<_> = (1..=6)
        .map(|i| forwarded(&mut class, &i.to_string()))
        .filter(|stanza| stanza.to == Some(node("a")))
        .collect();
    let again: Vec<_> = flight
        .iter()
        .flat_map(|stanza| send(&mut class, gone(stanza)))
        .collect();
    assert_eq!(again, ["b gets 1", "b gets 3", "b gets 5"]);
    let told = step(&mut class, ClassInput::RemoveNode(node("b")));
    assert_eq!(words(&told), ["empty"]);
}

#[test]
fn a_request_delivered_again_looks_like_the_first_time() {
    let mut class = class(&["a", "b"]);
    let first = forwarded(&mut class, "1");
    let again = sent(step(&mut class, ClassInput::Stanza(gone(&first))));
    let expected = Stanza {
        to: Some(node("b")),
        ..first
    };
    assert_eq!(again, expected);
}

#[test]
fn when_the_last_node_died_the_caller_is_told_with_its_thread_and_body() {
    let mut class = class(&["a"]);
    let first = forwarded(&mut class, "1");
    let second = forwarded(&mut class, "2");
    let effects = step(&mut class, ClassInput::Stanza(gone(&first)));
    assert_eq!(words(&effects), ["caller told of 1", "empty"]);
    let notice = sent(effects);
    assert_eq!(
        (notice.from.as_ref(), &*notice.stanza_type),
        (Some(&jid(CLASS)), "error")
    );
    // A receiver takes the sender from router_from: it must not be the caller itself.
    assert_eq!(notice.sender(), Some(jid(CLASS)));
    let error = notice.error().expect("it is an error");
    assert_eq!((error.code(), error.kind), (501, ErrorKind::Cancel));
    assert_eq!(notice.decode().body, "body of 1");
    assert_eq!(send(&mut class, gone(&second)), ["caller told of 2"]);
}

#[test]
fn a_request_that_comes_after_the_last_node_left_is_answered() {
    let mut class = class(&["a"]);
    step(&mut class, ClassInput::RemoveNode(node("a")));
    assert_eq!(ask(&mut class, "1"), ["caller told of 1"]);
    let effects = step(&mut class, ClassInput::Close);
    assert!(matches!(effects[..], [ClassEffect::Stop]));
}

#[test]
fn a_bounce_that_brings_nothing_back_delivers_the_last_request_again() {
    let mut class = class(&["a", "b"]);
    let first = forwarded(&mut class, "1");
    assert_eq!(send(&mut class, bare(gone(&first))), ["b gets 1"]);
    assert_eq!(send(&mut class, bare(gone(&first))), ["dropped"]);
}

#[test]
fn a_full_node_stays_and_its_request_goes_to_the_next() {
    let mut class = class(&["a", "b", "c"]);
    let first = forwarded(&mut class, "1");
    ask(&mut class, "2");
    let second = sent(step(&mut class, ClassInput::Stanza(full(&first))));
    assert_eq!(second.to, Some(node("b")));
    let third = sent(step(&mut class, ClassInput::Stanza(full(&second))));
    assert_eq!(third.to, Some(node("c")));
    assert_eq!(send(&mut class, full(&third)), ["caller told of 1"]);
    assert_eq!(ask(&mut class, "3"), ["c gets 3"]);
    assert_eq!(ask(&mut class, "4"), ["a gets 4"]);
}

#[test]
fn a_full_node_that_brings_nothing_back_causes_no_second_delivery() {
    let mut class = class(&["a", "b"]);
    let first = forwarded(&mut class, "1");
    assert_eq!(send(&mut class, bare(full(&first))), ["dropped"]);
}

#[test]
fn attempts_that_no_node_can_have_had_end_the_request() {
    let mut class = class(&["a", "b"]);
    let mut first = forwarded(&mut class, "1");
    first.id = usize::MAX.to_string().into();
    assert_eq!(send(&mut class, full(&first)), ["caller told of 1"]);
}

#[test]
fn errors_from_nobody_we_sent_to_run_nothing() {
    let mut class = class(&["a"]);
    let forged = Stanza {
        from: Some(jid(CLIENT)),
        ..gone(&forwarded(&mut class, "1"))
    };
    assert_eq!(send(&mut class, forged), ["dropped"]);
    let nameless = gone(&request_from("x@y/z", "1").forward(node("a"), node("a"), &node("a")));
    let nameless = Stanza {
        from: Some(node("b")),
        ..nameless
    };
    assert_eq!(send(&mut class, nameless), ["dropped"]);
}

#[test]
fn a_node_that_registers_again_is_a_node_like_any_other() {
    let mut class = class(&["a"]);
    let first = forwarded(&mut class, "1");
    assert_eq!(
        send(&mut class, gone(&first)),
        ["caller told of 1", "empty"]
    );
    step(&mut class, ClassInput::AddNode(node("a")));
    assert_eq!(ask(&mut class, "2"), ["a gets 2"]);
    assert!(class.gone.is_empty());
}

#[test]
fn what_is_remembered_of_nodes_that_left_is_bounded() {
    let mut class = class(&[]);
    for i in 0..1_000 {
        let name = format!("n{i}");
        step(&mut class, ClassInput::AddNode(node(&name)));
        step(&mut class, ClassInput::RemoveNode(node(&name)));
    }
    assert_eq!(class.gone.len(), GONE_NODES);
}

#[test]
fn an_emptied_class_says_how_many_nodes_it_has_been_given() {
    let mut class = class(&["a", "b", "a"]);
    step(&mut class, ClassInput::RemoveNode(node("a")));
    let effects = step(&mut class, ClassInput::RemoveNode(node("b")));
    assert!(matches!(effects[..], [ClassEffect::Empty { added: 3 }]));
    assert!(step(&mut class, ClassInput::RemoveNode(node("b"))).is_empty());
}

#[test]
fn the_figures_count_by_node_and_in_all() {
    let mut class = class(&["a", "b"]);
    for name in ["1", "2", "3"] {
        ask(&mut class, name);
    }
    step(&mut class, ClassInput::RemoveNode(node("b")));
    let effects = step(&mut class, ClassInput::Report);
    let [ClassEffect::Report(stats)] = &effects[..] else {
        panic!("no report: {effects:?}");
    };
    assert_eq!(stats.forwarded, 3);
    let nodes: Vec<_> = stats.nodes.iter().map(|n| (&n.node, n.forwarded)).collect();
    assert_eq!(nodes, [(&node("a"), 2)]);
}

#[derive(Debug, Clone)]
enum Move {
    Ask,
    Join(usize),
    Leave(usize),
    Die(usize),
    Fill(usize),
    Empty(usize),
    /// The oldest stanza on its way arrives, or comes back.
    Arrive,
}

fn moves() -> impl Strategy<Value = Move> {
    let which = 0_usize..4;
    prop_oneof![
        6 => Just(Move::Ask),
        3 => which.clone().prop_map(Move::Join),
        1 => which.clone().prop_map(Move::Leave),
        1 => which.clone().prop_map(Move::Die),
        1 => which.clone().prop_map(Move::Fill),
        1 => which.prop_map(Move::Empty),
        6 => Just(Move::Arrive),
    ]
}

#[derive(Debug, Clone, Copy, PartialEq)]
enum NodeState {
    Dead,
    Full,
    Open,
}

struct World {
    class: ServiceClass,
    nodes: [NodeState; 4],
    flight: VecDeque<Stanza>,
    asked: usize,
    /// Requests that a listener took, or whose caller was told.
    ended: Vec<String>,
}

impl World {
    fn handle(&mut self, input: ClassInput) {
        for effect in step(&mut self.class, input) {
            match effect {
                ClassEffect::Send(stanza) if stanza.is_error() => {
                    self.ended.push(stanza.thread().to_string());
                }
                ClassEffect::Send(stanza) => self.flight.push_back(stanza),
                ClassEffect::Empty { .. } => assert!(self.class.nodes.is_empty()),
                other => panic!("{other:?}"),
            }
        }
        let distinct: BTreeSet<_> = self.class.nodes.iter().map(|n| &n.jid).collect();
        assert_eq!(distinct.len(), self.class.nodes.len(), "a node twice");
    }

    fn arrive(&mut self) {
        let Some(stanza) = self.flight.pop_front() else {
            return;
        };
        let at: usize = resource(&stanza).parse().expect("nodes are numbered");
        match self.nodes[at] {
            NodeState::Open => self.ended.push(stanza.thread().to_string()),
            NodeState::Full => self.handle(ClassInput::Stanza(full(&stanza))),
            NodeState::Dead => self.handle(ClassInput::Stanza(gone(&stanza))),
        }
    }

    fn go(&mut self, step: &Move) {
        match *step {
            Move::Ask => {
                self.asked += 1;
                let stanza = request_from(CLIENT, &self.asked.to_string());
                self.handle(ClassInput::Stanza(stanza));
            }
            Move::Join(at) => {
                self.nodes[at] = NodeState::Open;
                self.handle(ClassInput::AddNode(node(&at.to_string())));
            }
            Move::Leave(at) => self.handle(ClassInput::RemoveNode(node(&at.to_string()))),
            Move::Die(at) => self.nodes[at] = NodeState::Dead,
            Move::Fill(at) if self.nodes[at] == NodeState::Open => {
                self.nodes[at] = NodeState::Full;
            }
            Move::Empty(at) if self.nodes[at] == NodeState::Full => {
                self.nodes[at] = NodeState::Open;
            }
            Move::Fill(_) | Move::Empty(_) => {}
            Move::Arrive => self.arrive(),
        }
    }
}

proptest! {
    #[test]
    fn every_request_reaches_one_live_node_or_its_caller_is_told(
        steps in prop::collection::vec(moves(), 0..200),
    ) {
        let mut world = World {
            class: class(&[]),
            nodes: [NodeState::Dead; 4],
            flight: VecDeque::new(),
            asked: 0,
            ended: Vec::new(),
        };
        for step in &steps {
            world.go(step);
        }
        for _ in 0..world.asked * 16 {
            world.arrive();
        }
        prop_assert!(world.flight.is_empty(), "requests go round for ever");
        let ended: BTreeSet<_> = world.ended.iter().collect();
        prop_assert_eq!(ended.len(), world.ended.len(), "one ended twice");
        prop_assert_eq!(ended.len(), world.asked, "one did not end");
    }
}
