//! What a host is to be.

mod network;

use std::fmt;
use std::time::Duration;

use opensrf::limits::{BACKLOG, BLOCKING_METHODS, DEAD_AFTER};
use opensrf::router::RoutingPolicy;
use opensrf::session::RouterName;
use opensrf::stream::LoginMethod;

use super::spec::{Access, BusSpec, EmbeddedPlan, LOCALHOST, RouterSpec, ServiceSpec, socket};
use super::{HostError, HostHandle};
use crate::activity::Protected;
use crate::control::Place;
use crate::env::Env;
use crate::jabber::Tap;
use crate::sasl::Account;
use crate::service::Service;

/// Makes a [`HostBuilder`].
#[derive(Debug)]
pub struct Host;

impl Host {
    /// A host with an embedded server for `localhost`, a router, and no service yet.
    #[must_use]
    pub fn builder() -> HostBuilder {
        HostBuilder::default()
    }
}

/// What a host is to be. No setter has an effect before [`spawn`](Self::spawn) or
/// [`start`](Self::start).
pub struct HostBuilder {
    pub(crate) name: Option<String>,
    pub(crate) control: Option<Place>,
    pub(crate) env: Option<Env>,
    pub(crate) embedded: Option<EmbeddedPlan>,
    pub(crate) router: Option<RouterSpec>,
    pub(crate) further_routers: Vec<RouterSpec>,
    pub(crate) bus: Option<BusSpec>,
    pub(crate) services: Vec<ServiceSpec>,
    pub(crate) keepalive: Duration,
    pub(crate) drain: Duration,
    pub(crate) timeout: Duration,
    pub(crate) connect_timeout: Duration,
    pub(crate) tap: Option<Tap>,
    pub(crate) protected: Protected,
    pub(crate) blocking_threads: usize,
}

impl fmt::Debug for HostBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("HostBuilder")
            .field("services", &self.services)
            .finish_non_exhaustive()
    }
}

impl Default for HostBuilder {
    fn default() -> Self {
        let router = RouterName {
            name: "router".into(),
            domain: LOCALHOST.into(),
        };
        Self {
            name: None,
            control: None,
            env: None,
            embedded: Some(EmbeddedPlan::default()),
            router: Some(RouterSpec::new(Access::Embedded, "router", LOCALHOST, "")),
            further_routers: Vec::new(),
            bus: Some(BusSpec {
                user: "opensrf".into(),
                domain: LOCALHOST.into(),
                password: String::new(),
                access: Access::Embedded,
                routers: vec![(router, None)],
                host: LOCALHOST.into(),
                dead_after: DEAD_AFTER,
            }),
            services: Vec::new(),
            keepalive: Duration::from_secs(5),
            drain: Duration::from_secs(30),
            timeout: crate::client::DEFAULT_TIMEOUT,
            connect_timeout: crate::client::CONNECT_TIMEOUT,
            tap: None,
            protected: Protected::default(),
            blocking_threads: BLOCKING_METHODS,
        }
    }
}

impl HostBuilder {
    /// The Jabber domain of server, router and bus; `localhost` by default.
    #[must_use]
    pub fn domain(mut self, domain: &str) -> Self {
        let domain = domain.to_ascii_lowercase();
        if let Some(embedded) = &mut self.embedded {
            embedded.domains = vec![domain.clone()];
        }
        if let Some(router) = &mut self.router {
            router.trusted_clients = vec![domain.clone()];
            router.trusted_servers = vec![domain.clone()];
            router.domain.clone_from(&domain);
        }
        if let Some(bus) = &mut self.bus {
            for (router, _) in &mut bus.routers {
                router.domain.clone_from(&domain);
            }
            bus.domain = domain;
        }
        self
    }

    /// Takes connections at `address`, as `host:port` (port 0 for a free one) or `unix:path`; none
    /// by default, so that the network is within this process only.
    #[must_use]
    pub fn listen(mut self, address: &str) -> Self {
        let socket = socket(address);
        if let Some(embedded) = &mut self.embedded {
            embedded.listen.push(socket);
        }
        self
    }

