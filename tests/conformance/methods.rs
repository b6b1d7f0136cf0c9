//! Methods: what a request is answered with (98 to 105, 107 and 111).

use opensrf::osrf::Json;
use opensrf_actors::host::HostBuilder;
use opensrf_actors::service::{MethodError, Service};

use super::form::Form;
use super::peer::Peer;
use crate::raw::short;
use crate::services::odd;
use crate::support::{over_every_way, over_paused_ways};

const DONE: &str = "1: 205 osrfConnectStatus";

/// The text of the status in an answer.
async fn refused(peer: &mut Peer, service: &str, method: &str, params: &str) -> (String, String) {
    peer.asks(service, method, params).await;
    let answer = peer.hears().await;
    let body = answer.decode().body.to_string();
    let text = body.split_once("\"status\":\"").expect("a status").1;
    let text = text.split_once("\",\"statusCode\"").expect("its end").0;
    (short(&answer), text.to_owned())
}

#[test]
fn s098_an_unknown_method_is_404_with_its_name_and_no_completion() {
    over_paused_ways(odd, |net| async move {
        for form in Form::ALL {
            let mut peer = Peer::enters(&net, form, "peer").await;
            for method in ["no.such.method", "refuse.atomic", "REFUSE"] {
                let (told, text) = refused(&mut peer, "test.odd", method, "[1]").await;
                assert_eq!(told, "1: 404 osrfMethodException");
                let expected = format!("Method [{method}] not found for service test.odd");
                assert_eq!(text, expected);
            }
            tokio::time::sleep(std::time::Duration::from_secs(10)).await;
            peer.hears_nothing().await;
        }
    });
}

#[test]
fn s099_too_few_parameters_are_refused_unseen_and_more_are_accepted() {
    fn pair(builder: HostBuilder) -> HostBuilder {
        let service = Service::builder("test.pair")
            .function("pair", |call, (_, _, _): (Json, Json, Option<Json>)| {
                Ok(call.params().to_vec())
            });
        builder.service(service.build().unwrap())
    }
    over_every_way(pair, |net| async move {
        for form in Form::ALL {
            let mut peer = Peer::enters(&net, form, "peer").await;
            for params in ["", "[]", "[1]", "{}", "7"] {
                let (told, text) = refused(&mut peer, "test.pair", "pair", params).await;
                assert_eq!(told, "1: 404 osrfMethodException", "{params}");
                let expected = "Not enough params for method pair / service test.pair";
                assert_eq!(text, expected);
            }
            for params in ["[1,2]", "[1,null]", "[1,2,3]", "[1,2,3,{\"four\":5}]"] {
                let told = peer.is_told("test.pair", "pair", params).await;
                assert_eq!(told, format!("1: {params}, {DONE}"));
            }
        }
    });
}

#[test]
fn s100_a_method_that_fails_is_a_status_and_its_drone_goes_on() {
    let one =
        |builder: HostBuilder| builder.service_sized(crate::services::odd_service(), 1, 1, 10);
    over_every_way(one, |net| async move {
        for form in Form::ALL {
            let mut peer = Peer::enters(&net, form, "peer").await;
            let mut drones = std::collections::BTreeSet::new();
            for (method, code) in [("fail", 500), ("refuse", 403), ("fail", 500)] {
                peer.asks("test.odd", method, "").await;
                let failed = peer.hears().await;
                assert_eq!(short(&failed), format!("1: {code} osrfMethodException"));
                drones.insert(failed.from.as_ref().expect("a drone").to_string());
                assert_eq!(peer.is_told("test.odd", "nothing", "").await, DONE);
            }
            assert_eq!(drones.len(), 1);
        }
        assert_eq!(net.host.figures().restarts, 0);
    });
}

#[test]
fn s101_a_result_and_its_end_share_a_stanza() {
    over_every_way(odd, |net| async move {
        for form in Form::ALL {
            let mut peer = Peer::enters(&net, form, "peer").await;
            for (service, method, params, result) in [
                ("opensrf.math", "add", "[1,2]", "3"),
                ("test.odd", "reversed", "[\"abc\"]", "\"cba\""),
                ("test.odd", "slow", "[1]", "[1]"),
            ] {
                peer.asks(service, method, params).await;
                let answer = peer.hears().await;
                assert_eq!(short(&answer), format!("1: {result}, {DONE}"));
                let body = answer.decode().body.to_string();
                let texts = ["\"status\":\"OK\"", "\"status\":\"Request Complete\""];
                assert!(texts.iter().all(|text| body.contains(text)), "{body}");
            }
        }
    });
}

