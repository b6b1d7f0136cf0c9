//! Pools against queueing theory: mean wait, utilisation and blocking, each within its 99 %
//! confidence interval over ten seeds.

use std::time::Duration;

use opensrf_actors::law::Law;
use opensrf_actors::sim::World;
use opensrf_actors::sim::report::Report;
use opensrf_actors::sim::scenario::{Clients, Served};

/// Requests of one run, after the warm-up.
const REQUESTS: f64 = 2_000.0;

const SEEDS: u64 = 10;

/// Two-sided 99 % quantile of Student's distribution with nine degrees of freedom.
const T: f64 = 3.25;

/// What is looked at of a run.
type Figure = fn(&Report) -> f64;

/// A queue: requests a second, the law of their work, drones, and the most that may wait.
struct Queue {
    rate: f64,
    work: &'static str,
    drones: usize,
    backlog: usize,
}

impl Queue {
    fn run(&self, seed: u64) -> Report {
        let served = Served::simulated("queue", Law::parse(self.work).unwrap());
        let warmup = 200.0 / self.rate;
        let report = World::builder()
            .seed(seed)
            .warmup(Duration::from_secs_f64(warmup))
            .slices(10)
            .service(
                served
                    .drones(self.drones, self.drones)
                    .backlog(self.backlog),
            )
            .clients(Clients::open("load", self.rate).count(3))
            .run_for(Duration::from_secs_f64(REQUESTS / self.rate + warmup))
            .expect("a scenario that can be run");
        assert!(report.is_good(), "{:?}", report.checks);
        report
    }

    /// Looks at a figure of ten runs.
    fn agrees(&self, theory: &[(&str, f64, Figure)]) {
        let reports: Vec<_> = (0..SEEDS).map(|seed| self.run(seed)).collect();
        for (what, expected, figure) in theory {
            let found: Vec<f64> = reports.iter().map(figure).collect();
            let mean = found.iter().sum::<f64>() / SEEDS as f64;
            let squares: f64 = found.iter().map(|found| (found - mean).powi(2)).sum();
            let error = (squares / (SEEDS - 1) as f64 / SEEDS as f64).sqrt();
            println!(
                "{what}: {mean:.5} ± {:.5}, in theory {expected:.5}",
                T * error
            );
            assert!((mean - expected).abs() <= T * error, "{what}: {found:?}");
            // An interval that holds anything would prove nothing.
            assert!(T * error < 0.25 * expected, "{what} is too vague");
        }
    }
}

fn wait(report: &Report) -> f64 {
    report.services[0].pool.mean_wait.as_secs_f64()
}

fn response(report: &Report) -> f64 {
    report
        .total
        .latency
        .as_ref()
        .expect("answers")
        .mean
        .as_secs_f64()
}

fn utilisation(report: &Report) -> f64 {
    report.services[0].pool.utilisation
}

fn blocking(report: &Report) -> f64 {
    report.total.ends.refused as f64 / report.total.asked as f64
}

/// The chance that all of `servers` are busy (Erlang's formula of the second kind), for an offered
/// load in servers.
fn erlang_c(servers: usize, load: f64) -> f64 {
    let (mut term, mut sum) = (1.0, 0.0);
    for n in 0..servers {
        sum += term;
        term *= load / (n + 1) as f64;
    }
    let busy = term / (1.0 - load / servers as f64);
    busy / (sum + busy)
}

#[test]
fn one_drone_is_an_m_m_1_queue() {
    let (rate, work) = (60.0, 0.01);
    let load = rate * work;
    let queue = Queue {
        rate,
        work: "exponential(10ms)",
        drones: 1,
        backlog: 1_000_000,
    };
    queue.agrees(&[
        ("wait", work * load / (1.0 - load), wait),
        ("response", work / (1.0 - load), response),
        ("utilisation", load, utilisation),
    ]);
}

#[test]
fn several_drones_are_an_m_m_c_queue() {
    let (rate, work, drones) = (300.0, 0.01, 4);
    let load = rate * work;
    let wait_in_theory = erlang_c(drones, load) * work / (drones as f64 - load);
    let queue = Queue {
        rate,
        work: "exponential(10ms)",
        drones,
        backlog: 1_000_000,
    };
    queue.agrees(&[
        ("wait", wait_in_theory, wait),
        ("response", wait_in_theory + work, response),
        ("utilisation", load / drones as f64, utilisation),
    ]);
}

#[test]
fn work_that_always_takes_the_same_is_an_m_d_1_queue() {
    let (rate, work) = (70.0, 0.01);
    let load = rate * work;
    let queue = Queue {
        rate,
        work: "constant(10ms)",
        drones: 1,
        backlog: 1_000_000,
    };
    // Pollaczek and Khinchine.
    let wait_in_theory = load * work / (2.0 * (1.0 - load));
    queue.agrees(&[
        ("wait", wait_in_theory, wait),
        ("response", wait_in_theory + work, response),
        ("utilisation", load, utilisation),
    ]);
}

#[test]
fn a_backlog_with_an_end_is_an_m_m_c_k_queue() {
    let (rate, work, drones, places) = (380.0_f64, 0.01, 4, 10);
    let load = rate * work;
    // Chances of n requests in the system, not yet divided by their sum.
    let mut chances = vec![1.0];
    for n in 1..=places {
        let before = chances[n - 1];
        chances.push(before * load / n.min(drones) as f64);
    }
    let all: f64 = chances.iter().sum();
    let lost = chances[places] / all;
    let waiting: f64 = (drones..=places)
        .map(|n| (n - drones) as f64 * chances[n] / all)
        .sum();
    let taken = rate * (1.0 - lost);
    let queue = Queue {
        rate,
        work: "exponential(10ms)",
        drones,
        backlog: places - drones,
    };
    queue.agrees(&[
        ("blocking", lost, blocking),
        ("wait", waiting / taken, wait),
        ("utilisation", taken * work / drones as f64, utilisation),
    ]);
}
