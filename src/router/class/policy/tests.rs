use proptest::prelude::*;

use super::*;

/// A node of so many drones that reports nothing; 0 for one that says nothing at all.
fn drones(drones: u32) -> NodeLoad {
    NodeLoad {
        drones: NonZeroU32::new(drones),
        outstanding: None,
    }
}

/// A node of four drones that holds so much.
fn holds(outstanding: u64) -> NodeLoad {
    NodeLoad::reported(4, outstanding)
}

const SILENT: NodeLoad = NodeLoad {
    drones: None,
    outstanding: None,
};

fn chooser(policy: RoutingPolicy) -> Box<dyn Chooser> {
    policy.chooser(Seed::new(1))
}

/// Who is chosen, one after the other, while nothing changes: the first node is `a`.
fn chosen(policy: RoutingPolicy, nodes: &[NodeLoad], times: usize) -> String {
    let mut chooser = chooser(policy);
    (0..times).map(|_| letter(chooser.choose(nodes))).collect()
}

fn letter(at: Option<usize>) -> char {
    char::from(b'a' + u8::try_from(at.expect("there is a node")).expect("there are few"))
}

#[test]
fn nobody_is_chosen_of_none() {
    for policy in RoutingPolicy::ALL {
        assert_eq!(chooser(policy).choose(&[]), None, "{policy}");
    }
}

#[test]
fn in_a_round_robin_each_has_its_turn_whatever_it_holds() {
    let nodes = [holds(9), SILENT, drones(7)];
    assert_eq!(chosen(RoutingPolicy::RoundRobin, &nodes, 7), "abcabca");
}

#[test]
fn when_a_node_goes_nobody_loses_its_turn() {
    for (gone, then) in [(0, "bcab"), (1, "bcab"), (2, "cabc"), (3, "cabc")] {
        let mut chooser = chooser(RoutingPolicy::RoundRobin);
        let mut nodes = vec![SILENT; 4];
        chooser.choose(&nodes);
        chooser.choose(&nodes);
        nodes.remove(gone);
        chooser.removed(gone);
        let turns: String = (0..4).map(|_| letter(chooser.choose(&nodes))).collect();
        assert_eq!(turns, then, "{gone}");
    }
}

#[test]
fn the_one_with_the_fewest_requests_for_its_drones_is_chosen_and_of_equals_each_in_turn() {
    let of = |drones, outstanding| NodeLoad::reported(drones, outstanding);
    let cases = [
        (vec![holds(2), holds(1), holds(3)], "bbbbb"),
        (vec![holds(0), holds(0), holds(0)], "abcab"),
        // The one behind a busy one has no more turns than the others.
        (vec![holds(5), holds(0), holds(0)], "bcbcb"),
        (vec![of(4, 3), of(8, 6)], "bbbbb"),
        (vec![of(4, 3), of(8, 7)], "ababa"),
        (vec![of(1, 0), of(16, 14)], "bbbbb"),
    ];
    for (nodes, expected) in cases {
        let turns = chosen(RoutingPolicy::LeastOutstanding, &nodes, 5);
        assert_eq!(turns, expected, "{nodes:?}");
    }
}

#[test]
fn who_reports_nothing_has_the_turns_of_a_round_robin() {
    let nodes = [holds(3), SILENT, holds(9)];
    assert_eq!(chosen(RoutingPolicy::LeastOutstanding, &nodes, 6), "abaaba");
    let drawn = chosen(RoutingPolicy::TwoChoices, &nodes, 6);
    assert_eq!(drawn, "abaaba");
    for policy in [RoutingPolicy::LeastOutstanding, RoutingPolicy::TwoChoices] {
        assert_eq!(chosen(policy, &[SILENT, SILENT], 4), "abab");
    }
}

#[test]
fn of_two_choices_the_worst_is_never_chosen_and_all_others_are() {
    let nodes = [holds(9), holds(1), holds(2), holds(3)];
    let drawn = chosen(RoutingPolicy::TwoChoices, &nodes, 1_000);
    let times = |letter| drawn.matches(letter).count();
    assert_eq!(times('a'), 0);
    // Of the six pairs three have the best one, and one has the last but one beside the worst.
    assert!((440..=560).contains(&times('b')), "{}", times('b'));
    assert!((120..=215).contains(&times('d')), "{}", times('d'));
    assert_eq!(chosen(RoutingPolicy::TwoChoices, &[holds(9)], 3), "aaa");
    let drawn = chosen(RoutingPolicy::TwoChoices, &[holds(0), holds(0)], 1_000);
    assert!((440..=560).contains(&drawn.matches('a').count()));
}

