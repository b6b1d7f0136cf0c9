use std::collections::BTreeSet;
use std::time::Duration;

use proptest::prelude::*;

use super::*;
use crate::ids::Seed;
use crate::jid::Jid;
use crate::limits::DRONE_PROOF;
use crate::stanza::{Message, Parts};

const SECOND: Duration = Duration::from_secs(1);

fn pool(min: usize, max: usize, backlog: usize) -> Pool {
    let size = PoolSize::new(min, max, backlog).expect("the numbers fit");
    let retry = Retry::new(SECOND, 60 * SECOND, Seed::new(1)).expect("the delays fit");
    Pool::new(size, retry)
}

/// A request that is told from others by its stanza id.
fn request(name: u64) -> Stanza {
    let listener = Jid::new("opensrf", "localhost", "listener").expect("an address");
    Stanza::from(Parts {
        id: name.to_string().into(),
        ..Stanza::message(listener, Message::default()).into_parts()
    })
}

/// A request whose caller waits for so many seconds.
fn patient(name: u64, seconds: u32) -> Stanza {
    let mut stanza = request(name);
    if let crate::stanza::Payload::Message(message) = &mut stanza.payload {
        std::sync::Arc::make_mut(message).opensrf.timeout = Some(seconds * SECOND);
    }
    stanza
}

/// Effects as words: `start 1`, `assign 7 to 1`, `refuse 8`.
fn words(effects: &[Effect]) -> Vec<String> {
    let word = |effect: &Effect| match effect {
        Effect::StartDrone(drone) => format!("start {drone}"),
        Effect::Assign(drone, stanza) => format!("assign {} to {drone}", stanza.id),
        Effect::Refuse(stanza) => format!("refuse {}", stanza.id),
        Effect::Dismiss(stanza) => format!("dismiss {}", stanza.id),
        Effect::Expire(stanza) => format!("expire {}", stanza.id),
        Effect::Abandon(stanza) => format!("abandon {}", stanza.id),
        Effect::DrainDrone(drone) => format!("drain {drone}"),
        Effect::TurnAway(stanza) => format!("turn away {}", stanza.id),
        Effect::StopDrone(drone) => format!("stop {drone}"),
        Effect::StartOverdue(drone) => format!("overdue {drone}"),
        // What it says on top is shown by tests of its own.
        Effect::Overloaded { .. } => String::new(),
        Effect::Drained => "drained".to_owned(),
    };
    let words = effects.iter().map(word);
    words.filter(|word| !word.is_empty()).collect()
}

fn at(pool: &mut Pool, now: Tick, input: Input) -> Vec<String> {
    let mut out = Vec::new();
    pool.handle(now, input, &mut out);
    words(&out)
}

fn step(pool: &mut Pool, input: Input) -> Vec<String> {
    at(pool, Tick::ZERO, input)
}

/// Wakes it at its next deadline; gives that moment too.
fn next(pool: &mut Pool) -> Option<(Tick, Vec<String>)> {
    let now = pool.deadline()?;
    let mut out = Vec::new();
    pool.wake(now, &mut out);
    Some((now, words(&out)))
}

fn idle(drone: DroneId) -> Input {
    Input::Idle {
        drone,
        is_spent: false,
    }
}

fn exited(drone: DroneId, taken: u64, settled: bool) -> Input {
    Input::Exited {
        drone,
        taken,
        settled,
    }
}

/// A pool whose first `min` drones are up.
fn running(min: usize, max: usize, backlog: usize) -> Pool {
    let mut pool = pool(min, max, backlog);
    step(&mut pool, Input::LinkUp);
    for drone in 1..=min as u64 {
        step(&mut pool, idle(drone));
    }
    pool
}

#[test]
fn a_pool_that_could_not_work_is_refused() {
    assert_eq!(PoolSize::new(0, 0, 1), Err(PoolSizeError::NoDrones));
    assert_eq!(
        PoolSize::new(3, 2, 1),
        Err(PoolSizeError::MinAboveMax { min: 3, max: 2 })
    );
}

/// What is said of refusals, as `(refused, expired)`.
fn said(effects: Vec<Effect>) -> Vec<(u64, u64)> {
    let said = effects.into_iter().filter_map(|effect| match effect {
        Effect::Overloaded { refused, expired } => Some((refused, expired)),
        _ => None,
    });
    said.collect()
}

