//! The configuration changes while a service fails.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use opensrf_actors::host::{HostBuilder, HostHandle};
use opensrf_actors::service::{MethodError, Service};
use opensrf_actors::status::{ChildKind, ChildState};

use super::{Fault, child, starting};
use crate::raw::Raw;
use crate::services::{gate, math};
use crate::support::{hub, knows, run};

/// Longer than any of these services waits for its first restart.
const WHILE: Duration = Duration::from_secs(5);

/// A service that fails at its first start only, and how often it was started.
fn fails_once(name: &str) -> (Service, Arc<AtomicUsize>) {
    let starts = Arc::new(AtomicUsize::new(0));
    let counted = Arc::clone(&starts);
    let service = starting(name, move |nth| {
        counted.fetch_add(1, Ordering::Relaxed);
        match nth {
            0 => Err(MethodError::failed("not yet")),
            _ => Ok(()),
        }
    });
    (service, starts)
}

/// Starts a host, and waits until the service `test.late` waits for its restart.
async fn host_that_waits(builder: HostBuilder) -> HostHandle {
    let host = builder.start().await.unwrap();
    loop {
        let late = child(&host, ChildKind::Service, "test.late").await.unwrap();
        if matches!(late.state, ChildState::Restarting { .. }) {
            return host;
        }
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
}

/// It came back after its restart's delay.
#[test]
fn a_service_that_waits_for_its_restart_when_a_reload_removes_it_is_not_started_again() {
    run(true, async {
        let (late, starts) = fails_once("test.late");
        let host = host_that_waits(math(hub()).service(late)).await;
        host.reload(&math(hub())).await.unwrap();
        host.ready().await.unwrap();
        tokio::time::sleep(WHILE).await;
        assert_eq!(starts.load(Ordering::Relaxed), 1);
        assert_eq!(child(&host, ChildKind::Service, "test.late").await, None);
        assert!(!knows(&host, "test.late").await);
    });
}

/// It came back by its old plan.
#[test]
fn a_service_that_waits_for_its_restart_when_a_reload_changes_it_is_started_by_the_new_plan() {
    run(true, async {
        let (old, old_starts) = fails_once("test.late");
        let host = host_that_waits(hub().service(old)).await;
        let new = Service::builder("test.late")
            .function("get", |_, ()| Ok(2))
            .build()
            .unwrap();
        host.reload(&hub().service(new)).await.unwrap();
        host.ready().await.unwrap();
        let got = host.call("test.late", "get", ()).await.unwrap();
        assert_eq!(got.one::<u8>().unwrap(), 2);
        let late = child(&host, ChildKind::Service, "test.late").await.unwrap();
        assert_eq!(late.restarts, 1, "it is one service with one history");
        assert_eq!(old_starts.load(Ordering::Relaxed), 1);
    });
}

/// It came back as one that nobody had configured, and that no reload could remove.
#[test]
fn a_removed_service_that_panics_while_it_drains_does_not_come_back() {
    run(true, async {
        let fault = Fault::default();
        let (service, gate) = gate();
        let builder = math(hub()).tap(fault.tap()).service(service);
        let host = builder.start().await.unwrap();
        host.ready().await.unwrap();
        let call = host.call("test.gate", "pass", ());
        let removal = async {
            gate.holds(1).await;
            host.reload(&math(hub())).await.unwrap();
            tokio::time::sleep(WHILE).await;
            let draining = child(&host, ChildKind::Service, "test.gate").await.unwrap();
            assert_eq!(draining.state, ChildState::Draining);
            // It panics when it answers a ping.
            fault.strike("test.gate_listener_at_", 1);
            let listener = draining.answer.unwrap().bus.unwrap().address;
            let mut peer = Raw::through(&host.duplex()).await;
            peer.authenticate("opensrf", "localhost", "peer").await;
            let ping = "<ping xmlns='urn:xmpp:ping'/>";
            peer.say(&format!(
                "<iq type='get' id='1' to='{listener}'>{ping}</iq>"
            ))
            .await;
            tokio::time::sleep(WHILE).await;
            assert_eq!(child(&host, ChildKind::Service, "test.gate").await, None);
            assert!(!knows(&host, "test.gate").await);
            gate.admit(1);
        };
        // The drone outlives its listener until it is free.
        let (answer, ()) = tokio::join!(call, removal);
        assert_eq!(answer.unwrap().one::<String>().unwrap(), "passed");
    });
}
