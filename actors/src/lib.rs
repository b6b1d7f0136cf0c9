//! Everything of OpenSRF over Jabber that runs.

pub mod sasl;
