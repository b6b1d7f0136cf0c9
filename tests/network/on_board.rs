//! The services on board, called over the bus.

use std::time::Duration;

use opensrf::osrf::Json;
use opensrf_actors::client::ClientError;
use opensrf_actors::env::Env;
use opensrf_actors::host::HostHandle;
use opensrf_actors::services;
use opensrf_actors::settings::Settings;
use serde_json::{Value, json};
use tokio::time::Instant;

use crate::support::{Log, hub, run, status};

/// A network with these services on board, each with its settings.
pub(crate) struct OnBoard {
    pub(crate) hub: HostHandle,
    log: Log,
}

impl OnBoard {
    async fn start(services: &[(&str, Value)]) -> Self {
        let log = Log::default();
        let mut builder = hub().env(Env::simulated(7)).tap(log.tap());
        for (name, settings) in services {
            let service = services::by_name(name, settings).expect("on board");
            builder = builder.service(service.expect("a service"));
        }
        let hub = builder.start().await.expect("a host");
        hub.ready().await.expect("ready");
        Self { hub, log }
    }

    /// All results of a method named in full, such as `opensrf.persist.slot.create`.
    async fn all(
        &self,
        service: &str,
        method: &str,
        params: Value,
    ) -> Result<Vec<Json>, ClientError> {
        let answers = self.hub.call(service, method, params).await?;
        Ok(answers.json().to_vec())
    }

    /// The one result.
    pub(crate) async fn one(&self, service: &str, method: &str, params: Value) -> Value {
        let answers = self.hub.call(service, method, &params).await;
        let answers = answers.unwrap_or_else(|error| panic!("{method} {params}: {error}"));
        answers.one().expect("one result")
    }

    /// The status with which it is refused.
    pub(crate) async fn refused(
        &self,
        service: &str,
        method: &str,
        params: Value,
    ) -> (u16, String) {
        status(
            &self
                .all(service, method, params)
                .await
                .expect_err("refused"),
        )
    }
}

/// Runs a test with these services, under a paused clock.
pub(crate) fn with<F>(services: &[(&str, Value)], test: impl FnOnce(OnBoard) -> F)
where
    F: Future<Output = ()>,
{
    run(true, async {
        test(OnBoard::start(services).await).await;
    });
}

#[test]
fn each_name_on_board_is_that_of_a_service() {
    let folder = tempfile::tempdir().unwrap();
    for name in services::NAMES {
        let settings = match name {
            "opensrf.persist" => json!({"dbfile": folder.path().join("slots")}),
            "opensrf.validator" => json!({"validators": {"x": {"modules": {"a": "Invalid"}}}}),
            _ => Value::Null,
        };
        let service = services::by_name(name, &settings).unwrap().unwrap();
        assert_eq!(**service.name(), *name);
        let wrong = json!({"nonsense": 1});
        let refused = services::by_name(name, &wrong).unwrap().unwrap_err();
        let told = refused.to_string();
        assert!(told.contains(name) && told.contains("nonsense"), "{told}");
    }
    assert!(services::by_name("acme.calc", &Value::Null).is_none());
}

#[test]
fn the_example_file_has_all_services_with_settings_that_are_right() {
    let folder = tempfile::tempdir().unwrap();
    let dbfile = folder.path().join("persist.db");
    let dbfile = format!("dbfile = {:?}", dbfile.to_str().unwrap());
    let example = include_str!("../../config/services.toml");
    let example = example.replace("dbfile = \"persist.db\"", &dbfile);
    let default = opensrf_actors::settings::DEFAULT_TOML;
    let loader = Settings::loader().text("default.toml", default);
    // The machine's own name servers may be none.
    let example = example.replace("# nameservers", "nameservers");
    let settings = loader.text("services.toml", &example).load();
    let settings = settings.unwrap_or_else(|error| panic!("{error}"));
    let mut names = Vec::new();
    for service in settings.services {
        let made = services::by_name(&service.name, &service.settings).expect("on board");
        names.push(made.expect("a service").name().to_string());
    }
    let mut on_board = services::NAMES.map(str::to_owned).to_vec();
    names.sort();
    on_board.sort();
    assert_eq!(names, on_board);
}

