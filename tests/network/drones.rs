//! Drones that fail: panics inside and outside of methods, connections that end, and drones that
//! cannot start. For methods that hang, see `hung`.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use futures::future::join_all;
use opensrf::osrf::Body;
use opensrf_actors::counters::Figures;
use opensrf_actors::host::HostBuilder;
use opensrf_actors::service::{MethodError, Service};
use tokio::time::Instant;

use crate::hung::hanging;
use crate::raw::Raw;
use crate::support::{Net, Way, over, over_paused_ways, status};

const SECOND: Duration = Duration::from_secs(1);

/// The figures that are about drones.
pub(crate) fn figures(net: &Net) -> Figures {
    let all = net.host.figures();
    Figures {
        refused: all.refused,
        expired: all.expired,
        abandoned: all.abandoned,
        panics: all.panics,
        restarts: all.restarts,
        hung: all.hung,
        late: all.late,
        ..Figures::default()
    }
}

/// Whether the service's only drone, or the one in its place, serves at once.
pub(crate) async fn serves(net: &Net, service: &str) {
    let begun = Instant::now();
    let answers = net.client().call(service, "get", ()).await.unwrap();
    assert_eq!(answers.one::<u8>().unwrap(), 7);
    assert!(begun.elapsed() < SECOND / 10, "{:?}", begun.elapsed());
}

#[test]
fn methods_that_panic_at_each_call_are_not_slowed_and_every_caller_is_told() {
    over_paused_ways(crate::services::odd, |net| async move {
        let begun = Instant::now();
        for _ in 0..200 {
            let failed = net.client().call("test.odd", "panic", ()).await;
            assert_eq!(status(&failed.unwrap_err()).0, 500);
        }
        // Less than the first pause after a drone that failed.
        assert!(begun.elapsed() < SECOND / 20, "{:?}", begun.elapsed());
        let expected = Figures {
            panics: 200,
            restarts: 200,
            ..Figures::default()
        };
        assert_eq!(figures(&net), expected);
    });
}

/// Panics when it is dropped.
struct Touchy;

impl Drop for Touchy {
    fn drop(&mut self) {
        panic!("on purpose, when dropped");
    }
}

/// How often each request was ended by somebody: thread and number, and the statuses that end it.
fn ends_of_requests(net: &Net) -> BTreeMap<(String, u64), Vec<u16>> {
    let mut ends = BTreeMap::<_, Vec<_>>::new();
    for said in net.log.said() {
        if let Body::Status(status) = said.message.body
            && (status.code == 205 || status.code >= 400)
            && !said.to.contains("listener")
        {
            let request = (said.thread, said.message.trace);
            ends.entry(request).or_default().push(status.code);
        }
    }
    ends
}

#[test]
fn what_was_kept_and_panicked_when_it_was_dropped_cost_the_drone_and_gave_a_second_answer() {
    over_paused_ways(
        |builder| builder,
        |net| async move {
            let service = Service::builder("test.touchy")
                .function("get", |call, ()| {
                    call.session().kept.keep(Touchy);
                    Ok(7)
                })
                .method("panic", |call, ()| async move {
                    call.drone().kept.keep(Touchy);
                    let _held = Touchy;
                    tokio::task::yield_now().await;
                    if true {
                        return Err::<(), _>(MethodError::failed("never seen"));
                    }
                    Ok(())
                })
                .build()
                .unwrap();
            net.host.add_service_sized(service, 1, 1).await.unwrap();
            for _ in 0..3 {
                serves(&net, "test.touchy").await;
            }
            assert_eq!(figures(&net), Figures::default());
            let failed = net.client().call("test.touchy", "panic", ()).await;
            assert_eq!(status(&failed.unwrap_err()).0, 500);
            serves(&net, "test.touchy").await;
            let ends = ends_of_requests(&net);
            assert!(ends.values().all(|codes| codes.len() == 1), "{ends:?}");
        },
    );
}

