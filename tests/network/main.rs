//! The whole network, in one process.

mod bad_streams;
mod calls;
mod pools;
mod raw;
mod recorded;
mod services;
mod sessions;
mod support;
