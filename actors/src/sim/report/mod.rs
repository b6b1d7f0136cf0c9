//! What a run was like: the figures, and how they are shown.
//!
//! `model` has the figures; `json` and `csv` write them for programs, `text` for people
//! at a terminal, `page` for those with a browser. All that is written depends on
//! the report alone: the same report gives the same bytes.

mod csv;
mod json;
mod model;
mod page;
#[cfg(test)]
mod samples;
mod text;

pub use json::ReadError;
pub use model::{
    Bucket, Check, Ends, FaultReport, GroupReport, HostReport, Latency, Little, Mode, PoolReport,
    PoolSlice, Report, ServiceReport, Slice, Summary, Verdict,
};
