//! `opensrf sim` as users run it.

use std::fs;

use opensrf_actors::sim::report::Report;
use opensrf_actors::sim::sweep::SweepReport;

use crate::support::{World, run};

const POOL: &str = r#"
seed = 7
duration = "8s"
warmup = "1s"
slices = 8
expect = ["refused = 0", "p99 < 1s"]

[[services]]
name = "acme.search"
time = "exponential(40ms)"
drones = { min = 4, max = 4 }

[[clients]]
name = "web"
count = 5
rate = 60.0
"#;

/// A world with this scenario in a file.
fn with(scenario: &str) -> (World, String) {
    let world = World::new();
    let file = file(&world, "pool.toml");
    fs::write(&file, scenario).expect("a folder");
    (world, file)
}

fn file(world: &World, name: &str) -> String {
    world.path(name).display().to_string()
}

#[test]
fn a_run_tells_what_it_was_like_and_whether_it_was_as_expected() {
    let (world, scenario) = with(POOL);
    let good = run(world.opensrf(&["sim", &scenario]));
    assert_eq!(good.code, Some(0), "{good:?}");
    let says = |ended: &crate::support::Ended, part: &str| {
        ended.stdout.iter().any(|line| line.contains(part))
    };
    for part in ["acme.search", "p99 < 1s", "Little's law"] {
        assert!(says(&good, part), "{part}: {good:?}");
    }
    assert_eq!(good.errors(), "", "no progress where nobody looks");
    let tight = ["sim", &scenario, "--set", "expect.1=p99 < 1ms"];
    let bad = run(world.opensrf(&tight));
    assert_eq!(bad.code, Some(1), "{bad:?}");
    assert!(says(&bad, "FAILS") && says(&bad, "p99 < 1ms"), "{bad:?}");
}

#[test]
fn the_same_seed_gives_the_same_files_to_the_byte() {
    let (world, scenario) = with(POOL);
    let files =
        |number: u32| ["json", "csv", "html"].map(|kind| file(&world, &format!("{number}.{kind}")));
    let written = |number: u32| {
        let [json, csv, html] = files(number);
        let args = [
            "sim", &scenario, "--json", &json, "--csv", &csv, "--html", &html,
        ];
        let ended = run(world.opensrf(&args));
        assert_eq!(ended.code, Some(0), "{ended:?}");
        files(number).map(|file| fs::read_to_string(file).expect("it was written"))
    };
    let [json, csv, html] = written(1);
    assert_eq!([json.clone(), csv.clone(), html.clone()], written(2));
    let report = Report::from_json(&json).unwrap();
    assert_eq!(report.slices.len(), 8);
    assert_eq!(csv.lines().count(), 9);
    assert!(html.contains("<svg") && html.contains("acme.search"));
}

#[test]
fn a_sweep_runs_once_for_each_value_on_any_number_of_cores() {
    let (world, scenario) = with(POOL);
    let sweep = |jobs: &str| {
        let json = file(&world, &format!("{jobs}.json"));
        let sweep = "services.0.drones.max=4..7";
        let args = [
            "sim", &scenario, "--sweep", sweep, "--jobs", jobs, "--json", &json,
        ];
        let ended = run(world.opensrf(&args));
        assert_eq!(ended.code, Some(0), "{ended:?}");
        fs::read_to_string(json).expect("it was written")
    };
    let one = sweep("1");
    assert_eq!(one, sweep("3"));
    let report = SweepReport::from_json(&one).unwrap();
    let values: Vec<_> = report
        .points
        .iter()
        .map(|point| &*point.values[0])
        .collect();
    assert_eq!(values, ["4", "5", "6", "7"]);
    // More drones, less waiting, for the same requests.
    let waits = report.points.iter().map(|point| point.pools[0].1.mean_wait);
    assert!(waits.is_sorted_by(|one, next| one >= next), "{one}");
    let mut asked: Vec<_> = report.points.iter().map(|p| p.total.asked).collect();
    asked.dedup();
    assert_eq!(asked.len(), 1, "{asked:?}");
}