#[test]
fn refusals_are_told_at_once_and_then_seldom_and_all_of_them() {
    let mut pool = running(1, 1, 1);
    let mut ask = |now: Tick, stanza| {
        let mut out = Vec::new();
        pool.handle(now, Input::Request(stanza), &mut out);
        (said(out), pool.overload.due())
    };
    let told_again = Tick::from_secs(10);
    assert_eq!(ask(Tick::ZERO, request(1)), (vec![], None));
    assert_eq!(ask(Tick::ZERO, patient(2, 3)), (vec![], None));
    assert_eq!(ask(Tick::ZERO, request(3)), (vec![(1, 0)], None));
    assert_eq!(ask(SECOND, request(4)), (vec![], Some(told_again)));
    assert_eq!(ask(SECOND, request(5)), (vec![], Some(told_again)));
    // Here the second has waited too long, and makes room.
    assert_eq!(ask(4 * SECOND, request(6)), (vec![], Some(told_again)));
    let mut out = Vec::new();
    assert_eq!(pool.deadline(), Some(told_again));
    pool.wake(told_again, &mut out);
    assert_eq!(said(out), [(2, 1)]);
    assert_eq!(pool.deadline(), None);
}

#[test]
fn what_came_to_a_service_that_had_ended_was_told_that_the_backlog_was_full() {
    let mut pool = running(1, 1, 10);
    step(&mut pool, Input::Stop);
    let told = step(&mut pool, Input::Request(request(1)));
    assert_eq!(told, ["dismiss 1"]);
    assert_eq!(pool.deadline(), None, "nobody asked too much");
}

#[test]
fn what_waits_when_the_service_ends_is_told_so() {
    let mut pool = pool(1, 1, 10);
    step(&mut pool, Input::LinkUp);
    for name in [1, 2] {
        assert!(step(&mut pool, Input::Request(request(name))).is_empty());
    }
    let told = step(&mut pool, Input::Stop);
    assert_eq!(told, ["dismiss 1", "dismiss 2"]);
    assert_eq!(step(&mut pool, Input::Request(request(3))), ["dismiss 3"]);
}

#[test]
fn what_no_drone_had_looked_at_when_the_service_ended_is_told_so_and_starts_none() {
    let mut pool = pool(1, 1, 10);
    step(&mut pool, Input::LinkUp);
    step(&mut pool, Input::Request(request(1)));
    assert_eq!(step(&mut pool, idle(1)), ["assign 1 to 1"]);
    assert!(step(&mut pool, Input::Stop).is_empty());
    assert_eq!(step(&mut pool, exited(1, 0, true)), ["dismiss 1"]);
}

#[test]
fn while_the_listener_is_off_the_bus_no_drone_is_started() {
    let mut pool = pool(2, 5, 10);
    assert!(step(&mut pool, Input::Request(request(1))).is_empty());
    assert_eq!(step(&mut pool, Input::LinkUp), ["start 1", "start 2"]);
    assert!(step(&mut pool, Input::LinkDown).is_empty());
    for drone in [1, 2] {
        assert!(step(&mut pool, exited(drone, 0, false)).is_empty());
    }
    assert_eq!(pool.deadline(), None);
    let back = at(&mut pool, 60 * SECOND, Input::LinkUp);
    assert_eq!(back, ["start 3", "start 4"]);
}

#[test]
fn the_minimum_of_drones_is_up_after_the_start() {
    assert_eq!(
        step(&mut pool(2, 5, 1), Input::LinkUp),
        ["start 1", "start 2"]
    );
}

#[test]
fn the_drone_used_last_is_used_next() {
    let mut pool = running(3, 3, 1);
    assert_eq!(
        step(&mut pool, Input::Request(request(1))),
        ["assign 1 to 3"]
    );
    step(&mut pool, Input::Request(request(2)));
    step(&mut pool, idle(3));
    assert_eq!(
        step(&mut pool, Input::Request(request(3))),
        ["assign 3 to 3"]
    );
}

#[test]
fn with_all_drones_busy_another_one_starts_and_gets_the_request() {
    let mut pool = running(1, 2, 0);
    step(&mut pool, Input::Request(request(1)));
    assert_eq!(step(&mut pool, Input::Request(request(2))), ["start 2"]);
    assert_eq!(step(&mut pool, idle(2)), ["assign 2 to 2"]);
}

#[test]
fn with_the_maximum_busy_requests_wait_in_order() {
    let mut pool = running(1, 1, 2);
    for name in 1..=3 {
        step(&mut pool, Input::Request(request(name)));
    }
    assert_eq!(step(&mut pool, idle(1)), ["assign 2 to 1"]);
    assert_eq!(step(&mut pool, idle(1)), ["assign 3 to 1"]);
    assert!(step(&mut pool, idle(1)).is_empty());
}

/// As measured with the original (protocol §5.4).
#[test]
fn of_20_calls_at_once_5_drones_and_a_backlog_of_10_refuse_5() {
    let mut pool = running(1, 5, 10);
    let words = (1..=20).flat_map(|name| step(&mut pool, Input::Request(request(name))));
    let refused: Vec<_> = words.filter(|word| word.starts_with("refuse")).collect();
    assert_eq!(
        refused,
        [
            "refuse 16",
            "refuse 17",
            "refuse 18",
            "refuse 19",
            "refuse 20"
        ]
    );
}

