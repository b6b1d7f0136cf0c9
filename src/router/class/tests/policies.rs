//! What a class makes of what its nodes report.

use std::num::NonZeroU32;

use super::*;
use crate::stanza::{LoadReport, Parts};

/// A class that gives to the least loaded of these listeners, each of ours with four drones.
fn class_by_load(nodes: &[&str]) -> ServiceClass {
    let mut class = class_of(RoutingPolicy::LeastOutstanding, Bounces::Bare);
    for name in nodes {
        step(&mut class, joins_of_ours(name));
    }
    class
}

fn joins_of_ours(name: &str) -> ClassInput {
    ClassInput::AddNode(Registrant {
        jid: node(name),
        placement: Placement::Child,
        drones: NonZeroU32::new(4),
    })
}

/// The node called `name` says that it holds so many, after it got so many.
fn says(class: &mut ServiceClass, name: &str, held: u32, number: u64) -> Vec<String> {
    let report = Stanza::load_report(jid(CLASS), LoadReport { held, number });
    let from = Some(node(name));
    send(
        class,
        Stanza::from(Parts {
            from,
            ..report.into_parts()
        }),
    )
}

fn outstanding(class: &ServiceClass) -> Vec<Option<u64>> {
    let nodes = class.stats().nodes;
    nodes.iter().map(|node| node.load.outstanding).collect()
}

#[test]
fn a_class_counts_what_it_passes_on_until_it_is_told() {
    let mut class = class_by_load(&["a", "b"]);
    let words: Vec<_> = ["1", "2", "3"].map(|name| ask(&mut class, name)).concat();
    assert_eq!(words, ["a gets 1", "b gets 2", "a gets 3"]);
    assert_eq!(outstanding(&class), [Some(2), Some(1)]);
    // `b` has others' requests, too. What was passed on after the first is on its way to `a`.
    assert!(says(&mut class, "b", 5, 1).is_empty());
    assert!(says(&mut class, "a", 0, 1).is_empty());
    assert_eq!(outstanding(&class), [Some(1), Some(5)]);
    let words: Vec<_> = ["4", "5", "6", "7"]
        .map(|name| ask(&mut class, name))
        .concat();
    assert_eq!(words, ["a gets 4", "a gets 5", "a gets 6", "a gets 7"]);
    assert_eq!(ask(&mut class, "8"), ["b gets 8"]);
}

#[test]
fn requests_are_numbered_for_each_node_that_reports() {
    let mut class = class_by_load(&["a", "b"]);
    step(&mut class, joins("other"));
    let mut numbers = Vec::new();
    for name in ["1", "2", "3", "4", "5", "6"] {
        let stanza = forwarded(&mut class, name);
        numbers.push((resource(&stanza).to_owned(), stanza.number()));
    }
    let number = |name: &str, number| (name.to_owned(), number);
    let expected = [
        number("a", Some(1)),
        number("b", Some(1)),
        number("other", None),
        number("a", Some(2)),
        number("b", Some(2)),
        number("other", None),
    ];
    assert_eq!(numbers, expected);
    assert_eq!(outstanding(&class), [Some(2), Some(2), None]);
}

#[test]
fn a_class_that_looks_at_no_loads_asks_for_none_and_drops_reports() {
    for policy in [RoutingPolicy::RoundRobin, RoutingPolicy::Weighted] {
        let mut class = class_of(policy, Bounces::Bare);
        step(&mut class, joins_of_ours("a"));
        assert_eq!(forwarded(&mut class, "1").number(), None);
        assert_eq!(says(&mut class, "a", 0, 1), ["dropped"]);
        assert_eq!(outstanding(&class), [None]);
    }
}

#[test]
fn only_a_node_reports_and_only_of_what_it_got_from_this_class() {
    let mut class = class_by_load(&["a"]);
    ask(&mut class, "1");
    assert_eq!(says(&mut class, "stranger", 0, 1), ["dropped"]);
    // Its number is that of an earlier class of this address.
    assert_eq!(says(&mut class, "a", 9, 2), ["dropped"]);
    let nobody = Stanza::load_report(jid(CLASS), LoadReport { held: 0, number: 1 });
    assert_eq!(send(&mut class, nobody), ["dropped"]);
    step(&mut class, joins("other"));
    assert_eq!(says(&mut class, "other", 0, 0), ["dropped"]);
    step(&mut class, ClassInput::RemoveNode(node("a")));
    assert_eq!(says(&mut class, "a", 0, 1), ["dropped"]);
    assert_eq!(outstanding(&class), [None]);
}

#[test]
fn what_came_back_is_not_outstanding() {
    let mut class = class_by_load(&["a", "b"]);
    let first = forwarded(&mut class, "1");
    assert_eq!(outstanding(&class), [Some(1), Some(0)]);
    assert_eq!(send(&mut class, full(&first)), ["b gets 1"]);
    assert_eq!(outstanding(&class), [Some(0), Some(1)]);
}

#[test]
fn full_nodes_have_a_request_once_each_whatever_the_policy() {
    for policy in RoutingPolicy::ALL {
        let mut class = class_of(policy, Bounces::Bare);
        for name in ["a", "b", "c"] {
            step(&mut class, joins_of_ours(name));
        }
        let mut stanza = forwarded(&mut class, "1");
        let mut had = Vec::new();
        while !stanza.is_error() {
            had.push(resource(&stanza).to_owned());
            stanza = sent(step(&mut class, ClassInput::Stanza(full(&stanza))));
        }
        had.sort();
        assert_eq!(had, ["a", "b", "c"], "{policy}");
    }
}

#[test]
fn a_node_that_says_more_of_itself_when_it_registers_again_reports_from_then_on() {
    let mut class = class_by_load(&[]);
    step(&mut class, joins("a"));
    assert_eq!(forwarded(&mut class, "1").number(), None);
    step(&mut class, joins_of_ours("a"));
    assert_eq!(forwarded(&mut class, "2").number(), Some(2));
    says(&mut class, "a", 1, 2);
    // Saying the same again changes nothing.
    step(&mut class, joins_of_ours("a"));
    assert_eq!(outstanding(&class), [Some(1)]);
}
