mod policies;
mod silence;
mod walk;

use super::nodes::GONE_NODES;
use super::*;
use crate::ids::Seed;
use crate::limits::{FLIGHT_STANZAS, FLIGHT_TIME};
use crate::router::Registrant;
use crate::stanza::{Extension, Message, Parts, Placement};

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
    class_with(Bounces::Bare, nodes)
}

fn class_with(bounces: Bounces, nodes: &[&str]) -> ServiceClass {
    let mut class = class_of(RoutingPolicy::RoundRobin, bounces);
    for name in nodes {
        step(&mut class, joins(name));
    }
    class
}

fn class_of(policy: RoutingPolicy, bounces: Bounces) -> ServiceClass {
    let trust = Trust::new(["public".to_owned()], ["private".to_owned()]).expect("both are given");
    made(trust, policy, bounces, 0)
}

fn made(trust: Trust, policy: RoutingPolicy, bounces: Bounces, first: u32) -> ServiceClass {
    let (name, chooser) = ("acme.calc".to_owned(), policy.chooser(Seed::new(1)));
    ServiceClass::new(name, jid(CLASS), trust, chooser, bounces, first)
}

fn joins(name: &str) -> ClassInput {
    joins_in(name, Placement::Child)
}

/// A listener of another program joins, which looks for attributes there.
fn joins_in(name: &str, placement: Placement) -> ClassInput {
    ClassInput::AddNode(Registrant {
        jid: node(name),
        placement,
        drones: None,
    })
}

fn step(class: &mut ServiceClass, input: ClassInput) -> Vec<ClassEffect> {
    step_at(class, Tick::ZERO, input)
}

fn step_at(class: &mut ServiceClass, now: Tick, input: ClassInput) -> Vec<ClassEffect> {
    let mut out = Vec::new();
    class.handle(now, input, &mut out);
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
    Stanza::from(Parts {
        from: Some(jid(from)),
        id: "its own id".into(),
        ..Stanza::message(jid(CLASS), message).into_parts()
    })
}

/// What the class does with a stanza, as words: `a gets r1`, `caller told of r1`, `empty`,
/// `dropped`, `distrusted`. That it says which nodes it lost has a test of its own.
fn send(class: &mut ServiceClass, stanza: Stanza) -> Vec<String> {
    words(&step(class, ClassInput::Stanza(stanza)))
}

fn words(effects: &[ClassEffect]) -> Vec<String> {
    let word = |effect: &ClassEffect| match effect {
        ClassEffect::Lost(_) => None,
        effect => Some(word(effect)),
    };
    effects.iter().filter_map(word).collect()
}

fn word(effect: &ClassEffect) -> String {
    match effect {
        ClassEffect::Send(stanza) if stanza.is_error() => {
            assert_eq!(stanza.to, Some(jid(CLIENT)));
            format!("caller told of {}", stanza.thread())
        }
        ClassEffect::Send(stanza) => format!("{} gets {}", resource(stanza), stanza.thread()),
        ClassEffect::Empty { .. } => "empty".to_owned(),
        ClassEffect::Dropped(..) => "dropped".to_owned(),
        ClassEffect::Distrusted(..) => "distrusted".to_owned(),
        ClassEffect::Report(_) | ClassEffect::Stop | ClassEffect::Lost(_) => format!("{effect:?}"),
    }
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
    Stanza::from(Parts {
        payload: crate::stanza::Payload::Message(std::sync::Arc::new(message)),
        ..bounce.into_parts()
    })
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
    assert_eq!((&*stanza.stanza_type, &*stanza.id), ("", "0"));
    let message = stanza.decode();
    let expected = Extension {
        router_from: Some(jid(CLIENT)),
        osrf_xid: "xid".into(),
        ..Extension::default()
    };
    assert_eq!(message.opensrf, expected);
    assert_eq!((&*message.thread, &**message.body), ("1", "body of 1"));
}

#[test]
fn requests_from_domains_that_are_not_trusted_are_dropped() {
    let mut class = class(&["a"]);
    for from in ["opensrf@private/a", "x@elsewhere/y"] {
        assert_eq!(send(&mut class, request_from(from, "1")), ["distrusted"]);
    }
}

#[test]
fn what_is_no_message_or_has_no_sender_is_dropped() {
    let mut class = class(&["a"]);
    let iq = Stanza::from(Parts {
        kind: Kind::Iq,
        ..request_from(CLIENT, "1").into_parts()
    });
    let from_nobody = Stanza::from(Parts {
        from: None,
        ..request_from(CLIENT, "1").into_parts()
    });
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
    let expected = Stanza::from(Parts {
        to: Some(node("b")),
        id: "1".into(),
        ..first.into_parts()
    });
    assert_eq!(again, expected);
}

