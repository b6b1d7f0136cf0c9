//! The log-in exchanges of SASL, for either end, over `rsasl`.
//!
//! [`Accounts`] holds what the embedded server knows; a [`SaslServer`] or [`SaslClient`] is one
//! exchange. SCRAM is by RFC 5802 and RFC 7677, without channel binding.
//!
//! `rsasl` 2.3.1 panics on a part of a SCRAM message that is shorter than two bytes, offers strangers
//! a salt that differs at each try, and takes any iteration count from a server. So each message
//! is looked at before it gets there, unknown users have keys that nobody knows the password for,
//! and the count is bounded.

mod accounts;
mod client;
mod scram;
mod server;

#[cfg(test)]
mod tests;

pub use accounts::{Account, AccountError, Accounts};
pub use client::{SaslClient, SaslClientError};
pub use server::SaslServer;

/// The mechanisms that both ends know, strongest first.
pub const MECHANISMS: [&str; 3] = opensrf::stream::initiator::MECHANISMS;
