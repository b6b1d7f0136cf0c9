//! What a host tells of itself. Every length of time is in seconds, every queue in stanzas.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::seconds;
use crate::counters::Figures;

/// A host with all that runs in it, at one moment.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct HostStatus {
    /// Its name in addresses.
    pub name: String,
    /// The version of the program.
    pub version: String,
    /// Its process.
    pub pid: u32,
    /// How long it has run.
    #[serde(with = "seconds", rename = "uptime_seconds")]
    pub uptime: Duration,
    /// Whether it runs or ends.
    pub phase: HostPhase,
    /// What it has done so far.
    pub figures: Figures,
    /// Its children, in the order in which they were added.
    pub children: Vec<ChildStatus>,
}

/// How far the end of a host is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum HostPhase {
    /// It serves.
    Running,
    /// It finishes what was accepted, and ends.
    Draining,
    /// It ends now.
    Stopping,
}

/// One child of a host.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct ChildStatus {
    /// What it is.
    pub kind: ChildKind,
    /// Which one: an address, or the name of a service.
    pub name: String,
    /// What it does now.
    pub state: ChildState,
    /// How long it has run; nothing while it does not.
    #[serde(with = "seconds::optional", rename = "uptime_seconds")]
    pub uptime: Option<Duration>,
    /// How often it was started again.
    pub restarts: u64,
    /// How it ended last, if it ever did.
    pub last_exit: Option<LastExitStatus>,
    /// What it answers about itself; nothing if it does not run, or does not answer in time.
    pub answer: Option<Answer>,
}

/// What a child is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum ChildKind {
    /// The embedded Jabber server.
    Server,
    /// A router.
    Router,
    /// A service: its listener with the drones.
    Service,
    /// A client.
    Client,
}

/// What a child does now.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum ChildState {
    /// It runs and does not serve yet.
    Starting,
    /// It serves.
    Up,
    /// It failed, and waits for its restart.
    Restarting {
        /// How long it still waits.
        #[serde(with = "seconds")]
        in_seconds: Duration,
    },
    /// It finishes what it has, and ends.
    Draining,
}

/// How a child ended last.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct LastExitStatus {
    /// How.
    pub exit: String,
    /// How long ago.
    #[serde(with = "seconds", rename = "ago_seconds")]
    pub ago: Duration,
}

/// What a part answers when it is asked what it does.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Answer {
    /// How long the question waited in its mailbox.
    #[serde(with = "seconds", rename = "mailbox_delay_seconds")]
    pub mailbox_delay: Duration,
    /// Its place on the bus; the embedded server has none.
    pub bus: Option<BusStatus>,
    /// What only parts of its kind can tell.
    pub detail: Detail,
}

/// A party's place on the bus.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct BusStatus {
    /// Its address.
    pub address: String,
    /// Whether it is on the bus.
    pub is_on: bool,
    /// For how long it has been so.
    #[serde(with = "seconds", rename = "for_seconds")]
    pub since: Duration,
    /// Why it is off the bus: what its last attempt to get there came to, or how the connection ended.
    #[serde(default)]
    pub reason: Option<String>,
    /// Stanzas that it has not looked at yet.
    pub inbox: usize,
}

/// What only parts of one kind can tell.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Detail {
    /// Of the embedded server.
    Server(ServerStatus),
    /// Of a router: its classes by name.
    Router(Vec<ClassStatus>),
    /// Of a service.
    Service(ServiceStatus),
    /// Of a client.
    Client(ClientStatus),
}

/// The embedded Jabber server.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct ServerStatus {
    /// Connections from elsewhere, logged in or not.
    pub connections: usize,
    /// Addresses that are bound, those of this process among them.
    pub sessions: usize,
    /// Bytes that wait for all connections.
    pub bytes_waiting: usize,
    /// Bytes that may wait for one.
    pub outbox_bytes: usize,
    /// The connection for which most bytes wait, if any do.
    pub fullest: Option<OutboxStatus>,
}

/// What waits for one connection.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct OutboxStatus {
    /// Who is bound there.
    pub address: String,
    /// Bytes that wait.
    pub bytes: usize,
}

