//! Drones and how many there are.

use std::cell::Cell;
use std::sync::Arc;
use std::time::Duration;

use futures::StreamExt;
use futures::future::join_all;
use opensrf::stanza::Stanza;
use opensrf_actors::host::{Host, HostBuilder};
use opensrf_actors::service::Service;
use serde_json::{Value, json};
use tokio::sync::Notify;
use tokio::time::Instant;

use crate::services::{gate, math, odd, odd_service};
use crate::support::{
    Way, address, guest, hub, knows, over, over_every_way, over_paused_ways, run, status,
};

fn two_drones(builder: HostBuilder) -> HostBuilder {
    builder.service_sized(odd_service(), 2, 2, 3)
}

#[test]
fn two_drones_and_three_places_serve_five_of_ten_calls_in_order() {
    over_paused_ways(two_drones, |net| async move {
        let calls = (0..10).map(|number| net.client().call("test.odd", "slow", (1_000, number)));
        let started = Instant::now();
        let mut served = Vec::new();
        let mut refused = Vec::new();
        let calls = calls
            .enumerate()
            .map(|(number, call)| async move { (number, call.await, started.elapsed().as_secs()) });
        for (number, outcome, after) in join_all(calls).await {
            match outcome {
                Ok(answers) => {
                    let back: Value = answers.one().unwrap();
                    assert_eq!(back, json!([1_000, number as u64]));
                    served.push((number, after));
                }
                Err(error) => refused.push((status(&error).0, after)),
            }
        }
        assert_eq!(served, [(0, 1), (1, 1), (2, 2), (3, 2), (4, 3)]);
        assert_eq!(refused, [(503, 0); 5]);
        assert_eq!(net.host.figures().refused, 5);
    });
}

#[test]
fn drones_are_made_for_the_calls_that_wait() {
    let services = |builder: HostBuilder| builder.service_sized(odd_service(), 1, 8, 0);
    over_paused_ways(services, |net| async move {
        let calls = (0..8).map(|_| net.client().call("test.odd", "slow", [1_000]));
        let started = Instant::now();
        for outcome in join_all(calls).await {
            outcome.unwrap();
        }
        assert_eq!(started.elapsed().as_secs(), 1);
    });
}

#[test]
fn a_panic_costs_one_answer_and_one_drone() {
    over_every_way(odd, |net| async move {
        let text = "the method failed unexpectedly (it panicked)";
        for (number, method) in ["panic", "panic.later", "panic"].into_iter().enumerate() {
            let failed = net.client().call("test.odd", method, ()).await;
            assert_eq!(status(&failed.unwrap_err()), (500, text.into()));
            assert_eq!(net.host.figures().panics, number as u64 + 1);
            let answers = net.client().call("test.odd", "slow", [number]).await;
            assert_eq!(answers.unwrap().one::<Value>().unwrap(), json!([number]));
        }
        assert_eq!(net.host.figures().restarts, 3);
        assert_eq!(net.host.figures().abandoned, 0);
    });
}

#[test]
fn what_a_method_gave_before_it_panicked_arrives() {
    over_every_way(odd, |net| async move {
        let stream = net.client().stream("test.odd", "panic.midway", ()).await;
        let results: Vec<_> = stream.unwrap().collect().await;
        assert_eq!(results.len(), 2);
        assert_eq!(
            results[0].as_ref().unwrap().value::<String>().unwrap(),
            "before"
        );
        assert_eq!(results[1].as_ref().unwrap_err().code(), 500);
    });
}

#[test]
fn drones_that_panicked_are_made_up_for() {
    over_paused_ways(two_drones, |net| async move {
        for _ in 0..20 {
            let panics = (0..2).map(|_| net.client().call("test.odd", "panic.later", ()));
            for outcome in join_all(panics).await {
                assert_eq!(status(&outcome.unwrap_err()).0, 500);
            }
        }
        let started = Instant::now();
        let calls = (0..2).map(|_| net.client().call("test.odd", "slow", [1_000]));
        for outcome in join_all(calls).await {
            outcome.unwrap();
        }
        assert_eq!(started.elapsed().as_secs(), 1);
        assert_eq!(net.host.figures().panics, 40);
    });
}

#[test]
fn a_call_that_nobody_waits_for_is_forgotten() {
    over_paused_ways(two_drones, |net| async move {
        for _ in 0..2 {
            let call = net.client().call("test.odd", "slow", [2_000]);
            let given_up = tokio::time::timeout(Duration::from_secs(1), call).await;
            assert!(given_up.is_err());
        }
        let mut stream = net.client().stream("test.odd", "count", [5_000]).await;
        let first = stream.as_mut().unwrap().next().await.unwrap().unwrap();
        assert_eq!(first.value::<u64>().unwrap(), 1);
        drop(stream);
        let answers = net.client().call("test.odd", "slow", [1]).await.unwrap();
        assert_eq!(answers.one::<Value>().unwrap(), json!([1]));
    });
}

