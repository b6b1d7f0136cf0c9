//! Every bound in one place, with its default.
//!
//! The figures for streams follow what ejabberd 26.04 and Prosody 0.12.6 adopted after
//! CVE-2026-43507 (a small stanza, few elements before log-in); RFC 6120 §13.12 forbids a stanza
//! limit below 10,000 bytes.

use std::time::Duration;

/// What one XML stream may cost its reader.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct StreamLimits {
    /// Bytes of one top-level element, start tag to end tag.
    pub stanza_bytes: usize,
    /// Elements in one top-level element, itself counted.
    pub elements: usize,
    /// Nesting depth of one top-level element, itself counted as 1.
    pub depth: usize,
    /// Attributes of one element.
    pub attributes: usize,
    /// Bytes of one element or attribute name.
    pub name_bytes: usize,
    /// Bytes of one attribute value as written.
    pub attribute_bytes: usize,
    /// Namespace declarations in one top-level element.
    pub namespaces: usize,
}

impl StreamLimits {
    /// The limits of a peer that has not proved who it is.
    pub const UNAUTHENTICATED: Self = Self {
        stanza_bytes: 10_000,
        elements: 32,
        depth: 8,
        attributes: 32,
        name_bytes: 256,
        attribute_bytes: 4_096,
        namespaces: 16,
    };

    /// The limits of a peer that has logged in.
    pub const AUTHENTICATED: Self = Self {
        stanza_bytes: 2 * 1024 * 1024,
        elements: 1_000,
        depth: 64,
        attributes: 32,
        name_bytes: 256,
        attribute_bytes: 64 * 1024,
        namespaces: 16,
    };

    /// The limits of a file: a configuration of the original, which has some thousand
    /// elements at most.
    pub const DOCUMENT: Self = Self {
        stanza_bytes: 4 * 1024 * 1024,
        elements: 100_000,
        depth: 64,
        attributes: 64,
        name_bytes: 256,
        attribute_bytes: 64 * 1024,
        namespaces: 64,
    };
}

/// How long a connected session may be idle when its service drains.
pub const DRAIN_IDLE: Duration = Duration::from_secs(1);

/// How long a connected session that is in use may go on when its service drains.
pub const DRAIN_SESSION: Duration = Duration::from_secs(5);

/// Bytes that a stanza may grow by on its way: others add who sent it, for whom it is passed on, and
/// why it comes back.
const ROOM_BYTES: usize = 8 * 1024;

/// Elements that it may grow by.
const ROOM_ELEMENTS: usize = 8;

impl StreamLimits {
    /// What a server may send a party that has logged in. What it lets through must not cost the
    /// party its connection, so this is far more than servers let through.
    pub const FROM_SERVER: Self = Self {
        stanza_bytes: 64 * 1024 * 1024,
        elements: 100_000,
        depth: 256,
        ..Self::AUTHENTICATED
    };

    /// The same with room for what a stanza grows by on its way.
    #[must_use]
    pub fn with_room(self) -> Self {
        Self {
            stanza_bytes: self.stanza_bytes.saturating_add(ROOM_BYTES),
            elements: self.elements.saturating_add(ROOM_ELEMENTS),
            ..self
        }
    }
}

/// How long a peer may take from its first byte to a bound session.
pub const LOGIN_TIME: Duration = Duration::from_secs(30);

/// Failed log-ins on one stream before it is closed.
pub const LOGIN_ATTEMPTS: u32 = 3;

/// Bytes of one part of a Jabber address (RFC 7622 §3).
pub const JID_PART_BYTES: usize = 1_023;

/// Bytes of JSON that one stanza of several answers may reach before it is sent (OpenSRF's
/// `max_bundle_size`).
pub const BUNDLE_BYTES: usize = 25_600;

/// How long a result may wait for others to share its stanza. (The original has no such bound: a
/// slow stream shows nothing there until 25,600 bytes have come or the method ends.)
pub const BUNDLE_TIME: Duration = Duration::from_millis(20);

/// Bytes of a result, XML escaping counted in, above which it is sent in pieces (OpenSRF's
/// `max_chunk_size`).
pub const CHUNK_BYTES: usize = 51_200;

/// How the results of a method are put into stanzas.
///
/// The original's settings of a method (protocol §2.5 and §2.6).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ResultSizes {
    /// Bytes of JSON that a stanza of several results may reach; 0 for a stanza for each result.
    pub bundle_bytes: usize,
    /// Bytes of a result, XML escaping counted in, above which it is sent in pieces; 0 for never.
    pub chunk_bytes: usize,
}

