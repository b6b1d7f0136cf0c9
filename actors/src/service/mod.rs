//! How a service is written: a name, and methods.
//!
//! ```
//! use opensrf_actors::service::Service;
//!
//! let service = Service::builder("acme.calc")
//!     .function("acme.calc.sum", |_, (a, b): (f64, f64)| Ok(a + b))
//!     .notes("Adds two numbers.")
//!     .build()?;
//! # Ok::<(), opensrf_actors::service::ServiceError>(())
//! ```
//!
//! The type of the parameters says what a caller must send; see [`Params`]. There are four kinds of
//! method:
//!
//! | | runs | gives |
//! |---|---|---|
//! | [`function`](ServiceBuilder::function) | at once, on the host's thread | one result |
//! | [`method`](ServiceBuilder::method) | async, on the host's thread | one result |
//! | [`streaming`](ServiceBuilder::streaming) | async, on the host's thread | any number, one by one |
//! | [`blocking`](ServiceBuilder::blocking), [`blocking_streaming`](ServiceBuilder::blocking_streaming) | on the blocking pool | one, or any number |
//!
//! A result of type `()` is none: the caller gets only the end. What streams has a twin,
//! `<name>.atomic`, that gives all results as one list. Each call runs in a drone that has nothing
//! else to do meanwhile; a panic ends the drone, gives the caller status 500 and disturbs nobody
//! else. So does a method that takes longer than its [limit](ServiceBuilder::limit), with status 504.

mod builder;
mod call;
mod error;
mod guard;
mod handler;
mod hooks;
mod kept;
mod local;
mod params;
mod results;
mod threads;
mod waited_for;

use std::fmt;
use std::sync::Arc;

use bytestring::ByteString;
use opensrf::service::{Catalog, MethodId};

pub use builder::{ServiceBuilder, ServiceError};
pub use call::Call;
pub(crate) use call::Surroundings;
pub use error::MethodError;
pub(crate) use guard::{Guarded, Panic, guarded, text_of};
pub(crate) use handler::{Handler, Outcome};
pub(crate) use hooks::Hooks;
pub use hooks::{DroneContext, RequestEnd, ServiceContext, SessionContext};
pub use kept::Kept;
pub use local::LocalMethod;
pub use opensrf::service::ParamType;
pub use params::Params;
pub use results::Results;
pub(crate) use threads::Threads;
pub use tokio_util::sync::CancellationToken;
pub(crate) use waited_for::{Cancellation, WaitedFor};

/// A service: its name and its methods. Cheap to clone.
#[derive(Clone)]
pub struct Service {
    catalog: Arc<Catalog>,
    handlers: Arc<[Handler]>,
    hooks: Hooks,
}

impl fmt::Debug for Service {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Service")
            .field("name", self.name())
            .finish_non_exhaustive()
    }
}

impl Service {
    /// Begins a service of this name, such as `acme.calc`.
    #[must_use]
    pub fn builder(name: &str) -> ServiceBuilder {
        ServiceBuilder::new(name)
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

    pub(crate) fn hooks(&self) -> &Hooks {
        &self.hooks
    }
}
