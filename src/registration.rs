//! Keeps one listener known to its routers.
//!
//! A router forgets a listener when the listener's connection drops, and everybody when it
//! restarts; it answers neither `register` nor `unregister` (protocol §4.2). So a listener says
//! `register` whenever its link comes up, asks the router whether the service is known now, and
//! goes on saying `register` every few seconds, which a router that knows it takes as a no-op.
//! This module decides *when*; it sends nothing itself.
//!
//! ```text
//!            LinkUp                   Known
//!  Offline ----------> Registering ---------> Registered
//!     ^                 |  ^  |  ^ retry        |   |  ^ repeat
//!     |                 |  +--+                 |   +--+
//!     |                 |  +-- Bounced ---------+
//!     +---- LinkDown ---+-----------------------+
//! ```
//!
//! Who leaves says `unregister`, and stays until all that was sent to it before has come. A router
//! does not answer that either, so it is pinged, and when it has answered, so is the service's
//! class: its answer comes behind the last request that it passed on. The original router answers
//! no pings; there a second has to do.
//!
//! ```text
//!   Leave                     pong of the router              pong of the class
//!  -------> Leaving(router) ---------------------> Leaving(class) -------> Left
//! ```
//!
//! A listener may also withdraw: it says `unregister`, goes on serving what comes, and stays away
//! from the routers until it is told to rejoin (signals USR1 and USR2 of the original, §5.5).
//!
//! Each router has a state of its own.

use std::time::Duration;

use crate::Role;
use crate::ids::Seed;
use crate::jid::Jid;
use crate::retry::Retry;
use crate::time::Tick;

/// How often a registered listener says so again.
pub const REPEAT: Duration = Duration::from_secs(5);

/// How long one that leaves waits for answers to its pings.
const FAREWELL: Duration = Duration::from_secs(1);

/// What happens to a registration.
#[derive(Debug, Clone)]
pub enum Input {
    /// The listener is logged in.
    LinkUp,
    /// The listener is not logged in any more.
    LinkDown,
    /// This router says that it knows the service, or that it does not.
    Answered {
        /// Which router.
        router: Jid,
        /// Whether the service is among its classes.
        known: bool,
    },
    /// What was sent to this router came back: it is not there.
    Bounced(Jid),
    /// This router, or the service's class at it, answered a ping, or is not there.
    Ponged(Jid),
    /// Be forgotten until told otherwise, but go on serving.
    Withdraw,
    /// Say `register` now, withdrawn or not.
    Rejoin,
    /// The service ends; be forgotten.
    Leave,
}

/// What a registration wants done.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Effect {
    /// Send `register` to this router.
    Register(Jid),
    /// Ask this router for its classes.
    Ask(Jid),
    /// Send `unregister` to this router.
    Unregister(Jid),
    /// Ping this router.
    PingRouter(Jid),
    /// Ping the service's class at this router.
    PingClass(Jid),
    /// The service is known to this router now; said once for each time it becomes so.
    Registered(Jid),
    /// This router is not there or does not know the service; said once for each time.
    Missing(Jid),
    /// No request comes any more; said once.
    Left,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    Offline,
    Withdrawn { is_online: bool },
    Registering { due: Tick },
    Registered { due: Tick },
    Leaving { class: bool, due: Tick },
    Left,
}

#[derive(Debug)]
struct Target {
    router: Jid,
    state: State,
    retry: Retry,
    chance: Seed,
}

/// One listener's registrations.
#[derive(Debug)]
pub struct Registration {
    targets: Vec<Target>,
    is_leaving: bool,
}

impl Registration {
    /// Registrations with `routers`; `retry` spaces out the attempts with one that does not know
    /// the service yet.
    #[must_use]
    pub fn new(routers: Vec<Jid>, retry: &Retry, chance: &Seed) -> Self {
        let target = |router: Jid| Target {
            state: State::Offline,
            retry: retry.clone(),
            chance: chance.fork(router.as_str()),
            router,
        };
        Self {
            targets: routers.into_iter().map(target).collect(),
            is_leaving: false,
        }
    }

    /// Whether this address is one of its routers.
    #[must_use]
    pub fn concerns(&self, from: &Jid) -> bool {
        self.targets.iter().any(|target| target.router == *from)
    }

    /// Whether every router knows the service.
    #[must_use]
    pub fn is_complete(&self) -> bool {
        self.targets
            .iter()
            .all(|target| matches!(target.state, State::Registered { .. }))
    }

    fn report_left(&mut self, out: &mut Vec<Effect>) {
        let has_left = |target: &Target| matches!(target.state, State::Left);
        if self.is_leaving && self.targets.iter().all(has_left) {
            self.is_leaving = false;
            out.push(Effect::Left);
        }
    }
}

