//! OpenSRF over Jabber, running: everything around the pure core of the package `opensrf`.

#[cfg(not(panic = "unwind"))]
compile_error!("a panic in a method must unwind: its caller is owed an answer");

pub mod activity;
pub mod cache;
pub mod cli;
pub mod client;
pub mod control;
pub mod counters;
pub mod driver;
mod drone;
mod dropped;
pub mod env;
pub mod host;
pub mod jabber;
pub mod law;
pub mod listener;
pub mod messages;
pub mod party;
pub mod peer;
pub mod router;
pub mod sasl;
pub mod service;
pub mod service_class;
pub mod services;
pub mod settings;
pub mod sim;
pub mod status;
pub mod supervise;
pub mod telemetry;
pub mod timer;
pub mod transport;

/// The README's examples are tests.
#[cfg(doctest)]
#[doc = include_str!("../../README.md")]
pub struct Readme;
