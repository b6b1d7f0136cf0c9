//! The open requests of a client, and when each has waited long enough.

use std::time::Duration;

use bytestring::ByteString;

use super::{RequestId, SessionId};
use crate::few::{Few, FewInOrder};
use crate::jid::Jid;
use crate::osrf::Content;
use crate::time::Tick;

/// One request without an end yet.
#[derive(Debug)]
pub(super) struct Open {
    pub(super) thread: ByteString,
    pub(super) trace: u64,
    pub(super) timeout: Duration,
    pub(super) deadline: Tick,
    /// What was or will be sent; kept to send it again when a drone is lost.
    pub(super) content: Content,
    pub(super) xid: ByteString,
    /// How often its drone was lost.
    pub(super) losses: u32,
    /// Its caller has had a result.
    pub(super) has_results: bool,
    /// Who works on it, if it is stateless and something was heard of that drone.
    pub(super) drone: Option<Jid>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Timer {
    Request(RequestId),
    Connect(SessionId),
}

/// Open requests by id, and all deadlines in order.
#[derive(Debug, Default)]
pub(super) struct Requests {
    open: Few<RequestId, Box<Open>>,
    timers: FewInOrder<(Tick, Timer)>,
}

impl Requests {
    pub(super) fn insert(&mut self, id: RequestId, open: Open) {
        self.timers.insert((open.deadline, Timer::Request(id)));
        self.open.insert(id, Box::new(open));
    }

    pub(super) fn remove(&mut self, id: RequestId) -> Option<Box<Open>> {
        let open = self.open.remove(&id)?;
        self.timers.remove(&(open.deadline, Timer::Request(id)));
        Some(open)
    }

    pub(super) fn get(&self, id: RequestId) -> Option<&Open> {
        self.open.get(&id).map(|open| &**open)
    }

    /// Gives a request its whole time again, from `now`.
    pub(super) fn restart(&mut self, id: RequestId, now: Tick) {
        if let Some(open) = self.open.get_mut(&id) {
            self.timers.remove(&(open.deadline, Timer::Request(id)));
            open.deadline = now.saturating_add(open.timeout);
            self.timers.insert((open.deadline, Timer::Request(id)));
        }
    }

    pub(super) fn await_connect(&mut self, session: SessionId, deadline: Tick) {
        self.timers.insert((deadline, Timer::Connect(session)));
    }

    pub(super) fn connect_over(&mut self, session: SessionId, deadline: Tick) {
        self.timers.remove(&(deadline, Timer::Connect(session)));
    }

    /// Notes that its caller has had a result.
    pub(super) fn has_result(&mut self, id: RequestId) {
        if let Some(open) = self.open.get_mut(&id) {
            open.has_results = true;
        }
    }

    /// Notes who works on it.
    pub(super) fn is_with(&mut self, id: RequestId, drone: &Jid) {
        if let Some(open) = self.open.get_mut(&id)
            && open.drone.as_ref() != Some(drone)
        {
            open.drone = Some(drone.clone());
        }
    }

    /// Notes that its drone was lost; says how often so far.
    pub(super) fn lost(&mut self, id: RequestId) -> u32 {
        self.open.get_mut(&id).map_or(0, |open| {
            open.drone = None;
            open.losses += 1;
            open.losses
        })
    }

    pub(super) fn ids(&self) -> impl Iterator<Item = RequestId> {
        self.timers.iter().filter_map(|(_, timer)| match timer {
            Timer::Request(id) => Some(*id),
            Timer::Connect(_) => None,
        })
    }

    pub(super) fn len(&self) -> usize {
        self.open.len()
    }

    pub(super) fn deadline(&self) -> Option<Tick> {
        self.timers.first().map(|(at, _)| *at)
    }

    /// Takes the next timer that is due.
    pub(super) fn pop_due(&mut self, now: Tick) -> Option<Timer> {
        let first = *self.timers.first().filter(|(at, _)| *at <= now)?;
        self.timers.remove(&first);
        Some(first.1)
    }
}
