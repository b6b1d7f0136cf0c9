//! From a scenario to its report.

use std::sync::Arc;
use std::time::Duration;

use super::progress::Progress;
use super::report::{Mode, Report};
use super::scenario::{Scenario, ScenarioError};
use super::world::World;
use crate::client::ClientError;
use crate::env::Env;
use crate::host::HostError;
use crate::service::ServiceError;
use crate::timer::{Paused, Timer};

/// Why there is no report.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SimError {
    /// The scenario cannot be run.
    #[error(transparent)]
    Scenario(#[from] ScenarioError),
    /// A machine of it cannot be started.
    #[error(transparent)]
    Host(#[from] HostError),
    /// A client of it does not get onto the bus.
    #[error(transparent)]
    Client(ClientError),
    /// A service of it cannot be made.
    #[error(transparent)]
    Service(#[from] ServiceError),
    /// The system gives no thread or runtime.
    #[error("cannot start a thread for the run: {0}")]
    Thread(#[from] std::io::Error),
    /// A bug: the run panicked.
    #[error("the run panicked; this is a bug of the simulator, please report it with the scenario")]
    Panicked,
}

impl Scenario {
    /// Runs it in simulated time, which takes as long as the work in it takes, and waits for that.
    /// May be called anywhere: it has a thread and a clock of its own.
    ///
    /// # Errors
    /// [`SimError`]; [`ScenarioError`] has everything that is wrong with the scenario.
    pub fn run(self) -> Result<Report, SimError> {
        self.run_watched(Mode::Simulated, Arc::default())
    }

    /// The same with new requests for so long.
    ///
    /// # Errors
    /// As [`run`](Self::run).
    pub fn run_for(self, duration: Duration) -> Result<Report, SimError> {
        self.duration(duration).run()
    }

    /// Runs it on real connections over TCP, on this machine and in real time.
    ///
    /// # Errors
    /// As [`run`](Self::run).
    pub fn run_for_real(self) -> Result<Report, SimError> {
        self.run_watched(Mode::Real, Arc::default())
    }

    /// Runs it, and tells in `progress` how far it is.
    ///
    /// # Errors
    /// As [`run`](Self::run).
    pub fn run_watched(self, mode: Mode, progress: Arc<Progress>) -> Result<Report, SimError> {
        self.check()?;
        let scenario = self.complete();
        let thread = std::thread::Builder::new().name("sim".to_owned());
        let running = thread.spawn(move || match mode {
            Mode::Simulated => simulate(scenario, progress),
            Mode::Real => rehearse(scenario, progress),
        })?;
        running.join().map_err(|_| SimError::Panicked)?
    }
}

fn simulate(scenario: Scenario, progress: Arc<Progress>) -> Result<Report, SimError> {
    let paused = Paused::new()?;
    let timer = paused.timer();
    paused.system().block_on(async move {
        let env = Env::simulated(scenario.seed).with_timer(timer);
        World::start(scenario, Mode::Simulated, env, progress)
            .await?
            .run()
            .await
    })
}

fn rehearse(scenario: Scenario, progress: Arc<Progress>) -> Result<Report, SimError> {
    let timer = Timer::precise()?;
    actix_rt::System::new().block_on(async move {
        let env = Env::simulated(scenario.seed).with_timer(timer);
        World::start(scenario, Mode::Real, env, progress)
            .await?
            .run()
            .await
    })
}