#[test]
fn a_scenario_with_mistakes_is_refused_with_file_and_line() {
    let (world, scenario) = with(&POOL.replace("rate = 60.0", "rate = -1\nrat = 3"));
    let refused = run(world.opensrf(&["sim", &scenario]));
    assert_eq!(refused.code, Some(2), "{refused:?}");
    let errors = refused.errors();
    for part in [":16: clients[0].rate", ":17: clients[0].rat"] {
        assert!(errors.contains(&format!("{scenario}{part}")), "{errors}");
    }
    let missing = run(world.opensrf(&["sim", "no-such-file.toml"]));
    assert_eq!(missing.code, Some(2), "{missing:?}");
    assert!(
        missing.errors().contains("no-such-file.toml"),
        "{missing:?}"
    );
    let swept = run(world.opensrf(&["sim", &scenario, "--sweep", "drones"]));
    assert_eq!(swept.code, Some(2), "{swept:?}");
    // Nothing is left where a report would have been.
    let html = file(&world, "never.html");
    let refused = run(world.opensrf(&["sim", &scenario, "--html", &html]));
    assert_eq!(refused.code, Some(2), "{refused:?}");
    assert!(!std::path::Path::new(&html).exists());
    // A link of the user's stays one, wherever it leads.
    let link = file(&world, "link.html");
    std::os::unix::fs::symlink("nowhere/yet.html", &link).unwrap();
    let refused = run(world.opensrf(&["sim", &scenario, "--html", &link]));
    assert_eq!(refused.code, Some(2), "{refused:?}");
    assert!(std::path::Path::new(&link).is_symlink());
}

#[test]
fn a_key_that_is_swept_has_no_other_value() {
    let (world, scenario) = with(POOL);
    let swept = [
        "--sweep",
        "seed=1..3",
        "--sweep",
        "services.0.drones={ max = 4 }",
    ];
    for (more, told) in [
        (["--seed", "7"], "seed is given by --seed and by --sweep"),
        (["--set", "seed=7"], "seed is given by --set and by --sweep"),
        (
            ["--sweep", "seed=4,5"],
            "seed is given by --sweep and by --sweep",
        ),
        (
            ["--set", "services.0.drones.max=3"],
            "services.0.drones.max is given by --set and by --sweep",
        ),
    ] {
        let args: Vec<_> = ["sim", &scenario]
            .into_iter()
            .chain(swept)
            .chain(more)
            .collect();
        let refused = run(world.opensrf(&args));
        assert_eq!(refused.code, Some(2), "{refused:?}");
        assert!(refused.errors().contains(told), "{refused:?}");
    }
}

/// The same requests, in simulated time and over TCP in real time. The margins are wide: this machine
/// also runs other tests. The guide has what a quiet one gives.
#[test]
fn simulated_and_real_runs_agree() {
    let (world, scenario) = with(&POOL.replace("rate = 60.0", "rate = 25.0"));
    let report = |args: &[&str]| {
        let json = file(&world, "report.json");
        let args = [&["sim", &scenario, "--json", &json], args].concat();
        let ended = run(world.opensrf(&args));
        assert_eq!(ended.code, Some(0), "{ended:?}");
        Report::from_json(&fs::read_to_string(json).expect("it was written")).unwrap()
    };
    let (simulated, real) = (report(&[]), report(&["--real"]));
    let figures = |report: &Report| {
        let latency = report.total.latency.clone().expect("answers");
        let seconds = [latency.p50, latency.p99].map(|time| time.as_secs_f64());
        (report.total.throughput, seconds[0], seconds[1])
    };
    let (simulated, real) = (figures(&simulated), figures(&real));
    let near =
        |one: f64, other: f64, part: f64, more: f64| (one - other).abs() <= part * one + more;
    assert!(
        near(simulated.0, real.0, 0.05, 0.0),
        "{simulated:?} {real:?}"
    );
    assert!(
        near(simulated.1, real.1, 0.2, 0.01),
        "{simulated:?} {real:?}"
    );
    assert!(
        near(simulated.2, real.2, 0.3, 0.05),
        "{simulated:?} {real:?}"
    );
}
