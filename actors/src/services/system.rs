//! The methods that every service has (protocol §6.4).

use opensrf::osrf::Json;
use opensrf::service::Method;

use crate::service::{Call, Handler};

/// The system methods with what runs them.
pub(crate) fn methods() -> Vec<(Method, Handler)> {
    let streaming = |name: &'static str, argc, notes| Method {
        system: true,
        ..Method::streaming(name, argc).notes(notes)
    };
    let time = Method {
        system: true,
        ..Method::new("opensrf.system.time", 0).notes("Seconds since 1970.")
    };
    vec![
        (
            streaming("opensrf.system.echo", 0, "Gives each parameter back."),
            Handler::listing(|call| Ok(call.params().to_vec())),
        ),
        (
            time,
            Handler::listing(|call| Ok(vec![Json::from_value(&call.env().unix_time().as_secs())?])),
        ),
        (
            streaming(
                "opensrf.system.method",
                1,
                "Methods whose names begin like this; then how many at most, and how many to skip.",
            ),
            Handler::listing(|call| {
                // Anything but a text is the beginning of no name.
                let prefix = call.params().first().and_then(|p| p.value::<String>().ok());
                Ok(prefix
                    .map(|prefix| records(call, &prefix, 1))
                    .unwrap_or_default())
            }),
        ),
        (
            streaming(
                "opensrf.system.method.all",
                0,
                "All methods; how many at most, and how many to skip.",
            ),
            Handler::listing(|call| Ok(records(call, "", 0))),
        ),
    ]
}

/// The records of methods, with Perl's limit and offset in the parameters from `at` on.
fn records(call: &Call, prefix: &str, at: usize) -> Vec<Json> {
    let number = |at: usize| call.params().get(at).and_then(|p| p.value::<usize>().ok());
    // Perl has 0, too, for no limit.
    let limit = number(at).filter(|limit| *limit > 0).unwrap_or(usize::MAX);
    let all = call.catalog().introspect(prefix);
    all.skip(number(at + 1).unwrap_or(0)).take(limit).collect()
}
