//! `opensrf config`: is the configuration right, and what does it say.

use std::process::ExitCode;

use clap::Subcommand;

use super::{USAGE, complain, print_line};
use crate::settings::{Settings, SettingsError};

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
    Import(super::import::Args),
}

pub(crate) fn run(
    args: Args,
    load: impl Fn() -> Result<Settings, SettingsError>,
    is_embedded: bool,
) -> ExitCode {
    type Text = fn(&Settings) -> String;
    let (text, is_check): (Text, bool) = match args.command {
        Command::Check => (|settings| format!("ok: {}", settings.summary()), true),
        Command::Show => (Settings::show, false),
        Command::Import(args) => return super::import::run(&args, is_embedded),
    };
    let settings = match load() {
        Ok(settings) => settings,
        Err(error) => return complain(&error),
    };
    for note in settings.notes() {
        eprintln!("{note}");
    }
    if is_check && settings.check_for_a_host().is_err() {
        return ExitCode::from(USAGE); // its reasons are among the notes
    }
    match print_line(text(&settings).trim_end()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => complain(&error),
    }
}
