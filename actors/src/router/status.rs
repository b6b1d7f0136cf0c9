//! What a router tells of itself.

use actix::{Context, Handler};

use super::RouterActor;
use crate::messages::ClassCommand;
use crate::status::{Detail, Question, Report};

impl Handler<Question<Report>> for RouterActor {
    type Result = ();

    fn handle(&mut self, question: Question<Report>, _: &mut Context<Self>) {
        let ask = |(name, (_, class)): (&String, &(u64, crate::peer::Peer<ClassCommand>))| {
            let (question, answer) = Question::new();
            // One that takes no commands does not answer either.
            let _ = class.tell(ClassCommand::Tell(question));
            (name.clone(), answer)
        };
        let classes = self.classes.iter().map(ask).collect();
        let bus = self.uplink.status();
        question.tell_with(Some(bus), Detail::Router(Vec::new()), classes);
    }
}
