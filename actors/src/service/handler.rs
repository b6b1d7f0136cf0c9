//! The code of a method, whatever its kind.

use std::any::Any;
use std::fmt;
use std::future::Future;
use std::sync::Arc;

use futures::future::LocalBoxFuture;
use opensrf::osrf::{Json, JsonError};
use serde::Serialize;

use super::{Call, MethodError, Params, Results};

/// What a method gave: its last result, if any; earlier ones have gone already.
pub(crate) type Outcome = Result<Option<Json>, MethodError>;

type Function = dyn Fn(&Call) -> Result<Vec<Json>, MethodError> + Send + Sync;
type Async = dyn Fn(Call, Results) -> LocalBoxFuture<'static, Outcome> + Send + Sync;
type Blocking = dyn Fn(&Call, &Results) -> Outcome + Send + Sync;

/// The code of a method.
#[derive(Clone)]
pub(crate) enum Handler {
    /// Runs at once.
    Function(Arc<Function>),
    /// Runs beside others on the host's thread.
    Async(Arc<Async>),
    /// Runs on the blocking pool.
    Blocking(Arc<Blocking>),
}

impl fmt::Debug for Handler {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Function(_) => "Function",
            Self::Async(_) => "Async",
            Self::Blocking(_) => "Blocking",
        })
    }
}

/// `()` is no result, only the end (protocol §3.3).
fn to_result<T: Serialize + 'static>(value: &T) -> Result<Option<Json>, JsonError> {
    let any: &dyn Any = value;
    if any.is::<()>() {
        return Ok(None);
    }
    // JSON already: it need not be read and written.
    let written = any.downcast_ref::<Json>().cloned();
    written
        .map_or_else(|| Json::from_value(value), Ok)
        .map(Some)
}

impl Handler {
    pub(super) fn function<P: Params, T: Serialize + 'static>(
        function: impl Fn(&Call, P) -> Result<T, MethodError> + Send + Sync + 'static,
    ) -> Self {
        Self::Function(Arc::new(move |call| {
            let result = function(call, P::read(call.params())?)?;
            Ok(to_result(&result)?.into_iter().collect())
        }))
    }

    /// A function that gives any number of results at once.
    pub(crate) fn listing(
        function: impl Fn(&Call) -> Result<Vec<Json>, JsonError> + Send + Sync + 'static,
    ) -> Self {
        Self::Function(Arc::new(move |call| Ok(function(call)?)))
    }

    pub(super) fn method<P, T, F>(method: impl Fn(Call, P) -> F + Send + Sync + 'static) -> Self
    where
        P: Params,
        T: Serialize + 'static,
        F: Future<Output = Result<T, MethodError>> + 'static,
    {
        Self::Async(Arc::new(move |call, _| match P::read(call.params()) {
            Ok(params) => {
                let running = method(call, params);
                Box::pin(async move { Ok(to_result(&running.await?)?) })
            }
            Err(error) => Box::pin(std::future::ready(Err(error))),
        }))
    }

    pub(super) fn streaming<P, F>(
        method: impl Fn(Call, P, Results) -> F + Send + Sync + 'static,
    ) -> Self
    where
        P: Params,
        F: Future<Output = Result<(), MethodError>> + 'static,
    {
        Self::Async(Arc::new(move |call, results| {
            match P::read(call.params()) {
                Ok(params) => {
                    let running = method(call, params, results);
                    Box::pin(async move { running.await.map(|()| None) })
                }
                Err(error) => Box::pin(std::future::ready(Err(error))),
            }
        }))
    }

    pub(super) fn blocking<P: Params, T: Serialize + 'static>(
        method: impl Fn(&Call, P) -> Result<T, MethodError> + Send + Sync + 'static,
    ) -> Self {
        Self::Blocking(Arc::new(move |call, _| {
            let result = method(call, P::read(call.params())?)?;
            Ok(to_result(&result)?)
        }))
    }

    pub(super) fn blocking_streaming<P: Params>(
        method: impl Fn(&Call, P, &Results) -> Result<(), MethodError> + Send + Sync + 'static,
    ) -> Self {
        Self::Blocking(Arc::new(move |call, results| {
            method(call, P::read(call.params())?, results).map(|()| None)
        }))
    }
}
