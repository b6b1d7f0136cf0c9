//! One party's end of all the conversations that it began.
//!
//! A stateless request is a conversation of its own: it goes to the router's address of the service
//! and is over when its one answer is complete. A session begins with CONNECT and then stays with
//! the drone that answered:
//!
//! ```text
//!              200 from a drone
//!  Connecting ------------------> Connected(drone)
//!     |   ^                          |
//!     |   +--- 307, 408, bounce -----+    open requests are asked again there
//!     v
//!  failed: bounce, error, time-out
//! ```
//!
//! Every request ends in exactly one `Complete` or `Failed`; what comes later for it is ignored.
//! The rules for statuses are those of §2.3 and §3 of the protocol; where the original would wait
//! for ever (417, an error for no known request), the request fails.

use std::collections::BTreeMap;
use std::time::Duration;

use bytestring::ByteString;

use super::CallError;
use super::requests::{Open, Requests, Timer};
use crate::Role;
use crate::ids::Names;
use crate::jid::{Jid, JidError};
use crate::osrf::{self, Answer, Body, Json, Reassembly, Status, code};
use crate::stanza::{Condition, Extension, Kind, Message, Stanza};
use crate::time::Tick;

/// A request of a client, numbered by whoever asks; never used twice.
pub type RequestId = u64;

/// A session of a client, numbered by whoever opens it; never used twice.
pub type SessionId = u64;

/// How often a request is asked again after its drone was lost.
const MOST_LOSSES: u32 = 3;

/// Where a client finds services: `name@domain/<service>`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RouterName {
    /// The router's account.
    pub name: String,
    /// The router's domain.
    pub domain: String,
}

impl RouterName {
    /// The address that requests for a service go to.
    ///
    /// # Errors
    /// [`JidError`] if the service's name cannot be a resource.
    pub fn service(&self, service: &str) -> Result<Jid, JidError> {
        Jid::new(&self.name, &self.domain, service)
    }
}

/// What happens to a client.
#[derive(Debug)]
pub enum ClientInput {
    /// Logged in.
    LinkUp,
    /// Not logged in any more.
    LinkDown,
    /// Ask one thing, without a session.
    Call {
        /// The caller's number for it.
        request: RequestId,
        /// Where it goes, from [`RouterName::service`].
        service: Jid,
        /// The method.
        method: ByteString,
        /// Its parameters.
        params: Vec<Json>,
        /// How long to wait for the end, from now or from the last CONTINUE.
        timeout: Duration,
    },
    /// Open a session.
    Open {
        /// The caller's number for it.
        session: SessionId,
        /// The service, from [`RouterName::service`].
        service: Jid,
        /// How long to wait for a drone.
        timeout: Duration,
    },
    /// Ask something in a session.
    Request {
        /// The session.
        session: SessionId,
        /// The caller's number for the request.
        request: RequestId,
        /// The method.
        method: ByteString,
        /// Its parameters.
        params: Vec<Json>,
        /// How long to wait for the end, from now or from the last CONTINUE.
        timeout: Duration,
    },
    /// End a session; its open requests fail.
    Close(SessionId),
    /// Nobody waits for this request any more.
    Cancel(RequestId),
    /// A stanza came.
    Stanza(Stanza),
}

/// What a client wants done.
#[derive(Debug, PartialEq)]
pub enum ClientEffect {
    /// Send it off.
    Send(Stanza),
    /// Tell whoever asked.
    Deliver(RequestId, Event),
    /// The session has a drone.
    Opened(SessionId),
    /// The session has none and is over.
    OpenFailed(SessionId, CallError),
}

/// What comes of a request: any number of results, then one of the others.
#[derive(Debug, PartialEq)]
pub enum Event {
    /// One result.
    Result(Json),
    /// No more will come.
    Complete,
    /// It failed, and no more will come.
    Failed(CallError),
}

#[derive(Debug)]
enum State {
    /// Each request goes to the router's address.
    Stateless,
    /// CONNECT was sent; requests wait.
    Connecting { deadline: Tick },
    /// Requests go to this drone.
    Connected(Jid),
    /// A session without a drone; the next request connects again.
    Lost,
}

