//! What a service does when it, a drone, a session or a request begins or ends.

use std::fmt;
use std::future::Future;
use std::sync::Arc;

use bytestring::ByteString;
use futures::future::LocalBoxFuture;
use opensrf::jid::Jid;
use opensrf::osrf::Json;

use super::guard::{Guarded, Panic, guarded};
use super::{Call, Kept, MethodError};
use crate::client::Client;

/// A service that is about to begin.
#[derive(Debug, Clone)]
pub struct ServiceContext {
    /// The service's name.
    pub service: ByteString,
    /// A client on the same bus.
    pub client: Client,
}

/// A drone, for its hooks and its methods.
#[derive(Debug)]
pub struct DroneContext {
    /// Its address.
    pub jid: Jid,
    /// The service's name.
    pub service: ByteString,
    /// A client on the same bus.
    pub client: Client,
    /// What lives as long as the drone, such as a connection to a database.
    pub kept: Kept,
}

/// A session, or one stateless conversation.
#[derive(Debug)]
pub struct SessionContext {
    /// Names it.
    pub thread: ByteString,
    /// Who is at its other end.
    pub caller: Jid,
    /// What lives as long as the session.
    pub kept: Kept,
}

/// How a request ended, for a hook.
#[derive(Debug, Clone, Copy)]
pub enum RequestEnd<'a> {
    /// The method came to its end, with a last result or without.
    Done(Option<&'a Json>),
    /// It failed.
    Failed(&'a MethodError),
    /// It panicked; the drone ends.
    Panicked,
    /// It was given up: it took longer than it may, or its drone ended while it ran. A method on
    /// the blocking pool may still run.
    GivenUp,
}

type Starting = LocalBoxFuture<'static, Result<(), MethodError>>;
type Before<C> = Arc<dyn Fn(C) -> Starting + Send + Sync>;
type After<C> = Arc<dyn Fn(&C) + Send + Sync>;
type AfterRequest = Arc<dyn Fn(&Call, RequestEnd<'_>) + Send + Sync>;

/// The hooks of a service.
#[derive(Clone, Default)]
pub(crate) struct Hooks {
    start: Option<Before<ServiceContext>>,
    drone_start: Option<Before<Arc<DroneContext>>>,
    drone_end: Option<After<DroneContext>>,
    session_end: Option<After<SessionContext>>,
    request_end: Option<AfterRequest>,
}

impl fmt::Debug for Hooks {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Hooks")
            .field("start", &self.start.is_some())
            .field("drone_start", &self.drone_start.is_some())
            .field("drone_end", &self.drone_end.is_some())
            .field("session_end", &self.session_end.is_some())
            .field("request_end", &self.request_end.is_some())
            .finish()
    }
}

impl Hooks {
    pub(super) fn on_start<F>(&mut self, hook: impl Fn(ServiceContext) -> F + Send + Sync + 'static)
    where
        F: Future<Output = Result<(), MethodError>> + 'static,
    {
        self.start = Some(Arc::new(move |service| Box::pin(hook(service))));
    }

    pub(super) fn on_drone_start<F>(
        &mut self,
        hook: impl Fn(Arc<DroneContext>) -> F + Send + Sync + 'static,
    ) where
        F: Future<Output = Result<(), MethodError>> + 'static,
    {
        self.drone_start = Some(Arc::new(move |drone| Box::pin(hook(drone))));
    }

    pub(super) fn on_drone_end(&mut self, hook: impl Fn(&DroneContext) + Send + Sync + 'static) {
        self.drone_end = Some(Arc::new(hook));
    }

    pub(super) fn on_session_end(
        &mut self,
        hook: impl Fn(&SessionContext) + Send + Sync + 'static,
    ) {
        self.session_end = Some(Arc::new(hook));
    }

    pub(super) fn on_request_end(
        &mut self,
        hook: impl Fn(&Call, RequestEnd<'_>) + Send + Sync + 'static,
    ) {
        self.request_end = Some(Arc::new(hook));
    }

    /// What is to be done before the service begins; nothing if there is no hook.
    pub(crate) fn starting(&self, service: ServiceContext) -> Option<Starting> {
        self.start.as_ref().map(|hook| starting(|| hook(service)))
    }

    /// What is to be done before a drone begins; nothing if there is no hook.
    pub(crate) fn drone_starting(&self, drone: Arc<DroneContext>) -> Option<Starting> {
        self.drone_start
            .as_ref()
            .map(|hook| starting(|| hook(drone)))
    }

    pub(crate) fn drone_ended(&self, drone: &DroneContext) -> Result<(), Panic> {
        run(self.drone_end.as_ref(), |hook| hook(drone))
    }

    pub(crate) fn session_ended(&self, session: &SessionContext) -> Result<(), Panic> {
        run(self.session_end.as_ref(), |hook| hook(session))
    }

    pub(crate) fn wants_request_ends(&self) -> bool {
        self.request_end.is_some()
    }

    pub(crate) fn request_ended(&self, call: &Call, end: RequestEnd<'_>) -> Result<(), Panic> {
        run(self.request_end.as_ref(), |hook| hook(call, end))
    }
}

/// A hook that panics has failed, whether at once or later.
fn starting(hook: impl FnOnce() -> Starting) -> Starting {
    let starting = Guarded::new(hook);
    let panicked = |_| Err(MethodError::failed("the hook panicked"));
    Box::pin(async move { starting.await.unwrap_or_else(panicked) })
}

/// Runs a hook that nothing depends on.
fn run<H>(hook: Option<H>, what: impl FnOnce(H)) -> Result<(), Panic> {
    hook.map_or(Ok(()), |hook| guarded(|| what(hook)))
}
