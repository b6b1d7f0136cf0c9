//! The program as real processes, over TCP on this machine.
//!
//! Every test has its own folder, ports and processes, so that all can run at once. Nothing here
//! sleeps: a test waits for a line or for the end of a process, and fails with all that the process
//! said when that does not come.
//!
//! Some tests need what others wrote: Debian's packages `prosody`, `ejabberd`, `jabberd2`,
//! `memcached` and `chromium`, and a Python, named by `OPENSRF_TEST_PYTHON`, with `slixmpp` from PyPI (1.17.0 was
//! used). Where one is missing its test says so on stderr and passes; with
//! `OPENSRF_TEST_REQUIRE_FOREIGN` set it fails.

mod call;
mod configuration;
mod demo;
mod foreign;
mod half_open;
mod hub_and_host;
mod logging;
mod lost;
mod memcached;
mod original;
mod overload;
mod pages;
mod panics;
#[path = "../reports/mod.rs"]
mod reports;
mod rolling;
mod service_manager;
mod signals;
mod simulation;
mod slixmpp;
mod status;
mod support;
mod up;
