//! The log-in over one connection.

use std::collections::VecDeque;
use std::time::Duration;

use opensrf::Role;
use opensrf::jid::Jid;
use opensrf::stream::initiator::{Effect, Initiator, Input};
use opensrf::stream::{Login, LoginError, SaslReply};
use opensrf::xml::Frame;
use tokio::io::AsyncWriteExt;
use tokio::time::timeout;

use super::stream::{Stream, read_frame};
use crate::env::Env;
use crate::sasl::SaslClient;
use crate::transport::LinkError;
use crate::transport::watch::Signs;

impl Stream {
    /// Logs in; whatever it waits for, no longer than the role lets it. Gives the bytes that the server
    /// takes in one stanza, too, if it has said so.
    pub(super) async fn log_in(
        &mut self,
        login: Login,
        env: &Env,
        signs: &Signs,
    ) -> Result<(Jid, Option<usize>), LinkError> {
        let user = login.jid().local().unwrap_or_default().to_owned();
        let password = login.password().to_owned();
        let mut sasl = None;
        let mut role = Initiator::new(env.now(), login);
        let mut inputs = VecDeque::from([Input::Connected]);
        let mut effects = Vec::new();
        loop {
            while let Some(input) = inputs.pop_front() {
                role.handle(env.now(), input, &mut effects);
                for effect in effects.drain(..) {
                    match effect {
                        Effect::Send(bytes) => {
                            let writing = timeout(left(&role, env), self.writer.write_all(&bytes));
                            // If it takes nothing any more, reading tells that, and perhaps why.
                            drop(writing.await.map_err(|_| LoginError::Timeout)?);
                        }
                        Effect::SaslStart { mechanism } => {
                            let reply = match SaslClient::start(mechanism, &user, &password) {
                                Ok(mut exchange) => {
                                    let first = exchange.step(None);
                                    sasl = Some(exchange);
                                    first
                                }
                                Err(error) => SaslReply::Refused(error.to_string()),
                            };
                            inputs.push_back(Input::Sasl(reply));
                        }
                        Effect::SaslStep(data) => {
                            let reply = exchange(&mut sasl, |sasl| sasl.step(Some(&data)));
                            inputs.push_back(Input::Sasl(reply));
                        }
                        Effect::SaslFinish(data) => {
                            let reply = exchange(&mut sasl, |sasl| sasl.finish(data.as_deref()));
                            inputs.push_back(Input::Sasl(reply));
                        }
                        Effect::RestartStream => self.framer.restart(),
                        Effect::Online(jid) => return Ok((jid, role.stanza_bytes())),
                        Effect::Failed(error) => return Err(error.into()),
                    }
                }
            }
            let reading = read_frame(&mut self.reader, &mut self.framer, signs);
            match timeout(left(&role, env), reading).await {
                Ok(Ok(Some(Frame::Open(header)))) => inputs.push_back(Input::Open(header)),
                Ok(Ok(Some(Frame::Element(raw)))) => {
                    inputs.push_back(Input::Element(raw.element()));
                }
                Ok(Ok(Some(Frame::Close) | None)) => inputs.push_back(Input::Closed),
                Ok(Err(reason)) => return Err(LinkError::Ended(reason)),
                Err(_) => return Err(LoginError::Timeout.into()),
            }
        }
    }
}

/// How long the log-in may still take.
fn left(role: &Initiator, env: &Env) -> Duration {
    role.deadline()
        .map_or(Duration::MAX, |at| at.saturating_sub(env.now()))
}

fn exchange(
    sasl: &mut Option<SaslClient>,
    step: impl FnOnce(&mut SaslClient) -> SaslReply,
) -> SaslReply {
    let none = || SaslReply::Refused("the server goes on with an exchange that never began".into());
    sasl.as_mut().map_or_else(none, step)
}
