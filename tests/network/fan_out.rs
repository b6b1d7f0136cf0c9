//! Many requests at once, and what they say of their caller.

use std::time::Duration;

use futures::{StreamExt, stream};
use opensrf::osrf::{Body, Status};
use opensrf::session::CallError;
use opensrf_actors::client::{ClientError, Context, Request};
use opensrf_actors::host::HostBuilder;
use opensrf_actors::service::{Call, Results, Service};
use serde_json::{Value, json};

use crate::services::{math, odd_service};
use crate::support::{Net, Said, over_every_way, over_paused_ways, status};

const ECHO: &str = "opensrf.system.echo";

fn many_drones(builder: HostBuilder) -> HostBuilder {
    math(builder).service_sized(odd_service(), 8, 8, 10)
}

fn slow(milliseconds: u64) -> Request {
    Request::new("test.odd", "slow", [milliseconds])
}

/// What clients asked of the service, as the router got it.
fn asked(net: &Net) -> Vec<Said> {
    let mut said = net.log.said();
    said.retain(|said| said.to == "router@localhost/test.odd");
    said
}

#[test]
fn outcomes_come_as_they_end_each_with_its_place() {
    over_paused_ways(many_drones, |net| async move {
        let requests = [300, 100, 200].map(slow);
        let outcomes: Vec<_> = net.client().fan_out(requests).collect().await;
        let places: Vec<_> = outcomes.iter().map(|(place, _)| *place).collect();
        assert_eq!(places, [1, 2, 0]);
        for (place, outcome) in outcomes {
            let expected = [300, 100, 200][place];
            assert_eq!(outcome.unwrap().one::<[u64; 1]>().unwrap(), [expected]);
        }
    });
}

#[test]
fn no_more_are_outstanding_than_was_said() {
    over_every_way(many_drones, |net| async move {
        let requests = (0..20).map(|_| slow(2));
        let outcomes = net.client().fan_out(requests).at_most(4);
        assert_eq!(outcomes.count().await, 20);
        let (mut outstanding, mut most) = (0_i32, 0);
        for said in net.log.said() {
            if said.to == "router@localhost/test.odd" {
                outstanding += 1;
            } else if said.from.contains("test.odd_drone_at_") {
                let is_end = said.message.body == Body::Status(Status::complete());
                outstanding -= i32::from(is_end);
            }
            most = most.max(outstanding);
        }
        assert_eq!((outstanding, most), (0, 4));
    });
}

#[test]
fn ten_are_outstanding_unless_something_else_is_said_and_one_at_least() {
    over_paused_ways(many_drones, |net| async move {
        let mut outcomes = net.client().fan_out((0..20).map(|_| slow(100)));
        outcomes.next().await.unwrap().1.unwrap();
        assert_eq!(asked(&net).len(), 10);
        let one = net.client().fan_out([slow(1), slow(1)]).at_most(0);
        assert_eq!(one.count().await, 2);
    });
}

#[test]
fn each_failure_is_told_at_its_place_and_the_others_go_on() {
    over_every_way(many_drones, |net| async move {
        let requests = [
            Request::new("test.none", "add", (1, 2)),
            Request::new("a\u{0}b", "add", (1, 2)),
            Request::new("opensrf.math", "add", "no list"),
            Request::new("opensrf.math", "no.such", ()),
            Request::new("opensrf.math", "add", (1, 2)),
        ];
        let mut outcomes: Vec<_> = net.client().fan_out(requests).collect().await;
        outcomes.sort_by_key(|(place, _)| *place);
        let mut outcomes = outcomes.into_iter().map(|(_, outcome)| outcome);
        let mut error = || outcomes.next().unwrap().unwrap_err();
        assert!(matches!(
            error().call(),
            Some(CallError::Unreachable { .. })
        ));
        assert!(matches!(error(), ClientError::Name { .. }));
        assert!(matches!(error(), ClientError::Params(_)));
        assert_eq!(status(&error()).0, 404);
        let sum = outcomes.next().unwrap().unwrap();
        assert_eq!(sum.one::<Value>().unwrap(), json!(3));
    });
}

#[test]
fn dropped_it_cancels_what_is_outstanding_and_asks_no_more() {
    over_paused_ways(many_drones, |net| async move {
        let requests = [50, 10_000, 10_000, 10_000].map(slow);
        let mut outcomes = net.client().fan_out(requests).at_most(2);
        assert_eq!(outcomes.next().await.unwrap().0, 0);
        drop(outcomes);
        tokio::time::sleep(Duration::from_secs(60)).await;
        assert_eq!(asked(&net).len(), 2);
        // Neither answers nor time-outs of the cancelled disturb what follows.
        net.client().call("test.odd", "caller", ()).await.unwrap();
    });
}

