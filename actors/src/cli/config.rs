//! `opensrf config`: is the configuration right, and what does it say.

use std::process::ExitCode;

use clap::Subcommand;

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
    match args.command {
        Command::Check => println!("ok: {}", settings.summary()),
        Command::Show => print!("{}", settings.show()),
    }
    ExitCode::SUCCESS
}
