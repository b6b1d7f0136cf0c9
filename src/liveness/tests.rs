use proptest::prelude::*;

use super::*;

const WHOLE: Duration = Duration::from_secs(10);

fn peer(make: Make) -> Liveness {
    let dead_after = DeadAfter::new(WHOLE).unwrap().unwrap();
    Liveness::new(Tick::ZERO, dead_after, make, Seed::new(1))
}

/// Looks when it is time, until `end`: what was done when. `alive` tells of moments up to a given one.
fn watch(
    peer: &mut Liveness,
    end: Tick,
    mut alive: impl FnMut(Tick) -> Vec<Input>,
) -> Vec<(Tick, Effect)> {
    let mut done = Vec::new();
    let mut out = Vec::new();
    while let Some(now) = peer.deadline().filter(|at| *at <= end) {
        for input in alive(now) {
            peer.handle(now, input, &mut out);
        }
        peer.wake(now, &mut out);
        done.extend(out.drain(..).map(|effect| (now, effect)));
    }
    done
}

fn effects(done: &[(Tick, Effect)]) -> Vec<Effect> {
    done.iter().map(|(_, effect)| *effect).collect()
}

fn seconds(seconds: u64) -> Tick {
    Tick::from_secs(seconds)
}

#[test]
fn who_is_never_silent_is_asked_once_at_its_log_in_or_soon_after_it() {
    for (make, earliest, latest) in [
        (Make::Other, Tick::ZERO, Tick::ZERO),
        (Make::Original, seconds(1) * 3 / 4, seconds(1)),
    ] {
        let done = watch(&mut peer(make), seconds(60), |now| vec![Input::Alive(now)]);
        assert_eq!(effects(&done), [Effect::Ping]);
        let (at, _) = done[0];
        assert!(at >= earliest && at <= latest, "{make:?}: {at:?}");
    }
}

#[test]
fn who_never_answered_is_asked_once_and_never_dead() {
    let mut sturdy = peer(Make::Other);
    let done = watch(&mut sturdy, seconds(60), |_| vec![]);
    let (first, rest) = done.split_first().unwrap();
    assert_eq!(first.1, Effect::Ping);
    assert!(rest.iter().all(|(_, effect)| *effect == Effect::WhiteSpace));
    assert!((11..=16).contains(&rest.len()), "{rest:?}");
    let done = watch(&mut peer(Make::Original), seconds(60), |_| vec![]);
    assert_eq!(effects(&done), [Effect::Ping]);
}

#[test]
fn who_answered_once_and_falls_silent_is_asked_again_and_dead_after_all_of_its_time() {
    let mut peer = peer(Make::Other);
    let done = watch(&mut peer, seconds(60), |now| match now {
        now if now < seconds(2) => vec![],
        _ => vec![Input::Answered, Input::Alive(seconds(2))],
    });
    assert_eq!(done.last(), Some(&(seconds(12), Effect::Dead)));
    let asked: Vec<_> = done[1..done.len() - 1].to_vec();
    assert!(asked.len() >= 2, "{asked:?}");
    assert!(asked.iter().all(|(_, effect)| *effect == Effect::Ping));
    assert!(asked[0].0 <= seconds(7), "there is time to answer");
    assert_eq!(peer.deadline(), None);
}

#[test]
fn who_answers_each_time_is_asked_every_four_to_five_seconds() {
    let mut asked = Tick::ZERO;
    let mut peer = peer(Make::Other);
    let mut out = Vec::new();
    let mut pings = 0;
    while let Some(now) = peer.deadline().filter(|at| *at <= seconds(100)) {
        // The answer to the last question came at once.
        peer.handle(now, Input::Alive(asked), &mut out);
        peer.handle(now, Input::Answered, &mut out);
        peer.wake(now, &mut out);
        for effect in out.drain(..) {
            assert_eq!(effect, Effect::Ping);
            asked = now;
            pings += 1;
        }
    }
    assert!((20..=27).contains(&pings), "{pings}");
}

#[test]
fn one_that_was_asleep_itself_judges_nobody() {
    let mut peer = peer(Make::Other);
    let mut out = Vec::new();
    peer.wake(seconds(0), &mut out);
    peer.handle(seconds(1), Input::Answered, &mut out);
    out.clear();
    // The thread was blocked for a minute.
    peer.wake(seconds(61), &mut out);
    assert_eq!(out, []);
    let done = watch(&mut peer, seconds(100), |_| vec![]);
    assert_eq!(done.last(), Some(&(seconds(71), Effect::Dead)));
}

#[test]
fn a_second_is_the_least_and_nothing_means_never() {
    let millis = Duration::from_millis;
    assert_eq!(DeadAfter::new(millis(999)), Err(TooSoon(millis(999))));
    assert_eq!(DeadAfter::new(Duration::ZERO), Ok(None));
    assert!(DeadAfter::new(millis(1000)).unwrap().is_some());
}

proptest! {
    #[test]
    fn a_peer_that_answers_is_dead_exactly_when_its_time_is_over(
        whole in 1_000_u64..100_000,
        seed: u64,
        make in prop::sample::select(vec![Make::Original, Make::Other]),
        gaps in prop::collection::vec(0_u64..99, 0..50),
        answers_at in 0_usize..50,
        delays in prop::collection::vec(0_u64..24, 1..20),
    ) {
        // Gaps between signs of life, and delays of looks, in hundredths of the time.
        let whole = Duration::from_millis(whole);
        let mut at = Tick::ZERO;
        let signs: Vec<_> = gaps.iter().map(|gap| { at += whole * *gap as u32 / 100; at }).collect();
        let last = at;
        let dead_after = DeadAfter::new(whole).unwrap().unwrap();
        let mut peer = Liveness::new(Tick::ZERO, dead_after, make, Seed::new(seed));
        let mut out = Vec::new();
        let mut delays = delays.iter().cycle();
        let answered = signs.get(answers_at).copied().unwrap_or(last);
        let mut dead = None;
        while let Some(due) = peer.deadline() {
            let now = due + whole * *delays.next().unwrap() as u32 / 100;
            if let Some(alive) = signs.iter().rev().find(|sign| **sign <= now) {
                peer.handle(now, Input::Alive(*alive), &mut out);
            }
            if answered <= now {
                peer.handle(now, Input::Answered, &mut out);
            }
            peer.wake(now, &mut out);
            for effect in out.drain(..) {
                if effect == Effect::Dead {
                    dead = Some(now);
                } else {
                    prop_assert!(dead.is_none());
                }
            }
            prop_assert!(now < last + whole * 3, "it is never found dead");
        }
        let dead = dead.unwrap();
        prop_assert!(dead >= last + whole, "dead at {dead:?}, alive at {last:?}");
        prop_assert!(dead <= last + whole + whole / 4, "dead at {dead:?}, alive at {last:?}");
    }
}
