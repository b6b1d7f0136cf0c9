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
//!     |                 |  +-- Bounced, Gone ---+
//!     +---- LinkDown ---+-----------------------+
//! ```
//!
//! Once it is registered the listener shows itself to the router (directed presence), which shows
//! itself in turn. So the server tells each of them when the other one's session ends, and nobody
//! has to find out. The original router ignores presence; there the repeated `register` bounces.
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

#[cfg(test)]
mod tests;

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
    /// This router, which had shown itself, is not there any more, or does not know the listener.
    Gone(Jid),
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
    /// Show this router that the listener is there.
    Show(Jid),
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

/// How a listener stands with one of its routers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Standing {
    /// The listener is not logged in.
    Offline,
    /// It has said `unregister`, and stays away.
    Withdrawn,
    /// It asks until the router knows the service.
    Registering,
    /// The router knows the service.
    Registered,
    /// It has said `unregister`, and takes what is on its way.
    Leaving,
    /// Nothing more comes from there.
    Left,
}

impl State {
    fn standing(self) -> Standing {
        match self {
            Self::Offline => Standing::Offline,
            Self::Withdrawn { .. } => Standing::Withdrawn,
            Self::Registering { .. } => Standing::Registering,
            Self::Registered { .. } => Standing::Registered,
            Self::Leaving { .. } => Standing::Leaving,
            Self::Left => Standing::Left,
        }
    }
}

#[derive(Debug)]
struct Target {
    router: Jid,
    state: State,
    /// When it came to stand so.
    since: Tick,
    retry: Retry,
    chance: Seed,
}

/// One listener's registrations.
#[derive(Debug)]
pub struct Registration {
    targets: Vec<Target>,
    end: End,
}

/// How far the end of the service is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum End {
    NotYet,
    Asked,
    Reported,
}

impl Registration {
    /// Registrations with `routers`; `retry` spaces out the attempts with one that does not know
    /// the service yet.
    #[must_use]
    pub fn new(routers: Vec<Jid>, retry: &Retry, chance: &Seed) -> Self {
        let target = |router: Jid| Target {
            state: State::Offline,
            since: Tick::ZERO,
            retry: retry.clone(),
            chance: chance.fork(router.as_str()),
            router,
        };
        Self {
            targets: routers.into_iter().map(target).collect(),
            end: End::NotYet,
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

    /// Each router, how the listener stands with it, and since when.
    pub fn targets(&self) -> impl Iterator<Item = (&Jid, Standing, Tick)> {
        let targets = self.targets.iter();
        targets.map(|target| (&target.router, target.state.standing(), target.since))
    }

    fn report_left(&mut self, out: &mut Vec<Effect>) {
        let has_left = |target: &Target| matches!(target.state, State::Left);
        if self.end == End::Asked && self.targets.iter().all(has_left) {
            self.end = End::Reported;
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

    fn stand(&mut self, now: Tick, state: State) {
        if state.standing() != self.state.standing() {
            self.since = now;
        }
        self.state = state;
    }

    fn handle(&mut self, now: Tick, input: &Input, out: &mut Vec<Effect>) {
        let state = match (self.state, input) {
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
                out.push(Effect::Show(self.router.clone()));
                self.repeat(now)
            }
            (
                State::Registered { .. },
                Input::Answered { known: false, .. } | Input::Bounced(_) | Input::Gone(_),
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
            // each attempt has two stanzas that can bounce. A router that we leave forgets us, and
            // says so before it has answered our ping.
            (unchanged, _) => unchanged,
        };
        self.stand(now, state);
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
        let state = match self.state {
            State::Registering { due } if due <= now => self.attempt(now, out),
            State::Registered { due } if due <= now => {
                out.push(Effect::Register(self.router.clone()));
                self.repeat(now)
            }
            State::Leaving { due, .. } if due <= now => State::Left,
            unchanged => unchanged,
        };
        self.stand(now, state);
    }
}

impl Role for Registration {
    type Input = Input;
    type Effect = Effect;

    fn handle(&mut self, now: Tick, input: Input, out: &mut Vec<Effect>) {
        let one = match &input {
            Input::Answered { router, .. }
            | Input::Bounced(router)
            | Input::Gone(router)
            | Input::Ponged(router) => Some(router),
            Input::LinkUp | Input::LinkDown | Input::Withdraw | Input::Rejoin | Input::Leave => {
                None
            }
        };
        if matches!(input, Input::Leave) && self.end == End::NotYet {
            self.end = End::Asked;
        }
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
