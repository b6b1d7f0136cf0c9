//! scratch
use opensrf_actors::host::{Access, Host};
use opensrf_actors::services::math;
use std::time::{Duration, Instant};
fn cpu_ns() -> u64 {
    let s = std::fs::read_to_string("/proc/self/schedstat").unwrap();
    s.split_whitespace().next().unwrap().parse().unwrap()
}
fn main() {
    let mut args = std::env::args().skip(1);
    let way = args.next().unwrap();
    let number: usize = args.next().unwrap().parse().unwrap();
    let rounds: usize = args.next().unwrap().parse().unwrap();
    let per: u64 = args.next().map_or(100_000, |a| a.parse().unwrap());
    let system = actix_rt::System::new();
    system.block_on(async move {
        let hub = Host::builder().account("opensrf", "b").account("router", "b");
        let m = || math::service().unwrap();
        let host = match &*way {
            "local" => hub.service_sized(m(), 16, 16, 1000).start().await.unwrap(),
            "duplex" => hub.bus_access(Access::Duplex).service_sized(m(), 16, 16, 1000).start().await.unwrap(),
            _ => {
                let hub = hub.listen("127.0.0.1:0").start().await.unwrap();
                Host::builder().server(&hub.addresses()[0].to_string(), "opensrf", "localhost", "b")
                    .service_sized(m(), 16, 16, 1000).start().await.unwrap()
            }
        };
        host.ready().await.unwrap();
        let mut clients = vec![];
        for _ in 0..number { let c = host.new_client("b").await.unwrap(); c.online().await.unwrap(); clients.push(c); }
        let (mut cpu, mut wall) = (vec![], vec![]);
        for _ in 0..rounds {
            let (b, w) = (cpu_ns(), Instant::now());
            let tasks: Vec<_> = clients.iter().cloned().map(|c| actix_rt::spawn(async move {
                for _ in 0..per / number as u64 {
                    let v: i64 = c.call("opensrf.math", "add", (2, 2)).await.unwrap().one().unwrap();
                    assert_eq!(v, 4);
                }
            })).collect();
            for t in tasks { t.await.unwrap(); }
            cpu.push((cpu_ns() - b) as f64 / per as f64 / 1000.0);
            wall.push(per as f64 / w.elapsed().as_secs_f64());
        }
        cpu.sort_by(f64::total_cmp); wall.sort_by(f64::total_cmp);
        println!("{way} {number}: cpu us/call median {:.2} min {:.2} max {:.2}; calls/s per core-second {:.0}; wall {:.0}/s best {:.0}/s",
            cpu[rounds/2], cpu[0], cpu[rounds-1], 1e6/cpu[rounds/2], wall[rounds/2], wall[rounds-1]);
        let _ = Duration::ZERO;
    });
}
