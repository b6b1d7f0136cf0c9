use super::*;
use crate::sim::report::{Ends, FaultReport, GroupReport, Little, Mode, ServiceReport};

const fn ms(length: u64) -> Duration {
    Duration::from_millis(length)
}

fn latency(p99: u64) -> Latency {
    Latency {
        mean: ms(20),
        min: ms(1),
        max: ms(900),
        p50: ms(10),
        p90: ms(40),
        p95: ms(60),
        p99: ms(p99),
        p999: ms(500),
        distribution: Vec::new(),
    }
}

/// 1,000 requests, of which 20 were refused and 10 timed out.
fn summary() -> Summary {
    Summary {
        asked: 1_000,
        ends: Ends {
            answered: 970,
            refused: 20,
            timed_out: 10,
            ..Ends::default()
        },
        throughput: 97.0,
        latency: Some(latency(200)),
    }
}

fn service(name: &str, p99: u64, utilisation: f64, wait: u64) -> ServiceReport {
    ServiceReport {
        name: name.to_owned(),
        summary: Summary {
            latency: Some(latency(p99)),
            ..summary()
        },
        pool: PoolReport {
            utilisation,
            mean_wait: ms(wait),
            ..PoolReport::default()
        },
        hosts: Vec::new(),
    }
}

fn fault(recovered: Option<Duration>) -> FaultReport {
    FaultReport {
        at: ms(5_000),
        until: None,
        what: "kill_drone acme.a".to_owned(),
        recovered,
    }
}

/// Of two services, one busy, and a group whose requests were never answered.
fn report() -> Report {
    let nothing = Summary {
        asked: 0,
        ..Summary::default()
    };
    Report {
        scenario: "x".to_owned(),
        seed: 1,
        mode: Mode::Simulated,
        duration: ms(10_000),
        warmup: Duration::ZERO,
        total: summary(),
        clients: vec![
            GroupReport {
                name: "web".to_owned(),
                summary: summary(),
            },
            GroupReport {
                name: "many".to_owned(),
                summary: nothing,
            },
        ],
        services: vec![
            service("acme.a", 100, 0.5, 3),
            service("acme.b", 300, 0.75, 1),
        ],
        slices: Vec::new(),
        faults: vec![fault(Some(ms(1_500))), fault(Some(Duration::ZERO))],
        little: Little::default(),
        checks: Vec::new(),
        expectations: Vec::new(),
    }
}

#[test]
fn expectations_are_read_with_any_blanks_and_shown_as_written() {
    for (text, scope) in [
        ("p99 < 200ms", None),
        ("p99<200ms", None),
        ("  p99.9  <=  1.5 s ", None),
        ("acme.search throughput > 400/s", Some("acme.search")),
        ("web refused = 0", Some("web")),
        ("refused < 0.5%", None),
        ("unanswered <= 1 %", None),
        ("acme.search utilisation >= 80%", Some("acme.search")),
        ("wait < 5ms", None),
        ("recovered_within < 2s", None),
        ("throughput = 0.5 /s", None),
    ] {
        let expectation = Expectation::parse(text).unwrap();
        assert_eq!(expectation.scope(), scope, "{text}");
        assert_eq!(expectation.to_string(), text.trim());
    }
    for (word, _) in METRICS {
        let is_read = |value: &&str| Expectation::parse(&format!("{word} < {value}")).is_ok();
        assert_eq!(
            ["1s", "1%", "1/s"]
                .iter()
                .filter(|value| is_read(value))
                .count(),
            1,
            "{word}"
        );
    }
}

