//! What a client tells of itself.

use actix::{Context, Handler};

use super::ClientActor;
use crate::status::{ClientStatus, Detail, Question, Report};

impl Handler<Question<Report>> for ClientActor {
    type Result = ();

    fn handle(&mut self, question: Question<Report>, _: &mut Context<Self>) {
        let role = self.driver.role();
        let status = ClientStatus {
            open_requests: role.open_requests(),
            sessions: role.open_sessions(),
        };
        question.tell(Some(self.uplink.status()), Detail::Client(status));
    }
}
