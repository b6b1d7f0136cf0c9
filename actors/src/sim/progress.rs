//! How far a run is, for whoever watches it from another thread.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

/// How far a run is.
#[derive(Debug, Default)]
pub struct Progress {
    nanos: AtomicU64,
    ended: AtomicU64,
    news: Mutex<Vec<(Duration, String)>>,
}

impl Progress {
    /// The simulated time that has passed.
    #[must_use]
    pub fn time(&self) -> Duration {
        Duration::from_nanos(self.nanos.load(Ordering::Relaxed))
    }

    /// Requests that have ended.
    #[must_use]
    pub fn ended(&self) -> u64 {
        self.ended.load(Ordering::Relaxed)
    }

    /// What has gone wrong on purpose since this was asked last, and when.
    #[must_use]
    pub fn news(&self) -> Vec<(Duration, String)> {
        std::mem::take(&mut *self.news.lock().unwrap_or_else(PoisonError::into_inner))
    }

    pub(super) fn reaches(&self, time: Duration, ended: u64) {
        let nanos = u64::try_from(time.as_nanos()).unwrap_or(u64::MAX);
        self.nanos.store(nanos, Ordering::Relaxed);
        self.ended.store(ended, Ordering::Relaxed);
    }

    pub(super) fn tell(&self, at: Duration, news: &str) {
        let mut all = self.news.lock().unwrap_or_else(PoisonError::into_inner);
        all.push((at, news.to_owned()));
    }
}
