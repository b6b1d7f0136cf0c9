use crate::sim::report::samples;

/// As far as it is compared: the lines of a section.
fn section<'a>(text: &'a str, title: &str) -> Vec<&'a str> {
    let lines = text.lines().skip_while(|line| *line != title).skip(1);
    lines.take_while(|line| !line.is_empty()).collect()
}

#[test]
fn the_first_lines_say_what_ran_and_how_it_ended() {
    let text = samples::evening().to_string();
    let head: Vec<_> = text.lines().take(2).collect();
    assert_eq!(head[0], "evening peak: FAILED, 2 of 5 do not hold");
    assert_eq!(
        head[1],
        "seed 7, 500 s of simulated time, the first 20.0 s not counted"
    );
}

#[test]
fn what_does_not_hold_is_said_in_words() {
    let text = samples::evening().to_string();
    let wanted = [
        "  FAILS  p99 < 500ms: measured 1.27 s",
        "  FAILS  refused = 0: measured 612",
        "  holds  recovered_within < 60s: measured 21.4 s",
    ];
    assert_eq!(section(&text, "expectations"), wanted);
    let faults = section(&text, "faults");
    assert!(
        faults[3].ends_with("NOT RECOVERED when the run ended"),
        "{faults:?}"
    );
}

#[test]
fn pools_have_their_hosts_below_them_where_there_are_several() {
    let text = samples::evening().to_string();
    let pools = section(&text, "pools");
    let names = pools[1..]
        .iter()
        .map(|line| line.split_whitespace().next().unwrap());
    let wanted = [
        "acme.search",
        "app-1",
        "app-2",
        "app-3",
        "acme.storage",
        "app-1",
        "app-2",
        "acme.print",
    ];
    assert_eq!(names.collect::<Vec<_>>(), wanted);
    assert!(pools[2].ends_with("33.3 %"), "{pools:?}");
}

#[test]
fn no_line_is_wider_than_100_columns() {
    let (run, sweep) = (samples::evening(), samples::sweep());
    for text in [
        run.to_string(),
        sweep.to_string(),
        samples::grid().to_string(),
    ] {
        for line in text.lines() {
            assert!(line.chars().count() <= 100, "{line}");
        }
    }
}

#[test]
fn a_run_without_answers_has_none_in_its_table() {
    let mut report = samples::evening();
    report.total.latency = None;
    let text = report.to_string();
    let all = section(&text, "latency")[1].split_whitespace();
    assert_eq!(
        all.collect::<Vec<_>>(),
        ["all", "-", "-", "-", "-", "-", "-", "-"]
    );
}

#[test]
fn a_sweep_marks_its_knees_and_failures() {
    let text = samples::grid().to_string();
    let runs = section(&text, "runs");
    assert_eq!(runs.len(), 1 + samples::grid().points.len());
    let marked: Vec<_> = runs
        .iter()
        .filter(|line| line.contains("knee p99"))
        .collect();
    assert_eq!(marked.len(), 3);
    assert!(runs[1].ends_with("  FAILED"), "{runs:?}");
    let failures = section(&text, "what does not hold");
    assert_eq!(failures.len(), 11);
    assert!(failures[10].starts_with("  and "), "{failures:?}");
}