#[test]
fn opensrf_math_asks_dbmath_if_told_and_hands_on_what_it_says() {
    let services = [
        ("opensrf.math", json!({"dbmath": true})),
        ("opensrf.dbmath", Value::Null),
    ];
    with(&services, async |net| {
        let math = async |method: &str, params| net.one("opensrf.math", method, params).await;
        assert_eq!(math("add", json!([2, "2"])).await, 4);
        assert_eq!(math("div", json!([1, 2])).await, 0.5);
        let refused = net.refused("opensrf.math", "div", json!([1, 0])).await;
        assert_eq!(refused, (400, "the result is no finite number".into()));
        let said = net.log.said_by_drones();
        let by_dbmath = |from: &str| from.contains("opensrf.dbmath_drone");
        assert!(said.iter().any(|said| by_dbmath(&said.from)), "{said:?}");
        let client = net.hub.client().with_xid("1234").with_locale("fr-CA");
        client.call("opensrf.math", "sub", (3, 2)).await.unwrap();
        let mut nested = net.log.said().into_iter().rev();
        let nested = nested.find(|said| said.to.ends_with("router@localhost/opensrf.dbmath"));
        assert_eq!(nested.unwrap().message.locale, "fr-CA");
        let mut stanzas = net.log.stanzas().into_iter().rev();
        let nested = stanzas.find(|stanza| {
            let to = stanza.to.as_ref().map(ToString::to_string);
            to.as_deref() == Some("router@localhost/opensrf.dbmath")
        });
        assert_eq!(nested.unwrap().extension().osrf_xid, "1234");
        let direct = net.one("opensrf.dbmath", "mult", json!([6, 7])).await;
        assert_eq!(direct, 42);
    });
    with(&services[..1], async |net| {
        let (code, why) = net.refused("opensrf.math", "add", json!([1, 2])).await;
        assert_eq!(code, 500);
        assert!(why.contains("opensrf.dbmath cannot be reached"), "{why}");
    });
}

#[test]
fn texts_are_turned_split_cut_and_counted() {
    with(&[("opensrf.simple-text", Value::Null)], async |net| {
        let service = "opensrf.simple-text";
        let one = async |method: &str, params| {
            net.one(service, &format!("{service}.{method}"), params)
                .await
        };
        assert_eq!(one("reverse", json!(["añb"])).await, "bña");
        assert_eq!(one("substring", json!(["häuser", 1, 3])).await, "äus");
        assert_eq!(one("substring", json!(["häuser"])).await, "häuser");
        assert_eq!(
            one("statistics", json!([["a b", "ç"]])).await,
            json!({"length": 4, "word_count": 3})
        );
        let split = "opensrf.simple-text.split";
        let parts = net.all(service, split, json!(["a  b"])).await.unwrap();
        let texts: Vec<_> = parts.iter().map(Json::as_str).collect();
        assert_eq!(texts, ["\"a\"", "\"\"", "\"b\""]);
        let atomic = one("split.atomic", json!(["a, b", ", "])).await;
        assert_eq!(atomic, json!(["a", "b"]));
        let (code, _) = net.refused(service, split, json!(["a", ""])).await;
        assert_eq!(code, 400);
    });
}

#[test]
fn slow_services_take_the_time_they_are_given() {
    let services = [
        ("opensrf.cslow", Value::Null),
        ("opensrf.slooooooow", Value::Null),
    ];
    with(&services, async |net| {
        for (service, params, result, millis) in [
            ("opensrf.cslow", json!([2]), json!(2), 2_000),
            ("opensrf.cslow", json!(["0.5"]), json!("0.5"), 500),
            ("opensrf.slooooooow", json!([]), json!([1]), 1_000),
            (
                "opensrf.slooooooow",
                json!([null, "x"]),
                json!([1, "x"]),
                1_000,
            ),
            (
                "opensrf.slooooooow",
                json!([3, "x", {}]),
                json!([3, "x", {}]),
                3_000,
            ),
        ] {
            let begun = Instant::now();
            let method = format!("{service}.wait");
            assert_eq!(net.one(service, &method, params).await, result);
            let taken = begun.elapsed().as_millis();
            assert!(
                (millis..millis + 100).contains(&taken),
                "{taken} of {millis}"
            );
        }
        let (code, _) = net
            .refused("opensrf.cslow", "opensrf.cslow.wait", json!([-1]))
            .await;
        assert_eq!(code, 400);
    });
}

