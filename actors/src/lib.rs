//! OpenSRF over Jabber, running: everything around the pure core of the package `opensrf`.

#[cfg(not(panic = "unwind"))]
compile_error!("a panic in a method must unwind: its caller is owed an answer");

pub mod cli;
pub mod counters;
pub mod driver;
pub mod env;
pub mod jabber;
pub mod peer;
pub mod sasl;
pub mod settings;
pub mod supervise;
pub mod telemetry;
pub mod transport;
