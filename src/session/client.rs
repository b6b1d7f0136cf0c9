//! One party's end of all the conversations that it began.
//!
//! A stateless request is a conversation of its own: it goes to the router's address of the service
//! and is over when its one answer is complete. A session begins with CONNECT and then stays with
//! the drone that answered:
//!
//! ```text
//!              200 from a drone
//!  Connecting ------------------> Connected(drone)
//!    |    ^                          |  |
//!    |    +---- 307, 408, bounce ----+  | 417, death of the drone: open requests fail
//!    |    |     with open requests,     |
//!    |    |     which are asked again   v
//!    |    +--------------------------- Lost
//!    |      the next request            ^
//!    +----------------------------------+
//!      bounce, error, time-out: open requests fail, and so does the opening, if it was that
//! ```
//!
//! Every request ends in exactly one `Complete` or `Failed`, unless it is cancelled; what comes later
//! for it is ignored. A session that was opened lives until it is closed. The rules for statuses are
//! those of §2.3 and §3 of the protocol; where the original would wait for ever (417, an error for
//! no known request), the request fails. Two things are stricter: what comes from another drone
//! than the session's is not taken for an answer, and a request that has had a result is not asked
//! again, as its caller would get that result twice.

mod context;
mod conversation;
mod event;
mod incoming;
#[cfg(test)]
mod tests;

use bytestring::ByteString;

use super::CallError;
use super::requests::{Open, Requests, Timer};
use crate::Role;
use crate::ids::Names;
use crate::jid::Jid;
use crate::osrf::{Body, Request};
use crate::time::Tick;
pub use context::Context;
use conversation::{Conversation, State, stanza};
pub use event::{Asked, ClientEffect, ClientInput, Event, RequestId, RouterName, SessionId};

// Looked up by key only; where order shows, ids are sorted.
#[allow(clippy::disallowed_types)]
type Map<K, V> = std::collections::HashMap<K, V>;

type Out = Vec<ClientEffect>;

/// One party's end of all the conversations that it began.
#[derive(Debug)]
pub struct Client {
    names: Names,
    online: bool,
    conversations: Map<ByteString, Conversation>,
    sessions: Map<SessionId, ByteString>,
    requests: Requests,
}

impl Client {
    /// A client that is not logged in; `names` become its threads.
    #[must_use]
    pub fn new(names: Names) -> Self {
        Self {
            names,
            online: false,
            conversations: Map::new(),
            sessions: Map::new(),
            requests: Requests::default(),
        }
    }

    /// Requests without an end yet.
    #[must_use]
    pub fn open_requests(&self) -> usize {
        self.requests.len()
    }

    /// Sessions that are not closed.
    #[must_use]
    pub fn open_sessions(&self) -> usize {
        self.sessions.len()
    }

    fn converse(&mut self, conversation: Conversation) -> ByteString {
        let thread = ByteString::from(self.names.next_name());
        self.conversations.insert(thread.clone(), conversation);
        thread
    }

    fn call(&mut self, now: Tick, service: Jid, id: RequestId, asked: Asked, out: &mut Out) {
        if !self.online {
            return out.push(ClientEffect::Deliver(id, Event::Failed(CallError::Offline)));
        }
        let thread = self.converse(Conversation::stateless(service));
        self.ask(now, &thread, id, asked, out);
    }

    fn open(&mut self, now: Tick, session: SessionId, conversation: Conversation, out: &mut Out) {
        if !self.online {
            return out.push(ClientEffect::OpenFailed(session, CallError::Offline));
        }
        let thread = self.converse(conversation);
        self.sessions.insert(session, thread.clone());
        self.connect(now, &thread, out);
    }

    /// Asks the router for a drone, unless that is already under way.
    fn connect(&mut self, now: Tick, thread: &ByteString, out: &mut Out) {
        let Some(conversation) = self.conversations.get_mut(thread) else {
            return;
        };
        if matches!(conversation.state, State::Connecting { .. }) {
            return;
        }
        let trace = conversation.next_trace();
        let Some(session) = &conversation.session else {
            return;
        };
        let deadline = now.saturating_add(session.timeout);
        conversation.state = State::Connecting { trace, deadline };
        self.requests.await_connect(session.id, deadline);
        let (to, context) = (&conversation.service, &session.context);
        let connect = stanza(to, thread, context, trace, Body::Connect);
        out.push(ClientEffect::Send(connect));
    }

    fn request(
        &mut self,
        now: Tick,
        session: SessionId,
        id: RequestId,
        asked: Asked,
        out: &mut Out,
    ) {
        let error = match self.sessions.get(&session).cloned() {
            Some(thread) if self.online => return self.ask(now, &thread, id, asked, out),
            Some(_) => CallError::Offline,
            None => CallError::Closed,
        };
        out.push(ClientEffect::Deliver(id, Event::Failed(error)));
    }

    fn ask(&mut self, now: Tick, thread: &ByteString, id: RequestId, asked: Asked, out: &mut Out) {
        let Some(conversation) = self.conversations.get_mut(thread) else {
            return;
        };
        let trace = conversation.next_trace();
        conversation.open.insert(trace, id);
        let request = Request {
            method: asked.method,
            params: asked.params,
        };
        let open = Open {
            thread: thread.clone(),
            trace,
            timeout: asked.timeout,
            deadline: now.saturating_add(asked.timeout),
            message: asked.context.message(trace, Body::Request(request)),
            xid: asked.context.xid(thread),
            losses: 0,
            has_results: false,
            drone: None,
        };
        let waits = match conversation.target() {
            Some(to) => {
                out.push(ClientEffect::Send(conversation::request(now, to, &open)));
                false
            }
            None => true,
        };
        self.requests.insert(id, open);
        if waits {
            self.connect(now, thread, out);
        }
    }

