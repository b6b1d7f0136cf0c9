//! `[bus]` and `[router]`: those who log in.

use super::Surroundings;
use crate::original::core::{Core, Login, RegisterAt, RouterLogin};
use crate::original::item::{Item, Said, Table, Value, list};
use crate::original::section::Notes;

/// What the original calls its router unless told otherwise.
const ROUTER: &str = "router";

/// `[bus]`: who services and clients log in as.
pub(super) fn bus(login: &Login, around: &Surroundings<'_>, notes: &mut Notes) -> Table {
    let mut bus = Table::default();
    bus.text("domain", &login.domain);
    if !around.is_embedded {
        match &login.server {
            Some(server) => {
                let address = around.address(&login.domain.text, server);
                bus.set("address", server.origin(), Value::Text(address));
            }
            None => {
                let text = "has no <port>; nobody can log in with it";
                notes.loss(&login.origin, "opensrf", text);
            }
        }
        // As the original's programs do: old servers offer nothing else to them.
        bus.set("login", &login.origin, Value::Text("legacy".to_owned()));
    }
    bus.set(
        "account",
        &login.user.origin,
        account(&login.user, &login.password),
    );
    let routers = register_at(login, notes);
    if !routers.is_empty() {
        let origin = routers.first().map(|item| item.origin.clone());
        bus.set("routers", &origin.unwrap_or_default(), Value::List(routers));
    }
    bus
}

fn account(user: &Said, password: &Said) -> Value {
    let mut account = Table::default();
    account.text("user", user);
    account.text("password", password);
    Value::Table(account)
}

/// The routers of `[bus]`; the one that clients ask comes first.
fn register_at(login: &Login, notes: &mut Notes) -> Vec<Item> {
    let named = login.router_name.as_ref();
    let own = named.map_or(ROUTER, |said| &said.text);
    let name_of = |router: &RegisterAt| {
        let name = router.name.as_ref().map_or(own, |said| &said.text);
        name.to_owned()
    };
    let is_asked =
        |router: &&RegisterAt| router.domain.text == login.domain.text && name_of(router) == own;
    let asked = login.routers.iter().filter(is_asked);
    let others = login.routers.iter().filter(|router| !is_asked(router));
    let mut routers: Vec<Item> = asked
        .chain(others)
        .map(|router| {
            let mut table = Table::default();
            let name_origin = router.name.as_ref().or(named);
            let name_origin = name_origin.map_or(&router.origin, |said| &said.origin);
            table.set("name", name_origin, Value::Text(name_of(router)));
            table.text("domain", &router.domain);
            if !router.services.is_empty() {
                let origin = &router.services[0].origin;
                table.set("services", origin, list(&router.services));
            }
            Item {
                origin: router.origin.clone(),
                value: Value::Table(table),
            }
        })
        .collect();
    if routers.is_empty() {
        if let Some(said) = named {
            let mut table = Table::default();
            table.text("name", said);
            table.text("domain", &login.domain);
            routers.push(Item {
                origin: said.origin.clone(),
                value: Value::Table(table),
            });
        }
    } else if !login.routers.iter().any(|router| is_asked(&router)) {
        let first = &login.routers[0];
        let text = format!(
            "clients here ask {}@{}, the first of the routers, not {own}@{}",
            name_of(first),
            first.domain.text,
            login.domain.text
        );
        notes.loss(&login.origin, "opensrf/router_name", text);
    }
    routers
}

/// `[router]`, and `[[further_routers]]` if there are several.
pub(super) fn routers(
    core: &Core,
    around: &Surroundings<'_>,
    settings: &mut Table,
    notes: &mut Notes,
) {
    let own = core.login.as_ref().map(|login| &login.domain.text);
    let mut logins: Vec<&RouterLogin> = core.routers.iter().collect();
    // That of the services' own domain is the first.
    logins.sort_by_key(|router| Some(&router.domain.text) != own);
    let mut tables = logins.into_iter().map(|router| {
        let table = Value::Table(router_table(router, around, notes));
        (router.origin.clone(), table)
    });
    if let Some((origin, first)) = tables.next() {
        settings.set("router", &origin, first);
    }
    let further: Vec<Item> = tables
        .map(|(origin, value)| Item { origin, value })
        .collect();
    if let Some(first) = further.first() {
        let origin = first.origin.clone();
        settings.set("further_routers", &origin, Value::List(further));
    }
}

fn router_table(router: &RouterLogin, around: &Surroundings<'_>, notes: &mut Notes) -> Table {
    let mut table = Table::default();
    table.text("domain", &router.domain);
    if let Some(resource) = &router.resource {
        table.text("name", resource);
    }
    if !around.is_embedded {
        match &router.server {
            Some(server) => {
                let address = around.address(&router.domain.text, server);
                table.set("address", server.origin(), Value::Text(address));
            }
            None => {
                let text = "has no transport/port; it cannot log in";
                notes.loss(&router.origin, "routers/router", text);
            }
        }
    }
    for (key, domains) in [
        ("trusted_clients", &router.clients),
        ("trusted_servers", &router.servers),
    ] {
        if let Some(first) = domains.first() {
            table.set(key, &first.origin, list(domains));
        }
    }
    let account = account(&router.user, &router.password);
    table.set("account", &router.user.origin, account);
    table
}
