use std::fs;
use std::path::Path;
use std::time::Duration;

use opensrf::ids::Seed;
use proptest::prelude::*;

use super::length::LengthError;
use super::*;

fn law(text: &str) -> Law {
    Law::parse(text).expect("a law")
}

const fn millis(millis: u64) -> Duration {
    Duration::from_millis(millis)
}

/// `count` draws in seconds.
fn draws(law: &Law, seed: u64, count: usize) -> Vec<f64> {
    let mut seed = Seed::new(seed);
    (0..count)
        .map(|_| law.draw(&mut seed).as_secs_f64())
        .collect()
}

fn moments(draws: &[f64]) -> (f64, f64) {
    let count = draws.len() as f64;
    let mean = draws.iter().sum::<f64>() / count;
    let variance = draws.iter().map(|x| (x - mean) * (x - mean)).sum::<f64>() / (count - 1.0);
    (mean, variance.sqrt() / mean)
}

#[test]
fn draws_have_the_mean_and_variation_of_their_law() {
    for text in [
        "7ms",
        "uniform(1ms, 3ms)",
        "uniform(0ms, 0ms)",
        "exponential(20ms)",
        "lognormal(mean = 20ms, cv = 1.5)",
        "lognormal(mean = 20ms, cv = 0.1)",
        "lognormal(median = 10ms, p99 = 50ms)",
        "pareto(mean = 20ms, shape = 4.5)",
        "empirical(1ms, 2ms, 9ms, 9ms)",
        "empirical(0ms)",
    ] {
        let law = law(text);
        let (wanted, cv) = (law.mean().as_secs_f64(), law.variation());
        for seed in 0..5 {
            let (mean, variation) = moments(&draws(&law, seed, 100_000));
            // Five standard errors: one of some millions would be beyond.
            let tolerance = 5.0 * wanted * cv / 100_000_f64.sqrt() + 1e-9;
            assert!(
                (mean - wanted).abs() <= tolerance,
                "{text}: {mean} for {wanted}"
            );
            let variation = if wanted == 0.0 { 0.0 } else { variation };
            assert!(
                (variation - cv).abs() <= 0.1 * cv + 1e-9,
                "{text}: {variation} for {cv}"
            );
        }
    }
}

#[test]
fn a_tail_without_variance_still_has_its_mean_and_its_quantiles() {
    let law = law("pareto(mean = 20ms, shape = 1.5)");
    assert_eq!(law.variation(), f64::INFINITY);
    let mut drawn = draws(&law, 3, 100_000);
    drawn.sort_unstable_by(f64::total_cmp);
    // The least is mean * (shape - 1) / shape; a share of p is below least * (1 - p)^(-1/shape).
    let least = 0.020 / 3.0;
    assert!(drawn[0] >= least - 1e-9);
    for p in [0.5, 0.9, 0.99] {
        let wanted = least * (1.0_f64 - p).powf(-1.0 / 1.5);
        let found = drawn[(p * 100_000.0) as usize];
        assert!(
            (found / wanted - 1.0).abs() < 0.1,
            "{p}: {found} for {wanted}"
        );
    }
}

#[test]
fn a_lognormal_law_has_the_median_and_p99_that_it_was_made_of() {
    let mut drawn = draws(&law("lognormal(median = 10ms, p99 = 200ms)"), 5, 100_000);
    drawn.sort_unstable_by(f64::total_cmp);
    assert!((drawn[50_000] / 0.010 - 1.0).abs() < 0.03);
    assert!((drawn[99_000] / 0.200 - 1.0).abs() < 0.1);
}

#[test]
fn the_same_seed_draws_the_same_lengths() {
    // Fixed values: another machine, or another version of a library, must not change them.
    let drawn = [
        "uniform(1ms, 3ms)",
        "exponential(20ms)",
        "lognormal(mean = 20ms, cv = 1.5)",
        "pareto(mean = 20ms, shape = 2.5)",
    ]
    .map(|text| {
        let (law, mut seed) = (law(text), Seed::new(7));
        [(); 3].map(|()| law.draw(&mut seed).as_nanos())
    });
    let wanted = [
        [1_779_659, 1_033_577, 2_801_521],
        [5_452_646, 1_268_950, 125_044_204],
        [8_923_804, 840_455, 223_160_960],
        [14_621_800, 12_081_544, 30_234_844],
    ];
    assert_eq!(drawn, wanted);
}

