//! What is to be run: a network, who asks it, and what goes wrong in it.
//!
//! A scenario is a plain value. Setters have no effect but on it; what is wrong with it is said by
//! [`check`](Scenario::check), all at once, before anything runs. Whatever may be left out has a
//! default: a service and clients are enough.

mod check;
mod clients;
mod faults;
mod hosts;
mod read;
mod services;

use std::time::Duration;

pub use crate::toml_tree::Problem;
pub use check::ScenarioError;
pub use clients::{Arrivals, Ask, Clients, Pace, Replayed};
pub(crate) use faults::Aim;
pub use faults::{Fault, FaultKind, When};
pub use hosts::{Hosts, LinkLaw, RouterAt};
pub use read::ScenarioFile;
pub use services::{Served, Simulated, Work};

use super::expect::Expectation;

/// The domain of a scenario that names none.
pub(crate) const DOMAIN: &str = "localhost";

/// A load experiment to be.
#[derive(Debug, Clone)]
pub struct Scenario {
    pub(crate) name: String,
    pub(crate) seed: u64,
    pub(crate) duration: Duration,
    pub(crate) warmup: Duration,
    pub(crate) slices: usize,
    pub(crate) domains: Vec<String>,
    pub(crate) routers: Vec<RouterAt>,
    pub(crate) hosts: Vec<Hosts>,
    pub(crate) services: Vec<Served>,
    pub(crate) clients: Vec<Clients>,
    pub(crate) faults: Vec<Fault>,
    pub(crate) expectations: Vec<Expectation>,
}

impl Scenario {
    /// A scenario of 60 s with seed 1, one domain, one router, and nothing else yet.
    #[must_use]
    pub fn new(name: &str) -> Self {
        Self {
            name: name.to_owned(),
            seed: 1,
            duration: Duration::from_secs(60),
            warmup: Duration::ZERO,
            slices: 120,
            domains: Vec::new(),
            routers: Vec::new(),
            hosts: Vec::new(),
            services: Vec::new(),
            clients: Vec::new(),
            faults: Vec::new(),
            expectations: Vec::new(),
        }
    }

    /// Where all chance comes from; 1 by default. The same seed gives the same run.
    #[must_use]
    pub fn seed(mut self, seed: u64) -> Self {
        self.seed = seed;
        self
    }

    /// For how long there are new requests, in simulated time; 60 s by default. The run ends when
    /// all of them have ended.
    #[must_use]
    pub fn duration(mut self, duration: Duration) -> Self {
        self.duration = duration;
        self
    }

    /// Leaves requests that are asked in this time at the beginning out of the figures, since the
    /// network is still empty then; zero by default.
    #[must_use]
    pub fn warmup(mut self, warmup: Duration) -> Self {
        self.warmup = warmup;
        self
    }

    /// In how many parts of equal length the run is reported; 120 by default.
    #[must_use]
    pub fn slices(mut self, slices: usize) -> Self {
        self.slices = slices;
        self
    }

    /// Adds a virtual host of the Jabber server; `localhost` if none is added.
    #[must_use]
    pub fn domain(mut self, domain: &str) -> Self {
        self.domains.push(domain.to_owned());
        self
    }

    /// Adds a router; one for each domain if none is added.
    #[must_use]
    pub fn router(mut self, router: RouterAt) -> Self {
        self.routers.push(router);
        self
    }

    /// Adds machines for services; one called `host` if none is added.
    #[must_use]
    pub fn hosts(mut self, hosts: Hosts) -> Self {
        self.hosts.push(hosts);
        self
    }

    /// Adds a service.
    #[must_use]
    pub fn service(mut self, served: impl Into<Served>) -> Self {
        self.services.push(served.into());
        self
    }

    /// Adds clients.
    #[must_use]
    pub fn clients(mut self, clients: Clients) -> Self {
        self.clients.push(clients);
        self
    }

    /// Lets something go wrong.
    #[must_use]
    pub fn fault(mut self, fault: Fault) -> Self {
        self.faults.push(fault);
        self
    }

    /// Adds what the report must show, such as [`Expectation::parse`] reads it.
    #[must_use]
    pub fn expect(mut self, expectation: Expectation) -> Self {
        self.expectations.push(expectation);
        self
    }

    /// For how long there are new requests.
    #[must_use]
    pub fn length(&self) -> Duration {
        self.duration
    }

    /// Checks that it can be run.
    ///
    /// # Errors
    /// [`ScenarioError`] with everything that is wrong.
    pub fn check(&self) -> Result<(), ScenarioError> {
        check::check(self)
    }

    /// It with its defaults in place: what was left out is there.
    pub(crate) fn complete(mut self) -> Self {
        if self.domains.is_empty() {
            self.domains.push(DOMAIN.to_owned());
        }
        if self.routers.is_empty() {
            let routers = self.domains.iter().map(|domain| RouterAt::new(domain));
            self.routers = routers.collect();
        }
        if self.hosts.is_empty() {
            self.hosts.push(Hosts::new("host"));
        }
        self
    }
}
