//! Each kind of child panics once.

use std::time::Duration;

use opensrf::session::CallError;
use opensrf_actors::client::Client;
use opensrf_actors::host::HostHandle;
use opensrf_actors::status::ChildKind;

use super::{PATIENCE, is_back, with_faults};
use crate::chaos::world::trap;
use crate::raw::{Raw, Tube, message};
use crate::services::{gate, math};
use crate::support::adds_up;

/// Waits until calls go well again.
async fn heals(client: &Client) {
    let client = client.with_timeout(Duration::from_millis(200));
    let calls = async {
        while client.call("opensrf.math", "add", (1, 2)).await.is_err() {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    };
    let healed = tokio::time::timeout(PATIENCE, calls).await;
    healed.expect("it heals");
}

#[test]
fn a_listener_that_panics_is_started_again_and_registers() {
    with_faults(math, |host, fault| async move {
        // It says `register` again within seconds.
        fault.strike("opensrf.math_listener_at_", 1);
        is_back(&host, ChildKind::Service, "opensrf.math", 1).await;
        heals(host.client()).await;
        assert_eq!(host.figures().restarts, 1);
    });
}

#[test]
fn what_waits_in_a_listener_that_panics_goes_back_to_its_callers() {
    with_faults(math, |host, fault| async move {
        let (service, gate) = gate();
        host.add_service_sized(service, 1, 1).await.unwrap();
        let client = host.client().with_timeout(PATIENCE);
        let works = client.call("test.gate", "pass", ());
        let waits = async {
            gate.holds(1).await;
            fault.strike("test.gate_listener_at_", 1);
            // Nobody else serves it, so the class can only say so; long before the time is over.
            let waits = client.call("test.gate", "pass", ());
            let waited = tokio::time::timeout(PATIENCE / 4, waits).await;
            gate.admit(2);
            waited.expect("an end")
        };
        let (worked, waited) = tokio::join!(works, waits);
        worked.expect("what the drone has is done");
        let gone = waited.expect_err("it went back");
        let gone = gone.call().expect("an end of the call");
        assert!(matches!(gone, CallError::Unreachable { .. }), "{gone}");
        is_back(&host, ChildKind::Service, "test.gate", 1).await;
    });
}

#[test]
fn a_router_that_panics_is_started_again_and_services_register_with_it() {
    with_faults(math, |host, fault| async move {
        fault.strike("router@localhost/router", 1);
        let asked = host.client().with_timeout(Duration::from_millis(10));
        let asked = asked.call("router", "opensrf.router.info.class.list", ());
        asked.await.unwrap_err();
        is_back(&host, ChildKind::Router, "router@", 1).await;
        heals(host.client()).await;
    });
}

#[test]
fn a_service_class_that_panics_is_opened_again_at_once() {
    with_faults(math, |host, fault| async move {
        fault.strike("router@localhost/opensrf.math", 1);
        let asked = host.client().with_timeout(Duration::from_millis(10));
        asked.call("opensrf.math", "add", (1, 2)).await.unwrap_err();
        heals(host.client()).await;
        // Nothing that the host itself started was touched.
        let status = host.status().await.unwrap();
        assert!(status.children.iter().all(|child| child.restarts == 0));
        assert_eq!(host.figures().restarts, 1);
    });
}

#[test]
fn a_client_that_panics_is_started_again_under_its_handle() {
    with_faults(math, |host, fault| async move {
        fault.strike("/client_at_", 1);
        let asked = host.call("opensrf.math", "add", (1, 2));
        asked.await.unwrap_err();
        is_back(&host, ChildKind::Client, "client_at_", 1).await;
        adds_up(&host).await;
    });
}

#[test]
fn a_drone_that_panics_outside_its_method_is_replaced_and_its_caller_is_told() {
    with_faults(math, |host, fault| async move {
        let (service, gate) = gate();
        host.add_service_sized(service, 1, 1).await.unwrap();
        gate.admit(2);
        fault.strike("test.gate_drone_at_", 1);
        let failed = host.call("test.gate", "pass", ()).await.unwrap_err();
        let (code, text) = crate::support::status(&failed);
        let told = (500, "the drone died while it had this request");
        assert_eq!((code, text.as_str()), told);
        host.call("test.gate", "pass", ()).await.unwrap();
        let figures = host.figures();
        assert_eq!((figures.abandoned, figures.restarts), (1, 1));
    });
}

#[test]
fn the_caller_of_a_drone_that_died_while_its_service_was_stopped_was_told_nothing() {
    with_faults(math, |host, fault| async move {
        let (service, _gate) = gate();
        host.add_service_sized(service, 1, 1).await.unwrap();
        let client = host.client().clone();
        let call = actix_rt::spawn(async move { client.call("test.gate", "pass", ()).await });
        tokio::time::sleep(Duration::from_secs(1)).await;
        // It dies when it tells its caller that the service is stopping.
        fault.strike("test.gate_drone_at_", 1);
        host.stop().await.unwrap();
        let failed = call.await.unwrap().unwrap_err();
        let told = (500, "the drone died while it had this request".to_owned());
        assert_eq!(crate::support::status(&failed), told);
    });
}

async fn enter(host: &HostHandle, resource: &str) -> Raw<Tube> {
    let mut raw = Raw::through(&host.duplex()).await;
    raw.authenticate("opensrf", "localhost", resource).await;
    raw
}

#[test]
fn a_server_that_panics_is_started_again_and_no_connection_is_lost() {
    with_faults(math, |host, _| async move {
        let mut before = enter(&host, "before").await;
        let _ours = trap::spring(&host).await;
        is_back(&host, ChildKind::Server, "", 1).await;
        // Those who were there did not notice, and others can come again.
        before.is_silent().await;
        adds_up(&host).await;
        enter(&host, "after").await;
    });
}

#[test]
fn a_connection_that_panics_gives_its_address_back() {
    with_faults(math, |host, fault| async move {
        let mut raw = enter(&host, "fragile").await;
        let mut other = enter(&host, "other").await;
        fault.strike("opensrf@localhost/fragile", 1);
        raw.say(&message("opensrf@localhost/other", "1", "[]"))
            .await;
        assert_eq!(raw.rest().await, "");
        other
            .say(&message("opensrf@localhost/fragile", "2", "[]"))
            .await;
        let back = other.stanza().await;
        assert!(back.is_error() && back.thread() == "2", "{back:?}");
    });
}

/// It once knew only those that came after its restart: the others stayed at the old one for good.
#[test]
fn a_server_that_was_started_again_closes_the_connections_of_the_one_before_when_the_host_ends() {
    with_faults(math, |host, _| async move {
        let mut before = enter(&host, "before").await;
        let _ours = trap::spring(&host).await;
        is_back(&host, ChildKind::Server, "", 1).await;
        host.stop().await.unwrap();
        let said = before.rest().await;
        assert!(said.contains("<system-shutdown"), "{said}");
    });
}
