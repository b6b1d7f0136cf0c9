//! What a listener is to be.

use std::sync::Arc;

use opensrf::jid::Jid;
use opensrf::pool::PoolRules;
use opensrf::session::SessionRules;

use crate::activity::Protected;
use crate::client::Client;
use crate::counters::Counters;
use crate::drone::{DronePlan, Panics};
use crate::service::{MethodError, Service, ServiceContext, Threads};
use crate::transport::Transport;

/// What a listener needs.
#[derive(Debug, Clone)]
pub struct ListenerPlan {
    /// What it serves.
    pub service: Service,
    /// Its drones and its backlog.
    pub pool: PoolRules,
    /// What holds for sessions with its drones.
    pub rules: SessionRules,
    /// The account that it and its drones log in to.
    pub user: String,
    /// The domain of that account.
    pub domain: String,
    /// This machine's name, as part of addresses.
    pub host: String,
    /// Where it registers.
    pub routers: Vec<Jid>,
    /// How it gets onto the bus, it and its drones.
    pub transport: Arc<dyn Transport>,
    /// For methods that call other services.
    pub client: Client,
    /// Methods whose parameters are never logged.
    pub protected: Protected,
    /// Where methods that block run.
    pub(crate) threads: Threads,
}

impl ListenerPlan {
    pub(super) fn drones(&self, counters: Arc<Counters>) -> Arc<DronePlan> {
        Arc::new(DronePlan {
            service: self.service.clone(),
            rules: self.rules,
            transport: Arc::clone(&self.transport),
            client: self.client.clone(),
            counters,
            protected: self.protected.clone(),
            threads: self.threads.clone(),
            panics: Panics::default(),
        })
    }

    /// What the service wants done before it begins, if it wants anything.
    pub(super) fn starting(&self) -> Option<impl Future<Output = Result<(), MethodError>> + use<>> {
        self.service.hooks().starting(ServiceContext {
            service: self.service.name().clone(),
            client: self.client.clone(),
        })
    }
}
