//! What can be wrong with a law.

use std::path::PathBuf;
use std::time::Duration;

use super::length::{LengthError, show};

/// A law that cannot be, a text that is none, or a file that is no sample.
#[derive(Debug, Clone, thiserror::Error, PartialEq)]
#[non_exhaustive]
pub enum LawError {
    /// A law that scales with a length, and has none.
    #[error("the {what} of a law is zero: for no time at all, write 0ms")]
    Zero {
        /// Which length: `mean` or `median`.
        what: &'static str,
    },
    /// A length that is longer than [`LONGEST`](super::length::LONGEST).
    #[error("the {what} of a law, {length:?}, is longer than 1,000 years")]
    TooLong {
        /// Which length.
        what: &'static str,
        /// How long it is.
        length: Duration,
    },
    /// The bounds of a uniform law the wrong way round.
    #[error("the least length, {}, is above the most, {}: swap them", show(*.least), show(*.most))]
    LeastAboveMost {
        /// The lower bound.
        least: Duration,
        /// The upper bound.
        most: Duration,
    },
    /// Half of all draws are below the median, so 99 of 100 are below something longer.
    #[error("p99, {}, is not above the median, {}", show(*.p99), show(*.median))]
    P99NotAboveMedian {
        /// The median.
        median: Duration,
        /// What 99 of 100 are below.
        p99: Duration,
    },
    /// A number that the law does not have.
    #[error("{what} = {value} is out of range: it must be above {above} and at most {most}")]
    OutOfRange {
        /// Which number: `cv`, `shape` or `factor`.
        what: &'static str,
        /// The number.
        value: f64,
        /// It must be above this one.
        above: f64,
        /// And at most this one.
        most: f64,
    },
    /// A sample without any lengths.
    #[error("the sample is empty: an empirical law needs one length at least")]
    EmptySample,
    /// A text that names no law.
    #[error(
        "{0:?} is no law of lengths of time: write a length such as 20ms, or constant(…), \
         uniform(…), exponential(…), lognormal(…), pareto(…) or empirical(…)"
    )]
    UnknownLaw(String),
    /// Parentheses that are not closed, or something behind them.
    #[error("{0:?} does not end with the parenthesis that closes its parameters")]
    NotClosed(String),
    /// A parameter is not there.
    #[error("{law} lacks {what}: write {form}")]
    Missing {
        /// The law's name.
        law: &'static str,
        /// The parameter's name.
        what: &'static str,
        /// An example of the whole.
        form: &'static str,
    },
    /// A parameter that the law does not have, or has already.
    #[error("{law} has no place for {parameter:?}: write {form}")]
    Surplus {
        /// The law's name.
        law: &'static str,
        /// The parameter as it was written.
        parameter: String,
        /// An example of the whole.
        form: &'static str,
    },
    /// A parameter that should be a number.
    #[error("{what} = {text:?} is no number: write one such as 1.5")]
    NoNumber {
        /// The parameter's name.
        what: &'static str,
        /// What was written.
        text: String,
    },
    /// A length that cannot be read.
    #[error(transparent)]
    Length(#[from] LengthError),
    /// A file of lengths that cannot be read.
    #[error("cannot read the lengths in {}: {reason}", .file.display())]
    File {
        /// The file.
        file: PathBuf,
        /// What the system says.
        reason: String,
    },
    /// A line of such a file that is no length.
    #[error("{}:{line}: {reason}; a bare number is one of milliseconds", .file.display())]
    Line {
        /// The file.
        file: PathBuf,
        /// The line's number; the first is 1.
        line: usize,
        /// What is wrong.
        reason: LengthError,
    },
}
