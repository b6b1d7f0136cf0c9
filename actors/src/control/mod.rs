//! A Unix socket by which a running host is asked from outside.
//!
//! Whoever connects says one line of JSON and gets one back, and that is all. It works while the bus
//! is down, which is when it is needed.
//!
//! ```text
//! {"command":"status"}        {"status":{…}}      a HostStatus
//! {"command":"bark"}          {"error":"…"}
//! ```
//!
//! Each conversation has a bound in bytes and in time, and there may be only so many at once: one that
//! is stuck delays nobody. The socket belongs to the host's user alone.

mod ask;
mod place;
mod serve;

use serde::{Deserialize, Serialize};

use crate::status::HostStatus;
pub(crate) use ask::{AskError, ask};
pub use place::{ControlError, Place};
#[cfg(test)]
pub(crate) use serve::BOUNDS;
pub(crate) use serve::Control;

/// What a host may be asked.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "command", rename_all = "snake_case")]
enum Request {
    /// What do you do?
    Status,
}

/// What a host answers.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Reply {
    /// What it does.
    Status(Box<HostStatus>),
    /// Why it does not answer.
    Error(String),
}
