//! One call of a method, as the method sees it.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use opensrf::jid::Jid;
use opensrf::osrf::Json;
use opensrf::service::Catalog;
use opensrf::session::Run;
use serde::de::DeserializeOwned;
use tokio_util::sync::CancellationToken;

use super::waited_for::Cancellation;
use super::{DroneContext, LocalMethod, MethodError, Service, SessionContext, Threads, params};
use crate::client::{Client, Context};
use crate::env::Env;

/// What all calls of a drone have in common.
#[derive(Debug)]
pub(crate) struct Surroundings {
    pub(crate) service: Service,
    pub(crate) env: Env,
    pub(crate) threads: Threads,
    pub(crate) drone: Arc<DroneContext>,
    /// Its drone is to be replaced when it is free.
    pub(crate) is_spent: AtomicBool,
    /// For calls that are over before they could be cancelled.
    pub(crate) uncancelled: CancellationToken,
}

/// One call of a method. Clones are the same call.
#[derive(Debug, Clone)]
pub struct Call {
    run: Arc<Run>,
    surroundings: Arc<Surroundings>,
    session: Arc<SessionContext>,
    /// None for what is over before it could be cancelled.
    cancellation: Option<Cancellation>,
}

impl Call {
    pub(crate) fn new(
        run: Arc<Run>,
        surroundings: Arc<Surroundings>,
        session: Arc<SessionContext>,
        cancellation: Option<Cancellation>,
    ) -> Self {
        Self {
            run,
            surroundings,
            session,
            cancellation,
        }
    }

    /// The same call of another method of the service.
    pub(super) fn of(&self, run: Run) -> Self {
        Self {
            run: Arc::new(run),
            ..self.clone()
        }
    }

    pub(super) fn run(&self) -> &Run {
        &self.run
    }

    /// A parameter as a value, counted from 0. Methods say what they take by the type of their
    /// parameters; this is for those that take any number.
    ///
    /// # Errors
    /// Status 400 for the caller if the parameter is missing or has another shape.
    pub fn param<T: DeserializeOwned>(&self, at: usize) -> Result<T, MethodError> {
        params::read(&self.run.params, at)
    }

    /// All parameters as they came.
    #[must_use]
    pub fn params(&self) -> &[Json] {
        &self.run.params
    }

    /// Who called.
    #[must_use]
    pub fn caller(&self) -> &Jid {
        &self.run.caller
    }

    /// The transaction that the call belongs to; may be empty.
    #[must_use]
    pub fn xid(&self) -> &str {
        &self.run.xid
    }

    /// The conversation that the call belongs to.
    #[must_use]
    pub fn thread(&self) -> &str {
        &self.run.thread
    }

    /// The call's number in its conversation (`threadTrace`).
    #[must_use]
    pub fn trace(&self) -> u64 {
        self.run.trace
    }

    /// The caller's language, such as `en-US`.
    #[must_use]
    pub fn locale(&self) -> &str {
        &self.run.locale
    }

    /// The caller's time zone by its Olson name, such as `Europe/Berlin`, if it told one.
    ///
    /// The original's Perl services set the process's time zone to it while they answer; here it is
    /// for the method to use.
    #[must_use]
    pub fn tz(&self) -> Option<&str> {
        self.run.tz.as_deref()
    }

    /// How the call entered the network, such as `opensrf`, `srfsh` or `gateway-v1`; empty if that
    /// was not told.
    #[must_use]
    pub fn ingress(&self) -> &str {
        &self.run.ingress
    }

    /// The version of the method that the caller asked for; 1 unless it said otherwise. Methods are
    /// found by name alone, as the C programs do it.
    #[must_use]
    pub fn api_level(&self) -> u32 {
        self.run.api_level
    }

    /// A client on the same bus, to call other services with: in the same transaction, and in the
    /// caller's language and time zone.
    #[must_use]
    pub fn client(&self) -> Client {
        let run = &*self.run;
        let client = &self.surroundings.drone.client;
        let given = client.context();
        client.with_context(Context {
            xid: Some(run.xid.clone()),
            locale: run.locale.clone(),
            tz: run.tz.clone(),
            ingress: match run.ingress.is_empty() {
                true => given.ingress.clone(),
                false => run.ingress.clone(),
            },
            api_level: given.api_level,
        })
    }

    /// Cancelled when nobody waits for the answer any more: the caller is gone, or has taken leave,
    /// or the method has taken longer than it may, or the drone ends; and when the call is over. A
    /// method may end early then.
    ///
    /// Not all that happens is known here: a caller whose time is up says so only to a drone that it has
    /// heard of, by a result or a plea for time.
    #[must_use]
    pub fn cancellation(&self) -> &CancellationToken {
        let never = &self.surroundings.uncancelled;
        self.cancellation
            .as_ref()
            .map_or(never, Cancellation::token)
    }

    /// The drone that runs the call, and what it keeps for its methods.
    #[must_use]
    pub fn drone(&self) -> &DroneContext {
        &self.surroundings.drone
    }

    /// The session that the call belongs to, and what is kept in it for later calls. A stateless
    /// call is a session of its own.
    #[must_use]
    pub fn session(&self) -> &SessionContext {
        &self.session
    }

    /// Has the drone replaced by a new one when its session is over.
    pub fn recycle(&self) {
        self.surroundings.is_spent.store(true, Ordering::Relaxed);
    }

    /// Another method of the same service, to call without the network.
    ///
    /// # Errors
    /// Status 404 if there is none of that name.
    pub fn lookup(&self, method: &str) -> Result<LocalMethod, MethodError> {
        LocalMethod::find(self, &self.surroundings.service, method)
    }

    pub(super) fn threads(&self) -> &Threads {
        &self.surroundings.threads
    }

    pub(crate) fn env(&self) -> &Env {
        &self.surroundings.env
    }

    pub(crate) fn catalog(&self) -> &Catalog {
        self.surroundings.service.catalog()
    }
}
