//! The same scenario with other values, many times.

mod axis;
mod model;
mod run;

pub use axis::AxisError;
pub use model::{Axis, Knee, Point, SweepReport};
pub use run::{SweepError, Value, sweep};
