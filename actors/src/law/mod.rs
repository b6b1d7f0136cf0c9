//! Laws of lengths of time: how long something takes, when chance decides.
//!
//! A [`Law`] is checked when it is made, is cheap to clone, and draws from a `Seed`: the same seed
//! gives the same lengths.
//!
//! | written | what it is |
//! |---|---|
//! | `20ms`, `constant(20ms)` | always the same |
//! | `uniform(1ms, 3ms)` | anything from least to most |
//! | `exponential(20ms)` | by its mean: what has no memory, as the gaps between arrivals of many independent callers |
//! | `lognormal(mean = 20ms, cv = 1.5)` | many factors multiplied; `cv` is the standard deviation over the mean |
//! | `lognormal(median = 10ms, p99 = 200ms)` | the same, by what one can read off a dashboard |
//! | `pareto(mean = 20ms, shape = 2.5)` | rare, very long ones; the smaller the shape, the more of them. No variance at 2 and below |
//! | `empirical(times.txt)`, `empirical(1ms, 2ms, 9ms)` | measured lengths, each as likely as any other; see [`Law::from_file`] |
//!
//! The same text comes from `Display`. Draws use pure Rust for logarithms and powers, so that they are
//! the same on every machine, but for about one in a hundred of an exponential or lognormal law, which
//! may differ by a nanosecond where the machine's mathematics round otherwise.

mod draw;
mod error;
pub mod length;
mod read;
mod sample;
#[cfg(test)]
mod tests;

use std::fmt;
use std::path::Path;
use std::time::Duration;

use length::{LONGEST, show};
use sample::Sample;

pub use error::LawError;

/// The standard normal law is below this in 99 of 100 cases.
const Z99: f64 = 2.326_347_874_040_841;

/// The largest coefficient of variation and shape: beyond, draws leave what numbers can hold.
const MOST: f64 = 1_000.0;

/// A law of lengths of time. See the [module](self).
#[derive(Debug, Clone, PartialEq)]
pub struct Law(Kind);

/// As it was written, and what a draw needs.
#[derive(Debug, Clone, PartialEq)]
enum Kind {
    Constant(Duration),
    Uniform {
        least: Duration,
        most: Duration,
    },
    Exponential {
        mean: Duration,
    },
    LogNormal {
        written: LogNormal,
        mu: f64,
        sigma: f64,
    },
    Pareto {
        mean: Duration,
        shape: f64,
    },
    Empirical(Sample),
}

#[derive(Debug, Clone, Copy, PartialEq)]
enum LogNormal {
    ByMean { mean: Duration, cv: f64 },
    ByMedian { median: Duration, p99: Duration },
}

impl Law {
    /// At once.
    pub const ZERO: Self = Self(Kind::Constant(Duration::ZERO));

    /// Always `length`.
    ///
    /// # Errors
    /// [`LawError::TooLong`].
    pub fn constant(length: Duration) -> Result<Self, LawError> {
        Ok(Self(Kind::Constant(not_too_long("length", length)?)))
    }

    /// Anything from `least` to `most`, which may be the same.
    ///
    /// # Errors
    /// [`LawError::LeastAboveMost`], [`LawError::TooLong`].
    pub fn uniform(least: Duration, most: Duration) -> Result<Self, LawError> {
        if least > most {
            return Err(LawError::LeastAboveMost { least, most });
        }
        not_too_long("most", most)?;
        Ok(Self(Kind::Uniform { least, most }))
    }

    /// The law without memory.
    ///
    /// # Errors
    /// [`LawError::Zero`], [`LawError::TooLong`].
    pub fn exponential(mean: Duration) -> Result<Self, LawError> {
        let mean = positive("mean", mean)?;
        Ok(Self(Kind::Exponential { mean }))
    }

    /// By its mean and its coefficient of variation, above 0 and up to 1,000.
    ///
    /// # Errors
    /// [`LawError::Zero`], [`LawError::TooLong`], [`LawError::OutOfRange`].
    pub fn log_normal(mean: Duration, cv: f64) -> Result<Self, LawError> {
        positive("mean", mean)?;
        within("cv", cv, 0.0)?;
        let variance = libm::log1p(cv * cv);
        Ok(Self(Kind::LogNormal {
            written: LogNormal::ByMean { mean, cv },
            mu: libm::log(mean.as_secs_f64()) - variance / 2.0,
            sigma: variance.sqrt(),
        }))
    }

    /// By what half, and what 99 of 100, are below.
    ///
    /// # Errors
    /// [`LawError::Zero`], [`LawError::P99NotAboveMedian`], [`LawError::TooLong`].
    pub fn log_normal_by_median(median: Duration, p99: Duration) -> Result<Self, LawError> {
        positive("median", median)?;
        not_too_long("p99", p99)?;
        if p99 <= median {
            return Err(LawError::P99NotAboveMedian { median, p99 });
        }
        let mu = libm::log(median.as_secs_f64());
        Ok(Self(Kind::LogNormal {
            written: LogNormal::ByMedian { median, p99 },
            mu,
            sigma: (libm::log(p99.as_secs_f64()) - mu) / Z99,
        }))
    }

    /// By its mean and its shape, above 1 and up to 1,000.
    ///
    /// # Errors
    /// [`LawError::Zero`], [`LawError::TooLong`], [`LawError::OutOfRange`].
    pub fn pareto(mean: Duration, shape: f64) -> Result<Self, LawError> {
        positive("mean", mean)?;
        within("shape", shape, 1.0)?;
        Ok(Self(Kind::Pareto { mean, shape }))
    }

