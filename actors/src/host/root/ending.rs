//! How a host ends: services first, then those who wait for their answers, then what carries them.

use std::time::Duration;

use actix::{ActorContext, ActorFutureExt, AsyncContext, Context, fut};
use futures::future::OptionFuture;

use super::{Phase, Root};
use crate::host::child::Kind;
use crate::messages::Order;

/// How long children may take to end when they are told to.
const STOP_TIME: Duration = Duration::from_secs(2);

/// How long the last answers of services that were stopped may take to their callers.
const SETTLE_TIME: Duration = Duration::from_millis(250);

impl Root {
    pub(super) fn drain(&mut self, ctx: &mut Context<Self>) {
        if self.phase != Phase::Running {
            return;
        }
        self.phase = Phase::Draining;
        self.forget_waiting();
        self.order(Order::Drain, Kind::serves);
        ctx.run_later(self.plan.drain, |root, ctx| {
            if matches!(root.phase, Phase::Draining | Phase::Settling) {
                root.name_unfinished();
                root.stop(ctx);
            }
        });
        self.go_on_ending(ctx);
    }

    /// Says who was not done by the end of the drain time.
    fn name_unfinished(&self) {
        let unfinished = |kind: &Kind| kind.serves() || kind.asks();
        for child in self
            .children
            .values()
            .filter(|child| unfinished(&child.kind))
        {
            tracing::warn!(
                child = child.kind.name(),
                seconds = self.plan.drain.as_secs_f64(),
                "not all was finished in time, the rest is refused: host.drain_seconds says how long"
            );
        }
    }

    pub(super) fn stop(&mut self, ctx: &mut Context<Self>) {
        if matches!(self.phase, Phase::Stopping | Phase::Closing) {
            return;
        }
        self.phase = Phase::Stopping;
        self.forget_waiting();
        self.order(Order::Stop, Kind::serves);
        ctx.run_later(STOP_TIME, Self::end);
        self.go_on_ending(ctx);
    }

    /// Those who wait for their restart have nothing to finish.
    fn forget_waiting(&mut self) {
        self.children.retain(|_, child| child.reins().is_some());
        self.service_waiters
            .retain(|id, _| self.children.contains_key(id));
    }

    fn has(&self, wanted: impl Fn(&Kind) -> bool) -> bool {
        self.children.values().any(|child| wanted(&child.kind))
    }

    /// Services end first, then those who wait for their answers, then what carries them.
    pub(super) fn go_on_ending(&mut self, ctx: &mut Context<Self>) {
        if matches!(self.phase, Phase::Draining | Phase::Stopping)
            && !self.is_flushing
            && !self.has(Kind::serves)
        {
            self.is_flushing = true;
            let flushed = self.plan.bus.as_ref().map(|bus| bus.transport.flushed());
            let flushed = fut::wrap_future(OptionFuture::from(flushed));
            ctx.spawn(flushed.map(|_, root: &mut Self, ctx| root.settle(ctx)));
        }
        if self.phase == Phase::Settling && !self.has(Kind::asks) {
            self.close(ctx);
        }
        if self.phase == Phase::Closing && self.children.is_empty() {
            self.end(ctx);
        }
    }

    /// The last answers of services have gone; callers wait for them.
    fn settle(&mut self, ctx: &mut Context<Self>) {
        if self.phase == Phase::Stopping {
            ctx.run_later(SETTLE_TIME, Self::close);
        }
        if matches!(self.phase, Phase::Draining | Phase::Stopping) {
            self.phase = Phase::Settling;
            self.order(Order::Drain, Kind::asks);
            self.go_on_ending(ctx);
        }
    }

    fn close(&mut self, ctx: &mut Context<Self>) {
        if self.phase != Phase::Closing {
            self.phase = Phase::Closing;
            self.order(Order::Stop, |_| true);
            ctx.run_later(STOP_TIME, Self::end);
        }
    }

    fn end(&mut self, ctx: &mut Context<Self>) {
        for child in self.children.values() {
            tracing::warn!(child = child.kind.name(), "did not end in time");
        }
        // Some may not have been told yet, because others took all the time.
        self.order(Order::Stop, |_| true);
        self.plan.server = None; // so that another can listen there at once
        for waiter in self.end_waiters.drain(..) {
            let _ = waiter.send(self.failure.clone().map_or(Ok(()), Err));
        }
        ctx.stop();
    }
}
