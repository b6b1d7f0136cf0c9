//! Machines, and how they are connected to the Jabber server.

use opensrf::router::RoutingPolicy;

use super::DOMAIN;
use crate::law::Law;

/// One machine, or several alike, on which services run.
#[derive(Debug, Clone)]
pub struct Hosts {
    pub(crate) name: String,
    pub(crate) count: usize,
    pub(crate) domain: Option<String>,
    pub(crate) routers: Option<Vec<String>>,
    pub(crate) link: LinkLaw,
    pub(crate) slow: f64,
}

impl Hosts {
    /// A machine of this name, in the first domain.
    #[must_use]
    pub fn new(name: &str) -> Self {
        Self {
            name: name.to_owned(),
            count: 1,
            domain: None,
            routers: None,
            link: LinkLaw::default(),
            slow: 1.0,
        }
    }

    /// So many machines, called `<name>-1`, `<name>-2` and so on if there are several; one by
    /// default.
    #[must_use]
    pub fn count(mut self, count: usize) -> Self {
        self.count = count;
        self
    }

    /// The domain in which its parties log in; the first one by default.
    #[must_use]
    pub fn domain(mut self, domain: &str) -> Self {
        self.domain = Some(domain.to_owned());
        self
    }

    /// The domains with whose routers its services register; its own by default.
    #[must_use]
    pub fn routers<'a>(mut self, domains: impl IntoIterator<Item = &'a str>) -> Self {
        self.routers = Some(domains.into_iter().map(str::to_owned).collect());
        self
    }

    /// Its connection to the Jabber server; without delay or loss by default.
    #[must_use]
    pub fn link(mut self, link: LinkLaw) -> Self {
        self.link = link;
        self
    }

    /// By what the times of simulated services are multiplied here; 1 by default.
    #[must_use]
    pub fn slow(mut self, factor: f64) -> Self {
        self.slow = factor;
        self
    }

    /// The names of its machines.
    pub(crate) fn names(&self) -> Vec<String> {
        match self.count {
            1 => vec![self.name.clone()],
            count => (1..=count)
                .map(|number| format!("{}-{number}", self.name))
                .collect(),
        }
    }
}

/// The connection of one machine to the Jabber server, the same in both directions.
#[derive(Debug, Clone, PartialEq)]
pub struct LinkLaw {
    pub(crate) latency: Law,
    pub(crate) loss: f64,
    pub(crate) bandwidth: Option<f64>,
}

impl Default for LinkLaw {
    fn default() -> Self {
        Self {
            latency: Law::ZERO,
            loss: 0.0,
            bandwidth: None,
        }
    }
}

impl LinkLaw {
    /// A connection on which each stanza takes so long; order is kept.
    #[must_use]
    pub fn new(latency: Law) -> Self {
        Self {
            latency,
            ..Self::default()
        }
    }

    /// Loses this fraction of stanzas without a word; none by default. (TCP loses none: this is a
    /// server or a bridge that drops.)
    #[must_use]
    pub fn loss(mut self, fraction: f64) -> Self {
        self.loss = fraction;
        self
    }

    /// Carries so many bytes a second, for all parties of the machine together; any number by
    /// default.
    #[must_use]
    pub fn bandwidth(mut self, bytes_a_second: f64) -> Self {
        self.bandwidth = Some(bytes_a_second);
        self
    }
}

/// A router on a machine of its own, called `router@<domain>`.
#[derive(Debug, Clone)]
pub struct RouterAt {
    pub(crate) domain: String,
    pub(crate) policy: RoutingPolicy,
    pub(crate) link: LinkLaw,
}

impl Default for RouterAt {
    fn default() -> Self {
        Self::new(DOMAIN)
    }
}

impl RouterAt {
    /// The router of a domain.
    #[must_use]
    pub fn new(domain: &str) -> Self {
        Self {
            domain: domain.to_owned(),
            policy: RoutingPolicy::default(),
            link: LinkLaw::default(),
        }
    }

    /// How it chooses among listeners; round robin by default.
    #[must_use]
    pub fn policy(mut self, policy: RoutingPolicy) -> Self {
        self.policy = policy;
        self
    }

    /// Its connection to the Jabber server; without delay or loss by default.
    #[must_use]
    pub fn link(mut self, link: LinkLaw) -> Self {
        self.link = link;
        self
    }

    /// The name of its machine.
    pub(crate) fn machine(&self) -> String {
        format!("router@{}", self.domain)
    }
}