#[test]
fn when_the_last_node_died_the_caller_is_told_with_its_thread_and_body() {
    let mut class = class(&["a"]);
    let first = forwarded(&mut class, "1");
    let second = forwarded(&mut class, "2");
    let effects = step(&mut class, ClassInput::Stanza(gone(&first)));
    assert_eq!(words(&effects), ["caller told of 1"]);
    // More may come back.
    assert_eq!(class.deadline(), Some(FLIGHT_CLOSE));
    let notice = sent(effects);
    assert_eq!(
        (notice.from.as_ref(), &*notice.stanza_type),
        (Some(&jid(CLASS)), "error")
    );
    // A receiver takes the sender from router_from: it must not be the caller itself.
    assert_eq!(notice.sender(), Some(jid(CLASS)));
    let error = notice.error().expect("it is an error");
    assert_eq!((error.code(), error.kind), (501, ErrorKind::Cancel));
    assert_eq!(*notice.decode().body, "body of 1");
    let last = send(&mut class, gone(&second));
    assert_eq!(last, ["caller told of 2", "empty"]);
}

#[test]
fn what_is_in_flight_to_a_node_whose_session_ended_is_delivered_again_when_it_comes_back() {
    for bounces in [Bounces::Bare, Bounces::Whole] {
        let mut class = class_with(bounces, &["a", "b"]);
        let [first, _, third] = ["1", "2", "3"].map(|name| forwarded(&mut class, name));
        assert!(step(&mut class, ClassInput::LoseNode(node("a"))).is_empty());
        assert_eq!(send(&mut class, gone(&first)), ["b gets 1"]);
        assert_eq!(send(&mut class, gone(&third)), ["b gets 3"]);
    }
}

#[test]
fn a_class_whose_last_nodes_session_ended_waits_for_what_was_in_flight_to_it() {
    let mut class = class(&["a"]);
    let [first, second] = ["1", "2"].map(|name| forwarded(&mut class, name));
    assert!(step(&mut class, ClassInput::LoseNode(node("a"))).is_empty());
    assert_eq!(send(&mut class, gone(&first)), ["caller told of 1"]);
    assert_eq!(class.deadline(), Some(FLIGHT_CLOSE));
    // Another comes before long, and nothing has to be closed and opened again.
    step(&mut class, joins("b"));
    assert_eq!(send(&mut class, gone(&second)), ["b gets 2"]);
    assert_eq!(class.deadline(), Some(FLIGHT_TIME));
    step(&mut class, ClassInput::LoseNode(node("b")));
    let mut out = Vec::new();
    class.wake(FLIGHT_CLOSE, &mut out);
    assert_eq!(words(&out), ["empty"]);
}

