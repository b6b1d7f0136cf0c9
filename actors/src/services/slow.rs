//! `opensrf.cslow` and `opensrf.slooooooow`: services that take their time, to fill drones and
//! backlogs with.
//!
//! The waiting costs nothing but the drone, and ends when nobody waits for the answer any more. A part
//! of a second is a time, too. Under a paused clock no real time passes.
//!
//! `opensrf.slooooooow` can also behave badly, to see what that does to a network: with `holds = "thread"`
//! its waiting holds a thread of the pool for blocking methods, with `holds = "host"` the thread on which
//! the whole host runs, and in neither case does it notice that nobody waits any more.

use std::time::Duration;

use opensrf::osrf::{Json, code};
use serde_json::Value;

use super::given::Given;
use crate::service::{Call, MethodError, ParamType, Service, ServiceError};

/// The name of the first service, which is in C in the original.
pub const CSLOW: &str = "opensrf.cslow";

/// The name of the second service, which is in Perl in the original.
pub const SLOOOOOOOW: &str = "opensrf.slooooooow";

/// The longest time that may be asked for: a day.
pub const LONGEST: Duration = Duration::from_secs(86_400);

/// `opensrf.cslow`, which gives the number of seconds back.
///
/// # Errors
/// [`ServiceError::Setting`] for any setting: it has none.
pub fn cslow(settings: &Value) -> Result<Service, ServiceError> {
    Given::new(CSLOW, settings)?.only(&[])?;
    Service::builder(CSLOW)
        .method("opensrf.cslow.wait", |call, (given,): (Json,)| async move {
            wait(&call, &given).await?;
            Ok(given)
        })
        .notes("Waits so many seconds and gives their number back.")
        .param("seconds", "How long.", ParamType::Number)
        .returns("The same.", ParamType::Number)
        .build()
}

/// What the waiting holds up.
const HOLDS: &str = "holds";

/// `opensrf.slooooooow`, which gives all its parameters back.
///
/// # Errors
/// [`ServiceError::Setting`] for a setting other than `holds`, and for a value other than `drone` (the
/// default), `thread` and `host`.
pub fn slooooooow(settings: &Value) -> Result<Service, ServiceError> {
    let given = Given::new(SLOOOOOOOW, settings)?;
    given.only(&[HOLDS])?;
    let holds = given.text(HOLDS)?;
    let (service, name) = (Service::builder(SLOOOOOOOW), "opensrf.slooooooow.wait");
    let service = match holds.as_deref() {
        None | Some("drone") => service.method(name, |call: Call, ()| async move {
            let given = one_second_unless_given(&call);
            if let Some(first) = given.first() {
                wait(&call, first).await?;
            }
            Ok(given)
        }),
        Some("thread") => service.blocking(name, |call, ()| sleep(call)),
        Some("host") => service.function(name, |call, ()| sleep(call)),
        Some(other) => {
            let problem = format!("expected drone, thread or host and found {other:?}");
            return Err(given.wrong(HOLDS, problem));
        }
    };
    service
        .notes("Waits, and gives all its parameters back.")
        .param("seconds", "How long; 1 unless given.", ParamType::Number)
        .returns("The parameters.", ParamType::Array)
        .build()
}

fn one_second_unless_given(call: &Call) -> Vec<Json> {
    let mut given = call.params().to_vec();
    if given.first().is_none_or(|first| *first == Json::NULL) {
        given.splice(..given.len().min(1), [Json::from(1)]);
    }
    given
}

/// Waits as no method should.
#[allow(clippy::disallowed_methods, reason = "to block is what it is for")]
fn sleep(call: &Call) -> Result<Vec<Json>, MethodError> {
    let given = one_second_unless_given(call);
    if let Some(first) = given.first() {
        std::thread::sleep(seconds(first)?);
    }
    Ok(given)
}

async fn wait(call: &Call, given: &Json) -> Result<(), MethodError> {
    let time = seconds(given)?;
    tokio::select! {
        biased;
        () = call.cancellation().cancelled() => {}
        () = actix_rt::time::sleep(time) => {}
    }
    Ok(())
}

/// A number of seconds, which may come as a text.
fn seconds(given: &Json) -> Result<Duration, MethodError> {
    let number = match given.value()? {
        Value::Number(number) => number.as_f64(),
        Value::String(text) => text.trim().parse().ok(),
        Value::Null | Value::Bool(_) | Value::Array(_) | Value::Object(_) => None,
    };
    number
        .and_then(|number| Duration::try_from_secs_f64(number).ok())
        .filter(|time| *time <= LONGEST)
        .ok_or_else(|| {
            let longest = LONGEST.as_secs();
            let problem = format!("{given} is no time: give a number of seconds up to {longest}");
            MethodError::new(code::BAD_REQUEST, problem)
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Result<Duration, MethodError> {
        seconds(&Json::parse(text).unwrap())
    }

    #[test]
    fn seconds_may_be_parts_and_texts() {
        for (text, millis) in [("0", 0), ("3", 3_000), ("0.25", 250), ("\" 1.5 \"", 1_500)] {
            assert_eq!(read(text).unwrap(), Duration::from_millis(millis), "{text}");
        }
        assert_eq!(read("86400").unwrap(), LONGEST);
    }

    #[test]
    fn what_waiting_may_hold_up_is_checked() {
        for holds in ["drone", "thread", "host"] {
            assert!(slooooooow(&serde_json::json!({"holds": holds})).is_ok());
        }
        let wrong = slooooooow(&serde_json::json!({"holds": "door"})).unwrap_err();
        let text = "expected drone, thread or host and found \"door\"";
        assert!(wrong.to_string().contains(text), "{wrong}");
        assert!(slooooooow(&serde_json::json!({"hold": "host"})).is_err());
    }

    #[test]
    fn what_is_no_time_is_refused() {
        for text in [
            "-1", "86400.5", "1e300", "\"NaN\"", "\"inf\"", "null", "[1]", "\"x\"",
        ] {
            let problem = format!("{text} is no time: give a number of seconds up to 86400");
            let refused = MethodError::new(code::BAD_REQUEST, problem);
            assert_eq!(read(text), Err(refused));
        }
    }
}
