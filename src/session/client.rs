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
//!
//! What is asked before the first log-in succeeded or failed waits for that, within its time.

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
use crate::few::Few;
use crate::ids::Names;
use crate::jid::Jid;
use crate::limits::MAILBOX;
use crate::osrf::{Body, Content, Request};
use crate::stanza::Stanza;
use crate::time::Tick;
pub use context::Context;
use conversation::{Conversation, State, stanza};
pub use event::{Asked, ClientEffect, ClientInput, Event, RequestId, RouterName, SessionId};

type Out = Vec<ClientEffect>;

/// Whether anything can be sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Bus {
    /// Nobody knows yet: what is asked is sent as soon as it can be.
    Unknown,
    On,
    Off,
}

/// One party's end of all the conversations that it began.
#[derive(Debug)]
pub struct Client {
    names: Names,
    bus: Bus,
    conversations: Few<ByteString, Box<Conversation>>,
    sessions: Few<SessionId, ByteString>,
    requests: Requests,
}

impl Client {
    /// A client that is not logged in; `names` become its threads.
    #[must_use]
    pub fn new(names: Names) -> Self {
        Self {
            names,
            bus: Bus::Unknown,
            conversations: Few::default(),
            sessions: Few::default(),
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

    /// Whether something may be asked: it can be sent now, or soon.
    fn takes(&self) -> bool {
        match self.bus {
            Bus::Unknown => self.requests.len() < MAILBOX,
            Bus::On => true,
            Bus::Off => false,
        }
    }

    fn send(&self, stanza: Stanza, out: &mut Out) {
        if self.bus == Bus::On {
            out.push(ClientEffect::Send(stanza));
        }
    }

    /// Sends what was asked before it was known whether that is possible, in the order of asking.
    fn link_up(&mut self, now: Tick, out: &mut Out) {
        if std::mem::replace(&mut self.bus, Bus::On) != Bus::Unknown {
            return; // whatever was open when the link was lost has failed
        }
        let request = |id| {
            let open = self.requests.get(id)?;
            let to = self.conversations.get(&open.thread)?.target()?;
            Some((id, conversation::request(now, to, open)))
        };
        let connect = |(id, thread): (&SessionId, &ByteString)| {
            let connect = self.conversations.get(thread)?.connect(thread)?;
            Some((*id, connect))
        };
        // Requests and sessions are numbered together.
        let requests = self.requests.ids().filter_map(request);
        let mut early: Vec<_> = requests
            .chain(self.sessions.iter().filter_map(connect))
            .collect();
        early.sort_by_key(|(id, _)| *id);
        out.extend(
            early
                .into_iter()
                .map(|(_, stanza)| ClientEffect::Send(stanza)),
        );
    }

    fn converse(&mut self, conversation: Conversation) -> ByteString {
        let thread = ByteString::from(self.names.next_name());
        self.conversations
            .insert(thread.clone(), Box::new(conversation));
        thread
    }

    fn call(&mut self, now: Tick, service: Jid, id: RequestId, asked: Asked, out: &mut Out) {
        if !self.takes() {
            return out.push(ClientEffect::Deliver(id, Event::Failed(CallError::Offline)));
        }
        let thread = self.converse(Conversation::stateless(service));
        self.ask(now, &thread, id, asked, out);
    }

    fn open(&mut self, now: Tick, session: SessionId, conversation: Conversation, out: &mut Out) {
        if !self.takes() {
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
        if let Some(connect) = conversation.connect(thread) {
            self.send(connect, out);
        }
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
            Some(thread) if self.takes() => return self.ask(now, &thread, id, asked, out),
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
            content: Content::of(vec![asked.context.message(trace, Body::Request(request))]),
            xid: asked.context.xid(thread),
            losses: 0,
            has_results: false,
            drone: None,
        };
        let to = conversation.target();
        let request = to.map(|to| conversation::request(now, to, &open));
        self.requests.insert(id, open);
        match request {
            Some(request) => self.send(request, out),
            None => self.connect(now, thread, out),
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
            out.extend(bye.map(ClientEffect::Send));
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
        let ids = conversation.asked();
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
        self.bus = Bus::Off;
        let mut threads: Vec<_> = self
            .conversations
            .iter()
            .map(|(thread, _)| thread.clone())
            .collect();
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
            ClientInput::LinkUp => self.link_up(now, out),
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
