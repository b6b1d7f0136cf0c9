//! Conversations with one drone.

use std::collections::BTreeSet;
use std::time::Duration;

use opensrf::osrf::{Body, Status};
use opensrf_actors::host::HostBuilder;
use serde_json::{Value, json};

use crate::services::odd_service;
use crate::support::{over_every_way, over_paused_ways};

fn one_drone(builder: HostBuilder) -> HostBuilder {
    builder.service_sized(odd_service(), 1, 1, 10)
}

fn three_drones(builder: HostBuilder) -> HostBuilder {
    builder.service_sized(odd_service(), 3, 3, 10)
}

#[test]
fn a_session_stays_with_its_drone_and_others_do_not_get_it() {
    over_every_way(three_drones, |net| async move {
        let session = net.client().connect("test.odd").await.unwrap();
        for turn in 0..5 {
            let within = session.call("slow", [turn]).await.unwrap();
            assert_eq!(within.one::<Value>().unwrap(), json!([turn]));
            net.client().call("test.odd", "slow", [0]).await.unwrap();
        }
        let said = net.log.said_by_drones();
        let opened = Body::Status(Status::connected());
        let thread = said.iter().find(|s| s.message.body == opened).unwrap();
        let drones = |ours: bool| -> BTreeSet<&str> {
            let mine = said
                .iter()
                .filter(|s| (s.thread == thread.thread) == ours && s.to == thread.to);
            mine.map(|s| s.from.as_str()).collect()
        };
        assert_eq!(drones(true).len(), 1);
        assert!(drones(true).is_disjoint(&drones(false)));
    });
}

#[test]
fn a_session_that_is_dropped_frees_its_drone() {
    over_every_way(one_drone, |net| async move {
        let session = net.client().connect("test.odd").await.unwrap();
        let client = net.client().clone();
        let waiting =
            actix_rt::spawn(async move { client.call("test.odd", "caller", ()).await.is_ok() });
        session.call("caller", ()).await.unwrap();
        drop(session);
        assert!(waiting.await.unwrap());
        let said = net.log.said();
        let bye = said.iter().position(|s| s.message.body == Body::Disconnect);
        let complete = Body::Status(Status::complete());
        let last = said.iter().rposition(|s| s.message.body == complete);
        assert!(bye.unwrap() < last.unwrap());
    });
}

#[test]
fn calls_of_one_session_are_answered_in_order() {
    over_every_way(three_drones, |net| async move {
        let session = net.client().connect("test.odd").await.unwrap();
        let calls = (0..20).map(|number| session.call("slow", (0, number)));
        let answers = futures::future::join_all(calls).await;
        for (number, answer) in answers.into_iter().enumerate() {
            assert_eq!(
                answer.unwrap().one::<Value>().unwrap(),
                json!([0, number as u64])
            );
        }
        let results = net.log.said_by_drones().into_iter();
        let order: Vec<u64> = results
            .filter_map(|said| match said.message.body {
                Body::Result(answer) => answer.content.value::<(u64, u64)>().ok(),
                _ => None,
            })
            .map(|(_, number)| number)
            .collect();
        assert_eq!(order, (0..20).collect::<Vec<_>>());
    });
}

#[test]
fn an_idle_session_loses_its_drone_and_gets_another_with_the_next_call() {
    over_paused_ways(one_drone, |net| async move {
        let session = net.client().connect("test.odd").await.unwrap();
        session.call("caller", ()).await.unwrap();
        let idle = Status::idle_too_long();
        tokio::time::sleep(Duration::from_millis(4_999)).await;
        assert!(net.log.drones_that_said(&idle).is_empty());
        tokio::time::sleep(Duration::from_millis(2)).await;
        assert_eq!(net.log.drones_that_said(&idle).len(), 1);
        // The only drone serves others again, and then the session.
        net.client().call("test.odd", "caller", ()).await.unwrap();
        for _ in 0..3 {
            session.call("caller", ()).await.unwrap();
        }
        assert_eq!(net.log.drones_that_said(&Status::connected()).len(), 2);
    });
}

#[test]
fn a_session_survives_any_number_of_idle_times() {
    over_paused_ways(one_drone, |net| async move {
        let session = net.client().connect("test.odd").await.unwrap();
        for turn in 0..10 {
            tokio::time::sleep(Duration::from_secs(6)).await;
            let answers = session.call("slow", [turn]).await.unwrap();
            assert_eq!(answers.one::<Value>().unwrap(), json!([turn]));
        }
    });
}

#[test]
fn a_call_keeps_its_session_alive_however_long_it_takes() {
    over_paused_ways(one_drone, |net| async move {
        let session = net.client().connect("test.odd").await.unwrap();
        session.call("slow", [20_000]).await.unwrap();
        tokio::time::sleep(Duration::from_millis(4_900)).await;
        session.call("slow", [20_000]).await.unwrap();
        assert_eq!(net.log.drones_that_said(&Status::connected()).len(), 1);
    });
}

#[test]
fn a_session_whose_drone_panics_goes_on_with_another() {
    over_every_way(one_drone, |net| async move {
        let session = net.client().connect("test.odd").await.unwrap();
        assert!(session.call("panic", ()).await.is_err());
        let answers = session.call("slow", [0]).await.unwrap();
        assert_eq!(answers.one::<Value>().unwrap(), json!([0]));
    });
}

#[test]
fn a_service_whose_drones_are_all_taken_opens_no_session_in_time() {
    over_paused_ways(one_drone, |net| async move {
        let held = net.client().connect("test.odd").await.unwrap();
        let long = held.call("slow", [25_000]);
        let late = async {
            let before = tokio::time::Instant::now();
            let refused = net.client().connect("test.odd").await;
            let error = refused.expect_err("nobody is free").to_string();
            assert_eq!(error, "no session within 5s");
            assert_eq!(before.elapsed().as_millis(), 5_000);
        };
        let (answered, ()) = tokio::join!(long, late);
        answered.unwrap();
        // The drone that opened the forgotten session is told to let it go.
        drop(held);
        net.client().call("test.odd", "caller", ()).await.unwrap();
    });
}
