//! A running host, from outside.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use opensrf::jid::Jid;
use opensrf::limits::BACKLOG;
use opensrf::pool::PoolSize;
use opensrf::session::SessionRules;
use tokio::sync::oneshot;

use super::plan::ServicePlan;
use super::root::HostCommand;
use super::{HostBuilder, HostError};
use crate::activity::Protected;
use crate::client::{Answers, Client, ClientError, IntoParams};
use crate::counters::{Counters, Figures};
use crate::jabber::{Incoming, Switch};
use crate::messages::ServiceOrder;
use crate::peer::{Peer, Slot};
use crate::service::Service;
use crate::status::HostStatus;
use crate::transport::{DuplexDial, Local};

/// A running host. Clones are the same host; dropping the last one does not end it.
#[derive(Debug, Clone)]
pub struct HostHandle {
    pub(super) root: Peer<HostCommand>,
    pub(super) client: Client,
    pub(super) addresses: Vec<SocketAddr>,
    pub(super) counters: Arc<Counters>,
    pub(super) routers: Vec<Jid>,
    pub(super) keepalive: Duration,
    pub(super) switch: Option<Arc<Switch>>,
    pub(super) protected: Protected,
    pub(super) incoming: Slot<Incoming>,
}

impl HostHandle {
    /// The host's own client.
    #[must_use]
    pub fn client(&self) -> &Client {
        &self.client
    }

    /// Calls a method of any drone of a service, and waits for all its results.
    ///
    /// # Errors
    /// [`ClientError`].
    pub async fn call(
        &self,
        service: &str,
        method: &str,
        params: impl IntoParams,
    ) -> Result<Answers, ClientError> {
        self.client.call(service, method, params).await
    }

    /// Another client, at an address of its own whose resource begins with `name`. It can be asked
    /// when it is [online](Client::online).
    ///
    /// # Errors
    /// [`HostError::Ended`] if the host has ended or has no bus.
    pub async fn new_client(&self, name: &str) -> Result<Client, HostError> {
        let mut clients = self.new_clients(name, 1).await?;
        clients.pop().ok_or(HostError::Ended)
    }

    /// As many clients as [`new_client`](Self::new_client) gives one by one, in one go: cheaper where they
    /// are very many. The embedded server may have to allow so many
    /// ([`HostBuilder::sessions_per_account`]).
    ///
    /// # Errors
    /// [`HostError::Ended`] if the host has ended or has no bus.
    pub async fn new_clients(&self, name: &str, number: usize) -> Result<Vec<Client>, HostError> {
        let (reply, clients) = oneshot::channel();
        self.tell(HostCommand::AddClients(name.to_owned(), number, reply))
            .await?;
        let clients = clients.await.map_err(|_| HostError::Ended)?;
        match clients.len() == number {
            true => Ok(clients),
            false => Err(HostError::Ended),
        }
    }

    /// Starts a service with 1 to 8 drones, and waits until routers know it.
    ///
    /// # Errors
    /// [`HostError`] if the host ends or has no bus, or the size is wrong.
    pub async fn add_service(&self, service: Service) -> Result<(), HostError> {
        self.add_service_sized(service, 1, 8).await
    }

    /// Starts a service with `min` to `max` drones, and waits until routers know it.
    ///
    /// # Errors
    /// [`HostError`] if the host ends or has no bus, or the size is wrong.
    pub async fn add_service_sized(
        &self,
        service: Service,
        min: usize,
        max: usize,
    ) -> Result<(), HostError> {
        let pool = PoolSize::new(min, max, BACKLOG)?.into();
        let routers = self.routers.clone();
        let plan = ServicePlan {
            service,
            pool,
            is_configured: false,
            rules: SessionRules {
                keepalive: self.keepalive,
                most_requests: None,
                max_run: None,
            },
            routers,
        };
        let (reply, up) = oneshot::channel();
        self.tell(HostCommand::AddService(Box::new(plan), reply))
            .await?;
        up.await.map_err(|_| HostError::Ended)
    }

    /// Has all services say `unregister` to their routers and go on serving what comes.
    ///
    /// # Errors
    /// [`HostError::Ended`] if the host has ended.
    pub async fn unregister(&self) -> Result<(), HostError> {
        self.tell(HostCommand::Services(ServiceOrder::Withdraw))
            .await
    }

    /// Has all services say `register` to their routers, after [`unregister`](Self::unregister) or
    /// without.
    ///
    /// # Errors
    /// [`HostError::Ended`] if the host has ended.
    pub async fn register(&self) -> Result<(), HostError> {
        self.tell(HostCommand::Services(ServiceOrder::Rejoin)).await
    }

    /// Has all services replace their drones: the idle ones at once, the others when they are done
    /// with what they have. No request is broken off.
    ///
    /// # Errors
    /// [`HostError::Ended`] if the host has ended.
    pub async fn renew_drones(&self) -> Result<(), HostError> {
        self.tell(HostCommand::Services(ServiceOrder::Renew)).await
    }

    /// Has the services that `wanted` has, and only those: what is new starts, what is gone drains,
    /// what stays gets its settings and new drones, without breaking off a request; so it is with
    /// the methods whose parameters are never logged. Services from
    /// [`add_service`](Self::add_service) stay. All else in `wanted` (server, router, bus) counts
    /// for a new host only.
    ///
    /// # Errors
    /// [`HostError`] says what is wrong with `wanted`, and nothing is changed; or the host has ended.
    pub async fn reload(&self, wanted: &HostBuilder) -> Result<(), HostError> {
        let plans = wanted.service_plans()?;
        self.protected.replace(wanted.protected.prefixes());
        self.tell(HostCommand::Reload(plans)).await
    }

