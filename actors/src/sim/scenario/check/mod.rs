//! Whether a scenario can be run: all that is wrong with it, each with its place.

mod faults;
mod load;
mod names;
#[cfg(test)]
mod tests;

use std::collections::BTreeSet;
use std::time::Duration;

use opensrf::ids::resource_part;
use opensrf::jid::Jid;

use super::{LinkLaw, Scenario};
use crate::law::length::show;
use crate::toml_tree::Problem;
use crate::toml_tree::problem::lines;
use crate::toml_tree::values::LONGEST;
use names::Names;

/// Parts of a run.
const MOST_SLICES: usize = 10_000;

/// Machines of a group.
const MOST_HOSTS: usize = 10_000;

/// Why a scenario cannot be run: everything that was found.
#[derive(Debug, Clone, thiserror::Error, PartialEq, Eq)]
#[error("{}", lines(.0))]
pub struct ScenarioError(pub Vec<Problem>);

pub(super) fn check(scenario: &Scenario) -> Result<(), ScenarioError> {
    let Flaws { alone, between } = flaws(scenario);
    let all: Vec<_> = alone.into_iter().chain(between).collect();
    match all.is_empty() {
        true => Ok(()),
        false => Err(ScenarioError(all)),
    }
}

/// What is wrong with a scenario; who set it is not known here.
#[derive(Debug, Default)]
pub(super) struct Flaws {
    /// Values that cannot be, whatever the others are.
    pub(super) alone: Vec<Problem>,
    /// Values that do not go with others, and names of what is not there.
    pub(super) between: Vec<Problem>,
}

pub(super) fn flaws(scenario: &Scenario) -> Flaws {
    let complete = scenario.clone().complete();
    let names = Names::of(&complete);
    let mut checks = Checks {
        names: &names,
        flaws: Flaws::default(),
    };
    checks.times(scenario);
    checks.network(&complete);
    for (number, served) in scenario.services.iter().enumerate() {
        checks.service(&format!("services[{number}]"), served);
    }
    if scenario.clients.is_empty() {
        let text = "there are none, so nobody would ask anything; add [[clients]]";
        checks.flaw("", "clients", text);
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
            checks.clash("", &format!("expect[{number}]"), text);
        }
    }
    checks.flaws
}

struct Checks<'a> {
    names: &'a Names,
    flaws: Flaws,
}

impl Checks<'_> {
    /// A value that cannot be.
    fn flaw(&mut self, table: &str, key: &str, text: impl Into<String>) {
        self.flaws.alone.push(problem(table, key, text.into()));
    }

    /// A value that does not go with others.
    fn clash(&mut self, table: &str, key: &str, text: impl Into<String>) {
        self.flaws.between.push(problem(table, key, text.into()));
    }

    fn times(&mut self, scenario: &Scenario) {
        self.length_above_zero("", "duration", scenario.duration);
        self.length("", "warmup", scenario.warmup);
        if scenario.warmup >= scenario.duration && !scenario.duration.is_zero() {
            let duration = show(scenario.duration);
            let text = format!("must be shorter than the duration, {duration}");
            self.clash("", "warmup", text);
        }
        self.count("", "slices", scenario.slices, MOST_SLICES);
    }

    fn network(&mut self, scenario: &Scenario) {
        for (path, name) in &self.names.twice {
            self.clash(
                path,
                "",
                format!("{name:?} is there already; give each its own name"),
            );
        }
        for (number, domain) in scenario.domains.iter().enumerate() {
            if Jid::new("router", domain, "router").is_err() {
                let text = format!("{domain:?} is no domain");
                self.flaw("", &format!("domains[{number}]"), text);
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
            self.count(&table, "count", hosts.count, MOST_HOSTS);
            if let Some(domain) = &hosts.domain {
                self.domain(&table, "domain", domain);
            }
            match &hosts.routers {
                None => {
                    let names = self.names;
                    let own = hosts.domain.as_ref().unwrap_or(&names.first_domain);
                    if names.domains.contains(own) {
                        self.router(&table, "routers", own);
                    }
                }
                Some(routers) => {
                    for (number, domain) in routers.iter().enumerate() {
                        self.router(&table, &format!("routers[{number}]"), domain);
                    }
                }
            }
            self.link(&table, &hosts.link);
            self.factor(&table, "slow", hosts.slow);
        }
    }

    fn link(&mut self, table: &str, link: &LinkLaw) {
        self.fraction(table, "link.loss", link.loss);
        let is_sound = |bandwidth: f64| bandwidth.is_finite() && bandwidth >= 1.0;
        if !link.bandwidth.is_none_or(is_sound) {
            self.flaw(
                table,
                "link.bandwidth",
                "must be one byte a second at least",
            );
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
            let known = all(&self.names.domains);
            self.clash(
                table,
                key,
                format!("there is no domain {domain:?}; there are {known}"),
            );
        }
    }

    fn router(&mut self, table: &str, key: &str, domain: &str) {
        if !self.names.routers.contains(domain) {
            let known = all(&self.names.routers);
            self.clash(
                table,
                key,
                format!("no router is in {domain:?}; there are {known}"),
            );
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

    fn count(&mut self, table: &str, key: &str, count: usize, most: usize) {
        if !(1..=most).contains(&count) {
            self.flaw(table, key, format!("must be from 1 to {most}"));
        }
    }

    fn length_above_zero(&mut self, table: &str, key: &str, length: Duration) {
        match length.is_zero() {
            true => self.flaw(table, key, "must be above zero"),
            false => self.length(table, key, length),
        }
    }

    fn length(&mut self, table: &str, key: &str, length: Duration) {
        if length > LONGEST {
            self.flaw(table, key, "is more than a year");
        }
    }
}

fn problem(table: &str, key: &str, text: String) -> Problem {
    let dot = if table.is_empty() || key.is_empty() {
        ""
    } else {
        "."
    };
    Problem {
        origin: None,
        path: format!("{table}{dot}{key}"),
        text,
    }
}

fn all(names: &BTreeSet<String>) -> String {
    let names: Vec<_> = names.iter().map(String::as_str).collect();
    match names.is_empty() {
        true => "none".to_owned(),
        false => names.join(", "),
    }
}
