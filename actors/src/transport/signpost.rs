//! A way onto the bus of a host of this process, which leads elsewhere when that host has been
//! started anew.

use std::sync::{Arc, PoisonError, RwLock};

use futures::future::LocalBoxFuture;
use opensrf::jid::Jid;
use opensrf::router::Bounces;

use super::{Inbox, Link, LinkError, Local, Transport};

/// Leads to a host of this process, which may change while it is used: to the one that was started in
/// place of one that ended. Links that there are stay where they are. Clones are the same.
///
/// ```
/// # use std::sync::Arc;
/// # use opensrf_actors::host::{Access, Host};
/// # use opensrf_actors::services::math;
/// # use opensrf_actors::transport::Signpost;
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let way = Signpost::default();
/// let access = Access::Transport(Arc::new(way.clone()));
/// let host = Host::builder().server_by(access, "opensrf", "localhost", "");
/// let host = host.service(math::service()?).spawn().await?;
///
/// let hub = Host::builder().spawn().await?;
/// way.lead_to(hub.local());
/// host.ready().await?;
/// hub.stop().await?;
///
/// let hub = Host::builder().spawn().await?;
/// way.lead_to(hub.local());
/// while hub.call("opensrf.math", "add", (2, 2)).await.is_err() {
///     tokio::time::sleep(std::time::Duration::from_millis(10)).await;
/// }
/// # host.shutdown().await?;
/// # hub.shutdown().await?;
/// # Ok(()) }
/// ```
#[derive(Debug, Clone, Default)]
pub struct Signpost(Arc<RwLock<Option<Local>>>);

impl Signpost {
    /// New links lead there from now on.
    pub fn lead_to(&self, host: Local) {
        self.point(Some(host));
    }

    /// New links cannot be had from now on.
    pub fn lead_nowhere(&self) {
        self.point(None);
    }

    fn point(&self, to: Option<Local>) {
        *self.0.write().unwrap_or_else(PoisonError::into_inner) = to;
    }

    fn leads_to(&self) -> Option<Local> {
        self.0
            .read()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }
}

impl Transport for Signpost {
    fn connect(
        &self,
        jid: Jid,
        inbox: Inbox,
    ) -> LocalBoxFuture<'static, Result<Box<dyn Link>, LinkError>> {
        match self.leads_to() {
            Some(host) => host.connect(jid, inbox),
            None => Box::pin(std::future::ready(Err(LinkError::Unreachable {
                address: "a server of this process".into(),
                reason: "the way leads nowhere".into(),
            }))),
        }
    }

    fn bounces(&self) -> Bounces {
        // Wherever it leads, it is to a switch.
        Bounces::Whole
    }

    fn flushed(&self) -> LocalBoxFuture<'static, ()> {
        match self.leads_to() {
            Some(host) => host.flushed(),
            None => Box::pin(std::future::ready(())),
        }
    }
}
