use std::collections::BTreeMap;
use std::time::Duration;

use proptest::prelude::*;

use super::*;
use crate::jid::Jid;
use crate::stanza::{Extension, Message, Parts, Placement};

fn jid(number: u64) -> Jid {
    Jid::new("opensrf", "localhost", &format!("client_{number}")).expect("an address")
}

/// A request that the router passed on for this caller, told from others by its id.
fn of(caller: u64, id: usize) -> Waiting {
    let class = Jid::new("router", "localhost", "class").expect("an address");
    let asked = Stanza::from(Parts {
        id: id.to_string().into(),
        ..Stanza::message(class.clone(), Message::default()).into_parts()
    });
    let forwarded = asked.forward(class, jid(0), &jid(caller), Placement::Child, None);
    Waiting {
        stanza: Stanza::from(Parts {
            id: asked.into_parts().id,
            ..forwarded.into_parts()
        }),
        expires: None,
    }
}

fn until(request: Waiting, seconds: u64) -> Waiting {
    let expires = Some(Tick::from_secs(seconds));
    Waiting { expires, ..request }
}

fn large(request: Waiting, bytes: usize) -> Waiting {
    let message = Message {
        opensrf: Extension::clone(&request.stanza.extension()),
        body: "x".repeat(bytes).into(),
        ..Message::default()
    };
    let stanza = Stanza::from(Parts {
        payload: Stanza::message(jid(0), message).into_parts().payload,
        ..request.stanza.into_parts()
    });
    Waiting { stanza, ..request }
}

fn id(stanza: &Stanza) -> usize {
    stanza.id.parse().expect("a number")
}

fn ids(stanzas: &[Stanza]) -> Vec<usize> {
    stanzas.iter().map(id).collect()
}

fn all(backlog: &mut Backlog) -> Vec<usize> {
    std::iter::from_fn(|| backlog.pop_front().map(|request| id(&request.stanza))).collect()
}

/// A backlog of these callers' requests, which are numbered from 0.
fn filled(callers: &[u64], room: usize) -> Backlog {
    let mut backlog = Backlog::default();
    for (number, caller) in callers.iter().enumerate() {
        assert!(backlog.push(of(*caller, number), room).is_empty());
    }
    backlog
}

#[test]
fn callers_take_turns_and_each_keeps_its_order() {
    let mut backlog = filled(&[1, 1, 1, 1, 2, 3, 2], 10);
    assert_eq!(all(&mut backlog), [0, 4, 5, 1, 6, 2, 3]);
}

#[test]
fn a_caller_that_comes_again_is_behind_those_that_waited() {
    let mut backlog = filled(&[1, 2], 10);
    assert_eq!(backlog.pop_front().map(|first| id(&first.stanza)), Some(0));
    backlog.push(of(1, 2), 10);
    assert_eq!(all(&mut backlog), [1, 2]);
}

#[test]
fn what_came_back_from_a_drone_is_before_every_turn_and_gives_way_to_nobody() {
    let mut backlog = filled(&[1, 2], 3);
    backlog.push_front(of(1, 7));
    assert_eq!(ids(&backlog.push(of(3, 8), 3)), [8]);
    backlog.push_front(of(1, 9));
    assert_eq!(all(&mut backlog), [9, 7, 0, 1]);
}

#[test]
fn the_heaviest_callers_newest_gives_way_when_the_backlog_is_full() {
    let mut backlog = filled(&[1, 1, 1, 2, 2], 5);
    // It has most itself, or would have as many.
    assert_eq!(ids(&backlog.push(of(1, 5), 5)), [5]);
    assert_eq!(ids(&backlog.push(of(2, 6), 5)), [6]);
    assert_eq!(ids(&backlog.push(of(3, 7), 5)), [2]);
    assert_eq!(ids(&backlog.push(of(3, 8), 5)), [8]);
    assert_eq!(all(&mut backlog), [0, 3, 7, 1, 4]);
}

#[test]
fn above_the_bound_one_gives_way_to_one() {
    let mut backlog = filled(&[1, 1, 1], 3);
    backlog.push_front(of(2, 7));
    assert_eq!(ids(&backlog.push(of(3, 8), 3)), [2]);
    assert_eq!(all(&mut backlog), [7, 0, 8, 1]);
}

#[test]
fn nobody_gives_way_where_nothing_may_wait() {
    let mut backlog = Backlog::default();
    assert_eq!(ids(&backlog.push(of(1, 0), 0)), [0]);
}

#[test]
fn bytes_count_too_and_one_request_is_taken_whatever_its_size() {
    let mut backlog = Backlog::default();
    assert!(backlog.push(large(of(1, 0), BACKLOG_BYTES), 9).is_empty());
    // The large one is the heaviest, and all that its caller has.
    assert_eq!(ids(&backlog.push(of(2, 1), 9)), [0]);
    assert!(
        backlog
            .push(large(of(1, 2), BACKLOG_BYTES / 2), 9)
            .is_empty()
    );
    assert_eq!(
        ids(&backlog.push(large(of(3, 3), BACKLOG_BYTES / 2), 9)),
        [3]
    );
    assert_eq!(all(&mut backlog), [1, 2]);
    assert_eq!(backlog.bytes, 0);
}

