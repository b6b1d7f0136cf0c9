//! Ways onto the bus that fail as real ones do, for tests and simulations.
//!
//! [`Faulty`] wraps any [`Transport`] and plays with whole stanzas; [`FaultyDial`] wraps any
//! [`Dial`](super::Dial) and plays with bytes, and so with the log-in, too. Each is steered, while
//! it is used, by a handle whose clones are the same: [`Faults`] and [`Wire`]. Without a fault both
//! only pass on what comes.
//!
//! All waiting is the runtime's, or that of an exact [timer](Faults::with_timer), and all chance comes
//! from one [`Seed`](opensrf::ids::Seed), so that under a paused clock a run repeats.
//!
//! ```
//! use std::time::Duration;
//!
//! use opensrf::ids::Seed;
//! use opensrf_actors::host::{Access, Host};
//! use opensrf_actors::law::Law;
//! use opensrf_actors::services::math;
//! use opensrf_actors::transport::faulty::{Disorder, Faults, InFlight};
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let faults = Faults::new(Seed::new(17));
//! let host = Host::builder()
//!     .bus_access(Access::Embedded.with_faults(&faults))
//!     .service(math::service()?)
//!     .spawn()
//!     .await?;
//! host.ready().await?;
//!
//! // Each stanza takes a while, and some come twice.
//! faults.disorder(Disorder {
//!     delay: Law::uniform(Duration::from_millis(1), Duration::from_millis(3))?,
//!     twice: 0.2,
//!     ..Disorder::NONE
//! });
//! let sum: i64 = host.call("opensrf.math", "add", (2, 2)).await?.one()?;
//! assert_eq!(sum, 4);
//!
//! // Services and clients lose their connections, and get them back by themselves.
//! faults.heal();
//! faults.cut(InFlight::Lost);
//! while host.call("opensrf.math", "add", (2, 2)).await.is_err() {
//!     tokio::time::sleep(Duration::from_millis(10)).await;
//! }
//! host.shutdown().await?;
//! # Ok(()) }
//! ```

mod courier;
mod faults;
mod lane;
mod relay;
#[cfg(test)]
mod tests;
mod wire;

use std::pin::pin;
use std::sync::Arc;

use futures::future::LocalBoxFuture;
use opensrf::jid::Jid;
use opensrf::router::Bounces;
use tokio::sync::Notify;

pub use faults::{Disorder, Faults, InFlight, Tally};
pub use wire::{Amount, Break, FaultyDial, Wire};

use super::{Inbox, Link, LinkError, Transport};
use courier::Courier;
use relay::Relay;

/// One of the two ways between a party and its server.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Direction {
    /// From the party to the server.
    Sent,
    /// From the server to the party.
    Received,
}

/// Waits until something holds; whoever changes that says so.
async fn until(changed: &Notify, holds: impl Fn() -> bool) {
    loop {
        // Before looking, so that a change in between is not missed.
        let mut change = pin!(changed.notified());
        change.as_mut().enable();
        if holds() {
            return;
        }
        change.await;
    }
}

/// A transport with faults in what it carries.
#[derive(Debug, Clone)]
pub struct Faulty {
    inner: Arc<dyn Transport>,
    faults: Faults,
    courier: Courier,
}

impl Faulty {
    /// Uses `inner`, with the faults that `faults` steers.
    #[must_use]
    pub fn new(inner: Arc<dyn Transport>, faults: Faults) -> Self {
        let courier = faults.courier();
        Self {
            inner,
            faults,
            courier,
        }
    }
}

impl Transport for Faulty {
    fn connect(
        &self,
        jid: Jid,
        inbox: Inbox,
    ) -> LocalBoxFuture<'static, Result<Box<dyn Link>, LinkError>> {
        let Self {
            inner,
            faults,
            courier,
        } = self.clone();
        Box::pin(async move {
            let link = Relay::connect(inner, jid, faults, courier, inbox).await?;
            let link: Box<dyn Link> = Box::new(link);
            Ok(link)
        })
    }

    fn bounces(&self) -> Bounces {
        self.inner.bounces()
    }

    fn flushed(&self) -> LocalBoxFuture<'static, ()> {
        let (faults, inner) = (self.faults.clone(), Arc::clone(&self.inner));
        Box::pin(async move {
            faults.all_left().await;
            inner.flushed().await;
        })
    }
}
