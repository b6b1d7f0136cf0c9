use proptest::prelude::*;

use super::*;
use crate::stanza::{Message, Parts};

fn caller(number: u8) -> Caller {
    Some(Jid::new("opensrf", "localhost", &format!("client_{number}")).expect("an address"))
}

/// A stanza of this caller.
fn of(number: u8) -> Stanza {
    let to = Jid::new("router", "localhost", "class").expect("an address");
    Stanza::from(Parts {
        from: caller(number),
        ..Stanza::message(to, Message::default()).into_parts()
    })
}

fn newest_first(queue: &[Stanza]) -> impl Iterator<Item = (usize, &Stanza)> + Clone {
    queue.iter().enumerate().rev()
}

#[test]
fn whoever_has_most_gives_way_to_one_that_would_still_have_less() {
    let mut shares = Shares::default();
    assert_eq!(shares.gives_way(1), None);
    shares.add(&caller(1), 3);
    shares.add(&caller(2), 2);
    for (who, wanted, heaviest) in [
        (3, 1, Some(1)),
        (3, 2, Some(1)),
        (3, 3, None),
        (2, 1, None),
        (1, 1, None),
    ] {
        let would_have = shares.of(&caller(who)) + wanted;
        let gives_way = shares.gives_way(would_have);
        assert_eq!(
            gives_way,
            heaviest.map(caller).as_ref(),
            "{who} wants {wanted}"
        );
    }
    shares.take(&caller(1), 2);
    shares.add(&caller(2), 1);
    assert_eq!(shares.gives_way(1), Some(&caller(2)));
}

#[test]
fn a_large_stanza_counts_as_several() {
    let stanza = of(1);
    let weight = stanza.weight();
    assert_eq!(places(&stanza, weight + 1), 1);
    assert_eq!(places(&stanza, weight), 2);
    assert_eq!(places(&stanza, 0), 1 + weight);
}

#[test]
fn the_newest_of_the_heaviest_is_found_in_a_crowd() {
    let mut crowd = Crowd::new(1_000_000);
    let mut queue = vec![of(1), of(2), of(1), of(1), of(2), of(3)];
    assert_eq!(crowd.gives_way(&of(4), newest_first(&queue)), Some(3));
    crowd.went(&queue.remove(3), false);
    // Two have as many now; and what came since counts.
    queue.push(of(2));
    crowd.came(&of(2));
    assert_eq!(crowd.gives_way(&of(4), newest_first(&queue)), Some(5));
    assert_eq!(crowd.gives_way(&of(2), newest_first(&queue)), None);
    // Nothing is counted in a quiet queue; then all is counted anew.
    crowd.went(&of(9), true);
    queue.clear();
    crowd.came(&of(1));
    assert_eq!(crowd.gives_way(&of(4), newest_first(&queue)), None);
}

proptest! {
    #[test]
    fn a_caller_below_its_even_share_is_never_refused_in_a_full_queue(
        bound in 1_usize..40,
        arrivals in prop::collection::vec((0_u8..6, any::<bool>()), 0..300),
    ) {
        let mut crowd = Crowd::new(1_000_000);
        let mut queue: Vec<Stanza> = Vec::new();
        for (number, is_arrival) in arrivals {
            if !is_arrival {
                if !queue.is_empty() {
                    let gone = queue.remove(0);
                    crowd.went(&gone, queue.len() < bound / 2);
                }
                continue;
            }
            let newcomer = of(number);
            let has = |who: u8| queue.iter().filter(|s| s.from == caller(who)).count();
            let others = (0..6).filter(|who| *who == number || has(*who) > 0).count();
            let is_polite = has(number) < bound / others;
            let most = (0..6).map(has).max().unwrap_or(0);
            if queue.len() < bound {
                crowd.came(&newcomer);
                queue.push(newcomer);
                continue;
            }
            match crowd.gives_way(&newcomer, newest_first(&queue)) {
                Some(at) => {
                    let gone = queue.remove(at);
                    prop_assert!(queue[at..].iter().all(|later| later.from != gone.from));
                    prop_assert_eq!(queue.iter().filter(|s| s.from == gone.from).count() + 1, most);
                    crowd.went(&gone, false);
                    crowd.came(&newcomer);
                    queue.push(newcomer);
                }
                None => prop_assert!(!is_polite, "{} of {} had a place left", number, others),
            }
        }
    }
}
