//! Which of many like events deserve a line in the log: the first of a kind, then one at most in a
//! given time, with the number of those that had none.
//!
//! What may happen at every request or every restart must not fill the disk with one line each. Of
//! a kind that stops happening, the last few may never be mentioned: the counters have them.

use std::collections::BTreeMap;
use std::time::Duration;

use crate::time::Tick;

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

impl<K: Ord> Muffler<K> {
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
    /// Each kind is remembered for ever: there must not be many.
    pub fn hear(&mut self, now: Tick, kind: K) -> Option<u64> {
        let until = now.saturating_add(self.interval);
        let Some(held) = self.kinds.get_mut(&kind) else {
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
    fn each_kind_is_heard_for_itself() {
        let mut muffler = Muffler::new(60 * SECOND);
        assert_eq!(muffler.hear(SECOND, 1), Some(0));
        assert_eq!(muffler.hear(SECOND, 2), Some(0));
        assert_eq!(muffler.hear(SECOND, 1), None);
    }
}