#[test]
fn requests_that_come_before_the_first_drone_is_up_wait_for_it() {
    let mut pool = pool(1, 1, 0);
    step(&mut pool, Input::LinkUp);
    assert!(step(&mut pool, Input::Request(request(1))).is_empty());
    assert_eq!(step(&mut pool, Input::Request(request(2))), ["refuse 2"]);
    assert_eq!(step(&mut pool, idle(1)), ["assign 1 to 1"]);
}

#[test]
fn the_caller_of_a_drone_that_died_is_told_and_the_drone_replaced() {
    let mut pool = running(1, 1, 1);
    step(&mut pool, Input::Request(request(1)));
    let effects = step(&mut pool, exited(1, 1, false));
    assert_eq!(effects, ["abandon 1", "start 2"]);
}

#[test]
fn a_drone_that_ends_after_its_answer_owes_nothing() {
    let mut pool = running(1, 1, 1);
    step(&mut pool, Input::Request(request(1)));
    assert_eq!(step(&mut pool, exited(1, 1, true)), ["start 2"]);
}

#[test]
fn a_request_that_its_drone_never_looked_at_goes_to_another_before_all_others() {
    type End = fn() -> Input;
    let ends: [(End, &[&str]); 3] = [
        (|| Input::Returned(1), &["stop 1", "start 2"]),
        (|| exited(1, 0, true), &["start 2"]),
        (|| exited(1, 0, false), &["start 2"]),
    ];
    for (end, effects) in ends {
        let mut pool = running(1, 1, 1);
        step(&mut pool, Input::Request(request(1)));
        step(&mut pool, Input::Request(request(2)));
        assert_eq!(at(&mut pool, DRONE_PROOF, end()), effects);
        // The other half of the news, whichever it is, changes nothing.
        assert!(step(&mut pool, Input::Returned(1)).is_empty());
        assert!(step(&mut pool, exited(1, 0, false)).is_empty());
        assert_eq!(step(&mut pool, idle(2)), ["assign 1 to 2"]);
        assert_eq!(step(&mut pool, idle(2)), ["assign 2 to 2"]);
    }
}

#[test]
fn a_request_that_comes_back_goes_to_an_idle_drone_at_once() {
    let mut pool = running(2, 2, 1);
    step(&mut pool, Input::Request(request(1)));
    let effects = at(&mut pool, DRONE_PROOF, Input::Returned(2));
    assert_eq!(effects, ["stop 2", "assign 1 to 1", "start 3"]);
}

#[test]
fn drones_that_cannot_start_are_tried_again_ever_more_slowly() {
    let mut pool = pool(1, 1, 1);
    step(&mut pool, Input::LinkUp);
    let mut now = Tick::ZERO;
    let mut waits = Vec::new();
    for drone in 1..=4 {
        assert!(at(&mut pool, now, exited(drone, 0, true)).is_empty());
        let (then, effects) = next(&mut pool).expect("it tries again");
        assert_eq!(effects, [format!("start {}", drone + 1)]);
        waits.push(then - now);
        now = then;
    }
    assert!(waits.is_sorted(), "{waits:?}");
    assert!(waits[3] >= 6 * SECOND, "{waits:?}");
}

#[test]
fn drones_that_fail_together_are_tried_again_together_and_soon() {
    let mut pool = pool(8, 8, 1);
    step(&mut pool, Input::LinkUp);
    for drone in 1..=8 {
        step(&mut pool, exited(drone, 0, true));
    }
    let (then, effects) = next(&mut pool).expect("it tries again");
    assert!(then <= SECOND, "{then:?}");
    assert_eq!(effects.len(), 8);
}

#[test]
fn a_drone_that_does_not_come_up_is_given_up_and_another_one_started() {
    let mut pool = pool(1, 1, 1);
    step(&mut pool, Input::LinkUp);
    step(&mut pool, Input::Request(request(1)));
    assert_eq!(
        next(&mut pool),
        Some((
            DRONE_START,
            vec!["overdue 1".to_owned(), "turn away 1".to_owned()]
        ))
    );
    assert_eq!(
        next(&mut pool).map(|(_, effects)| effects),
        Some(vec!["start 2".to_owned()])
    );
    // It came up after all, before it heard.
    assert!(step(&mut pool, idle(1)).is_empty());
    step(&mut pool, Input::Request(request(2)));
    assert_eq!(step(&mut pool, idle(2)), ["assign 2 to 2"]);
}

#[test]
fn one_drone_that_comes_up_ends_the_pause_for_the_others() {
    let mut pool = pool(2, 3, 9);
    step(&mut pool, Input::LinkUp);
    for name in 1..=3 {
        step(&mut pool, Input::Request(request(name)));
    }
    assert!(step(&mut pool, exited(1, 0, true)).is_empty());
    assert_eq!(step(&mut pool, idle(2)), ["assign 1 to 2", "start 4"]);
}

