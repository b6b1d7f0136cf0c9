//! Reports as JSON: all of the figures, in an order that stays, each length of time in seconds.
//!
//! `format` says what a program may rely on: the same number, the same names and meanings. New
//! members may appear under the same number; one that goes away or changes makes it another.

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use thiserror::Error;

use super::Report;
use crate::sim::sweep::SweepReport;

/// The number of the form that is written and read.
const FORMAT: u32 = 1;

/// Why a text is no report.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum ReadError {
    /// It is not JSON, or a figure is missing or of another kind.
    #[error("not a report of a simulated run: {0}")]
    Form(#[from] serde_json::Error),
    /// It was written by a program that writes them otherwise.
    #[error("the report has the format {0}, and this program reads format {FORMAT}")]
    Format(u32),
    /// A sweep where a run is wanted, or the other way round.
    #[error("the report is of a {found}, not of a {wanted}")]
    Kind {
        /// What it is.
        found: String,
        /// What it should be.
        wanted: &'static str,
    },
}

/// What stands before the figures.
#[derive(Serialize)]
struct Written<'a, R> {
    format: u32,
    kind: &'static str,
    is_good: bool,
    #[serde(flatten)]
    report: &'a R,
}

/// The same, for a reader who does not know yet whether it is one that can be read.
#[derive(Deserialize)]
struct Head {
    format: u32,
    kind: String,
}

const RUN: &str = "run";
const SWEEP: &str = "sweep";

impl Report {
    /// Writes all figures as JSON: `format` 1, `kind` `run`, `is_good`, and the fields of the report.
    /// The same report gives the same bytes.
    #[must_use]
    pub fn json(&self) -> String {
        written(RUN, self.is_good(), self)
    }

    /// Reads what [`json`](Self::json) wrote.
    ///
    /// # Errors
    /// [`ReadError`] if it is anything else, or of another format.
    pub fn from_json(text: &str) -> Result<Self, ReadError> {
        read(RUN, text)
    }
}

impl SweepReport {
    /// Writes all figures as JSON: `format` 1, `kind` `sweep`, `is_good`, and the fields of the
    /// report. The same report gives the same bytes.
    #[must_use]
    pub fn json(&self) -> String {
        written(SWEEP, self.is_good(), self)
    }

    /// Reads what [`json`](Self::json) wrote.
    ///
    /// # Errors
    /// [`ReadError`] if it is anything else, or of another format.
    pub fn from_json(text: &str) -> Result<Self, ReadError> {
        read(SWEEP, text)
    }
}

fn written<R: Serialize>(kind: &'static str, is_good: bool, report: &R) -> String {
    let written = Written {
        format: FORMAT,
        kind,
        is_good,
        report,
    };
    let mut text = serde_json::to_string_pretty(&written).expect("figures and texts are JSON");
    text.push('\n');
    text
}

fn read<R: DeserializeOwned>(wanted: &'static str, text: &str) -> Result<R, ReadError> {
    let Head { format, kind } = serde_json::from_str(text)?;
    if format != FORMAT {
        return Err(ReadError::Format(format));
    }
    if kind != wanted {
        return Err(ReadError::Kind {
            found: kind,
            wanted,
        });
    }
    Ok(serde_json::from_str(text)?)
}

#[cfg(test)]
mod tests;
