//! `opensrf up`: the long-running host.

use std::process::ExitCode;
use std::time::Duration;

use tokio::signal::unix::{Signal, SignalKind, signal};

use super::{REFUSED, complain};
use crate::host::{HostBuilder, HostError, HostHandle};
use crate::settings::{Keep, Settings};

/// How long a start may take before somebody is told what it waits for.
const PATIENCE: Duration = Duration::from_secs(10);

/// Run what the configuration says: Jabber server, router, services; `ready` when all is up
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Stays in the foreground. SIGTERM lets running calls finish, SIGINT (Ctrl-C) stops. Accounts without a
password get one at the first start; it is kept in the state folder, where `opensrf call` of the same
user finds it.

Examples:
  opensrf up                               a whole network on this machine
  opensrf --config hub.toml up             Jabber server and router for other hosts
  OPENSRF_BUS__ACCOUNT__PASSWORD=secret opensrf --config host.toml up

Exit codes: 0 stopped by a signal, 1 it could not go on, 2 bad usage or configuration.")]
pub(crate) struct Args {}

pub(crate) fn run(settings: Settings, _args: Args) -> ExitCode {
    if settings.jabber.is_none() && settings.router.is_none() && settings.services.is_empty() {
        eprintln!("nothing to start; add [jabber], [router] or [[services]] to the configuration");
        return ExitCode::from(super::USAGE);
    }
    let secrets = match settings.resolve_secrets(Keep::InStateFolder) {
        Ok(secrets) => secrets,
        Err(error) => return complain(&error),
    };
    let builder = match HostBuilder::from_settings(&settings, &secrets) {
        Ok(builder) => builder,
        Err(error) => return complain(&error),
    };
    match actix_rt::System::new().block_on(serve(builder)) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{error}");
            ExitCode::from(REFUSED)
        }
    }
}

async fn serve(builder: HostBuilder) -> Result<(), HostError> {
    let mut signals = Signals::new().map_err(HostError::Signals)?;
    let host = builder.start().await?;
    for address in host.addresses() {
        tracing::info!(%address, "listening");
    }
    let end = tokio::select! {
        end = signals.next() => end,
        ended = host.ended() => return ended,
        ready = announce(&host) => {
            ready?;
            tokio::select! {
                end = signals.next() => end,
                ended = host.ended() => return ended,
            }
        }
    };
    match end {
        End::Drain => {
            tracing::info!("finishing what is running; another signal stops at once");
            tokio::select! {
                ended = host.shutdown() => ended,
                _ = signals.next() => host.stop().await,
            }
        }
        End::Stop => host.stop().await,
    }
}

/// Says `ready` when everything serves, and meanwhile what it waits for.
async fn announce(host: &HostHandle) -> Result<(), HostError> {
    let mut ready = std::pin::pin!(host.ready());
    loop {
        tokio::select! {
            biased;
            ready = &mut ready => break ready?,
            () = actix_rt::time::sleep(PATIENCE) => {
                let waits_for = host.waits_for().await?.join(", ");
                tracing::warn!(waits_for, "not everything is up yet");
            }
        }
    }
    eprintln!("ready");
    Ok(())
}

enum End {
    Drain,
    Stop,
}

struct Signals {
    terminate: Signal,
    interrupt: Signal,
    hang_up: Signal,
}

impl Signals {
    fn new() -> std::io::Result<Self> {
        Ok(Self {
            terminate: signal(SignalKind::terminate())?,
            interrupt: signal(SignalKind::interrupt())?,
            hang_up: signal(SignalKind::hangup())?,
        })
    }

    async fn next(&mut self) -> End {
        loop {
            tokio::select! {
                _ = self.terminate.recv() => return End::Drain,
                _ = self.interrupt.recv() => return End::Stop,
                _ = self.hang_up.recv() => {
                    tracing::warn!("SIGHUP is ignored: settings are read at the start only");
                }
            }
        }
    }
}
