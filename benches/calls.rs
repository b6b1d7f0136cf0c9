//! Whole calls: `opensrf.math add` from clients to drones and back, by way onto the bus.
//!
//! Client handles, clients, server, router, service class, listener and drones are all there and
//! share one thread, so a rate is that of one core: pin the bench to one (`taskset -c 1`) to keep
//! it so. Each client asks one thing at a time, and `opensrf.math` does next to nothing, so what is
//! measured is the way there and back. Does not measure several threads or hosts, connected
//! sessions, large bodies, or latency under a fixed load. With `tcp`, the kernel's part of both
//! ends of each socket is in the figure.

// What is measured takes real time.
#![allow(clippy::disallowed_types)]

use std::time::Duration;

use actix_rt::time::Instant;
use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use futures::future::join_all;
use opensrf_actors::client::Client;
use opensrf_actors::host::{Access, Host, HostBuilder, HostHandle};
use opensrf_actors::services::math;

const PASSWORD: &str = "bench";
const DRONES: usize = 16;
const CLIENTS: [usize; 3] = [1, 16, 256];

#[derive(Debug, Clone, Copy)]
enum Way {
    Local,
    Duplex,
    Tcp,
}

impl Way {
    fn name(self) -> &'static str {
        match self {
            Self::Local => "local",
            Self::Duplex => "duplex",
            Self::Tcp => "tcp",
        }
    }

    /// A running network; what is called upon last is where clients are made.
    async fn start(self) -> HostHandle {
        let hub = Host::builder()
            .account("opensrf", PASSWORD)
            .account("router", PASSWORD);
        let host = match self {
            Self::Local => with_math(hub).start().await,
            Self::Duplex => with_math(hub.bus_access(Access::Duplex)).start().await,
            Self::Tcp => {
                let hub = hub.listen("127.0.0.1:0").start().await.expect("a hub");
                let address = hub.addresses()[0].to_string();
                let host = Host::builder().server(&address, "opensrf", "localhost", PASSWORD);
                with_math(host).start().await
            }
        };
        let host = host.expect("a host");
        host.ready().await.expect("ready");
        host
    }
}

fn with_math(host: HostBuilder) -> HostBuilder {
    let math = math::service().expect("a service");
    host.service_sized(math, DRONES, DRONES, 1_000)
}

async fn clients_of(host: &HostHandle, number: usize) -> Vec<Client> {
    let mut clients = Vec::new();
    for _ in 0..number {
        let client = host.new_client("bench").await.expect("a client");
        client.online().await.expect("on the bus");
        clients.push(client);
    }
    clients
}

/// Asks `calls` times in all, all clients side by side; says how long that took.
async fn ask(clients: &[Client], calls: u64) -> Duration {
    let begin = Instant::now();
    let number = clients.len() as u64;
    let tasks = clients.iter().cloned().zip(0..).map(|(client, at)| {
        let share = calls / number + u64::from(at < calls % number);
        actix_rt::spawn(async move {
            for _ in 0..share {
                let answers = client.call("opensrf.math", "add", (2, 2)).await;
                let sum: i64 = answers.expect("an answer").one().expect("a number");
                assert_eq!(sum, 4);
            }
        })
    });
    for task in join_all(tasks).await {
        task.expect("no client fails");
    }
    begin.elapsed()
}

fn calls(c: &mut Criterion) {
    let mut group = c.benchmark_group("calls");
    group
        .throughput(Throughput::Elements(1))
        .sample_size(20)
        .warm_up_time(Duration::from_secs(1))
        .measurement_time(Duration::from_secs(4));
    for way in [Way::Local, Way::Duplex, Way::Tcp] {
        for number in CLIENTS {
            let system = actix_rt::System::new();
            let host = system.block_on(way.start());
            let clients = system.block_on(clients_of(&host, number));
            group.bench_function(BenchmarkId::new(way.name(), number), |b| {
                b.iter_custom(|calls| system.block_on(ask(&clients, calls)));
            });
            system.block_on(host.stop()).expect("it ends by request");
        }
    }
}

criterion_group!(benches, calls);
criterion_main!(benches);
