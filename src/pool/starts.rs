//! When drones may be started: at once as long as all goes well, ever more slowly while they fail.
//!
//! A drone has failed that did not come up, or that ended soon after ([`DRONE_PROOF`]) without
//! having looked at any request. One that did its first request, or stayed, is a proof that drones
//! can live. Whoever takes a request is no failure, whatever it comes to: a method that panics at
//! each call costs a drone at each call, and that is made up for at once.
//!
//! While drones fail, requests wait for a while ([`DRONES_FAIL`]), as what is wrong may be over soon.
//! After that it would only be time lost for their callers.

use crate::limits::{DRONE_PROOF, DRONES_FAIL};
use crate::retry::Retry;
use crate::time::Tick;

#[derive(Debug)]
pub(super) struct Starts {
    retry: Retry,
    /// No drone is started before this.
    not_before: Option<Tick>,
    /// Since when drones have failed without a proof in between.
    failing_since: Option<Tick>,
    /// One of them had come up: that another one does proves nothing.
    is_fickle: bool,
}

impl Starts {
    pub(super) fn new(retry: Retry) -> Self {
        Self {
            retry,
            not_before: None,
            failing_since: None,
            is_fickle: false,
        }
    }

    /// All is well, as far as is known.
    pub(super) fn proved(&mut self) {
        if self.failing_since.take().is_some() {
            self.retry.succeeded();
            self.not_before = None;
            self.is_fickle = false;
        }
    }

    /// A drone has come up. Whatever kept the others from it is over, unless they did come up, too.
    pub(super) fn came_up(&mut self) {
        if !self.is_fickle {
            self.proved();
        }
    }

    /// A drone that was made then did not come up. Drones that fail together are one failure.
    pub(super) fn failed(&mut self, now: Tick, made: Tick) {
        self.failing_since.get_or_insert(made);
        if !self.are_paused(now) {
            self.not_before = Some(now.saturating_add(self.retry.failed()));
        }
    }

    /// A drone that came up at `up_at` has ended without having looked at a request.
    pub(super) fn ended_early(&mut self, now: Tick, up_at: Tick) {
        if now.saturating_sub(up_at) >= DRONE_PROOF {
            return self.proved();
        }
        self.is_fickle = true;
        self.failed(now, up_at);
    }

    pub(super) fn are_paused(&self, now: Tick) -> bool {
        self.not_before.is_some_and(|at| at > now)
    }

    /// Whether it has gone on for so long that nobody should wait for the end of it.
    pub(super) fn are_hopeless(&self, now: Tick) -> bool {
        self.failing_since
            .is_some_and(|since| now.saturating_sub(since) >= DRONES_FAIL)
    }

    /// When drones may be started again, if they may not.
    pub(super) fn resume_at(&self) -> Option<Tick> {
        self.not_before
    }

    /// The pause is over if its time has come.
    pub(super) fn wake(&mut self, now: Tick) {
        self.not_before = self.not_before.filter(|at| *at > now);
    }
}
