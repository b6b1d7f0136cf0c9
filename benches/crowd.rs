//! Many parties on one host: what it takes to start them, and calls over links that take a while.
//!
//! All on one thread; pin it to one core (`taskset -c 1`). `clients`: 100,000 clients that ask
//! nothing, bound at the switch as values. `drones`: 100 services with 20 drones each, up to their
//! readiness. `links`: 256 clients on one host and as many drones on another, both reached through
//! `transport::faulty` with 0.2 ms each way, so that a call is four delayed hops. The clock is paused;
//! what is told is the time that the process used of the machine. Name one of the three to have only
//! that.

// What is measured takes real time.
#![allow(clippy::disallowed_types)]

use std::sync::Arc;
use std::time::Duration;

use futures::future::join_all;
use opensrf::ids::Seed;
use opensrf_actors::client::Client;
use opensrf_actors::env::Env;
use opensrf_actors::host::{Access, Host, HostHandle};
use opensrf_actors::law::Law;
use opensrf_actors::service::Service;
use opensrf_actors::services::math;
use opensrf_actors::timer::{Paused, Timer};
use opensrf_actors::transport::faulty::{Disorder, Faults};

const CLIENTS: usize = 100_000;
const SERVICES: usize = 100;
const DRONES: usize = 20;
const CALLERS: usize = 256;
const CALLS: usize = 400_000;

fn main() {
    let wanted: Vec<String> = std::env::args().skip(1).collect();
    let wants = |name: &str| {
        let names = ["clients", "drones", "links"];
        let named = wanted.iter().any(|arg| names.contains(&arg.as_str()));
        !named || wanted.iter().any(|arg| arg == name)
    };
    if wants("clients") {
        run(clients);
    }
    if wants("drones") {
        run(drones);
    }
    if wants("links") {
        run(links);
    }
}

/// On an actix `System` of its own under a paused clock.
fn run(test: impl AsyncFnOnce(Timer)) {
    let paused = Paused::new().expect("a runtime");
    let timer = paused.timer();
    paused.system().block_on(test(timer));
}

/// Time that this process has used of the machine; what else runs there does not count.
fn used() -> Duration {
    let time = rustix::time::clock_gettime(rustix::time::ClockId::ProcessCPUTime);
    Duration::new(time.tv_sec as u64, time.tv_nsec as u32)
}

/// Memory that the process has now.
fn resident() -> usize {
    let pages = std::fs::read_to_string("/proc/self/statm").unwrap_or_default();
    let pages: Option<usize> = pages.split(' ').nth(1).and_then(|pages| pages.parse().ok());
    pages.unwrap_or_default() * 4_096
}

async fn clients(_: Timer) {
    let host = Host::builder().env(Env::simulated(1));
    let host = host.sessions_per_account(2 * CLIENTS);
    let host = host.start().await.expect("a host");
    host.ready().await.expect("ready");
    let (before, began) = (resident(), used());
    let clients = clients_of(&host, CLIENTS).await;
    let made = used() - began;
    host.ready().await.expect("ready");
    let (took, each) = (used() - began, (resident() - before) / CLIENTS);
    assert!(host.bound().len() > CLIENTS);
    println!("{CLIENTS} clients: made in {made:.2?}, on the bus in {took:.2?}, {each} bytes each");
    let began = used();
    drop(clients);
    host.stop().await.expect("by request");
    println!("ended in {:.2?}", used() - began);
}

async fn clients_of(host: &HostHandle, number: usize) -> Vec<Client> {
    host.new_clients("crowd", number).await.expect("clients")
}

async fn drones(_: Timer) {
    let began = used();
    let host = Host::builder().env(Env::simulated(1));
    let host = (0..SERVICES).fold(host, |host, number| {
        let service = Service::builder(&format!("crowd.{number}"));
        let service = service.build().expect("a service");
        host.service_sized(service, DRONES, DRONES, 1_000)
    });
    let host = host.start().await.expect("a host");
    host.ready().await.expect("ready");
    let took = used() - began;
    let drones = SERVICES * DRONES;
    println!("{drones} drones of {SERVICES} services: ready in {took:.2?}");
    host.stop().await.expect("by request");
}

async fn links(timer: Timer) {
    let env = Env::simulated(1);
    let hub = Host::builder().env(env.fork("hub"));
    let hub = hub.start().await.expect("a host");
    let link = |name: &str| {
        let faults = Faults::new(Seed::new(1).fork(name)).with_timer(timer.clone());
        faults.disorder(Disorder {
            delay: Law::constant(Duration::from_micros(200)).expect("a length"),
            ..Disorder::NONE
        });
        Access::Transport(Arc::new(hub.local())).with_faults(&faults)
    };
    let services = Host::builder().env(env.fork("services"));
    let services = services.server_by(link("services"), "opensrf", "localhost", "");
    let math = math::service().expect("a service");
    let services = services.service_sized(math, CALLERS, CALLERS, 1_000);
    let services = services.start().await.expect("a host");
    let host = Host::builder().env(env.fork("clients"));
    let host = host.server_by(link("clients"), "opensrf", "localhost", "");
    let host = host.start().await.expect("a host");
    services.ready().await.expect("ready");
    let clients = clients_of(&host, CALLERS).await;
    host.ready().await.expect("ready");
    let (began, virtually) = (used(), tokio::time::Instant::now());
    let asking = clients.iter().cloned().map(|client| {
        actix_rt::spawn(async move {
            for _ in 0..CALLS / CALLERS {
                let answers = client.call("opensrf.math", "add", (2, 2)).await;
                let sum: i64 = answers.expect("an answer").one().expect("a number");
                assert_eq!(sum, 4);
            }
        })
    });
    for asked in join_all(asking).await {
        asked.expect("no client fails");
    }
    let took = used() - began;
    let rate = CALLS as f64 / took.as_secs_f64();
    let virtually = virtually.elapsed();
    println!(
        "{CALLS} calls of {CALLERS} clients over slow links: {rate:.0}/s ({virtually:.1?} pass)"
    );
    for host in [host, services, hub] {
        host.stop().await.expect("by request");
    }
}
