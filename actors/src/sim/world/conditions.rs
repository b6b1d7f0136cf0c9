//! What is wrong with one machine now, of all the faults that it suffers at a time.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::num::NonZeroU64;

use crate::law::Law;
use crate::sim::scenario::{FaultKind, LinkLaw};
use crate::transport::faulty::{Direction, Disorder, Faults};

/// Which of all faults of a run.
pub(super) type FaultId = u64;

/// A machine's links and speed, and the faults that change them for a while.
#[derive(Debug)]
pub(super) struct Conditions {
    faults: Option<Faults>,
    link: LinkLaw,
    slow: f64,
    suffered: RefCell<BTreeMap<FaultId, FaultKind>>,
}

impl Conditions {
    pub(super) fn new(faults: Option<Faults>, link: LinkLaw, slow: f64) -> Self {
        Self {
            faults,
            link,
            slow,
            suffered: RefCell::default(),
        }
    }

    /// What steers its links; nothing if they are plain.
    pub(super) fn faults(&self) -> Option<&Faults> {
        self.faults.as_ref()
    }

    /// It suffers this, too, or in place of what it has suffered under that number.
    pub(super) fn suffer(&self, id: FaultId, kind: FaultKind) {
        self.suffered.borrow_mut().insert(id, kind);
    }

    /// It suffers this no more.
    pub(super) fn recover(&self, id: FaultId) {
        self.suffered.borrow_mut().remove(&id);
    }

    /// By what the times of made-up services are multiplied.
    pub(super) fn slow(&self) -> f64 {
        let suffered = self.suffered.borrow();
        suffered.values().fold(self.slow, |slow, kind| match kind {
            FaultKind::Slow(factor) => slow * factor,
            _ => slow,
        })
    }

    /// Has the links be as they are now.
    pub(super) fn apply(&self) {
        let Some(faults) = &self.faults else {
            return;
        };
        let suffered = self.suffered.borrow();
        let any = |is_it: fn(&FaultKind) -> bool| suffered.values().any(is_it);
        let refuses = any(|kind| {
            matches!(
                kind,
                FaultKind::Cut
                    | FaultKind::KillHost
                    | FaultKind::KillRouter
                    | FaultKind::KillServer
            )
        });
        let is_stalled = any(|kind| matches!(kind, FaultKind::HalfOpen));
        let latency = suffered.values().rev().find_map(|kind| match kind {
            FaultKind::Delay(law) => Some(law),
            _ => None,
        });
        let arrives = suffered
            .values()
            .fold(1.0 - self.link.loss, |arrives, kind| match kind {
                FaultKind::Loss(fraction) => arrives * (1.0 - fraction),
                _ => arrives,
            });
        faults.refuse(refuses);
        faults.disorder(self.disorder(latency.unwrap_or(&self.link.latency), 1.0 - arrives));
        // Not all is healed: who is to die next is still to die.
        if is_stalled {
            faults.stall(Direction::Sent);
            faults.stall(Direction::Received);
        } else {
            faults.flow();
        }
    }

    fn disorder(&self, latency: &Law, lost: f64) -> Disorder {
        Disorder {
            delay: latency.clone(),
            lost,
            bytes_a_second: self
                .link
                .bandwidth
                .and_then(|bytes| NonZeroU64::new(bytes as u64)),
            ..Disorder::NONE
        }
    }
}
