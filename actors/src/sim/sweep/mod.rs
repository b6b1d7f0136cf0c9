//! The same scenario with other values, many times.

mod knee;
mod model;

pub use knee::knee;
pub use model::{Axis, Knee, Point, SweepReport};
