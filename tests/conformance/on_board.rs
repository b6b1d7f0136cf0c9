//! Bundled services (112).

use opensrf_actors::host::HostBuilder;
use opensrf_actors::services::by_name;
use serde_json::Value;

use super::form::Form;
use super::peer::Peer;
use crate::support::over_every_way;

/// `opensrf.math` and `opensrf.dbmath`.
fn both(builder: HostBuilder) -> HostBuilder {
    ["opensrf.math", "opensrf.dbmath"]
        .into_iter()
        .fold(builder, |builder, name| {
            let service = by_name(name, &Value::Null).expect("on board");
            builder.service(service.expect("a service"))
        })
}

#[test]
fn s112_math_takes_numbers_and_texts_and_gives_numbers() {
    over_every_way(both, |net| async move {
        for form in Form::ALL {
            let mut peer = Peer::enters(&net, form, "peer").await;
            for service in ["opensrf.math", "opensrf.dbmath"] {
                for (method, params, result) in [
                    ("add", "[2,2]", "4"),
                    ("div", "[1,2]", "0.5"),
                    ("sub", "[\"5\",2]", "3"),
                    ("mult", "[\"1.5\",\" 2 \"]", "3.0"),
                ] {
                    let told = peer.is_told(service, method, params).await;
                    let told = told
                        .strip_suffix(", 1: 205 osrfConnectStatus")
                        .expect("an end");
                    let number: f64 = told.strip_prefix("1: ").unwrap().parse().unwrap();
                    let expected: f64 = result.parse().unwrap();
                    assert_eq!(number, expected, "{service} {method} {params}");
                }
            }
        }
    });
}
