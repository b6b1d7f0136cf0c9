//! `opensrf up`: the long-running host.

use std::process::ExitCode;

use crate::settings::Settings;

/// Run what the configuration says: Jabber server, router, services; `ready` when all is up
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Stays in the foreground. SIGTERM lets running calls finish, SIGINT (Ctrl-C) stops, SIGHUP reads the
configuration again. Accounts without a password get one at the first start; it is kept in the state
folder, where `opensrf call` of the same user finds it.

Examples:
  opensrf up                               a whole network on this machine
  opensrf --config hub.toml up             Jabber server and router for other hosts
  OPENSRF_BUS__ACCOUNT__PASSWORD=secret opensrf --config host.toml up")]
pub(crate) struct Args {}

pub(crate) fn run(_settings: Settings, _args: Args) -> ExitCode {
    eprintln!("not wired yet");
    ExitCode::FAILURE
}
