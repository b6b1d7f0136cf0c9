//! The requests of one conversation that have no end yet.

use smallvec::SmallVec;

use super::RequestId;

/// Requests by their `threadTrace`, which grows from one to the next. Most conversations have one, and a
/// session no more than its drone lets wait: so many are soon moved up.
#[derive(Debug, Default)]
pub(super) struct Unanswered(SmallVec<[(u64, RequestId); 1]>);

impl Unanswered {
    /// Adds one, whose `trace` is above all others.
    pub(super) fn add(&mut self, trace: u64, id: RequestId) {
        debug_assert!(self.0.last().is_none_or(|(last, _)| *last < trace));
        self.0.push((trace, id));
    }

    pub(super) fn get(&self, trace: u64) -> Option<RequestId> {
        self.find(trace).map(|at| self.0[at].1)
    }

    pub(super) fn remove(&mut self, trace: u64) {
        if let Some(at) = self.find(trace) {
            self.0.remove(at);
        }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// In the order of asking.
    pub(super) fn ids(&self) -> impl Iterator<Item = RequestId> {
        self.0.iter().map(|(_, id)| *id)
    }

    fn find(&self, trace: u64) -> Option<usize> {
        self.0
            .binary_search_by_key(&trace, |(trace, _)| *trace)
            .ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_is_found_by_its_trace_until_it_is_removed() {
        let mut open = Unanswered::default();
        for trace in [1, 3, 4] {
            open.add(trace, trace * 10);
        }
        assert_eq!(
            [1, 2, 3, 4].map(|trace| open.get(trace)),
            [Some(10), None, Some(30), Some(40)]
        );
        open.remove(3);
        open.remove(2);
        assert_eq!(open.ids().collect::<Vec<_>>(), [10, 40]);
        open.remove(1);
        open.remove(4);
        assert!(open.is_empty());
    }
}
