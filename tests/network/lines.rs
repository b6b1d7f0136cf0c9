//! What is logged, for tests that look at it.

use std::io::{self, Write};
use std::sync::{Arc, Mutex};

use tracing::subscriber::DefaultGuard;

/// What this thread logs from now on, from `info` up.
pub(crate) struct Lines {
    text: Arc<Mutex<Vec<u8>>>,
    _guard: DefaultGuard,
}

struct Sink(Arc<Mutex<Vec<u8>>>);

impl Write for Sink {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().expect("no panic holds it").extend(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Lines {
    pub(crate) fn record() -> Self {
        let text = Arc::default();
        let sink = Arc::clone(&text);
        let subscriber = tracing_subscriber::fmt()
            .with_ansi(false)
            .with_max_level(tracing::Level::INFO)
            .with_writer(move || Sink(Arc::clone(&sink)))
            .finish();
        Self {
            text,
            _guard: tracing::subscriber::set_default(subscriber),
        }
    }

    /// The lines with all these texts in them.
    pub(crate) fn with(&self, texts: &[&str]) -> Vec<String> {
        let all = self.text.lock().expect("no panic holds it");
        let all = String::from_utf8_lossy(&all).into_owned();
        let has_all = |line: &&str| texts.iter().all(|text| line.contains(text));
        all.lines().filter(has_all).map(str::to_owned).collect()
    }
}
