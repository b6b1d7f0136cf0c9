//! `opensrf sim`: a load experiment from the command line.

mod watch;

use std::io::ErrorKind;
use std::num::NonZero;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;

use super::{REFUSED, complain, print_line};
use crate::law::length;
use crate::sim::Progress;
use crate::sim::report::{Mode, Report};
use crate::sim::scenario::{Scenario, ScenarioError};
use crate::sim::sweep::{Axis, SweepReport, Value, sweep};
use watch::Watch;

/// Run a load experiment: the same network in simulated time, in seconds
#[derive(Debug, clap::Args)]
#[command(after_help = "\
A scenario says in TOML which hosts, services and clients there are, what goes wrong, and what is
expected; config/scenarios/reference.toml has every key. The same seed gives the same report.

Examples:
  opensrf sim config/scenarios/pool.toml
  opensrf sim config/scenarios/pool.toml --html pool.html --json pool.json
  opensrf sim config/scenarios/pool.toml --sweep services.0.drones.max=1..32
  opensrf sim config/scenarios/slow-host.toml \\
      --sweep routers.0.policy=round_robin,least_outstanding,two_choices,weighted
  opensrf sim config/scenarios/pool.toml --set clients.0.rate=800 --seed 7
  opensrf sim config/scenarios/pool.toml --real --duration 20s

Exit codes: 0 all that was expected holds, 1 something does not (what is in the report), 2 the
scenario or the command line is wrong.")]
pub(crate) struct Args {
    /// The scenario, a TOML file
    pub(crate) scenario: PathBuf,

    /// Where all chance comes from [default: the scenario's]
    #[arg(long)]
    pub(crate) seed: Option<u64>,

    /// For how long there are new requests, such as 60s or 2h [default: the scenario's]
    #[arg(long, value_parser = long)]
    pub(crate) duration: Option<String>,

    /// Set a key of the scenario, such as clients.0.rate=800 or 'expect=["p99 < 1s"]'; may repeat
    #[arg(long, value_name = "KEY=VALUE", value_parser = setting)]
    pub(crate) set: Vec<(String, String)>,

    /// Run once for each value of a key, such as services.0.drones.max=1..32, 10..100:10 or a,b;
    /// may repeat: then for each combination
    #[arg(long, value_name = "KEY=VALUES", value_parser = Axis::parse)]
    pub(crate) sweep: Vec<Axis>,

    /// Runs of a sweep at a time [default: the machine's cores]
    #[arg(long, value_name = "NUMBER", requires = "sweep")]
    pub(crate) jobs: Option<NonZero<usize>>,

    /// Run over real TCP connections on this machine, in real time
    #[arg(long, conflicts_with = "sweep")]
    pub(crate) real: bool,

    /// Write the report as JSON to FILE; - is stdout, in place of the summary
    #[arg(long, value_name = "FILE")]
    pub(crate) json: Option<PathBuf>,

    /// Write the figures over time, or of each run, as CSV to FILE; - is stdout, in place of the
    /// summary
    #[arg(long, value_name = "FILE")]
    pub(crate) csv: Option<PathBuf>,

    /// Write a page with plots to FILE; - is stdout, in place of the summary
    #[arg(long, value_name = "FILE")]
    pub(crate) html: Option<PathBuf>,

    /// Show no progress
    #[arg(long)]
    pub(crate) quiet: bool,
}

pub(crate) fn run(args: &Args) -> ExitCode {
    let checked = args.values_are_single().and_then(|()| args.check());
    let outcome = checked.and_then(|()| match args.sweep.is_empty() {
        true => once(args),
        false => swept(args),
    });
    match outcome {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::from(REFUSED),
        Err(error) => complain(&*error),
    }
}

type Failure = Box<dyn std::error::Error>;

fn once(args: &Args) -> Result<bool, Failure> {
    let scenario = args.load(&[])?;
    let mode = match args.real {
        true => Mode::Real,
        false => Mode::Simulated,
    };
    let progress = Arc::<Progress>::default();
    let watch = Watch::of_run(&scenario, mode, &progress, args.quiet);
    let report = scenario.run_watched(mode, Arc::clone(&progress));
    watch.ends();
    let report = report?;
    args.write(&Shown::Run(&report))?;
    Ok(report.is_good())
}

