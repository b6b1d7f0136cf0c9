//! Load experiments: the same actors as in production, on one thread under a paused clock.

pub mod report;
mod seconds;
pub mod sweep;
