//! Children that fail again and again.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use opensrf_actors::service::{MethodError, Service};
use opensrf_actors::status::{ChildKind, ChildState};
use opensrf_actors::supervise::RestartPolicy;
use tokio::time::Instant;

use super::{child, starting, with_faults};
use crate::services::math;
use crate::support::hub;

/// Delays of a crash loop under a policy, without jitter.
fn delays(policy: RestartPolicy) -> impl Iterator<Item = Duration> {
    let longest = policy.longest_delay;
    let double = move |delay: &Duration| Some((*delay * 2).min(longest));
    std::iter::successors(Some(policy.first_delay), double).take(policy.most)
}

#[test]
fn a_service_that_never_starts_is_tried_after_longer_and_longer_delays_and_then_ends_the_host() {
    with_faults(math, |host, _| async move {
        let starts = Arc::new(Mutex::new(Vec::new()));
        let noted = Arc::clone(&starts);
        let broken = starting("test.broken", move |_| {
            noted.lock().unwrap().push(Instant::now());
            Err(MethodError::failed("no database"))
        });
        let adding = host.add_service(broken);
        let (added, ended) = tokio::join!(adding, host.ended());
        added.unwrap_err();
        let why = "the host ended: failed too often: service test.broken, 11 times within 60 s, \
                   at last: could not start: 500 no database";
        assert_eq!(ended.unwrap_err().to_string(), why);
        let starts = starts.lock().unwrap();
        let waited: Vec<_> = starts.windows(2).map(|two| two[1] - two[0]).collect();
        let policy = RestartPolicy::SERVICE;
        assert_eq!(waited.len(), policy.most);
        for (waited, whole) in waited.into_iter().zip(delays(policy)) {
            // A timer counts whole milliseconds.
            let most = whole + Duration::from_millis(1);
            assert!(
                waited >= whole * 3 / 4 && waited <= most,
                "{waited:?} of {whole:?}"
            );
        }
    });
}

#[test]
fn a_router_that_panics_at_all_it_says_ends_the_host() {
    with_faults(math, |host, fault| async move {
        fault.strike("router@localhost/router", usize::MAX);
        let asking = async {
            let client = host.client().with_timeout(Duration::from_millis(10));
            loop {
                let asked = client.call("router", "opensrf.router.info.class.list", ());
                let _ = asked.await;
                tokio::time::sleep(Duration::from_millis(10)).await;
            }
        };
        let ended = tokio::select! {
            ended = host.ended() => ended,
            () = asking => unreachable!("it asks for ever"),
        };
        let why = "the host ended: failed too often: router router@localhost/router, \
                   6 times within 30 s, at last: panicked";
        assert_eq!(ended.unwrap_err().to_string(), why);
    });
}

#[test]
fn a_service_that_fails_now_and_then_keeps_its_host_and_is_back_at_once() {
    with_faults(math, |host, fault| async move {
        for restarts in 1..=15 {
            tokio::time::sleep(Duration::from_secs(20)).await;
            fault.strike("opensrf.math_listener_at_", 1);
            let begun = Instant::now();
            while child(&host, ChildKind::Service, "opensrf.math")
                .await
                .unwrap()
                .restarts
                < restarts
            {
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
            let failed = Instant::now();
            assert!(failed - begun < Duration::from_secs(10));
            super::is_back(&host, ChildKind::Service, "opensrf.math", restarts).await;
            let first = RestartPolicy::SERVICE.first_delay;
            assert!(failed.elapsed() < 2 * first, "{:?}", failed.elapsed());
        }
    });
}

#[test]
fn the_host_tells_what_waits_for_its_restart_and_why() {
    with_faults(math, |host, _| async move {
        let broken = starting("test.broken", |nth| match nth {
            0..4 => Err(MethodError::failed("no database")),
            _ => Ok(()),
        });
        let adding = host.add_service(broken);
        let watching = async {
            tokio::time::sleep(Duration::from_secs(1)).await;
            child(&host, ChildKind::Service, "test.broken")
                .await
                .unwrap()
        };
        let (added, seen) = tokio::join!(adding, watching);
        added.unwrap();
        assert!(
            matches!(seen.state, ChildState::Restarting { in_seconds } if in_seconds > Duration::ZERO)
        );
        assert_eq!((seen.restarts, seen.uptime, seen.answer), (4, None, None));
        let last = seen.last_exit.unwrap();
        assert_eq!(last.exit, "could not start: 500 no database");
        assert!(last.ago < Duration::from_secs(1));
        let after = child(&host, ChildKind::Service, "test.broken")
            .await
            .unwrap();
        assert_eq!((after.state, after.restarts), (ChildState::Up, 4));
    });
}

/// It was said to be ready while a service waited for its restart.
#[test]
fn a_host_is_not_ready_while_a_service_waits_for_its_restart() {
    crate::support::run(true, async {
        let broken = starting("test.broken", |nth| match nth {
            0..3 => Err(MethodError::failed("no database")),
            _ => Ok(()),
        });
        let host = math(hub()).service(broken).start().await.unwrap();
        // By then opensrf.math is registered, and the other has failed.
        tokio::time::sleep(Duration::from_millis(50)).await;
        assert_eq!(host.waits_for().await.unwrap(), ["service test.broken"]);
        host.ready().await.unwrap();
        let broken = child(&host, ChildKind::Service, "test.broken")
            .await
            .unwrap();
        assert_eq!((broken.state, broken.restarts), (ChildState::Up, 3));
    });
}

#[test]
fn a_service_whose_drones_do_not_start_is_said_not_to_be_well_and_stays() {
    with_faults(math, |host, _| async move {
        let service = Service::builder("test.broken")
            .on_drone_start(async |_| Err(MethodError::failed("no database")))
            .build()
            .unwrap();
        // It is known to the routers all the same.
        host.add_service(service).await.unwrap();
        tokio::time::sleep(Duration::from_secs(100)).await;
        let problems = host.status().await.unwrap().problems();
        let says = |what: &str| problems.iter().any(|problem| problem.contains(what));
        assert!(
            says("test.broken has 0 drones and should have 1"),
            "{problems:?}"
        );
        let broken = child(&host, ChildKind::Service, "test.broken")
            .await
            .unwrap();
        assert_eq!(broken.restarts, 0);
    });
}
