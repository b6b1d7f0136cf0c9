//! The checklist of the protocol (section 17 of its reference), one file a heading, one test a
//! statement. `CONFORMANCE.md` lists all statements with the tests that show them.
//!
//! Peers of other makes are played by bytes: `form` writes as each make does, `peer` is one of them
//! with a login, `played` is a service and its router of another make, `server` a Jabber server.

mod client_endings;
mod client_session;
mod configuration;
mod delivery;
mod domains;
mod drones;
mod form;
mod json_and_fields;
mod listener;
mod login_and_stream;
mod methods;
mod on_board;
mod our_login;
mod peer;
mod played;
mod recordings;
mod results;
mod router;
mod router_deaths;
mod router_methods;
mod server;
mod stanza_format;
mod table;
