//! What a run was like: the figures, and how they are shown.

mod model;

pub use model::{
    Bucket, Check, Ends, FaultReport, GroupReport, HostReport, Latency, Little, Mode, PoolReport,
    PoolSlice, Report, ServiceReport, Slice, Summary, Verdict,
};
