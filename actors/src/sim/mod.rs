//! Load experiments: the same actors as in production, on one thread under a paused clock.

pub mod expect;
mod load;
mod made_up;
mod measure;
mod progress;
pub mod report;
mod run;
pub mod scenario;
mod seconds;
pub mod sweep;
mod world;

pub use progress::Progress;
pub use run::SimError;
pub use world::World;
