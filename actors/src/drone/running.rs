//! A drone runs a method: on its own thread or on the blocking pool, and guarded.

use std::any::Any;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

use actix::{ActorFutureExt, AsyncContext, Context, fut};
use futures::FutureExt;
use opensrf::osrf::{Request, Status};
use opensrf::session::{DroneInput, Outcome, Run, RunId};
use tokio_util::sync::{CancellationToken, DropGuard};
use tracing::{Instrument, Span};

use super::DroneActor;
use crate::activity::TARGET;
use crate::driver::Conduct;
use crate::service::{self, Call, Handler, MethodError, RequestEnd, Results, SessionContext};

/// What became of the code of a method: its outcome, or its panic.
type Ran = Result<service::Outcome, Box<dyn Any + Send>>;

/// The method that runs.
#[derive(Debug)]
pub(super) struct Running {
    id: RunId,
    /// Dropped when nobody waits for the method any more, and when it or the drone ends; tells the
    /// method. A function is over before it could be told.
    waited_for: Option<DropGuard>,
    /// For the hook, if there is one.
    call: Option<Call>,
    /// Has the transaction in all that is logged meanwhile.
    span: Span,
}

impl DroneActor {
    pub(super) fn run(&mut self, run: Arc<Run>, ctx: &mut Context<Self>) {
        let id = run.id;
        let Some(handler) = self.plan.service.handler(run.method).cloned() else {
            let error = MethodError::failed("the method has no code");
            return self.finished(id, Ok(Err(error)), ctx);
        };
        let span = self.announce(&run);
        let session = self.session.get_or_insert_with(|| {
            Arc::new(SessionContext {
                thread: run.thread.clone(),
                caller: run.caller.clone(),
                kept: service::Kept::default(),
            })
        });
        let (cancellation, waited_for) = match &handler {
            Handler::Function(_) => (None, None),
            Handler::Async(_) | Handler::Blocking(_) => {
                let token = CancellationToken::new();
                (Some(token.clone()), Some(token.drop_guard()))
            }
        };
        let call = Call::new(
            run,
            Arc::clone(&self.surroundings),
            Arc::clone(session),
            cancellation,
        );
        let wants_end = self.plan.service.hooks().wants_request_ends();
        self.running = Some(Running {
            id,
            waited_for,
            call: wants_end.then(|| call.clone()),
            span: span.clone(),
        });
        match handler {
            Handler::Function(function) => {
                let function = || span.in_scope(|| function(&call));
                let mut ran = catch_unwind(AssertUnwindSafe(function));
                let mut last = None;
                if let Ok(Ok(results)) = &mut ran {
                    last = results.pop();
                    for result in results.drain(..) {
                        self.step(DroneInput::Output(id, result), ctx);
                    }
                }
                self.finished(id, ran.map(|results| results.map(|_| last)), ctx);
            }
            Handler::Async(method) => {
                let results = Results::of_drone(ctx.address().recipient(), id);
                let running = async move { method(call, results).await }.instrument(span);
                self.await_end(id, AssertUnwindSafe(running).catch_unwind(), ctx);
            }
            Handler::Blocking(method) => {
                let results = Results::of_drone(ctx.address().recipient(), id);
                let running =
                    tokio::task::spawn_blocking(move || span.in_scope(|| method(&call, &results)));
                let guarded = running.map(|joined| match joined {
                    Ok(outcome) => Ok(outcome),
                    Err(error) => match error.try_into_panic() {
                        Ok(panic) => Err(panic),
                        Err(error) => Ok(Err(error.into())),
                    },
                });
                self.await_end(id, guarded, ctx);
            }
        }
    }

    /// Says in the log what is called, and gives the span of the call.
    fn announce(&self, run: &Run) -> Span {
        let catalog = self.plan.service.catalog();
        let method = catalog.get(run.method).map_or("", |method| &*method.name);
        let service = &**self.plan.service.name();
        // At the level that is always on: whatever is logged must name its transaction.
        let span = tracing::error_span!("call", xid = &*run.xid, service, method);
        if tracing::enabled!(target: TARGET, tracing::Level::DEBUG) {
            let _within = span.enter();
            let (caller, params) = (&run.caller, self.plan.protected.show(method, &run.params));
            tracing::debug!(target: TARGET, %caller, ingress = &*run.ingress, %params, "CALL");
        }
        span
    }

    /// Says in the log what was asked and could not be called.
    pub(super) fn note_refused(&self, asked: &Request, xid: &str, status: &Status) {
        let (service, method) = (&**self.plan.service.name(), &*asked.method);
        let params = self.plan.protected.show(method, &asked.params);
        let (code, why) = (status.code, &*status.text);
        tracing::debug!(target: TARGET, xid, service, method, %params, code, why, "CALL refused");
    }

    fn await_end(
        &self,
        id: RunId,
        running: impl Future<Output = Ran> + 'static,
        ctx: &mut Context<Self>,
    ) {
        let running = fut::wrap_future(running);
        ctx.spawn(running.map(move |ran, drone: &mut Self, ctx| drone.finished(id, ran, ctx)));
    }

    /// Tells the method that nobody waits for it.
    pub(super) fn caller_gone(&mut self, run: RunId) {
        if let Some(running) = self.running.as_mut().filter(|running| running.id == run) {
            running.waited_for = None;
        }
    }

    fn finished(&mut self, run: RunId, ran: Ran, ctx: &mut Context<Self>) {
        let running = self.running.take_if(|running| running.id == run);
        let _within = running
            .as_ref()
            .map(|running| running.span.clone().entered());
        if let Some(call) = running.and_then(|running| running.call) {
            let end = match &ran {
                Ok(Ok(last)) => RequestEnd::Done(last.as_ref()),
                Ok(Err(error)) => RequestEnd::Failed(error),
                Err(_) => RequestEnd::Panicked,
            };
            self.plan.service.hooks().request_ended(&call, end);
        }
        let outcome = match ran {
            Ok(Ok(last)) => Outcome::Done(last),
            Ok(Err(error)) => Outcome::Failed(error.into_status()),
            Err(panic) => {
                self.plan.counters.panics.add();
                let (service, jid) = (&**self.plan.service.name(), self.uplink.jid());
                tracing::error!(service, %jid, panic = text_of(&*panic), "a method panicked");
                Outcome::Panicked
            }
        };
        self.step(DroneInput::Finished(run, outcome), ctx);
    }
}

fn text_of(panic: &(dyn Any + Send)) -> &str {
    let text = panic.downcast_ref::<&str>().copied();
    text.or_else(|| panic.downcast_ref::<String>().map(String::as_str))
        .unwrap_or("no text")
}