    /// Lets others log in to the embedded server; nobody can by default. The parties of this host
    /// need no account.
    #[must_use]
    pub fn account(mut self, user: &str, password: &str) -> Self {
        let account = Account {
            user: user.into(),
            domain: None,
            password: password.into(),
        };
        if let Some(embedded) = &mut self.embedded {
            embedded.accounts.push(account);
        }
        self
    }

    /// Uses the Jabber server and the router at `address` (as `host:port` or `unix:path`) instead of its own: a
    /// service host, or only a client. User, password and domain are those of an account there.
    #[must_use]
    pub fn server(self, address: &str, user: &str, domain: &str, password: &str) -> Self {
        let access = Access::Server(socket(address), LoginMethod::Auto);
        self.server_by(access, user, domain, password)
    }

    /// Uses the Jabber server and the router that `access` leads to instead of its own, as
    /// [`server`](Self::server) does. With [`Access::Dial`] that may be a host of this process:
    ///
    /// ```
    /// # use std::sync::Arc;
    /// # use opensrf::stream::LoginMethod;
    /// # use opensrf_actors::host::{Access, Host};
    /// # use opensrf_actors::services::math;
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// let hub = Host::builder().account("opensrf", "secret").spawn().await?;
    /// let way = Access::Dial(Arc::new(hub.duplex()), LoginMethod::Auto);
    /// let host = Host::builder().server_by(way, "opensrf", "localhost", "secret");
    /// let host = host.service(math::service()?).spawn().await?;
    /// host.ready().await?;
    /// let sum: i64 = hub.call("opensrf.math", "add", (2, 2)).await?.one()?;
    /// assert_eq!(sum, 4);
    /// # host.shutdown().await?;
    /// # hub.shutdown().await?;
    /// # Ok(()) }
    /// ```
    #[must_use]
    pub fn server_by(mut self, access: Access, user: &str, domain: &str, password: &str) -> Self {
        self.embedded = None;
        self.router = None;
        let router = RouterName {
            name: "router".into(),
            domain: domain.into(),
        };
        let before = self.bus.map(|bus| (bus.host, bus.dead_after));
        let (host, dead_after) = before.unwrap_or_else(|| {
            let name = self.name.clone();
            (name.unwrap_or_else(|| LOCALHOST.into()), DEAD_AFTER)
        });
        self.bus = Some(BusSpec {
            user: user.into(),
            domain: domain.into(),
            password: password.into(),
            access,
            routers: vec![(router, None)],
            host,
            dead_after,
        });
        self
    }

    /// How long the other side of a connection may be silent before it is dead: clients of the
    /// embedded server, and servers that this host logs in to. 10 s by default, 1 s at least; 0 for
    /// never.
    #[must_use]
    pub fn dead_after(mut self, silence: Duration) -> Self {
        if let Some(embedded) = &mut self.embedded {
            embedded.dead_after = silence;
        }
        for router in self.router.iter_mut().chain(&mut self.further_routers) {
            router.dead_after = silence;
        }
        if let Some(bus) = &mut self.bus {
            bus.dead_after = silence;
        }
        self
    }

    /// How the routers of this host choose among the listeners of a service; round robin by default.
    #[must_use]
    pub fn policy(mut self, policy: RoutingPolicy) -> Self {
        for router in self.router.iter_mut().chain(&mut self.further_routers) {
            router.policy = policy;
        }
        self
    }

    /// How services and clients of this host get onto the bus; straight into the switch by default.
    #[must_use]
    pub fn bus_access(mut self, access: Access) -> Self {
        if let Some(bus) = &mut self.bus {
            bus.access = access;
        }
        self
    }

    /// How the router gets onto the bus; straight into the switch by default.
    #[must_use]
    pub fn router_access(mut self, access: Access) -> Self {
        if let Some(router) = &mut self.router {
            router.access = access;
        }
        self
    }

    /// Serves with 1 to 8 drones and a backlog of 1,000 requests.
    #[must_use]
    pub fn service(self, service: Service) -> Self {
        self.service_sized(service, 1, 8, BACKLOG)
    }

