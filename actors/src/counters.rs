//! What a network has done, in figures. Every refusal is an answer or a counter.

use std::sync::atomic::{AtomicU64, Ordering};

use serde::{Deserialize, Serialize};

/// A figure that only grows.
#[derive(Debug, Default)]
pub struct Counter(AtomicU64);

impl Counter {
    /// Counts one.
    pub fn add(&self) {
        self.0.fetch_add(1, Ordering::Relaxed);
    }

    /// Counts so many.
    pub fn add_all(&self, number: u64) {
        self.0.fetch_add(number, Ordering::Relaxed);
    }

    /// Takes away so many; what is added later makes up for it.
    pub fn take_away(&self, number: u64) {
        self.0.fetch_sub(number, Ordering::Relaxed);
    }

    /// The figure now.
    #[must_use]
    pub fn get(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }
}

/// The figures of one network, shared by all its parties. Their meanings are those of [`Figures`].
#[derive(Debug, Default)]
#[allow(missing_docs)]
pub struct Counters {
    pub routed: Counter,
    pub bounced: Counter,
    pub dropped: Counter,
    pub ignored: Counter,
    pub refused: Counter,
    pub expired: Counter,
    pub abandoned: Counter,
    pub panics: Counter,
    pub restarts: Counter,
    pub logins: Counter,
    pub login_failures: Counter,
    pub calls_asked: Counter,
    /// Nanoseconds for which requests of clients were open, in sum: right when none is open, since the
    /// moment of opening is taken away at once and that of the end added then.
    pub calls_open_nanos: Counter,
    pub calls_answered: Counter,
    pub calls_refused: Counter,
    pub calls_bounced: Counter,
    pub calls_timed_out: Counter,
    pub calls_offline: Counter,
    pub calls_lost: Counter,
    pub calls_closed: Counter,
    pub calls_garbled: Counter,
    pub calls_cancelled: Counter,
    pub calls_cut_off: Counter,
    pub hung: Counter,
    pub late: Counter,
    pub unsent: Counter,
    pub dead: Counter,
}

/// The figures of one network at one moment.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Figures {
    /// Stanzas delivered to an address of this process.
    pub routed: u64,
    /// Stanzas whose sender was told that they did not arrive.
    pub bounced: u64,
    /// Stanzas that ended without anybody being told: answers and errors for parties that are gone, presence for nobody in particular.
    pub dropped: u64,
    /// Stanzas that a party could not use and nobody waits for, such as messages without a thread.
    pub ignored: u64,
    /// Requests answered with 503 because the backlog was full, no drone could be had, or the service was stopping.
    pub refused: u64,
    /// Requests that were not run because nobody waited for them any more, answered with 503.
    pub expired: u64,
    /// Requests answered with 500 because their drone died.
    pub abandoned: u64,
    /// Methods that panicked.
    pub panics: u64,
    /// Parties that ended when they should not have, or could not begin; all are made anew that are still needed.
    pub restarts: u64,
    /// Sessions that clients opened at the embedded server.
    pub logins: u64,
    /// Log-ins that the embedded server refused.
    pub login_failures: u64,
    /// Requests that clients of the host took to ask; each ends in exactly one of the following.
    pub calls_asked: u64,
    /// Requests of clients that were complete.
    pub calls_answered: u64,
    /// Requests of clients that ended in an error status.
    pub calls_refused: u64,
    /// Requests of clients that reached nobody.
    pub calls_bounced: u64,
    /// Requests of clients that had no end, or no session, within their time.
    pub calls_timed_out: u64,
    /// Requests of clients that were off the bus, or lost their connection.
    pub calls_offline: u64,
    /// Requests of clients in sessions that lost their drone and could not ask again.
    pub calls_lost: u64,
    /// Requests of clients in sessions that were closed.
    pub calls_closed: u64,
    /// Requests of clients whose results could not be read, or were not read in time.
    pub calls_garbled: u64,
    /// Requests of clients that whoever asked gave up.
    pub calls_cancelled: u64,
    /// Requests of clients that ended themselves before them.
    pub calls_cut_off: u64,
    /// Methods that were given up because they took longer than they may.
    pub hung: u64,
    /// What methods said after they were over or given up: results, pleas for time, and the ends of those that block.
    pub late: u64,
    /// Stanzas that a party could not send because its connection was gone.
    pub unsent: u64,
    /// Connections that the embedded server closed because nothing came from their clients any more.
    pub dead: u64,
}

impl Counters {
    /// All figures now.
    #[must_use]
    pub fn figures(&self) -> Figures {
        Figures {
            routed: self.routed.get(),
            bounced: self.bounced.get(),
            dropped: self.dropped.get(),
            ignored: self.ignored.get(),
            refused: self.refused.get(),
            expired: self.expired.get(),
            abandoned: self.abandoned.get(),
            panics: self.panics.get(),
            restarts: self.restarts.get(),
            logins: self.logins.get(),
            login_failures: self.login_failures.get(),
            calls_asked: self.calls_asked.get(),
            calls_answered: self.calls_answered.get(),
            calls_refused: self.calls_refused.get(),
            calls_bounced: self.calls_bounced.get(),
            calls_timed_out: self.calls_timed_out.get(),
            calls_offline: self.calls_offline.get(),
            calls_lost: self.calls_lost.get(),
            calls_closed: self.calls_closed.get(),
            calls_garbled: self.calls_garbled.get(),
            calls_cancelled: self.calls_cancelled.get(),
            calls_cut_off: self.calls_cut_off.get(),
            hung: self.hung.get(),
            late: self.late.get(),
            unsent: self.unsent.get(),
            dead: self.dead.get(),
        }
    }
}

impl Figures {
    /// How many requests of clients have ended, in any way.
    #[must_use]
    pub fn calls_ended(&self) -> u64 {
        self.calls_answered
            + self.calls_refused
            + self.calls_bounced
            + self.calls_timed_out
            + self.calls_offline
            + self.calls_lost
            + self.calls_closed
            + self.calls_garbled
            + self.calls_cancelled
            + self.calls_cut_off
    }
}
