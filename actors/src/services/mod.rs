//! The services on board. Each stands in a file of its own, as an example of how to write one.
//!
//! | service | what it does |
//! |---|---|
//! | [`opensrf.math`](math), [`opensrf.dbmath`](dbmath) | add, subtract, multiply and divide |
//! | [`opensrf.persist`](persist) | keeps values in slots, in a file |
//! | [`opensrf.settings`](settings) | what a host's configuration says |
//! | [`opensrf.simple-text`](simple_text) | turns, splits, cuts and counts texts |
//! | [`opensrf.validator`](validator) | checks addresses of e-mail |
//! | [`opensrf.version`](version) | the MD5 of what a method answers |
//! | [`opensrf.cslow`, `opensrf.slooooooow`](slow) | wait, to put load on a network |

mod arithmetic;
pub mod dbmath;
mod given;
pub mod math;
pub mod persist;
pub mod settings;
pub mod simple_text;
pub mod slow;
pub(crate) mod system;
pub mod validator;
pub mod version;

use opensrf::session::CallError;
use serde_json::Value;

use crate::client::ClientError;
use crate::service::{MethodError, Service, ServiceError};

/// The service on board of this name, if there is one, with the settings of its table
/// `[services.settings]`; null is an empty table. (`opensrf.settings` without a file knows only what
/// its table says here; [`settings::service`] takes the host's own configuration.)
///
/// # Errors
/// [`ServiceError::Setting`] names the setting that is missing, wrong or unknown.
#[must_use]
pub fn by_name(name: &str, settings: &Value) -> Option<Result<Service, ServiceError>> {
    Some(match name {
        math::NAME => math::configured(settings),
        dbmath::NAME => dbmath::service(settings),
        persist::NAME => persist::service(settings),
        self::settings::NAME => self::settings::service(settings, &Value::Null),
        simple_text::NAME => simple_text::service(settings),
        validator::NAME => validator::service(settings),
        version::NAME => version::service(settings),
        slow::CSLOW => slow::cslow(settings),
        slow::SLOOOOOOOW => slow::slooooooow(settings),
        _ => return None,
    })
}

/// The names of all services on board.
pub const NAMES: [&str; 9] = [
    math::NAME,
    dbmath::NAME,
    persist::NAME,
    settings::NAME,
    simple_text::NAME,
    validator::NAME,
    version::NAME,
    slow::CSLOW,
    slow::SLOOOOOOOW,
];

/// What a method answers whose own call failed: the status of the other service, or 500.
fn handed_on(error: ClientError) -> MethodError {
    match error {
        ClientError::Call(CallError::Status(status)) => {
            MethodError::new(status.code, &*status.text)
        }
        other => other.into(),
    }
}
