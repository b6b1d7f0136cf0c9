//! What those who ask write down: when they asked, and how it ended.
//!
//! It is all on the thread of the world, so that nothing is locked. Requests are counted in the slice
//! of time in which they are asked, and in the one in which they end; in the figures of the whole run
//! only if they were asked after the warm-up.

mod tally;

use std::cell::RefCell;
use std::ops::Range;
use std::rc::Rc;
use std::time::Duration;

use opensrf::time::Tick;

use super::report::{Slice, Summary};
pub(crate) use tally::End;
use tally::{Tally, Took};

/// Of which group of clients and which service a request is, by their numbers in the scenario.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Kind {
    pub(crate) group: usize,
    pub(crate) service: usize,
}

/// What was asked, and how it ended; clones are the same.
#[derive(Debug, Clone)]
pub(crate) struct Recorder(Rc<RefCell<Books>>);

#[derive(Debug)]
struct Books {
    /// When what is asked counts for the run, and what is answered for its throughput.
    counted: Range<Tick>,
    groups: Vec<Tally>,
    services: Vec<Tally>,
    slice: Slice,
    slice_took: Took,
    open: u64,
    ended: u64,
    /// Calls of all, warm-up or not, and how long they took together: for Little's law.
    calls: u64,
    calls_took: Duration,
    /// When the last request since then ended without an answer: one for the time before the first
    /// fault, and one for each fault.
    last_failures: Vec<Option<Tick>>,
}

/// One request that has no end yet.
#[derive(Debug)]
pub(crate) struct Open {
    kind: Kind,
    asked: Tick,
}

impl Recorder {
    pub(crate) fn new(groups: usize, services: usize) -> Self {
        Self(Rc::new(RefCell::new(Books {
            counted: Tick::ZERO..Tick::MAX,
            groups: vec![Tally::default(); groups],
            services: vec![Tally::default(); services],
            slice: Slice::default(),
            slice_took: Took::default(),
            open: 0,
            ended: 0,
            calls: 0,
            calls_took: Duration::ZERO,
            last_failures: vec![None],
        })))
    }

    /// Counts what is asked in this time, which is that of the run after the warm-up.
    pub(crate) fn counts(&self, time: Range<Tick>) {
        self.0.borrow_mut().counted = time;
    }

    /// A request is asked.
    pub(crate) fn asks(&self, kind: Kind, now: Tick) -> Open {
        let mut books = self.0.borrow_mut();
        books.slice.asked += 1;
        books.open += 1;
        books.count(now, kind, |tally| tally.asked += 1);
        Open { kind, asked: now }
    }

    /// It has ended.
    pub(crate) fn ends(&self, open: Open, end: End, now: Tick) {
        let Open { kind, asked } = open;
        let took = now.saturating_sub(asked);
        let mut books = self.0.borrow_mut();
        books.open -= 1;
        books.ended += 1;
        books.slice.ends.add(end);
        if end == End::Answered {
            books.slice_took.add(took);
        } else if let Some(last) = books.last_failures.last_mut() {
            *last = Some(now);
        }
        books.count(asked, kind, |tally| tally.end(end, took));
        if end == End::Answered && books.counted.contains(&now) {
            books.each(kind, |tally| tally.answered_in_time += 1);
        }
    }

    /// A call, which is the whole of a request or a part of it, took so long.
    pub(crate) fn called(&self, took: Duration) {
        let mut books = self.0.borrow_mut();
        books.calls += 1;
        books.calls_took += took;
    }

    /// A fault begins; gives its number.
    pub(crate) fn begins_fault(&self) -> usize {
        let failures = &mut self.0.borrow_mut().last_failures;
        failures.push(None);
        failures.len() - 2
    }

    /// When the last request ended without an answer after each fault, before the next.
    pub(crate) fn last_failures(&self) -> Vec<Option<Tick>> {
        self.0
            .borrow()
            .last_failures
            .iter()
            .skip(1)
            .copied()
            .collect()
    }

    /// The slice of time since the last call of this.
    pub(crate) fn slice(&self) -> Slice {
        let mut books = self.0.borrow_mut();
        let slice = Slice {
            open: books.open,
            p50: books.slice_took.quantile(0.5),
            p90: books.slice_took.quantile(0.9),
            p99: books.slice_took.quantile(0.99),
            ..std::mem::take(&mut books.slice)
        };
        books.slice_took.clear();
        slice
    }

