//! A service in the making.

use std::fmt;
use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use opensrf::jid::Jid;
use opensrf::service::{Catalog, DuplicateMethod, Method, Param, ParamType, Returned};
use serde::Serialize;

use super::handler::Handler;
use super::hooks::Hooks;
use super::{
    Call, DroneContext, MethodError, Params, RequestEnd, Results, Service, ServiceContext,
    SessionContext,
};
use crate::services::system;

/// A service that cannot be.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
#[non_exhaustive]
pub enum ServiceError {
    /// The name cannot be the resource of an address.
    #[error(
        "{0:?} is no name for a service: use letters, digits, '.', '-' and '_', and not \"router\""
    )]
    Name(String),
    /// A setting of its table `[services.settings]` is missing or wrong.
    #[error("service {service}: setting {key}: {problem}")]
    Setting {
        /// The service.
        service: String,
        /// The setting, with the tables that it stands in: `cache.servers`.
        key: String,
        /// What is wrong, and the remedy.
        problem: String,
    },
    /// Two methods of one name.
    #[error(transparent)]
    Duplicate(#[from] DuplicateMethod),
}

/// A service in the making. Methods are added in the order in which introspection lists them; what
/// is said about a method is said right after it.
pub struct ServiceBuilder {
    name: String,
    methods: Vec<(Method, Handler)>,
    hooks: Hooks,
}

impl fmt::Debug for ServiceBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ServiceBuilder")
            .field("name", &self.name)
            .finish_non_exhaustive()
    }
}

impl ServiceBuilder {
    pub(super) fn new(name: &str) -> Self {
        Self {
            name: name.to_owned(),
            methods: Vec::new(),
            hooks: Hooks::default(),
        }
    }

