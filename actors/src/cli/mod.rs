//! The command line: what may be typed, and where it goes.

mod call;
mod config;
mod demo;
mod import;
mod sim;
mod status;
mod up;

use std::fmt::Display;
use std::io::{self, Write};
use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Parser, Subcommand};
use opensrf::original::item::Weight;

use crate::settings::{DEFAULT_LEVEL, FORMAT, Settings, SettingsError};
use crate::telemetry::{self, Log};

/// The network said no: no service, no answer in time, an error status.
pub(crate) const REFUSED: u8 = 1;
/// Of commands that say themselves what happened.
const ERRORS: &str = "error";
/// The command line or the configuration is wrong.
pub(crate) const USAGE: u8 = 2;

const EXAMPLES: &str = "\
Examples:
  opensrf demo                            see the whole network at work, in this process
  opensrf up                              run Jabber server, router and opensrf.math
  opensrf call opensrf.math add 1 2       ask a service (in another terminal)
  opensrf --config hub.toml up            run what hub.toml says
  opensrf --config opensrf_core.xml --embedded up    the same from files of OpenSRF itself
  opensrf status                          what runs, and what is wrong with it
  opensrf sim config/scenarios/pool.toml  try a network under load, in simulated time
  opensrf config show                     what is configured, and where it comes from

Without --config a built-in configuration counts: a whole network on this machine, Jabber server on
127.0.0.1:5222. Every setting can also come from the environment, such as OPENSRF_LOG__LEVEL=debug.

Exit codes: 0 done, 1 the network said no, 2 bad usage or configuration.";

/// OpenSRF over Jabber: a network of services, and its clients.
#[derive(Debug, Parser)]
#[command(name = "opensrf", version, about, after_help = EXAMPLES)]
struct Cli {
    #[command(flatten)]
    files: Files,

    #[command(subcommand)]
    command: Command,
}

/// Where the settings come from.
#[derive(Debug, clap::Args)]
struct Files {
    /// Read settings from FILE instead of the built-in ones; may repeat, later files win. TOML, or
    /// OpenSRF's own opensrf_core.xml, opensrf.xml, srfsh.xml
    #[arg(short, long, value_name = "FILE", global = true)]
    config: Vec<PathBuf>,

    /// With an opensrf_core.xml: run a Jabber server in this process in place of the one it names
    #[arg(long, global = true)]
    embedded: bool,

    /// Log from LEVEL on: error, warn, info, debug, trace, or a filter as in the settings
    #[arg(long, value_name = "LEVEL", global = true)]
    log: Option<String>,

    /// Log as text for people or as JSON for programs
    #[arg(long, value_name = "FORMAT", global = true, value_parser = formats())]
    log_format: Option<String>,
}

impl Files {
    fn load(&self) -> Result<Settings, SettingsError> {
        let mut loader = Settings::loader().variables(std::env::vars_os());
        for file in &self.config {
            loader = loader.file(file);
        }
        if self.embedded {
            loader = loader.embedded();
        }
        if let Some(level) = &self.log {
            loader = loader.option("log.level", level, "--log");
        }
        if let Some(format) = &self.log_format {
            loader = loader.option("log.format", format, "--log-format");
        }
        loader.load()
    }
}

#[derive(Debug, Subcommand)]
enum Command {
    Demo(demo::Args),
    Up(up::Args),
    Call(call::Args),
    Status(status::Args),
    Sim(sim::Args),
    Config(config::Args),
}

fn formats() -> clap::builder::PossibleValuesParser {
    FORMAT
        .iter()
        .map(|(word, _)| *word)
        .collect::<Vec<_>>()
        .into()
}

/// Does what the arguments of this process say.
#[must_use]
pub fn main() -> ExitCode {
    let Cli { files, command } = Cli::parse();
    let load = || files.load();
    match command {
        Command::Demo(args) => begin(load, ERRORS, |_, _| demo::run(args)),
        Command::Up(args) => begin(load, DEFAULT_LEVEL, |settings, log| {
            up::run(settings, &args, log, &load)
        }),
        Command::Call(args) => begin(load, ERRORS, |settings, _| call::run(settings, args)),
        Command::Status(args) => begin(load, ERRORS, |settings, _| status::run(&settings, &args)),
        // What fails there is meant to.
        Command::Sim(args) => begin(load, "off", |_, _| sim::run(&args)),
        Command::Config(args) => config::run(args, load, files.embedded),
    }
}

/// Reads the settings, starts the log, and goes on. A command that says itself what happened logs
/// less: from `level` on, unless somebody says otherwise.
fn begin(
    load: impl Fn() -> Result<Settings, SettingsError>,
    level: &str,
    run: impl FnOnce(Settings, &Log) -> ExitCode,
) -> ExitCode {
    let settings = match load() {
        Ok(settings) => settings,
        Err(error) => return complain(&error),
    };
    let mut log = settings.log.clone();
    if log.level == DEFAULT_LEVEL {
        log.level = level.into();
    }
    let log = match telemetry::init(&log) {
        Ok(log) => log,
        Err(error) => return complain(&error),
    };
    tell(&settings);
    run(settings, &log)
}

/// Says what is left out: of files of the original, and variables that nothing asks for.
fn tell(settings: &Settings) {
    for note in settings.notes() {
        let (at, element, why) = (&note.origin, &note.element, &note.text);
        if note.weight > Weight::Harmless {
            tracing::warn!(%at, %element, %why, "not carried over");
        } else {
            tracing::debug!(%at, %element, %why, "not carried over");
        }
    }
}

/// Writes a line to stdout. Nobody reading it any more, as after `| head`, is no error: there is
/// just nobody left to tell.
pub(crate) fn print_line(line: impl Display) -> io::Result<()> {
    match writeln!(io::stdout(), "{line}") {
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(()),
        other => other,
    }
}

/// Says on stderr what is wrong with usage or configuration.
pub(crate) fn complain(error: &dyn std::error::Error) -> ExitCode {
    eprintln!("{error}");
    ExitCode::from(USAGE)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(line: &str) -> Result<Cli, clap::Error> {
        Cli::try_parse_from(line.split_whitespace())
    }

    #[test]
    fn the_commands_make_sense_to_clap() {
        use clap::CommandFactory;
        Cli::command().debug_assert();
    }

    #[test]
    fn global_options_may_stand_anywhere() {
        let cli = parse("opensrf up --config a.toml -c b.toml --log debug").unwrap();
        assert_eq!(
            cli.files.config,
            [PathBuf::from("a.toml"), PathBuf::from("b.toml")]
        );
        assert_eq!(cli.files.log.as_deref(), Some("debug"));
    }

    #[test]
    fn bad_usage_is_refused() {
        for line in [
            "opensrf",
            "opensrf bark",
            "opensrf call s",
            "opensrf up --log-format xml",
        ] {
            assert!(parse(line).is_err(), "{line}");
        }
    }

    #[test]
    fn parameters_of_a_call_may_be_negative_numbers() {
        let cli = parse("opensrf call opensrf.math add 1 -2 -0.5").unwrap();
        let Command::Call(args) = cli.command else {
            panic!("another command: {cli:?}");
        };
        assert_eq!(args.params, ["1", "-2", "-0.5"]);
    }
}
