//! What a service does around its methods: when it, a drone, a session or a request begins or ends.

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use opensrf_actors::host::HostBuilder;
use opensrf_actors::service::{Call, MethodError, RequestEnd, Service};

use crate::support::over_paused_ways;

/// What happened, in order.
type Diary = Arc<Mutex<Vec<String>>>;

/// A service that writes down what happens to it.
fn diary() -> (Service, Diary) {
    let diary = Diary::default();
    let note = |what: &str| {
        let (diary, what) = (Arc::clone(&diary), what.to_owned());
        move || {
            diary
                .lock()
                .expect("nobody panics with it")
                .push(what.clone())
        }
    };
    let (start, drone_start) = (note("service starts"), note("drone starts"));
    let (drone_end, session_end) = (note("drone ends"), note("session ends"));
    let (request_end, request_fails) = (note("request ends"), note("request fails"));
    let service = Service::builder("test.diary")
        .function("get", |call, ()| {
            Ok(call.drone().kept.get::<u8>().as_deref().copied())
        })
        .function("fail", |_, ()| {
            Err::<(), _>(MethodError::failed("on purpose"))
        })
        .on_start(move |_| {
            start();
            async { Ok(()) }
        })
        .on_drone_start(move |drone| {
            drone_start();
            drone.kept.keep(7_u8);
            async { Ok(()) }
        })
        .on_drone_end(move |_| drone_end())
        .on_session_end(move |_| session_end())
        .on_request_end(move |_: &Call, end| match end {
            RequestEnd::Done(_) => request_end(),
            _ => request_fails(),
        })
        .build()
        .expect("a service");
    (service, diary)
}

#[test]
fn hooks_are_called_at_the_start_and_end_of_service_drone_session_and_request() {
    over_paused_ways(
        |builder| builder,
        |net| async move {
            let (service, diary) = diary();
            net.host.add_service_sized(service, 1, 1).await.unwrap();
            let kept = net.client().call("test.diary", "get", ()).await.unwrap();
            assert_eq!(kept.one::<u8>().unwrap(), 7);
            let session = net.client().connect("test.diary").await.unwrap();
            session.call("get", ()).await.unwrap();
            session.call("fail", ()).await.unwrap_err();
            drop(session);
            net.host.shutdown().await.unwrap();
            let expected = [
                "service starts",
                "drone starts",
                "request ends",
                "session ends",
                "request ends",
                "request fails",
                "session ends",
                "drone ends",
            ];
            assert_eq!(*diary.lock().unwrap(), expected);
        },
    );
}

#[test]
fn a_drone_whose_start_fails_is_tried_again() {
    fn third_time_lucky(builder: HostBuilder) -> HostBuilder {
        let tries = AtomicUsize::new(0);
        let service = Service::builder("test.lucky")
            .function("get", |_, ()| Ok(1))
            .on_drone_start(move |_| {
                let started = match tries.fetch_add(1, Ordering::Relaxed) {
                    0 => Err(MethodError::failed("no database")),
                    1 => panic!("on purpose"),
                    _ => Ok(()),
                };
                async { started }
            })
            .build()
            .expect("a service");
        builder.service_sized(service, 1, 1, 10)
    }
    over_paused_ways(third_time_lucky, |net| async move {
        let got = net.client().call("test.lucky", "get", ()).await.unwrap();
        assert_eq!(got.one::<u8>().unwrap(), 1);
    });
}

#[test]
fn a_drone_that_never_began_has_no_end() {
    over_paused_ways(
        |builder| builder,
        |net| async move {
            let (begins, ends) = (
                Arc::new(AtomicBool::new(false)),
                Arc::new(AtomicBool::new(false)),
            );
            let (begun, ended) = (Arc::clone(&begins), Arc::clone(&ends));
            let service = Service::builder("test.slow-start")
                .on_drone_start(move |_| {
                    begun.store(true, Ordering::Relaxed);
                    std::future::pending()
                })
                .on_drone_end(move |_| ended.store(true, Ordering::Relaxed))
                .build()
                .unwrap();
            let host = net.host.clone();
            let adding =
                actix_rt::spawn(async move { host.add_service_sized(service, 1, 1).await });
            while !begins.load(Ordering::Relaxed) {
                tokio::task::yield_now().await;
            }
            net.host.stop().await.unwrap();
            assert!(adding.await.unwrap().is_err());
            assert!(!ends.load(Ordering::Relaxed));
        },
    );
}