    /// Adds a function: it answers at once, and never waits for anything.
    #[must_use]
    pub fn function<P: Params, T: Serialize + 'static>(
        self,
        name: &str,
        function: impl Fn(&Call, P) -> Result<T, MethodError> + Send + Sync + 'static,
    ) -> Self {
        let method = Method::new(name, P::required());
        self.add(method, Handler::function(function))
    }

    /// Adds an async method with one result.
    #[must_use]
    pub fn method<P, T, F>(
        self,
        name: &str,
        method: impl Fn(Call, P) -> F + Send + Sync + 'static,
    ) -> Self
    where
        P: Params,
        T: Serialize + 'static,
        F: Future<Output = Result<T, MethodError>> + 'static,
    {
        self.add(Method::new(name, P::required()), Handler::method(method))
    }

    /// Adds an async method that gives any number of results, one by one.
    #[must_use]
    pub fn streaming<P, F>(
        self,
        name: &str,
        method: impl Fn(Call, P, Results) -> F + Send + Sync + 'static,
    ) -> Self
    where
        P: Params,
        F: Future<Output = Result<(), MethodError>> + 'static,
    {
        let handler = Handler::streaming(method);
        self.add(Method::streaming(name, P::required()), handler)
    }

    /// Adds a method with one result that may block or compute for long: it runs on the runtime's
    /// pool of threads for that, never on the host's own.
    ///
    /// Nobody can break it off: it should look at [`Call::cancellation`] now and then if it may run
    /// for long, as the program or thread of the host ends only when it has. One that hangs keeps
    /// its thread for ever. Methods of one host have
    /// [480 threads](crate::host::HostBuilder::blocking_threads); a call that gets none waits, and its
    /// [limit](Self::limit) counts from before that.
    #[must_use]
    pub fn blocking<P: Params, T: Serialize + 'static>(
        self,
        name: &str,
        method: impl Fn(&Call, P) -> Result<T, MethodError> + Send + Sync + 'static,
    ) -> Self {
        self.add(Method::new(name, P::required()), Handler::blocking(method))
    }

    /// Adds a method that may block and gives any number of results, with
    /// [`Results::send_blocking`].
    #[must_use]
    pub fn blocking_streaming<P: Params>(
        self,
        name: &str,
        method: impl Fn(&Call, P, &Results) -> Result<(), MethodError> + Send + Sync + 'static,
    ) -> Self {
        let handler = Handler::blocking_streaming(method);
        self.add(Method::streaming(name, P::required()), handler)
    }

    /// Says what the method added last is for.
    #[must_use]
    pub fn notes(self, notes: &str) -> Self {
        self.last(|method| notes.clone_into(&mut method.notes))
    }

    /// Describes the next parameter of the method added last, for introspection and for
    /// [`strict`](Self::strict).
    #[must_use]
    pub fn param(self, name: &str, desc: &str, kind: ParamType) -> Self {
        let param = Param {
            name: name.to_owned(),
            desc: desc.to_owned(),
            kind,
        };
        self.last(|method| method.signature.params.push(param))
    }

    /// Describes what the method added last gives, for introspection.
    #[must_use]
    pub fn returns(self, desc: &str, kind: ParamType) -> Self {
        let desc = desc.to_owned();
        self.last(|method| method.signature.returns = Some(Returned { desc, kind }))
    }

    /// Refuses calls of the method added last whose parameters are of other types or classes than
    /// was [said](Self::param), with status 400. (Parameters that serde cannot read are refused
    /// anyway; this is for those that are taken as they come.)
    #[must_use]
    pub fn strict(self) -> Self {
        self.last(|method| method.strict = true)
    }

    /// Bytes of JSON that a stanza with several results of the method added last may reach; 25,600
    /// by default, 0 for a stanza for each result.
    #[must_use]
    pub fn bundle_bytes(self, bytes: usize) -> Self {
        self.last(|method| method.sizes.bundle_bytes = bytes)
    }

    /// Bytes above which a result of the method added last is sent in pieces, escaping counted in;
    /// 51,200 by default, 0 for never.
    #[must_use]
    pub fn chunk_bytes(self, bytes: usize) -> Self {
        self.last(|method| method.sizes.chunk_bytes = bytes)
    }

    /// How long the method added last may run, whatever its service says; zero for as long as it
    /// likes. By default it is [the service's limit](crate::host::HostBuilder::max_run).
    ///
    /// When its time is up its caller gets status 504, and keeps the results that it has had; its
    /// [token](Call::cancellation) is cancelled; and its drone is replaced. An async method is
    /// dropped at its next `await`. One on the blocking pool goes on, as nobody can end it, but what
    /// it still gives goes nowhere. A function cannot be broken off at all; it must not wait.
    ///
    /// The time runs from when the drone takes the request up. [`Results::hold`] does not extend it.
    /// A method that another one [calls](Call::lookup) is a part of that one's time.
    #[must_use]
    pub fn limit(self, limit: Duration) -> Self {
        self.last(|method| method.limit = Some(limit))
    }

    /// Does this before the service is registered, once each time that it starts; if it fails, the
    /// service is started again, 10 times in a minute before the host gives up.
    #[must_use]
    pub fn on_start<F>(mut self, hook: impl Fn(ServiceContext) -> F + Send + Sync + 'static) -> Self
    where
        F: Future<Output = Result<(), MethodError>> + 'static,
    {
        self.hooks.on_start(hook);
        self
    }

    /// Does this before a drone takes its first request; if it fails, or takes longer than 60 s,
    /// another drone is started later. What the drone's methods need can be put into its [`Kept`](super::Kept) here.
    #[must_use]
    pub fn on_drone_start<F>(
        mut self,
        hook: impl Fn(Arc<DroneContext>) -> F + Send + Sync + 'static,
    ) -> Self
    where
        F: Future<Output = Result<(), MethodError>> + 'static,
    {
        self.hooks.on_drone_start(hook);
        self
    }

    /// Does this when a drone ends that had begun, however it ends. A panic in it is logged, and
    /// changes nothing; so it is with the two below.
    #[must_use]
    pub fn on_drone_end(mut self, hook: impl Fn(&DroneContext) + Send + Sync + 'static) -> Self {
        self.hooks.on_drone_end(hook);
        self
    }

    /// Does this when a session ends in which something was run, however it ends; a stateless
    /// call is a session of its own.
    #[must_use]
    pub fn on_session_end(
        mut self,
        hook: impl Fn(&SessionContext) + Send + Sync + 'static,
    ) -> Self {
        self.hooks.on_session_end(hook);
        self
    }

    /// Does this after each call whose method was run.
    #[must_use]
    pub fn on_request_end(
        mut self,
        hook: impl Fn(&Call, RequestEnd<'_>) + Send + Sync + 'static,
    ) -> Self {
        self.hooks.on_request_end(hook);
        self
    }

    fn last(mut self, change: impl FnOnce(&mut Method)) -> Self {
        if let Some((method, _)) = self.methods.last_mut() {
            change(method);
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
        let Self {
            name,
            methods,
            hooks,
        } = self;
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
            catalog: catalog.into(),
            handlers: handlers.into(),
            hooks,
        })
    }
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
