//! Who asks, what, and when.

use std::sync::Arc;
use std::time::Duration;

use opensrf::osrf::Json;

use super::LinkLaw;
use crate::client::{DEFAULT_TIMEOUT, IntoParams};
use crate::law::Law;

/// A group of clients that behave alike, on a machine of their own.
#[derive(Debug, Clone)]
pub struct Clients {
    pub(crate) name: String,
    pub(crate) count: usize,
    pub(crate) domain: Option<String>,
    pub(crate) link: LinkLaw,
    pub(crate) pace: Pace,
    pub(crate) asks: Vec<Ask>,
    pub(crate) session: Option<usize>,
    pub(crate) timeout: Duration,
}

/// When a group asks.
#[derive(Debug, Clone, PartialEq)]
pub enum Pace {
    /// Open loop: so many requests a second of all clients together, however fast the answers come.
    Open {
        /// Requests a second, on average over what `arrivals` says.
        rate: f64,
        /// How they come.
        arrivals: Arrivals,
    },
    /// Closed loop: each client asks, waits for its answer, thinks for so long, and asks again.
    Closed {
        /// How long it thinks.
        think: Law,
    },
    /// As it was recorded.
    Replay(Arc<[Replayed]>),
    /// They log in and ask nothing.
    Idle,
}

/// How requests of an open loop come.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub enum Arrivals {
    /// Independent of each other: a Poisson process.
    Poisson,
    /// At equal distances.
    Constant,
    /// A Poisson process whose rate is multiplied by `factor` at the beginning of each period.
    Bursts {
        /// From the beginning of a burst to that of the next.
        every: Duration,
        /// How long each lasts.
        lasts: Duration,
        /// By what the rate is multiplied meanwhile.
        factor: f64,
    },
    /// A Poisson process whose rate is multiplied by the curve's values one after the other, each for
    /// an equal part of the day, with straight lines from one to the next.
    Daily {
        /// How long a day is.
        day: Duration,
        /// The values, from the beginning of the day.
        curve: Arc<[f64]>,
    },
}

/// One request of a recording.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Replayed {
    /// When it is asked, from the beginning of the run.
    pub at: Duration,
    /// How long a made-up service works on it; by the service's own law if absent.
    pub time: Option<Duration>,
}

/// What is asked.
#[derive(Debug, Clone)]
pub struct Ask {
    pub(crate) service: String,
    /// With its parameters, or what is wrong with them.
    pub(crate) method: Option<(String, Result<Vec<Json>, String>)>,
    pub(crate) weight: f64,
}

impl Ask {
    /// The method `work` of a made-up service.
    #[must_use]
    pub fn new(service: &str) -> Self {
        Self {
            service: service.to_owned(),
            method: None,
            weight: 1.0,
        }
    }

    /// A method of a service of your own, with these parameters.
    #[must_use]
    pub fn method(mut self, method: &str, params: impl IntoParams) -> Self {
        let params = params.into_params().map_err(|error| error.to_string());
        self.method = Some((method.to_owned(), params));
        self
    }

    /// How often it is asked, compared with the others of its group; 1 by default.
    #[must_use]
    pub fn weight(mut self, weight: f64) -> Self {
        self.weight = weight;
        self
    }
}

impl Clients {
    /// Clients at a rate, as a Poisson process unless told otherwise; one connection by default.
    #[must_use]
    pub fn open(name: &str, requests_a_second: f64) -> Self {
        let pace = Pace::Open {
            rate: requests_a_second,
            arrivals: Arrivals::Poisson,
        };
        Self::new(name, pace)
    }

    /// So many clients that think for so long between an answer and their next request.
    #[must_use]
    pub fn closed(name: &str, count: usize, think: Law) -> Self {
        Self::new(name, Pace::Closed { think }).count(count)
    }

    /// Clients that ask as it was recorded.
    #[must_use]
    pub fn replay(name: &str, requests: impl Into<Arc<[Replayed]>>) -> Self {
        Self::new(name, Pace::Replay(requests.into()))
    }

    /// So many clients that ask nothing.
    #[must_use]
    pub fn idle(name: &str, count: usize) -> Self {
        Self::new(name, Pace::Idle).count(count)
    }

    pub(crate) fn new(name: &str, pace: Pace) -> Self {
        Self {
            name: name.to_owned(),
            count: 1,
            domain: None,
            link: LinkLaw::default(),
            pace,
            asks: Vec::new(),
            session: None,
            timeout: DEFAULT_TIMEOUT,
        }
    }

    /// How requests of an open loop come; of others nothing is changed.
    #[must_use]
    pub fn arrivals(mut self, come: Arrivals) -> Self {
        if let Pace::Open { arrivals, .. } = &mut self.pace {
            *arrivals = come;
        }
        self
    }

    /// Over so many connections; they ask in turn.
    #[must_use]
    pub fn count(mut self, count: usize) -> Self {
        self.count = count;
        self
    }

    /// The domain in which they log in; the first one by default. They ask the router there.
    #[must_use]
    pub fn domain(mut self, domain: &str) -> Self {
        self.domain = Some(domain.to_owned());
        self
    }

    /// The connection of their machine to the Jabber server; without delay or loss by default.
    #[must_use]
    pub fn link(mut self, link: LinkLaw) -> Self {
        self.link = link;
        self
    }

    /// Asks this, too; all services alike if nothing is named.
    #[must_use]
    pub fn asks(mut self, ask: Ask) -> Self {
        self.asks.push(ask);
        self
    }

    /// Opens a session, asks so many requests in it one after the other, and closes it; stateless by
    /// default. In an open loop each arrival is a session.
    #[must_use]
    pub fn session(mut self, requests: usize) -> Self {
        self.session = Some(requests);
        self
    }

    /// How long they wait for an answer; 30 s by default.
    #[must_use]
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.timeout = timeout;
        self
    }
}
