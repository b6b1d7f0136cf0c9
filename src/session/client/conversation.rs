//! One conversation of a client, and what it sends.

use std::sync::Arc;
use std::time::Duration;

use bytestring::ByteString;

use super::{Context, RequestId, SessionId};
use crate::few::Few;
use crate::jid::Jid;
use crate::osrf::{self, Body, Reassembly};
use crate::session::answer::{say, say_with};
use crate::session::requests::Open;
use crate::stanza::{Extension, Stanza};
use crate::time::Tick;

#[derive(Debug)]
pub(super) enum State {
    /// Each request goes to the router's address.
    Stateless,
    /// A CONNECT of this number was sent; requests wait.
    Connecting { trace: u64, deadline: Tick },
    /// Requests go to this drone, which answered the CONNECT of this number.
    Connected { drone: Jid, trace: u64 },
    /// A session without a drone; the next request connects again.
    Lost,
}

#[derive(Debug)]
pub(super) struct Session {
    pub(super) id: SessionId,
    /// How long to wait for a drone.
    pub(super) timeout: Duration,
    pub(super) context: Arc<Context>,
    /// It has had a drone, and its owner knows.
    pub(super) opened: bool,
}

#[derive(Debug)]
pub(super) struct Conversation {
    pub(super) service: Jid,
    pub(super) session: Option<Session>,
    pub(super) state: State,
    next_trace: u64,
    /// Requests without an end, by their `threadTrace`.
    pub(super) open: Few<u64, RequestId>,
    pub(super) reassembly: Reassembly,
}

impl Conversation {
    pub(super) fn stateless(service: Jid) -> Self {
        Self {
            service,
            session: None,
            state: State::Stateless,
            next_trace: 1,
            open: Few::default(),
            reassembly: Reassembly::default(),
        }
    }

    /// A session that has not connected yet. Its first CONNECT is number 0, as in C and Perl.
    pub(super) fn session(
        service: Jid,
        id: SessionId,
        timeout: Duration,
        context: Arc<Context>,
    ) -> Self {
        Self {
            session: Some(Session {
                id,
                timeout,
                context,
                opened: false,
            }),
            state: State::Lost,
            next_trace: 0,
            ..Self::stateless(service)
        }
    }

    /// A number that nothing else in this conversation has. Each CONNECT has its own too, so that
    /// news of one drone are not taken for news of the next.
    pub(super) fn next_trace(&mut self) -> u64 {
        let trace = self.next_trace;
        self.next_trace += 1;
        trace
    }

    /// The requests without an end, in the order of asking.
    pub(super) fn asked(&self) -> Vec<RequestId> {
        let mut open: Vec<_> = self.open.iter().collect();
        open.sort_unstable();
        open.into_iter().map(|(_, id)| *id).collect()
    }

    /// Whether something of this number was sent, or is about to be.
    pub(super) fn has_used(&self, trace: u64) -> bool {
        trace > 0 && trace < self.next_trace
    }

    /// Whether this is a drone at work on a stateless request. (The router answers for itself.)
    pub(super) fn is_worker(&self, from: &Jid) -> bool {
        self.session.is_none() && *from != self.service
    }

    /// What CONNECT and DISCONNECT say of the client.
    pub(super) fn context(&self) -> Arc<Context> {
        let session = self.session.as_ref();
        session.map(|s| Arc::clone(&s.context)).unwrap_or_default()
    }

    /// What asks the router for a drone, while one is waited for.
    pub(super) fn connect(&self, thread: &ByteString) -> Option<Stanza> {
        let State::Connecting { trace, .. } = self.state else {
            return None;
        };
        let context = &self.session.as_ref()?.context;
        Some(stanza(&self.service, thread, context, trace, Body::Connect))
    }

    /// Where requests go now.
    pub(super) fn target(&self) -> Option<&Jid> {
        match &self.state {
            State::Stateless => Some(&self.service),
            State::Connected { drone, .. } => Some(drone),
            State::Connecting { .. } | State::Lost => None,
        }
    }

    /// Whether results of this sender count.
    pub(super) fn hears(&self, from: &Jid) -> bool {
        match &self.state {
            State::Stateless => true,
            State::Connected { drone, .. } => drone == from,
            State::Connecting { .. } | State::Lost => false,
        }
    }
}

/// A CONNECT or DISCONNECT to `to`.
pub(super) fn stanza(
    to: &Jid,
    thread: &ByteString,
    context: &Context,
    trace: u64,
    body: Body,
) -> Stanza {
    let message = context.message(trace, body);
    say(to, thread, &context.xid(thread), vec![message])
}

/// What lets the drone of a stateless request go, before its end.
pub(super) fn goodbye(drone: &Jid, open: &Open) -> Option<Stanza> {
    let asked = open.content.read().ok()?;
    let bye = osrf::Message {
        ingress: ByteString::new(),
        body: Body::Disconnect,
        trace: open.trace + 1,
        ..asked.first()?.clone()
    };
    Some(say(drone, &open.thread, &open.xid, vec![bye]))
}

/// A request to `to`, perhaps not for the first time.
pub(super) fn request(now: Tick, to: &Jid, open: &Open) -> Stanza {
    let left = open.deadline.saturating_sub(now);
    let opensrf = Extension {
        osrf_xid: open.xid.clone(),
        // Whoever has it in a backlog for longer need not run it. Nothing at all would mean for ever.
        timeout: Some(left.max(Duration::from_millis(1))),
        ..Extension::default()
    };
    say_with(to, &open.thread, opensrf, open.content.clone())
}