#[test]
fn a_host_that_shuts_down_finishes_what_was_accepted() {
    over_every_way(math, |net| async move {
        let (service, gate) = gate();
        net.host.add_service_sized(service, 1, 1).await.unwrap();
        let client = net.client().clone();
        let calls = (0..3).map(|_| client.call("test.gate", "pass", ()));
        let calls = join_all(calls);
        let end = async {
            gate.holds(1).await;
            let ending = net.host.shutdown();
            gate.admit(3);
            ending.await.unwrap();
        };
        let (outcomes, ()) = tokio::join!(calls, end);
        for outcome in outcomes {
            assert_eq!(outcome.unwrap().one::<String>().unwrap(), "passed");
        }
        assert!(client.call("opensrf.math", "add", (1, 1)).await.is_err());
    });
}

#[test]
fn a_host_that_shuts_down_answers_callers_elsewhere() {
    over(Way::Tcp, math, |net| async move {
        let (service, gate) = gate();
        net.host.add_service_sized(service, 2, 2).await.unwrap();
        let calls = (0..4).map(|_| net.hub.call("test.gate", "pass", ()));
        let end = async {
            gate.holds(2).await;
            // Nothing is on its way to the host any more when the router has been told.
            let ending = net.host.shutdown();
            let admitting = async {
                while knows(&net.hub, "test.gate").await {}
                gate.admit(4);
            };
            let (ended, ()) = tokio::join!(ending, admitting);
            ended.unwrap();
        };
        let (outcomes, ()) = tokio::join!(join_all(calls), end);
        for outcome in outcomes {
            assert_eq!(outcome.unwrap().one::<String>().unwrap(), "passed");
        }
    });
}

#[test]
fn a_shutdown_takes_no_longer_than_it_may() {
    over_paused_ways(odd, |net| async move {
        let call = net.client().call("test.odd", "slow", [100_000]);
        let end = async {
            tokio::time::sleep(Duration::from_secs(1)).await;
            let before = Instant::now();
            net.host.shutdown().await.unwrap();
            assert_eq!(before.elapsed().as_secs(), 30);
        };
        let (outcome, ()) = tokio::join!(call, end);
        assert!(outcome.is_err());
    });
}

#[test]
fn whoever_waits_when_a_host_is_stopped_is_told() {
    over_paused_ways(two_drones, |net| async move {
        let calls = (0..5).map(|_| net.client().call("test.odd", "slow", [100_000]));
        let end = async {
            tokio::time::sleep(Duration::from_secs(1)).await;
            let before = Instant::now();
            net.host.stop().await.unwrap();
            assert!(before.elapsed() < Duration::from_secs(2));
        };
        let (outcomes, ()) = tokio::join!(join_all(calls), end);
        // Two were running and three waited.
        for outcome in outcomes {
            let (code, text) = status(&outcome.unwrap_err());
            assert_eq!((code, &*text), (503, "the service is stopping"));
        }
    });
}

#[test]
fn results_that_are_cut_off_by_the_end_of_the_host_do_not_look_complete() {
    over_every_way(math, |net| async move {
        let (service, gate) = gate();
        net.host.add_service_sized(service, 1, 1).await.unwrap();
        let stream = net.client().stream("test.gate", "pass", ()).await.unwrap();
        gate.holds(1).await;
        net.host.stop().await.unwrap();
        let results: Vec<_> = stream.collect().await;
        assert!(matches!(results[..], [Err(_)]), "{results:?}");
    });
}

#[test]
fn a_host_that_ends_takes_no_more_services() {
    over_every_way(math, |net| async move {
        let (service, gate) = gate();
        net.host.add_service_sized(service, 1, 1).await.unwrap();
        let call = net.client().call("test.gate", "pass", ());
        let end = async {
            gate.holds(1).await;
            let ending = net.host.shutdown();
            let adding = async {
                let refused = net.host.add_service(odd_service()).await;
                assert!(refused.is_err());
                gate.admit(1);
            };
            let (ended, ()) = tokio::join!(ending, adding);
            ended.unwrap();
        };
        let (outcome, ()) = tokio::join!(call, end);
        outcome.unwrap();
    });
}

#[test]
fn a_service_can_be_added_while_the_host_runs() {
    over_every_way(math, |net| async move {
        assert!(net.client().call("test.odd", "slow", [0]).await.is_err());
        net.host.add_service(odd_service()).await.unwrap();
        assert!(net.client().call("test.odd", "slow", [0]).await.is_ok());
    });
}

#[test]
fn hosts_in_one_process_know_nothing_of_each_other() {
    run(true, async {
        let mut hosts = Vec::new();
        for number in 0..3 {
            let service = Service::builder("test.number")
                .function("get", move |_, ()| Ok(number))
                .build()
                .unwrap();
            let host = hub().service(service).start().await.unwrap();
            host.ready().await.unwrap();
            hosts.push(host);
        }
        for (number, host) in hosts.iter().enumerate() {
            let answers = host.call("test.number", "get", ()).await.unwrap();
            assert_eq!(answers.one::<usize>().unwrap(), number);
        }
        hosts[0].stop().await.unwrap();
        assert!(hosts[0].call("test.number", "get", ()).await.is_err());
        assert!(hosts[1].call("test.number", "get", ()).await.is_ok());
    });
}

