//! Which panics of a service have a line in the log: each kind when it comes first, then once a
//! minute at most, with the number of the others. A method that panics at each call would fill the
//! disk otherwise.

use std::sync::{Arc, Mutex, PoisonError};

use opensrf::limits::LINE_INTERVAL;
use opensrf::muffler::Muffler;
use opensrf::service::MethodId;
use opensrf::time::Tick;

use super::DroneActor;
use crate::service::{Panic, text_of};

/// What panicked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Culprit {
    Method(MethodId),
    Hook(&'static str),
}

/// The panics of all drones of a service.
#[derive(Debug, Clone)]
pub(crate) struct Panics(Arc<Mutex<Muffler<Culprit>>>);

impl Default for Panics {
    fn default() -> Self {
        Self(Arc::new(Mutex::new(Muffler::new(LINE_INTERVAL))))
    }
}

impl Panics {
    fn hear(&self, now: Tick, culprit: Culprit) -> Option<u64> {
        let mut muffler = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        muffler.hear(now, culprit)
    }
}

impl DroneActor {
    pub(super) fn note_panic(&self, culprit: Culprit, panic: &Panic) {
        let Some(more) = self.plan.panics.hear(self.surroundings.env.now(), culprit) else {
            return;
        };
        let more = Some(more).filter(|more| *more > 0);
        let (service, jid) = (&**self.plan.service.name(), self.uplink.jid());
        let panic = text_of(&**panic);
        match culprit {
            Culprit::Method(_) => {
                tracing::error!(service, %jid, panic, more, "a method panicked");
            }
            Culprit::Hook(hook) => {
                tracing::error!(service, %jid, hook, panic, more, "a hook panicked");
            }
        }
    }

    /// Logs that a hook panicked, if it did. Nothing depends on it.
    pub(super) fn note_hook(&self, hook: &'static str, outcome: Result<(), Panic>) {
        if let Err(panic) = outcome {
            self.note_panic(Culprit::Hook(hook), &panic);
        }
    }
}