impl Default for ResultSizes {
    /// 25,600 and 51,200 bytes.
    fn default() -> Self {
        Self {
            bundle_bytes: BUNDLE_BYTES,
            chunk_bytes: CHUNK_BYTES,
        }
    }
}

/// Messages read from one body; the C programs read no more either.
pub const MESSAGES_PER_BODY: usize = 256;

/// Bytes collected for one result that comes in pieces.
pub const REASSEMBLY_BYTES: usize = 64 * 1024 * 1024;

/// The longest time that a caller may say it waits; one that waits longer says nothing.
pub const CALLER_WAITS: Duration = Duration::from_secs(24 * 60 * 60);

/// Bytes that may wait for one connection before its senders get bounces.
pub const OUTBOX_BYTES: usize = 16 * 1024 * 1024;

/// How long a connection with bytes waiting may take none of them before it is closed.
pub const OUTBOX_PROGRESS: Duration = Duration::from_secs(60);

/// How long nothing may come from the other side of a connection before it counts as dead.
pub const DEAD_AFTER: Duration = Duration::from_secs(10);

/// The shortest such time: below it a busy machine looks like a dead one.
pub const DEAD_AFTER_LEAST: Duration = Duration::from_secs(1);

/// Stanzas that may wait in the mailbox of a party of this process.
pub const MAILBOX: usize = 4_096;

/// Bytes of them: the largest result must fit, in pieces and with what these add. (When nothing waits, one stanza is taken
/// whatever its size.)
pub const MAILBOX_BYTES: usize = 2 * REASSEMBLY_BYTES;

/// How long a drone may take from its making until it can take a request, before another is made
/// in its place.
pub const DRONE_START: Duration = Duration::from_secs(60);

/// How long a drone must have been there, or one request done, to show that drones can live.
pub const DRONE_PROOF: Duration = Duration::from_secs(10);

/// How long drones may fail, while none is there, before requests are refused that wait for one.
pub const DRONES_FAIL: Duration = Duration::from_secs(10);

/// Threads that methods which block may have at a time, of the 512 that the runtime makes for all
/// that blocks: names of hosts must be found, and files read, while methods hang.
pub const BLOCKING_METHODS: usize = 480;

/// How often the log has a line of one kind at most, where there may be any number of them.
pub const LINE_INTERVAL: Duration = Duration::from_secs(60);

/// Stanzas that a service class keeps after it has passed them on, in case they come back.
pub const FLIGHT_STANZAS: usize = 4_096;

/// Bytes of them; as much as may wait for one connection. (The newest is kept whatever its size.)
pub const FLIGHT_BYTES: usize = OUTBOX_BYTES;

/// How long they are kept: what waited for a connection that takes nothing comes back after
/// [`OUTBOX_PROGRESS`].
pub const FLIGHT_TIME: Duration = Duration::from_secs(120);

/// After this time without a `register` a service class asks a listener of ours, which says it every
/// 5 s, whether it is there. It looks for such listeners as often.
pub const NODE_SILENCE: Duration = Duration::from_secs(10);

/// How long a class that closes waits for what may still come back.
pub const FLIGHT_CLOSE: Duration = Duration::from_secs(1);

/// How often at most a listener tells a service class of its load: a class that gets 10,000 requests
/// a second then has 200 reports of each of its nodes.
pub const LOAD_INTERVAL: Duration = Duration::from_millis(5);

/// Requests that wait in a listener for a drone.
pub const BACKLOG: usize = 1_000;

/// Bytes of them. (When none waits, one is taken whatever its size.)
pub const BACKLOG_BYTES: usize = 64 * 1024 * 1024;

/// How often at most the log says that a service turns requests away.
pub const OVERLOAD_TOLD: Duration = Duration::from_secs(10);

/// Messages of one connected session that wait while its drone is busy with an earlier one.
pub const SESSION_QUEUE: usize = 256;

/// Sessions that one account may have. All drones of a network share one account.
pub const SESSIONS_PER_ACCOUNT: usize = 10_000;

/// Parties that one session may have shown itself to, and that are told its end. A router shows
/// itself to each of its listeners. What is said to more is not delivered.
pub const PRESENCES: usize = 4_096;

/// Connections from one address of the network that is not this machine's own.
pub const CONNECTIONS_PER_ADDRESS: usize = 1_000;
