//! The end that does the work: one conversation at a time.
//!
//! ```text
//!            Assign                        all answered, not connected
//!   Free ---------------> in a conversation ---------------------------> Free
//!                           |         ^   \_ DISCONNECT, bounce, keepalive over (408) _/
//!                           v         |
//!                         Run a method until it is Finished
//! ```
//!
//! A conversation that sent CONNECT keeps the drone until it ends. Messages are handled in order,
//! one method at a time; what comes meanwhile waits. What belongs to no conversation of ours is
//! answered with 417, so that no request ends in silence, except when its caller has just been told
//! that the session is over: that caller asks again elsewhere, and must not be answered twice.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

use bytestring::ByteString;

use super::answer::{refuse, reply};
use crate::Role;
use crate::jid::Jid;
use crate::limits::SESSION_QUEUE;
use crate::osrf::{self, Body, Bundle, Json, Request, Status, code};
use crate::service::{Catalog, MethodId};
use crate::stanza::{Kind, Message, Stanza};
use crate::time::Tick;

/// One run of a method; never used twice by one drone.
pub type RunId = u64;

/// Sessions ended by us whose late messages are dropped.
const ENDED_SESSIONS: usize = 16;

/// What happens to a drone.
#[derive(Debug)]
pub enum DroneInput {
    /// The listener hands over a request.
    Assign(Stanza),
    /// A stanza came to the drone's own address.
    Stanza(Stanza),
    /// The running method gave a result and goes on.
    Output(RunId, Json),
    /// The running method asks the caller to wait on.
    Hold(RunId),
    /// The running method ended.
    Finished(RunId, Outcome),
}

/// How a method ended.
#[derive(Debug)]
pub enum Outcome {
    /// With its last result, or with none.
    Done(Option<Json>),
    /// With an error for the caller.
    Failed(Status),
    /// It panicked; the drone is not to be trusted any more.
    Panicked,
}

/// What a drone wants done.
#[derive(Debug)]
pub enum DroneEffect {
    /// Send it off.
    Send(Stanza),
    /// Run a method and report its results under this id.
    Run(Run),
    /// The drone is free for the next request.
    Free,
    /// End the drone: its method panicked. Its caller has been told.
    Exit,
    /// A stanza was dropped, for this reason; nobody could be told.
    Dropped(&'static str),
}

/// A method to run.
#[derive(Debug, Clone)]
pub struct Run {
    /// Its id.
    pub id: RunId,
    /// Which method of the catalog.
    pub method: MethodId,
    /// What it is called with.
    pub params: Vec<Json>,
    /// Who called.
    pub caller: Jid,
    /// The transaction that the call belongs to.
    pub xid: ByteString,
    /// The caller's locale.
    pub locale: ByteString,
}

#[derive(Debug)]
struct Running {
    id: RunId,
    trace: u64,
    locale: ByteString,
    bundle: Bundle,
    /// Collects for a method whose name ends in `.atomic`.
    collected: Option<Vec<Json>>,
}

#[derive(Debug)]
struct Session {
    thread: ByteString,
    remote: Jid,
    xid: ByteString,
    connected: bool,
    queue: VecDeque<osrf::Message>,
    running: Option<Running>,
    /// The last request handled.
    trace: u64,
    /// The session ends when nothing came by then.
    idle_until: Tick,
    /// The caller is gone; results go nowhere.
    gone: bool,
}

/// One drone's conversation.
#[derive(Debug)]
pub struct Drone {
    catalog: Arc<Catalog>,
    keepalive: Duration,
    session: Option<Session>,
    ended: VecDeque<ByteString>,
    runs: RunId,
}

type Out = Vec<DroneEffect>;

impl Drone {
    /// A free drone that ends sessions idle for `keepalive`.
    #[must_use]
    pub fn new(catalog: Arc<Catalog>, keepalive: Duration) -> Self {
        Self {
            catalog,
            keepalive,
            session: None,
            ended: VecDeque::new(),
            runs: 0,
        }
    }

    fn assign(&mut self, now: Tick, stanza: &Stanza, out: &mut Out) {
        let message = stanza.decode();
        let Some(remote) = stanza.sender().filter(|_| !message.thread.is_empty()) else {
            out.push(DroneEffect::Dropped("a request without thread or sender"));
            return out.push(DroneEffect::Free);
        };
        let mut session = Session {
            thread: message.thread,
            remote,
            xid: message.opensrf.osrf_xid,
            connected: false,
            queue: VecDeque::new(),
            running: None,
            trace: 0,
            idle_until: now + self.keepalive,
            gone: false,
        };
        match osrf::decode(&message.body) {
            Ok(messages) => session.queue.extend(messages),
            Err(error) => {
                let status = Status::parse_error(&error.to_string());
                session.say(vec![osrf::Message::status(0, status)], out);
            }
        }
        self.session = Some(session);
        self.go_on(now, out);
    }