#[test]
fn hooks_that_panic_change_nothing() {
    over_paused_ways(
        |builder| builder,
        |net| async move {
            let service = Service::builder("test.hooked")
                .function("get", |_, ()| Ok(7))
                .function("panic", |_, ()| -> Result<(), _> { panic!("on purpose") })
                .function("recycle", |call, ()| {
                    call.recycle();
                    Ok(())
                })
                .method("wait", |_, ()| std::future::pending::<Result<(), _>>())
                .limit(SECOND)
                .on_request_end(|_, _| panic!("on purpose, after the request"))
                .on_session_end(|_| panic!("on purpose, after the session"))
                .on_drone_end(|_| panic!("on purpose, after the drone"))
                .build()
                .unwrap();
            net.host.add_service_sized(service, 1, 1).await.unwrap();
            for _ in 0..3 {
                serves(&net, "test.hooked").await;
            }
            let session = net.client().connect("test.hooked").await.unwrap();
            session.call("get", ()).await.unwrap();
            drop(session);
            net.client()
                .call("test.hooked", "recycle", ())
                .await
                .unwrap();
            assert_eq!(figures(&net), Figures::default());
            for (method, code) in [("panic", 500), ("wait", 504)] {
                let failed = net.client().call("test.hooked", method, ()).await;
                assert_eq!(status(&failed.unwrap_err()).0, code);
                serves(&net, "test.hooked").await;
            }
            let expected = Figures {
                panics: 1,
                hung: 1,
                restarts: 2,
                ..Figures::default()
            };
            assert_eq!(figures(&net), expected);
            net.host.shutdown().await.unwrap();
            let ends = ends_of_requests(&net);
            assert!(ends.values().all(|codes| codes.len() == 1), "{ends:?}");
        },
    );
}

#[test]
fn the_caller_of_a_drone_that_panics_itself_is_told_once_and_the_drone_takes_its_leave() {
    static PANICS: AtomicBool = AtomicBool::new(false);
    static ENDS: AtomicU64 = AtomicU64::new(0);
    /// Whoever sees what a drone says panics in its place, once.
    fn with_a_tap(builder: HostBuilder) -> HostBuilder {
        let service = Service::builder("test.tapped")
            .function("get", |_, ()| Ok(7))
            .on_session_end(|_| {
                ENDS.fetch_add(1, Ordering::Relaxed);
            })
            .on_drone_end(|_| {
                ENDS.fetch_add(10, Ordering::Relaxed);
            })
            .build()
            .expect("a service");
        let tap = |stanza: &opensrf::stanza::Stanza| {
            let from = stanza.from.as_ref().map(|from| from.as_str());
            let is_drones = from.is_some_and(|from| from.contains("_drone_at_"));
            if is_drones && PANICS.swap(false, Ordering::Relaxed) {
                panic!("on purpose, in the drone");
            }
        };
        builder.service_sized(service, 1, 1, 10).tap(Arc::new(tap))
    }
    over(Way::Local, with_a_tap, |net| async move {
        serves(&net, "test.tapped").await;
        assert_eq!(ENDS.swap(0, Ordering::Relaxed), 1);
        PANICS.store(true, Ordering::Relaxed);
        let begun = Instant::now();
        let failed = net.client().call("test.tapped", "get", ()).await;
        let expected = (500, "the drone died while it had this request".to_owned());
        assert_eq!(status(&failed.unwrap_err()), expected);
        assert!(begun.elapsed() < SECOND / 10);
        assert_eq!(ENDS.load(Ordering::Relaxed), 11, "a session, and the drone");
        serves(&net, "test.tapped").await;
        let expected = Figures {
            abandoned: 1,
            restarts: 1,
            ..Figures::default()
        };
        assert_eq!(figures(&net), expected);
        // In a session the caller asked its drone and not the listener.
        let session = net.client().connect("test.tapped").await.unwrap();
        session.call("get", ()).await.unwrap();
        PANICS.store(true, Ordering::Relaxed);
        let begun = Instant::now();
        let failed = session.call("get", ()).await;
        assert_eq!(status(&failed.unwrap_err()).0, 500);
        assert!(begun.elapsed() < SECOND / 10);
        session.call("get", ()).await.unwrap();
        assert_eq!(figures(&net).abandoned, 2);
    });
}

/// Throws a party of the host out of the network, and stays at its address.
async fn usurp(net: &Net, address: &str) -> impl Sized + use<> {
    let mut thief = Raw::through(&*net.door()).await;
    let resource = address.split_once('/').expect("it has a resource").1;
    thief.authenticate("opensrf", "localhost", resource).await;
    thief
}