#[test]
fn laws_are_read_in_any_of_their_forms() {
    for (text, wanted) in [
        ("5ms", Law::constant(millis(5))),
        (" constant( 5 ms ) ", Law::constant(millis(5))),
        ("uniform(1ms, 3ms)", Law::uniform(millis(1), millis(3))),
        (
            "uniform(most = 3ms, least = 1ms)",
            Law::uniform(millis(1), millis(3)),
        ),
        ("exponential(mean=20ms)", Law::exponential(millis(20))),
        ("lognormal(20ms, 1.5)", Law::log_normal(millis(20), 1.5)),
        (
            "lognormal(cv = 1.5, 20ms)",
            Law::log_normal(millis(20), 1.5),
        ),
        (
            "lognormal(p99 = 200ms, median = 10ms)",
            Law::log_normal_by_median(millis(10), millis(200)),
        ),
        ("pareto(20ms, 2.5)", Law::pareto(millis(20), 2.5)),
        (
            "empirical(3ms, 1ms)",
            Law::empirical(vec![millis(1), millis(3)]),
        ),
    ] {
        assert_eq!(Law::parse(text), wanted, "{text}");
    }
}

#[test]
fn what_is_no_law_is_refused_with_the_remedy() {
    for (text, wanted) in [
        ("", "\"\" is no law of lengths of time"),
        ("gamma(1ms)", "\"gamma(1ms)\" is no law"),
        ("20", "20 has no unit: write ns, us, ms"),
        ("20 moons", "\"moons\" is no unit of time"),
        ("constant(1ms", "does not end with the parenthesis"),
        ("constant(1ms) 2", "does not end with the parenthesis"),
        ("constant()", "constant lacks length: write constant(20ms)"),
        ("constant(1ms, 2ms)", "constant has no place for \"2ms\""),
        ("constant(soon)", "\"soon\" is no length of time"),
        (
            "exponential(0ms)",
            "the mean of a law is zero: for no time at all, write 0ms",
        ),
        (
            "exponential(median = 1ms)",
            "exponential lacks mean: write exponential(20ms)",
        ),
        (
            "uniform(3ms, 1ms)",
            "the least length, 3ms, is above the most, 1ms",
        ),
        ("uniform(3ms)", "uniform lacks most"),
        (
            "lognormal(mean = 1ms, cv = 0)",
            "cv = 0 is out of range: it must be above 0",
        ),
        (
            "lognormal(mean = 1ms, cv = NaN)",
            "cv = NaN is out of range",
        ),
        (
            "lognormal(mean = 1ms, cv = big)",
            "cv = \"big\" is no number",
        ),
        (
            "lognormal(mean = 1ms)",
            "lognormal lacks cv: write lognormal(mean",
        ),
        ("lognormal(median = 1ms)", "lognormal lacks p99"),
        (
            "lognormal(median = 1ms, p99 = 1ms)",
            "p99, 1ms, is not above the median, 1ms",
        ),
        (
            "lognormal(median = 1ms, p99 = 2ms, cv = 1)",
            "no place for \"cv = 1\"",
        ),
        (
            "pareto(mean = 1ms, shape = 1)",
            "shape = 1 is out of range: it must be above 1",
        ),
        ("empirical()", "empirical lacks a file or lengths"),
        ("empirical(1ms, x)", "\"x\" is no length of time"),
        (
            "empirical(nowhere.txt)",
            "cannot read the lengths in nowhere.txt",
        ),
    ] {
        let error = Law::parse(text).unwrap_err().to_string();
        assert!(error.contains(wanted), "{text}: {error}");
    }
}

#[test]
fn laws_made_by_hand_are_checked_likewise() {
    let too_long = LONGEST + millis(1);
    for refused in [
        Law::constant(too_long),
        Law::uniform(millis(1), too_long),
        Law::exponential(too_long),
        Law::log_normal(too_long, 1.0),
        Law::log_normal_by_median(millis(1), too_long),
        Law::pareto(too_long, 2.0),
        Law::empirical(vec![too_long]),
        law("exponential(1d)").scaled(1_000_000.0),
    ] {
        assert!(
            matches!(refused, Err(LawError::TooLong { .. })),
            "{refused:?}"
        );
    }
    assert_eq!(Law::empirical(Vec::new()), Err(LawError::EmptySample));
    for factor in [0.0, -1.0, f64::NAN, f64::INFINITY] {
        let refused = law("1ms").scaled(factor);
        assert!(
            matches!(refused, Err(LawError::OutOfRange { .. })),
            "{factor}"
        );
    }
}

