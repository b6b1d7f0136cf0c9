//! Services and those who ask them.

use opensrf::ids::resource_part;

use super::super::{Arrivals, Clients, Pace, Scenario, Served, Work};
use super::{Checks, all};
use crate::sim::made_up::METHOD;

/// No answer of a made-up service is longer, so that it fits into a stanza.
const LONGEST_ANSWER: usize = 1_000_000;

/// Clients of a group.
const MOST_CLIENTS: usize = 1_000_000;

/// Drones of a service on a machine.
const MOST_DRONES: usize = 100_000;

/// More requests a second than any network of this kind takes: a slip.
const MOST_A_SECOND: f64 = 1_000_000.0;

impl Checks<'_> {
    pub(super) fn service(&mut self, table: &str, served: &Served) {
        let plain = resource_part(&served.name) == served.name;
        if served.name.is_empty() || served.name == "router" || !plain {
            let text = format!("{:?} is no name of a service", served.name);
            self.flaw(table, "name", text);
        }
        for (number, host) in served.hosts.iter().flatten().enumerate() {
            if !self.names.hosts.contains(host) && !self.names.host_groups.contains(host) {
                let known = all(&self.names.hosts);
                let text = format!("there is no host {host:?}; there are {known}");
                self.clash(table, &format!("hosts[{number}]"), text);
            }
        }
        if served.hosts.as_ref().is_some_and(Vec::is_empty) {
            self.flaw(table, "hosts", "is empty; leave it out for all hosts");
        }
        self.count(table, "drones.max", served.max, MOST_DRONES);
        if served.min > served.max {
            let text = format!("{} is more than max {}", served.min, served.max);
            self.clash(table, "drones.min", text);
        }
        self.length_above_zero(table, "keepalive", served.keepalive);
        for (key, length) in [("max_wait", served.max_wait), ("max_run", served.max_run)] {
            if let Some(length) = length {
                self.length_above_zero(table, key, length);
            }
        }
        if let Work::Simulated(simulated) = &served.work {
            self.fraction(table, "errors", simulated.errors);
            self.fraction(table, "panics", simulated.panics);
            let (errors, panics) = (simulated.errors, simulated.panics);
            if errors <= 1.0 && panics <= 1.0 && errors + panics > 1.0 {
                let text = "more than all calls would panic or end in an error";
                self.clash(table, "panics", text);
            }
            if simulated.answer_bytes > LONGEST_ANSWER {
                let text = format!("must be {LONGEST_ANSWER} at most");
                self.flaw(table, "answer_bytes", text);
            }
        }
    }

    pub(super) fn clients(&mut self, table: &str, clients: &Clients, scenario: &Scenario) {
        self.name(table, &clients.name);
        self.count(table, "count", clients.count, MOST_CLIENTS);
        let names = self.names;
        match &clients.domain {
            // Who asks nothing needs no router.
            Some(domain) if clients.pace == Pace::Idle => self.domain(table, "domain", domain),
            Some(domain) => self.router(table, "domain", domain),
            None if clients.pace == Pace::Idle => {}
            None => self.router(table, "domain", &names.first_domain),
        }
        self.link(table, &clients.link);
        self.pace(table, &clients.pace);
        if clients.session == Some(0) {
            let text = "must be 1 at least; leave it out for stateless requests";
            self.flaw(table, "session", text);
        }
        self.length_above_zero(table, "timeout", clients.timeout);
        if clients.pace != Pace::Idle {
            self.asks(table, clients, scenario);
        }
    }

    fn asks(&mut self, table: &str, clients: &Clients, scenario: &Scenario) {
        if clients.asks.is_empty() {
            let own = scenario.services.iter();
            let own = own.filter(|served| matches!(served.work, Work::Own(_)));
            if scenario.services.is_empty() {
                self.clash(table, "asks", "there is no service to ask; add one");
            } else if let Some(served) = own.take(1).next() {
                let text = format!("is missing; say which method of {:?} is asked", served.name);
                self.clash(table, "asks", text);
            }
        }
        for (number, ask) in clients.asks.iter().enumerate() {
            let key = format!("asks[{number}]");
            self.factor(table, &format!("{key}.weight"), ask.weight);
            if let Some((_, Err(problem))) = &ask.method {
                self.flaw(table, &format!("{key}.params"), problem);
            }
            let served = scenario.services.iter();
            let served = served.filter(|served| served.name == ask.service);
            let work = served.map(|served| &served.work).next();
            match (work, &ask.method) {
                // What the network itself has may be asked by its method.
                (None, Some(_)) if !self.names.services.is_empty() => {}
                (None, _) => {
                    let known = all(&self.names.services);
                    let text = format!("there is no service {:?}; there are {known}", ask.service);
                    self.clash(table, &format!("{key}.service"), text);
                }
                (Some(Work::Own(_)), None) => {
                    let text = format!("say which method of {:?} is asked", ask.service);
                    self.clash(table, &format!("{key}.method"), text);
                }
                (Some(Work::Simulated(_)), Some((method, _))) if method == METHOD => {
                    let text = "what it takes is said by the service; leave it out";
                    self.clash(table, &format!("{key}.method"), text);
                }
                _ => {}
            }
        }
    }

    fn pace(&mut self, table: &str, pace: &Pace) {
        match pace {
            Pace::Open { rate, arrivals } => {
                self.factor(table, "rate", *rate);
                if *rate > MOST_A_SECOND {
                    let text = format!("must be {MOST_A_SECOND} a second at most, not {rate}");
                    self.flaw(table, "rate", text);
                }
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
            Arrivals::Bursts {
                every,
                lasts,
                factor,
            } => {
                self.length_above_zero(table, "bursts.every", *every);
                if lasts.is_zero() || !every.is_zero() && lasts >= every {
                    let text = "must be above zero, and shorter than every";
                    self.flaw(table, "bursts.lasts", text);
                }
                self.factor(table, "bursts.factor", *factor);
            }
            Arrivals::Daily { day, curve } => {
                self.length_above_zero(table, "daily.day", *day);
                let is_sound = |value: &f64| (0.0..f64::INFINITY).contains(value);
                if !curve.iter().all(is_sound) || !curve.iter().any(|value| *value > 0.0) {
                    let text = "must be numbers of 0 or more, not all of them 0";
                    self.flaw(table, "daily.curve", text);
                }
            }
        }
    }
}