/// A registered service, as its router sees it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct ClassStatus {
    /// The service.
    pub name: String,
    /// What the class answers; nothing if it does not in time.
    pub answer: Option<ClassAnswer>,
}

/// What a service class answers.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct ClassAnswer {
    /// How long the question waited in its mailbox.
    #[serde(with = "seconds", rename = "mailbox_delay_seconds")]
    pub mailbox_delay: Duration,
    /// Its place on the bus.
    pub bus: BusStatus,
    /// How it chooses among its listeners, as in settings.
    #[serde(default)]
    pub policy: String,
    /// Requests passed on so far.
    pub forwarded: u64,
    /// Those that came back.
    pub bounced: u64,
    /// Requests whose callers were told that nobody takes them.
    pub refused: u64,
    /// The listeners, in the order in which they registered.
    pub nodes: Vec<NodeStatus>,
}

/// A listener, as a service class sees it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct NodeStatus {
    /// Its address.
    pub address: String,
    /// How long ago it registered first.
    #[serde(with = "seconds", rename = "registered_seconds")]
    pub registered: Duration,
    /// How long ago it said so last.
    #[serde(with = "seconds", rename = "last_registered_seconds")]
    pub last_registered: Duration,
    /// Requests passed on to it.
    pub forwarded: u64,
    /// Those that came back.
    pub bounced: u64,
    /// How many drones it may have; nothing if it does not say.
    #[serde(default)]
    pub drones: Option<u32>,
    /// Requests that it holds, those on their way to it counted; nothing if the class does not ask, or
    /// the listener does not report.
    #[serde(default)]
    pub outstanding: Option<u64>,
}

/// A service.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct ServiceStatus {
    /// Drones that log in.
    pub starting: usize,
    /// Drones without work.
    pub idle: usize,
    /// Drones at work, or kept by a session.
    pub busy: usize,
    /// Drones that should always be there.
    pub min: usize,
    /// Drones at most.
    pub max: usize,
    /// For how long the drone that has been busy longest has been so.
    #[serde(with = "seconds::optional", rename = "longest_busy_seconds")]
    pub longest_busy: Option<Duration>,
    /// Requests that wait for a drone.
    pub backlog: usize,
    /// Requests that may wait.
    pub backlog_bound: usize,
    /// For how long the figures below have been gathered. Who asks twice gets averages between by
    /// their growth: busy drones, waiting requests, requests a second.
    #[serde(with = "seconds", rename = "watched_seconds", default)]
    pub watched: Duration,
    /// How long drones were at work or kept by a session, summed over all drones.
    #[serde(with = "seconds", rename = "busy_seconds", default)]
    pub busy_time: Duration,
    /// How long requests waited for a drone, summed over all requests.
    #[serde(with = "seconds", rename = "waited_seconds", default)]
    pub waited: Duration,
    /// Requests given to a drone.
    #[serde(default)]
    pub assigned: u64,
    /// Requests turned away because there was no room, no drone, or an end.
    #[serde(default)]
    pub refused: u64,
    /// Requests turned away because they had waited too long.
    #[serde(default)]
    pub expired: u64,
    /// Its routers, in the order of the configuration.
    pub registrations: Vec<RegistrationStatus>,
}

/// A service at one of its routers.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct RegistrationStatus {
    /// The router.
    pub router: String,
    /// What it knows of the service.
    pub state: RegistrationState,
    /// For how long that has been so.
    #[serde(with = "seconds", rename = "for_seconds")]
    pub since: Duration,
}

/// How far a service is with one of its routers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum RegistrationState {
    /// The service is off the bus.
    Offline,
    /// It has said `register`, and the router does not know it yet.
    Registering,
    /// The router knows it.
    Registered,
    /// It was told to keep away.
    Withdrawn,
    /// It has said `unregister`, or is gone.
    Leaving,
}

/// A client.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct ClientStatus {
    /// Requests without an end yet.
    pub open_requests: usize,
    /// Sessions that are open.
    pub sessions: usize,
}
