//! The whole network, in one process.

mod calls;
mod support;