    /// Waits until router and clients are on the bus and every service is registered and has a drone, if
    /// it keeps any.
    ///
    /// # Errors
    /// [`HostError::Ended`] if the host ends before.
    pub async fn ready(&self) -> Result<(), HostError> {
        let (reply, ready) = oneshot::channel();
        self.tell(HostCommand::WhenReady(reply)).await?;
        ready.await.map_err(|_| HostError::Ended)
    }

    /// The names of the parts that do not serve yet.
    ///
    /// # Errors
    /// [`HostError::Ended`] if the host has ended.
    pub async fn waits_for(&self) -> Result<Vec<String>, HostError> {
        let (reply, names) = oneshot::channel();
        self.tell(HostCommand::WaitsFor(reply)).await?;
        names.await.map_err(|_| HostError::Ended)
    }

    /// The TCP addresses that the embedded server listens on.
    #[must_use]
    pub fn addresses(&self) -> &[SocketAddr] {
        &self.addresses
    }

    /// Who is on the bus at the embedded server, in order; nobody without one.
    #[must_use]
    pub fn bound(&self) -> Vec<Jid> {
        self.switch
            .as_ref()
            .map(|switch| switch.addresses())
            .unwrap_or_default()
    }

    /// A way to the embedded server in bytes, without a socket, for whoever speaks Jabber within
    /// this process. Without such a server nobody answers.
    #[must_use]
    pub fn duplex(&self) -> DuplexDial {
        DuplexDial(self.incoming.clone())
    }

    /// A way to the embedded server as values, for other hosts of this process, by
    /// [`Access::Transport`](super::Access::Transport): it needs no account, and ends with this host.
    /// Without such a server nobody answers.
    ///
    /// ```
    /// # use std::sync::Arc;
    /// # use opensrf_actors::host::{Access, Host};
    /// # use opensrf_actors::services::math;
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// let hub = Host::builder().spawn().await?;
    /// let way = Access::Transport(Arc::new(hub.local()));
    /// let host = Host::builder().server_by(way, "opensrf", "localhost", "");
    /// let host = host.service(math::service()?).spawn().await?;
    /// host.ready().await?;
    /// let sum: i64 = hub.call("opensrf.math", "add", (2, 2)).await?.one()?;
    /// assert_eq!(sum, 4);
    /// # host.shutdown().await?;
    /// # hub.shutdown().await?;
    /// # Ok(()) }
    /// ```
    #[must_use]
    pub fn local(&self) -> Local {
        Local::new(match &self.switch {
            Some(switch) => Arc::clone(switch),
            None => Arc::new(Switch::closed()),
        })
    }

    /// What the host has done so far.
    #[must_use]
    pub fn figures(&self) -> Figures {
        self.counters.figures()
    }

    /// For how long requests of its clients were open, in sum, if none is open now.
    pub(crate) fn calls_open(&self) -> Duration {
        Duration::from_nanos(self.counters.calls_open_nanos.get())
    }

    /// What the host and all that runs in it do now. A child that does not answer within a second is
    /// in it without its answer.
    ///
    /// # Errors
    /// [`HostError::Ended`] if the host has ended.
    pub async fn status(&self) -> Result<HostStatus, HostError> {
        let (reply, status) = oneshot::channel();
        self.tell(HostCommand::Status(reply)).await?;
        status.await.map_err(|_| HostError::Ended)
    }

    /// Unregisters, finishes what was accepted, ends, and waits for that. What is not finished
    /// within the drain time is given up.
    ///
    /// # Errors
    /// [`HostError::Failed`] if the host ended because a part of it failed too often.
    pub async fn shutdown(&self) -> Result<(), HostError> {
        self.end(HostCommand::Drain).await
    }

    /// Ends at once, and waits for that. Who waits for an answer of a service gets status 503.
    ///
    /// # Errors
    /// [`HostError::Failed`] if the host ended because a part of it failed too often.
    pub async fn stop(&self) -> Result<(), HostError> {
        self.end(HostCommand::Stop).await
    }

    /// Waits until the host ends, by request or not.
    ///
    /// # Errors
    /// [`HostError::Failed`] if a part of it failed too often.
    pub async fn ended(&self) -> Result<(), HostError> {
        let (reply, ended) = oneshot::channel();
        if self.tell(HostCommand::WhenEnded(reply)).await.is_err() {
            return Ok(());
        }
        ended.await.unwrap_or(Ok(())).map_err(HostError::Failed)
    }

    async fn end(&self, command: HostCommand) -> Result<(), HostError> {
        let (reply, ended) = oneshot::channel();
        let told = async {
            self.tell(HostCommand::WhenEnded(reply)).await?;
            self.tell(command).await
        };
        if told.await.is_err() {
            return Ok(()); // it has ended before
        }
        ended.await.unwrap_or(Ok(())).map_err(HostError::Failed)
    }

    async fn tell(&self, command: HostCommand) -> Result<(), HostError> {
        self.root
            .tell_when_free(command)
            .await
            .map_err(|_| HostError::Ended)
    }
}
