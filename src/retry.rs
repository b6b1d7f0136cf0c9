//! When to try again.

use std::time::Duration;

use crate::ids::Seed;

/// Delays that double from a first one up to a cap, with jitter.
#[derive(Debug, Clone)]
pub struct Retry {
    first: Duration,
    cap: Duration,
    failures: u32,
    chance: Seed,
}

/// Delays that make no sense.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
#[non_exhaustive]
pub enum RetryError {
    /// The first delay is longer than the longest one.
    #[error("first delay {first:?} exceeds the cap {cap:?}")]
    FirstAboveCap {
        /// The first delay.
        first: Duration,
        /// The longest delay.
        cap: Duration,
    },
    /// A zero delay would retry for ever at one instant.
    #[error("first delay is zero")]
    Zero,
}

impl Retry {
    /// Delays from `first`, doubling, up to `cap`; each is shortened by up to a quarter at random,
    /// so that many parties do not come back at one instant.
    ///
    /// # Errors
    /// [`RetryError`] if `first` is zero or exceeds `cap`.
    pub fn new(first: Duration, cap: Duration, chance: Seed) -> Result<Self, RetryError> {
        if first.is_zero() {
            return Err(RetryError::Zero);
        }
        if first > cap {
            return Err(RetryError::FirstAboveCap { first, cap });
        }
        Ok(Self {
            first,
            cap,
            failures: 0,
            chance,
        })
    }

    /// How long to wait after one more failure.
    pub fn failed(&mut self) -> Duration {
        let whole = self
            .first
            .saturating_mul(1_u32 << self.failures.min(31))
            .min(self.cap);
        self.failures = self.failures.saturating_add(1);
        whole.mul_f64(1.0 - self.chance.next_fraction() / 4.0)
    }

    /// Starts again from the first delay.
    pub fn succeeded(&mut self) {
        self.failures = 0;
    }

    /// Failures since the last success.
    #[must_use]
    pub fn failures(&self) -> u32 {
        self.failures
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn delays_double_up_to_the_cap_and_start_again() {
        let second = Duration::from_secs(1);
        let mut retry = Retry::new(second, 5 * second, Seed::new(1)).unwrap();
        for whole in [1, 2, 4, 5, 5] {
            let delay = retry.failed();
            assert!(
                delay <= whole * second && delay >= whole * second * 3 / 4,
                "{delay:?}"
            );
        }
        retry.succeeded();
        assert!(retry.failed() <= second);
    }

    #[test]
    fn nonsense_is_refused() {
        let second = Duration::from_secs(1);
        assert_eq!(
            Retry::new(Duration::ZERO, second, Seed::new(1)).err(),
            Some(RetryError::Zero)
        );
        assert!(Retry::new(2 * second, second, Seed::new(1)).is_err());
    }
}
