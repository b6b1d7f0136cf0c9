//! The requests of clients as their hosts have counted them, over all hosts that a machine had.

use std::time::Duration;

use crate::counters::Figures;
use crate::host::HostHandle;

/// What clients have counted.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Calls {
    /// Requests that they took to ask.
    pub(super) asked: u64,
    /// Those that have ended.
    pub(super) ended: u64,
    /// For how long all were open, in sum, if none is open now.
    pub(super) open: Duration,
}

impl Calls {
    pub(super) fn and(self, more: Self) -> Self {
        Self {
            asked: self.asked + more.asked,
            ended: self.ended + more.ended,
            open: self.open + more.open,
        }
    }
}

/// What a host did.
#[derive(Debug, Clone, Copy)]
pub(super) struct Past {
    figures: Figures,
    open: Duration,
}

impl Past {
    pub(super) fn of(host: &HostHandle) -> Self {
        Self {
            figures: host.figures(),
            open: host.calls_open(),
        }
    }

    pub(super) fn calls(self) -> Calls {
        Calls {
            asked: self.figures.calls_asked,
            ended: self.figures.calls_ended(),
            open: self.open,
        }
    }
}
