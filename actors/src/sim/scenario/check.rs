//! Whether a scenario can be run: all that is wrong with it, each with its place.

use std::collections::BTreeSet;
use std::fmt;
use std::time::Duration;

use opensrf::ids::resource_part;
use opensrf::jid::Jid;

use super::faults::Aim;
use super::{Arrivals, Clients, Fault, FaultKind, LinkLaw, Pace, Scenario, Served, When, Work};

/// Why a scenario cannot be run: everything that was found.
#[derive(Debug, Clone, thiserror::Error, PartialEq, Eq)]
#[error("{}", lines(.0))]
pub struct ScenarioError(pub Vec<Flaw>);

/// One thing that is wrong with a scenario.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Flaw {
    /// Where, such as `services[0].drones.min`; empty for the whole of it.
    pub path: String,
    /// What is wrong and, where there is one, the remedy.
    pub text: String,
}

impl fmt::Display for Flaw {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if !self.path.is_empty() {
            write!(f, "{}: ", self.path)?;
        }
        f.write_str(&self.text)
    }
}

fn lines(flaws: &[Flaw]) -> String {
    let lines: Vec<_> = flaws.iter().map(Flaw::to_string).collect();
    lines.join("\n")
}

pub(super) fn check(scenario: &Scenario) -> Result<(), ScenarioError> {
    let names = Names::of(&scenario.clone().complete());
    let mut checks = Checks {
        names: &names,
        flaws: Vec::new(),
    };
    checks.times(scenario);
    checks.network(scenario);
    for (number, served) in scenario.services.iter().enumerate() {
        checks.service(&format!("services[{number}]"), served);
    }
    for (number, clients) in scenario.clients.iter().enumerate() {
        checks.clients(&format!("clients[{number}]"), clients, scenario);
    }
    for (number, fault) in scenario.faults.iter().enumerate() {
        checks.fault(&format!("faults[{number}]"), fault, scenario);
    }
    for (number, expectation) in scenario.expectations.iter().enumerate() {
        let Some(scope) = expectation.scope() else {
            continue;
        };
        if !names.services.contains(scope) && !names.groups.contains(scope) {
            let text = format!("there is no service and no group of clients called {scope:?}");
            checks.flaw(&format!("expect[{number}]"), "", text);
        }
    }
    if checks.flaws.is_empty() {
        Ok(())
    } else {
        Err(ScenarioError(checks.flaws))
    }
}

/// All that may be named.
struct Names {
    domains: BTreeSet<String>,
    routers: BTreeSet<String>,
    /// Single machines of services.
    hosts: BTreeSet<String>,
    /// Groups of them.
    host_groups: BTreeSet<String>,
    services: BTreeSet<String>,
    groups: BTreeSet<String>,
    /// Names that two have.
    twice: Vec<String>,
}

impl Names {
    fn of(scenario: &Scenario) -> Self {
        let mut twice = Vec::new();
        let mut set = |names: Vec<String>| {
            let mut known = BTreeSet::new();
            for name in names {
                if !known.insert(name.clone()) {
                    twice.push(name);
                }
            }
            known
        };
        let hosts = scenario.hosts.iter().flat_map(super::Hosts::names);
        let groups = scenario.clients.iter().map(|group| group.name.clone());
        let services = scenario.services.iter().map(|served| served.name.clone());
        let routers = scenario.routers.iter().map(|router| router.domain.clone());
        let mut names = Self {
            domains: set(scenario.domains.clone()),
            routers: set(routers.collect()),
            hosts: set(hosts.clone().collect()),
            host_groups: scenario.hosts.iter().map(|hosts| hosts.name.clone()).collect(),
            services: set(services.collect()),
            groups: set(groups.clone().collect()),
            twice: Vec::new(),
        };
        // Machines of services and of clients stand beside each other in faults.
        set(hosts.chain(groups).collect());
        twice.sort();
        twice.dedup();
        names.twice = twice;
        names
    }
}

struct Checks<'a> {
    names: &'a Names,
    flaws: Vec<Flaw>,
}

