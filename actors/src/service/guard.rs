//! What users wrote is kept from doing harm when it panics: while it runs, and while it is dropped.
//!
//! A value may panic when it is dropped. If that happened while the actor that holds it unwinds
//! from another panic, it would end the whole process.

use std::any::Any;
use std::fmt;
use std::future::Future;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::Pin;
use std::task::{Context, Poll};

use futures::future::LocalBoxFuture;

/// What somebody panicked with.
pub(crate) type Panic = Box<dyn Any + Send>;

/// Runs the code of a user.
pub(crate) fn guarded<T>(code: impl FnOnce() -> T) -> Result<T, Panic> {
    catch_unwind(AssertUnwindSafe(code))
}

/// Drops what a user made.
pub(crate) fn discard<T>(value: T) {
    if let Err(panic) = guarded(|| drop(value)) {
        let panic = text_of(&*panic);
        tracing::error!(
            panic,
            "what a service had made panicked when it was dropped"
        );
    }
}

/// The text of a panic.
pub(crate) fn text_of(panic: &(dyn Any + Send)) -> &str {
    let text = panic.downcast_ref::<&str>().copied();
    text.or_else(|| panic.downcast_ref::<String>().map(String::as_str))
        .unwrap_or("no text")
}

/// The future of a user: a panic is its outcome, and goes no further.
pub(crate) struct Guarded<T>(State<T>);

enum State<T> {
    Runs(LocalBoxFuture<'static, T>),
    Failed(Panic),
    Over,
}

impl<T> Guarded<T> {
    /// Guards the making of the future, too.
    pub(crate) fn new(make: impl FnOnce() -> LocalBoxFuture<'static, T>) -> Self {
        Self(match guarded(make) {
            Ok(future) => State::Runs(future),
            Err(panic) => State::Failed(panic),
        })
    }
}

impl<T> fmt::Debug for Guarded<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Guarded")
    }
}

impl<T> Future for Guarded<T> {
    type Output = Result<T, Panic>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let mut future = match std::mem::replace(&mut self.0, State::Over) {
            State::Runs(future) => future,
            State::Failed(panic) => return Poll::Ready(Err(panic)),
            State::Over => return Poll::Pending,
        };
        let outcome = match guarded(|| future.as_mut().poll(cx)) {
            Ok(Poll::Pending) => {
                self.0 = State::Runs(future);
                return Poll::Pending;
            }
            Ok(Poll::Ready(outcome)) => Ok(outcome),
            Err(panic) => Err(panic),
        };
        discard(future);
        Poll::Ready(outcome)
    }
}

impl<T> Drop for Guarded<T> {
    fn drop(&mut self) {
        if let State::Runs(future) = std::mem::replace(&mut self.0, State::Over) {
            discard(future);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use futures::FutureExt;

    /// Panics when it is dropped.
    struct Touchy;

    impl Drop for Touchy {
        fn drop(&mut self) {
            panic!("on purpose, when dropped");
        }
    }

    /// Drops what it holds while a panic unwinds.
    fn while_unwinding<T>(held: T) -> Result<(), Panic> {
        guarded(move || {
            let _held = held;
            panic!("on purpose");
        })
    }

    #[test]
    fn a_future_that_panics_when_it_is_dropped_harms_nobody_even_while_a_panic_unwinds() {
        let touchy = || {
            let touchy = Touchy;
            let waits = async move {
                let _touchy = touchy;
                std::future::pending::<()>().await;
            };
            waits.boxed_local()
        };
        drop(Guarded::new(touchy));
        assert!(while_unwinding(AssertUnwindSafe(Guarded::new(touchy))).is_err());
    }

    #[test]
    fn a_panic_is_the_outcome_whenever_it_comes() {
        let at_once = Guarded::<()>::new(|| panic!("at once"));
        let later = Guarded::<()>::new(|| async { panic!("later") }.boxed_local());
        let texts = [at_once, later].map(|guarded| {
            let panic = guarded.now_or_never().unwrap().unwrap_err();
            text_of(&*panic).to_owned()
        });
        assert_eq!(texts, ["at once", "later"]);
        let fine = Guarded::new(|| async { 7 }.boxed_local());
        assert_eq!(fine.now_or_never().unwrap().unwrap(), 7);
    }
}
