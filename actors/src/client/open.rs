//! The requests of one client that have no end yet, and the count of those that have.
//!
//! A request is counted when it comes in here, and once more, by how it ended, when it goes. There is
//! no other way out, so the figures balance.

use std::collections::BTreeMap;
use std::sync::Arc;

use opensrf::few::Few;
use opensrf::osrf::Json;
use opensrf::session::{CallError, Event, RequestId};
use tokio::sync::mpsc;

use crate::counters::{Counter, Counters};
use crate::env::Env;
use crate::messages::Sink;

/// Where the results of open requests go.
#[derive(Debug)]
pub(super) struct OpenRequests {
    sinks: Few<RequestId, Sink>,
    counters: Arc<Counters>,
    env: Env,
}

impl OpenRequests {
    pub(super) fn new(counters: Arc<Counters>, env: Env) -> Self {
        Self {
            sinks: Few::default(),
            counters,
            env,
        }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.sinks.is_empty()
    }

    /// A new request.
    pub(super) fn open(&mut self, request: RequestId, sink: Sink) {
        self.counters.calls_asked.add();
        self.counters.calls_open_nanos.take_away(self.now());
        self.sinks.insert(request, sink);
    }

    /// A result; `false` if its request is over with it, because whoever reads it is too slow or
    /// gone.
    pub(super) fn result(&mut self, request: RequestId, json: Json) -> bool {
        match self.sinks.get_mut(&request) {
            Some(Sink::Collect(results, _)) => {
                results.push(json);
                true
            }
            Some(Sink::Stream(stream)) if stream.is_closed() => {
                self.cancel(request);
                false
            }
            Some(Sink::Stream(stream)) if stream.capacity() > 1 => {
                let _ = stream.try_send(Event::Result(json));
                true
            }
            Some(Sink::Stream(_)) => {
                let slow = "results came faster than they were read";
                self.fail(request, CallError::Garbled(slow.into()));
                false
            }
            None => true,
        }
    }

    /// The request is complete.
    pub(super) fn complete(&mut self, request: RequestId) {
        let Some(sink) = self.close(request) else {
            return;
        };
        self.counters.calls_answered.add();
        match sink {
            // Whoever asked may have given up this moment.
            Sink::Collect(results, reply) => drop(reply.send(Ok(results))),
            Sink::Stream(stream) => over(&stream, Event::Complete),
        }
    }

    /// The request came to no good end.
    pub(super) fn fail(&mut self, request: RequestId, error: CallError) {
        let Some(sink) = self.close(request) else {
            return;
        };
        self.counter(&error).add();
        match sink {
            Sink::Collect(_, reply) => drop(reply.send(Err(error))),
            Sink::Stream(stream) => over(&stream, Event::Failed(error)),
        }
    }

    /// Whoever asked does not wait any more.
    pub(super) fn cancel(&mut self, request: RequestId) {
        if self.close(request).is_some() {
            self.counters.calls_cancelled.add();
        }
    }

    fn close(&mut self, request: RequestId) -> Option<Sink> {
        let sink = self.sinks.remove(&request)?;
        self.counters.calls_open_nanos.add_all(self.now());
        Some(sink)
    }

    fn now(&self) -> u64 {
        u64::try_from(self.env.now().as_nanos()).unwrap_or(u64::MAX)
    }

    fn counter(&self, error: &CallError) -> &Counter {
        let counters = &self.counters;
        match error {
            CallError::Status(_) => &counters.calls_refused,
            CallError::Unreachable { .. } => &counters.calls_bounced,
            CallError::Timeout(_) | CallError::ConnectTimeout(_) => &counters.calls_timed_out,
            CallError::Offline => &counters.calls_offline,
            CallError::Closed => &counters.calls_closed,
            CallError::Garbled(_) => &counters.calls_garbled,
            _ => &counters.calls_lost,
        }
    }
}

impl Drop for OpenRequests {
    /// Whoever waits sees the end of the client.
    fn drop(&mut self) {
        let left = self.sinks.len() as u64;
        self.counters.calls_cut_off.add_all(left);
        let until = self.now().saturating_mul(left);
        self.counters.calls_open_nanos.add_all(until);
        // One after the other in the order of asking, so that a run repeats.
        let sinks: BTreeMap<_, _> = self.sinks.take().into_iter().collect();
        sinks.into_values().for_each(drop);
    }
}

/// Puts the end of a stream into its last place, which is kept for it.
fn over(stream: &mpsc::Sender<Event>, end: Event) {
    // The reader may be gone this moment.
    let _ = stream.try_send(end);
}

#[cfg(test)]
mod tests {
    use std::sync::Mutex;
    use std::task::{Context, Poll, Wake, Waker};

    use tokio::sync::oneshot;

    use super::*;

    /// Notes its number when it is woken.
    struct Note(u64, Arc<Mutex<Vec<u64>>>);

    impl Wake for Note {
        fn wake(self: Arc<Self>) {
            self.1.lock().unwrap().push(self.0);
        }
    }

    /// They once were told in another order in each run.
    #[test]
    fn the_end_of_a_client_is_told_to_its_callers_in_the_order_of_asking() {
        let counters = Arc::new(Counters::default());
        let mut open = OpenRequests::new(Arc::clone(&counters), Env::simulated(1));
        let told = Arc::new(Mutex::new(Vec::new()));
        let callers: Vec<_> = (0..100)
            .map(|request| {
                let (reply, mut outcome) = oneshot::channel();
                open.open(request, Sink::Collect(Vec::new(), reply));
                let waker = Waker::from(Arc::new(Note(request, Arc::clone(&told))));
                let waits = std::pin::Pin::new(&mut outcome).poll(&mut Context::from_waker(&waker));
                assert_eq!(waits.map(drop), Poll::Pending);
                outcome
            })
            .collect();
        drop(open);
        assert_eq!(*told.lock().unwrap(), Vec::from_iter(0..100));
        let figures = counters.figures();
        assert_eq!((figures.calls_cut_off, figures.calls_ended()), (100, 100));
        drop(callers);
    }

    #[test]
    fn each_error_has_a_figure() {
        let counters = Arc::new(Counters::default());
        let mut open = OpenRequests::new(Arc::clone(&counters), Env::simulated(1));
        let errors = [
            CallError::Offline,
            CallError::Closed,
            CallError::Lost(3),
            CallError::Garbled(String::new()),
            CallError::Timeout(std::time::Duration::ZERO),
            CallError::ConnectTimeout(std::time::Duration::ZERO),
        ];
        for (request, error) in (0..).zip(errors) {
            let (reply, _outcome) = oneshot::channel();
            open.open(request, Sink::Collect(Vec::new(), reply));
            open.fail(request, error.clone());
            // It has no second end.
            open.fail(request, error);
            open.complete(request);
            open.cancel(request);
        }
        let figures = counters.figures();
        assert_eq!((figures.calls_asked, figures.calls_ended()), (6, 6));
        assert_eq!((figures.calls_timed_out, figures.calls_lost), (2, 1));
    }
}
