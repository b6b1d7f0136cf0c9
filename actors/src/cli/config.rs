//! `opensrf config`: is the configuration right, and what does it say.

use std::process::ExitCode;

use clap::Subcommand;

use super::{complain, print_line};
use crate::settings::Settings;

/// Look at the configuration without running anything
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Say whether the configuration is right: `ok`, or all that is wrong with file and line
    #[command(after_help = "Example:\n  opensrf --config hub.toml config check")]
    Check,
    /// Print all settings in force as TOML, each with where its value comes from; no passwords
    #[command(after_help = "Example:\n  opensrf --config hub.toml --config local.toml config show")]
    Show,
}

/// What is wrong was said when the settings were read; here they are right.
pub(crate) fn run(settings: Settings, args: Args) -> ExitCode {
    let text = match args.command {
        Command::Check => format!("ok: {}", settings.summary()),
        Command::Show => settings.show(),
    };
    match print_line(text.trim_end()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => complain(&error),
    }
}
