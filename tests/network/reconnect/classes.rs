//! The router and its classes break.

use std::sync::atomic::{AtomicBool, Ordering};

use opensrf_actors::env::Env;

use super::*;
use crate::services::odd;
use crate::support::adds_up;

/// A network whose router, or one of its classes, panics as soon as it sends something after it was
/// told to.
async fn fragile(who: &'static str) -> (HostHandle, Log, Arc<AtomicBool>) {
    let log = Log::default();
    let is_told = Arc::new(AtomicBool::new(false));
    let (told, tap) = (Arc::clone(&is_told), log.tap());
    let builder = hub().env(Env::simulated(7)).tap(Arc::new(move |stanza| {
        tap(stanza);
        let from = stanza.from.as_ref().map_or("", |from| from.as_str());
        if from == who && told.swap(false, Ordering::Relaxed) {
            panic!("on purpose");
        }
    }));
    let hub = odd(builder).start().await.unwrap();
    hub.ready().await.unwrap();
    (hub, log, is_told)
}

#[test]
fn a_class_that_panics_is_open_again_at_once_with_its_listeners() {
    run(true, async {
        let (hub, log, panics) = fragile(CLASS).await;
        sleep(Duration::from_secs(10)).await;
        for _ in 0..3 {
            let before = registers(&log.stanzas());
            panics.store(true, Ordering::Relaxed);
            let client = hub.client().with_timeout(Duration::from_millis(100));
            // The one that it had in its hands is lost.
            client
                .call("opensrf.math", "add", (1, 2))
                .await
                .unwrap_err();
            // No listener has said anything, and calls go well.
            assert_eq!(registers(&log.stanzas()), before);
            adds_up(&hub).await;
            sleep(Duration::from_millis(1_234)).await;
        }
    });
}

#[test]
fn a_class_that_panics_twice_within_a_second_is_open_again_within_another() {
    run(true, async {
        let (hub, _, panics) = fragile(CLASS).await;
        sleep(Duration::from_secs(10)).await;
        let client = hub.client().with_timeout(Duration::from_millis(100));
        for _ in 0..2 {
            panics.store(true, Ordering::Relaxed);
            client
                .call("opensrf.math", "add", (1, 2))
                .await
                .unwrap_err();
        }
        // Others do not suffer.
        hub.call("test.odd", "refuse", ()).await.unwrap_err();
        let back = takes("it is back", async || {
            client.call("opensrf.math", "add", (1, 2)).await.is_ok()
        });
        assert!(back.await < BOUND);
    });
}

#[test]
fn a_router_that_panics_knows_all_services_again_within_a_second() {
    run(true, async {
        let (hub, _, panics) = fragile("router@localhost/router").await;
        sleep(Duration::from_secs(10)).await;
        panics.store(true, Ordering::Relaxed);
        assert!(!knows(&hub, "opensrf.math").await, "it panicked over this");
        // Its classes go on meanwhile.
        adds_up(&hub).await;
        let back = takes("it is back", async || {
            knows(&hub, "opensrf.math").await && knows(&hub, "test.odd").await
        });
        assert!(back.await < BOUND);
        adds_up(&hub).await;
    });
}
