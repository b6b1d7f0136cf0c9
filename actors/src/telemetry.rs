//! The log: one line an event, on stderr, so that stdout belongs to results.

use std::io::{self, IsTerminal};
use std::sync::{Mutex, PoisonError};

use actix_rt::time::Instant;
use opensrf::limits::LINE_INTERVAL;
use opensrf::muffler::Muffler;
use tracing::Level;
use tracing_subscriber::EnvFilter;
use tracing_subscriber::fmt::format::Writer;
use tracing_subscriber::fmt::time::{FormatTime, SystemTime};
use tracing_subscriber::reload;
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
    /// The log has ended.
    #[error("the log cannot be changed: {0}")]
    Gone(reload::Error),
}

/// The log of this process, to be changed while it runs.
pub struct Log {
    change: Change,
    is_json: bool,
}

type Change = Box<dyn Fn(EnvFilter) -> Result<(), reload::Error> + Send + Sync>;

impl std::fmt::Debug for Log {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Log")
    }
}

impl Log {
    /// Logs from the level on that `log` says; its look stays as it is.
    ///
    /// # Errors
    /// [`TelemetryError`] says why nothing was changed.
    pub fn follow(&self, log: &LogSettings) -> Result<(), TelemetryError> {
        let filter = EnvFilter::builder().parse(&log.level)?;
        (self.change)(filter).map_err(TelemetryError::Gone)
    }

    /// Says `text` on stderr, whatever the log leaves out: as a line of its own, or as an object
    /// where all lines are JSON.
    pub(crate) fn say(&self, level: Level, text: &str) {
        if !self.is_json {
            eprintln!("{text}");
            return;
        }
        let mut timestamp = String::new();
        // Writing to a text cannot fail, and a line without its time is better than none.
        let _ = SystemTime.format_time(&mut Writer::new(&mut timestamp));
        let line = serde_json::json!({
            "timestamp": timestamp, "level": level.as_str(), "message": text, "target": module_path!(),
        });
        eprintln!("{line}");
    }
}

/// Sends the events of this process to stderr, in the look and from the level that `log` says.
///
/// Text has colours on a terminal, unless the variable `NO_COLOR` is set. Reports of panics, which are
/// no events, come as before, but of one place in the code once a minute at most.
///
/// # Errors
/// [`TelemetryError`] says why nothing was changed.
pub fn init(log: &LogSettings) -> Result<Log, TelemetryError> {
    let filter = EnvFilter::builder().parse(&log.level)?;
    let lines = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(io::stderr);
    let is_coloured = log.format != LogFormat::Json && io::stderr().is_terminal();
    let (done, change) = match log.format {
        LogFormat::Json => {
            let lines = lines.json().flatten_event(true).with_filter_reloading();
            let filter = lines.reload_handle();
            let change: Change = Box::new(move |new| filter.reload(new));
            (lines.finish().try_init(), change)
        }
        LogFormat::Auto | LogFormat::Human => {
            // Left alone on a terminal, so that NO_COLOR counts.
            let lines = match is_coloured {
                true => lines,
                false => lines.with_ansi(false),
            };
            let lines = lines.with_filter_reloading();
            let filter = lines.reload_handle();
            let change: Change = Box::new(move |new| filter.reload(new));
            (lines.finish().try_init(), change)
        }
    };
    done.map_err(|_| TelemetryError::SetUpAlready)?;
    muffle_panics();
    Ok(Log {
        change,
        is_json: log.format == LogFormat::Json,
    })
}

/// Has panics at one place in the code reported once a minute at most. What panics at every call is
/// caught at every call, and its report would fill the disk.
fn muffle_panics() {
    let report = std::panic::take_hook();
    let begun = Instant::now();
    let places = Mutex::new(Muffler::new(LINE_INTERVAL));
    std::panic::set_hook(Box::new(move |panic| {
        let place = panic.location().map(|at| (at.file().to_owned(), at.line()));
        let mut muffler = places.lock().unwrap_or_else(PoisonError::into_inner);
        let heard = muffler.hear(begun.elapsed(), place);
        drop(muffler);
        if heard.is_some() {
            report(panic);
        }
    }));
}
