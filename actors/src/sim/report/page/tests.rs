use std::time::Duration;

use crate::sim::report::samples;

/// A page that could be read and needs nothing from outside.
fn whole(page: &str) {
    assert!(page.starts_with("<!DOCTYPE html>") && page.ends_with("</html>\n"));
    for sign in [
        "NaN",
        "inf\"",
        "<script",
        "<link rel=\"stylesheet",
        "url(",
        "@import",
    ] {
        assert!(!page.contains(sign), "{sign} in the page");
    }
    // The names of the namespaces are no addresses to load from.
    let page = page.replace("http://www.w3.org/2000/svg", "");
    assert!(!page.contains("http://") && !page.contains("https://"));
}

#[test]
fn the_same_report_gives_the_same_bytes() {
    assert!(samples::evening().page() == samples::evening().page());
    assert!(samples::grid().page() == samples::grid().page());
}

#[test]
fn a_page_needs_nothing_from_outside() {
    whole(&samples::evening().page());
    whole(&samples::sweep().page());
    whole(&samples::grid().page());
}

#[test]
fn each_plot_says_what_it_is_and_has_its_figures_behind_it() {
    let page = samples::evening().page();
    for title in [
        "Requests",
        "Latency",
        "Latency, all requests",
        "Requests waiting for a drone",
        "Drones busy",
    ] {
        assert!(page.contains(&format!("\">{title}</title>")), "{title}");
    }
    assert_eq!(page.matches("role=\"img\"").count(), 5);
    assert_eq!(page.matches("<details>").count(), 5);
    assert_eq!(page.matches("<desc id=").count(), 5);
}

#[test]
fn faults_are_numbered_in_the_plots_over_time_and_said_below_them() {
    let page = samples::evening().page();
    let caption = "Faults: 1 kill_drone acme.search; 2 slow_link app-2 &#60;-&#62; server; 3 ";
    assert_eq!(page.matches(caption).count(), 4);
}

#[test]
fn many_faults_are_in_their_table_only() {
    let mut report = samples::evening();
    report.faults = std::iter::repeat_n(report.faults[0].clone(), 300).collect();
    let page = report.page();
    whole(&page);
    assert!(page.contains("Numbers are those of the faults in their table."));
}

#[test]
fn what_users_wrote_is_escaped_everywhere() {
    let name = "<script>alert('a')</script> $x$ & \"b\"";
    let mut report = samples::evening();
    report.scenario = name.to_owned();
    report.services[0].name = name.to_owned();
    report.services[0].hosts[0].host = name.to_owned();
    report.clients[0].name = name.to_owned();
    report.faults[0].what = name.to_owned();
    report.checks[0].found = name.to_owned();
    report.expectations[0].expectation = name.to_owned();
    whole(&report.page());
    let mut report = samples::grid();
    report.axes[0].path = name.to_owned();
    report.axes[1].values[0] = name.to_owned();
    for point in &mut report.points {
        point.values[0] = format!("{name} {}", point.values[0]);
    }
    report.axes[0].values = report
        .points
        .iter()
        .step_by(3)
        .map(|point| point.values[0].clone())
        .collect();
    report.knees[0].value = name.to_owned();
    let page = report.page();
    whole(&page);
    assert!(
        page.contains("$x$ &amp; &quot;b&quot;</text>"),
        "a formula in the plot"
    );
}

#[test]
fn a_run_of_nothing_has_a_page() {
    let mut report = samples::evening();
    report.slices.clear();
    report.services.clear();
    report.clients.clear();
    report.faults.clear();
    report.total.latency = None;
    report.duration = Duration::ZERO;
    whole(&report.page());
    let mut report = samples::evening();
    for slice in &mut report.slices {
        slice.length = Duration::ZERO;
        slice.services.clear();
    }
    report.total.latency.as_mut().unwrap().distribution.clear();
    whole(&report.page());
}

#[test]
fn of_many_services_those_with_the_highest_peaks_are_drawn() {
    let mut report = samples::evening();
    let (service, pool) = (report.services[0].clone(), report.slices[0].services[0]);
    report.services = (0..100)
        .map(|at| {
            let mut service = service.clone();
            service.name = format!("service-{at}");
            service
        })
        .collect();
    for slice in &mut report.slices {
        let pools = (0..100).map(|at| {
            let mut pool = pool;
            pool.busy = f64::from(at);
            pool
        });
        slice.services = pools.collect();
    }
    let page = report.page();
    whole(&page);
    assert!(page.contains("The 6 of 100 services with the highest peaks."));
    let busy = page.rsplit("Drones busy").next().unwrap();
    assert!(
        busy.contains("service-99") && !busy.contains("service-90"),
        "{busy:.2000}"
    );
}

#[test]
fn a_day_has_its_time_axis_in_hours() {
    let mut report = samples::evening();
    for (at, slice) in report.slices.iter_mut().enumerate() {
        slice.length = Duration::from_secs(173);
        slice.from = slice.length * u32::try_from(at).unwrap();
    }
    let page = report.page();
    assert!(page.contains(">time, h</text>"));
}

#[test]
fn a_sweep_of_one_run_and_one_of_none_have_pages() {
    let mut report = samples::sweep();
    report.points.truncate(1);
    report.axes[0].values.truncate(1);
    whole(&report.page());
    report.points.clear();
    report.axes.clear();
    whole(&report.page());
}

#[test]
fn a_knee_has_a_ring_in_the_plot_of_its_metric() {
    let mut report = samples::sweep();
    for metric in ["p50", "p99", "throughput", "refused", "utilisation"] {
        report.knees[0].metric = metric.to_owned();
        let page = report.page();
        assert_eq!(page.matches(">knee 8</text>").count(), 1, "{metric}");
    }
}

#[test]
fn a_sweep_over_words_has_them_below_its_axis() {
    let mut report = samples::sweep();
    let words = ["round robin", "least outstanding", "two choices"];
    report.points.truncate(3);
    for (point, word) in report.points.iter_mut().zip(words) {
        point.values = vec![word.to_owned()];
    }
    report.axes[0].values = words.map(str::to_owned).to_vec();
    let page = report.page();
    whole(&page);
    for word in words {
        assert!(page.contains(&format!(">{word}</text>")), "{word}");
    }
    // Between two of them there is nothing, so no line is drawn.
    let is_drawn =
        |page: &str| page.contains("stroke=\"var(--line-1)\" stroke-width=\"1.7\" fill=\"none\"");
    assert!(!is_drawn(&page));
    assert!(is_drawn(&samples::sweep().page()));
}

#[test]
fn a_gap_in_a_line_is_explained_where_there_is_one() {
    let note = "A gap: nothing was answered.";
    let mut report = samples::evening();
    for slice in &mut report.slices {
        slice.p50 = Some(Duration::from_millis(1));
        slice.p90 = slice.p50;
        slice.p99 = slice.p50;
    }
    assert!(!report.page().contains(note));
    report.slices[1].p50 = None;
    assert!(report.page().contains(note));
}
