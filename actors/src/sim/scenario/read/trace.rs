//! Recorded requests, from a CSV file.
//!
//! It has a line of headers: `at`, the seconds from the beginning of the run, and if need be `time`,
//! the seconds that a made-up service works on the request; where that is empty, the service's own
//! law counts. Requests are in order of time.

use std::io::Read;
use std::path::Path;
use std::time::Duration;

use csv::{Reader, ReaderBuilder, StringRecord, Trim};

use super::super::Replayed;
use crate::toml_tree::read::Section;
use crate::toml_tree::values::LONGEST;

/// Wrong lines of one file that are reported.
const MOST_PROBLEMS: usize = 10;

/// The requests in the file at `path`, which `key` of `table` names; what is wrong with it is
/// reported there.
pub(super) fn read(table: &Section<'_>, key: &str, path: &Path) -> Vec<Replayed> {
    match std::fs::File::open(path) {
        Err(error) => {
            let text = format!("cannot read {}: {error}", path.display());
            table.problem(key, text);
            Vec::new()
        }
        Ok(file) => {
            let (requests, problems) = parse(file);
            for (line, text) in problems {
                table.problem_in(format!("{}:{line}", path.display()), key, text);
            }
            requests
        }
    }
}

/// What is wrong in a line.
type Wrong = (u64, String);

fn parse(file: impl Read) -> (Vec<Replayed>, Vec<Wrong>) {
    let mut reader = ReaderBuilder::new().trim(Trim::All).from_reader(file);
    let columns = match Columns::of(&mut reader) {
        Ok(columns) => columns,
        Err(wrong) => return (Vec::new(), vec![wrong]),
    };
    let (mut requests, mut problems) = (Vec::new(), Vec::new());
    let mut last = Duration::ZERO;
    for record in reader.records() {
        match record
            .map_err(wrong)
            .and_then(|record| columns.request(&record, last))
        {
            Ok(request) => {
                last = request.at;
                requests.push(request);
            }
            Err(problem) => problems.push(problem),
        }
        if problems.len() == MOST_PROBLEMS {
            break;
        }
    }
    if requests.is_empty() && problems.is_empty() {
        problems.push((1, "no request follows".to_owned()));
    }
    (requests, problems)
}

/// Where in a line is what.
struct Columns {
    at: usize,
    time: Option<usize>,
}

impl Columns {
    fn of(reader: &mut Reader<impl Read>) -> Result<Self, Wrong> {
        let headers = reader.headers().map_err(wrong)?;
        let known = |name: &str| matches!(name, "at" | "time");
        if let Some(unknown) = headers.iter().find(|name| !known(name)) {
            let text = format!("unknown column {unknown:?}; known here: at, time");
            return Err((1, text));
        }
        let place = |name: &str| headers.iter().position(|header| header == name);
        let missing = || {
            (
                1,
                "there is no column \"at\"; name the columns: at,time".to_owned(),
            )
        };
        Ok(Self {
            at: place("at").ok_or_else(missing)?,
            time: place("time"),
        })
    }

    fn request(&self, record: &StringRecord, last: Duration) -> Result<Replayed, Wrong> {
        let line = record.position().map_or(0, csv::Position::line);
        let at = record.get(self.at).unwrap_or_default();
        let at = seconds(at).map_err(|text| (line, text))?;
        if at < last {
            let text = "is earlier than the request before it; sort them by time";
            return Err((line, text.to_owned()));
        }
        let time = self.time.and_then(|place| record.get(place));
        let time = time
            .filter(|text| !text.is_empty())
            .map(seconds)
            .transpose();
        Ok(Replayed {
            at,
            time: time.map_err(|text| (line, text))?,
        })
    }
}

fn seconds(text: &str) -> Result<Duration, String> {
    let seconds = text.parse().ok();
    let length = seconds.and_then(|seconds| Duration::try_from_secs_f64(seconds).ok());
    match length {
        Some(length) if length <= LONGEST => Ok(length),
        Some(_) => Err(format!("{text} seconds is more than a year")),
        None => Err(format!("{text:?} is no number of seconds")),
    }
}

fn wrong(error: csv::Error) -> Wrong {
    let line = error.position().map_or(1, csv::Position::line);
    let text = match error.kind() {
        csv::ErrorKind::Utf8 { .. } => "is not UTF-8".to_owned(),
        csv::ErrorKind::UnequalLengths {
            expected_len, len, ..
        } => {
            format!("has {len} fields; the first line has {expected_len}")
        }
        _ => error.to_string(),
    };
    (line, text)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn problems(text: &str) -> Vec<Wrong> {
        parse(text.as_bytes()).1
    }

    #[test]
    fn requests_have_a_moment_and_perhaps_a_time() {
        let (requests, problems) = parse("time, at\n0.02, 0.5\n, 0.5\n1e-3, 2\n".as_bytes());
        let request = |at, time| Replayed {
            at: Duration::from_millis(at),
            time,
        };
        let wanted = [
            request(500, Some(Duration::from_millis(20))),
            request(500, None),
            request(2_000, Some(Duration::from_millis(1))),
        ];
        assert_eq!((&*requests, &*problems), (&wanted[..], &[][..]));
        assert_eq!(parse("at\n1\n".as_bytes()).0, [request(1_000, None)]);
    }

    #[test]
    fn what_is_wrong_is_said_with_its_line() {
        for (text, line, wanted) in [
            (
                "",
                1,
                "there is no column \"at\"; name the columns: at,time",
            ),
            (
                "time\n1\n",
                1,
                "there is no column \"at\"; name the columns: at,time",
            ),
            (
                "at,tmie\n1,1\n",
                1,
                "unknown column \"tmie\"; known here: at, time",
            ),
            (
                "0.5,0.1\n1,1\n",
                1,
                "unknown column \"0.5\"; known here: at, time",
            ),
            ("at\n", 1, "no request follows"),
            ("at\n1\nsoon\n", 3, "\"soon\" is no number of seconds"),
            ("at\n-1\n", 2, "\"-1\" is no number of seconds"),
            ("at\nNaN\n", 2, "\"NaN\" is no number of seconds"),
            ("at\n1e9\n", 2, "1e9 seconds is more than a year"),
            ("at,time\n1,x\n", 2, "\"x\" is no number of seconds"),
            (
                "at\n2\n1\n",
                3,
                "is earlier than the request before it; sort them by time",
            ),
            ("at,time\n1,1\n2\n", 3, "has 1 fields; the first line has 2"),
        ] {
            assert_eq!(problems(text), [(line, wanted.to_owned())], "{text:?}");
        }
        let bytes = b"at\n1\n\xff\n";
        assert_eq!(parse(&bytes[..]).1, [(3, "is not UTF-8".to_owned())]);
    }

    #[test]
    fn only_the_first_wrong_lines_are_reported() {
        let text = format!("at\n{}", "x\n".repeat(1_000));
        assert_eq!(problems(&text).len(), MOST_PROBLEMS);
    }
}
