//! One thing that is wrong with a file, and where: the same line for every file that a person wrote.

use std::fmt;

use opensrf::original::item::Note;

/// One thing that is wrong, and where.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    /// `file.toml:12`, `environment variable OPENSRF_…`, an option, or nothing if nobody set it.
    pub origin: Option<String>,
    /// The setting, such as `services[0].drones.min`; empty for a whole file.
    pub path: String,
    /// What is wrong and, where there is one, the remedy.
    pub text: String,
}

impl From<&Note> for Problem {
    fn from(note: &Note) -> Self {
        Self {
            origin: Some(note.origin.clone()),
            path: note.element.clone(),
            text: note.text.clone(),
        }
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(origin) = &self.origin {
            write!(f, "{origin}: ")?;
        }
        if !self.path.is_empty() {
            write!(f, "{}: ", self.path)?;
        }
        f.write_str(&self.text)
    }
}

/// All of them, a line each.
pub(crate) fn lines(problems: &[Problem]) -> String {
    let lines: Vec<String> = problems.iter().map(Problem::to_string).collect();
    lines.join("\n")
}
