//! How a part is asked what it does: a message with a place for the answer.

use std::time::Duration;

use actix::Message;
use actix_rt::time::Instant;
use tokio::sync::oneshot;

use super::model::{Answer, BusStatus, ClassAnswer, Detail};

/// Asks a part what it does; a child answers a [`Report`], a service class a [`ClassAnswer`].
#[derive(Debug)]
pub struct Question<T> {
    asked: Instant,
    reply: oneshot::Sender<T>,
}

impl<T: Send + 'static> Message for Question<T> {
    type Result = ();
}

impl<T> Question<T> {
    /// A question, and where its answer comes. That ends without one if the part is gone.
    pub(crate) fn new() -> (Self, oneshot::Receiver<T>) {
        let (reply, answer) = oneshot::channel();
        let asked = Instant::now();
        (Self { asked, reply }, answer)
    }

    /// How long it has waited in the mailbox.
    pub(crate) fn waited(&self) -> Duration {
        self.asked.elapsed()
    }

    /// Answers it. Whoever asked may have lost patience.
    pub(crate) fn answer(self, answer: T) {
        let _ = self.reply.send(answer);
    }
}

impl Question<Report> {
    /// Answers for a child that is at `bus`.
    pub(crate) fn tell(self, bus: Option<BusStatus>, detail: Detail) {
        self.tell_with(bus, detail, Vec::new());
    }

    /// Answers for a router, whose classes answer for themselves.
    pub(crate) fn tell_with(
        self,
        bus: Option<BusStatus>,
        detail: Detail,
        classes: Vec<(String, oneshot::Receiver<ClassAnswer>)>,
    ) {
        let answer = Answer {
            mailbox_delay: self.waited(),
            bus,
            detail,
        };
        self.answer(Report { answer, classes });
    }
}

/// What a child answers at once, and the answers of a router's classes that are still to come.
#[derive(Debug)]
pub struct Report {
    pub(super) answer: Answer,
    pub(super) classes: Vec<(String, oneshot::Receiver<ClassAnswer>)>,
}
