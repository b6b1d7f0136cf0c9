use crate::sim::report::samples;

#[test]
fn a_run_has_a_row_for_each_slice_and_a_column_for_each_figure() {
    let report = samples::evening();
    let text = report.csv();
    let mut lines = text.lines();
    let head = "from_seconds,length_seconds,asked,answered,refused,failed,bounced,timed_out,\
                disconnected,open,p50_seconds,p90_seconds,p99_seconds,acme.search.drones,\
                acme.search.busy,acme.search.waiting,acme.storage.drones,acme.storage.busy,\
                acme.storage.waiting,acme.print.drones,acme.print.busy,acme.print.waiting";
    assert_eq!(lines.next(), Some(head));
    assert_eq!(lines.clone().count(), report.slices.len());
    assert!(lines.next().unwrap().starts_with("0,1,"));
    // Nothing was answered, so there are no quantiles.
    let dead = text.lines().find(|line| line.starts_with("410,")).unwrap();
    assert!(dead.contains(",,,,36,"), "{dead}");
}

#[test]
fn a_sweep_has_a_row_for_each_run() {
    let report = samples::grid();
    let text = report.csv();
    let mut reader = csv::Reader::from_reader(text.as_bytes());
    let head = reader.headers().unwrap().clone();
    assert_eq!(head.get(0), Some("services.0.drones.max"));
    assert!(
        head.iter()
            .any(|name| name == "acme.search.mean_wait_seconds")
    );
    let rows: Vec<_> = reader.records().map(|row| row.unwrap()).collect();
    assert_eq!(rows.len(), report.points.len());
    assert_eq!((&rows[1][0], &rows[1][1]), ("2", "10"));
}

#[test]
fn a_name_with_a_comma_stays_one_field() {
    let mut report = samples::evening();
    report.services[0].name = "a,\"b".to_owned();
    let text = report.csv();
    let head = csv::Reader::from_reader(text.as_bytes())
        .headers()
        .unwrap()
        .clone();
    assert!(head.iter().any(|name| name == "a,\"b.busy"));
}

#[test]
fn the_same_report_gives_the_same_bytes() {
    assert_eq!(samples::evening().csv(), samples::evening().csv());
}
