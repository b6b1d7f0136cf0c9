//! `opensrf up`: the long-running host.

use std::error::Error;
use std::process::ExitCode;
use std::time::Duration;

use tokio::signal::unix::{Signal, SignalKind, signal};

use super::{REFUSED, complain};
use crate::host::{HostBuilder, HostError, HostHandle};
use crate::settings::{Keep, Secrets, ServiceSettings, Settings, SettingsError};
use crate::telemetry::Log;

/// How long a start may take before somebody is told what it waits for.
const PATIENCE: Duration = Duration::from_secs(10);

/// Run what the configuration says: Jabber server, router, services; `ready` when all is up
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Stays in the foreground. SIGTERM lets running calls finish, SIGINT (Ctrl-C) stops. SIGHUP reads the
configuration again: services and log follow it, and drones are replaced without breaking off a call; server,
router and bus need a new start. SIGUSR1 has the services unregister and go on serving what comes, SIGUSR2
register again. Accounts without a password get one at the first start; it is kept in the state folder, where
`opensrf call` of the same user finds it.

Examples:
  opensrf up                               a whole network on this machine
  opensrf --config hub.toml up             Jabber server and router for other hosts
  OPENSRF_BUS__ACCOUNT__PASSWORD=secret opensrf --config host.toml up

Exit codes: 0 stopped by a signal, 1 it could not go on, 2 bad usage or configuration.")]
pub(crate) struct Args {}

/// Reads the configuration once more.
pub(crate) type Load<'a> = &'a dyn Fn() -> Result<Settings, SettingsError>;

pub(crate) fn run(settings: Settings, _args: &Args, log: &Log, load: Load<'_>) -> ExitCode {
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
    let reloading = Reloading {
        services: settings.services.clone(),
        started: settings,
        secrets,
        log,
        load,
    };
    match actix_rt::System::new().block_on(serve(builder, reloading)) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{error}");
            ExitCode::from(REFUSED)
        }
    }
}

async fn serve(builder: HostBuilder, mut reloading: Reloading<'_>) -> Result<(), HostError> {
    let mut signals = Signals::new().map_err(HostError::Signals)?;
    let host = builder.start().await?;
    for address in host.addresses() {
        tracing::info!(%address, "listening");
    }
    let mut announced = std::pin::pin!(announce(&host));
    let mut is_announced = false;
    let end = loop {
        tokio::select! {
            word = signals.next() => match word {
                Word::End(end) => break end,
                Word::Reload => reloading.reload(&host).await,
                Word::Unregister => host.unregister().await?,
                Word::Register => host.register().await?,
            },
            ended = host.ended() => return ended,
            ready = &mut announced, if !is_announced => {
                ready?;
                is_announced = true;
            }
        }
    };
    match end {
        End::Drain => {
            tracing::info!("finishing what is running; another signal stops at once");
            tokio::select! {
                ended = host.shutdown() => ended,
                () = signals.end() => host.stop().await,
            }
        }
        End::Stop => host.stop().await,
    }
}

/// What is needed to follow a changed configuration.
struct Reloading<'a> {
    /// Those of the start.
    started: Settings,
    /// Those that run now.
    services: Vec<ServiceSettings>,
    /// Those of the start: a new password needs a new start.
    secrets: Secrets,
    log: &'a Log,
    load: Load<'a>,
}

impl Reloading<'_> {
    /// Reads the configuration and follows it as far as a running host can. What is wrong is said, and
    /// changes nothing.
    async fn reload(&mut self, host: &HostHandle) {
        match self.follow(host).await {
            Ok(()) => tracing::info!("configuration read again"),
            Err(error) => {
                tracing::error!(%error, "the new configuration is wrong, the old one stays")
            }
        }
    }

    async fn follow(&mut self, host: &HostHandle) -> Result<(), Box<dyn Error>> {
        let settings = (self.load)()?;
        super::tell(&settings);
        // A file that is being written, or was moved away, must not end everything.
        if settings.services.is_empty() && !self.services.is_empty() {
            return Err("it has no service any more; to end them all, stop the host".into());
        }
        let wanted = HostBuilder::from_settings(&settings, &self.secrets)?;
        self.log.follow(&settings.log)?;
        host.reload(&wanted).await?;
        let changed = self.started.tables_for_a_new_start(&settings).join(", ");
        if !changed.is_empty() {
            tracing::warn!(changed, "these tables count from the next start on");
        }
        self.services = settings.services;
        Ok(())
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

enum Word {
    End(End),
    Reload,
    Unregister,
    Register,
}

enum End {
    Drain,
    Stop,
}

struct Signals {
    terminate: Signal,
    interrupt: Signal,
    hang_up: Signal,
    user_1: Signal,
    user_2: Signal,
}

impl Signals {
    fn new() -> std::io::Result<Self> {
        Ok(Self {
            terminate: signal(SignalKind::terminate())?,
            interrupt: signal(SignalKind::interrupt())?,
            hang_up: signal(SignalKind::hangup())?,
            user_1: signal(SignalKind::user_defined1())?,
            user_2: signal(SignalKind::user_defined2())?,
        })
    }

    async fn next(&mut self) -> Word {
        tokio::select! {
            _ = self.terminate.recv() => Word::End(End::Drain),
            _ = self.interrupt.recv() => Word::End(End::Stop),
            _ = self.hang_up.recv() => Word::Reload,
            _ = self.user_1.recv() => Word::Unregister,
            _ = self.user_2.recv() => Word::Register,
        }
    }

    /// Waits until the host is to end; other signals have come too late.
    async fn end(&mut self) {
        while !matches!(self.next().await, Word::End(_)) {}
    }
}
