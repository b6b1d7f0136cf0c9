//! Whatever happens to its nodes, a class loses nothing.

use std::collections::{BTreeSet, VecDeque};
use std::num::NonZeroU32;

use proptest::prelude::*;

use super::*;
use crate::stanza::{LoadReport, Parts};

#[derive(Debug, Clone)]
enum Move {
    Ask,
    AskFromStranger,
    Join(usize),
    Leave(usize),
    End(usize),
    Die(usize),
    Fill(usize),
    Empty(usize),
    /// It says that it holds so much.
    Say(usize, u32),
    /// The oldest stanza on its way arrives, or comes back; perhaps only with its id.
    Arrive {
        bare: bool,
    },
}

fn moves() -> impl Strategy<Value = Move> {
    let which = 0_usize..4;
    prop_oneof![
        6 => Just(Move::Ask),
        1 => Just(Move::AskFromStranger),
        3 => which.clone().prop_map(Move::Join),
        1 => which.clone().prop_map(Move::Leave),
        1 => which.clone().prop_map(Move::End),
        1 => which.clone().prop_map(Move::Die),
        1 => which.clone().prop_map(Move::Fill),
        1 => which.clone().prop_map(Move::Empty),
        3 => (which, 0_u32..9).prop_map(|(at, held)| Move::Say(at, held)),
        6 => any::<bool>().prop_map(|bare| Move::Arrive { bare }),
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
    wants_loads: bool,
    bounces: Bounces,
    nodes: [NodeState; 4],
    flight: VecDeque<Stanza>,
    /// The number that each got last.
    numbers: [u64; 4],
    asked: usize,
    /// Requests that a listener took, or whose caller was told.
    ended: Vec<String>,
    dropped: usize,
}

/// The first two are ours.
fn drones(at: usize) -> Option<NonZeroU32> {
    NonZeroU32::new([4, 1, 0, 0][at])
}

/// The last one is an old program.
fn placement(at: usize) -> Placement {
    match at {
        3 => Placement::Message,
        _ => Placement::Child,
    }
}

impl World {
    fn handle(&mut self, input: ClassInput) {
        for effect in step(&mut self.class, input) {
            match effect {
                ClassEffect::Send(stanza) => self.sent(stanza),
                ClassEffect::Empty { .. } => assert!(self.class.nodes.is_empty()),
                ClassEffect::Dropped(..) | ClassEffect::Distrusted(..) => self.dropped += 1,
                ClassEffect::Lost(_) => {}
                other => panic!("{other:?}"),
            }
        }
        let nodes = self.class.nodes.stats();
        let distinct: BTreeSet<_> = nodes.iter().map(|n| &n.node).collect();
        assert_eq!(distinct.len(), nodes.len(), "a node twice");
    }

    fn sent(&mut self, stanza: Stanza) {
        let message = stanza.decode();
        assert_eq!(*message.body, format!("body of {}", message.thread));
        assert_eq!(message.opensrf.osrf_xid, "xid");
        if stanza.is_error() {
            assert_eq!(stanza.to, Some(jid(CLIENT)));
            return self.ended.push(message.thread.to_string());
        }
        assert_eq!(message.opensrf.router_from, Some(jid(CLIENT)));
        // The echo of an old node looks as if an old program had asked.
        let is_old = message.opensrf.placement == Placement::Message;
        assert_eq!(is_old, placement(number(&stanza)) == Placement::Message);
        let at = number(&stanza);
        if let Some(number) = stanza.number() {
            assert!(self.wants_loads && drones(at).is_some(), "it was not asked");
            self.numbers[at] = number;
        }
        assert!(self.is_node(at), "it is no node");
        self.flight.push_back(stanza.clone());
    }

    fn is_node(&self, at: usize) -> bool {
        let node = node(&at.to_string());
        self.class.nodes.position(&node).is_some()
    }

    fn arrive(&mut self, is_bare: bool) {
        let Some(stanza) = self.flight.pop_front() else {
            return;
        };
        let bounced = match self.nodes[number(&stanza)] {
            NodeState::Open => return self.ended.push(stanza.thread().to_string()),
            NodeState::Full => full(&stanza),
            NodeState::Dead => gone(&stanza),
        };
        let is_bare = is_bare && self.bounces == Bounces::Bare;
        let bounced = if is_bare { bare(bounced) } else { bounced };
        self.handle(ClassInput::Stanza(bounced));
    }

    fn go(&mut self, step: &Move) {
        match *step {
            Move::Ask => {
                self.asked += 1;
                let stanza = request_from(CLIENT, &self.asked.to_string());
                self.handle(ClassInput::Stanza(stanza));
            }
            Move::AskFromStranger => {
                let dropped = self.dropped;
                self.handle(ClassInput::Stanza(request_from("x@elsewhere/y", "0")));
                assert_eq!(self.dropped, dropped + 1);
            }
            Move::Join(at) => {
                self.nodes[at] = NodeState::Open;
                self.handle(ClassInput::AddNode(Registrant {
                    jid: node(&at.to_string()),
                    placement: placement(at),
                    drones: drones(at),
                }));
            }
            Move::Leave(at) => self.handle(ClassInput::RemoveNode(node(&at.to_string()))),
            Move::Die(at) => self.nodes[at] = NodeState::Dead,
            Move::End(at) => {
                self.nodes[at] = NodeState::Dead;
                self.handle(ClassInput::LoseNode(node(&at.to_string())));
            }
            Move::Fill(at) if self.nodes[at] == NodeState::Open => {
                self.nodes[at] = NodeState::Full;
            }
            Move::Empty(at) if self.nodes[at] == NodeState::Full => {
                self.nodes[at] = NodeState::Open;
            }
            Move::Fill(_) | Move::Empty(_) => {}
            Move::Say(at, held) => {
                let number = self.numbers[at];
                let dropped = self.dropped;
                let report = LoadReport { held, number };
                let from = Some(node(&at.to_string()));
                let report = Stanza::from(Parts {
                    from,
                    ..Stanza::load_report(jid(CLASS), report).into_parts()
                });
                self.handle(ClassInput::Stanza(report));
                // That of one that is no node now says nothing.
                self.dropped = dropped;
            }
            Move::Arrive { bare } => self.arrive(bare),
        }
    }
}

fn number(stanza: &Stanza) -> usize {
    resource(stanza).parse().expect("nodes are numbered")
}

proptest! {
    #[test]
    fn every_request_reaches_one_live_node_or_its_caller_is_told_or_it_is_counted_as_dropped(
        steps in prop::collection::vec(moves(), 0..200), is_bare in any::<bool>(),
        policy in prop::sample::select(RoutingPolicy::ALL.to_vec()),
    ) {
        let bounces = if is_bare { Bounces::Bare } else { Bounces::Whole };
        let mut world = World {
            class: class_of(policy, bounces),
            wants_loads: policy.chooser(Seed::new(1)).wants_loads(),
            bounces,
            nodes: [NodeState::Dead; 4],
            flight: VecDeque::new(),
            numbers: [0; 4],
            asked: 0,
            ended: Vec::new(),
            dropped: 0,
        };
        for step in &steps {
            world.go(step);
        }
        for _ in 0..world.asked * 16 {
            world.arrive(false);
        }
        prop_assert!(world.flight.is_empty(), "requests go round for ever");
        let ended: BTreeSet<_> = world.ended.iter().collect();
        prop_assert_eq!(ended.len(), world.ended.len(), "one ended twice");
        prop_assert_eq!(ended.len(), world.asked, "one did not end");
        let strangers = steps.iter().filter(|step| matches!(step, Move::AskFromStranger));
        prop_assert_eq!(world.dropped, strangers.count());
    }

    #[test]
    fn nodes_get_equal_shares(nodes in 1_usize..6, requests in 0_usize..60) {
        let names: Vec<_> = (0..nodes).map(|at| at.to_string()).collect();
        let mut class = class(&names.iter().map(String::as_str).collect::<Vec<_>>());
        for at in 0..requests {
            let stanza = forwarded(&mut class, &at.to_string());
            prop_assert_eq!(number(&stanza), at % nodes);
        }
    }
}
