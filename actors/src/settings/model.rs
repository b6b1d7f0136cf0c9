//! The values of a configuration, each as the rest of the program may rely on it.

use std::fmt;
use std::path::PathBuf;
use std::time::Duration;

use opensrf::router::RoutingPolicy;

use super::Password;

/// Where to listen, or where a server listens.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Address {
    /// `host:port`; an IPv6 host stands in brackets, as `std::net` reads it. Port 0 is a free one.
    Tcp(String),
    /// A socket in the file system, written `unix:path`; relative to the working directory.
    Unix(PathBuf),
}

impl Address {
    /// Where a client of the same machine reaches a server that listens here; nothing if the port
    /// is chosen by the system.
    pub(super) fn reachable(&self) -> Option<Self> {
        let Self::Tcp(text) = self else {
            return Some(self.clone());
        };
        let (host, port) = text.rsplit_once(':')?;
        let host = match host {
            _ if port == "0" => return None,
            "0.0.0.0" => "127.0.0.1",
            "[::]" => "[::1]",
            host => host,
        };
        Some(Self::Tcp(format!("{host}:{port}")))
    }
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Tcp(address) => f.write_str(address),
            Self::Unix(path) => write!(f, "unix:{}", path.display()),
        }
    }
}

/// The embedded Jabber server.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct JabberSettings {
    /// Where it takes connections; none if only parties of this process use it.
    pub listen: Vec<Address>,
    /// Its virtual hosts, at least one, no two the same.
    pub domains: Vec<String>,
    /// Who may log in to which virtual host with which password.
    pub accounts: Vec<JabberAccount>,
    /// When a password may cross an unencrypted connection.
    pub cleartext_login: CleartextLogin,
    /// Bytes of one stanza of a peer that has logged in; at least 10,000.
    pub stanza_bytes: usize,
    /// How long a peer may take to log in.
    pub login_time: Duration,
    /// Bytes that may wait for one connection; at least `stanza_bytes`.
    pub outbox_bytes: usize,
    /// How long a connection with bytes waiting may take none of them.
    pub outbox_progress: Duration,
    /// Sessions of one account.
    pub sessions_per_account: usize,
    /// Connections from one address of the network; this machine's own are not counted.
    pub connections_per_address: usize,
    /// How long a client may be silent before it is dead: at least 1 s, or 0 for never.
    pub dead_after: Duration,
}

/// An account of the embedded server.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct JabberAccount {
    /// The part before the `@`.
    pub user: String,
    /// Its virtual host; nothing for each of them.
    pub domain: Option<String>,
    /// Nothing if it is to be made up: [`Settings::resolve_secrets`](super::Settings).
    pub password: Option<Password>,
}

/// When a password may cross an unencrypted connection, by SASL PLAIN or `jabber:iq:auth`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum CleartextLogin {
    /// Between programs of this machine.
    Loopback,
    /// Always.
    Anywhere,
    /// Never; a digest or SCRAM is needed.
    Never,
}

/// Who a router or the services of this host log in as.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct Account {
    /// The part before the `@`.
    pub user: String,
    /// Nothing if the embedded server has this account: then its password counts.
    pub password: Option<Password>,
}

/// The router of this host.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct RouterSettings {
    /// The virtual host it logs in to.
    pub domain: String,
    /// Its resource: `router@domain/<name>`.
    pub name: String,
    /// An external Jabber server; nothing for the embedded one.
    pub address: Option<Address>,
    /// Who it logs in as.
    pub account: Account,
    /// Domains whose clients may send requests; at least one.
    pub trusted_clients: Vec<String>,
    /// Domains whose listeners may register; at least one.
    pub trusted_servers: Vec<String>,
    /// How it chooses among the listeners of a service.
    pub policy: RoutingPolicy,
    /// How long the server at `address` may be silent before it is dead: at least 1 s, or 0 for never.
    pub dead_after: Duration,
}

/// How the services and clients of this host log in.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct BusSettings {
    /// The virtual host they log in to.
    pub domain: String,
    /// A Jabber server to connect to; nothing for straight into the embedded one.
    pub address: Option<Address>,
    /// How they log in to the server at `address`.
    pub login: LoginMethod,
    /// Who they log in as.
    pub account: Account,
    /// Where listeners register, at least one; clients ask the first.
    pub routers: Vec<RouterAddress>,
    /// How long the server at `address` may be silent before it is dead: at least 1 s, or 0 for never.
    pub dead_after: Duration,
}

/// How to log in to a server.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum LoginMethod {
    /// The best that the server offers.
    Auto,
    /// `jabber:iq:auth` straight away, as OpenSRF's own programs do.
    Legacy,
}

/// A router, seen from a host.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct RouterAddress {
    /// Its user name: services are asked for at `<name>@<domain>/<service>`.
    pub name: String,
    /// Its domain.
    pub domain: String,
    /// The only services that register with it; nothing for all.
    pub services: Option<Vec<String>>,
}

/// A service of this host.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct ServiceSettings {
    /// Such as `opensrf.math`; no two the same.
    pub name: String,
    /// Drones that are always there.
    pub min_drones: u32,
    /// Drones at most; at least 1 and at least `min_drones`.
    pub max_drones: u32,
    /// Requests that wait for a drone; 0 to refuse at once.
    pub backlog: usize,
    /// How long a connected session may be idle.
    pub keepalive: Duration,
    /// Sessions that a drone serves before another takes its place; 0 for no end.
    pub max_requests: u64,
    /// Requests of one connected session before it is told to begin again (307); 0 for no end.
    pub session_requests: u64,
    /// How long a request may wait for a drone; nothing for as long as its caller waits.
    pub max_wait: Option<Duration>,
    /// How long a method may run that has no limit of its own; nothing for as long as it likes.
    pub max_run: Option<Duration>,
    /// What the service itself wants to know: an object, empty if nothing is set.
    pub settings: serde_json::Value,
}

/// What is logged, and how.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct LogSettings {
    /// A filter that `tracing_subscriber::EnvFilter` reads.
    pub level: String,
    /// The look of a line.
    pub format: LogFormat,
    /// How the names of methods begin whose parameters are never logged.
    pub protect: Vec<String>,
}

/// The look of a line of the log.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum LogFormat {
    /// As `Human`, until there is a better choice for what is not a terminal.
    Auto,
    /// Text, with colours on a terminal.
    Human,
    /// One JSON object a line.
    Json,
}

/// What holds for clients of this host.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct ClientSettings {
    /// How long a request may stay without an answer.
    pub timeout: Duration,
    /// How long a drone may take to accept a CONNECT.
    pub connect_timeout: Duration,
}

/// This host.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct HostSettings {
    /// Its name in addresses, fit for a resource.
    pub name: String,
    /// How long calls may still run when it stops.
    pub drain: Duration,
    /// The socket at which `opensrf status` asks it; nothing for one in the state folder.
    pub control: Option<ControlSocket>,
}

/// The socket at which a host is asked from outside.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum ControlSocket {
    /// At this path, written `unix:path`.
    At(PathBuf),
    /// None, written as an empty text.
    Nowhere,
}
