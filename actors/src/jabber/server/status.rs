//! What the embedded server tells of itself.

use actix::{Context, Handler};

use super::Server;
use crate::status::{Detail, OutboxStatus, Question, Report, ServerStatus};

impl Handler<Question<Report>> for Server {
    type Result = ();

    fn handle(&mut self, question: Question<Report>, _: &mut Context<Self>) {
        let load = self.shared.switch.load();
        let status = ServerStatus {
            connections: self.connections.count(),
            sessions: load.sessions,
            bytes_waiting: load.bytes,
            outbox_bytes: self.shared.plan.outbox_bytes,
            fullest: load.fullest.map(|(jid, bytes)| OutboxStatus {
                address: jid.to_string(),
                bytes,
            }),
        };
        question.tell(None, Detail::Server(status));
    }
}
