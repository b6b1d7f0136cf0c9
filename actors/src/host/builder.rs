//! What a host is to be.

use std::fmt;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use actix::Actor;
use opensrf::jid::{Jid, JidError};
use opensrf::limits::{BACKLOG, LOGIN_TIME, OUTBOX_BYTES, OUTBOX_PROGRESS, StreamLimits};
use opensrf::pool::{PoolSize, PoolSizeError};
use opensrf::router::{Trust, TrustError};
use opensrf::session::RouterName;
use opensrf::stream::LoginMethod;

use super::HostHandle;
use super::root::{BusPlan, Root, RootPlan, ServicePlan};
use crate::client::Client;
use crate::counters::Counters;
use crate::env::Env;
use crate::jabber::{Bound, Cleartext, Incoming, ListenError, ServerPlan, Socket, Switch, Tap};
use crate::peer::{Peer, Slot};
use crate::router::RouterPlan;
use crate::sasl::{Account, AccountError, Accounts};
use crate::service::{Service, ServiceError};
use crate::services;
use crate::transport::{Credentials, Dial, DuplexDial, Local, TcpDial, Transport, UnixDial, Xmpp};

/// Why a host cannot start, or does not run any more.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum HostError {
    /// A socket cannot be listened on.
    #[error(transparent)]
    Listen(#[from] ListenError),
    /// The accounts are wrong.
    #[error(transparent)]
    Account(#[from] AccountError),
    /// A service is wrong.
    #[error(transparent)]
    Service(#[from] ServiceError),
    /// A service that is not on board.
    #[error("service {0} is not on board; there are: {list}", list = services::NAMES.join(", "))]
    NoSuchService(String),
    /// A pool of drones is wrong.
    #[error(transparent)]
    Pool(#[from] PoolSizeError),
    /// The router would trust nobody.
    #[error(transparent)]
    Trust(#[from] TrustError),
    /// An account, domain or name cannot be part of an address.
    #[error("{what} cannot be part of an address: {error}")]
    Address {
        /// Which one.
        what: String,
        /// What is wrong with it.
        error: JidError,
    },
    /// Router or services want an embedded server that is not there.
    #[error("there is no embedded server; give router and bus the address of one")]
    NoServer,
    /// The system lets no signal be waited for.
    #[error("no signals: {0}")]
    Signals(std::io::Error),
    /// The system gave no thread.
    #[error("no thread for the host: {0}")]
    Thread(std::io::Error),
    /// A part of the host failed too often.
    #[error("the host ended: {0}")]
    Failed(String),
    /// The host has ended.
    #[error("the host has ended")]
    Ended,
}

/// How a party of this host gets onto the bus.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum Access {
    /// Straight into the embedded server's switch.
    #[default]
    Embedded,
    /// To the embedded server in bytes, without a socket; for tests.
    Duplex,
    /// To a Jabber server at a socket, logging in as it likes it.
    Server(Socket, LoginMethod),
}

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

/// The embedded Jabber server to be.
#[derive(Debug, Clone)]
pub(crate) struct EmbeddedPlan {
    pub(crate) listen: Vec<Socket>,
    pub(crate) domains: Vec<String>,
    pub(crate) accounts: Vec<Account>,
    pub(crate) cleartext: Cleartext,
    pub(crate) limits: StreamLimits,
    pub(crate) login_time: Duration,
    pub(crate) outbox_bytes: usize,
    pub(crate) outbox_progress: Duration,
    pub(crate) sessions_per_account: usize,
    pub(crate) connections_per_address: usize,
}

/// The router to be.
#[derive(Debug, Clone)]
pub(crate) struct RouterSpec {
    pub(crate) user: String,
    pub(crate) domain: String,
    pub(crate) resource: String,
    pub(crate) password: String,
    pub(crate) access: Access,
    pub(crate) trusted_clients: Vec<String>,
    pub(crate) trusted_servers: Vec<String>,
}

/// The bus to be used.
#[derive(Debug, Clone)]
pub(crate) struct BusSpec {
    pub(crate) user: String,
    pub(crate) domain: String,
    pub(crate) password: String,
    pub(crate) access: Access,
    /// Where listeners register: name, domain, and the services that it is for if not all.
    pub(crate) routers: Vec<(RouterName, Option<Vec<String>>)>,
    pub(crate) host: String,
}

/// A service to be.
#[derive(Debug, Clone)]
pub(crate) struct ServiceSpec {
    pub(crate) service: Service,
    pub(crate) min: usize,
    pub(crate) max: usize,
    pub(crate) backlog: usize,
    /// The host's own if absent.
    pub(crate) keepalive: Option<Duration>,
}

/// What a host is to be. No setter has an effect before [`spawn`](Self::spawn) or
/// [`start`](Self::start).
pub struct HostBuilder {
    pub(crate) env: Option<Env>,
    pub(crate) embedded: Option<EmbeddedPlan>,
    pub(crate) router: Option<RouterSpec>,
    pub(crate) bus: Option<BusSpec>,
    pub(crate) services: Vec<ServiceSpec>,
    pub(crate) keepalive: Duration,
    pub(crate) drain: Duration,
    pub(crate) timeout: Duration,
    pub(crate) connect_timeout: Duration,
    pub(crate) tap: Option<Tap>,
}

impl fmt::Debug for HostBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("HostBuilder")
            .field("services", &self.services)
            .finish_non_exhaustive()
    }
}

const LOCALHOST: &str = "localhost";

impl Default for HostBuilder {
    fn default() -> Self {
        let router = RouterName {
            name: "router".into(),
            domain: LOCALHOST.into(),
        };
        Self {
            env: None,
            embedded: Some(EmbeddedPlan::default()),
            router: Some(RouterSpec {
                user: "router".into(),
                domain: LOCALHOST.into(),
                resource: "router".into(),
                password: String::new(),
                access: Access::Embedded,
                trusted_clients: vec![LOCALHOST.into()],
                trusted_servers: vec![LOCALHOST.into()],
            }),
            bus: Some(BusSpec {
                user: "opensrf".into(),
                domain: LOCALHOST.into(),
                password: String::new(),
                access: Access::Embedded,
                routers: vec![(router, None)],
                host: LOCALHOST.into(),
            }),
            services: Vec::new(),
            keepalive: Duration::from_secs(5),
            drain: Duration::from_secs(30),
            timeout: crate::client::DEFAULT_TIMEOUT,
            connect_timeout: crate::client::CONNECT_TIMEOUT,
            tap: None,
        }
    }
}

impl Default for EmbeddedPlan {
    fn default() -> Self {
        Self {
            listen: Vec::new(),
            domains: vec![LOCALHOST.into()],
            accounts: Vec::new(),
            cleartext: Cleartext::default(),
            limits: StreamLimits::AUTHENTICATED,
            login_time: LOGIN_TIME,
            outbox_bytes: OUTBOX_BYTES,
            outbox_progress: OUTBOX_PROGRESS,
            sessions_per_account: opensrf::limits::SESSIONS_PER_ACCOUNT,
            connections_per_address: opensrf::limits::CONNECTIONS_PER_ADDRESS,
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
        let socket = match address.strip_prefix("unix:") {
            Some(path) => Socket::Unix(PathBuf::from(path)),
            None => Socket::Tcp(address.to_owned()),
        };
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

    /// Uses the Jabber server and the router at `address` (as `host:port`) instead of its own: a
    /// service host, or only a client. User, password and domain are those of an account there.
    #[must_use]
    pub fn server(mut self, address: &str, user: &str, domain: &str, password: &str) -> Self {
        self.embedded = None;
        self.router = None;
        let router = RouterName {
            name: "router".into(),
            domain: domain.into(),
        };
        self.bus = Some(BusSpec {
            user: user.into(),
            domain: domain.into(),
            password: password.into(),
            access: Access::Server(Socket::Tcp(address.into()), LoginMethod::Auto),
            routers: vec![(router, None)],
            host: LOCALHOST.into(),
        });
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
        });
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

    /// The clock and the chance; the machine's by default.
    #[must_use]
    pub fn env(mut self, env: Env) -> Self {
        self.env = Some(env);
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

    /// Starts the host inside the actix `System` of this thread.
    ///
    /// # Errors
    /// [`HostError`] names the first thing that is wrong.
    pub async fn start(mut self) -> Result<HostHandle, HostError> {
        let mut env = self.env.take().unwrap_or_else(Env::real);
        self.make_accounts(&mut env);
        let counters = Arc::new(Counters::default());
        let incoming = Slot::default();
        let mut addresses = Vec::new();
        let mut server = None;
        if let Some(embedded) = &self.embedded {
            let mut sockets = Vec::new();
            for socket in &embedded.listen {
                let bound = Bound::new(socket).await?;
                addresses.extend(bound.tcp());
                sockets.push(Arc::new(bound));
            }
            let switch = Switch::new(
                embedded.domains.iter().cloned(),
                embedded.sessions_per_account,
                Arc::clone(&counters),
                self.tap.take(),
            );
            server = Some((embedded.server_plan()?, Arc::new(switch), sockets));
        }
        let switch = server.as_ref().map(|(_, switch, _)| switch);
        let ways = Ways {
            switch,
            incoming: &incoming,
            env: &env,
        };
        let router = self
            .router
            .as_ref()
            .map(|spec| spec.plan(&ways))
            .transpose()?;
        let bus = self.bus.as_ref().map(|spec| spec.plan(&ways)).transpose()?;
        let client_slot = Slot::default();
        let router_name = self.router_name();
        let client = Client::new(client_slot.clone(), router_name)
            .with_timeout(self.timeout)
            .with_connect_timeout(self.connect_timeout);
        let services = self.service_plans()?;
        let handle_parts = (Arc::clone(&counters), self.routers_of(None)?);
        let plan = RootPlan {
            env,
            counters,
            server,
            incoming,
            router,
            bus,
            services,
            client: client.clone(),
            client_slot,
            drain: self.drain,
        };
        let (counters, routers) = handle_parts;
        let handle = HostHandle {
            root: Peer::new(Root::new(plan).start()),
            client,
            addresses,
            counters,
            routers,
            keepalive: self.keepalive,
        };
        // An answer means that the host has begun: its client can be asked from now on.
        handle.waits_for().await?;
        Ok(handle)
    }

    /// The parties of this host that log in to the embedded server by bytes need accounts there.
    fn make_accounts(&mut self, env: &mut Env) {
        let Some(embedded) = &mut self.embedded else {
            return;
        };
        let router = self
            .router
            .as_mut()
            .map(|r| (&r.user, &mut r.password, &r.access));
        let bus = self
            .bus
            .as_mut()
            .map(|b| (&b.user, &mut b.password, &b.access));
        for (user, password, access) in router.into_iter().chain(bus) {
            if *access != Access::Duplex {
                continue;
            }
            match embedded
                .accounts
                .iter()
                .find(|account| account.user == *user)
            {
                Some(account) => password.clone_from(&account.password),
                None => {
                    *password = format!("{:016x}{:016x}", env.secret(), env.secret());
                    let (user, password) = (user.clone(), password.clone());
                    embedded.accounts.push(Account {
                        user,
                        domain: None,
                        password,
                    });
                }
            }
        }
    }

    fn router_name(&self) -> RouterName {
        let first = self.bus.as_ref().and_then(|bus| bus.routers.first());
        first.map_or_else(
            || RouterName {
                name: "router".into(),
                domain: LOCALHOST.into(),
            },
            |(router, _)| router.clone(),
        )
    }

    fn service_plans(&self) -> Result<Vec<ServicePlan>, HostError> {
        let plan = |spec: &ServiceSpec| {
            Ok(ServicePlan {
                size: PoolSize::new(spec.min, spec.max, spec.backlog)?,
                keepalive: spec.keepalive.unwrap_or(self.keepalive),
                routers: self.routers_of(Some(spec.service.name()))?,
                service: spec.service.clone(),
            })
        };
        self.services.iter().map(plan).collect()
    }

    /// The routers that a service registers with; all of them for `None`.
    fn routers_of(&self, service: Option<&str>) -> Result<Vec<Jid>, HostError> {
        let Some(bus) = &self.bus else {
            return Ok(Vec::new());
        };
        let wanted = |only: &Option<Vec<String>>| match (only, service) {
            (Some(only), Some(service)) => only.iter().any(|name| name == service),
            _ => true,
        };
        let routers = bus.routers.iter().filter(|(_, only)| wanted(only));
        routers
            .map(|(router, _)| jid(&router.name, &router.domain, "router"))
            .collect()
    }
}

impl EmbeddedPlan {
    fn server_plan(&self) -> Result<ServerPlan, HostError> {
        Ok(ServerPlan {
            domains: self.domains.clone(),
            accounts: Arc::new(Accounts::new(self.accounts.iter().cloned())?),
            cleartext: self.cleartext,
            limits: self.limits,
            login_time: self.login_time,
            outbox_bytes: self.outbox_bytes,
            outbox_progress: self.outbox_progress,
            connections_per_address: self.connections_per_address,
        })
    }
}

impl RouterSpec {
    fn plan(&self, ways: &Ways<'_>) -> Result<RouterPlan, HostError> {
        Ok(RouterPlan {
            address: jid(&self.user, &self.domain, &self.resource)?,
            trust: Trust::new(self.trusted_clients.clone(), self.trusted_servers.clone())?,
            transport: ways.transport(&self.access, &self.password)?,
        })
    }
}

impl BusSpec {
    fn plan(&self, ways: &Ways<'_>) -> Result<BusPlan, HostError> {
        jid(&self.user, &self.domain, &self.host)?;
        let router = self.routers.first().map(|(router, _)| router.clone());
        Ok(BusPlan {
            user: self.user.clone(),
            domain: self.domain.clone(),
            host: self.host.clone(),
            router: router.unwrap_or(RouterName {
                name: "router".into(),
                domain: self.domain.clone(),
            }),
            transport: ways.transport(&self.access, &self.password)?,
        })
    }
}

fn jid(user: &str, domain: &str, resource: &str) -> Result<Jid, HostError> {
    Jid::new(user, domain, resource).map_err(|error| HostError::Address {
        what: format!("{user}@{domain}/{resource}"),
        error,
    })
}

/// The ways onto the bus that this host has.
struct Ways<'a> {
    switch: Option<&'a Arc<Switch>>,
    incoming: &'a Slot<Incoming>,
    env: &'a Env,
}

impl Ways<'_> {
    fn transport(&self, access: &Access, password: &str) -> Result<Arc<dyn Transport>, HostError> {
        let (dial, method): (Arc<dyn Dial>, _) = match access {
            Access::Embedded => {
                let switch = self.switch.ok_or(HostError::NoServer)?;
                return Ok(Arc::new(Local::new(Arc::clone(switch))));
            }
            Access::Duplex => (
                Arc::new(DuplexDial(self.incoming.clone())),
                LoginMethod::Auto,
            ),
            Access::Server(Socket::Tcp(address), method) => {
                (Arc::new(TcpDial(address.clone())), *method)
            }
            Access::Server(Socket::Unix(path), method) => {
                (Arc::new(UnixDial(path.clone())), *method)
            }
        };
        let credentials = Credentials {
            password: password.to_owned(),
            method,
        };
        Ok(Arc::new(Xmpp::new(
            dial,
            credentials,
            self.env.fork("xmpp"),
        )))
    }
}
