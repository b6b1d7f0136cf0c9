//! Where a streaming method puts its results.

use std::sync::{Arc, Mutex, PoisonError};

use opensrf::osrf::Json;
use opensrf::session::RunId;
use serde::Serialize;

use super::MethodError;
use crate::counters::Counters;
use crate::messages::{RunReport, RunWord};
use crate::peer::Peer;

/// Where a streaming method puts its results. Clones are the same place.
///
/// The functions that end in `_blocking` are for methods on the blocking pool; they would hold up
/// the whole host elsewhere.
#[derive(Debug, Clone)]
pub struct Results(Sink);

#[derive(Debug, Clone)]
enum Sink {
    /// To the caller, through the drone.
    Drone {
        drone: Peer<RunReport>,
        run: RunId,
        counters: Arc<Counters>,
    },
    /// To a method of the same service that called this one.
    Local(Arc<Mutex<Local>>),
}

#[derive(Debug, Default)]
struct Local {
    results: Vec<Json>,
    is_complete: bool,
}

impl Results {
    pub(crate) fn of_drone(drone: Peer<RunReport>, run: RunId, counters: Arc<Counters>) -> Self {
        Self(Sink::Drone {
            drone,
            run,
            counters,
        })
    }

    /// Collects for a caller in the same process.
    pub(super) fn local() -> Self {
        Self(Sink::Local(Arc::default()))
    }

    /// What was collected for a caller in the same process.
    pub(super) fn collected(&self) -> Vec<Json> {
        match &self.0 {
            Sink::Drone { .. } => Vec::new(),
            Sink::Local(local) => std::mem::take(&mut lock(local).results),
        }
    }

    /// Sends one result to the caller. Waits until the drone has taken it.
    ///
    /// # Errors
    /// If the value cannot be written as JSON, or the drone is gone.
    pub async fn send<T: Serialize + ?Sized>(&self, value: &T) -> Result<(), MethodError> {
        self.report(RunWord::Result(Json::from_value(value)?)).await
    }

    /// Asks the caller to wait on: its time begins anew. The method's own
    /// [limit](super::ServiceBuilder::limit) stays: that is for the host's sake.
    ///
    /// # Errors
    /// If the drone is gone.
    pub async fn hold(&self) -> Result<(), MethodError> {
        self.report(RunWord::Hold).await
    }

    /// Tells the caller that this was all, while the method goes on. Its drone serves nobody else
    /// until the method ends; whatever it gives after this goes nowhere.
    ///
    /// # Errors
    /// If the drone is gone.
    pub async fn complete(&self) -> Result<(), MethodError> {
        self.report(RunWord::Complete).await
    }

    /// [`send`](Self::send) for a method on the blocking pool.
    ///
    /// # Errors
    /// As there.
    pub fn send_blocking<T: Serialize + ?Sized>(&self, value: &T) -> Result<(), MethodError> {
        futures::executor::block_on(self.send(value))
    }

    /// [`hold`](Self::hold) for a method on the blocking pool.
    ///
    /// # Errors
    /// As there.
    pub fn hold_blocking(&self) -> Result<(), MethodError> {
        futures::executor::block_on(self.hold())
    }

    /// [`complete`](Self::complete) for a method on the blocking pool.
    ///
    /// # Errors
    /// As there.
    pub fn complete_blocking(&self) -> Result<(), MethodError> {
        futures::executor::block_on(self.complete())
    }

    async fn report(&self, word: RunWord) -> Result<(), MethodError> {
        match &self.0 {
            Sink::Drone {
                drone,
                run,
                counters,
            } => drone
                .send(RunReport { run: *run, word })
                .await
                .map_err(|_| {
                    counters.late.add();
                    MethodError::failed("the drone is gone")
                }),
            Sink::Local(local) => {
                let mut local = lock(local);
                match word {
                    RunWord::Result(json) if !local.is_complete => local.results.push(json),
                    RunWord::Complete => local.is_complete = true,
                    RunWord::Result(_) | RunWord::Hold => {}
                }
                Ok(())
            }
        }
    }
}

fn lock(local: &Mutex<Local>) -> std::sync::MutexGuard<'_, Local> {
    local.lock().unwrap_or_else(PoisonError::into_inner)
}
