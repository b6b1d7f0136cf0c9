//! A length of time that passes.

use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll, Waker};

use super::sleepers::{Moment, Place, Sleepers};
use super::{Kind, Timer};

/// Ready when its moment has come. See [`Timer::sleep`].
///
/// # Cancel safety
/// Dropped, it leaves nothing behind.
#[derive(Debug)]
#[must_use = "nobody sleeps unless this is awaited"]
pub struct Sleep(How);

#[derive(Debug)]
enum How {
    Coarse(Pin<Box<tokio::time::Sleep>>),
    Exact {
        timer: Timer,
        due: Moment,
        place: Option<Place>,
    },
}

impl Sleep {
    pub(super) fn coarse(sleep: tokio::time::Sleep) -> Self {
        Self(How::Coarse(Box::pin(sleep)))
    }

    pub(super) fn exact(timer: Timer, due: Moment) -> Self {
        let place = None;
        Self(How::Exact { timer, due, place })
    }
}

impl Future for Sleep {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        match &mut self.0 {
            How::Coarse(sleep) => sleep.as_mut().poll(cx),
            How::Exact { timer, due, place } => {
                if timer.now().is_some_and(|now| *due <= now) {
                    timer.forget(place);
                    return Poll::Ready(());
                }
                timer.remember(*due, place, cx.waker());
                Poll::Pending
            }
        }
    }
}

impl Drop for Sleep {
    fn drop(&mut self) {
        if let How::Exact { timer, place, .. } = &mut self.0 {
            timer.forget(place);
        }
    }
}

impl Timer {
    pub(super) fn sleepers(&self) -> Option<&Sleepers> {
        match &self.0 {
            Kind::Coarse => None,
            Kind::Paused(clock) => Some(clock.sleepers()),
            Kind::Precise(alarm) => Some(alarm.sleepers()),
        }
    }

    fn remember(&self, due: Moment, place: &mut Option<Place>, waker: &Waker) {
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
