//! A network, or part of one, as one supervised whole.
//!
//! [`HostBuilder`] says what there is to be; [`HostBuilder::spawn`] starts it on a thread of its own
//! inside any program, [`HostBuilder::start`] inside an actix `System` that runs already. Either
//! gives a [`HostHandle`], by which services are called, added, and all of it is shut down.
//!
//! ```text
//! Host                          ends on request, or when a child fails too often
//! ├── Jabber server?            restarted, 5 times in 30 s at most
//! ├── Router?                   restarted, 5 in 30 s
//! │   └── Service class*        born with the first registration, gone with the last node
//! ├── Listener*                 restarted, 10 in 60 s
//! │   └── Drone*                replaced by its listener
//! └── Client*                   restarted, 10 in 60 s
//! ```
//!
//! After which delays, and what each failure means for callers, is in `docs/supervision.md`.

mod builder;
mod child;
mod configured;
mod error;
mod handle;
mod plan;
mod root;
mod spec;
mod start;

pub use builder::{Host, HostBuilder};
pub use error::HostError;
pub use handle::HostHandle;
pub use spec::Access;