/// Each drone does `life` as soon as it is there; says when each was started.
fn loop_of(pool: &mut Pool, starts: u64, life: impl Fn(&mut Pool, Tick, DroneId)) -> Vec<Tick> {
    let mut now = Tick::ZERO;
    let mut times = vec![now];
    for drone in 1..starts {
        life(pool, now, drone);
        let (then, effects) = next(pool).expect("it tries again");
        assert_eq!(effects, [format!("start {}", drone + 1)]);
        now = then;
        times.push(now);
    }
    times
}

#[test]
fn drones_that_come_up_and_end_at_once_are_replaced_ever_more_slowly() {
    let mut pool = pool(1, 1, 1);
    step(&mut pool, Input::LinkUp);
    let times = loop_of(&mut pool, 5, |pool, now, drone| {
        assert!(at(pool, now, idle(drone)).is_empty());
        assert!(at(pool, now, exited(drone, 0, false)).is_empty());
    });
    let waits: Vec<_> = times.windows(2).map(|pair| pair[1] - pair[0]).collect();
    assert!(waits.is_sorted() && waits[3] >= 6 * SECOND, "{waits:?}");
}

#[test]
fn drones_that_end_before_they_look_at_what_they_got_did_spin() {
    for is_told in [true, false] {
        let mut pool = pool(1, 1, 1);
        step(&mut pool, Input::LinkUp);
        step(&mut pool, Input::Request(request(1)));
        let times = loop_of(&mut pool, 4, |pool, now, drone| {
            let got = [format!("assign 1 to {drone}")];
            assert_eq!(at(pool, now, idle(drone)), got);
            if !is_told {
                let gone = [format!("stop {drone}")];
                assert_eq!(at(pool, now, Input::Returned(drone)), gone);
            }
            assert!(at(pool, now, exited(drone, 0, false)).is_empty());
        });
        assert!(times[3] >= 5 * SECOND, "{times:?}");
    }
}

#[test]
fn a_drone_that_ends_after_it_took_a_request_is_replaced_at_once() {
    let mut pool = running(1, 1, 1);
    for drone in 1..100 {
        step(&mut pool, Input::Request(request(drone)));
        let next = [format!("start {}", drone + 1)];
        assert_eq!(step(&mut pool, exited(drone, 1, true)), next);
        step(&mut pool, idle(drone + 1));
    }
}

#[test]
fn one_request_that_is_done_shows_that_drones_can_live() {
    let mut pool = pool(2, 2, 1);
    step(&mut pool, Input::LinkUp);
    step(&mut pool, idle(1));
    step(&mut pool, idle(2));
    assert!(step(&mut pool, exited(1, 0, true)).is_empty());
    step(&mut pool, Input::Request(request(1)));
    assert_eq!(step(&mut pool, idle(2)), ["start 3"]);
}

#[test]
fn a_drone_that_was_there_for_long_is_replaced_at_once() {
    let mut pool = running(1, 1, 1);
    assert_eq!(at(&mut pool, DRONE_PROOF, exited(1, 0, false)), ["start 2"]);
}

#[test]
fn what_waits_while_drones_fail_for_long_is_turned_away() {
    let mut pool = pool(1, 1, 9);
    step(&mut pool, Input::LinkUp);
    step(&mut pool, Input::Request(request(1)));
    let mut now = Tick::ZERO;
    let mut drone = 1;
    let told = loop {
        let told = at(&mut pool, now, exited(drone, 0, true));
        if !told.is_empty() {
            break told;
        }
        now = next(&mut pool).expect("it tries again").0;
        drone += 1;
    };
    assert_eq!(told, ["turn away 1"]);
    assert!((10..25).contains(&now.as_secs()), "{now:?}");
    // From then on at once,
    let refused = at(&mut pool, now, Input::Request(request(2)));
    assert_eq!(refused, ["turn away 2"]);
    // but for those that come while another one is tried.
    now = next(&mut pool).expect("it tries again").0;
    assert!(at(&mut pool, now, Input::Request(request(3))).is_empty());
    let up = format!("assign 3 to {}", drone + 1);
    assert_eq!(at(&mut pool, now, idle(drone + 1)), [up]);
}

#[test]
fn a_request_has_a_drone_tried_where_none_is_kept() {
    let mut pool = pool(0, 1, 9);
    step(&mut pool, Input::LinkUp);
    let mut now = Tick::ZERO;
    for drone in 1..9 {
        let tried = at(&mut pool, now, Input::Request(request(drone)));
        assert_eq!(tried, [format!("start {drone}")]);
        now += 20 * SECOND;
        // It has taken long enough for all.
        let told = at(&mut pool, now, exited(drone, 0, true));
        assert_eq!(told, [format!("turn away {drone}")]);
        let meanwhile = at(&mut pool, now, Input::Request(request(0)));
        assert_eq!(meanwhile, ["turn away 0"]);
        now += 70 * SECOND;
    }
}

