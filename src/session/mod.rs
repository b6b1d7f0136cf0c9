//! The two ends of a conversation: who asks, and who does the work.
//!
//! All messages of one conversation carry one thread. [`Client`] is one party's end of all the
//! conversations that it began; [`Drone`] is the other end, one conversation at a time.

mod answer;
mod client;
mod drone;
mod error;
mod requests;

pub use answer::refuse;
pub use client::{
    Asked, Client, ClientEffect, ClientInput, Context, Event, RequestId, RouterName, SessionId,
};
pub use drone::{Drone, DroneEffect, DroneInput, Outcome, Run, RunId, SessionRules};
pub use error::CallError;
