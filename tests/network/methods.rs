//! What methods can do, and what is done around them.

use std::sync::Mutex;
use std::time::Duration;

use opensrf::osrf::{Json, Status};
use opensrf_actors::host::HostBuilder;
use opensrf_actors::service::{MethodError, ParamType, Service};
use serde_json::{Value, json};

use crate::support::{Net, Way, over, over_every_way, over_paused_ways, status};

fn kinds(builder: HostBuilder) -> HostBuilder {
    builder.service_sized(service(), 1, 1, 10)
}

/// Methods of each kind.
fn service() -> Service {
    Service::builder("test.kinds")
        .function("typed", |_, (number, text): (u32, Option<String>)| {
            Ok((number, text))
        })
        .function("nothing", |_, ()| Ok(()))
        .function("thread", |_, ()| Ok(thread()))
        .blocking("blocking", |_, ()| Ok(thread()))
        .blocking("blocking.panic", |_, ()| -> Result<(), _> {
            panic!("on purpose")
        })
        .blocking_streaming("blocking.count", |_, (last,): (u32,), results| {
            (1..=last).try_for_each(|number| results.send_blocking(&number))
        })
        .streaming("early", |call, (last,): (u32,), results| async move {
            results.send(&last).await?;
            results.complete().await?;
            results.send(&0).await?;
            // Until the caller says that it knows.
            call.cancellation().cancelled().await;
            Ok(())
        })
        .method("sum", |_, (numbers,): (Vec<f64>,)| async move {
            Ok(numbers.iter().sum::<f64>())
        })
        .method("local", |call, (last,): (u32,)| async move {
            let counted = call.lookup("blocking.count.atomic")?.run([last]).await?;
            let sum = call.lookup("sum")?.run([counted.first()]).await?;
            Ok::<_, MethodError>(sum)
        })
        .function("context", |call, ()| {
            Ok((
                call.xid().to_owned(),
                call.locale().to_owned(),
                call.tz().map(str::to_owned),
                call.ingress().to_owned(),
            ))
        })
        .method("context.nested", |call, ()| async move {
            let answers = call.client().call("test.kinds", "context", ()).await?;
            Ok::<Value, MethodError>(answers.one()?)
        })
        .method("local.missing", |call, ()| async move {
            call.lookup("nowhere")?.run(()).await
        })
        .streaming("delegated", |call, (last,): (u32,), results| async move {
            call.lookup("blocking.count")?
                .delegate([last], &results)
                .await
        })
        .function("count.in.session", |call, ()| {
            let count = call.session().kept.get_or_keep(|| Mutex::new(0));
            let mut count = count.lock().expect("nobody panics with it");
            *count += 1;
            Ok(*count)
        })
        .function("drone", |call, ()| Ok(call.drone().jid.to_string()))
        .function("recycle", |call, ()| {
            call.recycle();
            Ok(call.drone().jid.to_string())
        })
        .function("strict", |_, (object,): (Json,)| Ok(object))
        .param(
            "object",
            "any object of class acn",
            ParamType::Class("acn".into()),
        )
        .returns("the same", ParamType::Object)
        .strict()
        .streaming("small.bundles", |_, (last,): (u32,), results| async move {
            for number in 1..=last {
                results.send(&number).await?;
            }
            Ok(())
        })
        .bundle_bytes(0)
        .build()
        .expect("a service")
}

fn thread() -> String {
    format!("{:?}", std::thread::current().id())
}

/// The only result of a call.
async fn one(net: &Net, method: &str, params: Value) -> Value {
    let answers = net.client().call("test.kinds", method, params).await;
    answers.expect("an answer").one().expect("one result")
}

/// The status in which a call ends.
async fn fails(net: &Net, method: &str, params: Value) -> (u16, String) {
    let answers = net.client().call("test.kinds", method, params).await;
    status(&answers.expect_err("it fails"))
}

