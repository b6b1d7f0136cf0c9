//! What becomes of the stanzas that come to a client.

use bytestring::ByteString;

use super::conversation::{State, request, stanza};
use super::{Client, ClientEffect, Context, Event, Out};
use crate::jid::Jid;
use crate::osrf::{Answer, Body, Reassembly, Status, code};
use crate::session::CallError;
use crate::stanza::{Condition, Kind, Message, Stanza};
use crate::time::Tick;

/// How often a request is asked again after its drone was lost.
const MOST_LOSSES: u32 = 3;

impl Client {
    pub(super) fn stanza(&mut self, now: Tick, stanza: &Stanza, out: &mut Out) {
        let Some(from) = stanza
            .from
            .as_ref()
            .filter(|_| stanza.kind == Kind::Message)
        else {
            return;
        };
        let mut message = stanza.decode();
        if message.thread.is_empty() {
            // Prosody's bounces bring back nothing but the id, in which we keep the thread.
            message.to_mut().thread = stanza.id.clone();
        }
        if stanza.is_error() {
            // Not `sender`: what a bounce brings back of the OpenSRF attributes is our own.
            return self.bounced(now, from, &message, out);
        }
        let from = message.opensrf.sender(Some(from)).unwrap_or(from);
        let Ok(messages) = message.body.read() else {
            return self.unreadable(from, &message.thread, out);
        };
        for part in messages.iter() {
            match &part.body {
                Body::Result(answer) => {
                    self.result(from, &message.thread, part.trace, answer.clone(), out);
                }
                Body::Status(status) => {
                    self.status(now, from, &message.thread, part.trace, status, out);
                }
                Body::Connect | Body::Disconnect | Body::Request(_) => {}
            }
        }
    }

    fn unreadable(&mut self, from: &Jid, thread: &ByteString, out: &mut Out) {
        let conversation = self.conversations.get(thread);
        if conversation.is_some_and(|conversation| conversation.hears(from)) {
            let error = CallError::Garbled("the answer holds no OpenSRF message".into());
            self.fail_all(thread, &error, out);
        }
    }

    fn bounced(&mut self, now: Tick, from: &Jid, message: &Message, out: &mut Out) {
        let Some(conversation) = self.conversations.get(&message.thread) else {
            return;
        };
        let unreachable = || CallError::Unreachable {
            address: from.clone(),
            error: message
                .error
                .clone()
                .unwrap_or_else(|| Condition::Undefined.into()),
        };
        match &conversation.state {
            State::Connected { drone, .. } if drone == from => {
                self.lost(now, &message.thread, out);
            }
            State::Stateless if *from == conversation.service => {
                self.fail_all(&message.thread, &unreachable(), out);
            }
            State::Connecting { .. } if *from == conversation.service => {
                self.disconnected(&message.thread, &unreachable(), out);
            }
            // News of a drone that the session has left, or of a CONNECT that timed out before.
            _ => {}
        }
    }

    fn result(
        &mut self,
        from: &Jid,
        thread: &ByteString,
        trace: u64,
        answer: Answer,
        out: &mut Out,
    ) {
        let Some(conversation) = self.conversations.get_mut(thread) else {
            return;
        };
        if !conversation.hears(from) {
            return;
        }
        let Some(&id) = conversation.open.get(&trace) else {
            return;
        };
        if conversation.is_worker(from) {
            self.requests.is_with(id, from);
        }
        match conversation.reassembly.push(trace, answer) {
            Ok(Some(content)) => {
                self.requests.has_result(id);
                out.push(ClientEffect::Deliver(id, Event::Result(content)));
            }
            Ok(None) => {}
            Err(error) => {
                self.give_up(id, out);
                self.finish(id, Event::Failed(error.into()), out);
            }
        }
    }

    fn status(
        &mut self,
        now: Tick,
        from: &Jid,
        thread: &ByteString,
        trace: u64,
        status: &Status,
        out: &mut Out,
    ) {
        let Some(conversation) = self.conversations.get(thread) else {
            return leave(from, thread, &Context::default(), trace, status, out);
        };
        match &conversation.state {
            State::Stateless => match status.code {
                // Of an earlier drone's session, if it is about no open request.
                code::REDIRECTED | code::TIMEOUT => {
                    if conversation.open.get(&trace).is_some() {
                        self.lost(now, thread, out);
                    }
                }
                _ => self.request_status(now, from, thread, trace, status, out),
            },
            State::Connecting { trace: connect, .. } => match status.code {
                code::OK => self.connected(now, thread, from.clone(), out),
                code::TIMEOUT => {} // of a drone that the session had before
                400.. if trace == *connect || is_refusal(trace, status) => {
                    self.disconnected(thread, &CallError::Status(status.clone()), out);
                }
                _ => {}
            },
            State::Connected { drone, .. } if drone == from => match status.code {
                code::REDIRECTED | code::TIMEOUT => self.lost(now, thread, out),
                code::EXPECTATION_FAILED => {
                    self.disconnected(thread, &CallError::Status(status.clone()), out);
                }
                _ => self.request_status(now, from, thread, trace, status, out),
            },
            // The listener of the session's drone says that it died.
            State::Connected { trace: connect, .. } if status.code >= 400 && trace == *connect => {
                self.disconnected(thread, &CallError::Status(status.clone()), out);
            }
            State::Connected { .. } | State::Lost => {
                leave(from, thread, &conversation.context(), trace, status, out);
            }
        }
    }

