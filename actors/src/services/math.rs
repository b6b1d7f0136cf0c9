//! `opensrf.math`: adds, subtracts, multiplies and divides two numbers.
//!
//! The original hands each sum on to `opensrf.dbmath`; this one does it itself, unless told
//! otherwise. Asking another is the example of a call within a call: it goes on under the caller's
//! transaction and in its language, and what the other refuses is refused with the same status.

use std::time::Duration;

use opensrf::osrf::Json;
use serde_json::Value;

use super::arithmetic::{self, OPERATIONS, Operation};
use super::dbmath;
use super::given::Given;
use super::handed_on;
use crate::service::{Call, MethodError, ParamType, Service, ServiceError};

/// The service's name.
pub const NAME: &str = "opensrf.math";

/// How long `opensrf.dbmath` may take (the original's time).
pub const DBMATH_TIMEOUT: Duration = Duration::from_secs(60);

/// The service, which computes itself.
///
/// # Errors
/// Never, unless its definition is wrong.
pub fn service() -> Result<Service, ServiceError> {
    arithmetic::service(NAME)
}

/// The service as its settings say: with `dbmath = true` it asks `opensrf.dbmath`.
///
/// # Errors
/// [`ServiceError::Setting`] for any other setting.
pub fn configured(settings: &Value) -> Result<Service, ServiceError> {
    let given = Given::new(NAME, settings)?;
    given.only(&["dbmath"])?;
    if given.truth("dbmath", false)? {
        asking()
    } else {
        service()
    }
}

fn asking() -> Result<Service, ServiceError> {
    let mut service = Service::builder(NAME);
    for operation in OPERATIONS {
        service = service
            .method(operation.name, move |call, pair| ask(operation, call, pair))
            .notes(operation.notes)
            .param("a", "The first number.", ParamType::Number)
            .param("b", "The second number.", ParamType::Number)
            .returns("The result.", ParamType::Number);
    }
    service.build()
}

async fn ask(operation: Operation, call: Call, pair: (Json, Json)) -> Result<Json, MethodError> {
    let client = call.client().with_timeout(DBMATH_TIMEOUT);
    let answers = client
        .call(dbmath::NAME, operation.name, pair)
        .await
        .map_err(handed_on)?;
    match answers.json() {
        [result] => Ok(result.clone()),
        results => Err(MethodError::failed(format!(
            "{} gave {} results instead of one",
            dbmath::NAME,
            results.len()
        ))),
    }
}
