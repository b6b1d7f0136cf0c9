//! The original's own configuration: `opensrf_core.xml`, `opensrf.xml`, `srfsh.xml`.
//!
//! [`data`] turns XML into the data that the original's programs see, [`host`] puts the defaults
//! and a host's own section on top of each other, [`xpath`] picks parts by path: what the service
//! `opensrf.settings` answers. [`import`] makes settings of this project out of the files, each
//! with its line ([`item`]), and says line by line what has no place there: `core` reads who logs
//! in where, `apps` which services a host runs and how.
//!
//! Files are read by [`read_document`](crate::xml::read_document); this module opens none.

mod apps;
mod core;
pub mod data;
pub mod host;
pub mod import;
pub mod item;
mod section;
pub mod tree;
pub mod xpath;
