//! The whole network, in one process. What the statements of the protocol's checklist are shown by
//! is in `conformance`.

// What helps tests may fail them.
#![allow(clippy::panic, clippy::unwrap_used)]

mod bad_messages;
mod bad_streams;
mod calls;
mod chaos;
#[path = "../conformance/mod.rs"]
mod conformance;
mod control;
mod drones;
mod fan_out;
mod figures;
mod half_open;
mod hooks;
mod hung;
mod lines;
mod methods;
mod old_programs;
mod on_board;
mod overload;
mod policies;
mod pools;
mod proxy;
mod raw;
mod reconnect;
mod recorded;
mod recovery;
mod services;
mod sessions;
mod sharing;
mod sim;
mod slots;
mod strangers;
mod supervision;
mod support;
