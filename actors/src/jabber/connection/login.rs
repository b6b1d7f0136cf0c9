//! A client's log-in: what the [`Acceptor`] wants to know and have done.

use std::sync::Arc;
use std::time::Duration;

use actix::{ActorFutureExt, AsyncContext, Context, fut};
use opensrf::jid::Jid;
use opensrf::stream::acceptor::{Acceptor, BindRefusal, Effect, Input};
use opensrf::stream::{SaslFailure, SaslProgress};

use super::{Client, Connection};
use crate::driver::{Conduct, Driver};
use crate::jabber::Addressee;
use crate::sasl::SaslServer;
use crate::transport::LinkError;

/// How long a stranger waits for the news that its password was wrong. Guessing is to be slow.
const FAILURE_DELAY: Duration = Duration::from_secs(1);

impl Connection {
    fn check(&mut self, progress: SaslProgress, ctx: &mut Context<Self>) {
        if let SaslProgress::Failure(SaslFailure::NotAuthorized) = progress {
            self.refuse(Input::Sasl(progress), ctx);
        } else {
            self.step(Input::Sasl(progress), ctx);
        }
    }

    /// Gives the news of a failed log-in, late to strangers.
    fn refuse(&mut self, news: Input, ctx: &mut Context<Self>) {
        self.shared.login_failed(&self.from);
        if self.is_private {
            return self.step(news, ctx);
        }
        let delay = actix_rt::time::sleep(FAILURE_DELAY);
        ctx.wait(fut::wrap_future(delay).map(|(), this: &mut Self, ctx| this.step(news, ctx)));
    }

    fn bind(&mut self, jid: &Jid, ctx: &mut Context<Self>) {
        let target = Addressee::Other(Arc::new(Client(self.outbox.clone())));
        match self.shared.switch.bind(jid, target) {
            Ok(binding) => {
                self.bound = Some((jid.clone(), binding));
                self.step(Input::Bound, ctx);
            }
            Err(LinkError::TooManySessions(_)) => {
                tracing::warn!(%jid, "the account has as many sessions as it may");
                self.step(Input::BindRefused(BindRefusal::ResourceConstraint), ctx);
            }
            Err(_) => self.step(Input::BindRefused(BindRefusal::Conflict), ctx),
        }
    }
}

impl Conduct<Acceptor> for Connection {
    fn driver(&mut self) -> &mut Driver<Acceptor> {
        &mut self.driver
    }

    fn perform(&mut self, effect: Effect, ctx: &mut Context<Self>) {
        match effect {
            Effect::Send(bytes) => self.outbox.push_bytes(bytes),
            Effect::CheckLegacy {
                user,
                domain,
                proof,
            } => match self.shared.plan.accounts.check(&user, &domain, &proof) {
                true => self.step(Input::LegacyChecked(true), ctx),
                false => self.refuse(Input::LegacyChecked(false), ctx),
            },
            Effect::SaslStart {
                mechanism,
                domain,
                initial,
            } => {
                let accounts = Arc::clone(&self.shared.plan.accounts);
                let progress = match SaslServer::start(accounts, &domain, &mechanism) {
                    Ok(mut exchange) => {
                        let progress = exchange.step(initial.as_deref());
                        self.sasl = Some(exchange);
                        progress
                    }
                    Err(failure) => SaslProgress::Failure(failure),
                };
                self.check(progress, ctx);
            }
            Effect::SaslStep(data) => {
                let none = SaslProgress::Failure(SaslFailure::MalformedRequest);
                let progress = self
                    .sasl
                    .as_mut()
                    .map_or(none, |sasl| sasl.step(Some(&data)));
                self.check(progress, ctx);
            }
            Effect::RestartStream => self.framer.borrow_mut().restart(),
            Effect::Bind(jid) => self.bind(&jid, ctx),
            Effect::Online(jid) => {
                tracing::debug!(%jid, "client is online");
                self.shared.switch.counters().logins.add();
                if let Some(dead_after) = self.shared.plan.dead_after {
                    self.watch(&jid, dead_after, ctx);
                }
                self.sasl = None;
                self.is_online = true;
                // Twice the room: once for what was passed on, which must not end the router's
                // stream, and once more to be able to send back what is larger than that.
                let limits = self.shared.plan.limits.with_room().with_room();
                self.framer.borrow_mut().set_limits(limits);
            }
            Effect::Close => self.outbox.close(),
        }
    }
}
