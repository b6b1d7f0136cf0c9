//! What was logged as an error: nothing but what was asked for.

use std::fmt::{self, Write};
use std::sync::{Arc, Mutex, PoisonError};

use tracing::field::{Field, Visit};
use tracing::level_filters::LevelFilter;
use tracing::subscriber::DefaultGuard;
use tracing::{Event, Subscriber};
use tracing_subscriber::Layer;
use tracing_subscriber::layer::{Context, SubscriberExt};

/// Methods do so when they are told to.
const ASKED_FOR: &str = "a method panicked";

/// The errors that were logged on this thread; clones are the same.
#[derive(Clone, Default)]
pub(crate) struct Errors(Arc<Mutex<Vec<String>>>);

impl Errors {
    /// Notes all errors from here on, as long as the guard lives.
    pub(crate) fn listen() -> (Self, DefaultGuard) {
        let errors = Self::default();
        let layer = Noting(errors.clone()).with_filter(LevelFilter::ERROR);
        let subscriber = tracing_subscriber::registry().with(layer);
        (errors, tracing::subscriber::set_default(subscriber))
    }

    /// Those that are new.
    pub(crate) fn take(&self) -> Vec<String> {
        std::mem::take(&mut *self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

struct Noting(Errors);

impl<S: Subscriber> Layer<S> for Noting {
    fn on_event(&self, event: &Event<'_>, _: Context<'_, S>) {
        let mut line = Line(String::new());
        event.record(&mut line);
        if !line.0.contains(ASKED_FOR) {
            let mut kept = self.0.0.lock().unwrap_or_else(PoisonError::into_inner);
            kept.push(format!("logged:{}", line.0));
        }
    }
}

/// All fields of an event in one line.
struct Line(String);

impl Visit for Line {
    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        let _ = write!(self.0, " {}={value:?}", field.name());
    }
}
