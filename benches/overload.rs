//! Ten times the load that the drones can serve: how soon the rest is refused, and in what memory.
//!
//! Server, router, service and clients share one thread, over the switch and over TCP: pin it to one core
//! (`taskset -c 1`). 16 drones (4 over TCP, where a core carries less) take 10 ms for each request; the clients ask at a steady pace, ten times as
//! much as that in all. Besides, a polite client asks one thing at a time. Prints a table, since there
//! is no one figure: refusals by their latency, the polite client's calls by theirs, and the memory
//! after the first quarter and at the end.
//!
//! Does not measure several hosts, or a flood that keeps the core busy.

// What is measured takes real time.
#![allow(clippy::disallowed_types)]

use std::cell::RefCell;
use std::rc::Rc;
use std::time::{Duration, Instant};

use opensrf_actors::client::Client;
use opensrf_actors::host::{Host, HostBuilder, HostHandle};
use opensrf_actors::service::Service;

const PASSWORD: &str = "bench";
const WORK: Duration = Duration::from_millis(10);
const LOAD: Duration = Duration::from_secs(20);
const FLOODERS: u32 = 10;

/// What the drones can do.
fn capacity(drones: usize) -> u32 {
    let per_drone = Duration::from_secs(1).as_millis() / WORK.as_millis();
    per_drone as u32 * drones as u32
}

fn busy() -> Service {
    Service::builder("bench.busy")
        .method("work", |_, ()| async {
            actix_rt::time::sleep(WORK).await;
            Ok(1)
        })
        .build()
        .expect("a service")
}

fn with_busy(host: HostBuilder, drones: usize) -> HostBuilder {
    host.service_sized(busy(), drones, drones, 100)
}

/// How calls ended: how many after how many microseconds. Takes no more memory the more there are.
struct Tally(RefCell<Vec<u32>>);

impl Tally {
    fn new() -> Rc<Self> {
        Rc::new(Self(RefCell::new(vec![0; 2_000_000])))
    }

    fn add(&self, took: Duration) {
        let mut counts = self.0.borrow_mut();
        let at = (took.as_micros() as usize).min(counts.len() - 1);
        counts[at] += 1;
    }

    fn total(&self) -> u64 {
        self.0.borrow().iter().copied().map(u64::from).sum()
    }

    /// The time within which so many of a thousand ended.
    fn at(&self, part: u64) -> Duration {
        let wanted = (self.total() * part).div_ceil(1_000);
        let mut seen = 0;
        let counts = self.0.borrow();
        let at = counts.iter().position(|count| {
            seen += u64::from(*count);
            seen >= wanted
        });
        Duration::from_micros(at.unwrap_or(0) as u64)
    }

    fn print(&self, what: &str) {
        let [p50, p99, most] = [500, 990, 1_000].map(|part| self.at(part));
        let total = self.total();
        println!("  {what:<16} {total:>7}   p50 {p50:>9.1?}   p99 {p99:>9.1?}   most {most:>9.1?}");
    }
}

/// Who asks, and what became of it.
#[derive(Clone)]
struct Asker {
    client: Client,
    answered: Rc<Tally>,
    refused: Rc<Tally>,
}

impl Asker {
    async fn ask(&self) {
        let asked = Instant::now();
        let outcome = self.client.call("bench.busy", "work", ()).await;
        let took = asked.elapsed();
        match outcome {
            Ok(_) => self.answered.add(took),
            Err(error) => {
                let code = error.call().map(|error| error.code());
                assert_eq!(code, Some(503), "{error}");
                self.refused.add(took);
            }
        }
    }

    /// Asks at a steady pace until the load ends.
    async fn flood(self, begun: Instant, a_second: u32) {
        let every = Duration::from_secs(1) * FLOODERS / a_second;
        let mut next = Duration::ZERO;
        while begun.elapsed() < LOAD {
            // The timer is no finer than a millisecond: what is due by then goes out together.
            while next <= begun.elapsed() {
                let asker = self.clone();
                actix_rt::spawn(async move { asker.ask().await });
                next += every;
            }
            actix_rt::time::sleep(Duration::from_millis(1)).await;
        }
    }

    async fn one_by_one(self, begun: Instant) {
        while begun.elapsed() < LOAD {
            self.ask().await;
        }
    }
}

/// The memory that this process has in use, in MB.
fn memory() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    let kib = line.and_then(|line| line.trim().trim_end_matches(" kB").parse().ok());
    kib.unwrap_or(0_u64) / 1024
}

async fn start(is_tcp: bool, drones: usize) -> (HostHandle, HostHandle) {
    let hub = Host::builder()
        .account("opensrf", PASSWORD)
        .account("router", PASSWORD);
    let hub = with_busy(hub.listen("127.0.0.1:0"), drones)
        .start()
        .await
        .expect("a hub");
    hub.ready().await.expect("ready");
    if !is_tcp {
        return (hub.clone(), hub);
    }
    let address = hub.addresses()[0].to_string();
    let host = Host::builder().server(&address, "opensrf", "localhost", PASSWORD);
    let host = host.start().await.expect("a host");
    host.ready().await.expect("ready");
    (hub, host)
}

async fn client(host: &HostHandle) -> Client {
    let client = host.new_client("bench").await.expect("a client");
    client.online().await.expect("on the bus");
    client
}

async fn measure(name: &str, is_tcp: bool, drones: usize) {
    let (can, asked) = (capacity(drones), 10 * capacity(drones));
    let (hub, host) = start(is_tcp, drones).await;
    let [answered, refused, polite, impolite] = [(); 4].map(|()| Tally::new());
    let begun = Instant::now();
    for _ in 0..FLOODERS {
        let flooder = Asker {
            client: client(&host).await,
            answered: Rc::clone(&answered),
            refused: Rc::clone(&refused),
        };
        actix_rt::spawn(flooder.flood(begun, asked));
    }
    let one = Asker {
        client: client(&host).await,
        answered: Rc::clone(&polite),
        refused: Rc::clone(&impolite),
    };
    let asking = actix_rt::spawn(one.one_by_one(begun));
    actix_rt::time::sleep(LOAD / 4).await;
    let early = memory();
    asking.await.expect("no client fails");
    let late = memory();
    let again = Instant::now();
    let last = client(&host).await.call("bench.busy", "work", ()).await;
    last.expect("an answer");
    let after = again.elapsed();
    println!("{name}: {asked} a second are asked, {can} can be done");
    refused.print("flood, refused");
    answered.print("flood, answered");
    polite.print("polite, answered");
    println!("  polite, refused  {:>7}", impolite.total());
    println!("  log-in and call right after the end: {after:.1?}");
    println!("  memory: {early} MB after a quarter of the time, {late} MB at its end");
    host.stop().await.expect("it ends by request");
    // Over the switch the two are one.
    let _ = hub.stop().await;
}

fn main() {
    // `cargo test --benches` runs it to see that it starts, and `cargo bench` to measure.
    if std::env::args().any(|arg| arg == "--test") {
        return;
    }
    let system = actix_rt::System::new();
    system.block_on(async {
        measure("local", false, 16).await;
        measure("tcp", true, 4).await;
    });
}
