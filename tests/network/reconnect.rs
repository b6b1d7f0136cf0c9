//! Connections that drop, at every step; routers and listeners that go and come back.
//!
//! All of it under the paused clock: how long anything takes is exact.

mod classes;
mod listeners;
mod login;
mod routers;

use std::sync::Arc;
use std::time::Duration;

use opensrf::ids::Seed;
use opensrf::stanza::Stanza;
use opensrf::stream::LoginMethod;
use opensrf_actors::host::{Access, Host, HostBuilder, HostHandle};
use opensrf_actors::transport::faulty::{Faults, FaultyDial, Wire};
use tokio::time::{Instant, sleep, timeout};

use crate::lines::Lines;
use crate::support::{Log, PASSWORD, hub, run};

/// The time in which every listener is known again when its router is back, or has lost nothing but
/// its connection.
const BOUND: Duration = Duration::from_secs(1);

const CLASS: &str = "router@localhost/opensrf.math";

/// How router, services and clients of the hub get onto its bus.
const WAYS: [Access; 2] = [Access::Embedded, Access::Duplex];

/// A network in one process whose router and whose other parties can be cut off.
struct Net {
    hub: HostHandle,
    log: Log,
    /// Of the router and its classes.
    router: Faults,
    /// Of services and clients.
    bus: Faults,
}

impl Net {
    async fn start(way: &Access, services: fn(HostBuilder) -> HostBuilder) -> Self {
        let (router, bus) = (Faults::new(Seed::new(1)), Faults::new(Seed::new(2)));
        let log = Log::default();
        let builder = hub()
            .env(opensrf_actors::env::Env::simulated(7))
            .tap(log.tap())
            .router_access(way.clone().with_faults(&router))
            .bus_access(way.clone().with_faults(&bus));
        let hub = services(builder).start().await.unwrap();
        hub.ready().await.unwrap();
        Self {
            hub,
            log,
            router,
            bus,
        }
    }
}

/// Runs a test over each way onto the bus that has no socket.
fn over_both_ways<F>(services: fn(HostBuilder) -> HostBuilder, test: fn(Net) -> F)
where
    F: Future<Output = ()> + 'static,
{
    for way in &WAYS {
        run(
            true,
            async move { test(Net::start(way, services).await).await },
        );
    }
}

/// A host that logs in to `hub` over `wire`.
fn guest(hub: &HostHandle, wire: &Wire) -> HostBuilder {
    let dial = FaultyDial::new(Arc::new(hub.duplex()), wire.clone());
    let access = Access::Dial(Arc::new(dial), LoginMethod::Auto);
    Host::builder()
        .server_by(access, "opensrf", "localhost", PASSWORD)
        .env(opensrf_actors::env::Env::simulated(8))
}

/// How often it is looked whether a condition holds.
const STEP: Duration = Duration::from_millis(5);

/// How long it takes until a condition holds.
async fn takes(what: &str, condition: impl AsyncFn() -> bool) -> Duration {
    let begun = Instant::now();
    let waiting = async {
        while !condition().await {
            sleep(STEP).await;
        }
    };
    let healed = timeout(Duration::from_secs(60), waiting).await;
    assert!(healed.is_ok(), "never: {what}");
    begun.elapsed()
}

/// Whether somebody is bound there.
fn is_bound(hub: &HostHandle, address: &str) -> bool {
    hub.bound().iter().any(|jid| jid.as_str() == address)
}

/// Whether the router lists the service, if it can be asked.
async fn knows(hub: &HostHandle, class: &str) -> bool {
    let client = hub.client().with_timeout(Duration::from_millis(50));
    let asked = client.call("router", "opensrf.router.info.class.list", ());
    let Ok(answers) = asked.await else {
        return false;
    };
    let classes: Vec<String> = answers.one().unwrap();
    classes.iter().any(|known| known == class)
}

/// How many times it was said `register`.
fn registers(stanzas: &[Stanza]) -> usize {
    let said =
        |stanza: &&Stanza| !stanza.is_error() && stanza.extension().router_command == "register";
    stanzas.iter().filter(said).count()
}