#[test]
fn parameters_are_what_their_types_say() {
    over_every_way(kinds, |net| async move {
        assert_eq!(one(&net, "typed", json!([7])).await, json!([7, null]));
        assert_eq!(
            one(&net, "typed", json!([7, "x", 1])).await,
            json!([7, "x"])
        );
        // As Perl writes them.
        assert_eq!(one(&net, "typed", json!(["7", 5])).await, json!([7, "5"]));
        assert_eq!(fails(&net, "typed", json!([])).await.0, 404);
        let (code, text) = fails(&net, "typed", json!([-1])).await;
        assert_eq!(
            (code, text.starts_with("parameter 1: ")),
            (400, true),
            "{text}"
        );
    });
}

#[test]
fn a_method_that_gives_nothing_has_only_an_end() {
    over_every_way(kinds, |net| async move {
        let answers = net.client().call("test.kinds", "nothing", ()).await;
        assert!(answers.unwrap().json().is_empty());
    });
}

#[test]
fn a_blocking_method_runs_on_another_thread_than_the_host() {
    over_every_way(kinds, |net| async move {
        let own = one(&net, "thread", json!([])).await;
        assert_ne!(one(&net, "blocking", json!([])).await, own);
        let answers = net
            .client()
            .call("test.kinds", "blocking.count", [500])
            .await;
        let counted: Vec<u32> = answers.unwrap().all().unwrap();
        assert_eq!(counted, (1..=500).collect::<Vec<_>>());
        assert_eq!(fails(&net, "blocking.panic", json!([])).await.0, 500);
        assert_eq!(net.host.figures().panics, 1);
    });
}

#[test]
fn a_method_may_end_its_request_before_itself() {
    over_every_way(kinds, |net| async move {
        let session = net.client().connect("test.kinds").await.unwrap();
        let answers = session.call("early", [7]).await.unwrap();
        assert_eq!(answers.all::<u32>().unwrap(), [7]);
        // The drone is not free until the method is over, and it is over when the caller leaves.
        drop(session);
        assert_eq!(one(&net, "typed", json!([1])).await, json!([1, null]));
    });
}

#[test]
fn methods_of_one_service_call_each_other_without_the_network() {
    over_every_way(kinds, |net| async move {
        assert_eq!(one(&net, "local", json!([4])).await, json!([10.0]));
        let answers = net.client().call("test.kinds", "delegated", [3]).await;
        assert_eq!(answers.unwrap().all::<u32>().unwrap(), [1, 2, 3]);
        let (code, text) = fails(&net, "local.missing", json!([])).await;
        assert_eq!(
            (code, text.contains("[nowhere] not found")),
            (404, true),
            "{text}"
        );
        let asked = net
            .log
            .said()
            .into_iter()
            .filter(|said| said.to == "router@localhost/test.kinds");
        assert_eq!(asked.count(), 3, "only what the client asked");
    });
}

#[test]
fn transaction_language_time_zone_and_origin_are_carried_on_to_nested_calls() {
    fn two(builder: HostBuilder) -> HostBuilder {
        builder.service_sized(service(), 2, 2, 10)
    }
    over_every_way(two, |net| async move {
        let client = net.client().with_xid("1234").with_locale("fr-CA");
        let client = client.with_tz("America/Toronto").with_ingress("gateway-v1");
        let expected = json!(["1234", "fr-CA", "America/Toronto", "gateway-v1"]);
        for method in ["context", "context.nested"] {
            let answers = client.call("test.kinds", method, ()).await.unwrap();
            assert_eq!(answers.one::<Value>().unwrap(), expected, "{method}");
        }
    });
}

#[test]
fn a_session_keeps_what_its_methods_put_there() {
    over_every_way(kinds, |net| async move {
        let session = net.client().connect("test.kinds").await.unwrap();
        for turn in 1..=3 {
            let count = session.call("count.in.session", ()).await.unwrap();
            assert_eq!(count.one::<u32>().unwrap(), turn);
        }
        drop(session);
        assert_eq!(one(&net, "count.in.session", json!([])).await, 1);
    });
}

#[test]
fn a_drone_is_replaced_when_a_method_asks_for_it() {
    over_every_way(kinds, |net| async move {
        let first = one(&net, "drone", json!([])).await;
        assert_eq!(one(&net, "recycle", json!([])).await, first);
        assert_ne!(one(&net, "drone", json!([])).await, first);
        assert_eq!(net.host.figures().restarts, 0, "that is no failure");
    });
}

