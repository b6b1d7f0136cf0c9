//! OpenSRF over Jabber: the network as actix actors.
pub mod counters;
pub mod driver;
pub mod env;
pub mod jabber;
pub mod peer;
pub mod sasl;
pub mod supervise;
pub mod transport;
