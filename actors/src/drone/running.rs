//! A drone runs a method: on its own thread or on the blocking pool, and guarded.

use std::sync::Arc;

use actix::{ActorFutureExt, AsyncContext, Context, fut};
use opensrf::osrf::{Request, Status};
use opensrf::service::MethodId;
use opensrf::session::{DroneInput, Outcome, Run, RunId};
use tracing::{Instrument, Span};

use super::DroneActor;
use super::panics::Culprit;
use crate::activity::TARGET;
use crate::driver::Conduct;
use crate::peer::Peer;
use crate::service::{
    self, Call, Cancellation, Guarded, Handler, MethodError, Panic, RequestEnd, Results,
    SessionContext, WaitedFor, guarded,
};

/// What became of the code of a method: its outcome, or its panic.
type Ran = Result<service::Outcome, Panic>;

/// The method that runs.
#[derive(Debug)]
pub(super) struct Running {
    id: RunId,
    method: MethodId,
    /// Dropped when nobody waits for the method any more, and when it or the drone ends; tells the
    /// method. A function is over before it could be told.
    waited_for: Option<WaitedFor>,
    /// For the hook, if there is one.
    call: Option<Call>,
    /// Has the transaction in all that is logged meanwhile.
    span: Span,
}

impl DroneActor {
    pub(super) fn run(&mut self, run: Arc<Run>, ctx: &mut Context<Self>) {
        let (id, method) = (run.id, run.method);
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
                let cancellation = Cancellation::default();
                let waited_for = cancellation.waited_for();
                (Some(cancellation), Some(waited_for))
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
            method,
            waited_for,
            call: wants_end.then(|| call.clone()),
            span: span.clone(),
        });
        match handler {
            Handler::Function(function) => {
                let function = || span.in_scope(|| function(&call));
                let mut ran = guarded(function);
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
                let results = self.results(id, ctx);
                let running = Guarded::new(|| span.in_scope(|| method(call, results)));
                self.await_end(id, running.instrument(span), ctx);
            }
            Handler::Blocking(method) => {
                let results = self.results(id, ctx);
                let threads = self.plan.threads.clone();
                let running = threads.run(move || span.in_scope(|| method(&call, &results)));
                self.await_end(id, running, ctx);
            }
        }
    }

    fn results(&mut self, id: RunId, ctx: &Context<Self>) -> Results {
        let counters = Arc::clone(&self.plan.counters);
        let own = self.own.get_or_insert_with(|| Peer::new(ctx.address()));
        Results::of_drone(own.clone(), id, counters)
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
        let method = running.as_ref().map(|running| running.method);
        let _within = running
            .as_ref()
            .map(|running| running.span.clone().entered());
        if let Some(call) = running.and_then(|running| running.call) {
            let end = match &ran {
                Ok(Ok(last)) => RequestEnd::Done(last.as_ref()),
                Ok(Err(error)) => RequestEnd::Failed(error),
                Err(_) => RequestEnd::Panicked,
            };
            self.request_ended(&call, end);
        }
        let outcome = match ran {
            Ok(Ok(last)) => Outcome::Done(last),
            Ok(Err(error)) => Outcome::Failed(error.into_status()),
            Err(panic) => {
                self.plan.counters.panics.add();
                if let Some(method) = method {
                    self.note_panic(Culprit::Method(method), &panic);
                }
                Outcome::Panicked
            }
        };
        self.step(DroneInput::Finished(run, outcome), ctx);
    }

    /// Says in the log which method hung, and counts it.
    pub(super) fn note_hung(&self, run: RunId) {
        self.plan.counters.hung.add();
        if let Some(running) = self.running.as_ref().filter(|running| running.id == run) {
            let _within = running.span.enter();
            let jid = self.uplink.jid();
            tracing::warn!(%jid, "a method took longer than it may, and was given up");
        }
    }

    /// Nobody waits any more for what runs, if something does.
    pub(super) fn give_up(&mut self) {
        let Some(running) = self.running.take() else {
            return;
        };
        let _within = running.span.entered();
        drop(running.waited_for);
        if let Some(call) = running.call {
            self.request_ended(&call, RequestEnd::GivenUp);
        }
    }

    fn request_ended(&self, call: &Call, end: RequestEnd<'_>) {
        let hooks = self.plan.service.hooks();
        self.note_hook("request end", hooks.request_ended(call, end));
    }
}
