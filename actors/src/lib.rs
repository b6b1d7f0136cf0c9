//! OpenSRF over Jabber, running: everything around the pure core of the package `opensrf`.

#[cfg(not(panic = "unwind"))]
compile_error!("a panic in a method must unwind: its caller is owed an answer");

pub mod cli;
pub mod settings;
pub mod telemetry;