impl Checks<'_> {
    fn flaw(&mut self, table: &str, key: &str, text: impl Into<String>) {
        let dot = if table.is_empty() || key.is_empty() { "" } else { "." };
        self.flaws.push(Flaw {
            path: format!("{table}{dot}{key}"),
            text: text.into(),
        });
    }

    fn times(&mut self, scenario: &Scenario) {
        const LONGEST: Duration = Duration::from_secs(366 * 24 * 3600);
        if scenario.duration.is_zero() || scenario.duration > LONGEST {
            self.flaw("", "duration", "must be above zero, and a year at most");
        } else if scenario.warmup >= scenario.duration {
            let text = format!("must be shorter than the duration, {:?}", scenario.duration);
            self.flaw("", "warmup", text);
        }
        if !(1..=10_000).contains(&scenario.slices) {
            self.flaw("", "slices", "must be from 1 to 10000");
        }
    }

    fn network(&mut self, scenario: &Scenario) {
        for name in &self.names.twice.clone() {
            self.flaw("", "", format!("{name:?} is there twice; give each its own name"));
        }
        for (number, domain) in scenario.domains.iter().enumerate() {
            if Jid::new("router", domain, "router").is_err() {
                self.flaw("", &format!("domains[{number}]"), format!("{domain:?} is no domain"));
            }
        }
        for (number, router) in scenario.routers.iter().enumerate() {
            let table = format!("routers[{number}]");
            self.domain(&table, "domain", &router.domain);
            self.link(&table, &router.link);
        }
        for (number, hosts) in scenario.hosts.iter().enumerate() {
            let table = format!("hosts[{number}]");
            self.name(&table, &hosts.name);
            if hosts.count == 0 {
                self.flaw(&table, "count", "must be 1 at least");
            }
            if let Some(domain) = &hosts.domain {
                self.domain(&table, "domain", domain);
            }
            for (number, domain) in hosts.routers.iter().flatten().enumerate() {
                self.router(&table, &format!("routers[{number}]"), domain);
            }
            self.link(&table, &hosts.link);
            self.factor(&table, "slow", hosts.slow);
        }
    }

    fn service(&mut self, table: &str, served: &Served) {
        let plain = resource_part(&served.name) == served.name;
        if served.name.is_empty() || served.name == "router" || !plain {
            let text = format!("{:?} is no name of a service", served.name);
            self.flaw(table, "name", text);
        }
        for (number, host) in served.hosts.iter().flatten().enumerate() {
            if !self.names.hosts.contains(host) && !self.names.host_groups.contains(host) {
                let text = format!("there is no host {host:?}; there are {}", all(&self.names.hosts));
                self.flaw(table, &format!("hosts[{number}]"), text);
            }
        }
        if served.hosts.as_ref().is_some_and(Vec::is_empty) {
            self.flaw(table, "hosts", "is empty; leave it out for all hosts");
        }
        if served.max == 0 {
            self.flaw(table, "drones.max", "must be 1 at least");
        } else if served.min > served.max {
            let text = format!("{} is more than max {}", served.min, served.max);
            self.flaw(table, "drones.min", text);
        }
        if let Work::Simulated(simulated) = &served.work {
            self.fraction(table, "errors", simulated.errors);
            self.fraction(table, "panics", simulated.panics);
            if simulated.answer_bytes > 1_000_000 {
                self.flaw(table, "answer_bytes", "must be 1000000 at most");
            }
        }
    }

    fn clients(&mut self, table: &str, clients: &Clients, scenario: &Scenario) {
        self.name(table, &clients.name);
        if clients.count == 0 {
            self.flaw(table, "count", "must be 1 at least");
        }
        if let Some(domain) = &clients.domain {
            self.router(table, "domain", domain);
        }
        self.link(table, &clients.link);
        self.pace(table, &clients.pace);
        if clients.session == Some(0) {
            self.flaw(table, "session", "must be 1 at least; leave it out for stateless requests");
        }
        if clients.timeout.is_zero() {
            self.flaw(table, "timeout", "must be above zero");
        }
        let is_idle = clients.pace == Pace::Idle;
        if !is_idle && clients.asks.is_empty() && scenario.services.is_empty() {
            self.flaw(table, "asks", "there is no service to ask; add one");
        }
        for (number, ask) in clients.asks.iter().enumerate() {
            let key = format!("asks[{number}]");
            self.factor(table, &format!("{key}.weight"), ask.weight);
            if let Some((_, Err(problem))) = &ask.method {
                self.flaw(table, &format!("{key}.params"), problem);
            }
            let served = scenario.services.iter().find(|served| served.name == ask.service);
            match served.map(|served| &served.work) {
                None if self.names.services.is_empty() || ask.method.is_none() => {
                    let text = format!(
                        "there is no service {:?}; there are {}",
                        ask.service,
                        all(&self.names.services)
                    );
                    self.flaw(table, &format!("{key}.service"), text);
                }
                Some(Work::Own(_)) if ask.method.is_none() => {
                    let text = format!("say which method of {:?} is asked", ask.service);
                    self.flaw(table, &format!("{key}.method"), text);
                }
                _ => {}
            }
        }
    }

    fn pace(&mut self, table: &str, pace: &Pace) {
        match pace {
            Pace::Open { rate, arrivals } => {
                self.factor(table, "rate", *rate);
                self.arrivals(table, arrivals);
            }
            Pace::Closed { .. } | Pace::Idle => {}
            Pace::Replay(requests) => {
                if requests.is_empty() {
                    self.flaw(table, "trace", "has no requests");
                }
                if !requests.is_sorted_by_key(|request| request.at) {
                    self.flaw(table, "trace", "its requests are not in order of time");
                }
            }
        }
    }

    fn arrivals(&mut self, table: &str, arrivals: &Arrivals) {
        match arrivals {
            Arrivals::Poisson | Arrivals::Constant => {}
            Arrivals::Bursts { every, lasts, factor } => {
                if lasts.is_zero() || lasts >= every {
                    let text = "must be above zero, and shorter than every";
                    self.flaw(table, "bursts.lasts", text);
                }
                self.factor(table, "bursts.factor", *factor);
            }
            Arrivals::Daily { day, curve } => {
                if day.is_zero() {
                    self.flaw(table, "daily.day", "must be above zero");
                }
                let is_sound = |value: &f64| (0.0..f64::INFINITY).contains(value);
                if !curve.iter().all(is_sound) || !curve.iter().any(|value| *value > 0.0) {
                    let text = "must be numbers of 0 or more, not all of them 0";
                    self.flaw(table, "daily.curve", text);
                }
            }
        }
    }

    fn fault(&mut self, table: &str, fault: &Fault, scenario: &Scenario) {
        if let When::At(at) = fault.when
            && at >= scenario.duration
        {
            let text = format!("must be before the end of the run, {:?}", scenario.duration);
            self.flaw(table, "at", text);
        }
        match &fault.kind {
            FaultKind::Slow(factor) => self.factor(table, "factor", *factor),
            FaultKind::Loss(fraction) => self.fraction(table, "fraction", *fraction),
            _ => {}
        }
        if fault.kind.lasts() && fault.lasts.is_zero() {
            self.flaw(table, "lasts", "must be above zero");
        }
        let names = match fault.kind.aims_at() {
            Aim::Nothing if fault.target.is_some() => {
                return self.flaw(table, "on", "there is only one server; leave it out");
            }
            Aim::Nothing => return,
            Aim::Router => self.names.routers.clone(),
            Aim::Host => self.names.hosts.clone(),
            Aim::Service => self.names.services.clone(),
            Aim::Machine => {
                let groups = self.names.groups.iter();
                groups.chain(&self.names.hosts).chain(&self.names.routers).cloned().collect()
            }
        };
        match &fault.target {
            Some(target) if !names.contains(target) => {
                let text = format!("there is no {target:?} for it; there are {}", all(&names));
                self.flaw(table, "on", text);
            }
            _ if names.is_empty() => self.flaw(table, "kind", "there is nothing that it could hit"),
            _ => {}
        }
    }

    fn link(&mut self, table: &str, link: &LinkLaw) {
        self.fraction(table, "link.loss", link.loss);
        if link.bandwidth.is_some_and(|bandwidth| !(bandwidth.is_finite() && bandwidth >= 1.0)) {
            self.flaw(table, "link.bandwidth", "must be one byte a second at least");
        }
    }

    fn name(&mut self, table: &str, name: &str) {
        if name.is_empty() || resource_part(name) != name || name == "server" {
            let text = format!("{name:?} cannot be a name; use letters, digits and . - _ :");
            self.flaw(table, "name", text);
        }
    }

    fn domain(&mut self, table: &str, key: &str, domain: &str) {
        if !self.names.domains.contains(domain) {
            let text = format!("there is no domain {domain:?}; there are {}", all(&self.names.domains));
            self.flaw(table, key, text);
        }
    }

    fn router(&mut self, table: &str, key: &str, domain: &str) {
        if !self.names.routers.contains(domain) {
            let text = format!("no router is in {domain:?}; there are {}", all(&self.names.routers));
            self.flaw(table, key, text);
        }
    }

    fn factor(&mut self, table: &str, key: &str, factor: f64) {
        if !(factor.is_finite() && factor > 0.0) {
            self.flaw(table, key, format!("must be above zero, not {factor}"));
        }
    }

    fn fraction(&mut self, table: &str, key: &str, fraction: f64) {
        if !(0.0..=1.0).contains(&fraction) {
            self.flaw(table, key, format!("must be from 0 to 1, not {fraction}"));
        }
    }
}

fn all(names: &BTreeSet<String>) -> String {
    let names: Vec<_> = names.iter().map(String::as_str).collect();
    match names.is_empty() {
        true => "none".to_owned(),
        false => names.join(", "),
    }
}