#[test]
fn services_of_several_hosts_share_the_calls() {
    run(false, async {
        let hub = hub().listen("127.0.0.1:0").start().await.unwrap();
        let mut hosts = Vec::new();
        for number in 0..2 {
            let service = Service::builder("test.number")
                .function("get", move |_, ()| Ok(number))
                .build()
                .unwrap();
            let host = guest(&address(&hub)).service(service).start().await;
            let host = host.unwrap();
            host.ready().await.unwrap();
            hosts.push(host);
        }
        let mut counts = [0; 2];
        for _ in 0..10 {
            let answers = hub.call("test.number", "get", ()).await.unwrap();
            counts[answers.one::<usize>().unwrap()] += 1;
        }
        assert_eq!(counts, [5, 5]);
        hosts[0].shutdown().await.unwrap();
        for _ in 0..4 {
            let answers = hub.call("test.number", "get", ()).await.unwrap();
            assert_eq!(answers.one::<usize>().unwrap(), 1);
        }
        hosts[1].shutdown().await.unwrap();
        let gone = hub.call("test.number", "get", ()).await.unwrap_err();
        assert_eq!(gone.call().unwrap().code(), 404);
    });
}

#[test]
fn a_host_that_leaves_under_load_costs_no_call() {
    run(false, async {
        let hub = hub().listen("127.0.0.1:0").start().await.unwrap();
        let staying = math(guest(&address(&hub))).start().await.unwrap();
        staying.ready().await.unwrap();
        let client = hub.client().with_timeout(Duration::from_secs(5));
        let is_over = Cell::new(false);
        let calls = (0..8).map(|_| async {
            let mut calls = 0;
            while !is_over.get() {
                let answers = client.call("opensrf.math", "add", (1, 2)).await;
                answers.map_err(|error| (calls, error)).unwrap();
                calls += 1;
            }
        });
        let leaving = async {
            for _ in 0..5 {
                let host = math(guest(&address(&hub))).spawn().await.unwrap();
                host.ready().await.unwrap();
                host.shutdown().await.unwrap();
            }
            is_over.set(true);
        };
        tokio::join!(join_all(calls), leaving);
    });
}

#[test]
fn a_host_that_leaves_hands_out_its_last_answer_however_large() {
    run(false, async {
        let answering = Arc::new(Notify::new());
        let seen = Arc::clone(&answering);
        let tap = move |stanza: &Stanza| {
            let from = stanza.from.as_ref().and_then(|from| from.resource());
            if from.is_some_and(|resource| resource.contains("_drone_at_")) {
                seen.notify_one();
            }
        };
        let hub = hub().listen("127.0.0.1:0").tap(Arc::new(tap));
        let hub = hub.start().await.unwrap();
        let host = odd(guest(&address(&hub))).spawn().await.unwrap();
        host.ready().await.unwrap();
        let call = async {
            let outcome = hub.call("test.odd", "fill", [8_000_000]).await;
            answering.notify_one(); // whatever came of it
            outcome
        };
        let leaving = async {
            answering.notified().await;
            host.shutdown().await.unwrap();
        };
        let (outcome, ()) = tokio::join!(call, leaving);
        assert_eq!(outcome.unwrap().one::<String>().unwrap().len(), 8_000_000);
    });
}

#[test]
fn a_host_without_services_is_ready_to_call() {
    run(false, async {
        let hub = hub().listen("127.0.0.1:0");
        let hub = math(hub).start().await.unwrap();
        hub.ready().await.unwrap();
        let caller = guest(&address(&hub)).start().await.unwrap();
        caller.ready().await.unwrap();
        let answers = caller.call("opensrf.math", "add", (1, 2)).await.unwrap();
        assert_eq!(answers.one::<i64>().unwrap(), 3);
    });
}

#[test]
fn a_host_on_a_thread_of_its_own_is_called_from_any_runtime() {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    runtime.block_on(async {
        let host = math(Host::builder()).spawn().await.unwrap();
        host.ready().await.unwrap();
        let answers = host.call("opensrf.math", "add", (1, 2)).await.unwrap();
        assert_eq!(answers.one::<i64>().unwrap(), 3);
        host.shutdown().await.unwrap();
    });
}

#[test]
fn a_client_without_handles_leaves_the_bus() {
    run(true, async {
        let host = Host::builder().start().await.unwrap();
        host.ready().await.unwrap();
        let before = host.bound();
        let client = host.new_client("brief").await.unwrap();
        client.online().await.unwrap();
        let other = client.clone();
        assert_eq!(host.bound().len(), before.len() + 1);
        drop(client);
        tokio::time::sleep(Duration::from_secs(1)).await;
        assert_eq!(host.bound().len(), before.len() + 1);
        drop(other);
        tokio::time::sleep(Duration::from_secs(1)).await;
        assert_eq!(host.bound(), before);
    });
}