#[test]
fn nothing_is_turned_away_while_a_drone_works_or_the_listener_is_off_the_bus() {
    let mut pool = running(1, 2, 9);
    step(&mut pool, Input::Request(request(1)));
    step(&mut pool, Input::Request(request(2)));
    assert!(at(&mut pool, 20 * SECOND, exited(2, 0, true)).is_empty());
    let mut pool = running(1, 1, 9);
    step(&mut pool, Input::LinkDown);
    step(&mut pool, Input::Request(request(1)));
    step(&mut pool, Input::Request(request(2)));
    let told = at(&mut pool, 20 * SECOND, exited(1, 0, true));
    assert!(told.is_empty(), "{told:?}");
}

#[test]
fn a_drain_ends_when_all_that_was_accepted_is_done_and_says_so_once() {
    let mut pool = running(2, 2, 9);
    for name in 1..=3 {
        step(&mut pool, Input::Request(request(name)));
    }
    assert_eq!(step(&mut pool, Input::Drain), ["drain 1", "drain 2"]);
    assert_eq!(step(&mut pool, idle(1)), ["assign 3 to 1", "drain 1"]);
    // The router had sent it before it knew.
    assert!(step(&mut pool, Input::Request(request(4))).is_empty());
    assert_eq!(step(&mut pool, idle(2)), ["assign 4 to 2", "drain 2"]);
    assert_eq!(step(&mut pool, idle(2)), ["stop 2"]);
    assert_eq!(step(&mut pool, idle(1)), ["stop 1", "drained"]);
    assert!(step(&mut pool, Input::Drain).is_empty());
    assert!(step(&mut pool, exited(1, 2, true)).is_empty());
    assert_eq!(step(&mut pool, Input::Request(request(5))), ["dismiss 5"]);
}

#[test]
fn a_drain_does_not_wait_for_drones_that_start() {
    let mut pool = pool(2, 2, 9);
    step(&mut pool, Input::LinkUp);
    assert_eq!(step(&mut pool, Input::Drain), ["drained"]);
    assert_eq!(step(&mut pool, idle(1)), ["stop 1"]);
    assert!(step(&mut pool, exited(2, 0, true)).is_empty());
    assert_eq!(pool.deadline(), None);
}

#[test]
fn a_request_that_waited_longer_than_its_caller_is_not_run() {
    let mut pool = running(1, 1, 10);
    step(&mut pool, Input::Request(request(1)));
    for (name, seconds) in [(2, 9), (3, 5), (4, 7)] {
        step(&mut pool, Input::Request(patient(name, seconds)));
    }
    assert_eq!(next(&mut pool), Some((5 * SECOND, vec!["expire 3".into()])));
    let late = at(&mut pool, 8 * SECOND, idle(1));
    assert_eq!(late, ["expire 4", "assign 2 to 1"]);
    assert_eq!(
        pool.backlog.next_expiry(),
        None,
        "what a drone has does not expire"
    );
}

#[test]
fn a_service_may_let_requests_wait_less_long_than_their_callers_would() {
    let mut pool = running(1, 1, 10);
    pool.rules.max_wait = Some(4 * SECOND);
    step(&mut pool, Input::Request(request(1)));
    step(&mut pool, Input::Request(patient(2, 9)));
    step(&mut pool, Input::Request(patient(3, 2)));
    step(&mut pool, Input::Request(request(4)));
    assert_eq!(next(&mut pool), Some((2 * SECOND, vec!["expire 3".into()])));
    let all = vec!["expire 2".into(), "expire 4".into()];
    assert_eq!(next(&mut pool), Some((4 * SECOND, all)));
}

#[test]
fn what_expired_makes_room_for_others() {
    let mut pool = running(1, 1, 1);
    step(&mut pool, Input::Request(request(1)));
    step(&mut pool, Input::Request(patient(2, 3)));
    assert_eq!(step(&mut pool, Input::Request(request(3))), ["refuse 3"]);
    let made = at(&mut pool, 3 * SECOND, Input::Request(request(4)));
    assert_eq!(made, ["expire 2"]);
}

#[test]
fn a_request_that_goes_to_another_drone_keeps_its_time() {
    let mut pool = running(1, 1, 10);
    step(&mut pool, Input::Request(patient(1, 13)));
    let back = at(&mut pool, 11 * SECOND, exited(1, 0, true));
    assert_eq!(back, ["start 2"]);
    let expired = vec!["expire 1".into()];
    assert_eq!(next(&mut pool), Some((13 * SECOND, expired)));
}

