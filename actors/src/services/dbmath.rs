//! `opensrf.dbmath`: the one that computes, where `opensrf.math` only asks.

use serde_json::Value;

use super::arithmetic;
use super::given::Given;
use crate::service::{Service, ServiceError};

/// The service's name.
pub const NAME: &str = "opensrf.dbmath";

/// The service.
///
/// # Errors
/// [`ServiceError::Setting`] for any setting: it has none.
pub fn service(settings: &Value) -> Result<Service, ServiceError> {
    Given::new(NAME, settings)?.only(&[])?;
    arithmetic::service(NAME)
}
