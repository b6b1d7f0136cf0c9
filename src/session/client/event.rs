//! What can happen to a client, and what it wants done.

use std::sync::Arc;
use std::time::Duration;

use bytestring::ByteString;

use super::Context;
use crate::jid::{Jid, JidError};
use crate::osrf::Json;
use crate::session::CallError;
use crate::stanza::Stanza;

/// A request of a client, numbered by whoever asks; never used twice.
pub type RequestId = u64;

/// A session of a client, numbered by whoever opens it; never used twice.
pub type SessionId = u64;

/// Where a client finds services: `name@domain/<service>`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RouterName {
    /// The router's account.
    pub name: String,
    /// The router's domain.
    pub domain: String,
}

impl RouterName {
    /// The address that requests for a service go to.
    ///
    /// # Errors
    /// [`JidError`] if the service's name cannot be a resource.
    pub fn service(&self, service: &str) -> Result<Jid, JidError> {
        Jid::new(&self.name, &self.domain, service)
    }
}

/// A method call as its caller wants it.
#[derive(Debug, Clone, PartialEq)]
pub struct Asked {
    /// The method.
    pub method: ByteString,
    /// Its parameters.
    pub params: Vec<Json>,
    /// How long to wait for the end, from now or from the last CONTINUE.
    pub timeout: Duration,
    /// What it says besides.
    pub context: Arc<Context>,
}

/// What happens to a client.
#[derive(Debug)]
pub enum ClientInput {
    /// Logged in.
    LinkUp,
    /// Not logged in any more.
    LinkDown,
    /// Ask one thing, without a session.
    Call {
        /// The caller's number for it.
        request: RequestId,
        /// Where it goes, from [`RouterName::service`].
        service: Jid,
        /// What is asked.
        asked: Asked,
    },
    /// Open a session. Ends in one `Opened` or one `OpenFailed`, unless it is closed before.
    Open {
        /// The caller's number for it.
        session: SessionId,
        /// The service, from [`RouterName::service`].
        service: Jid,
        /// How long to wait for a drone.
        timeout: Duration,
        /// What CONNECT and DISCONNECT say of the client.
        context: Arc<Context>,
    },
    /// Ask something in a session.
    Request {
        /// The session.
        session: SessionId,
        /// The caller's number for the request.
        request: RequestId,
        /// What is asked.
        asked: Asked,
    },
    /// End a session; its open requests fail.
    Close(SessionId),
    /// Nobody waits for this request any more; nothing more is said about it. The drone that works
    /// on it is told, if the request is stateless and something was heard of that drone.
    Cancel(RequestId),
    /// A stanza came.
    Stanza(Stanza),
}

/// What a client wants done.
#[derive(Debug, PartialEq)]
pub enum ClientEffect {
    /// Send it off.
    Send(Stanza),
    /// Tell whoever asked.
    Deliver(RequestId, Event),
    /// The session has a drone.
    Opened(SessionId),
    /// The session got none; it is over and need not be closed.
    OpenFailed(SessionId, CallError),
}

/// What comes of a request: any number of results, then one of the others.
#[derive(Debug, PartialEq)]
pub enum Event {
    /// One result.
    Result(Json),
    /// No more will come.
    Complete,
    /// It failed, and no more will come.
    Failed(CallError),
}