#[test]
fn what_expires_leaves_its_line_and_its_turn() {
    let mut backlog = Backlog::default();
    for request in [until(of(1, 0), 1), of(1, 1), until(of(2, 2), 2), of(3, 3)] {
        backlog.push(request, 9);
    }
    backlog.push_front(until(of(1, 4), 3));
    for seconds in 1..=3 {
        let now = Tick::from_secs(seconds);
        assert_eq!(backlog.next_expiry(), Some(now));
        assert!(
            backlog
                .pop_expired(now - Duration::from_millis(1))
                .is_none()
        );
        let expired = backlog.pop_expired(now).map(|request| id(&request.stanza));
        assert_eq!(expired, Some([0, 2, 4][seconds as usize - 1]));
    }
    assert_eq!(backlog.next_expiry(), None);
    assert_eq!(all(&mut backlog), [1, 3]);
}

/// What may happen to a backlog.
#[derive(Debug, Clone)]
enum Move {
    Push(u64, Option<u64>),
    Return(u64, Option<u64>),
    Pop,
    Pass(u64),
}

fn moves() -> impl Strategy<Value = Move> {
    let lasts = prop::option::of(1_u64..20);
    prop_oneof![
        8 => (1_u64..6, lasts.clone()).prop_map(|(who, lasts)| Move::Push(who, lasts)),
        1 => (1_u64..6, lasts).prop_map(|(who, lasts)| Move::Return(who, lasts)),
        4 => Just(Move::Pop),
        1 => (1_u64..4).prop_map(Move::Pass),
    ]
}

proptest! {
    #[test]
    fn turns_bound_and_shares_hold_whatever_comes(
        room in 0_usize..12,
        steps in prop::collection::vec(moves(), 0..200),
    ) {
        let mut backlog = Backlog::default();
        let mut seconds = 0;
        // Each caller's requests, and how often others were served while its first one waited.
        let mut lines: BTreeMap<u64, Vec<usize>> = BTreeMap::new();
        let mut passed: BTreeMap<u64, usize> = BTreeMap::new();
        let mut returned: Vec<usize> = Vec::new();
        for (number, step) in steps.into_iter().enumerate() {
            let waits = lines.values().map(Vec::len).sum::<usize>() + returned.len();
            prop_assert_eq!(backlog.len(), waits);
            let request = |who, lasts: Option<u64>| match lasts {
                Some(lasts) => until(of(who, number), seconds + lasts),
                None => of(who, number),
            };
            let forget = |lines: &mut BTreeMap<u64, Vec<usize>>, id: usize| {
                lines.values_mut().for_each(|line| line.retain(|other| *other != id));
                lines.retain(|_, line| !line.is_empty());
            };
            match step {
                Move::Push(who, lasts) => {
                    let has = lines.get(&who).map_or(0, Vec::len);
                    let most = lines.values().map(Vec::len).max().unwrap_or(0);
                    let refused = backlog.push(request(who, lasts), room);
                    lines.entry(who).or_default().push(number);
                    prop_assert_eq!(refused.len(), usize::from(waits >= room));
                    if let Some(refused) = refused.first() {
                        // Itself, or the newest of one that still has no less.
                        let theirs = lines.values().find(|line| line.contains(&id(refused)));
                        prop_assert_eq!(theirs.and_then(|line| line.last()), Some(&id(refused)));
                        prop_assert_eq!(id(refused) == number, most <= has + 1);
                        forget(&mut lines, id(refused));
                    }
                }
                Move::Return(who, lasts) => {
                    backlog.push_front(request(who, lasts));
                    returned.insert(0, number);
                }
                Move::Pop => {
                    let served = backlog.pop_front().map(|request| id(&request.stanza));
                    if !returned.is_empty() {
                        prop_assert_eq!(served, Some(returned.remove(0)));
                        continue;
                    }
                    let Some(served) = served else {
                        prop_assert!(lines.is_empty());
                        continue;
                    };
                    let who = lines.iter().find(|(_, line)| line[0] == served);
                    let who = *who.expect("the oldest of somebody").0;
                    forget(&mut lines, served);
                    passed.insert(who, 0);
                    for other in lines.keys().filter(|other| **other != who) {
                        *passed.entry(*other).or_default() += 1;
                        // There are five callers.
                        prop_assert!(passed[other] <= 4, "{} waits too long", other);
                    }
                }
                Move::Pass(more) => {
                    seconds += more;
                    let now = Tick::from_secs(seconds);
                    while let Some(expired) = backlog.pop_expired(now) {
                        prop_assert!(expired.expires <= Some(now));
                        forget(&mut lines, id(&expired.stanza));
                        returned.retain(|other| *other != id(&expired.stanza));
                    }
                    prop_assert!(backlog.next_expiry().is_none_or(|next| next > now));
                }
            }
            passed.retain(|who, _| lines.contains_key(who));
        }
        let rest = backlog.len();
        prop_assert_eq!(all(&mut backlog).len(), rest);
        let left = (backlog.turns.len(), backlog.lines.len(), backlog.line_of.len());
        prop_assert_eq!((backlog.bytes, left), (0, (0, 0, 0)));
        prop_assert!(backlog.expiries.is_empty());
    }
}
