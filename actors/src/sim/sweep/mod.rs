//! The same scenario with other values, many times.

mod axis;
mod knee;
mod model;
mod run;

pub use axis::AxisError;
pub(crate) use axis::SEED;
pub use knee::knee;
pub use model::{Axis, Knee, Point, SweepReport};
pub use run::{SweepError, Value, sweep};
