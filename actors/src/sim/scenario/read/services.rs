//! Services, made up or on board.

use std::path::Path;
use std::time::Duration;

use super::super::Served;
use super::fill;
use super::values::{law, length, on_board};
use crate::law::Law;
use crate::service::Service;
use crate::toml_tree::read::Section;
use crate::toml_tree::values::{any_text, at_least, number};

pub(super) fn served(mut table: Section<'_>, folder: &Path) -> Served {
    let is_own = table.has("use");
    let service = table.given("use", on_board);
    let mut served = match is_own {
        true => own(&mut table, service),
        false => made_up(&mut table, folder),
    };
    served.hosts = table.each("hosts", any_text);
    let mut drones = table.inline("drones");
    fill(&mut served.min, drones.given("min", at_least(0)));
    fill(&mut served.max, drones.given("max", at_least(1)));
    served.max_requests = no_end(drones.given("max_requests", at_least(0)));
    drones.finish();
    fill(&mut served.backlog, table.given("backlog", at_least(0)));
    served.session_requests = no_end(table.given("session_requests", at_least(0)));
    let limit = |limit: Option<Duration>| limit.filter(|limit| !limit.is_zero());
    served.max_wait = limit(table.given("max_wait", length));
    served.max_run = limit(table.given("max_run", length));
    fill(&mut served.keepalive, table.given("keepalive", length));
    table.finish();
    served
}

/// A limit that 0 lifts.
fn no_end(limit: Option<u64>) -> Option<u64> {
    limit.filter(|limit| *limit > 0)
}

/// A service on board.
fn own(table: &mut Section<'_>, service: Option<Service>) -> Served {
    let name = table.given("name", any_text);
    for key in ["time", "errors", "panics", "answer_bytes"] {
        table.refuse(key, "is for made-up services; leave it out, or use");
    }
    let Some(service) = service else {
        return Served::simulated("service", Law::ZERO); // a place for it
    };
    if name.is_some_and(|name| *service.name() != *name) {
        let text = format!("is {:?} with this use; leave it out", &**service.name());
        table.problem("name", text);
    }
    Served::own(service)
}

fn made_up(table: &mut Section<'_>, folder: &Path) -> Served {
    let name = table.needed("name", "add name = \"…\"", any_text);
    let remedy = "add time = \"20ms\", or use = \"opensrf.math\" for a service on board";
    let time = table.needed("time", remedy, law(folder));
    Served::simulated(&name.unwrap_or_default(), time.unwrap_or(Law::ZERO))
        .errors(table.given("errors", number).unwrap_or_default())
        .panics(table.given("panics", number).unwrap_or_default())
        .answer_bytes(table.given("answer_bytes", at_least(0)).unwrap_or_default())
}