/// One drone and room for one request more: what has come of it after each step.
#[test]
fn what_a_pool_is_used_for_adds_up_over_time() {
    let mut pool = running(1, 1, 1);
    let steps = [
        // second, input; busy and waiting in seconds; assigned, refused, expired
        (2, Input::Request(request(1)), (0, 0), (1, 0, 0)),
        (3, Input::Request(patient(2, 4)), (1, 0), (1, 0, 0)),
        (5, Input::Request(request(3)), (3, 2), (1, 1, 0)),
        (6, idle(1), (4, 3), (2, 1, 0)),
        (8, Input::Request(patient(4, 1)), (6, 3), (2, 1, 0)),
        (9, Input::Request(request(5)), (7, 4), (2, 1, 1)),
        (10, exited(1, 2, true), (8, 5), (2, 1, 1)),
        (20, Input::Stop, (8, 15), (2, 2, 1)),
        (30, Input::Request(request(6)), (8, 15), (2, 3, 1)),
    ];
    for (second, input, (busy, waiting), (assigned, refused, expired)) in steps {
        let now = second * SECOND;
        at(&mut pool, now, input);
        let expected = Occupancy {
            watched: now,
            busy: busy * SECOND,
            waiting: waiting * SECOND,
            assigned,
            refused,
            expired,
        };
        assert_eq!(pool.occupancy(now), expected, "at {second} s");
    }
}

#[test]
fn two_looks_at_a_pool_give_the_averages_between() {
    let mut pool = running(2, 2, 8);
    for name in 1..=5 {
        at(&mut pool, SECOND, Input::Request(request(name)));
    }
    let before = pool.occupancy(3 * SECOND);
    let after = pool.occupancy(7 * SECOND);
    let span = (after.watched - before.watched).as_secs_f64();
    assert_eq!((after.busy - before.busy).as_secs_f64() / span, 2.0);
    assert_eq!((after.waiting - before.waiting).as_secs_f64() / span, 3.0);
}

#[test]
fn a_drain_ends_when_the_last_that_waited_has_expired() {
    let mut pool = running(1, 1, 10);
    step(&mut pool, Input::LinkDown);
    step(&mut pool, Input::Request(request(1)));
    step(&mut pool, Input::Request(patient(2, 9)));
    step(&mut pool, exited(1, 1, true));
    assert!(step(&mut pool, Input::Drain).is_empty());
    let end = vec!["expire 2".into(), "drained".into()];
    assert_eq!(next(&mut pool), Some((9 * SECOND, end)));
}

#[test]
fn a_drone_that_has_had_its_requests_is_replaced() {
    let mut pool = running(1, 1, 10);
    pool.rules.max_requests = Some(2);
    step(&mut pool, Input::Request(request(1)));
    assert!(step(&mut pool, idle(1)).is_empty());
    step(&mut pool, Input::Request(request(2)));
    step(&mut pool, Input::Request(request(3)));
    assert_eq!(step(&mut pool, idle(1)), ["stop 1", "start 2"]);
    assert!(step(&mut pool, exited(1, 2, true)).is_empty());
    assert_eq!(step(&mut pool, idle(2)), ["assign 3 to 2"]);
}

#[test]
fn a_drone_that_asks_for_it_is_replaced() {
    let mut pool = running(1, 3, 10);
    step(&mut pool, Input::Request(request(1)));
    let spent = Input::Idle {
        drone: 1,
        is_spent: true,
    };
    assert_eq!(step(&mut pool, spent), ["stop 1", "start 2"]);
}

#[test]
fn renewing_replaces_idle_drones_at_once_and_busy_ones_when_they_are_done() {
    let mut pool = running(2, 2, 10);
    step(&mut pool, Input::Request(request(1)));
    assert_eq!(step(&mut pool, Input::Renew), ["stop 1", "start 3"]);
    assert!(step(&mut pool, idle(3)).is_empty());
    assert_eq!(step(&mut pool, idle(2)), ["stop 2", "start 4"]);
}

#[test]
fn other_rules_hold_at_once() {
    let rules = |min, max| {
        let size = PoolSize::new(min, max, 10).expect("the numbers fit");
        Input::Rules(size.into())
    };
    let mut pool = running(3, 3, 10);
    step(&mut pool, Input::Request(request(1)));
    assert_eq!(step(&mut pool, rules(1, 1)), ["stop 2", "stop 1"]);
    assert_eq!(step(&mut pool, rules(2, 4)), ["start 4"]);
}

/// What may happen next in a random walk; numbers choose among the drones that it can happen to.
#[derive(Debug, Clone)]
enum Move {
    Request,
    /// One whose caller waits for so many seconds.
    Patient(u32),
    Up(usize),
    Fail(usize),
    Take(usize),
    Answer(usize),
    Free(usize),
    Spend(usize),
    Die(usize),
    Bounce(usize),
    Wake,
    Pass(u32),
    Renew,
    LinkDown,
    LinkUp,
    Drain,
    Stop,
}

fn moves() -> impl Strategy<Value = Move> {
    let which = 0_usize..8;
    prop_oneof![
        6 => Just(Move::Request),
        2 => (1_u32..4).prop_map(Move::Patient),
        1 => (1_u32..3).prop_map(Move::Pass),
        1 => Just(Move::Renew),
        1 => which.clone().prop_map(Move::Spend),
        4 => which.clone().prop_map(Move::Up),
        1 => which.clone().prop_map(Move::Fail),
        4 => which.clone().prop_map(Move::Take),
        4 => which.clone().prop_map(Move::Answer),
        4 => which.clone().prop_map(Move::Free),
        2 => which.clone().prop_map(Move::Die),
        1 => which.prop_map(Move::Bounce),
        1 => Just(Move::Wake),
        1 => Just(Move::LinkDown),
        1 => Just(Move::LinkUp),
        1 => prop_oneof![3 => Just(Move::Drain), 1 => Just(Move::Stop)],
    ]
}

