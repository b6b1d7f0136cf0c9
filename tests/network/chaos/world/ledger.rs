//! What was asked, what was run, and how it all ended.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;

use opensrf_actors::client::ClientError;

use super::trace::Trace;

/// The value of requests that are nobody's: those that only look whether all is well.
pub(crate) const PLAIN: &str = "plain";

/// How a request was asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Manner {
    Stateless,
    InSession,
}

/// One request, by the value that its answers must echo.
#[derive(Debug)]
pub(crate) struct Entry {
    pub(crate) manner: Manner,
    pub(crate) asked: Duration,
    pub(crate) timeout: Duration,
    /// When and how it ended, each time.
    pub(crate) ends: Vec<(Duration, String)>,
    /// How often a method has begun to work on it.
    pub(crate) runs: u32,
    /// What was wrong with its answers.
    pub(crate) faults: Vec<String>,
}

/// All requests of a world; clones are the same.
#[derive(Clone)]
pub(crate) struct Ledger {
    books: Arc<Mutex<Books>>,
    trace: Trace,
}

#[derive(Debug, Default)]
pub(crate) struct Books {
    pub(crate) entries: BTreeMap<String, Entry>,
    /// Methods that run now, by pool.
    pub(crate) inside: BTreeMap<String, usize>,
    /// The most that ever ran at once, by pool.
    pub(crate) most_inside: BTreeMap<String, usize>,
    /// How many have ended in which way, over all.
    pub(crate) tally: BTreeMap<String, u64>,
    /// Values that no request had.
    pub(crate) strangers: Vec<String>,
}

impl Ledger {
    pub(crate) fn new(trace: Trace) -> Self {
        Self {
            books: Arc::default(),
            trace,
        }
    }

    pub(crate) fn books(&self) -> MutexGuard<'_, Books> {
        self.books
            .lock()
            .unwrap_or_else(std::sync::PoisonError::into_inner)
    }

    pub(crate) fn asks(&self, value: &str, manner: Manner, now: Duration, timeout: Duration) {
        let entry = Entry {
            manner,
            asked: now,
            timeout,
            ends: Vec::new(),
            runs: 0,
            faults: Vec::new(),
        };
        self.books().entries.insert(value.to_owned(), entry);
    }

    pub(crate) fn ends(&self, value: &str, now: Duration, end: impl Into<String>) {
        let (mut books, end) = (self.books(), end.into());
        *books.tally.entry(end.clone()).or_default() += 1;
        if let Some(entry) = books.entries.get_mut(value) {
            entry.ends.push((now, end));
        }
    }

    /// An answer of `value` is wrong.
    pub(crate) fn blames(&self, value: &str, fault: String) {
        if let Some(entry) = self.books().entries.get_mut(value) {
            entry.faults.push(fault);
        }
    }

    /// A method begins to work on `value` at the drone of that address, until what this gives is
    /// dropped.
    pub(crate) fn runs(&self, value: &str, drone: &str) -> Visit {
        self.trace.note(&format!("RUN {value} {drone}"));
        // Drones of one listener have its name and number in their addresses, before their own.
        let pool = drone.rsplit_once('_').map_or(drone, |(pool, _)| pool);
        let mut books = self.books();
        match books.entries.get_mut(value) {
            Some(entry) => entry.runs += 1,
            None if value == PLAIN => {}
            None => books.strangers.push(value.to_owned()),
        }
        let inside = books.inside.entry(pool.to_owned()).or_default();
        *inside += 1;
        let inside = *inside;
        let most = books.most_inside.entry(pool.to_owned()).or_default();
        *most = inside.max(*most);
        Visit {
            ledger: self.clone(),
            pool: pool.to_owned(),
        }
    }
}

/// One method at work.
pub(crate) struct Visit {
    ledger: Ledger,
    pool: String,
}

impl Drop for Visit {
    fn drop(&mut self) {
        if let Some(inside) = self.ledger.books().inside.get_mut(&self.pool) {
            *inside -= 1;
        }
    }
}

/// The end of a request in one word.
pub(crate) fn word(error: &ClientError) -> String {
    use opensrf::session::CallError;
    match error {
        ClientError::Call(CallError::Status(status)) => format!("status {}", status.code),
        ClientError::Call(CallError::Unreachable { .. }) => "unreachable".into(),
        ClientError::Call(CallError::Timeout(_)) => "timeout".into(),
        ClientError::Call(CallError::ConnectTimeout(_)) => "no session".into(),
        ClientError::Call(CallError::Offline) => "offline".into(),
        ClientError::Call(CallError::Closed) => "closed".into(),
        ClientError::Call(CallError::Lost(_)) => "lost".into(),
        ClientError::Call(CallError::Garbled(why)) => format!("garbled: {why}"),
        ClientError::Ended => "ended".into(),
        other => format!("{other}"),
    }
}