#[test]
fn a_slow_service_stops_waiting_when_nobody_waits_for_it() {
    run(true, async {
        let slow = services::slow::cslow(&Value::Null).unwrap();
        let builder = hub().env(Env::simulated(7)).service_sized(slow, 1, 1, 10);
        let hub = builder.start().await.unwrap();
        hub.ready().await.unwrap();
        let begun = Instant::now();
        let session = hub.client().connect("opensrf.cslow").await.unwrap();
        let call = session.call("opensrf.cslow.wait", [80_000]);
        let given_up = tokio::time::timeout(Duration::from_secs(1), call).await;
        assert!(given_up.is_err());
        drop(session);
        let answers = hub.call("opensrf.cslow", "opensrf.cslow.wait", [1]).await;
        assert_eq!(answers.unwrap().one::<u64>().unwrap(), 1);
        assert!(
            begun.elapsed() < Duration::from_secs(10),
            "{:?}",
            begun.elapsed()
        );
    });
}

#[test]
fn a_version_is_the_md5_of_the_first_result_and_holds_for_five_minutes() {
    let services = [
        ("opensrf.version", Value::Null),
        ("opensrf.math", Value::Null),
    ];
    with(&services, async |net| {
        let verify = "opensrf.version.verify";
        let md5 = async |params| net.one("opensrf.version", verify, params).await;
        // of 3, and of "a"
        let three = "eccbc87e4b5ce2fe28308fd9f2a7baf3";
        assert_eq!(md5(json!(["opensrf.math", "add", 1, 2])).await, three);
        let echo = "opensrf.system.echo";
        let a = "6067924ae1b1832abce3d12fe83755a9";
        assert_eq!(md5(json!(["opensrf.math", echo, "a", "b"])).await, a);
        let asked = || {
            let said = net.log.said_by_drones();
            let by_math = said.iter().filter(|said| said.from.contains("math_drone"));
            by_math.count()
        };
        let before = asked();
        md5(json!(["opensrf.math", "add", 1, 2])).await;
        assert_eq!(asked(), before, "it was remembered");
        tokio::time::sleep(Duration::from_secs(301)).await;
        assert_eq!(md5(json!(["opensrf.math", "add", 1, 2])).await, three);
        assert!(asked() > before, "it was asked again");

        let refused = async |params| net.refused("opensrf.version", verify, params).await.0;
        assert_eq!(refused(json!(["opensrf.math", "none"])).await, 404);
        assert_eq!(refused(json!(["opensrf.math", "add", "x", 1])).await, 400);
        assert_eq!(refused(json!(["opensrf.math", echo])).await, 500);
        assert_eq!(refused(json!(["opensrf.math"])).await, 404);
    });
}

#[test]
fn a_validator_gives_a_verdict_in_the_originals_shape() {
    let modules = json!({"a_regex": {"implementation": "OpenSRF::Application::Validator::EmailAddress::Regex"}});
    let settings = json!({"validators": {
        "emailaddress": {"modules": modules},
        "never": {"modules": {"a": "Invalid"}},
    }});
    with(&[("opensrf.validator", settings)], async |net| {
        let validate = async |entry: &str, object| {
            let method = format!("opensrf.validator.{entry}.validate");
            net.one("opensrf.validator", &method, json!([object])).await
        };
        assert_eq!(
            validate("emailaddress", json!({"emailaddress": "X@Y.zz"})).await,
            json!({"valid": 1, "normalized": {"emailaddress": "x@y.zz"}, "additionals": null})
        );
        assert_eq!(
            validate("emailaddress", json!({})).await,
            json!({"valid": 0, "normalized": {}, "error": "No Address", "additionals": null})
        );
        assert_eq!(
            validate("never", json!({})).await["error"],
            "Forced Invalid"
        );
        let method = "opensrf.validator.never.validate";
        let (code, _) = net.refused("opensrf.validator", method, json!([7])).await;
        assert_eq!(code, 400);
    });
}
