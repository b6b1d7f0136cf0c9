mod walk;

use super::*;

const SECOND: Duration = Duration::from_secs(1);

fn router(domain: &str) -> Jid {
    Jid::new("router", domain, "router").unwrap()
}

fn registration(routers: Vec<Jid>) -> Registration {
    let retry = Retry::new(SECOND, 60 * SECOND, Seed::new(1)).unwrap();
    Registration::new(routers, &retry, &Seed::new(2))
}

fn step(role: &mut Registration, now: Tick, input: Input) -> Vec<Effect> {
    let mut out = Vec::new();
    role.handle(now, input, &mut out);
    out
}

/// The moments, in seconds, at which the router of `a` is sent `register` up to `end`.
fn registers(role: &mut Registration, end: u64) -> Vec<u64> {
    let mut sent = Vec::new();
    while let Some(at) = role.deadline().filter(|at| *at <= SECOND * end as u32) {
        let mut out = Vec::new();
        role.wake(at, &mut out);
        if out.contains(&Effect::Register(router("a"))) {
            sent.push(at.as_secs());
        }
    }
    sent
}

#[test]
fn a_silent_router_is_asked_again_ever_more_slowly() {
    let mut role = registration(vec![router("a")]);
    let first = step(&mut role, Tick::ZERO, Input::LinkUp);
    assert_eq!(
        first,
        [Effect::Register(router("a")), Effect::Ask(router("a"))]
    );
    let sent = registers(&mut role, 100);
    assert!((4..=8).contains(&sent.len()), "{sent:?}");
    assert!(!role.is_complete());
}

#[test]
fn a_registered_listener_says_so_every_few_seconds() {
    let mut role = registration(vec![router("a")]);
    step(&mut role, Tick::ZERO, Input::LinkUp);
    let known = Input::Answered {
        router: router("a"),
        known: true,
    };
    assert_eq!(
        step(&mut role, SECOND, known),
        [Effect::Registered(router("a")), Effect::Show(router("a"))]
    );
    assert!(role.is_complete());
    let sent = registers(&mut role, 101);
    assert!((16..=25).contains(&sent.len()), "{sent:?}");
}

#[test]
fn a_router_that_went_away_is_registered_with_again() {
    let mut role = registration(vec![router("a"), router("b")]);
    step(&mut role, Tick::ZERO, Input::LinkUp);
    for r in ["a", "b"] {
        step(
            &mut role,
            Tick::ZERO,
            Input::Answered {
                router: router(r),
                known: true,
            },
        );
    }
    let missing = step(&mut role, SECOND, Input::Bounced(router("a")));
    assert_eq!(missing, [Effect::Missing(router("a"))]);
    assert!(step(&mut role, SECOND, Input::Bounced(router("a"))).is_empty());
    assert_eq!(registers(&mut role, 2), [1]);
}

#[test]
fn a_router_whose_session_ended_is_asked_until_it_is_back() {
    let mut role = registration(vec![router("a")]);
    step(&mut role, Tick::ZERO, Input::LinkUp);
    // It has never been there; this is about one before it.
    assert!(step(&mut role, Tick::ZERO, Input::Gone(router("a"))).is_empty());
    let known = || Input::Answered {
        router: router("a"),
        known: true,
    };
    step(&mut role, Tick::ZERO, known());
    let gone = || Input::Gone(router("a"));
    let missing = step(&mut role, SECOND, gone());
    assert_eq!(missing, [Effect::Missing(router("a"))]);
    assert!(step(&mut role, SECOND, gone()).is_empty());
    assert_eq!(registers(&mut role, 2), [1]);
    // It shows itself to each router that comes.
    let back = step(&mut role, 2 * SECOND, known());
    assert!(back.contains(&Effect::Show(router("a"))));
}

#[test]
fn who_leaves_a_router_is_not_put_off_by_being_forgotten() {
    let mut role = registration(vec![router("a")]);
    step(&mut role, Tick::ZERO, Input::LinkUp);
    step(&mut role, SECOND, Input::Leave);
    assert!(step(&mut role, SECOND, Input::Gone(router("a"))).is_empty());
    let pong = step(&mut role, SECOND, Input::Ponged(router("a")));
    assert_eq!(pong, [Effect::PingClass(router("a"))]);
}

#[test]
fn it_is_known_how_a_listener_stands_with_each_router_and_since_when() {
    let mut role = registration(vec![router("a"), router("b")]);
    let stands = |role: &Registration| -> Vec<_> {
        let targets = role.targets();
        targets
            .map(|(router, standing, since)| {
                (router.domain().to_owned(), standing, since.as_secs())
            })
            .collect()
    };
    step(&mut role, SECOND, Input::LinkUp);
    let known = Input::Answered {
        router: router("a"),
        known: true,
    };
    step(&mut role, 3 * SECOND, known);
    // What is only repeated changes nothing.
    while let Some(due) = role.deadline().filter(|due| *due < 30 * SECOND) {
        role.wake(due, &mut Vec::new());
    }
    let a = |standing, since| ("a".to_owned(), standing, since);
    let b = |standing, since| ("b".to_owned(), standing, since);
    let expected = [a(Standing::Registered, 3), b(Standing::Registering, 1)];
    assert_eq!(stands(&role), expected);
    step(&mut role, 40 * SECOND, Input::Withdraw);
    let expected = [a(Standing::Withdrawn, 40), b(Standing::Withdrawn, 40)];
    assert_eq!(stands(&role), expected);
}