#[test]
fn a_file_of_lengths_is_read_beside_the_scenario() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("times.txt");
    fs::write(&file, "# measured in May\n\n1.5\n 2ms \n2e-3\r\n").unwrap();
    let law = Law::parse_beside("empirical(times.txt)", folder.path()).unwrap();
    assert_eq!(law.to_string(), "empirical(times.txt)");
    assert_eq!(law.mean(), Duration::from_nanos(3_502_000 / 3));
    assert_eq!(
        law.scaled(2.0).unwrap().to_string(),
        "empirical(4us, 3ms, 4ms)"
    );

    for (line, wanted) in [
        ("-1", LengthError::NoNumber("-1".to_owned())),
        ("nan", LengthError::NoNumber("nan".to_owned())),
        ("1e30", LengthError::TooLong("1e30".to_owned())),
        ("2 moons", LengthError::UnknownUnit("moons".to_owned())),
    ] {
        fs::write(&file, format!("1\n{line}\n")).unwrap();
        let reason = LawError::Line {
            file: file.clone(),
            line: 2,
            reason: wanted,
        };
        assert_eq!(Law::from_file(&file), Err(reason));
    }
    fs::write(&file, "# nothing\n").unwrap();
    assert_eq!(Law::from_file(Path::new(&file)), Err(LawError::EmptySample));
}

#[test]
fn a_scaled_law_has_a_scaled_mean_and_the_same_variation() {
    for text in [
        "7ms",
        "uniform(1ms, 3ms)",
        "exponential(20ms)",
        "lognormal(mean = 20ms, cv = 1.5)",
        "lognormal(median = 10ms, p99 = 200ms)",
        "pareto(mean = 20ms, shape = 2.5)",
        "empirical(1ms, 2ms, 9ms)",
    ] {
        let (law, scaled) = (law(text), law(text).scaled(3.0).unwrap());
        assert!(
            scaled.mean().abs_diff(law.mean() * 3) < Duration::from_nanos(5),
            "{text}"
        );
        assert!(
            (scaled.variation() - law.variation()).abs() < 1e-9,
            "{text}"
        );
    }
}

fn any_law() -> impl Strategy<Value = Law> {
    let length = || (1..=LONGEST.as_nanos() as u64, 0_u32..60);
    let length =
        move || length().prop_map(|(nanos, shift)| Duration::from_nanos((nanos >> shift).max(1)));
    prop_oneof![
        length().prop_map(|l| Law::constant(l).expect("in range")),
        (length(), length()).prop_map(|(a, b)| Law::uniform(a.min(b), a.max(b)).expect("in order")),
        length().prop_map(|l| Law::exponential(l).expect("in range")),
        (length(), 0.001_f64..1_000.0)
            .prop_map(|(l, cv)| Law::log_normal(l, cv).expect("in range")),
        (length(), length()).prop_filter_map("equal", |(a, b)| {
            Law::log_normal_by_median(a.min(b), a.max(b)).ok()
        }),
        (length(), 1.001_f64..1_000.0).prop_map(|(l, s)| Law::pareto(l, s).expect("in range")),
        prop::collection::vec(length(), 1..9).prop_map(|l| Law::empirical(l).expect("some")),
    ]
}

proptest! {
    #[test]
    fn a_law_that_is_shown_and_read_is_the_same(law in any_law()) {
        prop_assert_eq!(Law::parse(&law.to_string()), Ok(law));
    }

    #[test]
    fn any_law_draws_within_bounds(law in any_law(), seed: u64) {
        let mut seed = Seed::new(seed);
        prop_assert!((0..100).all(|_| law.draw(&mut seed) <= LONGEST));
        prop_assert!(law.mean() <= LONGEST);
        prop_assert!(law.variation() >= 0.0);
    }

    #[test]
    fn any_text_is_a_law_or_an_error(
        text in "(constant|uniform|lognormal|pareto|empirical|[(),= ]|1ms|cv|mean|\\PC){0,9}",
    ) {
        let _ = Law::parse(&text);
    }
}
