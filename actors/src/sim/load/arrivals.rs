//! The moments at which requests of an open loop come.
//!
//! A process of rate one, whose distances are exponential or all the same, is stretched by the rate
//! that holds at each moment: after a distance `e` comes the moment up to which the rate adds up to
//! `e`. The rate is made of straight lines, so that moment has a formula.

use std::time::Duration;

use opensrf::ids::Seed;

use crate::sim::scenario::Arrivals;

/// Arrivals, one after the other, from the beginning of the run.
#[derive(Debug)]
pub(super) struct Process {
    rate: f64,
    arrivals: Arrivals,
    chance: Seed,
    /// The last arrival, in seconds.
    at: f64,
}

/// A stretch of time, in seconds, over which the rate changes evenly.
#[derive(Debug, Clone, Copy, PartialEq)]
struct Stretch {
    length: f64,
    first: f64,
    last: f64,
}

impl Stretch {
    const fn even(length: f64, rate: f64) -> Self {
        Self {
            length,
            first: rate,
            last: rate,
        }
    }

    /// How many arrivals there are in it on average.
    fn all(&self) -> f64 {
        self.length * (self.first + self.last) / 2.0
    }

    /// The rest of it.
    fn from(self, passed: f64) -> Self {
        let slope = (self.last - self.first) / self.length;
        Self {
            length: self.length - passed,
            first: slope.mul_add(passed, self.first),
            last: self.last,
        }
    }

    /// The time after which there were so many arrivals on average.
    fn after(&self, number: f64) -> f64 {
        if !self.length.is_finite() {
            return number / self.first;
        }
        let slope = (self.last - self.first) / self.length;
        let root = (self.first * self.first + 2.0 * slope * number)
            .max(0.0)
            .sqrt();
        2.0 * number / (self.first + root)
    }
}

impl Process {
    pub(super) fn new(rate: f64, arrivals: Arrivals, chance: Seed) -> Self {
        Self {
            rate,
            arrivals,
            chance,
            at: 0.0,
        }
    }

    fn distance(&mut self) -> f64 {
        match self.arrivals {
            Arrivals::Constant => 1.0,
            _ => -(-self.chance.next_fraction()).ln_1p(),
        }
    }

    /// What is left of the stretch of time in which `at` lies.
    fn stretch(&self, at: f64) -> Stretch {
        let rate = self.rate;
        match &self.arrivals {
            Arrivals::Poisson | Arrivals::Constant => Stretch::even(f64::INFINITY, rate),
            Arrivals::Bursts {
                every,
                lasts,
                factor,
            } => {
                let (every, lasts) = (every.as_secs_f64(), lasts.as_secs_f64());
                let passed = at % every;
                match passed < lasts {
                    true => Stretch::even(lasts - passed, rate * factor),
                    false => Stretch::even(every - passed, rate),
                }
            }
            Arrivals::Daily { day, curve } => {
                let part = day.as_secs_f64() / curve.len() as f64;
                let number = (at / part) as usize;
                let value = |number: usize| curve.get(number % curve.len()).copied().unwrap_or(1.0);
                let whole = Stretch {
                    length: part,
                    first: rate * value(number),
                    last: rate * value(number + 1),
                };
                whole.from(at % part)
            }
        }
    }
}

impl Iterator for Process {
    type Item = Duration;

    fn next(&mut self) -> Option<Duration> {
        let mut number = self.distance();
        loop {
            let stretch = self.stretch(self.at);
            let all = stretch.all();
            if number < all {
                self.at += stretch.after(number);
                return Duration::try_from_secs_f64(self.at).ok();
            }
            number -= all;
            // At least the next number, lest rounding keep it before the border.
            self.at = (self.at + stretch.length).max(self.at.next_up());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn arrivals(rate: f64, arrivals: Arrivals) -> impl Iterator<Item = f64> {
        Process::new(rate, arrivals, Seed::new(7)).map(|at| at.as_secs_f64())
    }

    fn between(all: &[f64], from: f64, to: f64) -> f64 {
        all.iter().filter(|at| (from..to).contains(*at)).count() as f64
    }

    #[test]
    fn constant_arrivals_have_equal_distances() {
        let all: Vec<_> = arrivals(4.0, Arrivals::Constant).take(4).collect();
        assert_eq!(all, [0.25, 0.5, 0.75, 1.0]);
    }

    #[test]
    fn poisson_arrivals_have_the_rate_as_their_mean_and_variance() {
        let all: Vec<_> = arrivals(50.0, Arrivals::Poisson)
            .take_while(|at| *at < 2_000.0)
            .collect();
        let counts: Vec<_> = (0..2_000)
            .map(|s| between_sorted(&all, f64::from(s)))
            .collect();
        let mean = counts.iter().sum::<f64>() / 2_000.0;
        let variance = counts
            .iter()
            .map(|count| (count - mean).powi(2))
            .sum::<f64>()
            / 2_000.0;
        assert!((mean - 50.0).abs() < 0.5, "{mean}");
        assert!((variance - 50.0).abs() < 5.0, "{variance}");
    }

    fn between_sorted(all: &[f64], from: f64) -> f64 {
        let first = all.partition_point(|at| *at < from);
        let end = all.partition_point(|at| *at < from + 1.0);
        (end - first) as f64
    }

    #[test]
    fn bursts_come_at_the_beginning_of_each_period() {
        let bursts = Arrivals::Bursts {
            every: Duration::from_secs(10),
            lasts: Duration::from_secs(1),
            factor: 20.0,
        };
        let all: Vec<_> = arrivals(100.0, bursts)
            .take_while(|at| *at < 30.0)
            .collect();
        for period in [0.0, 10.0, 20.0] {
            let burst = between(&all, period, period + 1.0);
            let calm = between(&all, period + 1.0, period + 10.0);
            assert!((burst - 2_000.0).abs() < 200.0, "{burst}");
            assert!((calm - 900.0).abs() < 120.0, "{calm}");
        }
    }

    #[test]
    fn a_day_follows_its_curve_with_straight_lines() {
        let daily = Arrivals::Daily {
            day: Duration::from_secs(40),
            curve: [0.0, 1.0, 3.0, 1.0].into(),
        };
        let all: Vec<_> = arrivals(1_000.0, daily)
            .take_while(|at| *at < 40.0)
            .collect();
        // The area below each line.
        for (part, mean) in [(0.0, 0.5), (10.0, 2.0), (20.0, 2.0), (30.0, 0.5)] {
            let found = between(&all, part, part + 10.0);
            assert!((found - mean * 10_000.0).abs() < 600.0, "{part}: {found}");
        }
        assert!(all.is_sorted());
    }
}
