//! The same scenario with other values, many times.

mod model;

pub use model::{Axis, Knee, Point, SweepReport};
