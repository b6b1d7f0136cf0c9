//! `opensrf demo`: the whole network in one process.

use std::process::ExitCode;

use crate::settings::Settings;

/// See a whole network at work: server, router, service and client in this process, hop by hop
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Uses a free port of this machine and passwords of its own, so it disturbs nobody and needs no
configuration.

Example:
  opensrf demo")]
pub(crate) struct Args {}

pub(crate) fn run(_settings: Settings, _args: Args) -> ExitCode {
    eprintln!("not wired yet");
    ExitCode::FAILURE
}
