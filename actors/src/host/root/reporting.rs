//! What a host tells of itself and its children.

use opensrf::time::Tick;
use tokio::sync::oneshot;

use super::{Child, Phase, Root, State};
use crate::status::{
    Asked, ChildState, ChildStatus, HostPhase, HostStatus, LastExitStatus, Question, Report,
};

impl Root {
    /// Asks all children what they do, and says what it knows without them.
    pub(super) fn ask(&self) -> Asked {
        let now = self.plan.env.now();
        let host = HostStatus {
            name: self.plan.name.clone(),
            version: env!("CARGO_PKG_VERSION").to_owned(),
            pid: std::process::id(),
            uptime: now.saturating_sub(self.began),
            phase: self.phase.status(),
            figures: self.plan.counters.figures(),
            children: self
                .children
                .values()
                .map(|c| self.status(now, c))
                .collect(),
        };
        Asked {
            host,
            answers: self.children.values().map(Child::ask).collect(),
        }
    }

    fn status(&self, now: Tick, child: &Child) -> ChildStatus {
        let (kind, name) = child.kind.identity();
        let last_exit = child.restarts.last().map(|last| LastExitStatus {
            exit: last.exit.to_string(),
            ago: now.saturating_sub(last.at),
        });
        let is_draining = child.is_leaving || self.phase != Phase::Running;
        let state = match child.state {
            State::Waiting { due } => ChildState::Restarting {
                in_seconds: due.saturating_sub(now),
            },
            State::Running { .. } if is_draining => ChildState::Draining,
            State::Running { served: None, .. } => ChildState::Starting,
            State::Running { .. } => ChildState::Up,
        };
        let uptime = match child.state {
            State::Running { started, .. } => Some(now.saturating_sub(started)),
            State::Waiting { .. } => None,
        };
        ChildStatus {
            kind,
            name,
            state,
            uptime,
            restarts: child.restarts.count(),
            last_exit,
            answer: None,
        }
    }
}

impl Child {
    /// Asks it what it does; one with a full mailbox does not answer.
    fn ask(&self) -> Option<oneshot::Receiver<Report>> {
        let (question, answer) = Question::new();
        self.reins()?.questions.tell(question).ok()?;
        Some(answer)
    }
}

impl Phase {
    fn status(self) -> HostPhase {
        match self {
            Self::Running => HostPhase::Running,
            Self::Draining | Self::Settling => HostPhase::Draining,
            Self::Stopping | Self::Closing => HostPhase::Stopping,
        }
    }
}