#[test]
fn the_caller_of_a_method_that_was_done_early_was_told_again_when_its_drone_died() {
    over_paused_ways(
        |builder| hanging(builder).max_run(100 * SECOND),
        |net| async move {
            net.client().call("test.hang", "early", ()).await.unwrap();
            let drone = net.log.address_of("test.hang_drone_at_");
            let _thief = usurp(&net, &drone).await;
            serves(&net, "test.hang").await;
            let expected = Figures {
                restarts: 1,
                ..Figures::default()
            };
            assert_eq!(figures(&net), expected);
            let ends = ends_of_requests(&net);
            assert!(ends.values().all(|codes| codes.len() == 1), "{ends:?}");
        },
    );
}

#[test]
fn drones_whose_connection_ends_as_soon_as_it_is_there_did_spin() {
    over_paused_ways(
        |builder| builder,
        |net| async move {
            let (service, _gate) = crate::services::gate();
            net.host.add_service_sized(service, 1, 1).await.unwrap();
            let mut thieves = BTreeMap::new();
            let begun = Instant::now();
            while begun.elapsed() < 60 * SECOND {
                for address in net.hub.bound() {
                    let address = address.to_string();
                    if address.contains("test.gate_drone_at_") && !thieves.contains_key(&address) {
                        let thief = usurp(&net, &address).await;
                        thieves.insert(address, thief);
                    }
                }
                tokio::time::sleep(SECOND / 100).await;
            }
            // Six or seven until they are five seconds apart, then twelve a minute.
            let drones = thieves.len();
            assert!((10..25).contains(&drones), "{drones}");
            assert!(figures(&net).restarts.abs_diff(drones as u64) <= 1);
        },
    );
}

/// A service whose drones cannot start until it is allowed, and how often they tried.
fn broken() -> (Service, Arc<AtomicBool>, Arc<AtomicU64>) {
    let (is_well, tries) = (
        Arc::new(AtomicBool::new(false)),
        Arc::new(AtomicU64::new(0)),
    );
    let (well, tried) = (Arc::clone(&is_well), Arc::clone(&tries));
    let service = Service::builder("test.broken")
        .function("get", |_, ()| Ok(7))
        .on_drone_start(move |_| {
            tried.fetch_add(1, Ordering::Relaxed);
            let started = match well.load(Ordering::Relaxed) {
                true => Ok(()),
                false => Err(MethodError::failed("no database")),
            };
            async { started }
        })
        .build()
        .expect("a service");
    (service, is_well, tries)
}

#[test]
fn while_drones_cannot_start_requests_wait_for_a_while_and_are_refused_then() {
    over_paused_ways(
        |builder| builder,
        |net| async move {
            let (service, is_well, tries) = broken();
            net.host.add_service_sized(service, 2, 4).await.unwrap();
            let patient = net.client().with_timeout(100 * SECOND);
            let begun = Instant::now();
            let get = || patient.call("test.broken", "get", ());
            for outcome in join_all((0..3).map(|_| get())).await {
                let (code, text) = status(&outcome.unwrap_err());
                assert_eq!((code, text.contains("cannot start a drone")), (503, true));
            }
            let waited = begun.elapsed();
            assert!(waited > 9 * SECOND && waited < 20 * SECOND, "{waited:?}");
            let then = Instant::now();
            get().await.unwrap_err();
            assert!(then.elapsed() < SECOND / 10, "{:?}", then.elapsed());
            assert_eq!(figures(&net).refused, 4);
            tokio::time::sleep(100 * SECOND).await;
            // Two or three at a time, every four to five seconds at last.
            let tried = tries.load(Ordering::Relaxed);
            assert!(tried < 100, "{tried}");
            assert_eq!(figures(&net).restarts, tried);
            is_well.store(true, Ordering::Relaxed);
            tokio::time::sleep(6 * SECOND).await;
            serves(&net, "test.broken").await;
            assert_eq!(figures(&net).restarts, tries.load(Ordering::Relaxed) - 2);
        },
    );
}

#[test]
fn drones_that_cannot_start_for_a_moment_cost_a_moment() {
    over_paused_ways(
        |builder| builder,
        |net| async move {
            let (service, is_well, _) = broken();
            net.host.add_service_sized(service, 0, 1).await.unwrap();
            let begun = Instant::now();
            let call = net.client().call("test.broken", "get", ());
            let heals = async {
                tokio::time::sleep(2 * SECOND).await;
                is_well.store(true, Ordering::Relaxed);
            };
            let (outcome, ()) = tokio::join!(call, heals);
            assert_eq!(outcome.unwrap().one::<u8>().unwrap(), 7);
            assert!(begun.elapsed() < 5 * SECOND, "{:?}", begun.elapsed());
            serves(&net, "test.broken").await;
        },
    );
}
