//! Reports of runs that never were, as JSON: an evening on three services with an outage in it, and
//! sweeps over one and two settings. Figures come from formulas, so they are the same each time.

use serde_json::{Value, json};

/// Slices of a run, each a second long.
const SLICES: u32 = 500;
/// Name, hosts, drones at all, requests a second in the quiet, seconds that one takes.
const SERVICES: [(&str, &[&str], f64, f64, f64); 3] = [
    (
        "acme.search",
        &["app-1", "app-2", "app-3"],
        36.0,
        120.0,
        0.14,
    ),
    ("acme.storage", &["app-1", "app-2"], 32.0, 160.0, 0.08),
    ("acme.print", &["app-3"], 4.0, 6.0, 0.31),
];
/// From when until when a host is dead.
const OUTAGE: std::ops::Range<u32> = 300..318;

/// A run with a peak, four faults and an outage.
pub(crate) fn evening() -> String {
    evening_of("evening peak")
}

/// The same under another name.
pub(crate) fn evening_of(scenario: &str) -> String {
    let slices: Vec<_> = (0..SLICES).map(slice).collect();
    let services = SERVICES.map(|(name, hosts, drones, rate, each)| {
        let share = 1.0 / hosts.len() as f64;
        let hosts = hosts.iter().enumerate();
        let hosts: Vec<_> = hosts
            .map(|(at, host)| {
                let skew = 1.0 + 0.25 * (at as f64 - 1.0);
                let pool = pool(drones * share, rate * each * share * skew, rate * share);
                json!({"host": host, "pool": pool})
            })
            .collect();
        json!({
            "name": name, "summary": summary(rate, each, 7), "hosts": hosts,
            "pool": pool(drones, rate * each, rate),
        })
    });
    let groups = [
        ("desks", 210.0, 0.11),
        ("night batch & \"imports\" <v2>", 76.0, 0.16),
    ];
    let clients =
        groups.map(|(name, rate, each)| json!({"name": name, "summary": summary(rate, each, 5)}));
    written(
        "run",
        json!({
            "scenario": scenario, "seed": 7, "mode": "simulated",
            "duration_seconds": f64::from(SLICES), "warmup_seconds": 20.0,
            "total": summary(286.0, 0.12, 12), "clients": clients, "services": services,
            "slices": slices, "faults": faults(),
            "little": {"open": 41.83, "arrivals": 286.1, "time_seconds": 0.1463, "tolerance": 0.9},
            "checks": [
                {"what": "every request ended once", "found": "143050 of 143050", "holds": true},
                {"what": "Little's law holds", "found": "41.83 open, 41.86 by arrivals and time", "holds": true},
            ],
            "expectations": [
                {"expectation": "p99 < 500ms", "measured": "1.27 s", "holds": false},
                {"expectation": "refused = 0", "measured": "612", "holds": false},
                {"expectation": "recovered_within < 60s", "measured": "21.4 s", "holds": true},
            ],
        }),
    )
}

/// A sweep over drones from 1 to 32.
pub(crate) fn sweep() -> String {
    let values: Vec<_> = (1..=32).map(|drones| drones.to_string()).collect();
    let points: Vec<_> = (1..=32)
        .map(|drones| point(&[drones.to_string()], f64::from(drones), 40.0))
        .collect();
    written(
        "sweep",
        json!({
            "scenario": "how many drones", "seed": 7,
            "axes": [{"path": "services.0.drones.max", "values": values}],
            "points": points,
            "knees": [{"others": [], "metric": "p99", "value": "8"}],
        }),
    )
}

/// A grid of drones and backlogs.
pub(crate) fn grid() -> String {
    let (drones, backlogs) = ([2, 4, 6, 8, 12, 16, 24, 32], [0, 10, 100]);
    let texts = |values: &[u32]| values.iter().map(u32::to_string).collect::<Vec<_>>();
    let mut points = Vec::new();
    for drones in drones {
        for backlog in backlogs {
            let values = [drones.to_string(), backlog.to_string()];
            points.push(point(&values, f64::from(drones), f64::from(backlog)));
        }
    }
    let knees = ["0", "10", "100"]
        .map(|backlog| json!({"others": [backlog], "metric": "p99", "value": "8"}));
    written(
        "sweep",
        json!({
            "scenario": "drones and backlog", "seed": 7,
            "axes": [
                {"path": "services.0.drones.max", "values": texts(&drones)},
                {"path": "services.0.backlog", "values": texts(&backlogs)},
            ],
            "points": points, "knees": knees,
        }),
    )
}

fn written(kind: &str, mut report: Value) -> String {
    report["format"] = json!(1);
    report["kind"] = json!(kind);
    report.to_string()
}

/// Chance enough for a curve to look measured: from -1 to 1.
fn noise(at: u32, of: u32) -> f64 {
    let mixed = at.wrapping_mul(2_654_435_761) ^ of.wrapping_mul(40_503);
    let mixed = (mixed ^ (mixed >> 15)).wrapping_mul(2_246_822_519);
    f64::from((mixed ^ (mixed >> 13)) % 2_001) / 1_000.0 - 1.0
}

/// How much more is asked than in the quiet: a peak around second 200.
fn peak(at: u32) -> f64 {
    let from = (f64::from(at) - 200.0) / 55.0;
    1.0 + 1.1 * (-from * from).exp()
}