    /// A status that is about one request.
    fn request_status(
        &mut self,
        now: Tick,
        from: &Jid,
        thread: &ByteString,
        trace: u64,
        status: &Status,
        out: &mut Out,
    ) {
        let Some(conversation) = self.conversations.get(thread) else {
            return;
        };
        let id = conversation.open.get(&trace).copied();
        match (status.code, id) {
            (code::COMPLETE, Some(id)) => self.finish(id, Event::Complete, out),
            (code::CONTINUE, Some(id)) => {
                if conversation.is_worker(from) {
                    self.requests.is_with(id, from);
                }
                self.requests.restart(id, now);
            }
            // A session that was opened before, or nothing to do.
            (code::OK, _) | (..400, None) => {}
            (_, Some(id)) => self.finish(id, Event::Failed(CallError::Status(status.clone())), out),
            // One that timed out, or was cancelled.
            (_, None) if conversation.has_used(trace) => {}
            // An error about no request of ours: waiting for the time-out would help nobody.
            (_, None) => self.fail_all(thread, &CallError::Status(status.clone()), out),
        }
    }

    fn connected(&mut self, now: Tick, thread: &ByteString, drone: Jid, out: &mut Out) {
        let Some(conversation) = self.conversations.get_mut(thread) else {
            return;
        };
        let (Some(session), State::Connecting { trace, deadline }) =
            (&mut conversation.session, &conversation.state)
        else {
            return;
        };
        self.requests.connect_over(session.id, *deadline);
        if !session.opened {
            session.opened = true;
            out.push(ClientEffect::Opened(session.id));
        }
        let trace = *trace;
        conversation.state = State::Connected { drone, trace };
        self.send_open(now, thread, out);
    }

    /// The drone is gone, or will not go on: open requests go to another one.
    fn lost(&mut self, now: Tick, thread: &ByteString, out: &mut Out) {
        let Some(conversation) = self.conversations.get_mut(thread) else {
            return;
        };
        conversation.reassembly = Reassembly::default();
        if conversation.session.is_some() {
            conversation.state = State::Lost;
        }
        let ids = conversation.asked();
        for id in ids {
            let losses = self.requests.lost(id);
            if losses > MOST_LOSSES || self.requests.get(id).is_some_and(|r| r.has_results) {
                self.finish(id, Event::Failed(CallError::Lost(losses)), out);
            }
        }
        let conversation = self.conversations.get(thread);
        if conversation.is_some_and(|c| c.session.is_some() && !c.open.is_empty()) {
            self.connect(now, thread, out);
        } else {
            self.send_open(now, thread, out);
        }
    }

    /// Sends the open requests of a conversation, in order, to whoever takes them now.
    fn send_open(&self, now: Tick, thread: &ByteString, out: &mut Out) {
        let Some(conversation) = self.conversations.get(thread) else {
            return;
        };
        let Some(to) = conversation.target() else {
            return;
        };
        let asked = conversation.asked().into_iter();
        let open = asked.filter_map(|id| self.requests.get(id));
        out.extend(open.map(|open| ClientEffect::Send(request(now, to, open))));
    }
}

/// Whether upstream's listener refused a CONNECT: it names request 1 whatever was asked.
fn is_refusal(trace: u64, status: &Status) -> bool {
    trace == 1 && status.code == code::SERVICE_UNAVAILABLE
}

/// Lets a drone go that answered a CONNECT after the session had done without it: else it would
/// wait for us until its keepalive is over.
fn leave(
    from: &Jid,
    thread: &ByteString,
    context: &Context,
    trace: u64,
    status: &Status,
    out: &mut Out,
) {
    if status.code == code::OK {
        let bye = stanza(from, thread, context, trace, Body::Disconnect);
        out.push(ClientEffect::Send(bye));
    }
}
