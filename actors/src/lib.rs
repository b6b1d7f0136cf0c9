//! OpenSRF over Jabber: the network as actix actors.
pub mod driver;
pub mod env;
pub mod peer;
pub mod sasl;
pub mod supervise;
