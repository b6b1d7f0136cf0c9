//! The router's own address: registrations and questions.
//!
//! ```text
//!          register             ClassUp        ClassEmpty              ClassGone
//! (nothing) ------> Opening ------------> Up ------------> Closing -----------------> (nothing)
//!                      ^                                      | a node registered meanwhile
//!                      +--------------------------------------+
//! ```
//!
//! Invariant: at most one class of a name at a time, so that news of one are never taken for news
//! of the next, and no two bind the same address.

mod event;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
use std::time::Duration;

use super::info::QuestionError;
use super::{ClassStats, Question, Trust};
use crate::Role;
use crate::jid::Jid;
use crate::osrf::{self, Answer, Body, Status, code};
use crate::stanza::{Kind, Message, Stanza};
use crate::time::{Tick, earliest};
pub use event::{RouterEffect, RouterInput};

/// How long classes may take to report before a question is answered without them.
const REPORT_TIME: Duration = Duration::from_secs(2);

#[derive(Debug)]
struct Class {
    name: String,
    phase: Phase,
    /// `AddNode` sent so far.
    added: u64,
    /// The last figures it reported.
    stats: Option<ClassStats>,
}

#[derive(Debug)]
enum Phase {
    Opening,
    Up,
    /// It was told to end; these nodes registered meanwhile.
    Closing(Vec<Jid>),
}

/// A question whose classes have not all reported.
#[derive(Debug)]
struct Pending {
    question: Question,
    trace: u64,
    to: Jid,
    thread: bytestring::ByteString,
    waiting: Vec<String>,
    deadline: Tick,
}

/// The router at its own address.
#[derive(Debug)]
pub struct Router {
    address: Jid,
    trust: Trust,
    /// In order of registration.
    classes: Vec<Class>,
    pending: BTreeMap<u64, Pending>,
    asked: u64,
}

impl Router {
    /// A router without classes at `address`.
    #[must_use]
    pub fn new(address: Jid, trust: Trust) -> Self {
        Self {
            address,
            trust,
            classes: Vec::new(),
            pending: BTreeMap::new(),
            asked: 0,
        }
    }

    fn class(&mut self, name: &str) -> Option<&mut Class> {
        self.classes.iter_mut().find(|class| class.name == name)
    }

    fn stanza(&mut self, now: Tick, stanza: &Stanza, out: &mut Vec<RouterEffect>) {
        let Some(from) = stanza.from.clone().filter(|_| stanza.kind == Kind::Message) else {
            return;
        };
        if !self.trust.server(&from) {
            return out.push(RouterEffect::Dropped("sender's domain is not trusted"));
        }
        if stanza.is_error() {
            return;
        }
        let extension = stanza.extension();
        match &*extension.router_command {
            "register" => self.register(&extension.router_class, from, out),
            "unregister" => self.unregister(&extension.router_class, from, out),
            "" => self.messages(now, &from, &stanza.decode(), out),
            _ => out.push(RouterEffect::Dropped("unknown router command")),
        }
    }

    fn register(&mut self, name: &str, node: Jid, out: &mut Vec<RouterEffect>) {
        // A class of the router's own resource would throw the router out of its own address.
        let local = self.address.local().unwrap_or_default();
        let address = match Jid::new(local, self.address.domain(), name) {
            Ok(address) if address != self.address => address,
            _ => return out.push(RouterEffect::Dropped("class name is no usable resource")),
        };
        match self.class(name) {
            Some(class) => match &mut class.phase {
                Phase::Opening | Phase::Up => class.added += 1,
                Phase::Closing(nodes) if nodes.contains(&node) => return,
                Phase::Closing(nodes) => return nodes.push(node),
            },
            None => self.open_class(name, address, out),
        }
        out.push(RouterEffect::AddNode(name.to_owned(), node));
    }

    /// Starts a class that is about to get its first node.
    fn open_class(&mut self, name: &str, address: Jid, out: &mut Vec<RouterEffect>) {
        let class = name.to_owned();
        self.classes.push(Class {
            name: class.clone(),
            phase: Phase::Opening,
            added: 1,
            stats: None,
        });
        out.push(RouterEffect::OpenClass { class, address });
    }

    fn unregister(&mut self, name: &str, node: Jid, out: &mut Vec<RouterEffect>) {
        match self.class(name).map(|class| &mut class.phase) {
            Some(Phase::Closing(nodes)) => nodes.retain(|n| *n != node),
            Some(_) => out.push(RouterEffect::RemoveNode(name.to_owned(), node)),
            None => {}
        }
    }

    fn class_empty(&mut self, name: String, added: u64, out: &mut Vec<RouterEffect>) {
        // Another node may have registered while the class was telling us.
        if let Some(class) = self.class(&name).filter(|class| class.added == added)
            && !matches!(class.phase, Phase::Closing(_))
        {
            class.phase = Phase::Closing(Vec::new());
            out.push(RouterEffect::CloseClass(name));
        }
    }

    fn messages(&mut self, now: Tick, from: &Jid, message: &Message, out: &mut Vec<RouterEffect>) {
        if message.thread.is_empty() {
            return out.push(RouterEffect::Dropped("a question without thread"));
        }
        let messages = match osrf::decode(&message.body) {
            Ok(messages) => messages,
            Err(error) => {
                let status = Status::parse_error(&error.to_string());
                return self.reply(from, &message.thread, osrf::Message::status(0, status), out);
            }
        };
        for asked in messages {
            match &asked.body {
                Body::Connect => {
                    let status = osrf::Message::status(asked.trace, Status::connected());
                    self.reply(from, &message.thread, status, out);
                }
                Body::Request(request) => {
                    self.question(now, from, message, asked.trace, request, out);
                }
                Body::Disconnect | Body::Result(_) | Body::Status(_) => {}
            }
        }
    }

