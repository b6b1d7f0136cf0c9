use super::ReadError;
use crate::sim::report::{Report, samples};
use crate::sim::sweep::SweepReport;

#[test]
fn what_was_written_is_read() {
    let report = samples::evening();
    assert_eq!(Report::from_json(&report.json()).unwrap(), report);
    let sweep = samples::grid();
    assert_eq!(SweepReport::from_json(&sweep.json()).unwrap(), sweep);
}

#[test]
fn the_head_says_what_it_is_and_a_newline_ends_it() {
    let text = samples::evening().json();
    let head = "{\n  \"format\": 1,\n  \"kind\": \"run\",\n  \"is_good\": false,\n  \"scenario\": ";
    assert!(text.starts_with(head), "{text:.200}");
    assert!(text.ends_with("}\n"), "{text:.200}");
    let text = samples::sweep().json();
    assert!(text.contains("\"kind\": \"sweep\""), "{text:.200}");
}

#[test]
fn the_same_report_gives_the_same_bytes() {
    assert_eq!(samples::evening().json(), samples::evening().json());
    assert_eq!(samples::sweep().json(), samples::sweep().json());
}

#[test]
fn another_format_and_another_kind_are_refused_by_name() {
    let text = samples::evening().json();
    let newer = text.replace("\"format\": 1", "\"format\": 2");
    let error = Report::from_json(&newer).unwrap_err();
    assert!(matches!(error, ReadError::Format(2)));
    let wanted = "the report has the format 2, and this program reads format 1";
    assert_eq!(error.to_string(), wanted);
    let error = SweepReport::from_json(&text).unwrap_err();
    assert_eq!(error.to_string(), "the report is of a run, not of a sweep");
    let error = Report::from_json("{}").unwrap_err();
    assert!(matches!(error, ReadError::Form(_)));
}
