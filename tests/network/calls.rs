//! What calls give.

use futures::StreamExt;
use opensrf::session::CallError;
use serde_json::{Value, json};
use tokio::time::Instant;

use crate::services::{math, odd};
use crate::support::{Way, over_every_way, over_paused_ways, status};

#[test]
fn a_client_gets_sums_differences_products_and_quotients() {
    over_every_way(math, |net| async move {
        let cases = [
            ("add", json!([2, 2]), json!(4)),
            ("add", json!(["2", " 3 "]), json!(5)),
            ("add", json!([1.5, "2.25"]), json!(3.75)),
            ("sub", json!([2, "5"]), json!(-3)),
            ("mult", json!([-4, 2.5]), json!(-10.0)),
            ("div", json!([12, 4]), json!(3)),
            ("div", json!([1, 4]), json!(0.25)),
        ];
        for (method, params, expected) in cases {
            let answers = net.client().call("opensrf.math", method, &params).await;
            let result: Value = answers.unwrap().one().unwrap();
            assert_eq!(result, expected, "{method} {params}");
        }
    });
}

#[test]
fn what_cannot_be_computed_is_refused_with_a_reason() {
    over_every_way(math, |net| async move {
        let cases = [
            ("div", json!([1, 0]), "the result is no finite number"),
            ("add", json!([1, "x"]), "parameter 2 is no number"),
            ("add", json!([null, 1]), "parameter 1 is no number"),
        ];
        for (method, params, why) in cases {
            let refused = net.client().call("opensrf.math", method, params).await;
            assert_eq!(status(&refused.unwrap_err()), (400, why.into()));
        }
    });
}

#[test]
fn every_service_echoes_and_tells_the_time() {
    over_every_way(math, |net| async move {
        let call = async |method, params: Value| {
            let answers = net.client().call("opensrf.math", method, params).await;
            answers.unwrap().all::<Value>().unwrap()
        };
        let params = json!([1, "two", [3.0, null], {"four": true}]);
        let each = params.as_array().unwrap().clone();
        assert_eq!(call("opensrf.system.echo", params.clone()).await, each);
        assert_eq!(
            call("opensrf.system.echo.atomic", params.clone()).await,
            [params]
        );
        assert!(call("opensrf.system.echo", json!([])).await.is_empty());
        assert_eq!(
            call("opensrf.system.echo.atomic", json!([])).await,
            [json!([])]
        );
        let times = call("opensrf.system.time", json!([])).await;
        assert!(times[0].as_u64().unwrap() >= 1_000_000_000);
    });
}

#[test]
fn every_service_describes_its_methods() {
    over_every_way(math, |net| async move {
        let call = async |method, params: Value| {
            let answers = net.client().call("opensrf.math", method, params).await;
            answers.unwrap().all::<Value>().unwrap()
        };
        let names = |records: &[Value]| -> Vec<String> {
            let name = |record: &Value| record["api_name"].as_str().unwrap().to_owned();
            records.iter().map(name).collect()
        };
        let all = call("opensrf.system.method.all", json!([])).await;
        assert_eq!(names(&all)[..4], ["add", "sub", "mult", "div"]);
        assert_eq!(all.len(), 11);
        assert_eq!(
            call("opensrf.system.method.all.atomic", json!([])).await,
            [json!(all)]
        );
        let echo = call("opensrf.system.method", json!(["opensrf.system.e"])).await;
        assert_eq!(
            names(&echo),
            ["opensrf.system.echo", "opensrf.system.echo.atomic"]
        );
        assert!(
            call("opensrf.system.method", json!(["none"]))
                .await
                .is_empty()
        );
        let atomic = call("opensrf.system.method.atomic", json!(["add"])).await;
        assert_eq!(atomic[0][0]["argc"], json!(2));
    });
}

#[test]
fn a_streaming_method_gives_its_results_in_order_and_then_ends() {
    over_every_way(odd, |net| async move {
        let stream = net.client().stream("test.odd", "count", [1_000]).await;
        let results: Vec<u64> = stream
            .unwrap()
            .map(|result| result.unwrap().value::<u64>().unwrap())
            .collect()
            .await;
        assert_eq!(results, (1..=1_000).collect::<Vec<_>>());
        let answers = net.client().call("test.odd", "count.atomic", [3]).await;
        assert_eq!(answers.unwrap().one::<[u64; 3]>().unwrap(), [1, 2, 3]);
    });
}

#[test]
fn a_method_without_a_result_completes() {
    over_every_way(odd, |net| async move {
        let answers = net.client().call("test.odd", "nothing", ()).await.unwrap();
        assert!(answers.json().is_empty());
        let atomic = net.client().call("test.odd", "count.atomic", [0]).await;
        assert!(atomic.unwrap().one::<[u64; 0]>().is_ok());
    });
}

