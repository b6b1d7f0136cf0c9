//! Stanzas that a router or a service class could not use, and that nobody waits for.
//!
//! Each is counted. What the log says of them is one line a minute for each reason: whoever sends
//! such stanzas may send many.

use std::sync::Arc;

use opensrf::limits::LINE_INTERVAL;
use opensrf::muffler::Muffler;

use crate::counters::Counters;
use crate::env::Env;

/// What one party has dropped.
#[derive(Debug)]
pub(crate) struct Dropped {
    reasons: Muffler<&'static str>,
    env: Env,
    counters: Arc<Counters>,
}

impl Dropped {
    pub(crate) fn new(env: &Env, counters: Arc<Counters>) -> Self {
        Self {
            reasons: Muffler::new(LINE_INTERVAL),
            env: env.clone(),
            counters,
        }
    }

    /// The party at the address `by` drops a stanza of the transaction `xid`.
    pub(crate) fn note(&mut self, by: &str, reason: &'static str, xid: &str) {
        self.counters.ignored.add();
        match self.reasons.hear(self.env.now(), reason) {
            Some(more) => tracing::warn!(by, xid, reason, more, "stanza dropped"),
            None => tracing::debug!(by, xid, reason, "stanza dropped"),
        }
    }
}
