//! Methods that hang: what their callers get, and what becomes of their drones.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, mpsc};
use std::time::Duration;

use futures::StreamExt;
use futures::future::join_all;
use opensrf_actors::counters::Figures;
use opensrf_actors::host::HostBuilder;
use opensrf_actors::service::{RequestEnd, Service};
use tokio::time::Instant;

use crate::drones::{figures, serves};
use crate::support::{Net, over_paused_ways, status};

const SECOND: Duration = Duration::from_secs(1);

/// The figures of a network in which so many methods hung, and nothing else went wrong.
fn hung(hung: u64) -> Figures {
    Figures {
        hung,
        restarts: hung,
        ..Figures::default()
    }
}

/// Methods that hang, in a service whose methods may run for two seconds.
pub(crate) fn hanging(builder: HostBuilder) -> HostBuilder {
    let service = Service::builder("test.hang")
        .method("wait", |_, ()| std::future::pending::<Result<(), _>>())
        .streaming("begin", |_, (last,): (u32,), results| async move {
            for number in 1..=last {
                results.send(&number).await?;
            }
            std::future::pending().await
        })
        .method("any", |_, (seconds,): (u64,)| async move {
            tokio::time::sleep(Duration::from_secs(seconds)).await;
            Ok(seconds)
        })
        .limit(Duration::ZERO)
        .method("strict", |_, ()| std::future::pending::<Result<(), _>>())
        .limit(Duration::from_millis(250))
        .streaming("plead", |_, (), results| async move {
            loop {
                results.hold().await?;
                tokio::time::sleep(SECOND / 2).await;
            }
        })
        .streaming("early", |_, (), results| async move {
            results.complete().await?;
            std::future::pending().await
        })
        .function("get", |_, ()| Ok(7))
        .build()
        .expect("a service");
    builder.service_sized(service, 1, 1, 10).max_run(2 * SECOND)
}

/// The status in which a call ends, and after how long.
async fn ends(net: &Net, method: &str) -> (u16, Duration) {
    let begun = Instant::now();
    let failed = net.client().call("test.hang", method, ()).await;
    (status(&failed.unwrap_err()).0, begun.elapsed())
}

fn is_about(took: Duration, expected: Duration) {
    let late = took.saturating_sub(expected);
    assert!(
        took >= expected && late < SECOND / 20,
        "{took:?}, not {expected:?}"
    );
}

#[test]
fn the_caller_of_a_method_that_hangs_is_told_at_its_limit_and_its_drone_is_replaced() {
    over_paused_ways(hanging, |net| async move {
        for round in 1..=3 {
            let (code, took) = ends(&net, "wait").await;
            assert_eq!(code, 504);
            is_about(took, 2 * SECOND);
            serves(&net, "test.hang").await;
            assert_eq!(figures(&net), hung(round));
        }
    });
}

#[test]
fn a_method_may_have_a_shorter_limit_than_its_service_or_none() {
    over_paused_ways(hanging, |net| async move {
        let (code, took) = ends(&net, "strict").await;
        assert_eq!(code, 504);
        is_about(took, SECOND / 4);
        let long = net.client().call("test.hang", "any", [9]).await.unwrap();
        assert_eq!(long.one::<u64>().unwrap(), 9);
        assert_eq!(figures(&net), hung(1));
    });
}

#[test]
fn what_a_method_gave_before_it_hung_arrives() {
    over_paused_ways(hanging, |net| async move {
        let stream = net.client().stream("test.hang", "begin", [2]).await;
        let results: Vec<_> = stream.unwrap().collect().await;
        let numbers = results.iter().flatten().map(|one| one.value::<u32>());
        assert_eq!(numbers.map(Result::unwrap).collect::<Vec<_>>(), [1, 2]);
        assert_eq!(results.last().unwrap().as_ref().unwrap_err().code(), 504);
        assert_eq!(results.len(), 3);
        serves(&net, "test.hang").await;
    });
}

#[test]
fn neither_pleas_for_time_nor_an_early_end_let_a_method_run_for_longer() {
    over_paused_ways(hanging, |net| async move {
        let hasty = net.client().with_timeout(SECOND);
        let begun = Instant::now();
        let failed = hasty.call("test.hang", "plead", ()).await;
        assert_eq!(status(&failed.unwrap_err()).0, 504);
        is_about(begun.elapsed(), 2 * SECOND);
        // Its caller is content; nothing more comes.
        net.client().call("test.hang", "early", ()).await.unwrap();
        let waits = net.client().call("test.hang", "get", ()).await.unwrap();
        assert_eq!(waits.one::<u8>().unwrap(), 7);
        is_about(begun.elapsed(), 4 * SECOND);
        assert_eq!(figures(&net), hung(2));
    });
}

#[test]
fn what_waits_in_a_session_behind_a_method_that_hangs_is_told_and_the_session_goes_on() {
    over_paused_ways(hanging, |net| async move {
        let session = net.client().connect("test.hang").await.unwrap();
        let calls = [session.call("wait", ()), session.call("get", ())];
        let begun = Instant::now();
        let outcomes = join_all(calls).await;
        is_about(begun.elapsed(), 2 * SECOND);
        let codes = outcomes
            .into_iter()
            .map(|failed| status(&failed.unwrap_err()).0);
        assert_eq!(codes.collect::<Vec<_>>(), [504, 417]);
        let answers = session.call("get", ()).await.unwrap();
        assert_eq!(answers.one::<u8>().unwrap(), 7);
        assert_eq!(figures(&net), hung(1));
    });
}