#[test]
fn s088_a_drone_is_replaced_after_its_number_of_requests() {
    fn twice(builder: HostBuilder) -> HostBuilder {
        kinds(builder).max_requests(2)
    }
    over_every_way(twice, |net| async move {
        let mut drones = Vec::new();
        for _ in 0..6 {
            drones.push(one(&net, "drone", json!([])).await);
        }
        assert_eq!(drones[0], drones[1]);
        drones.dedup();
        assert_eq!(drones.len(), 3, "{drones:?}");
    });
}

#[test]
fn s089_a_session_beyond_its_number_of_requests_goes_on_elsewhere() {
    fn twice(builder: HostBuilder) -> HostBuilder {
        builder
            .service_sized(service(), 2, 2, 10)
            .session_requests(2)
    }
    over_every_way(twice, |net| async move {
        let session = net.client().connect("test.kinds").await.unwrap();
        let mut counts = Vec::new();
        for _ in 0..5 {
            let count = session.call("count.in.session", ()).await.unwrap();
            counts.push(count.one::<u32>().unwrap());
        }
        assert_eq!(counts, [1, 2, 1, 2, 1]);
        assert_eq!(
            net.log.drones_that_said(&Status::too_many_requests()).len(),
            2
        );
    });
}

#[test]
fn a_strict_method_takes_only_what_its_signature_says() {
    over_every_way(kinds, |net| async move {
        let acn = json!({ "__c": "acn", "__p": [1] });
        assert_eq!(one(&net, "strict", json!([acn])).await, acn);
        let (code, text) = fails(&net, "strict", json!([{}])).await;
        let expected = "Incorrect param class at position 0 : should be a 'acn'";
        assert_eq!((code, &*text), (400, expected));
        let record = one(&net, "opensrf.system.method", json!(["strict"])).await;
        assert_eq!(record["strict"], 1);
        assert_eq!(record["signature"]["params"][0]["class"], "acn");
        assert_eq!(record["signature"]["return"]["type"], "object");
    });
}

#[test]
fn a_method_may_have_a_stanza_for_each_result() {
    over_every_way(kinds, |net| async move {
        net.client()
            .call("test.kinds", "small.bundles", [5])
            .await
            .unwrap();
        let from_drones = net.log.stanzas().into_iter();
        let from_drones = from_drones.filter(|stanza| {
            stanza
                .from
                .as_ref()
                .is_some_and(|from| from.as_str().contains("_drone_at_"))
        });
        assert_eq!(from_drones.count(), 5);
    });
}

#[test]
fn a_request_that_waited_too_long_is_not_run_and_is_counted() {
    fn impatient(builder: HostBuilder) -> HostBuilder {
        let (service, _) = crate::services::gate();
        builder
            .service_sized(service, 1, 1, 10)
            .service_sized(crate::services::odd_service(), 1, 1, 10)
            .max_wait(Duration::from_secs(2))
    }
    over_paused_ways(impatient, |net| async move {
        let slow = net.client().call("test.odd", "slow", [9_000]);
        let late = async {
            tokio::time::sleep(Duration::from_millis(10)).await;
            let begun = tokio::time::Instant::now();
            let late = net.client().call("test.odd", "slow", [0]).await;
            let (code, text) = status(&late.unwrap_err());
            assert_eq!(
                (code, text.contains("waited for a drone")),
                (503, true),
                "{text}"
            );
            assert_eq!(begun.elapsed().as_secs(), 2);
        };
        let (slow, ()) = tokio::join!(slow, late);
        slow.unwrap();
        assert_eq!(net.host.figures().expired, 1);
    });
}

#[test]
fn a_request_whose_caller_waits_no_more_is_not_run() {
    over(Way::Local, kinds, |net| async move {
        let session = net.client().connect("test.kinds").await.unwrap();
        let hurried = net.client().with_timeout(Duration::from_secs(1));
        let late = hurried.call("test.kinds", "count.in.session", ()).await;
        assert_eq!(late.unwrap_err().call().unwrap().code(), 408);
        tokio::time::sleep(Duration::from_millis(1)).await;
        assert_eq!(net.host.figures().expired, 1);
        drop(session);
        one(&net, "thread", json!([])).await;
    });
}
