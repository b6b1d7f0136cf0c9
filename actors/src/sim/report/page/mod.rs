//! Reports as one page of HTML that needs nothing else: no network, no script, no font.
//!
//! What it says is in tables first; plots follow, each with its figures behind it. A page follows the
//! reader's choice of light or dark, and prints.

mod axis;
mod distribution;
mod plot;
mod run;
mod sweep;

use askama::Template;

use self::plot::{Plot, Sample};

/// A page. What users wrote is escaped by the template.
#[derive(Debug, Template)]
#[template(path = "page.html")]
struct Page {
    title: String,
    outcome: String,
    is_good: bool,
    conditions: String,
    /// Above the plots.
    tables: Vec<Table>,
    figures: Vec<Figure>,
    /// Below the plots.
    more: Vec<Table>,
}

impl Page {
    fn html(&self) -> String {
        let mut html = self.render().expect("texts are written into memory");
        html.push('\n');
        html
    }
}

/// A table with a heading. The first column says what a row is about.
#[derive(Debug, Default)]
struct Table {
    title: &'static str,
    head: Vec<String>,
    /// The columns from the left that hold texts, which are aligned to the left; so is one without
    /// a head.
    texts: usize,
    rows: Vec<Row>,
}

#[derive(Debug)]
struct Row {
    cells: Vec<String>,
    /// Something in it does not hold.
    is_bad: bool,
}

impl Table {
    fn new(title: &'static str, head: &[&str]) -> Self {
        Self {
            title,
            head: head.iter().map(|&text| text.to_owned()).collect(),
            texts: 1,
            rows: Vec::new(),
        }
    }

    fn with_texts(self, texts: usize) -> Self {
        Self { texts, ..self }
    }

    fn is_text(&self, column: &usize) -> bool {
        *column < self.texts || self.head.get(*column).is_some_and(String::is_empty)
    }

    fn row(&mut self, cells: impl IntoIterator<Item = String>) {
        self.rows.push(Row {
            cells: cells.into_iter().collect(),
            is_bad: false,
        });
    }

    fn judged(&mut self, holds: bool, cells: impl IntoIterator<Item = String>) {
        self.rows.push(Row {
            cells: cells.into_iter().collect(),
            is_bad: !holds,
        });
    }
}

/// A plot with what belongs to it.
#[derive(Debug)]
struct Figure {
    title: String,
    /// What it shows, for those who do not see it.
    about: String,
    /// Made by the library, which escapes the texts in it.
    svg: String,
    view_box: String,
    legend: Vec<Sample>,
    caption: String,
    table: Table,
}

impl Figure {
    fn new(title: &str, about: String, caption: String, plot: &Plot, table: Table) -> Self {
        Self {
            title: title.to_owned(),
            about,
            svg: plot.svg(),
            view_box: Plot::view_box(),
            legend: plot.legend(),
            caption,
            table,
        }
    }
}

#[cfg(test)]
mod tests;