#[test]
fn after_a_lost_link_nothing_is_sent_until_it_is_back() {
    let mut role = registration(vec![router("a")]);
    step(&mut role, Tick::ZERO, Input::LinkUp);
    assert!(step(&mut role, SECOND, Input::LinkDown).is_empty());
    assert_eq!(role.deadline(), None);
    assert_eq!(step(&mut role, 9 * SECOND, Input::LinkUp).len(), 2);
}

#[test]
fn who_withdraws_stays_away_until_told_otherwise() {
    let mut role = registration(vec![router("a")]);
    step(&mut role, Tick::ZERO, Input::LinkUp);
    assert_eq!(
        step(&mut role, SECOND, Input::Withdraw),
        [Effect::Unregister(router("a"))]
    );
    assert_eq!(role.deadline(), None);
    let known = Input::Answered {
        router: router("a"),
        known: false,
    };
    for news in [
        Input::LinkDown,
        Input::LinkUp,
        Input::Bounced(router("a")),
        known,
    ] {
        assert!(step(&mut role, SECOND, news).is_empty());
    }
    assert_eq!(
        step(&mut role, SECOND, Input::Rejoin),
        [Effect::Register(router("a")), Effect::Ask(router("a"))]
    );
}

#[test]
fn who_withdrew_off_the_bus_registers_when_it_is_back_and_told_so() {
    let mut role = registration(vec![router("a")]);
    assert!(step(&mut role, SECOND, Input::Withdraw).is_empty());
    assert!(step(&mut role, SECOND, Input::Rejoin).is_empty());
    assert_eq!(step(&mut role, SECOND, Input::LinkUp).len(), 2);
    // One that is registered says so at once.
    assert_eq!(step(&mut role, SECOND, Input::Rejoin).len(), 2);
}

#[test]
fn who_withdrew_leaves_like_everybody_else() {
    let mut role = registration(vec![router("a")]);
    step(&mut role, Tick::ZERO, Input::LinkUp);
    step(&mut role, Tick::ZERO, Input::Withdraw);
    assert_eq!(step(&mut role, SECOND, Input::Leave).len(), 2);
    let mut offline = registration(vec![router("a")]);
    step(&mut offline, Tick::ZERO, Input::Withdraw);
    assert_eq!(step(&mut offline, SECOND, Input::Leave), [Effect::Left]);
}

#[test]
fn who_leaves_stays_until_router_and_class_have_answered() {
    let mut role = registration(vec![router("a")]);
    step(&mut role, Tick::ZERO, Input::LinkUp);
    assert_eq!(
        step(&mut role, SECOND, Input::Leave),
        [
            Effect::Unregister(router("a")),
            Effect::PingRouter(router("a"))
        ]
    );
    let pong = || Input::Ponged(router("a"));
    assert_eq!(
        step(&mut role, SECOND, pong()),
        [Effect::PingClass(router("a"))]
    );
    assert_eq!(step(&mut role, SECOND, pong()), [Effect::Left]);
    for late in [Input::LinkUp, Input::Leave, pong()] {
        assert!(!step(&mut role, SECOND, late).contains(&Effect::Register(router("a"))));
    }
    assert_eq!(role.deadline(), None);
}

#[test]
fn who_leaves_waits_a_second_for_a_router_that_answers_no_pings() {
    let mut role = registration(vec![router("a")]);
    step(&mut role, Tick::ZERO, Input::LinkUp);
    step(&mut role, SECOND, Input::Leave);
    assert_eq!(role.deadline(), Some(2 * SECOND));
    let mut out = Vec::new();
    role.wake(2 * SECOND, &mut out);
    assert_eq!(out, [Effect::Left]);
}

#[test]
fn who_is_registered_nowhere_leaves_at_once() {
    let mut role = registration(vec![router("a")]);
    assert_eq!(step(&mut role, SECOND, Input::Leave), [Effect::Left]);
    let mut none = registration(vec![]);
    assert_eq!(step(&mut none, SECOND, Input::Leave), [Effect::Left]);
    let mut lost = registration(vec![router("a")]);
    step(&mut lost, SECOND, Input::LinkUp);
    step(&mut lost, SECOND, Input::Leave);
    assert_eq!(step(&mut lost, SECOND, Input::LinkDown), [Effect::Left]);
}