/// What a drone makes of its one request.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Work {
    Starting,
    None,
    /// On its way to the drone.
    Sent(u64),
    Taken(u64),
    Answered,
}

#[derive(Debug)]
struct Worker {
    work: Work,
    taken: u64,
}

/// A pool and the drones it asked for.
struct World {
    pool: Pool,
    max: usize,
    now: Tick,
    drones: BTreeMap<DroneId, Worker>,
    asked: u64,
    /// Requests that got an answer, a refusal, or news of a dead drone.
    ended: Vec<u64>,
    drained: usize,
    /// When it was said last that requests are turned away.
    told: Option<Tick>,
    is_online: bool,
    is_stopped: bool,
    /// For how long drones have worked and requests have waited, in sum.
    worked: Duration,
    waited: Duration,
    assigned: u64,
}

impl World {
    /// One of three callers asks.
    fn ask(&mut self, stanza: Stanza) {
        let caller = format!("client_{}", self.asked % 3);
        let from = Jid::new("opensrf", "localhost", &caller).ok();
        self.handle(Input::Request(Stanza::from(Parts {
            from,
            ..stanza.into_parts()
        })));
    }

    fn handle(&mut self, input: Input) {
        let mut out = Vec::new();
        self.pool.handle(self.now, input, &mut out);
        self.perform(out);
    }

    fn wake(&mut self) {
        let Some(due) = self.pool.deadline() else {
            return;
        };
        self.pass(self.now.max(due));
        let mut out = Vec::new();
        self.pool.wake(self.now, &mut out);
        self.perform(out);
    }

    fn perform(&mut self, effects: Vec<Effect>) {
        for effect in effects {
            match effect {
                Effect::StartDrone(drone) => {
                    assert!(self.is_online && !self.is_stopped, "nobody wants it");
                    let worker = Worker {
                        work: Work::Starting,
                        taken: 0,
                    };
                    assert!(self.drones.insert(drone, worker).is_none(), "used twice");
                }
                Effect::Assign(drone, stanza) => {
                    let worker = self.drones.get_mut(&drone).expect("it is there");
                    assert_eq!(worker.work, Work::None);
                    worker.work = Work::Sent(name(&stanza));
                    self.assigned += 1;
                }
                Effect::Refuse(stanza)
                | Effect::Dismiss(stanza)
                | Effect::Expire(stanza)
                | Effect::TurnAway(stanza)
                | Effect::Abandon(stanza) => self.ended.push(name(&stanza)),
                Effect::StopDrone(drone) | Effect::StartOverdue(drone) => {
                    self.drones.remove(&drone);
                }
                Effect::DrainDrone(_) => {}
                Effect::Overloaded { refused, expired } => {
                    assert!(refused + expired > 0);
                    let told = self.told.replace(self.now);
                    assert!(told.is_none_or(|told| told + 10 * SECOND <= self.now));
                }
                Effect::Drained => self.drained += 1,
            }
        }
        let stats = self.pool.stats();
        assert!(stats.starting + stats.idle + stats.busy <= self.max);
        assert!(stats.idle == 0 || stats.backlog == 0, "{stats:?}");
    }

    fn pick(&self, which: usize, fits: fn(Work) -> bool) -> Option<DroneId> {
        let mut all = self.drones.iter().filter(|(_, worker)| fits(worker.work));
        let count = all.clone().count();
        (count > 0).then(|| all.nth(which % count).map(|(id, _)| *id))?
    }

    fn exit(&mut self, drone: DroneId) {
        let Some(worker) = self.drones.remove(&drone) else {
            return;
        };
        let settled = !matches!(worker.work, Work::Taken(_));
        self.handle(exited(drone, worker.taken, settled));
    }

