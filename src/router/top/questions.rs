//! What the router is asked, and what it answers.

use std::time::Duration;

use bytestring::ByteString;

use super::{Class, Phase, Router, RouterEffect};
use crate::jid::Jid;
use crate::osrf::{self, Answer, Body, Status, code};
use crate::router::info::{Known, QuestionError};
use crate::router::{ClassStats, Question};
use crate::stanza::{Extension, Message, Stanza};
use crate::time::Tick;

/// How long classes may take to report before a question is answered without them.
pub(super) const REPORT_TIME: Duration = Duration::from_secs(2);

/// Whom an answer goes to.
#[derive(Debug, Clone)]
pub(super) struct Asker {
    jid: Jid,
    /// Of its message, as far as answers repeat it.
    opensrf: Extension,
    thread: ByteString,
}

/// A question whose classes have not all reported.
#[derive(Debug)]
pub(super) struct Pending {
    question: Question,
    trace: u64,
    to: Asker,
    pub(super) waiting: Vec<String>,
    pub(super) deadline: Tick,
}

impl Router {
    pub(super) fn messages(
        &mut self,
        now: Tick,
        from: &Jid,
        message: &Message,
        out: &mut Vec<RouterEffect>,
    ) {
        if message.thread.is_empty() {
            return out.push(RouterEffect::Dropped(
                "a question without thread",
                message.opensrf.osrf_xid.clone(),
            ));
        }
        let to = Asker {
            jid: from.clone(),
            opensrf: message.opensrf.for_answer(),
            thread: message.thread.clone(),
        };
        let messages = match message.body.read() {
            Ok(messages) => messages,
            Err(error) => {
                let status = Status::parse_error(&error.to_string());
                return to.tell(osrf::Message::status(0, status), out);
            }
        };
        for asked in messages.iter() {
            match &asked.body {
                Body::Connect => {
                    to.tell(osrf::Message::status(asked.trace, Status::connected()), out);
                }
                Body::Request(request) => match Question::read(request) {
                    Ok(question) => self.question(now, &to, asked.trace, question, out),
                    Err(error) => to.tell(osrf::Message::status(asked.trace, error.into()), out),
                },
                Body::Disconnect | Body::Result(_) | Body::Status(_) => {}
            }
        }
    }

    fn question(
        &mut self,
        now: Tick,
        to: &Asker,
        trace: u64,
        question: Question,
        out: &mut Vec<RouterEffect>,
    ) {
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
            to: to.clone(),
            waiting,
            deadline: now + REPORT_TIME,
        };
        self.pending.insert(self.asked, pending);
        self.answer_ready(now, out);
    }

    /// The classes that a question is about, as far as they can be called.
    fn classes_asked(&self, question: &Question) -> impl Iterator<Item = &Class> {
        let is_up = |class: &&Class| matches!(class.phase, Phase::Up);
        let asks = |class: &&Class| question.class().is_none_or(|name| name == class.name);
        self.classes.iter().filter(is_up).filter(asks)
    }

    pub(super) fn report(&mut self, now: Tick, stats: ClassStats, out: &mut Vec<RouterEffect>) {
        for pending in self.pending.values_mut() {
            pending.waiting.retain(|class| *class != stats.class);
        }
        if let Some(class) = self.class(&stats.class.clone()) {
            class.stats = Some(stats);
        }
        self.answer_ready(now, out);
    }

    pub(super) fn answer_ready(&mut self, now: Tick, out: &mut Vec<RouterEffect>) {
        let ready = self.pending.extract_if(.., |_, p| p.waiting.is_empty());
        for pending in ready.map(|(_, pending)| pending).collect::<Vec<_>>() {
            self.answer(now, &pending, out);
        }
    }

    /// Answers what has waited long enough.
    pub(super) fn answer_late(&mut self, now: Tick, out: &mut Vec<RouterEffect>) {
        let late = self.pending.extract_if(.., |_, p| p.deadline <= now);
        for pending in late.map(|(_, pending)| pending).collect::<Vec<_>>() {
            self.answer(now, &pending, out);
        }
    }

    /// Answers as the original does: the result in one stanza, the end in another.
    fn answer(&self, now: Tick, pending: &Pending, out: &mut Vec<RouterEffect>) {
        let classes = self.classes_asked(&pending.question).map(|class| {
            let empty = || ClassStats {
                class: class.name.clone(),
                ..ClassStats::default()
            };
            (class.opened, class.stats.clone().unwrap_or_else(empty))
        });
        let known = Known {
            router: &self.address,
            started: self.started,
            now,
            classes: classes.collect(),
        };
        // (The original gives the result a status null and the code "0", which no caller reads.)
        let result = Body::Result(Answer {
            code: code::OK,
            content: pending.question.answer(&known),
        });
        for body in [result, Body::Status(Status::complete())] {
            pending
                .to
                .tell(osrf::Message::new(pending.trace, body), out);
        }
    }
}

impl Asker {
    fn tell(&self, message: osrf::Message, out: &mut Vec<RouterEffect>) {
        let reply = Message {
            opensrf: self.opensrf.clone(),
            thread: self.thread.clone(),
            body: osrf::Content::of(vec![message]),
            ..Message::default()
        };
        out.push(RouterEffect::Send(Stanza::message(self.jid.clone(), reply)));
    }
}

impl From<QuestionError> for Status {
    fn from(error: QuestionError) -> Self {
        match error {
            QuestionError::Unknown => {
                Self::method_exception(code::NOT_FOUND, "Router method not found")
            }
            QuestionError::ClassMissing => {
                Self::method_exception(code::BAD_REQUEST, "Router method needs the name of a class")
            }
        }
    }
}
