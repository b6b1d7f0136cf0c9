//! The conversation that a drone is in.

use std::collections::VecDeque;

use bytestring::ByteString;

use super::{DroneEffect, Out, RunId};
use crate::jid::Jid;
use crate::limits::SESSION_QUEUE;
use crate::osrf::{self, Body, Bundle, Json, Status, code};
use crate::session::answer::{say_with, waits};
use crate::stanza::{Extension, Message, Placement};
use crate::time::Tick;

/// The method that runs.
#[derive(Debug)]
pub(super) struct Running {
    pub(super) id: RunId,
    pub(super) trace: u64,
    pub(super) locale: ByteString,
    pub(super) bundle: Bundle,
    /// When what waits in the bundle goes out, full or not.
    pub(super) flush_at: Option<Tick>,
    /// When it has taken longer than it may.
    pub(super) due: Option<Tick>,
    /// Collects for a method whose name ends in `.atomic`.
    pub(super) collected: Option<Vec<Json>>,
    /// Its caller has had the end; what it still gives goes nowhere.
    pub(super) is_complete: bool,
}

impl Running {
    /// One that it gives, for its caller.
    pub(super) fn result(&self, item: Json) -> osrf::Message {
        osrf::Message {
            locale: self.locale.clone(),
            ..osrf::Message::result(self.trace, item)
        }
    }

    /// How it stands, for its caller.
    pub(super) fn status(&self, status: Status) -> osrf::Message {
        osrf::Message {
            locale: self.locale.clone(),
            ..osrf::Message::status(self.trace, status)
        }
    }
}

/// Whether a stanza took leave of the session.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Farewell {
    Said,
    Unsaid,
}

#[derive(Debug)]
pub(super) struct Waiting {
    /// The transaction that the stanza named.
    pub(super) xid: ByteString,
    pub(super) message: osrf::Message,
}

#[derive(Debug)]
pub(super) struct Session {
    pub(super) thread: ByteString,
    pub(super) remote: Jid,
    /// Where the caller looks for the OpenSRF attributes.
    placement: Placement,
    /// The transaction of the last request handled.
    pub(super) xid: ByteString,
    pub(super) connected: bool,
    pub(super) queue: VecDeque<Waiting>,
    pub(super) running: Option<Running>,
    /// The last request handled.
    pub(super) trace: u64,
    /// Requests that were run.
    pub(super) requests: u64,
    /// The session ends when nothing came by then.
    pub(super) idle_until: Tick,
    /// The caller is gone; results go nowhere.
    pub(super) gone: bool,
}

impl Session {
    /// A session with whoever sent this, before its messages are looked at.
    pub(super) fn new(remote: Jid, message: &Message) -> Self {
        Self {
            thread: message.thread.clone(),
            remote,
            placement: message.opensrf.placement.for_answer(),
            xid: message.opensrf.osrf_xid.clone(),
            connected: false,
            queue: VecDeque::new(),
            running: None,
            trace: 0,
            requests: 0,
            idle_until: Tick::ZERO,
            gone: false,
        }
    }

    /// Whether a connected session has had all the requests that it may have.
    pub(super) fn is_spent(&self, most: Option<u64>) -> bool {
        self.connected && most.is_some_and(|most| self.requests >= most)
    }

    /// Lets what a stanza says wait its turn; refuses what is too much.
    pub(super) fn enqueue(&mut self, stanza: &Message, out: &mut Out) -> Farewell {
        let xid = &stanza.opensrf.osrf_xid;
        let messages = match stanza.body.read() {
            Ok(messages) => messages,
            Err(error) => {
                let status = Status::parse_error(&error.to_string());
                self.say_for(xid, vec![osrf::Message::status(0, status)], out);
                return Farewell::Unsaid;
            }
        };
        let mut farewell = Farewell::Unsaid;
        let mut refusals = Vec::new();
        for message in messages.into_owned() {
            if matches!(message.body, Body::Disconnect) {
                farewell = Farewell::Said;
            }
            if self.queue.len() < SESSION_QUEUE {
                let xid = xid.clone();
                self.queue.push_back(Waiting { xid, message });
            } else if waits(&message) {
                let text = "too many requests wait in this session";
                let status = Status::method_exception(code::SERVICE_UNAVAILABLE, text);
                refusals.push(answer(&message, status));
            }
        }
        self.say_for(xid, refusals, out);
        farewell
    }

    /// Tells the method that runs, if one does, that nobody waits for it.
    pub(super) fn report_gone(&self, out: &mut Out) {
        if let Some(running) = &self.running {
            out.push(DroneEffect::CallerGone(running.id));
        }
    }

    /// Sends what a method gave at last, and how it ended; once.
    pub(super) fn conclude(
        &self,
        running: &mut Running,
        last: Option<Json>,
        status: Status,
        out: &mut Out,
    ) {
        if std::mem::replace(&mut running.is_complete, true) {
            return;
        }
        let whole = status.code == code::COMPLETE;
        let last = match running.collected.take().filter(|_| whole) {
            Some(all) => Some(Json::array(all.iter().chain(&last))),
            None => last,
        };
        let mut ready = Vec::with_capacity(1);
        if let Some(item) = last {
            running.bundle.push(running.result(item), &mut ready);
        }
        running.bundle.push(running.status(status), &mut ready);
        running.bundle.flush(&mut ready);
        running.flush_at = None;
        self.say_all(ready, out);
    }

    /// Answers the requests that will not be run.
    pub(super) fn refuse_queue(&mut self, status: &Status, out: &mut Out) {
        for Waiting { xid, message } in std::mem::take(&mut self.queue) {
            if waits(&message) {
                self.say_for(&xid, vec![answer(&message, status.clone())], out);
            }
        }
    }

    /// Sends an answer to what is being handled.
    pub(super) fn say(&self, messages: Vec<osrf::Message>, out: &mut Out) {
        self.say_for(&self.xid, messages, out);
    }

    fn say_for(&self, xid: &ByteString, messages: Vec<osrf::Message>, out: &mut Out) {
        if !self.gone && !messages.is_empty() {
            let opensrf = Extension {
                osrf_xid: xid.clone(),
                placement: self.placement,
                ..Extension::default()
            };
            let stanza = say_with(
                &self.remote,
                &self.thread,
                opensrf,
                osrf::Content::of(messages),
            );
            out.push(DroneEffect::Send(stanza));
        }
    }

    pub(super) fn say_all(&self, stanzas: Vec<Vec<osrf::Message>>, out: &mut Out) {
        for messages in stanzas {
            self.say(messages, out);
        }
    }
}

/// A status for a message, in its locale.
pub(super) fn answer(asked: &osrf::Message, status: Status) -> osrf::Message {
    osrf::Message::status(asked.trace, status).in_locale(&asked.locale)
}
