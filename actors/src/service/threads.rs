//! The threads on which methods may block, and how many.
//!
//! tokio makes up to 512 threads for what blocks; whatever finds none free waits in a queue that has no
//! bound. Nobody can end a method that hangs on such a thread: it has the thread for ever, after its
//! caller was told and its drone replaced. So methods have a number of threads that leaves some for
//! the rest of the program, and a call that gets none waits here, where it can be given up.

use std::sync::Arc;

use tokio::sync::{Semaphore, oneshot};

use super::Outcome;
use super::guard::{Panic, guarded};
use crate::counters::Counters;

/// The threads on which methods of one host may block. Clones are the same threads.
#[derive(Debug, Clone)]
pub(crate) struct Threads {
    free: Arc<Semaphore>,
    counters: Arc<Counters>,
}

impl Threads {
    /// So many at a time; at least one.
    pub(crate) fn new(most: usize, counters: Arc<Counters>) -> Self {
        let most = most.clamp(1, Semaphore::MAX_PERMITS);
        Self {
            free: Arc::new(Semaphore::new(most)),
            counters,
        }
    }

    /// Runs a method as soon as a thread is free. What it panics with is an outcome, too.
    ///
    /// # Cancel safety
    /// Dropped before the method began, it does not run. Dropped later, it goes on, keeps its thread
    /// until it ends, and its outcome is counted as late.
    pub(crate) async fn run(
        self,
        method: impl FnOnce() -> Outcome + Send + 'static,
    ) -> Result<Outcome, Panic> {
        let thread = match self.free.acquire_owned().await {
            Ok(thread) => thread,
            Err(error) => return Ok(Err(error.into())), // only if the semaphore was closed
        };
        let (given, outcome) = oneshot::channel();
        tokio::task::spawn_blocking(move || {
            let _thread = thread;
            if given.is_closed() {
                return;
            }
            if given.send(guarded(method)).is_err() {
                self.counters.late.add();
            }
        });
        // The runtime ends, and runs nothing any more.
        outcome.await.unwrap_or_else(|error| Ok(Err(error.into())))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use futures::FutureExt;
    use std::sync::mpsc;
    use std::time::Duration;

    /// A method that ends when it is told, and says when it begins.
    fn gated(
        number: u8,
        begun: &mpsc::Sender<u8>,
    ) -> (impl FnOnce() -> Outcome + use<>, mpsc::Sender<()>) {
        let (open, gate) = mpsc::channel();
        let begun = begun.clone();
        let method = move || {
            begun.send(number)?;
            gate.recv()?;
            Ok(None)
        };
        (method, open)
    }

    fn with_one_thread(test: impl AsyncFnOnce(Threads, Arc<Counters>)) {
        actix_rt::System::new().block_on(async {
            let counters = Arc::new(Counters::default());
            test(Threads::new(1, Arc::clone(&counters)), counters).await;
        });
    }

    #[test]
    fn a_method_without_a_thread_waits_for_one_and_is_not_run_if_it_is_given_up() {
        with_one_thread(async |threads, counters| {
            let (tell, begun) = mpsc::channel();
            let (first, open_first) = gated(1, &tell);
            let (second, _open_second) = gated(2, &tell);
            let (third, open_third) = gated(3, &tell);
            let mut first = threads.clone().run(first).boxed_local();
            assert!(first.as_mut().now_or_never().is_none());
            assert_eq!(begun.recv(), Ok(1));
            let mut second = threads.clone().run(second).boxed_local();
            let mut third = threads.clone().run(third).boxed_local();
            assert!(second.as_mut().now_or_never().is_none());
            assert!(third.as_mut().now_or_never().is_none());
            drop(second);
            open_first.send(()).unwrap();
            open_third.send(()).unwrap();
            assert!(matches!(first.await, Ok(Ok(None))));
            assert!(matches!(third.await, Ok(Ok(None))));
            assert_eq!(begun.try_iter().collect::<Vec<_>>(), [3]);
            assert_eq!(counters.figures().late, 0);
        });
    }

    #[test]
    fn what_a_method_says_after_it_was_given_up_is_counted_and_its_thread_is_free_then() {
        with_one_thread(async |threads, counters| {
            let (tell, begun) = mpsc::channel();
            let (first, open) = gated(1, &tell);
            let mut first = threads.clone().run(first).boxed_local();
            assert!(first.as_mut().now_or_never().is_none());
            assert_eq!(begun.recv(), Ok(1));
            drop(first);
            let second = threads.run(|| Ok(None));
            let opening = async {
                tokio::time::sleep(Duration::from_millis(1)).await;
                assert_eq!(counters.figures().late, 0);
                open.send(()).unwrap();
            };
            let (second, ()) = tokio::join!(second, opening);
            assert!(matches!(second, Ok(Ok(None))));
            assert_eq!(counters.figures().late, 1);
        });
    }

    #[test]
    fn a_panic_on_a_thread_is_an_outcome_and_frees_it() {
        with_one_thread(async |threads, _| {
            let failed = threads.clone().run(|| panic!("on purpose")).await;
            assert!(failed.is_err());
            assert!(matches!(threads.run(|| Ok(None)).await, Ok(Ok(None))));
        });
    }
}
