//! Services: made-up ones that take their time, or real ones.

use std::time::Duration;

use opensrf::limits::BACKLOG;

use crate::law::Law;
use crate::service::Service;

/// A service, and where and how it is served.
#[derive(Debug, Clone)]
pub struct Served {
    pub(crate) name: String,
    pub(crate) work: Work,
    pub(crate) hosts: Option<Vec<String>>,
    pub(crate) min: usize,
    pub(crate) max: usize,
    pub(crate) backlog: usize,
    pub(crate) max_requests: Option<u64>,
    pub(crate) session_requests: Option<u64>,
    pub(crate) max_wait: Option<Duration>,
    pub(crate) max_run: Option<Duration>,
    pub(crate) keepalive: Duration,
}

/// What a service does.
#[derive(Debug, Clone)]
pub enum Work {
    /// It takes its time, and nothing else.
    Simulated(Simulated),
    /// Whatever its methods do. Under simulated time they may wait by the runtime's clock only, not
    /// on sockets, threads or the machine's clock.
    Own(Service),
}

/// What a made-up service does.
#[derive(Debug, Clone, PartialEq)]
pub struct Simulated {
    pub(crate) time: Law,
    pub(crate) errors: f64,
    pub(crate) panics: f64,
    pub(crate) answer_bytes: usize,
}

impl Served {
    /// A made-up service whose method `work` takes `time`; on every host, with 1 to 8 drones and a
    /// backlog of 1,000 on each.
    #[must_use]
    pub fn simulated(name: &str, time: Law) -> Self {
        let work = Work::Simulated(Simulated {
            time,
            errors: 0.0,
            panics: 0.0,
            answer_bytes: 0,
        });
        Self::new(name, work)
    }

    /// A service of your own; on every host, with 1 to 8 drones and a backlog of 1,000 on each.
    #[must_use]
    pub fn own(service: Service) -> Self {
        Self::new(&service.name().to_owned(), Work::Own(service))
    }

    fn new(name: &str, work: Work) -> Self {
        Self {
            name: name.to_owned(),
            work,
            hosts: None,
            min: 1,
            max: 8,
            backlog: BACKLOG,
            max_requests: None,
            session_requests: None,
            max_wait: None,
            max_run: None,
            keepalive: Duration::from_secs(5),
        }
    }

    /// Serves it on these hosts only: `app` means all machines of that group, `app-2` one of them.
    #[must_use]
    pub fn on<'a>(mut self, hosts: impl IntoIterator<Item = &'a str>) -> Self {
        self.hosts = Some(hosts.into_iter().map(str::to_owned).collect());
        self
    }

    /// Has `min` to `max` drones on each host.
    #[must_use]
    pub fn drones(mut self, min: usize, max: usize) -> Self {
        (self.min, self.max) = (min, max);
        self
    }

    /// Lets so many requests wait on each host.
    #[must_use]
    pub fn backlog(mut self, requests: usize) -> Self {
        self.backlog = requests;
        self
    }

    /// Replaces each drone after so many requests; never by default.
    #[must_use]
    pub fn max_requests(mut self, requests: u64) -> Self {
        self.max_requests = Some(requests);
        self
    }

    /// Ends sessions with 307 after so many requests; never by default.
    #[must_use]
    pub fn session_requests(mut self, requests: u64) -> Self {
        self.session_requests = Some(requests);
        self
    }

    /// Lets no request wait longer for a drone; as long as its caller waits by default.
    #[must_use]
    pub fn max_wait(mut self, wait: Duration) -> Self {
        self.max_wait = Some(wait);
        self
    }

    /// Lets no method run longer; as long as it likes by default.
    #[must_use]
    pub fn max_run(mut self, limit: Duration) -> Self {
        self.max_run = Some(limit);
        self
    }

    /// How long a session may be idle; 5 s by default.
    #[must_use]
    pub fn keepalive(mut self, keepalive: Duration) -> Self {
        self.keepalive = keepalive;
        self
    }

    /// Ends this fraction of calls of a made-up service with status 500.
    #[must_use]
    pub fn errors(self, fraction: f64) -> Self {
        self.change(|simulated| simulated.errors = fraction)
    }

    /// Lets this fraction of calls of a made-up service panic.
    #[must_use]
    pub fn panics(self, fraction: f64) -> Self {
        self.change(|simulated| simulated.panics = fraction)
    }

    /// Gives answers of a made-up service so many bytes; none beside the figure by default.
    #[must_use]
    pub fn answer_bytes(self, bytes: usize) -> Self {
        self.change(|simulated| simulated.answer_bytes = bytes)
    }

    /// Whether it is served on this machine of that group.
    pub(crate) fn is_on(&self, group: &str, machine: &str) -> bool {
        let named = |host: &String| host == group || host == machine;
        self.hosts
            .as_ref()
            .is_none_or(|hosts| hosts.iter().any(named))
    }

    fn change(mut self, change: impl FnOnce(&mut Simulated)) -> Self {
        if let Work::Simulated(simulated) = &mut self.work {
            change(simulated);
        }
        self
    }
}

impl From<Service> for Served {
    fn from(service: Service) -> Self {
        Self::own(service)
    }
}
