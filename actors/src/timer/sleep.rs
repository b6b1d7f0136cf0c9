//! A length of time that passes.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, Waker};

use tokio::time::Instant;

use super::sleepers::{Place, Sleepers};
use super::{Kind, Timer};

/// Ready when its moment has come. See [`Timer::sleep`].
///
/// # Cancel safety
/// Dropped, it leaves nothing behind.
#[derive(Debug)]
#[must_use = "nobody sleeps unless this is awaited"]
pub struct Sleep {
    due: Instant,
    how: How,
}

#[derive(Debug)]
enum How {
    Coarse(Pin<Box<tokio::time::Sleep>>),
    Exact { timer: Timer, place: Option<Place> },
}

impl Sleep {
    pub(super) fn new(timer: Timer, due: Instant) -> Self {
        let how = match timer.0 {
            Kind::Coarse => How::Coarse(Box::pin(tokio::time::sleep_until(due))),
            Kind::Paused(_) | Kind::Precise(_) => How::Exact { timer, place: None },
        };
        Self { due, how }
    }

    /// The moment at which it ends.
    #[must_use]
    pub fn deadline(&self) -> Instant {
        self.due
    }
}

impl Future for Sleep {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        let due = self.due;
        match &mut self.how {
            How::Coarse(sleep) => sleep.as_mut().poll(cx),
            How::Exact { timer, place } => {
                if due <= Instant::now() {
                    timer.forget(place);
                    return Poll::Ready(());
                }
                timer.remember(due, place, cx.waker());
                Poll::Pending
            }
        }
    }
}

impl Drop for Sleep {
    fn drop(&mut self) {
        if let How::Exact { timer, place } = &mut self.how {
            timer.forget(place);
        }
    }
}

impl Timer {
    pub(super) fn sleepers(&self) -> Option<&Arc<Sleepers>> {
        match &self.0 {
            Kind::Coarse => None,
            Kind::Paused(sleepers) => Some(sleepers),
            Kind::Precise(alarm) => Some(alarm.sleepers()),
        }
    }

    fn remember(&self, due: Instant, place: &mut Option<Place>, waker: &Waker) {
        let Some(sleepers) = self.sleepers() else {
            return;
        };
        if place
            .as_ref()
            .is_some_and(|place| sleepers.renew(place, waker))
        {
            return;
        }
        let (added, is_first) = sleepers.add(due, waker.clone());
        *place = Some(added);
        if let (true, Kind::Precise(alarm)) = (is_first, &self.0) {
            alarm.look();
        }
    }

    fn forget(&self, place: &mut Option<Place>) {
        if let (Some(place), Some(sleepers)) = (place.take(), self.sleepers()) {
            sleepers.remove(&place);
        }
    }
}
