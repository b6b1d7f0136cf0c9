//! `opensrf status`: what the running hosts of this machine do.

use std::path::Path;
use std::process::ExitCode;

use serde_json::json;

use super::{REFUSED, USAGE, print_line};
use crate::control::{AskError, ask};
use crate::settings::Settings;
use crate::status::HostStatus;

/// Show what runs in the hosts of this machine: restarts, drones, backlogs, registrations
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Asks each host over its control socket (host.control in the configuration); it works while the bus
is down. Without --config it finds every `opensrf up` of the same user; with it, those that use the
same state folder or socket.

What is not as it should be is in capitals in the tree, and in words below it. With --json each host
is a line of JSON, with what is wrong under \"problems\".

Examples:
  opensrf status
  opensrf status --json | jq '.children[] | {name, restarts}'
  opensrf --config host.toml status --host app1

Exit codes: 0 all is well, 1 something is not, or no host answers, 2 bad usage or configuration.")]
pub(crate) struct Args {
    /// Print JSON, a line for each host
    #[arg(long)]
    json: bool,

    /// Ask only the host of this name
    #[arg(long, value_name = "NAME")]
    host: Option<String>,
}

pub(crate) fn run(settings: &Settings, args: &Args) -> ExitCode {
    let Some(place) = settings.control_place() else {
        eprintln!(
            "host.control is \"\": hosts of this configuration have no socket to be asked at"
        );
        return ExitCode::from(USAGE);
    };
    let sockets = match place.sockets(args.host.as_deref()) {
        Ok(sockets) => sockets,
        Err(error) => {
            return refuse(&format!(
                "cannot look for hosts in {place}: {error}; whoever runs `opensrf up` may"
            ));
        }
    };
    let well = actix_rt::System::new().block_on(async {
        let mut well = None;
        for socket in &sockets {
            let is_well = tell(socket, args).await;
            well = is_well.map_or(well, |is_well| Some(well.unwrap_or(true) && is_well));
        }
        well
    });
    match (well, &args.host) {
        (Some(true), _) => ExitCode::SUCCESS,
        (Some(false), _) => ExitCode::from(REFUSED),
        (None, Some(host)) => refuse(&format!(
            "no host {host} is running: nobody answers at {place}; `opensrf status` shows all that are"
        )),
        (None, None) => refuse(&format!(
            "no host is running: nobody answers at {place}; start one with `opensrf up`, or name its \
             --config"
        )),
    }
}

fn refuse(why: &str) -> ExitCode {
    eprintln!("{why}");
    ExitCode::from(REFUSED)
}

/// Tells what the host at this socket does, and whether all is well; nothing if it has none.
async fn tell(socket: &Path, args: &Args) -> Option<bool> {
    match ask(socket).await {
        Ok(status) => {
            let is_shown = show(&status, args.json);
            Some(is_shown && status.problems().is_empty())
        }
        Err(AskError::Io(error)) if error.kind() == std::io::ErrorKind::NotFound => None,
        Err(error) => {
            eprintln!("{}: {error}", socket.display());
            (!matches!(error, AskError::Stale)).then_some(false)
        }
    }
}

fn show(status: &HostStatus, as_json: bool) -> bool {
    if !as_json {
        return print_line(status).is_ok();
    }
    let mut tree = json!(status);
    tree["problems"] = json!(status.problems());
    print_line(tree).is_ok()
}