    /// Handles what waits until a method runs or nothing is left.
    fn go_on(&mut self, now: Tick, out: &mut Out) {
        while let Some(session) = &mut self.session {
            if session.running.is_some() {
                return;
            }
            let Some(message) = session.queue.pop_front() else {
                if !session.connected || session.gone {
                    self.end(out);
                } else {
                    session.idle_until = now + self.keepalive;
                }
                return;
            };
            session.trace = message.trace;
            match message.body {
                Body::Connect => {
                    session.connected = true;
                    let status = osrf::Message::status(message.trace, Status::connected());
                    session.say(vec![status.in_locale(&message.locale)], out);
                }
                Body::Disconnect => {
                    session.refuse_queue("the session was closed before this request", out);
                    session.connected = false;
                }
                Body::Request(request) => {
                    self.request(message.trace, message.locale, request, out);
                }
                // Only services say these.
                Body::Result(_) | Body::Status(_) => {}
            }
        }
    }

    fn request(&mut self, trace: u64, locale: ByteString, request: Request, out: &mut Out) {
        let Some(session) = &mut self.session else {
            return;
        };
        match self.catalog.dispatch(&request) {
            Ok(method) => {
                self.runs += 1;
                let atomic = self.catalog.get(method).is_some_and(|m| m.atomic);
                session.running = Some(Running {
                    id: self.runs,
                    trace,
                    locale: locale.clone(),
                    bundle: Bundle::default(),
                    collected: atomic.then(Vec::new),
                });
                out.push(DroneEffect::Run(Run {
                    id: self.runs,
                    method,
                    params: request.params,
                    caller: session.remote.clone(),
                    xid: session.xid.clone(),
                    locale,
                }));
            }
            Err(status) => {
                let status = osrf::Message::status(trace, status).in_locale(&locale);
                session.say(vec![status], out);
            }
        }
    }

    fn end(&mut self, out: &mut Out) {
        self.session = None;
        out.push(DroneEffect::Free);
    }

    fn direct(&mut self, now: Tick, stanza: &Stanza, out: &mut Out) {
        let Some(from) = stanza.from.clone().filter(|_| stanza.kind == Kind::Message) else {
            return;
        };
        let thread = stanza.thread();
        let ours = self
            .session
            .as_mut()
            .filter(|session| session.thread == thread);
        if stanza.is_error() {
            // Our caller is gone; nobody waits for the rest.
            if let Some(session) = ours.filter(|session| session.remote == from) {
                session.gone = true;
                session.queue.clear();
                self.go_on(now, out);
            }
            return;
        }
        match ours {
            Some(session)
                if session.remote == from && (session.connected || session.running.is_some()) =>
            {
                session.enqueue(&stanza.decode(), out);
                self.go_on(now, out);
            }
            Some(_) => Self::reject(stanza, "this session belongs to another caller", out),
            None if self.ended.contains(&thread) => {
                out.push(DroneEffect::Dropped(
                    "a message for a session that was just ended",
                ));
            }
            None => Self::reject(stanza, "no such session here; ask the router", out),
        }
    }

    /// Answers each request in a stanza that is none of ours.
    fn reject(stanza: &Stanza, why: &'static str, out: &mut Out) {
        match refuse(stanza, &Status::broken_session(why)) {
            Some(refusal) => out.push(DroneEffect::Send(refusal)),
            None => out.push(DroneEffect::Dropped(
                "a message of no session that asks nothing",
            )),
        }
    }

    fn output(&mut self, run: RunId, item: Json, out: &mut Out) {
        let Some((session, mut running)) = self.running(run) else {
            return;
        };
        match &mut running.collected {
            Some(all) => all.push(item),
            None => {
                let mut ready = Vec::new();
                let result = osrf::Message::result(running.trace, item);
                running
                    .bundle
                    .push(result.in_locale(&running.locale), &mut ready);
                session.say_all(ready, out);
            }
        }
        session.running = Some(running);
    }

    fn hold(&mut self, run: RunId, out: &mut Out) {
        let Some((session, mut running)) = self.running(run) else {
            return;
        };
        let mut ready = Vec::new();
        running.bundle.flush(&mut ready);
        session.say_all(ready, out);
        let hold = osrf::Message::status(running.trace, Status::please_hold());
        session.say(vec![hold.in_locale(&running.locale)], out);
        session.running = Some(running);
    }

