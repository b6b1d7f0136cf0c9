//! What can happen to a drone, and what it wants done.

use std::sync::Arc;

use bytestring::ByteString;

use crate::jid::Jid;
use crate::osrf::{Json, Request, Status};
use crate::service::MethodId;
use crate::stanza::Stanza;

/// One run of a method; never used twice by one drone.
pub type RunId = u64;

/// What happens to a drone.
#[derive(Debug)]
pub enum DroneInput {
    /// The listener hands over a request.
    Assign(Stanza),
    /// A stanza came to the drone's own address.
    Stanza(Stanza),
    /// The running method gave a result and goes on.
    Output(RunId, Json),
    /// The running method asks the caller to wait on.
    Hold(RunId),
    /// The running method is done with its caller, with a last result or without, and goes on.
    Completed(RunId, Option<Json>),
    /// The running method ended.
    Finished(RunId, Outcome),
    /// The service drains: what was asked is answered, and a session ends soon.
    Drain,
    /// The drone ends at once; whoever waits for it is told.
    Stop,
}

/// How a method ended.
#[derive(Debug)]
pub enum Outcome {
    /// With its last result, or with none.
    Done(Option<Json>),
    /// With an error for the caller.
    Failed(Status),
    /// It panicked; the drone is not to be trusted any more.
    Panicked,
}

/// What a drone wants done.
#[derive(Debug)]
pub enum DroneEffect {
    /// Send it off.
    Send(Stanza),
    /// Run a method and report its results under this id.
    Run(Arc<Run>),
    /// A request was answered without any method being run.
    Refused {
        /// What was asked.
        request: Request,
        /// The transaction that it belongs to.
        xid: ByteString,
        /// Why.
        status: Status,
    },
    /// Tell the running method that nobody waits for it any more.
    CallerGone(RunId),
    /// The drone is free for the next request.
    Free,
    /// End the drone: its method panicked. Its caller has been told.
    Exit,
    /// End the drone: this method took longer than it may. Whoever waited has been told.
    Hung(RunId),
    /// A method that is over said something; nobody waits for it.
    Late,
    /// A stanza of this transaction was dropped, for this reason; nobody could be told.
    Dropped(&'static str, ByteString),
}

/// A method to run.
#[derive(Debug, Clone)]
pub struct Run {
    /// Its id.
    pub id: RunId,
    /// Which method of the catalog.
    pub method: MethodId,
    /// What it is called with.
    pub params: Vec<Json>,
    /// Who called.
    pub caller: Jid,
    /// The conversation.
    pub thread: ByteString,
    /// The request in it (`threadTrace`).
    pub trace: u64,
    /// The transaction that the call belongs to.
    pub xid: ByteString,
    /// The caller's locale.
    pub locale: ByteString,
    /// The caller's time zone by its Olson name, if it told one.
    pub tz: Option<ByteString>,
    /// How the call entered the network, if it was told.
    pub ingress: ByteString,
    /// The version of the method that the caller wants.
    pub api_level: u32,
}
