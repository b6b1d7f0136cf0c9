//! Lengths of time that were measured somewhere.
//!
//! A file of them has one length a line: with a unit (`1.5ms`), or a bare number, which is one of
//! milliseconds (`1.5`, `2e-3`). Empty lines and lines that begin with `#` do not count.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use super::LawError;
use super::length::{self, LengthError};

/// A sample, sorted, with what is to be known of it. Clones share the lengths.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Sample {
    pub(super) lengths: Arc<[Duration]>,
    /// The file that holds it, as it was named.
    pub(super) file: Option<PathBuf>,
    /// In seconds.
    pub(super) mean: f64,
    /// Of the lengths themselves, in seconds squared.
    pub(super) variance: f64,
}

impl Sample {
    pub(super) fn new(mut lengths: Vec<Duration>) -> Result<Self, LawError> {
        lengths.sort_unstable();
        match lengths.last() {
            None => return Err(LawError::EmptySample),
            Some(&length) if length > length::LONGEST => {
                let what = "longest sample";
                return Err(LawError::TooLong { what, length });
            }
            Some(_) => {}
        }
        let count = lengths.len() as f64;
        let seconds = || lengths.iter().map(Duration::as_secs_f64);
        let mean = seconds().sum::<f64>() / count;
        let variance = seconds().map(|s| (s - mean) * (s - mean)).sum::<f64>() / count;
        Ok(Self {
            lengths: lengths.into(),
            file: None,
            mean,
            variance,
        })
    }

    /// Reads the file at `path`, which people know as `name`.
    pub(super) fn read(path: &Path, name: &Path) -> Result<Self, LawError> {
        let file = || name.to_owned();
        let text = fs::read_to_string(path).map_err(|error| LawError::File {
            file: file(),
            reason: error.to_string(),
        })?;
        let mut lengths = Vec::new();
        for (number, line) in text.lines().enumerate() {
            let line = line.trim();
            if line.is_empty() || line.starts_with('#') {
                continue;
            }
            let length = measured(line).map_err(|reason| LawError::Line {
                file: file(),
                line: number + 1,
                reason,
            })?;
            lengths.push(length);
        }
        Ok(Self {
            file: Some(file()),
            ..Self::new(lengths)?
        })
    }
}

fn measured(line: &str) -> Result<Duration, LengthError> {
    let Ok(millis) = line.parse::<f64>() else {
        return length::parse(line);
    };
    if millis / 1_000.0 > length::LONGEST.as_secs_f64() {
        return Err(LengthError::TooLong(line.to_owned()));
    }
    // What is left is negative, or no number.
    Duration::try_from_secs_f64(millis / 1_000.0)
        .map_err(|_| LengthError::NoNumber(line.to_owned()))
}
