//! Machines and their connections.

use std::path::Path;

use super::super::{Hosts, LinkLaw, RouterAt};
use super::fill;
use super::values::{bandwidth, law};
use crate::settings::POLICY;
use crate::toml_tree::read::Section;
use crate::toml_tree::values::{any_text, at_least, domain, number, word};

pub(super) fn router(mut table: Section<'_>, folder: &Path) -> RouterAt {
    let mut router = RouterAt::default();
    fill(&mut router.domain, table.given("domain", domain));
    fill(&mut router.policy, table.given("policy", word(POLICY)));
    router.link = link(&mut table, folder);
    table.finish();
    router
}

pub(super) fn hosts(mut table: Section<'_>, folder: &Path) -> Hosts {
    let mut hosts = Hosts::new("host");
    fill(&mut hosts.name, table.given("name", any_text));
    fill(&mut hosts.count, table.given("count", at_least(1)));
    hosts.domain = table.given("domain", domain);
    hosts.routers = table.each("routers", domain);
    hosts.link = link(&mut table, folder);
    fill(&mut hosts.slow, table.given("slow", number));
    table.finish();
    hosts
}

pub(super) fn link(table: &mut Section<'_>, folder: &Path) -> LinkLaw {
    let mut link = LinkLaw::default();
    let mut table = table.inline("link");
    fill(&mut link.latency, table.given("latency", law(folder)));
    fill(&mut link.loss, table.given("loss", number));
    link.bandwidth = table.given("bandwidth", bandwidth);
    table.finish();
    link
}