#[test]
fn requests_may_come_out_of_a_stream_that_takes_its_time() {
    over_paused_ways(many_drones, |net| async move {
        let requests = stream::iter(0..3).then(|_| async {
            tokio::time::sleep(Duration::from_secs(1)).await;
            slow(10)
        });
        let begun = tokio::time::Instant::now();
        let mut outcomes = net.client().fan_out_stream(Box::pin(requests));
        for place in 0..3 {
            let (at, outcome) = outcomes.next().await.unwrap();
            assert_eq!(at, place);
            outcome.unwrap();
            // Each was answered before the next was there.
            assert_eq!(begun.elapsed().as_secs(), place as u64 + 1);
        }
        assert!(outcomes.next().await.is_none());
    });
}

#[test]
fn what_a_handle_says_of_itself_goes_with_every_message() {
    over_every_way(many_drones, |net| async move {
        let context = Context {
            xid: Some("1700000042".into()),
            locale: "fr-CA".into(),
            tz: Some("America/Montreal".into()),
            ingress: "gateway-v1".into(),
            api_level: 1,
        };
        let client = net.client().with_context(context.clone());
        assert_eq!(client.context(), &context);
        client.call("test.odd", "caller", ()).await.unwrap();
        let session = client.connect("test.odd").await.unwrap();
        session.call("caller", ()).await.unwrap();
        drop(session);
        net.client().call("test.odd", "caller", ()).await.unwrap();
        let mut ours = 0;
        for stanza in net.log.stanzas() {
            if stanza.extension().osrf_xid != "1700000042" {
                continue;
            }
            let body = &stanza.decode().body;
            for message in opensrf::osrf::decode(body).unwrap() {
                ours += 1;
                assert_eq!(message.locale, "fr-CA", "{message:?}");
                let is_asked = matches!(message.body, Body::Request(_));
                if is_asked || matches!(message.body, Body::Connect | Body::Disconnect) {
                    assert_eq!(message.tz.as_deref(), Some("America/Montreal"));
                }
                if is_asked {
                    assert_eq!(message.ingress, "gateway-v1");
                }
            }
        }
        assert!(ours >= 8, "{ours} messages of this transaction");
        let default = asked(&net).pop().unwrap().message;
        assert_eq!((&*default.locale, default.tz), ("en-US", None));
    });
}

#[test]
fn a_stream_that_is_dropped_midway_lets_its_drone_go() {
    over_paused_ways(many_drones, |net| async move {
        let stream = net.client().stream("test.odd", "count", [4_000]).await;
        let mut results = stream.unwrap();
        results.next().await.unwrap().unwrap();
        drop(results);
        tokio::time::sleep(Duration::from_secs(1)).await;
        let said = net.log.said();
        let bye = said.iter().find(|s| s.message.body == Body::Disconnect);
        let bye = bye.expect("the drone is told");
        assert!(bye.to.contains("_drone_at_"), "{}", bye.to);
        let thread = &asked(&net)[0].thread;
        assert_eq!(&bye.thread, thread);
        net.client().call("test.odd", "caller", ()).await.unwrap();
    });
}

#[test]
fn a_method_whose_caller_gave_up_ends_early() {
    let patient = |builder: HostBuilder| {
        let service = Service::builder("test.patient")
            .streaming("wait", |call: Call, (): (), results: Results| async move {
                results.send(&1).await?;
                call.cancellation().cancelled().await;
                Ok(())
            })
            .build();
        builder.service_sized(service.expect("a service"), 1, 1, 10)
    };
    over_paused_ways(patient, |net| async move {
        let client = net.client().with_timeout(Duration::from_secs(10));
        let begun = tokio::time::Instant::now();
        for _ in 0..3 {
            let mut results = client.stream("test.patient", "wait", ()).await.unwrap();
            results.next().await.unwrap().unwrap();
        }
        assert!(begun.elapsed() < Duration::from_secs(5));
        let late = client.call("test.patient", "wait", ()).await;
        assert!(matches!(
            late.unwrap_err().call(),
            Some(CallError::Timeout(_))
        ));
        // The only drone is free again.
        client.call("test.patient", ECHO, [1]).await.unwrap();
    });
}