#[test]
fn s102_a_streaming_method_gives_its_results_in_order_and_ends_once() {
    over_paused_ways(odd, |net| async move {
        for form in Form::ALL {
            let mut peer = Peer::enters(&net, form, "peer").await;
            for last in [0, 1, 2, 1_000] {
                let told = peer
                    .is_told("test.odd", "count", &format!("[{last}]"))
                    .await;
                let mut expected: Vec<String> = (1..=last).map(|n| format!("1: {n}")).collect();
                expected.push(DONE.into());
                assert_eq!(told, expected.join(", "));
            }
            tokio::time::sleep(std::time::Duration::from_secs(10)).await;
            peer.hears_nothing().await;
        }
    });
}

#[test]
fn s103_every_streaming_method_has_an_atomic_twin_that_gives_one_list() {
    over_every_way(odd, |net| async move {
        for form in Form::ALL {
            let mut peer = Peer::enters(&net, form, "peer").await;
            for (method, params, result) in [
                ("count", "[3]", "[1,2,3]"),
                ("count", "[1]", "[1]"),
                ("count", "[0]", "[]"),
                ("opensrf.system.echo", "[[1],null]", "[[1],null]"),
                ("opensrf.system.echo", "", "[]"),
                ("opensrf.system.method", "[\"none\"]", "[]"),
            ] {
                let twin = format!("{method}.atomic");
                let told = peer.is_told("test.odd", &twin, params).await;
                assert_eq!(told, format!("1: {result}, {DONE}"), "{twin}");
            }
            // The twin fails as the method does.
            let told = peer.is_told("test.odd", "panic.midway.atomic", "").await;
            assert_eq!(told, "1: 500 osrfMethodException");
        }
    });
}

#[test]
fn s104_a_method_without_result_is_only_completed() {
    over_every_way(odd, |net| async move {
        for form in Form::ALL {
            let mut peer = Peer::enters(&net, form, "peer").await;
            for method in ["nothing", "opensrf.system.echo"] {
                peer.asks("test.odd", method, "").await;
                assert_eq!(short(&peer.hears().await), DONE);
            }
        }
    });
}

#[test]
fn s105_echo_gives_its_parameters_back() {
    over_every_way(odd, |net| async move {
        for form in Form::ALL {
            let mut peer = Peer::enters(&net, form, "peer").await;
            for service in ["test.odd", "opensrf.math"] {
                let echo = "opensrf.system.echo";
                let told = peer.is_told(service, echo, "[\"a\",{\"b\":1}]").await;
                assert_eq!(told, format!("1: \"a\", 1: {{\"b\":1}}, {DONE}"));
            }
        }
    });
}

#[test]
fn s107_time_is_in_seconds_since_1970() {
    over_every_way(odd, |net| async move {
        let mut peer = Peer::enters(&net, Form::Perl, "peer").await;
        let told = peer.is_told("test.odd", "opensrf.system.time", "").await;
        let number = told.strip_prefix("1: ").unwrap();
        let number = number.strip_suffix(&format!(", {DONE}")).unwrap();
        // Between the years 2001 and 2286: seconds, and whole ones.
        assert_eq!(number.parse::<u64>().unwrap().to_string().len(), 10);
    });
}

#[test]
fn s045_a_method_may_ask_its_caller_to_wait_on() {
    fn holding(builder: HostBuilder) -> HostBuilder {
        let service =
            Service::builder("test.hold").streaming("hold", |_, (): (), results| async move {
                results.send(&1).await?;
                results.hold().await?;
                results.send(&2).await
            });
        builder.service(service.build().unwrap())
    }
    over_every_way(holding, |net| async move {
        for form in Form::ALL {
            let mut peer = Peer::enters(&net, form, "peer").await;
            peer.asks("test.hold", "hold", "").await;
            // What it gave before is on its way by then.
            assert_eq!(short(&peer.hears().await), "1: 1");
            assert_eq!(short(&peer.hears().await), "1: 100 osrfContinueStatus");
            assert_eq!(short(&peer.hears().await), format!("1: 2, {DONE}"));
        }
    });
}

#[test]
fn s111_nothing_is_sent_for_a_request_after_its_completion() {
    fn early(builder: HostBuilder) -> HostBuilder {
        let service = Service::builder("test.early").streaming(
            "early",
            |_, (fails,): (bool,), results| async move {
                results.send(&1).await?;
                results.complete().await?;
                results.send(&2).await?;
                // Long enough for what waits for company to go.
                tokio::time::sleep(std::time::Duration::from_secs(1)).await;
                results.hold().await?;
                results.complete().await?;
                if fails {
                    return Err(MethodError::new(500, "nobody hears of it"));
                }
                Ok(())
            },
        );
        builder.service(service.build().unwrap())
    }
    over_paused_ways(early, |net| async move {
        for form in Form::ALL {
            let mut peer = Peer::enters(&net, form, "peer").await;
            for params in ["[false]", "[true]"] {
                let told = peer.is_told("test.early", "early", params).await;
                assert_eq!(told, format!("1: 1, {DONE}"));
                tokio::time::sleep(std::time::Duration::from_secs(10)).await;
                peer.hears_nothing().await;
            }
        }
    });
}
