//! Columns that stand under each other.

/// Spaces between columns.
const BETWEEN: usize = 2;

/// Rows of texts. The first column and one without a head after all others are aligned to the left,
/// as texts are, all others to the right.
#[derive(Debug, Default)]
pub(super) struct Table {
    rows: Vec<Vec<String>>,
}

impl Table {
    pub(super) fn headed(head: &[&str]) -> Self {
        let mut table = Self::default();
        table.row(head.iter().map(|&text| text.to_owned()));
        table
    }

    pub(super) fn row(&mut self, row: impl IntoIterator<Item = String>) {
        self.rows.push(row.into_iter().collect());
    }

    /// The rows as lines, each column as wide as its widest text.
    pub(super) fn lines(&self) -> Vec<String> {
        let mut widths = Vec::new();
        for row in &self.rows {
            widths.resize(widths.len().max(row.len()), 0);
            for (width, text) in widths.iter_mut().zip(row) {
                *width = text.chars().count().max(*width);
            }
        }
        let notes = self.rows.first().and_then(|head| head.last());
        let has_notes = notes.is_some_and(String::is_empty);
        let rows = self.rows.iter();
        rows.map(|row| aligned(row, &widths, has_notes)).collect()
    }
}

fn aligned(row: &[String], widths: &[usize], has_notes: bool) -> String {
    let mut line = String::new();
    for (at, (text, &width)) in row.iter().zip(widths).enumerate() {
        match at {
            0 => line.push_str(&format!("{text:<width$}")),
            _ if has_notes && at + 1 == widths.len() => {
                line.push_str(&format!("{:BETWEEN$}{text}", ""));
            }
            _ => line.push_str(&format!("{:BETWEEN$}{text:>width$}", "")),
        }
    }
    line.truncate(line.trim_end().len());
    line
}

/// A text of at most so many characters; of a longer one the end, which says more in a path or an
/// address.
pub(super) fn cut(text: &str, width: usize) -> String {
    let length = text.chars().count();
    match length > width {
        true => std::iter::once('…')
            .chain(text.chars().skip(length + 1 - width))
            .collect(),
        false => text.to_owned(),
    }
}
