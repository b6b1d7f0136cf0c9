//! Who asks, what, and when.

use std::path::Path;
use std::time::Duration;

use serde_json::Value as Json;

use super::super::{Arrivals, Ask, Clients, Pace};
use super::values::{law, length, params};
use super::{fill, network, trace};
use crate::toml_tree::read::Section;
use crate::toml_tree::values::{any_text, at_least, domain, number, truth, word};

/// The keys that say when clients ask.
const PACES: [&str; 4] = ["rate", "think", "trace", "idle"];

/// The keys that say how requests of an open loop come.
const COMINGS: [&str; 3] = ["arrivals", "bursts", "daily"];

const ARRIVALS: &[(&str, Plain)] = &[("poisson", Plain::Poisson), ("constant", Plain::Constant)];

#[derive(Debug, Clone, Copy)]
enum Plain {
    Poisson,
    Constant,
}

const DAY: Duration = Duration::from_secs(24 * 3600);

pub(super) fn clients(mut table: Section<'_>, folder: &Path) -> Clients {
    let name = table.needed("name", "add name = \"…\"", any_text);
    let mut clients = Clients::new(&name.unwrap_or_default(), pace(&mut table, folder));
    fill(&mut clients.count, table.given("count", at_least(1)));
    clients.domain = table.given("domain", domain);
    clients.link = network::link(&mut table, folder);
    fill(&mut clients.timeout, table.given("timeout", length));
    if clients.pace == Pace::Idle {
        for key in ["asks", "session"] {
            table.refuse(key, "is for clients that ask; leave it out");
        }
    }
    let asks = table.tables_or_texts("asks", "service").unwrap_or_default();
    clients.asks = asks.into_iter().map(ask).collect();
    clients.session = table
        .given("session", at_least(0))
        .filter(|requests| *requests > 0);
    table.finish();
    clients
}

fn pace(table: &mut Section<'_>, folder: &Path) -> Pace {
    one_of(table, &PACES);
    let is_paced = PACES.iter().any(|key| table.has(key));
    let is_open = table.has("rate");
    let rate = table.given("rate", number);
    let think = table.given("think", law(folder));
    let requests = table
        .given("trace", any_text)
        .map(|file| trace::read(table, "trace", &folder.join(file)));
    let is_idle = table.given("idle", truth);
    if !is_paced || is_idle == Some(false) && !is_open && think.is_none() && requests.is_none() {
        let text = "says not when they ask; add one of rate, think, trace, or idle = true";
        table.problem("", text);
    }
    let arrivals = arrivals(table, is_open);
    match (rate, think, requests) {
        (Some(rate), ..) => Pace::Open { rate, arrivals },
        (_, Some(think), _) => Pace::Closed { think },
        (.., Some(requests)) => Pace::Replay(requests.into()),
        _ => Pace::Idle,
    }
}

/// Reports all of `keys` that are set but for the first.
fn one_of(table: &Section<'_>, keys: &[&str]) {
    let mut set = keys.iter().filter(|key| table.has(key));
    if let Some(first) = set.next() {
        for key in set {
            let text = format!("{first} is given as well; leave one of them out");
            table.problem(key, text);
        }
    }
}

fn arrivals(table: &mut Section<'_>, is_open: bool) -> Arrivals {
    if !is_open {
        for key in COMINGS {
            table.refuse(key, "is for clients at a rate; leave it out, or add rate");
        }
        return Arrivals::Poisson;
    }
    one_of(table, &COMINGS);
    let plain = match table.given("arrivals", word(ARRIVALS)) {
        Some(Plain::Constant) => Arrivals::Constant,
        _ => Arrivals::Poisson,
    };
    let bursts = table.table("bursts").and_then(bursts);
    let daily = table.table("daily").and_then(daily);
    bursts.or(daily).unwrap_or(plain)
}

fn bursts(mut table: Section<'_>) -> Option<Arrivals> {
    let every = table.needed("every", "add every = \"30s\"", length);
    let lasts = table.needed("lasts", "add lasts = \"2s\"", length);
    let factor = table.needed("factor", "add factor = 10.0", number);
    table.finish();
    Some(Arrivals::Bursts {
        every: every?,
        lasts: lasts?,
        factor: factor?,
    })
}

fn daily(mut table: Section<'_>) -> Option<Arrivals> {
    let is_curved = table.has("curve");
    let mut day = DAY;
    fill(&mut day, table.given("day", length));
    let curve = table.each("curve", number);
    if !is_curved {
        table.missing("curve", "add curve = [0.1, 0.5, 1.0, 0.4]");
    }
    table.finish();
    Some(Arrivals::Daily {
        day,
        curve: curve?.into(),
    })
}

fn ask(mut table: Section<'_>) -> Ask {
    let service = table.needed("service", "add service = \"…\"", any_text);
    let mut ask = Ask::new(&service.unwrap_or_default());
    fill(&mut ask.weight, table.given("weight", number));
    let method = table.given("method", any_text);
    if method.is_none() {
        table.refuse("params", "there is no method that takes them; add method");
    }
    let params = table.given("params", params);
    if let Some(method) = method {
        ask = ask.method(&method, params.unwrap_or(Json::Null));
    }
    table.finish();
    ask
}
