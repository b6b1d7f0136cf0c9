//! What is logged, for tests that look at it.
//!
//! There is one log for all tests of the process, which writes into whatever the test of its thread
//! records. With a log for each thread, lines were lost: where the program first came by a line on
//! the thread of a test that records nothing, `tracing` took it for one that nobody wants.

use std::cell::RefCell;
use std::io::{self, Write};
use std::sync::{Arc, Mutex, Once};

type Text = Arc<Mutex<Vec<u8>>>;

thread_local! {
    static RECORDED: RefCell<Option<Text>> = const { RefCell::new(None) };
}

/// What this thread logs from now on, from `info` up.
pub(crate) struct Lines(Text);

struct Sink;

impl Write for Sink {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        RECORDED.with_borrow(|text| {
            if let Some(text) = text {
                text.lock().expect("no panic holds it").extend(bytes);
            }
        });
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Lines {
    pub(crate) fn record() -> Self {
        static LOG: Once = Once::new();
        LOG.call_once(|| {
            let log = tracing_subscriber::fmt()
                .with_ansi(false)
                .with_max_level(tracing::Level::INFO)
                .with_writer(|| Sink)
                .finish();
            tracing::subscriber::set_global_default(log).expect("no other log");
        });
        let text = Text::default();
        RECORDED.set(Some(Arc::clone(&text)));
        Self(text)
    }

    /// The lines with all these texts in them.
    pub(crate) fn with(&self, texts: &[&str]) -> Vec<String> {
        let all = self.0.lock().expect("no panic holds it");
        let all = String::from_utf8_lossy(&all).into_owned();
        let has_all = |line: &&str| texts.iter().all(|text| line.contains(text));
        all.lines().filter(has_all).map(str::to_owned).collect()
    }
}

impl Drop for Lines {
    fn drop(&mut self) {
        RECORDED.set(None);
    }
}
