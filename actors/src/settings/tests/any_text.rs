//! Whatever a file says, it is settings, or a list of what is wrong in which line.

use proptest::collection::vec;
use proptest::prelude::*;

use super::*;

const DEFAULT: &str = include_str!("../../../../config/default.toml");

/// Values of every sort, right somewhere and wrong elsewhere, and what is no TOML.
const PIECES: [&str; 34] = [
    "",
    "=",
    "[",
    "]",
    "[[",
    "]]",
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
    "inf",
    "9223372036854775807",
    "\"5s\"",
    "[]",
    "{}",
    "1979-05-27",
    "[services.settings]\n",
    "[[services]]\n",
    "name = \"acme.calc\"\n",
    "drones = { min = 9, max = 1 }\n",
    "[log]\n",
    "level = 7\n",
    "stanza_bytes = 1\n",
];

/// The built-in file with a few of its lines changed; commented settings may come to life.
fn changed() -> impl Strategy<Value = String> {
    let edit = (
        any::<prop::sample::Index>(),
        prop::sample::select(&PIECES[..]),
        0_u8..4,
    );
    vec(edit, 0..5).prop_map(|edits| {
        let mut lines: Vec<String> = DEFAULT.lines().map(str::to_owned).collect();
        for (at, piece, kind) in edits {
            let line = at.get_mut(&mut lines);
            *line = match kind {
                0 => piece.to_owned(),
                1 => format!("{line}{piece}"),
                2 => line.trim_start_matches("# ").to_owned(),
                _ => match line.split_once('=') {
                    Some((key, _)) => format!("{}={piece}", key.trim_start_matches("# ")),
                    None => format!("{piece}{line}"),
                },
            };
        }
        lines.join("\n")
    })
}

/// A place in the file, and a line that it has.
fn names_a_line(origin: &str, text: &str) -> bool {
    let line = origin
        .strip_prefix("a.toml:")
        .and_then(|line| line.parse().ok());
    line.is_some_and(|line: usize| (1..=text.lines().count() + 1).contains(&line))
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(128))]
    #[test]
    fn any_text_is_settings_or_problems_with_their_lines(
        text in prop_oneof![3 => changed(), 1 => "(\\PC|[\\[\\]{}=\"'.\n#]){0,80}"],
    ) {
        match load(&text) {
            Ok(settings) => prop_assert!(!settings.show().is_empty()),
            Err(SettingsError::Invalid(problems)) => {
                prop_assert!(!problems.is_empty());
                for problem in problems {
                    // What nobody wrote has no line.
                    let origin = problem.origin.as_deref();
                    let has_line = origin.is_none_or(|origin| names_a_line(origin, &text));
                    prop_assert!(has_line, "{problem:?}");
                }
            }
            Err(other) => prop_assert!(false, "{other}"),
        }
    }
}