    fn go(&mut self, step: &Move) {
        match *step {
            Move::Request => {
                self.asked += 1;
                self.ask(request(self.asked));
            }
            Move::Patient(seconds) => {
                self.asked += 1;
                self.ask(patient(self.asked, seconds));
            }
            Move::Pass(seconds) => {
                self.pass(self.now + seconds * SECOND);
                if self.pool.deadline().is_some_and(|due| due <= self.now) {
                    self.wake();
                }
            }
            Move::Renew => self.handle(Input::Renew),
            Move::Spend(which) => {
                if let Some(drone) = self.pick(which, |w| w == Work::Answered) {
                    self.set(drone, Work::None);
                    self.handle(Input::Idle {
                        drone,
                        is_spent: true,
                    });
                }
            }
            Move::Up(which) => {
                if let Some(drone) = self.pick(which, |w| w == Work::Starting) {
                    self.set(drone, Work::None);
                    self.handle(idle(drone));
                }
            }
            Move::Fail(which) => {
                if let Some(drone) = self.pick(which, |w| w == Work::Starting) {
                    self.exit(drone);
                }
            }
            Move::Take(which) => {
                if let Some(drone) = self.pick(which, |w| matches!(w, Work::Sent(_)))
                    && let Some(worker) = self.drones.get_mut(&drone)
                    && let Work::Sent(name) = worker.work
                {
                    worker.work = Work::Taken(name);
                    worker.taken += 1;
                }
            }
            Move::Answer(which) => {
                if let Some(drone) = self.pick(which, |w| matches!(w, Work::Taken(_)))
                    && let Some(Work::Taken(name)) = self.set(drone, Work::Answered)
                {
                    self.ended.push(name);
                }
            }
            Move::Free(which) => {
                if let Some(drone) = self.pick(which, |w| w == Work::Answered) {
                    self.set(drone, Work::None);
                    self.handle(idle(drone));
                }
            }
            Move::Die(which) => {
                if let Some(drone) = self.pick(which, |w| w != Work::Starting) {
                    self.exit(drone);
                }
            }
            Move::Bounce(which) => {
                if let Some(drone) = self.pick(which, |w| matches!(w, Work::Sent(_))) {
                    self.handle(Input::Returned(drone));
                    self.exit(drone);
                }
            }
            Move::Wake => self.wake(),
            Move::LinkDown => self.link(false),
            Move::LinkUp => self.link(true),
            Move::Drain => self.handle(Input::Drain),
            Move::Stop => {
                self.is_stopped = true;
                self.handle(Input::Stop);
            }
        }
    }

    fn pass(&mut self, to: Tick) {
        let works = |worker: &&Worker| !matches!(worker.work, Work::Starting | Work::None);
        let working = self.drones.values().filter(works).count();
        let span = to - self.now;
        self.worked += span * working as u32;
        self.waited += span * self.pool.stats().backlog as u32;
        self.now = to;
    }

    fn link(&mut self, is_up: bool) {
        self.is_online = is_up;
        self.handle(if is_up {
            Input::LinkUp
        } else {
            Input::LinkDown
        });
    }

    fn set(&mut self, drone: DroneId, work: Work) -> Option<Work> {
        let worker = self.drones.get_mut(&drone)?;
        Some(std::mem::replace(&mut worker.work, work))
    }

    /// Lets everything that can succeed do so.
    fn settle(&mut self) {
        for _ in 0..10_000 {
            let idle = self.drones.values().all(|w| w.work == Work::None);
            if idle && self.pool.stats().backlog == 0 {
                return;
            }
            for step in [Move::Up(0), Move::Take(0), Move::Answer(0), Move::Free(0)] {
                self.go(&step);
            }
            if self.drones.is_empty() {
                self.wake();
            }
        }
        panic!("it does not come to rest: {:?}", self.pool);
    }
}

fn name(stanza: &Stanza) -> u64 {
    stanza.id.parse().expect("a number")
}

proptest! {
    #[test]
    fn every_request_ends_exactly_once(
        (min, max) in (0_usize..4).prop_flat_map(|min| (Just(min), min.max(1)..6)),
        backlog in 0_usize..4,
        max_requests in prop::option::of(1_u64..4),
        max_wait in prop::option::of(1_u32..5),
        steps in prop::collection::vec(moves(), 0..200),
    ) {
        let mut world = World {
            pool: pool(min, max, backlog),
            max,
            now: Tick::ZERO,
            drones: BTreeMap::new(),
            asked: 0,
            ended: Vec::new(),
            drained: 0,
            told: None,
            is_online: false,
            is_stopped: false,
            worked: Duration::ZERO,
            waited: Duration::ZERO,
            assigned: 0,
        };
        world.pool.rules.max_requests = max_requests;
        world.pool.rules.max_wait = max_wait.map(|seconds| seconds * SECOND);
        world.link(true);
        for step in &steps {
            world.go(step);
        }
        world.link(true);
        world.settle();
        world.handle(Input::Drain);
        world.pass(world.now + SECOND);
        let occupancy = world.pool.occupancy(world.now);
        prop_assert_eq!(occupancy.watched, world.now);
        prop_assert_eq!(occupancy.busy, world.worked);
        prop_assert_eq!(occupancy.waiting, world.waited);
        prop_assert_eq!(occupancy.assigned, world.assigned);
        let ended: BTreeSet<_> = world.ended.iter().copied().collect();
        prop_assert_eq!(ended.len(), world.ended.len(), "one ended twice");
        prop_assert_eq!(ended.len() as u64, world.asked, "one did not end");
        // It may have been drained before it was stopped.
        prop_assert!(world.drained == 1 || world.is_stopped && world.drained == 0);
    }
}
