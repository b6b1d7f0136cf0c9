//! Children that are made anew when they end.
//!
//! actix restarts nothing after a panic. So each child holds a [`Tether`] that tells its parent
//! when the child is dropped, however that came about, and the parent makes a new child from what
//! it made the first one from. A [`RestartPolicy`] says how long it waits before that, and how
//! often it may happen; [`Restarts`] decides by it, for one child. When it happens too often the
//! parent ends itself, so that failure climbs and is seen.
//!
//! `docs/supervision.md` shows the whole tree with all its figures.

mod intensity;
mod policy;
mod restarts;
mod tether;

pub use intensity::Intensity;
pub use policy::RestartPolicy;
pub use restarts::{LastExit, Restarts, Verdict};
pub use tether::{ChildExited, Exit, Tether};