    /// Requests without an end.
    pub(crate) fn open(&self) -> u64 {
        self.0.borrow().open
    }

    /// Requests that have ended.
    pub(crate) fn ended(&self) -> u64 {
        self.0.borrow().ended
    }

    /// Calls, and how long they took together.
    pub(crate) fn calls(&self) -> (u64, Duration) {
        let books = self.0.borrow();
        (books.calls, books.calls_took)
    }

    /// All requests, those of each group, and those for each service, asked in the `time` after the
    /// warm-up.
    pub(crate) fn summaries(&self, time: Duration) -> (Summary, Vec<Summary>, Vec<Summary>) {
        let books = self.0.borrow();
        let all = |tallies: &[Tally]| tallies.iter().map(|tally| tally.summary(time)).collect();
        // Each request is one of a group.
        let mut total = Tally::default();
        books.groups.iter().for_each(|group| total.merge(group));
        (
            total.summary(time),
            all(&books.groups),
            all(&books.services),
        )
    }
}

impl Books {
    fn count(&mut self, asked: Tick, kind: Kind, count: impl FnMut(&mut Tally)) {
        if asked >= self.counted.start {
            self.each(kind, count);
        }
    }

    fn each(&mut self, kind: Kind, mut count: impl FnMut(&mut Tally)) {
        self.groups.get_mut(kind.group).map(&mut count);
        self.services.get_mut(kind.service).map(&mut count);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const KIND: Kind = Kind {
        group: 0,
        service: 1,
    };

    fn millis(millis: u64) -> Tick {
        Duration::from_millis(millis)
    }

    #[test]
    fn what_is_asked_in_the_warm_up_is_in_its_slice_only() {
        let recorder = Recorder::new(1, 2);
        recorder.counts(millis(10)..millis(1_000));
        let early = recorder.asks(KIND, millis(9));
        let late = recorder.asks(KIND, millis(10));
        recorder.ends(early, End::Answered, millis(11));
        recorder.ends(late, End::Refused, millis(12));
        let slice = recorder.slice();
        assert_eq!((slice.asked, slice.ends.all(), slice.open), (2, 2, 0));
        assert_eq!(slice.p50, Some(millis(2)));
        let (total, groups, services) = recorder.summaries(millis(1_000));
        assert_eq!((total.asked, total.ends.refused), (1, 1));
        assert_eq!(
            (groups[0].asked, services[0].asked, services[1].asked),
            (1, 0, 1)
        );
    }

    #[test]
    fn the_total_is_that_of_all_groups() {
        let recorder = Recorder::new(3, 1);
        for (group, took) in [(0, 5), (0, 7), (1, 400_000), (2, 1)] {
            let kind = Kind { group, service: 0 };
            let open = recorder.asks(kind, millis(0));
            recorder.ends(open, End::Answered, millis(took));
        }
        let kind = Kind {
            group: 1,
            service: 0,
        };
        recorder.ends(recorder.asks(kind, millis(0)), End::Bounced, millis(9));
        let (total, groups, services) = recorder.summaries(millis(1_000));
        assert_eq!(
            (total.asked, total.ends.answered, total.ends.bounced),
            (5, 4, 1)
        );
        // There is one service, of which all was asked.
        assert_eq!([total], *services);
        let latency = groups[1].latency.as_ref().map(|latency| latency.max);
        assert_eq!(latency, Some(millis(400_000)));
    }

    #[test]
    fn a_slice_has_only_what_happened_in_it() {
        let recorder = Recorder::new(1, 2);
        let open = recorder.asks(KIND, millis(1));
        assert_eq!(recorder.slice().open, 1);
        recorder.ends(open, End::Answered, millis(5));
        let slice = recorder.slice();
        assert_eq!(
            (slice.asked, slice.ends.answered, slice.p99),
            (0, 1, Some(millis(4)))
        );
        assert_eq!(recorder.slice(), Slice::default());
    }

    #[test]
    fn failures_belong_to_the_fault_before_them() {
        let recorder = Recorder::new(1, 2);
        let fails = |at| {
            let open = recorder.asks(KIND, millis(at));
            recorder.ends(open, End::Bounced, millis(at));
        };
        fails(1);
        recorder.begins_fault();
        fails(5);
        fails(7);
        recorder.begins_fault();
        assert_eq!(recorder.last_failures(), [Some(millis(7)), None]);
    }
}
