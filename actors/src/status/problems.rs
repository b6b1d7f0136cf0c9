//! What is wrong with a host, for whoever has to act.

use super::model::{
    Answer, BusStatus, ChildKind, ChildState, ChildStatus, ClassStatus, Detail, HostPhase,
    HostStatus, RegistrationState, ServerStatus, ServiceStatus,
};
use crate::shown::Span;

impl HostStatus {
    /// All that is not as it should be, each in a phrase; nothing if all is well.
    #[must_use]
    pub fn problems(&self) -> Vec<String> {
        let phase = match self.phase {
            HostPhase::Running => None,
            HostPhase::Draining => Some("the host drains: it takes nothing new and ends"),
            HostPhase::Stopping => Some("the host stops"),
        };
        let phase = phase.map(str::to_owned);
        let children = self.children.iter().flat_map(ChildStatus::problems);
        phase.into_iter().chain(children).collect()
    }
}

impl ChildStatus {
    /// How messages call it.
    pub(super) fn title(&self) -> String {
        self.kind.with_name(&self.name)
    }

    fn problems(&self) -> Vec<String> {
        let who = self.title();
        let mut problems = Vec::new();
        match &self.state {
            ChildState::Up => {}
            ChildState::Starting => problems.push(format!("{who} is starting")),
            ChildState::Draining => problems.push(format!("{who} drains")),
            ChildState::Restarting { in_seconds } => {
                let exit = self.last_exit.as_ref().map_or("", |last| &last.exit);
                let wait = Span(*in_seconds);
                problems.push(format!("{who} is down, restarts in {wait}: {exit}"));
                return problems;
            }
        }
        match &self.answer {
            Some(answer) => problems.extend(answer.problems(&who)),
            None => problems.push(format!("{who} does not answer")),
        }
        problems
    }
}

impl Answer {
    fn problems(&self, who: &str) -> Vec<String> {
        if let Some(off) = self.bus.as_ref().and_then(|bus| bus.problem(who)) {
            return vec![off]; // all else follows from it
        }
        match &self.detail {
            Detail::Service(service) => service.problems(who),
            Detail::Router(classes) => classes.iter().filter_map(ClassStatus::problem).collect(),
            Detail::Server(server) => server.problem().into_iter().collect(),
            Detail::Client(_) => Vec::new(),
        }
    }
}

impl ServerStatus {
    /// Three quarters count: a queue is seldom full to the byte.
    fn problem(&self) -> Option<String> {
        let (fullest, bound) = (self.fullest.as_ref()?, self.outbox_bytes);
        let (address, bytes) = (&fullest.address, fullest.bytes);
        (bytes >= bound / 4 * 3)
            .then(|| format!("{address} reads too slowly: {bytes} of {bound} bytes wait for it"))
    }
}

impl BusStatus {
    fn problem(&self, who: &str) -> Option<String> {
        let since = Span(self.since);
        let reason = self.reason.as_ref();
        let reason = reason.map_or(String::new(), |reason| format!(": {reason}"));
        (!self.is_on).then(|| format!("{who} is off the bus for {since}{reason}"))
    }
}

impl ClassStatus {
    fn problem(&self) -> Option<String> {
        let who = format!("service class {}", self.name);
        match &self.answer {
            Some(answer) => answer.bus.problem(&who),
            None => Some(format!("{who} does not answer")),
        }
    }
}

impl ServiceStatus {
    /// Whether the next request may be refused.
    pub(super) fn is_full(&self) -> bool {
        self.backlog > 0 && self.backlog >= self.backlog_bound
    }

    fn problems(&self, who: &str) -> Vec<String> {
        let missing = self
            .registrations
            .iter()
            .filter(|registration| registration.state != RegistrationState::Registered);
        let mut problems: Vec<String> = missing
            .map(|registration| {
                let (router, since) = (&registration.router, Span(registration.since));
                match registration.state {
                    RegistrationState::Withdrawn => format!(
                        "{who} keeps away from {router} for {since}, as SIGUSR1 said; SIGUSR2 \
                         registers it again"
                    ),
                    _ => format!("{who} is not registered with {router} for {since}"),
                }
            })
            .collect();
        // Those that end at work are replaced at once.
        let drones = self.starting + self.idle + self.busy;
        if drones < self.min {
            let min = self.min;
            problems.push(format!(
                "{who} has {drones} drones and should have {min}: they do not start"
            ));
        }
        if self.is_full() {
            let bound = self.backlog_bound;
            problems.push(format!("{who} refuses requests: {bound} wait already"));
        }
        problems
    }
}

impl ChildKind {
    /// How messages call a child of this kind.
    pub(crate) fn with_name(self, name: &str) -> String {
        match self {
            Self::Server => "jabber server".to_owned(),
            Self::Router => format!("router {name}"),
            Self::Service => format!("service {name}"),
            Self::Client => format!("client {name}"),
        }
    }
}
