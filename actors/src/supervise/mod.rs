//! Children that are made anew when they end.
//!
//! actix restarts nothing after a panic. So each child holds a [`Tether`] that tells its parent
//! when the child is dropped, however that came about, and the parent makes a new child from what
//! it made the first one from. How often that may happen is an [`Intensity`]; when it is exceeded,
//! the parent ends itself, so that failure climbs and is seen.

mod intensity;
mod tether;

pub use intensity::Intensity;
pub use tether::{ChildExited, Exit, Tether};
