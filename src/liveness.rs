//! Finds out whether the other side of a connection is still there.
//!
//! A machine that lost its power, or a process that is stopped, closes nothing: its connections look
//! as if it had nothing to say. So whoever has said nothing for a while is asked (XEP-0199), and who
//! is known to answer and does not is dead when [`DeadAfter`] has passed without a byte of its.
//!
//! ```text
//!         asked, soon           answer
//!  New -----------------> Asked ------> Answers ---- silent for all of DeadAfter ----> dead
//!                           |              |
//!                           +-> white space +-> asked again, while silent
//! ```
//!
//! OpenSRF's C and Perl programs answer no such question. They are asked once, and are never dead by
//! this role's word; whether their machine is there only the kernel can tell, from the bytes
//! that it gets through. White space helps it to some. It goes to any other program that does not
//! answer, not to these: the C programs' receive loop takes whatever wakes it off its time-out, the
//! whole of what has passed each time (protocol of OpenSRF 3.x, §15).
//!
//! Every byte counts as life, so on a connection on which something comes nothing is sent. Who is told
//! late was itself asleep (a method that blocked the thread, a stopped process): what it did not hear
//! in that time proves nothing, and the peer has all of its time again.

use std::time::Duration;

use crate::ids::Seed;
use crate::limits::DEAD_AFTER_LEAST;
use crate::role::Role;
use crate::time::Tick;

/// The id of the pings that this role has sent.
pub const PING: &str = "alive";

/// How long a peer may be silent before it is dead.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DeadAfter(Duration);

/// A time after which living peers would be taken for dead.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
#[error("dead after {0:?}: at least {DEAD_AFTER_LEAST:?}, or 0 for never")]
pub struct TooSoon(pub Duration);

impl DeadAfter {
    /// So long; `None`, for never, if it is zero.
    ///
    /// # Errors
    /// [`TooSoon`] if it is less than [`DEAD_AFTER_LEAST`].
    pub fn new(silence: Duration) -> Result<Option<Self>, TooSoon> {
        match silence {
            Duration::ZERO => Ok(None),
            silence if silence < DEAD_AFTER_LEAST => Err(TooSoon(silence)),
            silence => Ok(Some(Self(silence))),
        }
    }

    /// The whole time.
    #[must_use]
    pub fn get(self) -> Duration {
        self.0
    }

    /// From an original program's log-in to the only question, at most. It waits once for the end of
    /// its log-in, and must find nothing else then.
    fn first(self) -> Duration {
        self.0 / 10
    }

    /// How long a peer may be silent before it is asked, at most.
    fn pause(self) -> Duration {
        self.0 / 2
    }

    /// From one question to the next, while nothing comes. One that looks later than this has been
    /// asleep.
    fn again(self) -> Duration {
        self.0 / 4
    }
}

/// What the program over there may be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Make {
    /// One of OpenSRF's C and Perl programs, or a server that knows no others: the log-in was theirs.
    Original,
    /// Any other.
    Other,
}

/// What is seen of the peer. To be told before it is woken; no earlier.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Input {
    /// The last moment at which bytes came from it, or it took some that had to wait.
    Alive(Tick),
    /// It has answered a ping, in whatever way.
    Answered,
}

/// What is to be done.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Effect {
    /// Send a ping with the id [`PING`].
    Ping,
    /// Send a blank, between two stanzas.
    WhiteSpace,
    /// Close the connection: there is nobody. The last effect.
    Dead,
}

/// One side's view of the other side of a connection.
#[derive(Debug)]
pub struct Liveness {
    dead_after: DeadAfter,
    make: Make,
    chance: Seed,
    alive: Tick,
    habit: Habit,
    due: Option<Tick>,
}

/// Whether the peer answers pings.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Habit {
    New,
    Asked,
    Answers,
}

impl Liveness {
    /// For a peer that logged in at `now`.
    #[must_use]
    pub fn new(now: Tick, dead_after: DeadAfter, make: Make, chance: Seed) -> Self {
        let mut liveness = Self {
            dead_after,
            make,
            chance,
            alive: now,
            habit: Habit::New,
            due: Some(now),
        };
        if make == Make::Original {
            liveness.due = Some(now + liveness.jitter(dead_after.first()));
        }
        liveness
    }

    /// Up to a quarter less, at random: thousands that logged in together are not to be asked together.
    fn jitter(&mut self, whole: Duration) -> Duration {
        whole.mul_f64(1.0 - self.chance.next_fraction() / 4.0)
    }

    /// Looks at the peer; the next moment at which to do so, if there is one.
    fn look(&mut self, now: Tick, due: Tick, out: &mut Vec<Effect>) -> Option<Tick> {
        let DeadAfter(whole) = self.dead_after;
        let pause = self.jitter(self.dead_after.pause());
        if now.saturating_sub(due) > self.dead_after.again() {
            self.alive = now;
            return Some(now + pause);
        }
        let silence = now.saturating_sub(self.alive);
        match self.habit {
            Habit::New => {
                self.habit = Habit::Asked;
                out.push(Effect::Ping);
                Some(now + pause)
            }
            // The shortest pause that there is.
            _ if silence < self.dead_after.pause() * 3 / 4 => Some(self.alive + pause),
            Habit::Asked => {
                if self.make == Make::Other {
                    out.push(Effect::WhiteSpace);
                }
                Some(now + pause)
            }
            Habit::Answers if silence < whole => {
                out.push(Effect::Ping);
                Some((now + self.dead_after.again()).min(self.alive + whole))
            }
            Habit::Answers => {
                out.push(Effect::Dead);
                None
            }
        }
    }
}

impl Role for Liveness {
    type Input = Input;
    type Effect = Effect;

    fn handle(&mut self, _: Tick, input: Input, _: &mut Vec<Effect>) {
        match input {
            Input::Alive(at) => self.alive = self.alive.max(at),
            Input::Answered => self.habit = Habit::Answers,
        }
    }

    fn deadline(&self) -> Option<Tick> {
        self.due
    }

    fn wake(&mut self, now: Tick, out: &mut Vec<Effect>) {
        if let Some(due) = self.due.filter(|due| *due <= now) {
            self.due = self.look(now, due, out);
        }
    }
}

#[cfg(test)]
mod tests;