    fn finished(&mut self, now: Tick, run: RunId, outcome: Outcome, out: &mut Out) {
        let Some((session, mut running)) = self.running(run) else {
            return;
        };
        let (last, status, panicked) = match outcome {
            Outcome::Done(last) => (last, Status::complete(), false),
            Outcome::Failed(status) => (None, status, false),
            Outcome::Panicked => {
                let text = "the method failed unexpectedly (it panicked)";
                let status = Status::method_exception(code::INTERNAL_SERVER_ERROR, text);
                (None, status, true)
            }
        };
        let whole = status.code == code::COMPLETE;
        let last = match running.collected.take().filter(|_| whole) {
            Some(all) => Some(Json::array(all.iter().chain(&last))),
            None => last,
        };
        let mut ready = Vec::new();
        let messages = last.map(|item| osrf::Message::result(running.trace, item));
        for message in messages
            .into_iter()
            .chain([osrf::Message::status(running.trace, status)])
        {
            running
                .bundle
                .push(message.in_locale(&running.locale), &mut ready);
        }
        running.bundle.flush(&mut ready);
        session.say_all(ready, out);
        if panicked {
            session.refuse_queue("the drone failed at an earlier request", out);
            self.session = None;
            return out.push(DroneEffect::Exit);
        }
        self.go_on(now, out);
    }

    /// The session and what runs in it, if that is `run`; whoever takes it puts it back or ends it.
    fn running(&mut self, run: RunId) -> Option<(&mut Session, Running)> {
        let session = self.session.as_mut()?;
        let running = session.running.take_if(|running| running.id == run)?;
        Some((session, running))
    }
}

impl Session {
    fn enqueue(&mut self, message: &Message, out: &mut Out) {
        match osrf::decode(&message.body) {
            Ok(messages) => {
                for message in messages {
                    if self.queue.len() < SESSION_QUEUE {
                        self.queue.push_back(message);
                    } else if matches!(message.body, Body::Request(_)) {
                        let text = "too many requests wait in this session";
                        let status = Status::method_exception(code::SERVICE_UNAVAILABLE, text);
                        self.say(vec![osrf::Message::status(message.trace, status)], out);
                    }
                }
            }
            Err(error) => {
                let status = Status::parse_error(&error.to_string());
                self.say(vec![osrf::Message::status(0, status)], out);
            }
        }
    }

    /// Answers the requests that will not be run.
    fn refuse_queue(&mut self, why: &'static str, out: &mut Out) {
        let waiting = std::mem::take(&mut self.queue);
        let refusals: Vec<_> = waiting
            .iter()
            .filter(|m| matches!(m.body, Body::Request(_)))
            .map(|m| osrf::Message::status(m.trace, Status::broken_session(why)))
            .collect();
        if !refusals.is_empty() {
            self.say(refusals, out);
        }
    }

    fn say(&self, messages: Vec<osrf::Message>, out: &mut Out) {
        if !self.gone {
            out.push(DroneEffect::Send(reply(
                &self.remote,
                &self.thread,
                &self.xid,
                &messages,
            )));
        }
    }

    fn say_all(&self, stanzas: Vec<Vec<osrf::Message>>, out: &mut Out) {
        for messages in stanzas {
            self.say(messages, out);
        }
    }
}

impl Role for Drone {
    type Input = DroneInput;
    type Effect = DroneEffect;

    fn handle(&mut self, now: Tick, input: DroneInput, out: &mut Out) {
        match input {
            DroneInput::Assign(stanza) => self.assign(now, &stanza, out),
            DroneInput::Stanza(stanza) => self.direct(now, &stanza, out),
            DroneInput::Output(run, item) => self.output(run, item, out),
            DroneInput::Hold(run) => self.hold(run, out),
            DroneInput::Finished(run, outcome) => self.finished(now, run, outcome, out),
        }
    }

    fn deadline(&self) -> Option<Tick> {
        let session = self.session.as_ref()?;
        let idle = session.connected && session.running.is_none() && session.queue.is_empty();
        idle.then_some(session.idle_until)
    }

    fn wake(&mut self, now: Tick, out: &mut Out) {
        if self.deadline().is_none_or(|at| at > now) {
            return;
        }
        if let Some(session) = &self.session {
            // The id of the last request, as Perl has it; C writes 0. Neither is asked again.
            let status = osrf::Message::status(session.trace, Status::idle_too_long());
            session.say(vec![status], out);
            if self.ended.len() == ENDED_SESSIONS {
                self.ended.pop_front();
            }
            self.ended.push_back(session.thread.clone());
        }
        self.end(out);
    }
}