    /// Serves with `min` to `max` drones and a backlog of `backlog` requests.
    #[must_use]
    pub fn service_sized(
        mut self,
        service: Service,
        min: usize,
        max: usize,
        backlog: usize,
    ) -> Self {
        self.services.push(ServiceSpec {
            service,
            min,
            max,
            backlog,
            keepalive: None,
            session_requests: None,
            max_requests: None,
            max_wait: None,
            max_run: None,
        });
        self
    }

    /// Replaces each drone of the service added last after so many requests; never by default. A
    /// session counts as one.
    #[must_use]
    pub fn max_requests(self, requests: u64) -> Self {
        self.last(|service| service.max_requests = Some(requests))
    }

    /// Ends a session with the service added last at its next request, with 307, after so many
    /// requests; the client goes on with another drone. Any number by default.
    #[must_use]
    pub fn session_requests(self, requests: u64) -> Self {
        self.last(|service| service.session_requests = Some(requests))
    }

    /// Lets no request of the service added last wait longer for a drone; as long as its caller waits
    /// by default. One that waited longer is answered with 503, and not run.
    #[must_use]
    pub fn max_wait(self, wait: Duration) -> Self {
        self.last(|service| service.max_wait = Some(wait))
    }

    /// Lets no method of the service added last run longer, unless it has a
    /// [limit of its own](crate::service::ServiceBuilder::limit); as long as it likes by default. The
    /// caller of one that takes longer gets status 504, and its drone is replaced.
    #[must_use]
    pub fn max_run(self, limit: Duration) -> Self {
        self.last(|service| service.max_run = Some(limit))
    }

    /// Threads on which the [methods that block](crate::service::ServiceBuilder::blocking) may run
    /// at a time, at least one; 480 by default, of the 512 that a runtime of tokio has unless it was
    /// told otherwise.
    #[must_use]
    pub fn blocking_threads(mut self, threads: usize) -> Self {
        self.blocking_threads = threads;
        self
    }

    fn last(mut self, change: impl FnOnce(&mut ServiceSpec)) -> Self {
        self.services.last_mut().map(change);
        self
    }

    /// How long a session may be idle before its drone is freed; 5 s by default.
    #[must_use]
    pub fn keepalive(mut self, keepalive: Duration) -> Self {
        self.keepalive = keepalive;
        self
    }

    /// How long a shutdown may take; 30 s by default.
    #[must_use]
    pub fn drain(mut self, drain: Duration) -> Self {
        self.drain = drain;
        self
    }

    /// How long calls of the host's own client may take; 30 s by default.
    #[must_use]
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.timeout = timeout;
        self
    }

    /// A socket at which `opensrf status` finds the host; none by default.
    #[must_use]
    pub fn control(mut self, place: Place) -> Self {
        self.control = Some(place);
        self
    }

    /// The clock and the chance; the machine's by default.
    #[must_use]
    pub fn env(mut self, env: Env) -> Self {
        self.env = Some(env);
        self
    }

    /// Never logs the parameters of the methods in this list; of none by default.
    #[must_use]
    pub fn protected(mut self, protected: Protected) -> Self {
        self.protected = protected;
        self
    }

    /// Shows every stanza on the switch to `tap`.
    #[must_use]
    pub fn tap(mut self, tap: Tap) -> Self {
        self.tap = Some(tap);
        self
    }

    /// Starts the host on a thread of its own, inside any program.
    ///
    /// # Errors
    /// [`HostError`] names the first thing that is wrong.
    pub async fn spawn(self) -> Result<HostHandle, HostError> {
        let (reply, started) = tokio::sync::oneshot::channel();
        let thread = move || {
            let system = actix_rt::System::new();
            system.block_on(async move {
                let host = self.start().await;
                let running = host.as_ref().ok().cloned();
                // If nobody waits for the start any more, nobody could ever end it.
                if reply.send(host).is_ok()
                    && let Some(running) = running
                {
                    let _ = running.ended().await;
                }
            });
        };
        std::thread::Builder::new()
            .name("opensrf".into())
            .spawn(thread)
            .map_err(HostError::Thread)?;
        started.await.map_err(|_| HostError::Ended)?
    }
}
