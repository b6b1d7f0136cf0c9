use std::collections::VecDeque;
use std::time::Duration;

use opensrf::time::Tick;

/// How many restarts within how long are still normal.
#[derive(Debug, Clone)]
pub struct Intensity {
    most: usize,
    within: Duration,
    restarts: VecDeque<Tick>,
}

impl Intensity {
    /// At most `most` restarts within any span of `within`.
    #[must_use]
    pub fn new(most: usize, within: Duration) -> Self {
        Self {
            most,
            within,
            restarts: VecDeque::new(),
        }
    }

    /// Counts a restart at `now`; `false` if that is one too many.
    pub fn allows(&mut self, now: Tick) -> bool {
        while self
            .restarts
            .front()
            .is_some_and(|at| *at + self.within < now)
        {
            self.restarts.pop_front();
        }
        self.restarts.push_back(now);
        self.restarts.len() <= self.most
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn restarts_count_within_their_span_only() {
        let second = Duration::from_secs(1);
        let mut intensity = Intensity::new(2, 10 * second);
        assert!(intensity.allows(Tick::ZERO));
        assert!(intensity.allows(second));
        assert!(!intensity.allows(2 * second));
        assert!(intensity.allows(20 * second));
    }
}
