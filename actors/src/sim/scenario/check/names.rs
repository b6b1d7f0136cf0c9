//! All names of a scenario.

use std::collections::BTreeSet;

use super::super::{Scenario, Work};
use super::MOST_HOSTS;

/// All that may be named.
pub(super) struct Names {
    pub(super) domains: BTreeSet<String>,
    pub(super) first_domain: String,
    /// Routers, by their domains.
    pub(super) routers: BTreeSet<String>,
    /// Single machines of services.
    pub(super) hosts: BTreeSet<String>,
    /// Groups of them.
    pub(super) host_groups: BTreeSet<String>,
    pub(super) services: BTreeSet<String>,
    /// Those that are made up.
    pub(super) made_up: BTreeSet<String>,
    /// Groups of clients.
    pub(super) groups: BTreeSet<String>,
    /// Names that somebody else has already, with their places.
    pub(super) twice: Vec<(String, String)>,
}

impl Names {
    pub(super) fn of(scenario: &Scenario) -> Self {
        let domains = scenario.domains.iter().enumerate();
        let domains = domains.map(|(n, domain)| (format!("domains[{n}]"), domain.clone()));
        let routers = scenario.routers.iter().enumerate();
        let routers =
            routers.map(|(n, router)| (format!("routers[{n}].domain"), router.domain.clone()));
        // More than there may be is refused elsewhere, and would only take long here.
        let hosts = scenario.hosts.iter().enumerate();
        let hosts = hosts.filter(|(_, hosts)| hosts.count <= MOST_HOSTS);
        let hosts = hosts.flat_map(|(n, hosts)| {
            let names = hosts.names().into_iter();
            names.map(move |name| (format!("hosts[{n}].name"), name))
        });
        let services = scenario.services.iter().enumerate();
        let services =
            services.map(|(n, served)| (format!("services[{n}].name"), served.name.clone()));
        let groups = scenario.clients.iter().enumerate();
        let groups = groups.map(|(n, group)| (format!("clients[{n}].name"), group.name.clone()));

        let mut twice = Vec::new();
        let domains = distinct(domains, &mut twice);
        let routers = distinct(routers, &mut twice);
        let services = distinct(services, &mut twice);
        let hosts: Vec<_> = hosts.collect();
        // Machines of services and of clients stand beside each other in faults.
        distinct(hosts.iter().cloned().chain(groups), &mut twice);
        let made_up = scenario.services.iter();
        let made_up = made_up.filter(|served| matches!(served.work, Work::Simulated(_)));
        Self {
            domains,
            first_domain: scenario.domains.first().cloned().unwrap_or_default(),
            routers,
            hosts: hosts.into_iter().map(|(_, name)| name).collect(),
            host_groups: names(scenario.hosts.iter().map(|hosts| &hosts.name)),
            services,
            made_up: names(made_up.map(|served| &served.name)),
            groups: names(scenario.clients.iter().map(|group| &group.name)),
            twice,
        }
    }
}

fn names<'a>(names: impl Iterator<Item = &'a String>) -> BTreeSet<String> {
    names.cloned().collect()
}

/// All names once; those that come again go to `twice`.
fn distinct(
    names: impl Iterator<Item = (String, String)>,
    twice: &mut Vec<(String, String)>,
) -> BTreeSet<String> {
    let mut known = BTreeSet::new();
    for (path, name) in names {
        if !known.insert(name.clone()) {
            twice.push((path, name));
        }
    }
    known
}
