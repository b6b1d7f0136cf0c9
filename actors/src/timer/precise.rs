//! A thread that wakes sleepers in real time.

use std::io;
use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::thread;
use std::time::Duration;

use tokio::time::Instant;

use super::nanos;
use super::sleepers::{Moment, Sleepers};

/// As long as the thread sleeps if nobody else does. It is woken when that changes.
const IDLE: Duration = Duration::from_secs(60);

/// The thread; it ends when this is dropped.
#[derive(Debug)]
pub(super) struct Alarm {
    shared: Arc<Shared>,
}

#[derive(Debug)]
struct Shared {
    start: Instant,
    sleepers: Sleepers,
    news: Mutex<News>,
    has_news: Condvar,
}

/// What the thread is to know as soon as it is awake.
#[derive(Debug, Default)]
struct News {
    look: bool,
    end: bool,
}

impl Alarm {
    pub(super) fn start() -> io::Result<Self> {
        let shared = Arc::new(Shared {
            start: Instant::now(),
            sleepers: Sleepers::default(),
            news: Mutex::default(),
            has_news: Condvar::new(),
        });
        let threads = Arc::clone(&shared);
        thread::Builder::new()
            .name("timer".to_owned())
            .spawn(move || threads.run())?;
        Ok(Self { shared })
    }

    pub(super) fn sleepers(&self) -> &Sleepers {
        &self.shared.sleepers
    }

    pub(super) fn moment(&self, at: Instant) -> Moment {
        self.shared.moment(at)
    }

    /// Tells the thread that the earliest moment is another one.
    pub(super) fn look(&self) {
        self.shared.tell(|news| news.look = true);
    }
}

impl Drop for Alarm {
    fn drop(&mut self) {
        self.shared.tell(|news| news.end = true);
    }
}

impl Shared {
    fn tell(&self, what: impl FnOnce(&mut News)) {
        what(&mut self.news.lock().unwrap_or_else(PoisonError::into_inner));
        self.has_news.notify_one();
    }

    fn moment(&self, at: Instant) -> Moment {
        nanos(at.saturating_duration_since(self.start))
    }

    /// Outside of any runtime, where tokio's clock is the machine's.
    fn run(&self) {
        loop {
            let now = self.moment(Instant::now());
            self.sleepers.wake(now);
            let first = self.sleepers.first();
            let wait = first.map_or(IDLE, |due| Duration::from_nanos(due.saturating_sub(now)));
            let news = self.news.lock().unwrap_or_else(PoisonError::into_inner);
            let waited = self
                .has_news
                .wait_timeout_while(news, wait, |news| !news.look && !news.end);
            let (mut news, _) = waited.unwrap_or_else(PoisonError::into_inner);
            if news.end {
                return;
            }
            news.look = false;
        }
    }
}
