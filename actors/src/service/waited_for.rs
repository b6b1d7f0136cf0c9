//! Whether anybody still waits for what a method does.
//!
//! Few methods ask, and a token is made only for those that do.

use std::sync::atomic::{AtomicBool, Ordering, fence};
use std::sync::{Arc, OnceLock};

use tokio_util::sync::CancellationToken;

/// What the method has: it may ask for a token. Clones are the same.
#[derive(Debug, Clone, Default)]
pub(crate) struct Cancellation(Arc<Shared>);

#[derive(Debug, Default)]
struct Shared {
    token: OnceLock<CancellationToken>,
    is_over: AtomicBool,
}

impl Cancellation {
    pub(super) fn token(&self) -> &CancellationToken {
        let token = self.0.token.get_or_init(CancellationToken::new);
        // It may have been over just before there was a token. Of the two who meet here, one at least
        // sees what the other has stored.
        fence(Ordering::SeqCst);
        if self.0.is_over.load(Ordering::Relaxed) {
            token.cancel();
        }
        token
    }

    /// What tells the method, when it is dropped.
    pub(crate) fn waited_for(&self) -> WaitedFor {
        WaitedFor(self.clone())
    }
}

/// Somebody waits. When this is dropped, nobody does any more.
#[derive(Debug)]
pub(crate) struct WaitedFor(Cancellation);

impl Drop for WaitedFor {
    fn drop(&mut self) {
        let Shared { token, is_over } = &*self.0.0;
        is_over.store(true, Ordering::Relaxed);
        fence(Ordering::SeqCst);
        if let Some(token) = token.get() {
            token.cancel();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_is_cancelled_when_nobody_waits_whenever_it_was_asked_for() {
        let cancellation = Cancellation::default();
        let waited_for = cancellation.waited_for();
        let before = cancellation.token().clone();
        assert!(!before.is_cancelled());
        drop(waited_for);
        assert!(before.is_cancelled());

        let cancellation = Cancellation::default();
        drop(cancellation.waited_for());
        assert!(cancellation.token().is_cancelled());
    }
}
