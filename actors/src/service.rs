//! How a service is written: a name, and methods.
//!
//! ```
//! use opensrf_actors::service::{Call, MethodError, Service};
//!
//! let service = Service::builder("acme.calc")
//!     .function("acme.calc.sum", 2, |call| {
//!         let (a, b): (f64, f64) = (call.param(0)?, call.param(1)?);
//!         Ok(a + b)
//!     })
//!     .notes("Adds two numbers.")
//!     .build()?;
//! # Ok::<(), opensrf_actors::service::ServiceError>(())
//! ```
//!
//! A **function** answers at once. A **method** is async and gives one result. A **streaming** method
//! gives any number; it gets a twin `<name>.atomic` that gives them all as one list. Each runs in a
//! drone that has nothing else to do meanwhile; a panic ends the drone, gives the caller status 500
//! and disturbs nobody else.

use std::any::TypeId;
use std::fmt;
use std::future::Future;
use std::sync::Arc;

use actix::Recipient;
use bytestring::ByteString;
use futures::future::LocalBoxFuture;
use opensrf::jid::Jid;
use opensrf::osrf::{Json, JsonError, Status, code};
use opensrf::service::{Catalog, DuplicateMethod, Method, MethodId};
use opensrf::session::{Run, RunId};
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::client::Client;
use crate::env::Env;
use crate::messages::RunReport;
use crate::services::system;

/// A service: its name and its methods. Cheap to clone.
#[derive(Clone)]
pub struct Service {
    catalog: Arc<Catalog>,
    handlers: Arc<[Handler]>,
}

/// What a method gave: its last result, if any; earlier ones have gone already.
pub(crate) type Outcome = Result<Option<Json>, MethodError>;

type Function = dyn Fn(&Call) -> Result<Vec<Json>, MethodError> + Send + Sync;
type Async = dyn Fn(Call, Results) -> LocalBoxFuture<'static, Outcome> + Send + Sync;

#[derive(Clone)]
pub(crate) enum Handler {
    Function(Arc<Function>),
    Async(Arc<Async>),
}

impl fmt::Debug for Service {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Service")
            .field("name", self.name())
            .finish_non_exhaustive()
    }
}

/// A service that cannot be.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
#[non_exhaustive]
pub enum ServiceError {
    /// The name cannot be the resource of an address.
    #[error(
        "{0:?} is no name for a service: use letters, digits, '.', '-' and '_', and not \"router\""
    )]
    Name(String),
    /// Two methods of one name.
    #[error(transparent)]
    Duplicate(#[from] DuplicateMethod),
}

impl Service {
    /// Begins a service of this name, such as `acme.calc`.
    #[must_use]
    pub fn builder(name: &str) -> ServiceBuilder {
        ServiceBuilder {
            name: name.to_owned(),
            methods: Vec::new(),
        }
    }

    /// Its name.
    #[must_use]
    pub fn name(&self) -> &ByteString {
        self.catalog.service()
    }

    pub(crate) fn catalog(&self) -> &Arc<Catalog> {
        &self.catalog
    }

    pub(crate) fn handler(&self, method: MethodId) -> Option<&Handler> {
        self.handlers.get(method)
    }
}

/// A service in the making. Methods are added in the order in which introspection lists them.
pub struct ServiceBuilder {
    name: String,
    methods: Vec<(Method, Handler)>,
}

impl fmt::Debug for ServiceBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ServiceBuilder")
            .field("name", &self.name)
            .finish_non_exhaustive()
    }
}

impl ServiceBuilder {
    /// Adds a function: it answers at once, and never waits for anything.
    ///
    /// Callers with fewer than `argc` parameters get status 404 without it being called.
    #[must_use]
    pub fn function<T: Serialize>(
        self,
        name: &str,
        argc: usize,
        function: impl Fn(&Call) -> Result<T, MethodError> + Send + Sync + 'static,
    ) -> Self {
        let handler = move |call: &Call| Ok(vec![Json::from_value(&function(call)?)?]);
        self.add(
            Method::new(name, argc),
            Handler::Function(Arc::new(handler)),
        )
    }

    /// Adds an async method with one result. `()` gives no result, only the end.
    ///
    /// Callers with fewer than `argc` parameters get status 404 without it being called.
    #[must_use]
    pub fn method<T, F>(
        self,
        name: &str,
        argc: usize,
        method: impl Fn(Call) -> F + Send + Sync + 'static,
    ) -> Self
    where
        T: Serialize + 'static,
        F: Future<Output = Result<T, MethodError>> + 'static,
    {
        let handler = move |call, _| -> LocalBoxFuture<'static, Outcome> {
            let running = method(call);
            Box::pin(async move {
                let result = running.await?;
                let is_nothing = TypeId::of::<T>() == TypeId::of::<()>();
                Ok((!is_nothing)
                    .then(|| Json::from_value(&result))
                    .transpose()?)
            })
        };
        self.add(Method::new(name, argc), Handler::Async(Arc::new(handler)))
    }

    /// Adds an async method that gives any number of results, one by one.
    ///
    /// Callers with fewer than `argc` parameters get status 404 without it being called.
    #[must_use]
    pub fn streaming<F>(
        self,
        name: &str,
        argc: usize,
        method: impl Fn(Call, Results) -> F + Send + Sync + 'static,
    ) -> Self
    where
        F: Future<Output = Result<(), MethodError>> + 'static,
    {
        let handler = move |call, results| -> LocalBoxFuture<'static, Outcome> {
            let running = method(call, results);
            Box::pin(async move { running.await.map(|()| None) })
        };
        self.add(
            Method::streaming(name, argc),
            Handler::Async(Arc::new(handler)),
        )
    }

    /// Says what the method added last is for.
    #[must_use]
    pub fn notes(mut self, notes: &str) -> Self {
        if let Some((method, _)) = self.methods.last_mut() {
            notes.clone_into(&mut method.notes);
        }
        self
    }

    fn add(mut self, method: Method, handler: Handler) -> Self {
        self.methods.push((method, handler));
        self
    }

    /// Adds the system methods that every service has.
    ///
    /// # Errors
    /// [`ServiceError`] if the name is no address, or a method is there twice.
    pub fn build(self) -> Result<Service, ServiceError> {
        let Self { name, methods } = self;
        let plain = opensrf::ids::resource_part(&name) == name;
        // The router's own address would be thrown out by a class of this name.
        if name.is_empty()
            || name == "router"
            || !plain
            || Jid::new("router", "localhost", &name).is_err()
        {
            return Err(ServiceError::Name(name));
        }
        let mut catalog = Catalog::new(name);
        let mut handlers = Vec::new();
        for (method, handler) in methods.into_iter().chain(system::methods()) {
            // One for the method, and one more for its twin.
            let ids = catalog.add(method)?;
            handlers.extend(ids.iter().map(|_| handler.clone()));
        }
        Ok(Service {
            catalog: Arc::new(catalog),
            handlers: handlers.into(),
        })
    }
}

