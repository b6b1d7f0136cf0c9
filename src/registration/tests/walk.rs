//! What holds for a registration whatever happens to it.

use std::collections::BTreeSet;

use proptest::collection::vec;
use proptest::prelude::*;

use super::super::*;

/// The longest wait between two attempts, and a little for its jitter.
const LONGEST: Duration = Duration::from_secs(75);

#[derive(Debug, Clone, Copy)]
enum Move {
    Up,
    Down,
    Answer(usize, bool),
    Bounce(usize),
    Gone(usize),
    Pong(usize),
    Wake,
    Withdraw,
    Rejoin,
    Leave,
}

fn moves() -> impl Strategy<Value = Move> {
    prop_oneof![
        3 => Just(Move::Up),
        1 => Just(Move::Down),
        4 => (0_usize..4, prop::bool::weighted(0.7)).prop_map(|(r, known)| Move::Answer(r, known)),
        1 => (0_usize..4).prop_map(Move::Bounce),
        1 => (0_usize..4).prop_map(Move::Gone),
        1 => (0_usize..4).prop_map(Move::Pong),
        6 => Just(Move::Wake),
        1 => Just(Move::Withdraw),
        2 => Just(Move::Rejoin),
        1 => Just(Move::Leave),
    ]
}

/// A registration and what those around it know.
struct World {
    role: Registration,
    routers: Vec<Jid>,
    now: Tick,
    is_up: bool,
    leave_asked: bool,
    is_withdrawn: bool,
    /// Routers that it said know the service, since it last began with them.
    known: BTreeSet<Jid>,
    unregistered: BTreeSet<Jid>,
    left: u32,
}

impl World {
    fn new(routers: usize) -> Self {
        let router = |n| Jid::new("router", &format!("domain{n}"), "router").expect("an address");
        let routers: Vec<_> = (0..routers).map(router).collect();
        let second = Duration::from_secs(1);
        let retry = Retry::new(second, 60 * second, Seed::new(1)).expect("it is one");
        Self {
            role: Registration::new(routers.clone(), &retry, &Seed::new(2)),
            routers,
            now: Tick::ZERO,
            is_up: false,
            leave_asked: false,
            is_withdrawn: false,
            known: BTreeSet::new(),
            unregistered: BTreeSet::new(),
            left: 0,
        }
    }

    /// One of the routers, or one that it has nothing to do with.
    fn router(&self, which: usize) -> Jid {
        let stranger = || Jid::parse("router@elsewhere/router").expect("an address");
        self.routers.get(which).cloned().unwrap_or_else(stranger)
    }

    fn go(&mut self, step: Move) {
        let input = match step {
            Move::Wake => return self.wake(),
            Move::Up => Input::LinkUp,
            Move::Down => Input::LinkDown,
            Move::Answer(which, known) => {
                let router = self.router(which);
                Input::Answered { router, known }
            }
            Move::Bounce(which) => Input::Bounced(self.router(which)),
            Move::Gone(which) => Input::Gone(self.router(which)),
            Move::Pong(which) => Input::Ponged(self.router(which)),
            Move::Withdraw => Input::Withdraw,
            Move::Rejoin => Input::Rejoin,
            Move::Leave => Input::Leave,
        };
        match input {
            Input::LinkUp => self.is_up = true,
            Input::Withdraw | Input::Rejoin => {
                self.is_withdrawn = matches!(input, Input::Withdraw);
                self.known.clear();
            }
            Input::LinkDown => {
                self.is_up = false;
                self.known.clear();
            }
            _ => {}
        }
        let was_leaving = self.leave_asked;
        self.leave_asked |= matches!(input, Input::Leave);
        let mut out = Vec::new();
        self.role.handle(self.now, input, &mut out);
        self.check(&out, was_leaving);
    }

    fn wake(&mut self) {
        if let Some(due) = self.role.deadline() {
            assert!(self.is_up, "nothing is due without a link");
            assert!(due <= self.now + LONGEST, "it never rests longer");
            self.now = self.now.max(due);
            let mut out = Vec::new();
            self.role.wake(self.now, &mut out);
            assert!(self.role.deadline().is_none_or(|due| due > self.now));
            self.check(&out, self.leave_asked);
        }
    }

    fn check(&mut self, effects: &[Effect], was_leaving: bool) {
        for effect in effects {
            assert!(self.left == 0, "{effect:?} after the end");
            assert!(
                self.is_up || *effect == Effect::Left,
                "{effect:?} without a link"
            );
            match effect {
                Effect::Register(_) | Effect::Ask(_) => {
                    assert!(!was_leaving && !self.is_withdrawn);
                }
                Effect::Registered(router) => assert!(self.known.insert(router.clone())),
                Effect::Show(router) => assert!(self.known.contains(router)),
                Effect::Missing(router) => assert!(self.known.remove(router)),
                Effect::Unregister(router) => {
                    assert!(self.leave_asked || self.is_withdrawn);
                    self.unregistered.insert(router.clone());
                }
                Effect::PingRouter(router) | Effect::PingClass(router) => {
                    assert!(self.unregistered.contains(router));
                }
                Effect::Left => {
                    assert!(self.leave_asked);
                    self.left += 1;
                }
            }
        }
        let all = self.known.len() == self.routers.len();
        assert!(self.leave_asked || self.role.is_complete() == all);
        // While it has a link and is wanted, there is always something to come.
        let may_rest = !self.is_up || self.leave_asked || self.is_withdrawn;
        let rests = self.role.deadline().is_none() && !self.routers.is_empty();
        assert!(may_rest || !rests);
    }
}

proptest! {
    #[test]
    fn a_registration_never_rests_until_it_leaves_once(
        routers in 0_usize..4,
        steps in vec(moves(), 0..80),
    ) {
        let mut world = World::new(routers);
        for step in steps {
            world.go(step);
        }
        world.go(Move::Leave);
        for _ in 0..4 * routers {
            world.wake();
        }
        prop_assert_eq!(world.left, 1);
        prop_assert_eq!(world.role.deadline(), None);
        for step in [Move::Leave, Move::Up, Move::Rejoin, Move::Answer(0, true), Move::Down, Move::Leave] {
            world.go(step);
        }
    }
}
