//! A method of the same service, called without the network.

use futures::future::LocalBoxFuture;
use opensrf::osrf::{Json, Request};
use opensrf::session::Run;

use super::guard::Guarded;
use super::handler::{Handler, Outcome};
use super::{Call, MethodError, Results, Service};
use crate::client::IntoParams;

/// A method of the same service, found by [`Call::lookup`].
///
/// It runs as a part of the call that looked it up: for the same caller, in the same session and
/// drone.
#[derive(Debug, Clone)]
pub struct LocalMethod {
    call: Call,
    service: Service,
    name: String,
}

impl LocalMethod {
    pub(super) fn find(call: &Call, service: &Service, name: &str) -> Result<Self, MethodError> {
        if service.catalog().find(name).is_none() {
            return Err(MethodError::from_status(&service.catalog().not_found(name)));
        }
        Ok(Self {
            call: call.clone(),
            service: service.clone(),
            name: name.to_owned(),
        })
    }

    /// Runs it, and gives all its results.
    ///
    /// # Errors
    /// What it fails with; 404 or 400 if the parameters are none for it.
    pub async fn run(&self, params: impl IntoParams) -> Result<Vec<Json>, MethodError> {
        let results = Results::local();
        let last = self.run_into(params, &results).await?;
        let mut all = results.collected();
        all.extend(last);
        Ok(all)
    }

    /// Runs it, and lets its results go straight to `results`, for the own caller.
    ///
    /// # Errors
    /// As with [`run`](Self::run).
    pub async fn delegate(
        &self,
        params: impl IntoParams,
        results: &Results,
    ) -> Result<(), MethodError> {
        match self.run_into(params, results).await? {
            Some(last) => results.send(&last).await,
            None => Ok(()),
        }
    }

    async fn run_into(&self, params: impl IntoParams, results: &Results) -> Outcome {
        let params = params
            .into_params()
            .map_err(|error| MethodError::new(400, error.to_string()))?;
        let request = Request {
            method: self.name.as_str().into(),
            params,
        };
        let dispatched = self.service.catalog().dispatch(&request);
        let id = dispatched.map_err(|status| MethodError::from_status(&status))?;
        let handler = self.service.handler(id).cloned();
        let handler = handler.ok_or_else(|| MethodError::failed("the method has no code"))?;
        let call = self.call.of(Run {
            method: id,
            params: request.params,
            ..self.call.run().clone()
        });
        let is_atomic = self.service.catalog().get(id).is_some_and(|m| m.atomic);
        if !is_atomic {
            return run(handler, call, results.clone()).await;
        }
        let collecting = Results::local();
        let last = run(handler, call, collecting.clone()).await?;
        let all = collecting.collected();
        Ok(Some(Json::array(all.iter().chain(&last))))
    }
}

/// Runs the code of a method wherever it belongs. A panic is a failure of the method that called.
async fn run(handler: Handler, call: Call, results: Results) -> Outcome {
    let ran = match handler {
        Handler::Function(function) => {
            let running = || -> LocalBoxFuture<'static, Outcome> {
                Box::pin(async move {
                    let mut all = function(&call)?;
                    let last = all.pop();
                    for result in all {
                        results.send(&result).await?;
                    }
                    Ok(last)
                })
            };
            Guarded::new(running).await
        }
        Handler::Async(method) => Guarded::new(|| method(call, results)).await,
        Handler::Blocking(method) => {
            let threads = call.threads().clone();
            threads.run(move || method(&call, &results)).await
        }
    };
    ran.unwrap_or_else(|_| Err(MethodError::failed("a local method panicked")))
}