    /// Each of `lengths` as likely as any other; what is there twice, twice as likely.
    ///
    /// # Errors
    /// [`LawError::EmptySample`], [`LawError::TooLong`].
    pub fn empirical(lengths: Vec<Duration>) -> Result<Self, LawError> {
        Ok(Self(Kind::Empirical(Sample::new(lengths)?)))
    }

    /// The lengths in a file, one a line: with a unit (`1.5ms`), or a bare number, which is one of
    /// milliseconds. Empty lines and lines that begin with `#` do not count.
    ///
    /// # Errors
    /// [`LawError::File`], [`LawError::Line`], [`LawError::EmptySample`].
    pub fn from_file(path: &Path) -> Result<Self, LawError> {
        Ok(Self(Kind::Empirical(Sample::read(path, path)?)))
    }

    /// The same law with all lengths multiplied by `factor`, above 0 and up to 1,000,000.
    ///
    /// # Errors
    /// Those of the law with its new lengths; [`LawError::OutOfRange`].
    pub fn scaled(&self, factor: f64) -> Result<Self, LawError> {
        if !(factor > 0.0 && factor <= MOST * MOST) {
            let (what, value) = ("factor", factor);
            return Err(LawError::OutOfRange {
                what,
                value,
                above: 0.0,
                most: MOST * MOST,
            });
        }
        // LONGEST times the largest factor is still a Duration.
        let scale = |length: Duration| length.mul_f64(factor);
        match &self.0 {
            Kind::Constant(length) => Self::constant(scale(*length)),
            Kind::Uniform { least, most } => Self::uniform(scale(*least), scale(*most)),
            Kind::Exponential { mean } => Self::exponential(scale(*mean)),
            Kind::LogNormal { written, .. } => match *written {
                LogNormal::ByMean { mean, cv } => Self::log_normal(scale(mean), cv),
                LogNormal::ByMedian { median, p99 } => {
                    Self::log_normal_by_median(scale(median), scale(p99))
                }
            },
            Kind::Pareto { mean, shape } => Self::pareto(scale(*mean), *shape),
            Kind::Empirical(sample) => {
                Self::empirical(sample.lengths.iter().copied().map(scale).collect())
            }
        }
    }

    /// The mean of all draws.
    #[must_use]
    pub fn mean(&self) -> Duration {
        match &self.0 {
            Kind::Constant(mean) | Kind::Exponential { mean } | Kind::Pareto { mean, .. } => *mean,
            Kind::Uniform { least, most } => (*least + *most) / 2,
            Kind::LogNormal {
                written: LogNormal::ByMean { mean, .. },
                ..
            } => *mean,
            Kind::LogNormal { mu, sigma, .. } => draw::length(libm::exp(mu + sigma * sigma / 2.0)),
            Kind::Empirical(sample) => draw::length(sample.mean),
        }
    }

    /// The standard deviation over the mean, the coefficient of variation: 0 for a constant, 1 for an
    /// exponential law, infinite for a Pareto law of shape 2 or below.
    #[must_use]
    pub fn variation(&self) -> f64 {
        match &self.0 {
            Kind::Constant(_) => 0.0,
            Kind::Uniform { most, .. } if most.is_zero() => 0.0,
            Kind::Uniform { least, most } => {
                let width = (*most - *least).as_secs_f64();
                width / 3.0_f64.sqrt() / (*least + *most).as_secs_f64()
            }
            Kind::Exponential { .. } => 1.0,
            Kind::LogNormal { sigma, .. } => libm::expm1(sigma * sigma).sqrt(),
            Kind::Pareto { shape, .. } if *shape <= 2.0 => f64::INFINITY,
            Kind::Pareto { shape, .. } => (shape * (shape - 2.0)).sqrt().recip(),
            Kind::Empirical(sample) if sample.mean == 0.0 => 0.0,
            Kind::Empirical(sample) => sample.variance.sqrt() / sample.mean,
        }
    }
}

impl fmt::Display for Law {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0 {
            Kind::Constant(length) => show(*length).fmt(f),
            Kind::Uniform { least, most } => {
                write!(f, "uniform({}, {})", show(*least), show(*most))
            }
            Kind::Exponential { mean } => write!(f, "exponential({})", show(*mean)),
            Kind::LogNormal { written, .. } => match *written {
                LogNormal::ByMean { mean, cv } => {
                    write!(f, "lognormal(mean = {}, cv = {cv})", show(mean))
                }
                LogNormal::ByMedian { median, p99 } => {
                    write!(
                        f,
                        "lognormal(median = {}, p99 = {})",
                        show(median),
                        show(p99)
                    )
                }
            },
            Kind::Pareto { mean, shape } => {
                write!(f, "pareto(mean = {}, shape = {shape})", show(*mean))
            }
            Kind::Empirical(sample) => match &sample.file {
                Some(file) => write!(f, "empirical({})", file.display()),
                None => {
                    let lengths = sample.lengths.iter().map(|l| show(*l).to_string());
                    write!(f, "empirical({})", lengths.collect::<Vec<_>>().join(", "))
                }
            },
        }
    }
}

fn not_too_long(what: &'static str, length: Duration) -> Result<Duration, LawError> {
    if length > LONGEST {
        return Err(LawError::TooLong { what, length });
    }
    Ok(length)
}

fn positive(what: &'static str, length: Duration) -> Result<Duration, LawError> {
    if length.is_zero() {
        return Err(LawError::Zero { what });
    }
    not_too_long(what, length)
}

fn within(what: &'static str, value: f64, above: f64) -> Result<(), LawError> {
    if !(value > above && value <= MOST) {
        return Err(LawError::OutOfRange {
            what,
            value,
            above,
            most: MOST,
        });
    }
    Ok(())
}