    /// Ends a request; a stateless conversation ends with it.
    fn finish(&mut self, id: RequestId, event: Event, out: &mut Out) {
        if self.forget(id) {
            out.push(ClientEffect::Deliver(id, event));
        }
    }

    /// Tells the drone that works on a stateless request that nobody waits for it any more. In a
    /// session nothing is said: its drone serves the other requests.
    fn give_up(&self, id: RequestId, out: &mut Out) {
        let Some(open) = self.requests.get(id) else {
            return;
        };
        if let Some(drone) = &open.drone {
            let bye = conversation::goodbye(drone, open);
            out.push(ClientEffect::Send(bye));
        }
    }

    fn forget(&mut self, id: RequestId) -> bool {
        let Some(open) = self.requests.remove(id) else {
            return false;
        };
        if let Some(conversation) = self.conversations.get_mut(&open.thread) {
            conversation.open.remove(&open.trace);
            conversation.reassembly.forget(open.trace);
            if conversation.session.is_none() && conversation.open.is_empty() {
                self.conversations.remove(&open.thread);
            }
        }
        true
    }

    /// Ends all requests of a conversation.
    fn fail_all(&mut self, thread: &ByteString, error: &CallError, out: &mut Out) {
        let Some(conversation) = self.conversations.get(thread) else {
            return;
        };
        let ids: Vec<_> = conversation.open.values().copied().collect();
        for id in ids {
            self.finish(id, Event::Failed(error.clone()), out);
        }
    }

    /// Ends all requests of a session that has no drone any more, and a session that never had
    /// one.
    fn disconnected(&mut self, thread: &ByteString, error: &CallError, out: &mut Out) {
        self.fail_all(thread, error, out);
        let Some(conversation) = self.conversations.get_mut(thread) else {
            return;
        };
        let Some(session) = &conversation.session else {
            return;
        };
        let (id, opened) = (session.id, session.opened);
        if let State::Connecting { deadline, .. } = conversation.state {
            self.requests.connect_over(id, deadline);
        }
        conversation.state = State::Lost;
        if !opened {
            self.conversations.remove(thread);
            self.sessions.remove(&id);
            out.push(ClientEffect::OpenFailed(id, error.clone()));
        }
    }

    fn close(&mut self, session: SessionId, out: &mut Out) {
        let Some(thread) = self.sessions.remove(&session) else {
            return;
        };
        self.fail_all(&thread, &CallError::Closed, out);
        let Some(mut conversation) = self.conversations.remove(&thread) else {
            return;
        };
        let trace = conversation.next_trace();
        match conversation.state {
            State::Connected { ref drone, .. } => {
                let context = conversation.context();
                let bye = stanza(drone, &thread, &context, trace, Body::Disconnect);
                out.push(ClientEffect::Send(bye));
            }
            State::Connecting { deadline, .. } => self.requests.connect_over(session, deadline),
            State::Stateless | State::Lost => {}
        }
    }

    fn link_down(&mut self, out: &mut Out) {
        self.online = false;
        let mut threads: Vec<_> = self.conversations.keys().cloned().collect();
        threads.sort_unstable();
        for thread in threads {
            self.disconnected(&thread, &CallError::Offline, out);
        }
    }

    fn timed_out(&mut self, timer: Timer, out: &mut Out) {
        match timer {
            Timer::Request(id) => {
                if let Some(timeout) = self.requests.get(id).map(|open| open.timeout) {
                    self.give_up(id, out);
                    self.finish(id, Event::Failed(CallError::Timeout(timeout)), out);
                }
            }
            Timer::Connect(session) => {
                let Some(thread) = self.sessions.get(&session).cloned() else {
                    return;
                };
                let session = self.conversations.get(&thread);
                let timeout = session.and_then(|c| c.session.as_ref()).map(|s| s.timeout);
                let error = CallError::ConnectTimeout(timeout.unwrap_or_default());
                self.disconnected(&thread, &error, out);
            }
        }
    }
}

impl Role for Client {
    type Input = ClientInput;
    type Effect = ClientEffect;

    fn handle(&mut self, now: Tick, input: ClientInput, out: &mut Out) {
        match input {
            ClientInput::LinkUp => self.online = true,
            ClientInput::LinkDown => self.link_down(out),
            ClientInput::Call {
                request,
                service,
                asked,
            } => {
                self.call(now, service, request, asked, out);
            }
            ClientInput::Open {
                session,
                service,
                timeout,
                context,
            } => {
                let conversation = Conversation::session(service, session, timeout, context);
                self.open(now, session, conversation, out);
            }
            ClientInput::Request {
                session,
                request,
                asked,
            } => {
                self.request(now, session, request, asked, out);
            }
            ClientInput::Close(session) => self.close(session, out),
            ClientInput::Cancel(request) => {
                self.give_up(request, out);
                self.forget(request);
            }
            ClientInput::Stanza(stanza) => self.stanza(now, &stanza, out),
        }
    }

    fn deadline(&self) -> Option<Tick> {
        self.requests.deadline()
    }

    fn wake(&mut self, now: Tick, out: &mut Out) {
        while let Some(timer) = self.requests.pop_due(now) {
            self.timed_out(timer, out);
        }
    }
}
