//! What goes wrong on purpose, and where it could.

use super::super::faults::Aim;
use super::super::{Fault, FaultKind, Scenario, When};
use super::{Checks, all};
use crate::law::length::show;

impl Checks<'_> {
    pub(super) fn fault(&mut self, table: &str, fault: &Fault, scenario: &Scenario) {
        if let When::At(at) = fault.when
            && at >= scenario.duration
        {
            let duration = show(scenario.duration);
            let text = format!("must be before the end of the run, {duration}");
            self.clash(table, "at", text);
        }
        match &fault.kind {
            FaultKind::Slow(factor) => self.factor(table, "factor", *factor),
            FaultKind::Loss(fraction) => self.fraction(table, "fraction", *fraction),
            _ => {}
        }
        if fault.kind.lasts() {
            self.length_above_zero(table, "lasts", fault.lasts);
        }
        self.target(table, fault);
    }

    fn target(&mut self, table: &str, fault: &Fault) {
        let names = match fault.kind.aims_at() {
            Aim::Nothing if fault.target.is_some() => {
                return self.clash(table, "on", "there is only one server; leave it out");
            }
            Aim::Nothing => return,
            Aim::Router => self.names.routers.clone(),
            Aim::Host => self.names.hosts.clone(),
            Aim::Service => self.names.services.clone(),
            Aim::MadeUp => self.names.made_up.clone(),
            Aim::Machine => {
                let groups = self.names.groups.iter();
                let machines = groups.chain(&self.names.hosts).chain(&self.names.routers);
                machines.cloned().collect()
            }
        };
        match &fault.target {
            Some(target)
                if fault.kind.aims_at() == Aim::MadeUp
                    && self.names.services.contains(target)
                    && !names.contains(target) =>
            {
                let text = format!("{target:?} is not made up, and does only what its methods say");
                self.clash(table, "on", text);
            }
            Some(target) if !names.contains(target) => {
                let text = format!("there is no {target:?} for it; there are {}", all(&names));
                self.clash(table, "on", text);
            }
            None if names.is_empty() => {
                self.clash(table, "kind", "there is nothing that it could hit");
            }
            _ => {}
        }
    }
}