    fn question(
        &mut self,
        now: Tick,
        from: &Jid,
        message: &Message,
        trace: u64,
        request: &osrf::Request,
        out: &mut Vec<RouterEffect>,
    ) {
        let question = match Question::read(request) {
            Ok(question) => question,
            Err(error) => {
                let status = match error {
                    QuestionError::Unknown => {
                        Status::method_exception(code::NOT_FOUND, "Router method not found")
                    }
                    QuestionError::ClassMissing => Status::method_exception(
                        code::BAD_REQUEST,
                        "Router method needs the name of a class",
                    ),
                };
                let status = osrf::Message::status(trace, status);
                return self.reply(from, &message.thread, status, out);
            }
        };
        // A list of names needs no figures.
        let waiting: Vec<String> = match question {
            Question::Classes => Vec::new(),
            _ => self
                .classes_asked(&question)
                .map(|class| class.name.clone())
                .collect(),
        };
        out.extend(waiting.iter().cloned().map(RouterEffect::AskStats));
        self.asked += 1;
        let pending = Pending {
            question,
            trace,
            to: from.clone(),
            thread: message.thread.clone(),
            waiting,
            deadline: now + REPORT_TIME,
        };
        self.pending.insert(self.asked, pending);
        self.answer_ready(out);
    }

    /// The classes that a question is about, as far as they can be called.
    fn classes_asked(&self, question: &Question) -> impl Iterator<Item = &Class> {
        let is_up = |class: &&Class| matches!(class.phase, Phase::Up);
        let asks = |class: &&Class| question.class().is_none_or(|name| name == class.name);
        self.classes.iter().filter(is_up).filter(asks)
    }

    fn report(&mut self, stats: ClassStats, out: &mut Vec<RouterEffect>) {
        for pending in self.pending.values_mut() {
            pending.waiting.retain(|class| *class != stats.class);
        }
        if let Some(class) = self
            .classes
            .iter_mut()
            .find(|class| class.name == stats.class)
        {
            class.stats = Some(stats);
        }
        self.answer_ready(out);
    }

    fn gone(&mut self, name: &str, out: &mut Vec<RouterEffect>) {
        let Some(at) = self.classes.iter().position(|class| class.name == name) else {
            return;
        };
        let class = self.classes.remove(at);
        for pending in self.pending.values_mut() {
            pending.waiting.retain(|class| class != name);
        }
        self.answer_ready(out);
        if let Phase::Closing(nodes) = class.phase {
            for node in nodes {
                self.register(name, node, out);
            }
        }
    }

    fn answer_ready(&mut self, out: &mut Vec<RouterEffect>) {
        let ready: Vec<u64> = self
            .pending
            .iter()
            .filter(|(_, p)| p.waiting.is_empty())
            .map(|(id, _)| *id)
            .collect();
        for id in ready {
            self.answer(id, out);
        }
    }

    /// Answers as the original does: the result in one stanza, the end in another.
    fn answer(&mut self, id: u64, out: &mut Vec<RouterEffect>) {
        let Some(pending) = self.pending.remove(&id) else {
            return;
        };
        let stats: Vec<ClassStats> = self
            .classes_asked(&pending.question)
            .map(|class| {
                let empty = || ClassStats {
                    class: class.name.clone(),
                    nodes: vec![],
                    forwarded: 0,
                };
                class.stats.clone().unwrap_or_else(empty)
            })
            .collect();
        let content = pending.question.answer(&stats);
        let result = Body::Result(Answer {
            code: code::OK,
            content,
        });
        for body in [result, Body::Status(Status::complete())] {
            let message = osrf::Message::new(pending.trace, body);
            self.reply(&pending.to, &pending.thread, message, out);
        }
    }

    fn reply(
        &self,
        to: &Jid,
        thread: &bytestring::ByteString,
        message: osrf::Message,
        out: &mut Vec<RouterEffect>,
    ) {
        let body = osrf::encode([&message]);
        let reply = Message {
            thread: thread.clone(),
            body,
            ..Message::default()
        };
        out.push(RouterEffect::Send(Stanza::message(to.clone(), reply)));
    }
}

impl Role for Router {
    type Input = RouterInput;
    type Effect = RouterEffect;

    fn handle(&mut self, now: Tick, input: RouterInput, out: &mut Vec<RouterEffect>) {
        match input {
            RouterInput::Stanza(stanza) => self.stanza(now, &stanza, out),
            RouterInput::ClassUp(name) => {
                if let Some(class) = self.class(&name)
                    && matches!(class.phase, Phase::Opening)
                {
                    class.phase = Phase::Up;
                }
            }
            RouterInput::ClassEmpty { class, added } => self.class_empty(class, added, out),
            RouterInput::ClassGone(name) => self.gone(&name, out),
            RouterInput::Report(stats) => self.report(stats, out),
        }
    }

    fn deadline(&self) -> Option<Tick> {
        self.pending
            .values()
            .fold(None, |due, pending| earliest(due, Some(pending.deadline)))
    }

    fn wake(&mut self, now: Tick, out: &mut Vec<RouterEffect>) {
        let late: Vec<u64> = self
            .pending
            .iter()
            .filter(|(_, p)| p.deadline <= now)
            .map(|(id, _)| *id)
            .collect();
        for id in late {
            self.answer(id, out);
        }
    }
}
