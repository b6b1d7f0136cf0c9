//! `opensrf config import`: OpenSRF's own XML files as TOML.

use std::fs::OpenOptions;
use std::io::{self, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use super::{USAGE, complain, print_line};
use crate::settings::{Import, Outcome};

/// Write OpenSRF's own XML files as TOML, and say line by line what has no place in it
#[derive(Debug, clap::Args)]
#[command(after_help = "\
An opensrf_core.xml that names its opensrf.xml needs no second file. What is not carried over is said
on stderr, each with file, line and reason; services that are not on board are among it. With
--embedded the result has a Jabber server of its own, in place of ejabberd.

Examples:
  opensrf config import opensrf_core.xml
  opensrf --embedded config import opensrf_core.xml opensrf.xml --host app1 --output opensrf.toml
  opensrf --config opensrf.toml config check

Exit codes: 0 done, 2 a file is wrong, or the result still lacks something.")]
pub(crate) struct Args {
    /// opensrf_core.xml, opensrf.xml, srfsh.xml
    #[arg(required = true, value_name = "FILE")]
    files: Vec<PathBuf>,

    /// The host whose section of opensrf.xml counts [default: OSRF_HOSTNAME, this machine, localhost]
    #[arg(long, value_name = "NAME")]
    host: Option<String>,

    /// Write to FILE, which must not be there yet, readable by its owner only [default: stdout]
    #[arg(short, long, value_name = "FILE")]
    output: Option<PathBuf>,
}

pub(crate) fn run(args: &Args, is_embedded: bool) -> ExitCode {
    let import = Import {
        files: args.files.clone(),
        host: args.host.clone(),
        is_embedded,
        variables: std::env::vars_os().collect(),
    };
    let Outcome { toml, notes, lacks } = match import.run() {
        Ok(outcome) => outcome,
        Err(error) => return complain(&error),
    };
    for note in &notes {
        eprintln!("{note}");
    }
    let written = match &args.output {
        None => print_line(toml.trim_end()),
        Some(path) => create(path, &toml),
    };
    if let Err(error) = written {
        return complain(&error);
    }
    for problem in &lacks {
        eprintln!("{problem}");
    }
    match lacks.is_empty() {
        true => ExitCode::SUCCESS,
        false => ExitCode::from(USAGE),
    }
}

fn create(path: &Path, text: &str) -> io::Result<()> {
    let mut options = OpenOptions::new();
    options.write(true).create_new(true).mode(0o600);
    let wrong = |error: io::Error| {
        let path = path.display();
        io::Error::new(error.kind(), format!("cannot write {path}: {error}"))
    };
    let mut file = options.open(path).map_err(wrong)?;
    file.write_all(text.as_bytes()).map_err(wrong)
}