#[test]
fn a_method_may_call_another_service() {
    over_every_way(odd, |net| async move {
        let call = net.client().call("test.odd", "add.through.math", (40, 2));
        assert_eq!(call.await.unwrap().one::<i64>().unwrap(), 42);
    });
}

#[test]
fn a_large_result_arrives_whole_though_it_travels_in_pieces() {
    over_every_way(odd, |net| async move {
        let text: String = "<a&\"b\\c'é\u{1f600}> ".repeat(200_000 / 18);
        let call = net.client().call("test.odd", "reversed", [&text]).await;
        let back: String = call.unwrap().one().unwrap();
        assert_eq!(back, text.chars().rev().collect::<String>());
        let pieces = net.log.said_by_drones();
        assert!(pieces.len() > 4, "{} pieces", pieces.len());
    });
}

#[test]
fn any_text_survives_the_way_there_and_back() {
    over_every_way(math, |net| async move {
        let texts = [
            "",
            " leading, trailing ",
            "<message> & 'quotes' \"double\" ]]> &amp; <!-- -->",
            "\u{0}\u{1}\u{8}\t\n\r\r\n\u{b}\u{1f}\u{7f}\u{85}\u{2028}",
            "é ß Ж 漢字 \u{1f600} \u{10ffff} \u{fffe} \u{ffff} e\u{301}",
            "back\\slash \\u0041 \\n",
        ];
        let answers = net
            .client()
            .call("opensrf.math", "opensrf.system.echo", texts)
            .await;
        assert_eq!(answers.unwrap().all::<String>().unwrap(), texts);
    });
}

#[test]
fn a_drone_knows_who_called() {
    over_every_way(odd, |net| async move {
        let answers = net.client().call("test.odd", "caller", ()).await.unwrap();
        let caller: String = answers.one().unwrap();
        assert!(caller.starts_with("opensrf@localhost/client_at_localhost_"));
    });
}

#[test]
fn an_unknown_service_is_told_at_once() {
    over_every_way(math, |net| async move {
        let before = Instant::now();
        let error = net.client().call("no.such", "m", ()).await.unwrap_err();
        match error.call() {
            Some(CallError::Unreachable { address, .. }) => {
                assert_eq!(address.as_str(), "router@localhost/no.such");
            }
            _ => panic!("{error}"),
        }
        if net.way != Way::Tcp {
            assert!(before.elapsed().is_zero());
        }
        assert!(net.client().connect("no.such").await.is_err());
    });
}

#[test]
fn unknown_methods_and_too_few_parameters_are_404_and_more_are_fine() {
    over_every_way(math, |net| async move {
        let call =
            async |method, params: Value| net.client().call("opensrf.math", method, params).await;
        let unknown = call("nope", json!([])).await.unwrap_err();
        let text = "Method [nope] not found for service opensrf.math";
        assert_eq!(status(&unknown), (404, text.into()));
        let text = "Not enough params for method add / service opensrf.math";
        for params in [json!([]), json!([1])] {
            let few = call("add", params).await.unwrap_err();
            assert_eq!(status(&few), (404, text.into()));
        }
        let more = call("add", json!([1, 2, 3, "four"])).await.unwrap();
        assert_eq!(more.one::<i64>().unwrap(), 3);
    });
}

#[test]
fn the_error_of_a_method_is_the_status_of_its_caller() {
    over_every_way(odd, |net| async move {
        let refused = net.client().call("test.odd", "refuse", ()).await;
        assert_eq!(status(&refused.unwrap_err()), (403, "not for you".into()));
        let failed = net.client().call("test.odd", "fail", ()).await;
        let (code, text) = status(&failed.unwrap_err());
        assert_eq!(
            (code, text.as_str()),
            (500, "invalid digit found in string")
        );
    });
}

#[test]
fn a_call_that_takes_too_long_ends_when_its_time_is_over() {
    over_paused_ways(odd, |net| async move {
        let patient = std::time::Duration::from_secs(3);
        let client = net.client().with_timeout(patient);
        let before = Instant::now();
        let error = client.call("test.odd", "slow", [10_000]).await.unwrap_err();
        assert_eq!(error.call(), Some(&CallError::Timeout(patient)));
        assert_eq!(before.elapsed().as_millis(), 3_000);
        let answers = client.call("test.odd", "slow", [2_999]).await.unwrap();
        assert_eq!(answers.one::<Value>().unwrap(), json!([2_999]));
    });
}
