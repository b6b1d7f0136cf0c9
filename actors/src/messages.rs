//! Every message between actors.
//!
//! | message | from | to | how | when |
//! |---|---|---|---|---|
//! | [`LinkEvent`](crate::transport::LinkEvent) | inbox | every party | tell, past the bound | stanzas wait; the link is gone |
//! | [`Incoming`](crate::jabber::Incoming) | listening socket | server | tell, waits when full | somebody connected |
//! | `ShutDown` | server | connection | tell | the server ends |
//! | [`ChildExited`](crate::supervise::ChildExited) | tether | parent | tell, past the bound | a child is gone |
//! | [`ClassCommand`] | router | service class | tell | a node came or went, a question, the end |
//! | [`ClassEvent`] | service class | router | tell, past the bound | up, a node lost, empty, figures |
//! | [`Assign`] | listener | drone | tell | here is a request |
//! | [`DroneReport`] | drone | listener | tell, past the bound | free for work |
//! | [`RunReport`] | running method | its drone | ask | a result, or a plea for patience |
//! | [`ClientCommand`] | client handle | client | tell, waits when full | call, open; close, cancel and leave go past the bound |
//! | [`ServiceOrder`] | host | listener | tell | withdraw, rejoin, renew or change |
//! | [`Order`] | host, listener | server, router, listener, drone, client | tell | drain, or end |
//! | [`Question`] | host | every child | tell | what do you do? |
//! | [`Ready`] | listener, router, client | host | tell, past the bound | it serves now, or can be asked |
//! | [`HostCommand`](crate::host::HostHandle) | host handle | host | tell | add a service or a client; drain; stop; status |
//!
//! "Past the bound" is for messages that a full mailbox must not lose, and that cannot pile up: of each
//! there is at most one on its way from each sender, or one for each request, session or node that ends.

use std::sync::Arc;
use std::time::Duration;

use actix::Message;
use opensrf::jid::Jid;
use opensrf::osrf::Json;
use opensrf::pool::DroneId;
use opensrf::router::{ClassStats, Registrant};
use opensrf::session::{Asked, CallError, Context, Event, RequestId, RunId, SessionId};
use opensrf::stanza::Stanza;
use tokio::sync::{mpsc, oneshot};

use crate::client::ClientError;
use crate::listener::ListenerPlan;
use crate::status::{ClassAnswer, Question};

/// What a router tells one of its classes.
#[derive(Debug, Message)]
#[rtype(result = "()")]
pub enum ClassCommand {
    /// This listener serves the class now.
    AddNode(Registrant),
    /// This listener left.
    RemoveNode(Jid),
    /// This listener's session has ended.
    LoseNode(Jid),
    /// Say what you have passed on.
    Report,
    /// Say what you do.
    Tell(Question<ClassAnswer>),
    /// End, unless a node came meanwhile.
    Close,
    /// End at once: the router does.
    End,
}

/// What a class tells its router.
#[derive(Debug, Message)]
#[rtype(result = "()")]
pub enum ClassEvent {
    /// It is at its address.
    Up(String),
    /// It has lost a node: what it passed on came back.
    Lost {
        /// The service.
        class: String,
        /// The listener.
        node: Jid,
    },
    /// It has no nodes after so many `AddNode`.
    Empty {
        /// The service.
        class: String,
        /// `AddNode` it has seen.
        added: u64,
    },
    /// Its figures.
    Report(ClassStats),
}

/// A request for a drone.
#[derive(Debug, Message)]
#[rtype(result = "()")]
pub struct Assign(pub Stanza);

/// A drone has logged in, or is done with what it had.
#[derive(Debug, Message)]
#[rtype(result = "()")]
pub struct DroneReport {
    /// Which drone.
    pub drone: DroneId,
    /// A method asked for it to be replaced.
    pub is_spent: bool,
}

/// What a running method says before it ends.
#[derive(Debug, Message)]
#[rtype(result = "()")]
pub struct RunReport {
    /// Which run.
    pub run: RunId,
    /// What it says.
    pub word: RunWord,
}

/// What a running method says before it ends.
#[derive(Debug)]
pub enum RunWord {
    /// One result.
    Result(Json),
    /// May the caller wait on.
    Hold,
    /// This was all for the caller; the method goes on.
    Complete,
}

/// What a host tells its children.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Message)]
#[rtype(result = "()")]
pub enum Order {
    /// Take nothing new, finish what was accepted, and end.
    Drain,
    /// End at once.
    Stop,
}

/// What a host tells its listeners while they serve.
#[derive(Debug, Clone, Message)]
#[rtype(result = "()")]
pub enum ServiceOrder {
    /// Be forgotten by the routers, and go on serving what comes.
    Withdraw,
    /// Register now, after a `Withdraw` or without.
    Rejoin,
    /// Replace all drones, without breaking off what they do.
    Renew,
    /// Serve by another plan from now on, with new drones.
    Change(Box<ListenerPlan>),
}

/// A child serves now, or can be asked.
#[derive(Debug, Message)]
#[rtype(result = "()")]
pub struct Ready(pub u64);

/// Where the outcome of a request goes.
#[derive(Debug)]
pub enum Sink {
    /// All results at once.
    Collect(Vec<Json>, oneshot::Sender<Result<Vec<Json>, CallError>>),
    /// One by one. A channel that ends before the request is complete was cut off.
    Stream(mpsc::Sender<Event>),
}

/// What somebody wants of a client.
#[derive(Debug, Message)]
#[rtype(result = "()")]
pub enum ClientCommand {
    /// Ask one thing.
    Call {
        /// In this session; without one, of any drone of a service.
        target: Target,
        /// The request's number, given by the handle.
        request: RequestId,
        /// What is asked.
        asked: Asked,
        /// Where the outcome goes.
        sink: Sink,
    },
    /// Open a session.
    Open {
        /// Its number, given by the handle.
        session: SessionId,
        /// The service's address.
        service: Jid,
        /// How long to wait for a drone.
        timeout: Duration,
        /// What CONNECT and DISCONNECT say of the client.
        context: Arc<Context>,
        /// Who waits.
        reply: oneshot::Sender<Result<(), CallError>>,
    },
    /// Nobody needs this session any more.
    Close(SessionId),
    /// Nobody waits for this request any more.
    Cancel(RequestId),
    /// The last handle is gone.
    Leave,
    /// Say when the client is online, or why it is not.
    WhenOnline(oneshot::Sender<Result<(), ClientError>>),
}

/// Whom a request is for.
#[derive(Debug)]
pub enum Target {
    /// Any drone of the service at this address.
    Service(Jid),
    /// The drone of this session.
    Session(SessionId),
}
