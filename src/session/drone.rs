//! The end that does the work: one conversation at a time.
//!
//! ```text
//!            Assign                        all answered, not connected
//!   Free ---------------> in a conversation ---------------------------> Free
//!                           |         ^   \_ DISCONNECT, bounce, keepalive over (408) _/
//!                           v         |
//!                         Run a method until it is Finished, or given up
//! ```
//!
//! A conversation that sent CONNECT keeps the drone until it ends. Messages are handled in order,
//! one method at a time; what comes meanwhile waits. What belongs to no conversation of ours is
//! answered with 417, so that no request ends in silence, except when its caller has just been told
//! that the session is over (307, 408): that caller asks again elsewhere, and what it asked meanwhile
//! is answered with 307, which ends no request.
//!
//! When the service drains, a session does not wait for its keepalive: it ends as if that were over
//! when nothing was asked for a second, and after some seconds between two requests.
//!
//! A method learns that nobody waits for it any more ([`DroneEffect::CallerGone`]) when something
//! it said came back, or when its caller takes leave while it runs. That is news for the method
//! only: what it gives is sent all the same, should the caller have meant something else.
//!
//! A method that takes longer than it may is given up ([`DroneEffect::Hung`]): its caller gets
//! status 504 at once, and the drone ends, as after a panic. It is the service's limit and not the
//! caller's, so a plea for time does not extend it, and it holds after the caller has had its end,
//! too.

mod event;
mod running;
mod session;
#[cfg(test)]
mod tests;

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

use bytestring::ByteString;

use super::answer::{refuse, waits};
use crate::Role;
use crate::limits::{DRAIN_IDLE, DRAIN_SESSION};
use crate::osrf::{self, Body, Status, code};
use crate::service::Catalog;
use crate::stanza::{Kind, Stanza};
use crate::time::{Tick, earliest};
pub use event::{DroneEffect, DroneInput, Outcome, Run, RunId};
use session::{Farewell, Session, Waiting, answer};

/// Sessions ended by us whose late messages are sent elsewhere.
const ENDED_SESSIONS: usize = 16;

/// What holds for every session of a drone.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SessionRules {
    /// How long a connected session may be idle.
    pub keepalive: Duration,
    /// Requests of a connected session; the next one is sent elsewhere with 307. `None` for any
    /// number.
    pub most_requests: Option<u64>,
    /// How long a method may run that has no limit of its own; `None` for as long as it likes.
    pub max_run: Option<Duration>,
}

/// One drone's conversation.
#[derive(Debug)]
pub struct Drone {
    catalog: Arc<Catalog>,
    rules: SessionRules,
    session: Option<Session>,
    ended: VecDeque<ByteString>,
    runs: RunId,
    /// When sessions end though they are in use, once the service drains.
    drains_at: Option<Tick>,
}

type Out = Vec<DroneEffect>;

impl Drone {
    /// A free drone that runs the methods of `catalog`.
    #[must_use]
    pub fn new(catalog: Arc<Catalog>, rules: SessionRules) -> Self {
        Self {
            catalog,
            rules,
            session: None,
            ended: VecDeque::new(),
            runs: 0,
            drains_at: None,
        }
    }

    /// Whether it is in no conversation.
    #[must_use]
    pub fn is_free(&self) -> bool {
        self.session.is_none()
    }

    /// Whether somebody waits for an answer from it, or counts on its session.
    #[must_use]
    pub fn is_awaited(&self) -> bool {
        let session = self.session.as_ref().filter(|session| !session.gone);
        session.is_some_and(|session| {
            let runs = session.running.as_ref().is_some_and(|r| !r.is_complete);
            let waiting = session.queue.iter().any(|next| waits(&next.message));
            session.connected || runs || waiting
        })
    }

    fn assign(&mut self, now: Tick, stanza: &Stanza, out: &mut Out) {
        let message = stanza.decode();
        // A bounce holds requests too, and they are nobody's.
        let usable = !message.thread.is_empty() && !stanza.is_error();
        let sender = message.opensrf.sender(stanza.from.as_ref());
        let Some(remote) = sender.filter(|_| usable).cloned() else {
            out.push(DroneEffect::Dropped(
                "a bounce, or a request without thread or sender",
                stanza.xid(),
            ));
            return out.push(DroneEffect::Free);
        };
        // Whoever comes back with the thread of a session that ended begins it anew.
        self.ended.retain(|thread| *thread != message.thread);
        let mut session = Session::new(remote, &message);
        session.enqueue(&message, out);
        self.session = Some(session);
        self.go_on(now, out);
    }

    /// Handles what waits until a method runs or nothing is left.
    fn go_on(&mut self, now: Tick, out: &mut Out) {
        while let Some(session) = &mut self.session {
            if session.running.is_some() {
                return;
            }
            let Some(Waiting { xid, message }) = session.queue.pop_front() else {
                if !session.connected || session.gone {
                    self.end(out);
                } else {
                    session.idle_until = now.saturating_add(self.rules.keepalive);
                    self.hurry(now);
                }
                return;
            };
            session.xid = xid;
            session.trace = message.trace;
            match message.body {
                Body::Connect => {
                    session.connected = true;
                    session.say(vec![answer(&message, Status::connected())], out);
                }
                Body::Disconnect => {
                    let why = "the session was closed before this request";
                    session.refuse_queue(&Status::broken_session(why), out);
                    session.connected = false;
                }
                Body::Request(_) if session.is_spent(self.rules.most_requests) => {
                    return self.send_elsewhere(message, &Status::too_many_requests(), out);
                }
                Body::Request(_)
                    if session.connected && self.drains_at.is_some_and(|at| at <= now) =>
                {
                    return self.send_elsewhere(message, &Status::elsewhere(), out);
                }
                Body::Request(_) => self.request(now, message, out),
                // Only services say these.
                Body::Result(_) | Body::Status(_) => {}
            }
        }
    }

