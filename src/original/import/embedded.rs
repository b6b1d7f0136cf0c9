//! A Jabber server of our own in the place of the one that the original's files count on.
//!
//! It serves every domain and has every account that the files name, and listens where the
//! original's programs connect: at each domain's address and port.

use std::collections::BTreeSet;
use std::net::IpAddr;

use super::{Surroundings, is_local};
use crate::original::core::{Core, Server};
use crate::original::item::{Item, Said, Table, Value, list};
use crate::original::section::Notes;

/// One of those who log in.
struct Party<'a> {
    domain: &'a Said,
    user: &'a Said,
    password: &'a Said,
    server: Option<&'a Server>,
}

/// Adds `[jabber]`.
pub(super) fn jabber(
    core: &Core,
    around: &Surroundings<'_>,
    settings: &mut Table,
    notes: &mut Notes,
) {
    let parties = parties(core);
    let Some(first) = parties.first() else { return };
    let mut jabber = Table::default();
    let listen = listen(&parties, around, notes);
    let is_open = listen.iter().any(|item| !is_loopback(item));
    jabber.set("listen", &first.domain.origin, Value::List(listen));
    let mut seen = BTreeSet::new();
    let domains = parties.iter().map(|party| party.domain);
    let domains: Vec<&Said> = domains.filter(|said| seen.insert(&said.text)).collect();
    jabber.set("domains", &first.domain.origin, list(domains));
    if is_open {
        // Perl programs send the password as it is, whatever the network.
        let anywhere = Value::Text("anywhere".to_owned());
        jabber.set("cleartext_login", &first.domain.origin, anywhere);
        let text = "the server is open to other machines, and takes passwords in clear text from \
                    them, as Perl programs send them; see jabber.cleartext_login";
        notes.loss(&first.domain.origin, "opensrf/domain", text);
    }
    let accounts = accounts(&parties, notes);
    jabber.set("accounts", &first.user.origin, Value::List(accounts));
    settings.set("jabber", &first.domain.origin, Value::Table(jabber));
}

fn parties(core: &Core) -> Vec<Party<'_>> {
    let logins = core.login.iter().chain(&core.gateway).map(|login| Party {
        domain: &login.domain,
        user: &login.user,
        password: &login.password,
        server: login.server.as_ref(),
    });
    let routers = core.routers.iter().map(|router| Party {
        domain: &router.domain,
        user: &router.user,
        password: &router.password,
        server: router.server.as_ref(),
    });
    logins.chain(routers).collect()
}

/// Where the original's programs connect: each once.
fn listen(parties: &[Party<'_>], around: &Surroundings<'_>, notes: &mut Notes) -> Vec<Item> {
    let mut seen = BTreeSet::new();
    let mut listen = Vec::new();
    for party in parties {
        let Some(server) = party.server else { continue };
        let domain = &party.domain.text;
        let found = resolved(around, domain);
        let texts = match server {
            Server::Socket(path) => vec![format!("unix:{}", path.text)],
            Server::Port(port, _) if !found.is_empty() => {
                found.iter().map(|ip| tcp(*ip, *port)).collect()
            }
            Server::Port(port, _) if is_local(domain) => vec![format!("127.0.0.1:{port}")],
            Server::Port(port, origin) => {
                let text = format!("no address is known for {domain}; the server listens on all");
                notes.loss(origin, "domain", text);
                vec![format!("0.0.0.0:{port}")]
            }
        };
        for text in texts {
            if seen.insert(text.clone()) {
                listen.push(Item {
                    origin: server.origin().to_owned(),
                    value: Value::Text(text),
                });
            }
        }
    }
    listen
}

/// The addresses of a domain; of IPv4 if there are any, as the original's C programs connect.
fn resolved(around: &Surroundings<'_>, domain: &str) -> Vec<IpAddr> {
    let mut found = (around.resolve)(domain);
    if found.iter().any(IpAddr::is_ipv4) {
        found.retain(IpAddr::is_ipv4);
    }
    found
}

fn tcp(ip: IpAddr, port: u16) -> String {
    match ip {
        IpAddr::V4(ip) => format!("{ip}:{port}"),
        IpAddr::V6(ip) => format!("[{ip}]:{port}"),
    }
}

fn is_loopback(item: &Item) -> bool {
    let Value::Text(text) = &item.value else {
        return true;
    };
    text.starts_with("127.") || text.starts_with("[::1]") || text.starts_with("unix:")
}

fn accounts(parties: &[Party<'_>], notes: &mut Notes) -> Vec<Item> {
    let mut accounts: Vec<(&Party<'_>, Item)> = Vec::new();
    for party in parties {
        let is_same = |other: &Party<'_>| {
            other.user.text == party.user.text && other.domain.text == party.domain.text
        };
        if let Some((other, _)) = accounts.iter().find(|(other, _)| is_same(other)) {
            if other.password.text != party.password.text {
                let (user, domain) = (&party.user.text, &party.domain.text);
                let text = format!(
                    "another password of {user}@{domain} stands at {}, and that one counts",
                    other.password.origin
                );
                notes.loss(&party.password.origin, "passwd", text);
            }
            continue;
        }
        let mut table = Table::default();
        table.text("user", party.user);
        table.text("domain", party.domain);
        table.text("password", party.password);
        let item = Item {
            origin: party.user.origin.clone(),
            value: Value::Table(table),
        };
        accounts.push((party, item));
    }
    accounts.into_iter().map(|(_, item)| item).collect()
}
