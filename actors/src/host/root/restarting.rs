//! What becomes of a child that ended: it stays in the host's table while it waits for its restart,
//! so that a reload finds it there and may change it or take it away.

use actix::{AsyncContext, Context};

use super::{Phase, Root, State};
use crate::supervise::{ChildExited, Exit, Verdict};

impl Root {
    pub(super) fn child_exited(&mut self, exited: ChildExited, ctx: &mut Context<Self>) {
        let ChildExited {
            child: id, exit, ..
        } = exited;
        let now = self.plan.env.now();
        let Some(child) = self.children.get_mut(&id) else {
            return;
        };
        if self.phase != Phase::Running || child.is_leaving || exit == Exit::Stopped {
            self.children.remove(&id);
            self.service_waiters.remove(&id);
            self.report_ready();
            return self.go_on_ending(ctx);
        }
        self.plan.counters.restarts.add();
        let name = child.kind.name();
        match child
            .restarts
            .failed(now, child.served_since(), exit.clone())
        {
            Verdict::Again(delay) => {
                tracing::warn!(child = name, %exit, ?delay, "restarting");
                child.state = State::Waiting { due: now + delay };
                self.serving_below = self.serving_below.min(id);
                ctx.run_later(delay, move |root, ctx| root.restart(id, ctx));
            }
            Verdict::GiveUp => {
                tracing::error!(child = name, %exit, "failed too often, the host ends");
                let policy = child.restarts.policy();
                let (times, within) = (policy.most + 1, policy.within.as_secs());
                let why = format!("{name}, {times} times within {within} s, at last: {exit}");
                self.failure = Some(Exit::Intensity(why));
                self.children.remove(&id);
                self.stop(ctx);
            }
        }
    }

    /// Starts a child again, unless the host ends or a reload took it away meanwhile.
    fn restart(&mut self, id: u64, ctx: &mut Context<Self>) {
        if self.phase == Phase::Running {
            self.run(id, ctx);
        }
    }
}
