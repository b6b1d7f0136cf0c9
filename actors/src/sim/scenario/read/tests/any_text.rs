//! Whatever a file or an option says, it is a scenario, or a list of what is wrong in which line.

use proptest::collection::vec;
use proptest::prelude::*;

use super::*;

const REFERENCE: &str = include_str!("../../../../../../config/scenarios/reference.toml");

/// Values of every sort, right somewhere and wrong elsewhere, and what is no TOML.
const PIECES: [&str; 36] = [
    "",
    "=",
    "[",
    "]",
    "[[",
    "{",
    "}",
    "\"",
    "'''",
    ",",
    ".",
    "#",
    "\n",
    "\\",
    "\0",
    "é",
    "true",
    "0",
    "-1",
    "1e400",
    "nan",
    "9223372036854775807",
    "\"5s\"",
    "\"1000y\"",
    "\"365000d\"",
    "\"pareto(mean = 1s, shape = 1)\"",
    "[]",
    "[1, 2]",
    "{}",
    "1979-05-27",
    "\"opensrf.math\"",
    "[[services]]\n",
    "[[clients]]\n",
    "[[faults]]\n",
    "name = \"web\"\n",
    "idle = true\n",
];

/// The reference with a few of its lines changed; commented settings may come to life.
fn changed() -> impl Strategy<Value = String> {
    let edit = (
        any::<prop::sample::Index>(),
        prop::sample::select(&PIECES[..]),
        0_u8..5,
    );
    vec(edit, 0..6).prop_map(|edits| {
        let mut lines: Vec<String> = REFERENCE.lines().map(str::to_owned).collect();
        for (at, piece, kind) in edits {
            let line = at.get_mut(&mut lines);
            *line = match kind {
                0 => piece.to_owned(),
                1 => format!("{line}{piece}"),
                2 => line.trim_start_matches(['#', ' ']).to_owned(),
                _ => match line.split_once('=') {
                    Some((key, _)) => format!("{}={piece}", key.trim_start_matches(['#', ' '])),
                    None => format!("{piece}{line}"),
                },
            };
        }
        lines.join("\n")
    })
}

/// A place in the file, and a line that it has; or an option.
fn names_a_place(origin: &str, text: &str) -> bool {
    let line = origin
        .strip_prefix("a.toml:")
        .and_then(|line| line.parse().ok());
    origin.starts_with("--set ")
        || line.is_some_and(|line: usize| (1..=text.lines().count() + 1).contains(&line))
}

fn check(file: &ScenarioFile, text: &str) -> Result<(), TestCaseError> {
    if let Err(ScenarioError(problems)) = file.load() {
        prop_assert!(!problems.is_empty());
        for problem in problems {
            // What nobody wrote has no line.
            let origin = problem.origin.as_deref();
            let has_place = origin.is_none_or(|origin| names_a_place(origin, text));
            prop_assert!(has_place, "{problem:?}");
        }
    }
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(256))]
    #[test]
    fn any_text_is_a_scenario_or_problems_with_their_lines(
        text in prop_oneof![3 => changed(), 1 => "(\\PC|[\\[\\]{}=\"'.\n#]){0,80}"],
    ) {
        check(&Scenario::toml("a.toml", &text), &text)?;
    }

    #[test]
    fn any_value_of_the_command_line_is_taken_or_refused_by_name(
        path in prop_oneof![
            "(services|clients|faults|hosts|routers|seed|expect|x)(\\.([0-9]{1,20}|drones|link|asks|max|loss)){0,4}",
            "\\PC{0,12}",
        ],
        value in prop_oneof![prop::sample::select(&PIECES[..]).prop_map(str::to_owned), "\\PC{0,20}"],
    ) {
        check(&Scenario::toml("a.toml", REFERENCE).set(&path, &value, "--set"), REFERENCE)?;
    }
}
