//! The parts of a host, as they are asked for.

use std::sync::Arc;
use std::time::Duration;

use opensrf::limits::{CONNECTIONS_PER_ADDRESS, DEAD_AFTER, SESSIONS_PER_ACCOUNT};
use opensrf::limits::{LOGIN_TIME, OUTBOX_BYTES, OUTBOX_PROGRESS, StreamLimits};
use opensrf::router::RoutingPolicy;
use opensrf::session::RouterName;
use opensrf::stream::LoginMethod;

use crate::jabber::{Cleartext, Socket};
use crate::sasl::Account;
use crate::service::Service;
use crate::transport::faulty::Faults;
use crate::transport::{Dial, Transport};

/// The domain and the host name of a network within one machine.
pub(super) const LOCALHOST: &str = "localhost";

/// How a party of this host gets onto the bus.
#[derive(Debug, Clone, Default)]
pub enum Access {
    /// Straight into the embedded server's switch.
    #[default]
    Embedded,
    /// To the embedded server in bytes, without a socket; for tests.
    Duplex,
    /// To a Jabber server at a socket, logging in as it likes it.
    Server(Socket, LoginMethod),
    /// To a Jabber server over streams of any other kind, such as those to a host of this process
    /// ([`HostHandle::duplex`](super::HostHandle::duplex)).
    Dial(Arc<dyn Dial>, LoginMethod),
    /// By any other way, which needs no log-in here: as values to a host of this process
    /// ([`HostHandle::local`](super::HostHandle::local)).
    Transport(Arc<dyn Transport>),
    /// One of these, with faults; for tests.
    Faulty(Box<Self>, Faults),
}

impl Access {
    /// The same with the faults that `faults` steers; for tests.
    #[must_use]
    pub fn with_faults(self, faults: &Faults) -> Self {
        Self::Faulty(Box::new(self), faults.clone())
    }

    /// Whether it goes to the embedded server by log-in, for which there must be an account.
    pub(super) fn logs_in_here(&self) -> bool {
        match self {
            Self::Duplex => true,
            Self::Embedded | Self::Server(..) | Self::Dial(..) | Self::Transport(_) => false,
            Self::Faulty(access, _) => access.logs_in_here(),
        }
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
    pub(crate) dead_after: Duration,
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
    pub(crate) policy: RoutingPolicy,
    pub(crate) dead_after: Duration,
}

impl RouterSpec {
    /// One that logs in as `user@domain/router` and trusts its own domain.
    pub(super) fn new(access: Access, user: &str, domain: &str, password: &str) -> Self {
        Self {
            user: user.into(),
            domain: domain.into(),
            resource: "router".into(),
            password: password.into(),
            access,
            trusted_clients: vec![domain.into()],
            trusted_servers: vec![domain.into()],
            policy: RoutingPolicy::default(),
            dead_after: DEAD_AFTER,
        }
    }
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
    pub(crate) dead_after: Duration,
}

/// A service to be.
#[derive(Debug, Clone)]
pub(crate) struct ServiceSpec {
    pub(crate) service: Service,
    pub(crate) min: usize,
    pub(crate) max: usize,
    pub(crate) backlog: usize,
    /// Requests after which a drone is replaced; never if absent.
    pub(crate) max_requests: Option<u64>,
    /// How long requests may wait for a drone at most.
    pub(crate) max_wait: Option<Duration>,
    /// How long methods may run that have no limit of their own.
    pub(crate) max_run: Option<Duration>,
    /// The host's own if absent.
    pub(crate) keepalive: Option<Duration>,
    /// Requests of one session; any number if absent.
    pub(crate) session_requests: Option<u64>,
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
            sessions_per_account: SESSIONS_PER_ACCOUNT,
            connections_per_address: CONNECTIONS_PER_ADDRESS,
            dead_after: DEAD_AFTER,
        }
    }
}

/// `host:port` or `unix:path`
pub(super) fn socket(address: &str) -> Socket {
    match address.strip_prefix("unix:") {
        Some(path) => Socket::Unix(path.into()),
        None => Socket::Tcp(address.to_owned()),
    }
}
