//! The whole network, in one process.

mod calls;
mod pools;
mod raw;
mod services;
mod sessions;
mod support;
