//! Which of many like events deserve a line in the log: the first of a kind, then one at most in a
//! given time, with the number of those that had none.
//!
//! What may happen at every request or every restart must not fill the disk with one line each. Of
//! a kind that stops happening, the last few may never be mentioned: the counters have them.

use std::collections::BTreeMap;
use std::time::Duration;

use crate::time::Tick;

/// Kinds that are told apart. Beyond them, the one that had a line longest ago is forgotten.
const KINDS: usize = 64;

/// Events of few kinds and any number.
#[derive(Debug)]
pub struct Muffler<K> {
    interval: Duration,
    kinds: BTreeMap<K, Held>,
}

#[derive(Debug)]
struct Held {
    until: Tick,
    count: u64,
}

impl<K: Ord + Clone> Muffler<K> {
    /// Lets one event of each kind through in `interval`.
    #[must_use]
    pub fn new(interval: Duration) -> Self {
        Self {
            interval,
            kinds: BTreeMap::new(),
        }
    }

    /// An event of this kind happens. `Some` if it deserves a line, with the number of those since
    /// the last line that had none.
    ///
    /// 64 kinds are told apart. Beyond them, the one that had a line longest ago is forgotten.
    pub fn hear(&mut self, now: Tick, kind: K) -> Option<u64> {
        let until = now.saturating_add(self.interval);
        let Some(held) = self.kinds.get_mut(&kind) else {
            if self.kinds.len() == KINDS {
                self.forget_oldest();
            }
            self.kinds.insert(kind, Held { until, count: 0 });
            return Some(0);
        };
        if now < held.until {
            held.count += 1;
            return None;
        }
        held.until = until;
        Some(std::mem::take(&mut held.count))
    }

    fn forget_oldest(&mut self) {
        let oldest = self.kinds.iter().min_by_key(|(_, held)| held.until);
        if let Some(oldest) = oldest.map(|(kind, _)| kind.clone()) {
            self.kinds.remove(&oldest);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    #[test]
    fn the_first_is_heard_and_then_one_a_minute_with_the_number_of_the_others() {
        let mut muffler = Muffler::new(60 * SECOND);
        assert_eq!(muffler.hear(5 * SECOND, "panic"), Some(0));
        for second in 6..65 {
            assert_eq!(muffler.hear(second * SECOND, "panic"), None);
        }
        assert_eq!(muffler.hear(65 * SECOND, "panic"), Some(59));
        assert_eq!(muffler.hear(66 * SECOND, "panic"), None);
        assert_eq!(muffler.hear(1_000 * SECOND, "panic"), Some(1));
    }

    #[test]
    fn so_many_kinds_are_told_apart_and_no_more() {
        let mut muffler = Muffler::new(60 * SECOND);
        for kind in 0..=KINDS {
            assert_eq!(muffler.hear(SECOND, kind), Some(0));
        }
        assert_eq!(muffler.kinds.len(), KINDS);
        assert_eq!(muffler.hear(SECOND, 1), None);
        assert_eq!(muffler.hear(SECOND, 0), Some(0));
    }

    #[test]
    fn each_kind_is_heard_for_itself() {
        let mut muffler = Muffler::new(60 * SECOND);
        assert_eq!(muffler.hear(SECOND, 1), Some(0));
        assert_eq!(muffler.hear(SECOND, 2), Some(0));
        assert_eq!(muffler.hear(SECOND, 1), None);
    }
}