#[test]
fn chance_repeats_by_seed() {
    let nodes = [holds(0); 5];
    let drawn = || chosen(RoutingPolicy::TwoChoices, &nodes, 50);
    assert_eq!(drawn(), drawn());
}

#[test]
fn turns_are_weighted_by_drones_and_the_heavy_one_has_no_bursts() {
    let cases: [(&[u32], &str); 5] = [
        (&[4, 1, 1], "aabacaaabaca"),
        (&[2, 2], "abababababab"),
        (&[3, 1], "aabaaabaaaba"),
        // Who says nothing weighs as much as the others on average, and as one when none says.
        (&[1, 3, 0], "bcabcbbcabcb"),
        (&[0, 0, 0], "abcabcabcabc"),
    ];
    for (weights, expected) in cases {
        let nodes: Vec<_> = weights.iter().map(|weight| drones(*weight)).collect();
        let turns = chosen(RoutingPolicy::Weighted, &nodes, 12);
        assert_eq!(turns, expected, "{weights:?}");
    }
}

#[test]
fn names_are_told_apart() {
    let names = RoutingPolicy::ALL.map(RoutingPolicy::name);
    let expected = [
        "round_robin",
        "least_outstanding",
        "two_choices",
        "weighted",
    ];
    assert_eq!(names, expected);
    assert_eq!(RoutingPolicy::default(), RoutingPolicy::RoundRobin);
}

#[derive(Debug, Clone)]
enum Move {
    Choose,
    Join(NodeLoad),
    Go(prop::sample::Index),
    /// One is done with all that it holds.
    Finish(prop::sample::Index),
}

fn moves() -> impl Strategy<Value = Move> {
    let load = (0_u32..9, prop::option::of(0_u64..20)).prop_map(|(drones, outstanding)| NodeLoad {
        drones: NonZeroU32::new(drones),
        outstanding,
    });
    let which = any::<prop::sample::Index>();
    prop_oneof![
        8 => Just(Move::Choose),
        2 => load.prop_map(Move::Join),
        1 => which.clone().prop_map(Move::Go),
        2 => which.prop_map(Move::Finish),
    ]
}

/// Chooses; the one that is chosen holds one more.
fn give(chooser: &mut dyn Chooser, nodes: &mut [NodeLoad]) -> Option<usize> {
    let at = chooser.choose(nodes)?;
    // One that is gone has no place.
    let node = nodes.get_mut(at).expect("the place is a node's");
    node.outstanding = node.outstanding.map(|outstanding| outstanding + 1);
    Some(at)
}

proptest! {
    #[test]
    fn a_node_is_chosen_while_there_is_one_and_each_has_its_turn_in_the_end(
        steps in prop::collection::vec(moves(), 0..100),
        policy in prop::sample::select(RoutingPolicy::ALL.to_vec()),
        seed in any::<u64>(),
    ) {
        let mut chooser = policy.chooser(Seed::new(seed));
        let mut nodes: Vec<NodeLoad> = Vec::new();
        for step in steps {
            match step {
                Move::Choose => {
                    let at = give(&mut *chooser, &mut nodes);
                    prop_assert_eq!(at.is_some(), !nodes.is_empty());
                }
                Move::Join(load) => nodes.push(load),
                Move::Go(which) if !nodes.is_empty() => {
                    let at = which.index(nodes.len());
                    nodes.remove(at);
                    chooser.removed(at);
                }
                Move::Finish(which) if !nodes.is_empty() => {
                    let at = which.index(nodes.len());
                    let node = &mut nodes[at];
                    node.outstanding = node.outstanding.map(|_| 0);
                }
                Move::Go(_) | Move::Finish(_) => {}
            }
        }
        let mut without: Vec<_> = (0..nodes.len()).collect();
        // Nobody finishes anything more, so that loads come to be level.
        for _ in 0..400 + 400 * nodes.len() {
            let at = give(&mut *chooser, &mut nodes);
            without.retain(|waits| Some(*waits) != at);
        }
        prop_assert!(without.is_empty(), "{policy}: {without:?} of {nodes:?}");
    }
}
