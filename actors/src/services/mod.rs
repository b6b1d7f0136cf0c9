//! The services on board. Each stands in a file of its own, as an example of how to write one.

pub mod math;
pub(crate) mod system;

use crate::service::{Service, ServiceError};

/// The service on board of this name, if there is one.
///
/// # Errors
/// [`ServiceError`] should the service on board be wrong in itself.
#[must_use]
pub fn by_name(name: &str) -> Option<Result<Service, ServiceError>> {
    match name {
        math::NAME => Some(math::service()),
        _ => None,
    }
}

/// The names of all services on board.
pub const NAMES: [&str; 1] = [math::NAME];