fn swept(args: &Args) -> Result<bool, Failure> {
    let watch = Watch::of_sweep(&args.sweep, args.quiet);
    let make = |values: &[Value<'_>]| args.load(values);
    let report = sweep(args.sweep.clone(), args.jobs, make, |done, _| {
        watch.reaches(done)
    });
    watch.ends();
    let report = report?;
    args.write(&Shown::Sweep(&report))?;
    Ok(report.is_good())
}

/// What is to be written.
enum Shown<'a> {
    Run(&'a Report),
    Sweep(&'a SweepReport),
}

impl Args {
    fn load(&self, swept: &[Value<'_>]) -> Result<Scenario, ScenarioError> {
        let mut file = Scenario::file(&self.scenario);
        for (path, value) in &self.set {
            file = file.set(path, value, "--set");
        }
        if let Some(seed) = self.seed {
            file = file.set("seed", &seed.to_string(), "--seed");
        }
        if let Some(duration) = &self.duration {
            file = file.set("duration", duration, "--duration");
        }
        for (path, value) in swept {
            file = file.set(path, value, "--sweep");
        }
        file.load()
    }

    fn files(&self) -> [Option<&Path>; 3] {
        [&self.json, &self.csv, &self.html].map(Option::as_deref)
    }

    /// Whether what is asked for can be written, before there is much to write.
    fn check(&self) -> Result<(), Failure> {
        let files: Vec<_> = self.files().into_iter().flatten().collect();
        for (number, path) in files.iter().enumerate() {
            if files.iter().skip(number + 1).any(|other| other == path) {
                return Err(format!("{} is named twice; one would be lost", path.display()).into());
            }
            if *path != Path::new("-") {
                is_writable(path).map_err(|error| cannot_write(path, &error))?;
            }
        }
        Ok(())
    }

    /// Whether no key has two values, of which one would be lost. (Of `--set` the last one counts.)
    fn values_are_single(&self) -> Result<(), Failure> {
        let set = self.set.iter().map(|(key, _)| (key.as_str(), "--set"));
        let seed = self.seed.map(|_| ("seed", "--seed"));
        let duration = self.duration.as_ref().map(|_| ("duration", "--duration"));
        let swept = self.sweep.iter().map(|axis| (&*axis.path, "--sweep"));
        let given: Vec<_> = set.chain(seed).chain(duration).chain(swept).collect();
        for (number, (key, option)) in given.iter().enumerate() {
            let others = given.iter().skip(number + 1);
            let mut others = others.filter(|(_, other)| (*option, *other) != ("--set", "--set"));
            if let Some((_, other)) = others.find(|(other, _)| overlap(key, other)) {
                let text = format!("{key} is given by {option} and by {other}; leave one out");
                return Err(text.into());
            }
        }
        Ok(())
    }

    /// Writes what was asked for, and the summary unless stdout has something else.
    fn write(&self, shown: &Shown<'_>) -> Result<(), Failure> {
        let (json, csv, page, text) = match shown {
            Shown::Run(report) => (
                report.json(),
                report.csv(),
                report.page(),
                report.to_string(),
            ),
            Shown::Sweep(report) => (
                report.json(),
                report.csv(),
                report.page(),
                report.to_string(),
            ),
        };
        if !self.files().contains(&Some(Path::new("-"))) {
            print_line(text.trim_end())?;
        }
        for (path, content) in self.files().into_iter().zip([json, csv, page]) {
            match path {
                None => {}
                Some(path) if path == Path::new("-") => print_line(content.trim_end())?,
                Some(path) => {
                    std::fs::write(path, content).map_err(|error| cannot_write(path, &error))?;
                }
            }
        }
        Ok(())
    }
}

/// Whether one is the other, or a part of it.
fn overlap(one: &str, other: &str) -> bool {
    let is_in = |one: &str, other: &str| {
        let rest = one.strip_prefix(other);
        rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
    };
    is_in(one, other) || is_in(other, one)
}

/// Whether something can be written there; leaves nothing behind.
fn is_writable(path: &Path) -> std::io::Result<()> {
    let mut file = std::fs::OpenOptions::new();
    match file.append(true).create_new(true).open(path) {
        Ok(_) => std::fs::remove_file(path),
        Err(error) if error.kind() == ErrorKind::AlreadyExists => {
            match file.create_new(false).open(path) {
                // A link to where nothing is yet: that is known when it is written.
                Err(error) if error.kind() == ErrorKind::NotFound => Ok(()),
                opened => opened.map(drop),
            }
        }
        Err(error) => Err(error),
    }
}

fn cannot_write(path: &Path, error: &std::io::Error) -> String {
    format!("cannot write {}: {error}", path.display())
}

fn setting(text: &str) -> Result<(String, String), String> {
    match text.split_once('=') {
        Some((path, value)) if !path.trim().is_empty() => {
            Ok((path.trim().to_owned(), value.trim().to_owned()))
        }
        _ => Err("expected KEY=VALUE, such as clients.0.rate=800".to_owned()),
    }
}

fn long(text: &str) -> Result<String, String> {
    length::parse(text)
        .map(|_| text.to_owned())
        .map_err(|error| error.to_string())
}
