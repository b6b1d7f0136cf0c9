//! The connections that an embedded server has taken, which outlive it if it panics.
//!
//! The server that is started in its place finds them here: it counts them, and ends them in good
//! order when the host ends. If no server does so, the last handle that goes sees to it: nothing
//! stays behind a host.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use actix::Addr;

use super::connection::{Connection, ShutDown};
use crate::peer::Peer;

/// After so many new ones, those are forgotten that have ended when their server was gone.
const ROUND: u64 = 256;

/// Clones are the same.
#[derive(Debug, Clone, Default)]
pub(crate) struct Connections(Arc<Mutex<Kept>>);

#[derive(Debug, Default)]
struct Kept {
    accepted: u64,
    /// Each with where it comes from.
    open: BTreeMap<u64, (String, Addr<Connection>)>,
}

impl Connections {
    /// A number that no other connection has had.
    pub(super) fn next_number(&self) -> u64 {
        let mut kept = self.kept();
        kept.accepted += 1;
        if kept.accepted.is_multiple_of(ROUND) {
            kept.open.retain(|_, (_, addr)| addr.connected());
        }
        kept.accepted
    }

    pub(super) fn add(&self, number: u64, from: String, connection: Addr<Connection>) {
        self.kept().open.insert(number, (from, connection));
    }

    pub(super) fn remove(&self, number: u64) {
        self.kept().open.remove(&number);
    }

    /// Those of a server that is gone have nobody to tell that they end, and are not counted then.
    pub(super) fn count(&self) -> usize {
        let kept = self.kept();
        let all = kept.open.values();
        all.filter(|(_, addr)| addr.connected()).count()
    }

    /// How many come from there.
    pub(super) fn count_from(&self, from: &str) -> usize {
        let kept = self.kept();
        let all = kept.open.values();
        all.filter(|(known, addr)| known == from && addr.connected())
            .count()
    }

    pub(super) fn shut_down(&self) {
        self.kept().shut_down();
    }

    fn kept(&self) -> MutexGuard<'_, Kept> {
        // Nothing that holds it panics; if it did, the map would still be sound.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Kept {
    fn shut_down(&self) {
        for (_, connection) in self.open.values() {
            // One that is gone needs no telling, and one with a full mailbox goes with its socket.
            let _ = Peer::new(connection.clone()).tell(ShutDown);
        }
    }
}

impl Drop for Kept {
    fn drop(&mut self) {
        self.shut_down();
    }
}
