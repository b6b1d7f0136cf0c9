//! Files that a person writes, in TOML: read strictly, with the line of all that is wrong.
//!
//! Settings and scenarios are read alike. A file becomes a layer of a tree whose values know where
//! they came from ([`layers`]); whoever reads a table asks for each key by name ([`read`]) and gives
//! a parser for it ([`values`]). Keys that nobody asked for, values that cannot be read and values
//! that cannot be are [`Problem`](problem::Problem)s, all of them found in one go.

pub(crate) mod json;
pub(crate) mod layers;
mod near;
pub(crate) mod problem;
pub(crate) mod read;
pub(crate) mod report;
mod toml;
pub(crate) mod values;

pub use problem::Problem;
pub(crate) use toml::Toml;
