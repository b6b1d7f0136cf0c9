//! What one table of a configuration demands of the others.

use std::collections::{BTreeMap, BTreeSet};

use config::Value;

use super::Settings;
use super::model::{Account, JabberSettings, RouterSettings};

use super::sections::ROUTER;
use crate::toml_tree::layers::children;
use crate::toml_tree::report::Report;

/// Checks that hold whatever stands in the tables.
pub(super) fn tables(root: &BTreeMap<String, Value>, report: &Report) {
    let has = |key: &str| root.contains_key(key);
    let has_address = |key: &str| {
        let table = root.get(key).map(|value| children(value.kind.clone()));
        table.is_some_and(|table| table.contains_key("address"))
    };
    if has("services") && !has("bus") {
        let remedy = "add [bus] with domain and account, to say how services log in";
        report.problem("services", format!("there is no [bus]; {remedy}"));
    }
    if has("further_routers") && !has("router") {
        report.problem(
            "further_routers",
            "there is no [router], which is the first",
        );
    }
    for key in ["router", "bus"] {
        if has(key) && !has_address(key) && !has("jabber") {
            let text = "no server to log in to; add address = \"host:port\", \
                        or [jabber] for the embedded server";
            report.problem(key, text);
        }
    }
}

/// Checks between values that are right by themselves.
pub(super) fn values(settings: &Settings, report: &Report) {
    if let Some(jabber) = &settings.jabber {
        accounts(jabber, report);
    }
    if let Some(router) = &settings.router {
        let is_embedded = router.address.is_none();
        login(
            "router",
            &router.domain,
            &router.account,
            is_embedded,
            settings,
            report,
        );
    }
    further_routers(settings, report);
    if let Some(bus) = &settings.bus {
        let is_embedded = bus.address.is_none();
        login(
            "bus",
            &bus.domain,
            &bus.account,
            is_embedded,
            settings,
            report,
        );
        let mut seen = BTreeSet::new();
        for (n, router) in bus.routers.iter().enumerate() {
            if !seen.insert((&router.name, &router.domain)) {
                let text = format!("{}@{} is listed already", router.name, router.domain);
                report.problem(&format!("bus.routers[{n}]"), text);
            }
        }
    }
    services(settings, report);
}

fn further_routers(settings: &Settings, report: &Report) {
    let mut seen: BTreeSet<_> = settings.router.iter().map(router_address).collect();
    for (n, router) in settings.further_routers.iter().enumerate() {
        let table = format!("further_routers[{n}]");
        let is_embedded = router.address.is_none();
        if is_embedded && settings.jabber.is_none() {
            let text = "no server to log in to; add address = \"host:port\"";
            report.problem(&table, text);
            continue;
        }
        if !seen.insert(router_address(router)) {
            let (user, domain) = (&router.account.user, &router.domain);
            let text = format!("{user}@{domain}/{} is there already", router.name);
            report.problem(&table, text);
        }
        login(
            &table,
            &router.domain,
            &router.account,
            is_embedded,
            settings,
            report,
        );
    }
}

fn router_address(router: &RouterSettings) -> (&str, &str, &str) {
    (&router.account.user, &router.domain, &router.name)
}

fn accounts(jabber: &JabberSettings, report: &Report) {
    let mut seen = BTreeSet::new();
    for (n, account) in jabber.accounts.iter().enumerate() {
        let path = format!("jabber.accounts[{n}]");
        if let Some(domain) = account
            .domain
            .as_ref()
            .filter(|&d| !jabber.domains.contains(d))
        {
            let known = jabber.domains.join(", ");
            let text = format!("{domain} is not served here; jabber.domains has {known}");
            report.problem(&format!("{path}.domain"), text);
        }
        for domain in account.domains(jabber) {
            if !seen.insert((&account.user, domain)) {
                let text = format!("{}@{domain} is listed already", account.user);
                report.problem(&format!("{path}.user"), text);
            }
        }
    }
}

/// Checks the account that `table` logs in with.
fn login(
    table: &str,
    domain: &str,
    account: &Account,
    is_embedded: bool,
    settings: &Settings,
    report: &Report,
) {
    let user = &account.user;
    let jabber = settings.jabber.as_ref();
    if let Some(jabber) = jabber.filter(|jabber| is_embedded && !jabber.serves(domain)) {
        let text = format!("the embedded server has no host {domain}; add it to jabber.domains");
        report.problem(
            &format!("{table}.domain"),
            format!("{text} {:?}", jabber.domains),
        );
        return;
    }
    match jabber.and_then(|jabber| jabber.account(user, domain)) {
        None if is_embedded => {
            let text = format!("the embedded server has no account {user}@{domain}");
            let remedy = format!("add [[jabber.accounts]] user = \"{user}\"");
            report.problem(
                &format!("{table}.account.user"),
                format!("{text}; {remedy}"),
            );
        }
        None if account.password.is_none() => {
            let table_ = table.replace('[', "__").replace(']', "").to_uppercase();
            let variable = format!("OPENSRF_{table_}__ACCOUNT__PASSWORD");
            let text = format!("is missing; add it, or account.password_file, or set {variable}");
            report.problem(&format!("{table}.account.password"), text);
        }
        Some(own) if is_embedded && ![&None, &own.password].contains(&&account.password) => {
            let text = format!(
                "is not the one of {user}@{domain} in [[jabber.accounts]]; \
                 leave it out here to use that one"
            );
            report.problem(&format!("{table}.account.password"), text);
        }
        _ => {}
    }
}

fn services(settings: &Settings, report: &Report) {
    let routers = settings.router.iter().chain(&settings.further_routers);
    let routers = routers.map(|router| router.name.as_str());
    let taken: Vec<&str> = routers.chain([ROUTER]).collect();
    let mut seen = BTreeSet::new();
    for (n, service) in settings.services.iter().enumerate() {
        let path = format!("services[{n}].name");
        if taken.contains(&service.name.as_str()) {
            let text = format!(
                "{:?} is the router's own address; choose another",
                service.name
            );
            report.problem(&path, text);
        }
        if !crate::services::NAMES.contains(&service.name.as_str()) {
            let known = crate::services::NAMES.join(", ");
            let text = format!("{:?} is not on board; there are: {known}", service.name);
            report.problem(&path, text);
        }
        if !seen.insert(&service.name) {
            report.problem(&path, format!("{:?} is listed already", service.name));
        }
    }
}