#[derive(Debug)]
struct Conversation {
    service: Jid,
    session: Option<(SessionId, Duration)>,
    state: State,
    traces: u64,
    open: BTreeMap<u64, RequestId>,
    reassembly: Reassembly,
    losses: u32,
}

// Looked up by key only; where order shows, ids are sorted.
#[allow(clippy::disallowed_types)]
type Map<K, V> = std::collections::HashMap<K, V>;

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
        self.requests.ids().len()
    }

    fn converse(&mut self, service: Jid, session: Option<(SessionId, Duration)>) -> ByteString {
        let thread = ByteString::from(self.names.next_name());
        let conversation = Conversation {
            service,
            session,
            state: if session.is_some() {
                State::Lost
            } else {
                State::Stateless
            },
            traces: 0,
            open: BTreeMap::new(),
            reassembly: Reassembly::default(),
            losses: 0,
        };
        self.conversations.insert(thread.clone(), conversation);
        thread
    }

    fn open(
        &mut self,
        now: Tick,
        session: SessionId,
        service: Jid,
        timeout: Duration,
        out: &mut Out,
    ) {
        if !self.online {
            return out.push(ClientEffect::OpenFailed(session, CallError::Offline));
        }
        let thread = self.converse(service, Some((session, timeout)));
        self.sessions.insert(session, thread.clone());
        self.connect(now, &thread, out);
    }

    /// Asks the router for a drone, unless that is already under way.
    fn connect(&mut self, now: Tick, thread: &ByteString, out: &mut Out) {
        let Some(conversation) = self.conversations.get_mut(thread) else {
            return;
        };
        let Some((session, timeout)) = conversation.session else {
            return;
        };
        if matches!(conversation.state, State::Connecting { .. }) {
            return;
        }
        let deadline = now + timeout;
        conversation.state = State::Connecting { deadline };
        self.requests.await_connect(session, deadline);
        let connect = osrf::Message::new(conversation.traces, Body::Connect);
        out.push(ClientEffect::Send(stanza(
            conversation.service.clone(),
            thread,
            &connect,
        )));
    }

    fn ask(&mut self, now: Tick, thread: &ByteString, id: RequestId, asked: Asked, out: &mut Out) {
        if !self.online {
            return out.push(ClientEffect::Deliver(id, Event::Failed(CallError::Offline)));
        }
        let Some(conversation) = self.conversations.get_mut(thread) else {
            return out.push(ClientEffect::Deliver(id, Event::Failed(CallError::Closed)));
        };
        conversation.traces += 1;
        let trace = conversation.traces;
        conversation.open.insert(trace, id);
        let message = osrf::Message::request(trace, asked.method, asked.params);
        let target = match &conversation.state {
            State::Stateless => Some(&conversation.service),
            State::Connected(drone) => Some(drone),
            State::Connecting { .. } | State::Lost => None,
        };
        if let Some(to) = target {
            out.push(ClientEffect::Send(stanza(to.clone(), thread, &message)));
        }
        let waits = target.is_none();
        let deadline = now + asked.timeout;
        let open = Open {
            thread: thread.clone(),
            trace,
            timeout: asked.timeout,
            deadline,
            message,
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

    /// Ends a session that has no drone.
    fn open_failed(&mut self, thread: &ByteString, error: &CallError, out: &mut Out) {
        self.fail_all(thread, error, out);
        let Some(conversation) = self.conversations.get_mut(thread) else {
            return;
        };
        let Some((session, _)) = conversation.session else {
            return;
        };
        if let State::Connecting { deadline } = conversation.state {
            self.requests.connect_over(session, deadline);
        }
        conversation.state = State::Lost;
        out.push(ClientEffect::OpenFailed(session, error.clone()));
    }

    fn close(&mut self, session: SessionId, out: &mut Out) {
        let Some(thread) = self.sessions.remove(&session) else {
            return;
        };
        self.fail_all(&thread, &CallError::Closed, out);
        let Some(conversation) = self.conversations.remove(&thread) else {
            return;
        };
        match conversation.state {
            State::Connected(drone) => {
                let bye = osrf::Message::new(conversation.traces, Body::Disconnect);
                out.push(ClientEffect::Send(stanza(drone, &thread, &bye)));
            }
            State::Connecting { deadline } => self.requests.connect_over(session, deadline),
            State::Stateless | State::Lost => {}
        }
    }

    fn link_down(&mut self, out: &mut Out) {
        self.online = false;
        let mut threads: Vec<_> = self.conversations.keys().cloned().collect();
        threads.sort_unstable();
        for thread in threads {
            match self.conversations.get(&thread).map(|c| &c.state) {
                Some(State::Connecting { .. }) => {
                    self.open_failed(&thread, &CallError::Offline, out);
                }
                _ => self.fail_all(&thread, &CallError::Offline, out),
            }
            if let Some(conversation) = self.conversations.get_mut(&thread) {
                conversation.state = State::Lost;
            }
        }
    }

    fn stanza(&mut self, now: Tick, stanza: &Stanza, out: &mut Out) {
        let Some(from) = stanza.sender().filter(|_| stanza.kind == Kind::Message) else {
            return;
        };
        let mut message = stanza.decode();
        if message.thread.is_empty() {
            // Prosody's bounces bring back nothing but the id, in which we keep the thread.
            message.thread = stanza.id.clone();
        }
        if stanza.is_error() {
            return self.bounced(now, &from, &message, out);
        }
        let Ok(messages) = osrf::decode(&message.body) else {
            let error = CallError::Garbled("the answer holds no OpenSRF message".into());
            return self.fail_all(&message.thread, &error, out);
        };
        for part in messages {
            match part.body {
                Body::Result(answer) => self.result(&message.thread, part.trace, answer, out),
                Body::Status(status) => {
                    self.status(now, &from, &message.thread, part.trace, status, out);
                }
                Body::Connect | Body::Disconnect | Body::Request(_) => {}
            }
        }
    }

    fn bounced(&mut self, now: Tick, from: &Jid, message: &Message, out: &mut Out) {
        let Some(conversation) = self.conversations.get(&message.thread) else {
            return;
        };
        match &conversation.state {
            State::Connected(drone) if drone == from => self.lost(now, &message.thread, out),
            // News of a drone that the session has left already.
            _ if *from != conversation.service => {}
            state => {
                let connecting = matches!(state, State::Connecting { .. });
                let error = CallError::Unreachable {
                    address: from.clone(),
                    error: message.error.clone().unwrap_or(Condition::Undefined.into()),
                };
                if connecting {
                    self.open_failed(&message.thread, &error, out);
                } else {
                    self.fail_all(&message.thread, &error, out);
                }
            }
        }
    }

    fn result(&mut self, thread: &ByteString, trace: u64, answer: Answer, out: &mut Out) {
        let Some(conversation) = self.conversations.get_mut(thread) else {
            return;
        };
        let Some(&id) = conversation.open.get(&trace) else {
            return;
        };
        match conversation.reassembly.push(trace, answer) {
            Ok(Some(content)) => out.push(ClientEffect::Deliver(id, Event::Result(content))),
            Ok(None) => {}
            Err(error) => self.finish(id, Event::Failed(error.into()), out),
        }
    }

    fn status(
        &mut self,
        now: Tick,
        from: &Jid,
        thread: &ByteString,
        trace: u64,
        status: Status,
        out: &mut Out,
    ) {
        let Some(conversation) = self.conversations.get_mut(thread) else {
            // A drone that connected after we had given up would wait for us in vain.
            if status == Status::connected() {
                let bye = osrf::Message::new(trace, Body::Disconnect);
                out.push(ClientEffect::Send(self::stanza(from.clone(), thread, &bye)));
            }
            return;
        };
        let id = conversation.open.get(&trace).copied();
        let connecting = matches!(conversation.state, State::Connecting { .. });
        match (status.code, id) {
            (code::OK, _) if connecting => self.connected(thread, from.clone(), out),
            (code::OK, _) => {}
            (code::COMPLETE, Some(id)) => self.finish(id, Event::Complete, out),
            (code::CONTINUE, Some(id)) => self.requests.restart(id, now),
            (code::REDIRECTED | code::TIMEOUT, _) => self.lost(now, thread, out),
            (..400, _) => {}
            (_, None) if connecting => self.open_failed(thread, &CallError::Status(status), out),
            (code, Some(id)) => {
                if code == code::EXPECTATION_FAILED && conversation.session.is_some() {
                    conversation.state = State::Lost;
                }
                self.finish(id, Event::Failed(CallError::Status(status)), out);
            }
            // An error about no request we know: upstream's listener names request 1 in each of
            // its refusals. Waiting for the time-out would help nobody.
            (_, None) => self.fail_all(thread, &CallError::Status(status), out),
        }
    }

    fn connected(&mut self, thread: &ByteString, drone: Jid, out: &mut Out) {
        let Some(conversation) = self.conversations.get_mut(thread) else {
            return;
        };
        let Some((session, _)) = conversation.session else {
            return;
        };
        if let State::Connecting { deadline } = conversation.state {
            self.requests.connect_over(session, deadline);
        }
        for id in conversation.open.values() {
            if let Some(open) = self.requests.get(*id) {
                out.push(ClientEffect::Send(stanza(
                    drone.clone(),
                    thread,
                    &open.message,
                )));
            }
        }
        conversation.state = State::Connected(drone);
        out.push(ClientEffect::Opened(session));
    }

    /// The drone is gone, or will not go on: open requests go to another one.
    fn lost(&mut self, now: Tick, thread: &ByteString, out: &mut Out) {
        let Some(conversation) = self.conversations.get_mut(thread) else {
            return;
        };
        conversation.losses += 1;
        if conversation.losses > MOST_LOSSES {
            let error = CallError::Lost(conversation.losses);
            return self.fail_all(thread, &error, out);
        }
        for trace in conversation.open.keys() {
            conversation.reassembly.forget(*trace);
        }
        if conversation.session.is_none() {
            for id in conversation.open.values() {
                if let Some(open) = self.requests.get(*id) {
                    let to = conversation.service.clone();
                    out.push(ClientEffect::Send(stanza(to, thread, &open.message)));
                }
            }
            return;
        }
        if !matches!(conversation.state, State::Connecting { .. }) {
            conversation.state = State::Lost;
            if !conversation.open.is_empty() {
                self.connect(now, thread, out);
            }
        }
    }

    fn timed_out(&mut self, timer: Timer, out: &mut Out) {
        match timer {
            Timer::Request(id) => {
                let timeout = self
                    .requests
                    .get(id)
                    .map_or(Duration::ZERO, |open| open.timeout);
                self.finish(id, Event::Failed(CallError::Timeout(timeout)), out);
            }
            Timer::Connect(session) => {
                let Some(thread) = self.sessions.get(&session).cloned() else {
                    return;
                };
                let timeout = self.conversations.get(&thread).and_then(|c| c.session);
                let error = CallError::ConnectTimeout(timeout.map_or(Duration::ZERO, |(_, t)| t));
                self.open_failed(&thread, &error, out);
            }
        }
    }
}

type Out = Vec<ClientEffect>;

struct Asked {
    method: ByteString,
    params: Vec<Json>,
    timeout: Duration,
}

/// A message to `to`. The thread stands in the stanza's id too, for servers whose bounces bring
/// back nothing else, and is the transaction id of the call.
fn stanza(to: Jid, thread: &ByteString, message: &osrf::Message) -> Stanza {
    let opensrf = Extension {
        osrf_xid: thread.clone(),
        ..Extension::default()
    };
    let body = osrf::encode([message]);
    let content = Message {
        opensrf,
        thread: thread.clone(),
        body,
        ..Message::default()
    };
    Stanza {
        id: thread.clone(),
        ..Stanza::message(to, content)
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
                method,
                params,
                timeout,
            } => {
                let thread = self.converse(service, None);
                self.ask(
                    now,
                    &thread,
                    request,
                    Asked {
                        method,
                        params,
                        timeout,
                    },
                    out,
                );
                if !self.online {
                    self.conversations.remove(&thread);
                }
            }
            ClientInput::Open {
                session,
                service,
                timeout,
            } => {
                self.open(now, session, service, timeout, out);
            }
            ClientInput::Request {
                session,
                request,
                method,
                params,
                timeout,
            } => {
                let thread = self.sessions.get(&session).cloned().unwrap_or_default();
                self.ask(
                    now,
                    &thread,
                    request,
                    Asked {
                        method,
                        params,
                        timeout,
                    },
                    out,
                );
            }
            ClientInput::Close(session) => self.close(session, out),
            ClientInput::Cancel(request) => {
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
