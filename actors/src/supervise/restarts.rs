use std::time::Duration;

use opensrf::ids::Seed;
use opensrf::retry::Retry;
use opensrf::time::Tick;

use super::{Exit, Intensity, RestartPolicy};

/// What becomes of a child that failed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// It is started again after this delay.
    Again(Duration),
    /// It failed too often; its parent ends.
    GiveUp,
}

/// How a child ended last.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LastExit {
    /// How.
    pub exit: Exit,
    /// When.
    pub at: Tick,
}

/// The failures of one child, and what they mean for the next one. It outlives the child.
///
/// | it failed | delay |
/// |---|---|
/// | for the first time | the first one |
/// | again, before it had served well for [`calm`](RestartPolicy::calm) | twice the one before, up to the longest |
/// | after it had served well for that long | the first one |
/// | more than [`most`](RestartPolicy::most) times [`within`](RestartPolicy::within) a span | given up |
#[derive(Debug)]
pub struct Restarts {
    policy: RestartPolicy,
    intensity: Intensity,
    retry: Retry,
    count: u64,
    last: Option<LastExit>,
}

impl Restarts {
    /// Of a child that has not failed yet.
    ///
    /// # Panics
    /// Never: the delays of every policy are in order.
    #[must_use]
    pub fn new(policy: RestartPolicy, chance: Seed) -> Self {
        let RestartPolicy {
            first_delay,
            longest_delay,
            ..
        } = policy;
        let retry = Retry::new(first_delay, longest_delay, chance);
        Self {
            policy,
            intensity: Intensity::new(policy.most, policy.within),
            retry: retry.expect("the delays are in order"),
            count: 0,
            last: None,
        }
    }

    /// The child failed at `now`; it had served since `served_since`, if it ever did.
    pub fn failed(&mut self, now: Tick, served_since: Option<Tick>, exit: Exit) -> Verdict {
        self.last = Some(LastExit { exit, at: now });
        if !self.intensity.allows(now) {
            return Verdict::GiveUp;
        }
        let calm = self.policy.calm;
        if served_since.is_some_and(|since| now.saturating_sub(since) >= calm) {
            self.retry.succeeded();
        }
        self.count += 1;
        Verdict::Again(self.retry.failed())
    }

    /// Restarts so far.
    #[must_use]
    pub fn count(&self) -> u64 {
        self.count
    }

    /// How it ended last, if it ever did.
    #[must_use]
    pub fn last(&self) -> Option<&LastExit> {
        self.last.as_ref()
    }

    /// What holds for this child.
    #[must_use]
    pub fn policy(&self) -> RestartPolicy {
        self.policy
    }
}

#[cfg(test)]
mod tests {
    use proptest::collection::vec;
    use proptest::prelude::*;

    use super::*;

    const SECOND: Duration = Duration::from_secs(1);
    const POLICY: RestartPolicy = RestartPolicy {
        most: 4,
        within: Duration::from_secs(30),
        first_delay: SECOND,
        longest_delay: Duration::from_secs(3),
        calm: Duration::from_secs(10),
    };

    fn restarts() -> Restarts {
        Restarts::new(POLICY, Seed::new(1))
    }

    /// The whole seconds of which a delay is what jitter left.
    fn whole(verdict: Verdict) -> u64 {
        let Verdict::Again(delay) = verdict else {
            return 0;
        };
        let near = |whole: &u64| {
            let whole = *whole as u32 * SECOND;
            delay <= whole && delay >= whole * 3 / 4
        };
        (1..=3).find(near).expect("a whole delay with jitter")
    }

    #[test]
    fn delays_double_up_to_the_longest_and_then_it_is_given_up() {
        let mut restarts = restarts();
        let delays = [0, 1, 2, 3, 4].map(|at| {
            let now = Tick::from_secs(at);
            whole(restarts.failed(now, None, Exit::Panicked))
        });
        assert_eq!(delays, [1, 2, 3, 3, 0]);
        assert_eq!(restarts.count(), 4, "the last one was no restart");
    }

    #[test]
    fn delays_begin_again_after_it_has_served_well_for_a_while() {
        // When it failed, and since when it had served.
        let table = [
            (0, None, 1),
            (5, None, 2),
            (14, Some(5), 3),  // not for long enough
            (40, None, 3),     // it only started for all that time
            (60, Some(50), 1), // long enough
        ];
        let mut restarts = restarts();
        for (at, since, wanted) in table {
            let since = since.map(Tick::from_secs);
            let verdict = restarts.failed(Tick::from_secs(at), since, Exit::Panicked);
            assert_eq!(whole(verdict), wanted, "at {at}");
        }
    }

    proptest! {
        /// Whatever fails whenever: no delay is out of its bounds, and it is given up exactly when it
        /// failed too often within the span.
        #[test]
        fn delays_and_ends_keep_their_bounds(
            failures in vec((0_u64..20_000, any::<bool>()), 1..60),
            seed: u64,
        ) {
            let mut restarts = Restarts::new(POLICY, Seed::new(seed));
            let mut now = Tick::ZERO;
            let mut at = Vec::new();
            for (millis, served) in failures {
                let since = served.then_some(now);
                now += Duration::from_millis(millis);
                at.push(now);
                let lately = at.iter().filter(|at| **at + POLICY.within >= now).count();
                match restarts.failed(now, since, Exit::Panicked) {
                    Verdict::Again(delay) => {
                        prop_assert!(lately <= POLICY.most);
                        prop_assert!(delay >= POLICY.first_delay * 3 / 4);
                        prop_assert!(delay <= POLICY.longest_delay);
                    }
                    Verdict::GiveUp => {
                        prop_assert!(lately > POLICY.most);
                        break;
                    }
                }
            }
        }
    }

    #[test]
    fn the_last_exit_is_known() {
        let mut restarts = restarts();
        assert_eq!(restarts.last(), None);
        let exit = Exit::NotStarted("no table".into());
        restarts.failed(SECOND, None, exit.clone());
        let last = Some(LastExit { exit, at: SECOND });
        assert_eq!(restarts.last().cloned(), last);
    }
}