    /// The session may have no more requests: this one and those behind it are for another drone.
    fn send_elsewhere(&mut self, message: osrf::Message, why: &Status, out: &mut Out) {
        let Some(session) = &mut self.session else {
            return;
        };
        session.say(vec![answer(&message, why.clone())], out);
        session.refuse_queue(why, out);
        self.end_by_us(out);
    }

    /// An idle session of a service that drains ends soon.
    fn hurry(&mut self, now: Tick) {
        if let (Some(session), Some(at)) = (&mut self.session, self.drains_at) {
            let soon = now.saturating_add(DRAIN_IDLE).min(at.max(now));
            session.idle_until = session.idle_until.min(soon);
        }
    }

    fn end(&mut self, out: &mut Out) {
        self.session = None;
        out.push(DroneEffect::Free);
    }

    /// Ends a session whose caller has just been told so, and may not know it yet.
    fn end_by_us(&mut self, out: &mut Out) {
        if let Some(session) = &self.session {
            if self.ended.len() == ENDED_SESSIONS {
                self.ended.pop_front();
            }
            self.ended.push_back(session.thread.clone());
        }
        self.end(out);
    }

    fn direct(&mut self, now: Tick, stanza: &Stanza, out: &mut Out) {
        let Some(from) = stanza.from.clone().filter(|_| stanza.kind == Kind::Message) else {
            return;
        };
        let mut thread = stanza.thread();
        if thread.is_empty() && stanza.is_error() {
            // Prosody's bounces bring back nothing but the id, in which we keep the thread.
            thread = stanza.id.clone();
        }
        let ours = self
            .session
            .as_mut()
            .filter(|session| session.thread == thread);
        if stanza.is_error() {
            // Our caller is gone; nobody waits for the rest.
            if let Some(session) = ours.filter(|session| session.remote == from) {
                session.gone = true;
                session.queue.clear();
                session.report_gone(out);
                self.go_on(now, out);
            }
            return;
        }
        match ours {
            Some(session) if session.gone => {
                Self::reject(stanza, "the session is over: an answer came back", out);
            }
            Some(session) if session.remote == from => {
                if session.enqueue(&stanza.decode(), out) == Farewell::Said {
                    session.report_gone(out);
                }
                self.go_on(now, out);
            }
            Some(_) => Self::reject(stanza, "this session belongs to another caller", out),
            None if self.ended.contains(&thread) => {
                Self::answer_late(stanza, &Status::elsewhere(), out)
            }
            None => Self::reject(stanza, "no such session here; ask the router", out),
        }
    }

    /// Answers each request in a stanza that is none of ours.
    fn reject(stanza: &Stanza, why: &'static str, out: &mut Out) {
        Self::answer_late(stanza, &Status::broken_session(why), out);
    }

    fn answer_late(stanza: &Stanza, status: &Status, out: &mut Out) {
        match refuse(stanza, status) {
            Some(refusal) => out.push(DroneEffect::Send(refusal)),
            None => out.push(DroneEffect::Dropped(
                "a message of no session that asks nothing",
                stanza.xid(),
            )),
        }
    }

    /// Tells everyone who waits for this drone that nothing more will come.
    fn stop(&mut self, out: &mut Out) {
        self.flush(out);
        let Some(mut session) = self.session.take() else {
            return;
        };
        let text = "the service is stopping";
        let status = Status::method_exception(code::SERVICE_UNAVAILABLE, text);
        if let Some(running) = session.running.as_ref().filter(|r| !r.is_complete) {
            session.say(vec![running.status(status.clone())], out);
        }
        session.refuse_queue(&status, out);
    }
}

impl Role for Drone {
    type Input = DroneInput;
    type Effect = DroneEffect;

    fn handle(&mut self, now: Tick, input: DroneInput, out: &mut Out) {
        match input {
            DroneInput::Assign(stanza) => self.assign(now, &stanza, out),
            DroneInput::Stanza(stanza) => self.direct(now, &stanza, out),
            DroneInput::Output(run, item) => self.output(now, run, item, out),
            DroneInput::Hold(run) => self.hold(run, out),
            DroneInput::Completed(run, last) => self.completed(run, last, out),
            DroneInput::Finished(run, outcome) => self.finished(now, run, outcome, out),
            DroneInput::Drain => {
                let at = now.saturating_add(DRAIN_SESSION);
                self.drains_at.get_or_insert(at);
                self.hurry(now);
            }
            DroneInput::Stop => self.stop(out),
        }
    }

    fn deadline(&self) -> Option<Tick> {
        let session = self.session.as_ref()?;
        match &session.running {
            Some(running) => earliest(running.flush_at, running.due),
            None => session.connected.then_some(session.idle_until),
        }
    }

    fn wake(&mut self, now: Tick, out: &mut Out) {
        if self.deadline().is_none_or(|at| at > now) {
            return;
        }
        let Some(session) = &self.session else {
            return;
        };
        match &session.running {
            Some(running) if running.due.is_some_and(|due| due <= now) => self.give_up(out),
            Some(_) => self.flush(out),
            None => {
                // The id of the last request, as Perl has it; C writes 0. Neither is asked again.
                let status = osrf::Message::status(session.trace, Status::idle_too_long());
                session.say(vec![status], out);
                self.end_by_us(out);
            }
        }
    }
}
