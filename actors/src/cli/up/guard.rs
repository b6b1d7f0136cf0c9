//! Ends the process when the host cannot.
//!
//! A host runs on one thread. A method that blocks this thread for ever, against all advice, leaves
//! nobody there to hear SIGTERM. So a thread of its own hears the same signals, and when the host has
//! not ended within the time that it may take, ends the process with exit code 1. Nothing is saved by
//! that but the operator's patience: callers of this host learn it when its connections close.

use std::io;
use std::process;
use std::sync::Arc;
use std::thread;
use std::time::Duration;

use actix_rt::time::{Instant, sleep_until};
use tokio::runtime::Builder;
use tokio::sync::Notify;

use super::signals::{End, Ends};
use crate::cli::REFUSED;

/// How long a host may take to end beyond the time for finishing what it has. It ends within 2 s, and
/// gives methods on threads of their own another one.
pub(super) const GRACE: Duration = Duration::from_secs(5);

/// The thread that ends the process.
#[derive(Debug)]
pub(super) struct Guard(Arc<Notify>);

impl Guard {
    /// Watches from now on over a host that finishes what it has for at most `drain`.
    pub(super) fn start(drain: Duration) -> io::Result<Self> {
        let runtime = Builder::new_current_thread().enable_all().build()?;
        let ends = {
            let _within = runtime.enter();
            Ends::new()?
        };
        let ending = Arc::new(Notify::new());
        let told = Arc::clone(&ending);
        thread::Builder::new()
            .name("guard".to_owned())
            .spawn(move || runtime.block_on(watch(ends, &told, drain)))?;
        Ok(Self(ending))
    }

    /// The host has ended; the process will at any moment.
    pub(super) fn host_ended(&self) {
        self.0.notify_one();
    }
}

async fn watch(mut ends: Ends, ending: &Notify, drain: Duration) {
    let may_take = |end| match end {
        End::Drain => drain.saturating_add(GRACE),
        End::Stop => GRACE,
    };
    let first = tokio::select! {
        end = ends.next() => end,
        () = ending.notified() => End::Stop,
    };
    let mut deadline = Instant::now() + may_take(first);
    loop {
        tokio::select! {
            () = sleep_until(deadline) => break,
            // A second signal does not wait for anything any more.
            _ = ends.next() => deadline = deadline.min(Instant::now() + GRACE),
            () = ending.notified() => deadline = deadline.min(Instant::now() + GRACE),
        }
    }
    tracing::error!(
        "the host does not end, as if a method blocks its thread; the process ends without it"
    );
    process::exit(REFUSED.into());
}
