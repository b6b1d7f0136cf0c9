//! `opensrf up`: the long-running host.

mod guard;
mod notices;
mod signals;

use std::error::Error;
use std::process::ExitCode;
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

use actix_rt::time::Instant;
use tokio::runtime::Builder;

use super::{REFUSED, complain};
use crate::host::{HostBuilder, HostError, HostHandle};
use crate::settings::{Keep, Secrets, ServiceSettings, Settings, SettingsError};
use crate::telemetry::Log;
use guard::Guard;
use notices::Notices;
use signals::{End, Signals, Word};

/// How long methods on threads of their own may go on when the host has ended.
const BLOCKING_TIME: Duration = Duration::from_secs(1);

/// How long a start may take before somebody is told what it waits for.
const PATIENCE: Duration = Duration::from_secs(10);

/// What the service manager is told of a host that is up.
const SERVES: &str = "serves";

/// Run what the configuration says: Jabber server, router, services; `ready` when all is up
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Stays in the foreground. SIGTERM lets running calls finish, SIGINT (Ctrl-C) stops. SIGHUP reads the
configuration again: services and log follow it, and drones are replaced without breaking off a
call; server, router and bus need a new start. SIGUSR1 has the services unregister and go on serving
what comes, SIGUSR2 register again. Accounts without a password get one at the first start; it is
kept in the state folder, where `opensrf call` of the same user finds it.

Examples:
  opensrf up                               a whole network on this machine
  opensrf --config hub.toml up             Jabber server and router for other hosts
  OPENSRF_BUS__ACCOUNT__PASSWORD=secret opensrf --config host.toml up

Exit codes: 0 stopped by a signal, 1 it could not go on, 2 bad usage or configuration.")]
pub(crate) struct Args {}

/// Reads the configuration once more.
pub(crate) type Load<'a> = &'a dyn Fn() -> Result<Settings, SettingsError>;

pub(crate) fn run(settings: Settings, _args: &Args, log: &Log, load: Load<'_>) -> ExitCode {
    if let Err(error) = settings.check_for_a_host() {
        return complain(&error);
    }
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
    let drain = settings.host.drain;
    let reloading = Reloading {
        services: settings.services.clone(),
        started: settings,
        secrets,
        log,
        load,
    };
    match run_host(drain, |notices| serve(builder, reloading, notices)) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            log.say(tracing::Level::ERROR, &error.to_string());
            ExitCode::from(REFUSED)
        }
    }
}

/// Runs a host to its end, which comes whatever its methods do.
fn run_host<F>(drain: Duration, serve: impl FnOnce(Rc<Notices>) -> F) -> Result<(), HostError>
where
    F: Future<Output = Result<(), HostError>>,
{
    let guard = Guard::start(drain).map_err(HostError::Signals)?;
    let runtime = Builder::new_current_thread().enable_all().build();
    let runtime = Arc::new(runtime.map_err(HostError::Signals)?);
    let system = actix_rt::System::with_tokio_rt(|| Arc::clone(&runtime));
    let ended = system.block_on(serve(Rc::new(Notices::new(|name| std::env::var_os(name)))));
    guard.host_ended();
    drop(system);
    if let Some(runtime) = Arc::into_inner(runtime) {
        let begun = Instant::now();
        runtime.shutdown_timeout(BLOCKING_TIME);
        if begun.elapsed() >= BLOCKING_TIME {
            tracing::warn!("a blocking method still runs; it ends with the process");
        }
    }
    ended
}

async fn serve(
    builder: HostBuilder,
    mut reloading: Reloading<'_>,
    notices: Rc<Notices>,
) -> Result<(), HostError> {
    let mut signals = Signals::new().map_err(HostError::Signals)?;
    let host = builder.start().await?;
    for address in host.addresses() {
        tracing::info!(%address, "listening");
    }
    if let Some(every) = notices.watchdog() {
        actix_rt::spawn(give_signs_of_life(host.clone(), Rc::clone(&notices), every));
    }
    let mut announced = std::pin::pin!(announce(&host, reloading.log, &notices));
    let mut is_announced = false;
    let end = loop {
        tokio::select! {
            word = signals.next() => match word {
                Word::End(end) => break end,
                Word::Reload if is_announced => {
                    notices.reloading();
                    match reloading.reload(&host).await {
                        Ok(()) => notices.ready(SERVES),
                        Err(Refused) => notices.ready(&format!("{SERVES}; {Refused}")),
                    }
                }
                // It does not serve yet.
                Word::Reload => if reloading.reload(&host).await.is_err() {
                    notices.status(&Refused.to_string());
                },
                Word::Unregister => {
                    tracing::info!("SIGUSR1: services keep away from their routers until SIGUSR2");
                    host.unregister().await?;
                }
                Word::Register => {
                    tracing::info!("SIGUSR2: services register again");
                    host.register().await?;
                }
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
            notices.stopping(reloading.started.host.drain, "finishes what is running");
            tokio::select! {
                ended = host.shutdown() => ended,
                () = signals.end() => host.stop().await,
            }
        }
        End::Stop => {
            notices.stopping(Duration::ZERO, "stops");
            host.stop().await
        }
    }
}

/// Tells the service manager that the host is alive: asked of the host itself, and from the thread on
/// which everything runs, so that nobody says it for one that is blocked.
async fn give_signs_of_life(host: HostHandle, notices: Rc<Notices>, every: Duration) {
    while host.waits_for().await.is_ok() {
        notices.alive();
        actix_rt::time::sleep(every).await;
    }
}

/// Nothing changed; the log says why.
#[derive(Debug, Clone, Copy, thiserror::Error)]
#[error("the new configuration is wrong, the old one stays")]
struct Refused;

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
    async fn reload(&mut self, host: &HostHandle) -> Result<(), Refused> {
        match self.follow(host).await {
            Ok(()) => {
                tracing::info!("configuration read again");
                Ok(())
            }
            Err(error) => {
                tracing::error!(%error, "{Refused}");
                Err(Refused)
            }
        }
    }

    async fn follow(&mut self, host: &HostHandle) -> Result<(), Box<dyn Error>> {
        let settings = (self.load)()?;
        super::tell(&settings);
        settings.check_for_a_host()?;
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
async fn announce(host: &HostHandle, log: &Log, notices: &Notices) -> Result<(), HostError> {
    let mut ready = std::pin::pin!(host.ready());
    loop {
        tokio::select! {
            biased;
            ready = &mut ready => break ready?,
            () = actix_rt::time::sleep(PATIENCE) => {
                let waits_for = host.waits_for().await?.join(", ");
                notices.status(&format!("waits for {waits_for}"));
                tracing::warn!(waits_for, "not everything is up yet");
            }
        }
    }
    log.say(tracing::Level::INFO, "ready");
    notices.ready(SERVES);
    Ok(())
}
