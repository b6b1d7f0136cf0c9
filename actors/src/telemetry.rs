//! The log: one line an event, on stderr, so that stdout belongs to results.

use std::io::{self, IsTerminal};

use tracing_subscriber::EnvFilter;
use tracing_subscriber::util::SubscriberInitExt;

use crate::settings::{LogFormat, LogSettings};

/// Why there is no log.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum TelemetryError {
    /// The level is no filter; checked settings do not have such a one.
    #[error("log level: {0}")]
    Filter(#[from] tracing_subscriber::filter::ParseError),
    /// The program that embeds this one has a log already; it gets the events.
    #[error("a log is set up already")]
    SetUpAlready,
}

/// Sends the events of this process to stderr, in the look and from the level that `log` says.
///
/// Text has colours on a terminal, unless the variable `NO_COLOR` is set.
///
/// # Errors
/// [`TelemetryError`] says why nothing was changed.
pub fn init(log: &LogSettings) -> Result<(), TelemetryError> {
    let filter = EnvFilter::builder().parse(&log.level)?;
    let lines = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(io::stderr);
    let done = match log.format {
        LogFormat::Json => lines.json().flatten_event(true).finish().try_init(),
        LogFormat::Auto | LogFormat::Human if io::stderr().is_terminal() => {
            lines.finish().try_init()
        }
        LogFormat::Auto | LogFormat::Human => lines.with_ansi(false).finish().try_init(),
    };
    done.map_err(|_| TelemetryError::SetUpAlready)
}
