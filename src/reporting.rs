//! When a listener tells service classes how much it holds.
//!
//! Answers go from drones to callers, past the router, so a class that wants to give requests to
//! listeners that hold little must be told. It asks by numbering what it passes on, and nobody else is
//! told anything. It adds what it passes on by itself, so that a request that comes is no news to the
//! class which it comes from: news is a request that is done, or that came by another way.
//!
//! News is told at once if a class has been told nothing for [`LOAD_INTERVAL`], else when that has
//! gone by. So a class is told seldom by a busy listener, and always what was true at the last change.
//! What a class knows may be wrong all the same: a report is lost with a connection. So a listener says
//! it once more whenever it repeats its registration.
//!
//! A class that begins to number from the start is another one, or has forgotten the listener
//! meanwhile; it is told as if for the first time.

use crate::Role;
use crate::jid::Jid;
use crate::limits::LOAD_INTERVAL;
use crate::stanza::LoadReport;
use crate::time::Tick;

/// What happens to a listener that may be of interest to a class.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Input {
    /// A request with this number came from this class. The `Held` that follows, with this request
    /// counted in, says whether there is news.
    Asked {
        /// The class.
        class: Jid,
        /// Which of all that it has passed on here this is.
        number: u64,
    },
    /// The listener holds so many requests.
    Held(usize),
    /// Tell this class once more, if it has ever asked.
    Repeat(Jid),
    /// The router of this class is gone, or does not know the listener.
    Forget(Jid),
    /// The listener is not logged in any more; what classes know of it they forget.
    LinkDown,
}

/// What it wants done.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Effect {
    /// Tell this class.
    Report(Jid, LoadReport),
}

/// What the classes that ask are told of one listener.
#[derive(Debug, Default)]
pub struct Reporting {
    held: u32,
    /// One for each router of the listener at most.
    classes: Vec<Asker>,
}

/// A class that has asked.
#[derive(Debug)]
struct Asker {
    class: Jid,
    /// The number that came last.
    number: u64,
    /// What it was told last.
    told: Option<LoadReport>,
    /// It is told nothing more before then.
    rests_until: Tick,
    /// When there is news to tell it.
    due: Option<Tick>,
}

impl Reporting {
    /// Whether any class has asked. If none has, there is no need to say what is held.
    #[must_use]
    pub fn is_asked(&self) -> bool {
        !self.classes.is_empty()
    }

    fn asked(&mut self, class: Jid, number: u64) {
        match self.asker(&class) {
            Some(asker) => {
                if number <= asker.number {
                    asker.told = None;
                }
                asker.number = number;
            }
            None => self.classes.push(Asker {
                class,
                number,
                told: None,
                rests_until: Tick::ZERO,
                due: None,
            }),
        }
    }

    fn asker(&mut self, class: &Jid) -> Option<&mut Asker> {
        self.classes.iter_mut().find(|asker| asker.class == *class)
    }

    /// Tells the news to whom it can be told, and notes when it is to be told to the others.
    fn tell(&mut self, now: Tick, out: &mut Vec<Effect>) {
        for asker in &mut self.classes {
            let due = Some(asker.rests_until).filter(|_| asker.has_news(self.held));
            asker.due = due.filter(|due| *due > now);
            if due.is_some() && asker.due.is_none() {
                out.push(asker.tell(now, self.held));
            }
        }
    }
}

impl Asker {
    /// Whether what the class reckons is wrong: what it was told, and what it passed on since.
    fn has_news(&self, held: u32) -> bool {
        self.told.is_none_or(|told| {
            let since = self.number.saturating_sub(told.number);
            u64::from(told.held).saturating_add(since) != u64::from(held)
        })
    }

    fn tell(&mut self, now: Tick, held: u32) -> Effect {
        let report = LoadReport {
            held,
            number: self.number,
        };
        self.told = Some(report);
        self.rests_until = now + LOAD_INTERVAL;
        Effect::Report(self.class.clone(), report)
    }
}

impl Role for Reporting {
    type Input = Input;
    type Effect = Effect;

    fn handle(&mut self, now: Tick, input: Input, out: &mut Vec<Effect>) {
        match input {
            Input::Asked { class, number } => self.asked(class, number),
            Input::Held(held) => {
                self.held = u32::try_from(held).unwrap_or(u32::MAX);
                self.tell(now, out);
            }
            Input::Repeat(class) => {
                if let Some(asker) = self.asker(&class) {
                    asker.told = None;
                    self.tell(now, out);
                }
            }
            Input::Forget(class) => self.classes.retain(|asker| asker.class != class),
            Input::LinkDown => self.classes.clear(),
        }
    }

    fn deadline(&self) -> Option<Tick> {
        self.classes.iter().filter_map(|asker| asker.due).min()
    }

    fn wake(&mut self, now: Tick, out: &mut Vec<Effect>) {
        self.tell(now, out);
    }
}

#[cfg(test)]
mod tests;
