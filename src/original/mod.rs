//! The original's own configuration: `opensrf_core.xml`, `opensrf.xml`, `srfsh.xml`.
//!
//! [`data`] turns XML into the data that the original's programs see, [`host`] puts the defaults
//! and a host's own section on top of each other, [`xpath`] picks parts by path: what the service
//! `opensrf.settings` answers. [`core`] reads who logs in where, [`apps`] which services a host
//! runs and how, and [`import`] turns both into settings of this project and says, line by line,
//! what has no place there.
//!
//! Files are read by [`read_document`](crate::xml::read_document); this module opens none.

pub mod data;
pub mod host;

pub mod xpath;

/// Something in a file that somebody should know about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Note {
    /// The line of the element.
    pub line: usize,
    /// The element, as a path from its section: `opensrf/logtag`.
    pub element: String,
    /// What became of it and why, and the remedy if there is one.
    pub text: String,
}