fn slice(at: u32) -> Value {
    let out = OUTAGE.contains(&at);
    let after = (OUTAGE.end..OUTAGE.end + 25).contains(&at);
    let asked = 286.0 * peak(at) * (1.0 + 0.06 * noise(at, 1));
    let refused = if out {
        0.35
    } else if after {
        0.08
    } else {
        0.0
    } * asked;
    let bounced = if at == OUTAGE.start { 30.0 } else { 0.0 };
    let failed = if (120..122).contains(&at) { 4.0 } else { 0.0 };
    let dead = (410..415).contains(&at);
    let answered = if dead {
        0.0
    } else {
        asked - refused - bounced - failed
    };
    let timed_out = if dead { asked } else { 0.0 };
    let load = (peak(at) - 1.0) * 0.9 + if out || after { 1.4 } else { 0.0 };
    let p50 = 0.09 * (1.0 + load * 0.5) * (1.0 + 0.05 * noise(at, 2));
    let times = |factor: f64| (!dead).then_some(p50 * factor);
    let services = SERVICES.map(|(_, _, drones, rate, each)| {
        let there = if out { (drones * 0.66).floor() } else { drones };
        let wanted = rate * each * peak(at) * (1.0 + 0.08 * noise(at, rate as u32));
        let waiting = (wanted - there * 0.7).max(0.0) * 1.6 + if out || after { 12.0 } else { 0.0 };
        json!({"drones": there as u32, "busy": wanted.min(there), "waiting": waiting})
    });
    json!({
        "from_seconds": f64::from(at), "length_seconds": 1.0, "asked": asked as u64,
        "ends": ends(answered, refused, failed, bounced, timed_out),
        "open": (asked * p50 * 1.4) as u64,
        "p50_seconds": times(1.0), "p90_seconds": times(2.1 + 0.3 * noise(at, 3)),
        "p99_seconds": times(4.4 + load + 1.1 * noise(at, 4)),
        "services": services,
    })
}

fn ends(answered: f64, refused: f64, failed: f64, bounced: f64, timed_out: f64) -> Value {
    json!({
        "answered": answered as u64, "refused": refused as u64, "failed": failed as u64,
        "bounced": bounced as u64, "timed_out": timed_out as u64, "disconnected": 0,
    })
}

fn summary(rate: f64, each: f64, refused_of_1000: u32) -> Value {
    let asked = rate * 480.0;
    let refused = asked * f64::from(refused_of_1000) / 1_000.0;
    let answered = asked - refused;
    // A lognormal of sigma 0.8, so the median is smaller than the mean.
    let median = each * (-0.32_f64).exp();
    let at = |deviations: f64| median * (0.8 * deviations).exp();
    let buckets: Vec<_> = (0..60)
        .map(|bucket| {
            let from_mean = f64::from(bucket) / 10.0 - 3.0;
            let share = 0.0398 * (-from_mean * from_mean / 2.0).exp();
            json!({"up_to_seconds": at(from_mean), "count": (answered * share).ceil() as u64})
        })
        .collect();
    json!({
        "asked": asked as u64, "ends": ends(answered, refused, 8.0, 30.0, 24.0),
        "throughput": answered / 480.0,
        "latency": {
            "mean_seconds": each, "min_seconds": at(-3.0), "max_seconds": at(4.2),
            "p50_seconds": median, "p90_seconds": at(1.28), "p95_seconds": at(1.645),
            "p99_seconds": at(2.326), "p999_seconds": at(3.09), "distribution": buckets,
        },
    })
}

fn pool(drones: f64, busy: f64, rate: f64) -> Value {
    let utilisation = busy / drones;
    let waiting = utilisation.powi(4) * 6.0;
    json!({
        "drones": drones as u32, "busy": busy, "utilisation": utilisation, "waiting": waiting,
        "assigned": (rate * 480.0) as u64, "mean_wait_seconds": waiting / rate,
    })
}

fn faults() -> Value {
    json!([
        {"at_seconds": 120.0, "until_seconds": null, "what": "kill_drone acme.search", "recovered_seconds": 1.62},
        {"at_seconds": 210.0, "until_seconds": 240.0, "what": "slow_link app-2 <-> server", "recovered_seconds": 0.0},
        {"at_seconds": 300.0, "until_seconds": 318.0, "what": "kill_host app-1", "recovered_seconds": 43.4},
        {"at_seconds": 410.0, "until_seconds": 415.0, "what": "restart_router router.example.org", "recovered_seconds": null},
    ])
}

fn point(values: &[String], drones: f64, backlog: f64) -> Value {
    let (rate, each) = (60.0, 0.1);
    let offered = rate * each;
    let full = offered / drones;
    let blocked = 0.3 / (1.0 + backlog) * full.powi(4);
    let throughput = rate.min(drones / each) * (1.0 - blocked.min(0.3));
    let refused = ((rate - throughput) * 100.0).floor();
    let wait = if full < 1.0 {
        each * full.powi(6) / (1.0 - full + 0.02)
    } else {
        backlog * each / drones + each * 3.0
    };
    let mut total = summary(throughput, each + wait, 0);
    total["asked"] = json!(6_000);
    total["ends"] = ends(6_000.0 - refused, refused, 0.0, 0.0, 0.0);
    total["throughput"] = json!(throughput);
    json!({
        "values": values, "total": total,
        "pools": [["acme.search", pool(drones, offered.min(drones), throughput)]],
        "expectations": [{"expectation": "refused = 0", "measured": format!("{refused:.0}"), "holds": refused < 1.0}],
        "is_good": refused < 1.0,
    })
}