impl Target {
    /// Sends `register` and the question, and comes back if no answer does.
    fn attempt(&mut self, now: Tick, out: &mut Vec<Effect>) -> State {
        out.push(Effect::Register(self.router.clone()));
        out.push(Effect::Ask(self.router.clone()));
        State::Registering {
            due: now + self.retry.failed(),
        }
    }

    fn repeat(&mut self, now: Tick) -> State {
        State::Registered {
            due: now + REPEAT.mul_f64(0.8 + 0.4 * self.chance.next_fraction()),
        }
    }

    fn handle(&mut self, now: Tick, input: &Input, out: &mut Vec<Effect>) {
        self.state = match (self.state, input) {
            (State::Left, _) => State::Left,
            (State::Leaving { .. }, Input::LinkDown | Input::Bounced(_)) => State::Left,
            (State::Withdrawn { .. }, Input::LinkDown) => State::Withdrawn { is_online: false },
            (State::Withdrawn { .. }, Input::LinkUp) => State::Withdrawn { is_online: true },
            (State::Offline, Input::Withdraw) => State::Withdrawn { is_online: false },
            (State::Registering { .. } | State::Registered { .. }, Input::Withdraw) => {
                out.push(Effect::Unregister(self.router.clone()));
                State::Withdrawn { is_online: true }
            }
            (State::Withdrawn { is_online: false }, Input::Rejoin) => State::Offline,
            (
                State::Withdrawn { is_online: true }
                | State::Registering { .. }
                | State::Registered { .. },
                Input::Rejoin,
            ) => {
                self.retry.succeeded();
                self.attempt(now, out)
            }
            (State::Withdrawn { is_online: false }, Input::Leave) => State::Left,
            (_, Input::LinkDown) => State::Offline,
            (State::Offline, Input::LinkUp) => {
                self.retry.succeeded();
                self.attempt(now, out)
            }
            (State::Registering { .. }, Input::Answered { known: true, .. }) => {
                self.retry.succeeded();
                out.push(Effect::Registered(self.router.clone()));
                self.repeat(now)
            }
            (
                State::Registered { .. },
                Input::Answered { known: false, .. } | Input::Bounced(_),
            ) => {
                out.push(Effect::Missing(self.router.clone()));
                State::Registering {
                    due: now + self.retry.failed(),
                }
            }
            (State::Offline, Input::Leave) => State::Left,
            (
                State::Withdrawn { is_online: true }
                | State::Registering { .. }
                | State::Registered { .. },
                Input::Leave,
            ) => {
                out.push(Effect::Unregister(self.router.clone()));
                out.push(Effect::PingRouter(self.router.clone()));
                State::Leaving {
                    class: false,
                    due: now + FAREWELL,
                }
            }
            (State::Leaving { class: false, due }, Input::Ponged(_)) => {
                out.push(Effect::PingClass(self.router.clone()));
                State::Leaving { class: true, due }
            }
            (State::Leaving { class: true, .. }, Input::Ponged(_)) => State::Left,
            // An answer or a bounce that was overtaken by a change of the link, or one too many:
            // each attempt has two stanzas that can bounce.
            (unchanged, _) => unchanged,
        };
    }

    fn due(&self) -> Option<Tick> {
        match self.state {
            State::Registering { due } | State::Registered { due } | State::Leaving { due, .. } => {
                Some(due)
            }
            State::Offline | State::Withdrawn { .. } | State::Left => None,
        }
    }

    fn wake(&mut self, now: Tick, out: &mut Vec<Effect>) {
        self.state = match self.state {
            State::Registering { due } if due <= now => self.attempt(now, out),
            State::Registered { due } if due <= now => {
                out.push(Effect::Register(self.router.clone()));
                self.repeat(now)
            }
            State::Leaving { due, .. } if due <= now => State::Left,
            unchanged => unchanged,
        };
    }
}

impl Role for Registration {
    type Input = Input;
    type Effect = Effect;

    fn handle(&mut self, now: Tick, input: Input, out: &mut Vec<Effect>) {
        let one = match &input {
            Input::Answered { router, .. } | Input::Bounced(router) | Input::Ponged(router) => {
                Some(router)
            }
            Input::LinkUp | Input::LinkDown | Input::Withdraw | Input::Rejoin | Input::Leave => {
                None
            }
        };
        self.is_leaving |= matches!(input, Input::Leave);
        for target in &mut self.targets {
            if one.is_none_or(|router| *router == target.router) {
                target.handle(now, &input, out);
            }
        }
        self.report_left(out);
    }

    fn deadline(&self) -> Option<Tick> {
        self.targets.iter().filter_map(Target::due).min()
    }

    fn wake(&mut self, now: Tick, out: &mut Vec<Effect>) {
        for target in &mut self.targets {
            target.wake(now, out);
        }
        self.report_left(out);
    }
}

#[cfg(test)]
mod tests {
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
            [Effect::Registered(router("a"))]
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
}