/// What all calls of a service have in common.
#[derive(Debug)]
pub(crate) struct Surroundings {
    pub(crate) catalog: Arc<Catalog>,
    pub(crate) env: Env,
    pub(crate) client: Client,
}

/// One call of a method.
#[derive(Debug, Clone)]
pub struct Call {
    run: Run,
    surroundings: Arc<Surroundings>,
}

impl Call {
    pub(crate) fn new(run: Run, surroundings: Arc<Surroundings>) -> Self {
        Self { run, surroundings }
    }

    /// A parameter as a value, counted from 0.
    ///
    /// # Errors
    /// Status 400 for the caller if the parameter is missing or has another shape.
    pub fn param<T: DeserializeOwned>(&self, at: usize) -> Result<T, MethodError> {
        let param = self.run.params.get(at).cloned().unwrap_or(Json::NULL);
        param.value().map_err(|error| {
            MethodError::new(code::BAD_REQUEST, format!("parameter {}: {error}", at + 1))
        })
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

    /// The caller's language, such as `en-US`.
    #[must_use]
    pub fn locale(&self) -> &str {
        &self.run.locale
    }

    /// A client on the same bus, to call other services with.
    #[must_use]
    pub fn client(&self) -> &Client {
        &self.surroundings.client
    }

    pub(crate) fn env(&self) -> &Env {
        &self.surroundings.env
    }

    pub(crate) fn catalog(&self) -> &Catalog {
        &self.surroundings.catalog
    }
}

/// Where a streaming method puts its results.
#[derive(Debug, Clone)]
pub struct Results {
    pub(crate) drone: Recipient<RunReport>,
    pub(crate) run: RunId,
}

impl Results {
    /// Sends one result to the caller. Waits until the drone has taken it.
    ///
    /// # Errors
    /// If the value cannot be written as JSON, or the drone is gone.
    pub async fn send<T: Serialize + ?Sized>(&self, value: &T) -> Result<(), MethodError> {
        self.report(Some(Json::from_value(value)?)).await
    }

    /// Asks the caller to wait on: its time begins anew.
    ///
    /// # Errors
    /// If the drone is gone.
    pub async fn hold(&self) -> Result<(), MethodError> {
        self.report(None).await
    }

    async fn report(&self, result: Option<Json>) -> Result<(), MethodError> {
        let report = RunReport {
            run: self.run,
            result,
        };
        self.drone
            .send(report)
            .await
            .map_err(|_| MethodError::failed("the drone is gone"))
    }
}

/// Why a method failed: a status for the caller.
///
/// Made from any error with `?`; the caller sees its text, with status 500.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MethodError {
    code: u16,
    text: String,
}

impl MethodError {
    /// An error with a status of 400 or more; a lower one would not end the request and becomes 500.
    pub fn new(code: u16, text: impl Into<String>) -> Self {
        let code = if code < 400 {
            code::INTERNAL_SERVER_ERROR
        } else {
            code
        };
        Self {
            code,
            text: text.into(),
        }
    }

    /// An error with status 500.
    pub fn failed(text: impl Into<String>) -> Self {
        Self::new(code::INTERNAL_SERVER_ERROR, text)
    }

    pub(crate) fn into_status(self) -> Status {
        Status::method_exception(self.code, self.text)
    }
}

// `MethodError` is no `std::error::Error`, so that this does not overlap with the reflexive `From`.
impl<E: std::error::Error> From<E> for MethodError {
    fn from(error: E) -> Self {
        Self::failed(error.to_string())
    }
}

/// A handler for a system method.
pub(crate) fn handler(
    function: impl Fn(&Call) -> Result<Vec<Json>, JsonError> + Send + Sync + 'static,
) -> Handler {
    Handler::Function(Arc::new(move |call: &Call| Ok(function(call)?)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_service_has_a_name_that_can_be_an_address_of_its_own() {
        for name in ["", "router", "a/b", "a@b", "a b"] {
            let refused = Service::builder(name).build().unwrap_err();
            assert_eq!(refused, ServiceError::Name(name.to_owned()));
        }
        assert!(Service::builder("acme.calc-2_x").build().is_ok());
    }
}