#[test]
fn what_is_no_expectation_is_refused_with_the_remedy() {
    let shape = |text: &str| {
        format!(
            "{text:?} is no expectation; write one as `p99 < 200ms` or `acme.search refused = 0`"
        )
    };
    for text in ["", "fast", "p99 200ms", "< 200ms", "a b p99 < 200ms"] {
        assert_eq!(
            Expectation::parse(text).unwrap_err().to_string(),
            shape(text)
        );
    }
    let unknown = Expectation::parse("acme.search speed > 1s")
        .unwrap_err()
        .to_string();
    assert!(
        unknown.starts_with("\"speed\" is no metric; there are p50, p90, "),
        "{unknown}"
    );
    for (text, wanted) in [
        (
            "p99 < 200",
            "p99 is compared with a length of time, such as 200ms, not with \"200\"",
        ),
        (
            "p99 < 1%",
            "p99 is compared with a length of time, such as 200ms, not with \"1%\"",
        ),
        (
            "p99 < = 1s",
            "p99 is compared with a length of time, such as 200ms, not with \"= 1s\"",
        ),
        (
            "wait <",
            "wait is compared with a length of time, such as 200ms, not with \"\"",
        ),
        (
            "refused = 1.5",
            "refused is compared with a number or a part, such as 0 or 1%, not with \"1.5\"",
        ),
        (
            "refused = -1",
            "refused is compared with a number or a part, such as 0 or 1%, not with \"-1\"",
        ),
        (
            "refused < 101%",
            "refused is compared with a number or a part, such as 0 or 1%, not with \"101%\"",
        ),
        (
            "throughput > 400",
            "throughput is compared with a rate, such as 400/s, not with \"400\"",
        ),
        (
            "throughput > inf/s",
            "throughput is compared with a rate, such as 400/s, not with \"inf/s\"",
        ),
        (
            "utilisation < 0.8",
            "utilisation is compared with a part, such as 80%, not with \"0.8\"",
        ),
        (
            "utilisation < NaN%",
            "utilisation is compared with a part, such as 80%, not with \"NaN%\"",
        ),
    ] {
        assert_eq!(Expectation::parse(text).unwrap_err().to_string(), wanted);
    }
}

#[test]
fn expectations_are_judged_by_what_was_measured() {
    let report = report();
    for (text, measured, holds) in [
        ("p99 < 201ms", "200 ms", true),
        ("p99 < 200ms", "200 ms", false),
        ("p99 <= 200ms", "200 ms", true),
        ("p99 = 200ms", "200 ms", true),
        ("p99 >= 200ms", "200 ms", true),
        ("p99 > 200ms", "200 ms", false),
        ("p50 < 11ms", "10.0 ms", true),
        ("p90 < 1s", "40.0 ms", true),
        ("p95 < 1s", "60.0 ms", true),
        ("p99.9 < 1s", "500 ms", true),
        ("mean < 1s", "20.0 ms", true),
        ("max < 1s", "900 ms", true),
        ("acme.a p99 < 200ms", "100 ms", true),
        ("acme.b p99 < 200ms", "300 ms", false),
        ("web p99 < 1s", "200 ms", true),
        ("asked = 1000", "1,000", true),
        ("answered > 97%", "97.0 %", false),
        ("answered >= 97%", "97.0 %", true),
        ("refused = 0", "20", false),
        ("refused < 3%", "2.0 %", true),
        ("failed = 0", "0", true),
        ("bounced = 0", "0", true),
        ("timed_out <= 10", "10", true),
        ("disconnected = 0%", "0.0 %", true),
        ("unanswered = 30", "30", true),
        ("throughput > 96/s", "97.0/s", true),
        ("utilisation < 60%", "75.0 %", false),
        ("acme.a utilisation < 60%", "50.0 %", true),
        ("wait < 3ms", "3.00 ms", false),
        ("acme.b wait < 3ms", "1.00 ms", true),
        ("recovered_within < 2s", "1.50 s", true),
    ] {
        let verdict = Expectation::parse(text).unwrap().judge(&report);
        assert_eq!(
            (&*verdict.expectation, &*verdict.measured, verdict.holds),
            (text, measured, holds)
        );
    }
}

#[test]
fn what_was_not_measured_does_not_hold() {
    let mut report = report();
    for text in [
        "many p99 < 1s",
        "many wait < 1s",
        "many utilisation < 100%",
        "nobody asked = 0",
    ] {
        let verdict = Expectation::parse(text).unwrap().judge(&report);
        assert_eq!(
            (&*verdict.measured, verdict.holds),
            ("nothing", false),
            "{text}"
        );
    }
    // Of no requests, no part was refused.
    assert!(
        Expectation::parse("many refused = 0%")
            .unwrap()
            .judge(&report)
            .holds
    );
    let recovers = Expectation::parse("recovered_within < 2s").unwrap();
    report.faults.push(fault(None));
    assert!(!recovers.judge(&report).holds, "one fault has no end");
    report.faults.clear();
    assert!(
        recovers.judge(&report).holds,
        "there was nothing to recover from"
    );
}