#[test]
fn requests_that_wait_behind_methods_that_hang_are_served_by_the_drones_in_their_place() {
    over_paused_ways(hanging, |net| async move {
        let begun = Instant::now();
        let hanging = (0..3).map(|_| net.client().call("test.hang", "wait", ()));
        let waiting = (0..5).map(|_| net.client().call("test.hang", "get", ()));
        let (failed, served) = tokio::join!(join_all(hanging), join_all(waiting));
        is_about(begun.elapsed(), 6 * SECOND);
        assert!(failed.iter().all(Result::is_err));
        assert!(served.iter().all(Result::is_ok));
        assert_eq!(figures(&net), hung(3));
    });
}

#[test]
fn a_method_that_hangs_is_told_so_and_dropped_and_hooks_know_how_it_ended() {
    over_paused_ways(
        |builder| builder,
        |net| async move {
            let (note, notes) = mpsc::channel();
            let says = |what: &'static str| {
                let note = Mutex::new(note.clone());
                move || note.lock().unwrap().send(what).unwrap()
            };
            let (cancelled, session, drone) =
                (Arc::new(says("cancelled")), says("session"), says("drone"));
            let (given_up, other) = (says("given up"), says("other"));
            let service = Service::builder("test.told")
                .method("wait", move |call, ()| {
                    let cancelled = Arc::clone(&cancelled);
                    let token = call.cancellation().clone();
                    actix_rt::spawn(async move {
                        token.cancelled().await;
                        cancelled();
                    });
                    std::future::pending::<Result<(), _>>()
                })
                .limit(SECOND)
                .on_request_end(move |_, end| match end {
                    RequestEnd::GivenUp => given_up(),
                    _ => other(),
                })
                .on_session_end(move |_| session())
                .on_drone_end(move |_| drone())
                .build()
                .unwrap();
            net.host.add_service_sized(service, 0, 1).await.unwrap();
            let failed = net.client().call("test.told", "wait", ()).await;
            assert_eq!(status(&failed.unwrap_err()).0, 504);
            tokio::time::sleep(SECOND).await;
            let mut notes: Vec<_> = notes.try_iter().collect();
            assert_eq!(
                notes.pop(),
                Some("cancelled"),
                "its task is not the drone's"
            );
            assert_eq!(notes, ["given up", "session", "drone"]);
        },
    );
}

/// A service whose method `block` blocks until its gate opens; then it gives two results and ends.
fn blocking(limit: Duration) -> (Service, mpsc::Sender<()>, Arc<AtomicUsize>) {
    let (open, gate) = mpsc::channel();
    let (gate, begun) = (Mutex::new(gate), Arc::new(AtomicUsize::new(0)));
    let begins = Arc::clone(&begun);
    let service = Service::builder("test.block")
        .blocking_streaming("block", move |_, (), results| {
            begins.fetch_add(1, Ordering::Relaxed);
            gate.lock().expect("nobody panics with it").recv()?;
            let sent = [results.send_blocking(&1), results.send_blocking(&2)];
            sent.into_iter().collect()
        })
        .limit(limit)
        .function("get", |_, ()| Ok(7))
        .build()
        .expect("a service");
    (service, open, begun)
}

/// Waits for what another thread does. The paused clock stands still meanwhile.
async fn until(condition: impl Fn() -> bool) {
    while !condition() {
        tokio::task::yield_now().await;
    }
}

#[test]
fn a_method_that_blocks_for_too_long_is_given_up_and_what_it_says_later_is_dropped_and_counted() {
    over_paused_ways(
        |builder| builder,
        |net| async move {
            let (service, open, begun) = blocking(3 * SECOND);
            net.host.add_service_sized(service, 1, 1).await.unwrap();
            let call = net.client().call("test.block", "block", ());
            let time = async {
                until(|| begun.load(Ordering::Relaxed) == 1).await;
                tokio::time::advance(3 * SECOND).await;
            };
            let (outcome, ()) = tokio::join!(call, time);
            assert_eq!(status(&outcome.unwrap_err()).0, 504);
            serves(&net, "test.block").await;
            assert_eq!(figures(&net), hung(1));
            let said = net.log.said_by_drones().len();
            open.send(()).unwrap();
            // Two results, and its end.
            until(|| figures(&net).late == 3).await;
            tokio::time::sleep(SECOND).await;
            serves(&net, "test.block").await;
            assert_eq!(figures(&net).late, 3);
            assert_eq!(
                net.log.said_by_drones().len(),
                said + 2,
                "a result and an end"
            );
        },
    );
}

#[test]
fn a_call_that_gets_no_thread_waits_no_longer_than_its_limit_and_is_not_run_later() {
    over_paused_ways(
        |builder| builder.blocking_threads(1),
        |net| async move {
            let (service, open, begun) = blocking(3 * SECOND);
            net.host.add_service_sized(service, 2, 2).await.unwrap();
            let first = net.client().call("test.block", "block", ());
            let second = async {
                until(|| begun.load(Ordering::Relaxed) == 1).await;
                net.client().call("test.block", "block", ()).await
            };
            let time = async {
                until(|| begun.load(Ordering::Relaxed) == 1).await;
                for _ in 0..1_000 {
                    tokio::task::yield_now().await;
                }
                tokio::time::advance(3 * SECOND).await;
            };
            let (first, second, ()) = tokio::join!(first, second, time);
            for outcome in [first, second] {
                assert_eq!(status(&outcome.unwrap_err()).0, 504);
            }
            // The others do their work while the thread is lost.
            serves(&net, "test.block").await;
            assert_eq!(figures(&net), hung(2));
            open.send(()).unwrap();
            until(|| figures(&net).late == 3).await;
            open.send(()).unwrap();
            net.client().call("test.block", "block", ()).await.unwrap();
            assert_eq!(begun.load(Ordering::Relaxed), 2, "the second never began");
        },
    );
}
