//! What the tests are made of: folders, ports, processes, and the network to ask.

// Processes live in real time and in a real environment, and what helps tests may fail them.
#![allow(clippy::disallowed_types, clippy::disallowed_methods, clippy::panic)]

mod load;
mod ports;
mod process;
mod world;

pub(crate) use load::{Load, TIMEOUT, Tally};
pub(crate) use ports::free_port;
pub(crate) use process::{Ended, Process, Signal};
pub(crate) use world::World;

use std::env;
use std::io::{self, Write};
use std::process::Command;
use std::time::Duration;

/// How long anything may take before a test fails. Far longer than it does take, also on a machine
/// with much else to do.
pub(crate) const PATIENCE: Duration = Duration::from_secs(60);

/// Runs a command to its end.
pub(crate) fn run(command: Command) -> Ended {
    Process::start(command).end()
}

/// Says that something foreign is not installed, so that a test proves nothing here.
///
/// # Panics
/// Where `OPENSRF_TEST_REQUIRE_FOREIGN` is set, as it is where all of it should be installed.
pub(crate) fn skip(test: &str, missing: &str) {
    unproved(test, missing);
    let required = env::var_os("OPENSRF_TEST_REQUIRE_FOREIGN");
    assert!(
        required.is_none(),
        "{test}: {missing}, and OPENSRF_TEST_REQUIRE_FOREIGN is set"
    );
}

/// Says why a test proves nothing on this machine, where that is no fault of whoever set it up.
pub(crate) fn unproved(test: &str, why: &str) {
    // Unlike eprintln, this is seen although the test passes.
    let said = writeln!(
        io::stderr(),
        "\n*** {test}: SKIPPED, NOTHING PROVED: {why} ***"
    );
    said.expect("stderr is there");
}

/// The Python to run, which may have slixmpp.
pub(crate) fn python() -> Command {
    Command::new(env::var_os("OPENSRF_TEST_PYTHON").unwrap_or_else(|| "python3".into()))
}
