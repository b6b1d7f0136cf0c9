//! The methods that every service has (protocol §6.4).

use opensrf::osrf::Json;
use opensrf::service::Method;

use crate::service::{Call, Handler, handler};

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
            handler(|call| Ok(call.params().to_vec())),
        ),
        (
            time,
            handler(|call| Ok(vec![Json::from_value(&call.env().unix_time().as_secs())?])),
        ),
        (
            streaming(
                "opensrf.system.method",
                1,
                "Methods whose names begin like this.",
            ),
            handler(|call| {
                // Anything but a text is the beginning of no name.
                let prefix = call.params().first().and_then(|p| p.value::<String>().ok());
                Ok(prefix
                    .map(|prefix| records(call, &prefix))
                    .unwrap_or_default())
            }),
        ),
        (
            streaming("opensrf.system.method.all", 0, "All methods."),
            handler(|call| Ok(records(call, ""))),
        ),
    ]
}

fn records(call: &Call, prefix: &str) -> Vec<Json> {
    call.catalog().introspect(prefix).collect()
}