#[test]
fn the_router_hears_of_a_lost_node_once() {
    let mut class = class(&["a", "b"]);
    let [first, _, third] = ["1", "2", "3"].map(|name| forwarded(&mut class, name));
    let lost = |class: &mut ServiceClass, stanza: &Stanza| {
        let effects = step(class, ClassInput::Stanza(gone(stanza)));
        let is_lost =
            |effect: &&ClassEffect| matches!(effect, ClassEffect::Lost(jid) if *jid == node("a"));
        effects.iter().filter(is_lost).count()
    };
    assert_eq!(lost(&mut class, &first), 1);
    assert_eq!(lost(&mut class, &third), 0);
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
fn bounces_that_bring_back_only_the_id_deliver_all_that_was_in_flight_again() {
    let mut class = class(&["a", "b"]);
    let flight: Vec<_> = (1..=6)
        .map(|i| forwarded(&mut class, &i.to_string()))
        .filter(|stanza| stanza.to == Some(node("a")))
        .collect();
    let again: Vec<_> = flight
        .iter()
        .flat_map(|stanza| send(&mut class, bare(gone(stanza))))
        .collect();
    assert_eq!(again, ["b gets 1", "b gets 3", "b gets 5"]);
    for stanza in &flight {
        assert_eq!(send(&mut class, gone(stanza)), ["dropped"]);
    }
}

#[test]
fn a_bounce_that_brings_back_nothing_at_all_ends_its_node() {
    let mut class = class(&["a", "b"]);
    let nothing = Stanza::from(Parts {
        id: "".into(),
        ..bare(gone(&forwarded(&mut class, "1"))).into_parts()
    });
    assert_eq!(send(&mut class, nothing), ["dropped"]);
    assert_eq!(ask(&mut class, "2"), ["b gets 2"]);
    assert_eq!(ask(&mut class, "3"), ["b gets 3"]);
}

#[test]
fn what_was_passed_on_too_long_ago_is_taken_from_the_echo() {
    let mut class = class(&["a", "b"]);
    let first = forwarded(&mut class, "1");
    let second = forwarded(&mut class, "2");
    let third = forwarded(&mut class, "3");
    for i in 0..FLIGHT_STANZAS {
        ask(&mut class, &format!("more {i}"));
    }
    assert_eq!(send(&mut class, full(&second)), ["a gets 2"]);
    assert_eq!(send(&mut class, gone(&first)), ["b gets 1"]);
    assert_eq!(send(&mut class, gone(&third)), ["b gets 3"]);
    assert_eq!(send(&mut class, bare(gone(&third))), ["dropped"]);
}

#[test]
fn what_an_earlier_class_passed_on_is_not_mixed_up_with_what_this_one_did() {
    let mut earlier = class(&["a", "b"]);
    let first = forwarded(&mut earlier, "1");
    let mut class = made(earlier.trust, RoutingPolicy::RoundRobin, Bounces::Bare, 1);
    for name in ["a", "b"] {
        step(&mut class, joins(name));
    }
    assert_eq!(ask(&mut class, "other"), ["a gets other"]);
    assert_eq!(send(&mut class, gone(&first)), ["b gets 1"]);
}

#[test]
fn what_was_passed_on_is_not_kept_for_ever() {
    let mut class = class(&["a"]);
    assert_eq!(class.deadline(), None);
    ask(&mut class, "1");
    assert_eq!(class.deadline(), Some(FLIGHT_TIME));
    class.wake(FLIGHT_TIME, &mut Vec::new());
    assert_eq!(class.deadline(), None);
}

#[test]
fn what_nobody_waits_for_any_more_is_not_delivered_again() {
    let mut class = class(&["a", "b"]);
    let mut request = request_from(CLIENT, "1");
    if let crate::stanza::Payload::Message(message) = &mut request.payload {
        std::sync::Arc::make_mut(message).opensrf.timeout = Some(Tick::from_secs(5));
    }
    let first = sent(step(&mut class, ClassInput::Stanza(request.clone())));
    let back = ClassInput::Stanza(gone(&first));
    let effects = step_at(&mut class, Tick::from_secs(5), back);
    assert_eq!(words(&effects), ["caller told of 1"]);
    let second = sent(step(&mut class, ClassInput::Stanza(request)));
    assert_eq!(second.to, Some(node("b")));
    step(&mut class, joins("c"));
    let back = ClassInput::Stanza(full(&second));
    let effects = step_at(&mut class, Tick::from_millis(4_999), back);
    assert_eq!(words(&effects), ["c gets 1"]);
}

#[test]
fn a_node_gets_the_attributes_where_it_said_so_last() {
    let mut class = class(&[]);
    for placement in [Placement::Child, Placement::Message, Placement::Child] {
        step(&mut class, joins_in("a", placement));
        let stanza = forwarded(&mut class, "1");
        assert_eq!(stanza.extension().placement, placement);
        assert_eq!(stanza.extension().router_from, Some(jid(CLIENT)));
    }
}

#[test]
fn a_class_that_closes_waits_for_what_is_on_its_way_back() {
    let mut class = class(&["a"]);
    let first = forwarded(&mut class, "1");
    let second = forwarded(&mut class, "2");
    send(&mut class, gone(&first));
    let ping = sent(step(&mut class, ClassInput::Close));
    assert_eq!((ping.kind, &ping.to), (Kind::Iq, &None));
    assert_eq!(send(&mut class, bare(gone(&second))), ["caller told of 2"]);
    assert_eq!(ask(&mut class, "3"), ["caller told of 3"]);
    let effects = step(&mut class, ClassInput::Stanza(ping.granted()));
    assert!(matches!(effects[..], [ClassEffect::Stop]));
}

#[test]
fn a_class_that_closes_does_not_wait_for_ever() {
    let mut class = class(&["a"]);
    ask(&mut class, "1");
    step(&mut class, ClassInput::RemoveNode(node("a")));
    sent(step(&mut class, ClassInput::Close));
    assert_eq!(class.deadline(), Some(FLIGHT_CLOSE));
    let mut out = Vec::new();
    class.wake(FLIGHT_CLOSE, &mut out);
    assert!(matches!(out[..], [ClassEffect::Stop]));
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
fn what_our_own_broken_connection_gave_back_is_sent_once_more() {
    let away = |stanza: &Stanza| bounce(stanza, Condition::RecipientUnavailable);
    let mut class = class(&["a"]);
    let first = forwarded(&mut class, "1");
    let second = sent(step(&mut class, ClassInput::Stanza(away(&first))));
    assert_eq!(second.to, Some(node("a")));
    assert_eq!(send(&mut class, away(&second)), ["caller told of 1"]);
    assert_eq!(ask(&mut class, "2"), ["a gets 2"], "the node stays");
}

#[test]
fn nothing_is_kept_where_bounces_bring_everything_back() {
    let mut class = class_with(Bounces::Whole, &["a", "b", "c"]);
    let first = forwarded(&mut class, "1");
    assert_eq!(class.deadline(), None);
    let second = sent(step(&mut class, ClassInput::Stanza(full(&first))));
    let third = sent(step(&mut class, ClassInput::Stanza(full(&second))));
    assert_eq!(third.to, Some(node("c")));
    assert_eq!(send(&mut class, full(&third)), ["caller told of 1"]);
}

#[test]
fn a_request_that_the_server_does_not_carry_is_told_to_its_caller_and_costs_no_node() {
    let mut class = class(&["a", "b"]);
    let large = forwarded(&mut class, "r1");
    let back = bounce(&large, Condition::PolicyViolation);
    assert_eq!(send(&mut class, back), ["caller told of r1"]);
    assert_eq!(ask(&mut class, "r2"), ["b gets r2"]);
    assert_eq!(ask(&mut class, "r3"), ["a gets r3"]);
}

#[test]
fn attempts_that_no_node_can_have_had_end_the_request() {
    let mut class = class_with(Bounces::Whole, &["a", "b"]);
    let mut first = forwarded(&mut class, "1");
    first.id = format!("0.{}", usize::MAX).into();
    assert_eq!(send(&mut class, full(&first)), ["caller told of 1"]);
}

#[test]
fn a_full_node_that_brings_back_only_the_id_is_passed_by_as_well() {
    let mut class = class(&["a", "b"]);
    let first = forwarded(&mut class, "1");
    let second = sent(step(&mut class, ClassInput::Stanza(bare(full(&first)))));
    assert_eq!(second.to, Some(node("b")));
    assert_eq!(send(&mut class, bare(full(&second))), ["caller told of 1"]);
}

#[test]
fn errors_from_nobody_we_sent_to_run_nothing() {
    let mut class = class(&["a"]);
    let forged = Stanza::from(Parts {
        from: Some(jid(CLIENT)),
        ..gone(&forwarded(&mut class, "1")).into_parts()
    });
    assert_eq!(send(&mut class, forged), ["dropped"]);
    let nameless = gone(&request_from("x@y/z", "1").forward(
        node("a"),
        node("a"),
        &node("a"),
        Placement::Child,
        None,
    ));
    let nameless = Stanza::from(Parts {
        from: Some(node("b")),
        ..nameless.into_parts()
    });
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
    step(&mut class, joins("a"));
    assert_eq!(ask(&mut class, "2"), ["a gets 2"]);
    assert!(class.nodes.gone() == 0);
}

#[test]
fn what_is_remembered_of_nodes_that_left_is_bounded() {
    let mut class = class(&[]);
    for i in 0..=GONE_NODES {
        let name = format!("n{i}");
        step(&mut class, joins(&name));
        step(&mut class, ClassInput::RemoveNode(node(&name)));
    }
    assert_eq!(class.nodes.gone(), GONE_NODES);
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
    assert_eq!((stats.forwarded, stats.bounced, stats.refused), (3, 0, 0));
    let nodes: Vec<_> = stats.nodes.iter().map(|n| (&n.node, n.forwarded)).collect();
    assert_eq!(nodes, [(&node("a"), 2)]);
}

#[test]
fn the_figures_say_when_nodes_registered_and_what_came_back() {
    let mut class = class(&[]);
    let seconds = Tick::from_secs;
    step_at(&mut class, seconds(1), joins("a"));
    step_at(&mut class, seconds(2), joins("b"));
    step_at(&mut class, seconds(3), joins("a"));
    let first = forwarded(&mut class, "1");
    step_at(&mut class, seconds(4), ClassInput::Stanza(full(&first)));
    let second = forwarded(&mut class, "2");
    step_at(&mut class, seconds(5), ClassInput::Stanza(gone(&second)));
    let effects = step(&mut class, ClassInput::Report);
    let [ClassEffect::Report(stats)] = &effects[..] else {
        panic!("no report: {effects:?}");
    };
    assert_eq!((stats.bounced, stats.last_bounce), (2, Some(seconds(5))));
    let [a] = &stats.nodes[..] else {
        panic!("a node too many: {stats:?}");
    };
    assert_eq!((a.registered, a.last_registered), (seconds(1), seconds(3)));
    assert_eq!((a.bounced, a.last_bounce), (1, Some(seconds(4))));
}
