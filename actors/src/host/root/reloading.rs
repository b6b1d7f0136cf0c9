//! What a host does when its configuration was read again.

use std::collections::BTreeSet;

use actix::Context;

use super::Root;
use crate::host::child::Kind;
use crate::host::plan::ServicePlan;
use crate::messages::{Order, ServiceOrder};

impl Root {
    /// Starts, changes and drains services until there are just these, besides those that were
    /// added by hand.
    pub(super) fn reload(&mut self, plans: Vec<ServicePlan>, ctx: &mut Context<Self>) {
        let mut unseen: BTreeSet<u64> = self.configured().map(|(id, _)| id).collect();
        for plan in plans {
            let name = plan.service.name();
            let known = self
                .configured()
                .find(|(_, known)| known.service.name() == name);
            match known.map(|(id, _)| id) {
                Some(id) => {
                    unseen.remove(&id);
                    self.change(id, plan);
                }
                None => {
                    tracing::info!(service = &**name, "a new service starts");
                    self.add(Kind::Service(Box::new(plan)), ctx);
                }
            }
        }
        for id in unseen {
            self.let_go(id);
        }
        self.report_ready();
    }

    /// One that runs follows its new plan; one that waits for its restart is started by it.
    fn change(&mut self, id: u64, plan: ServicePlan) {
        let listener = self.plan.listener_plan(&plan);
        if let Some(child) = self.children.get_mut(&id)
            && let Some(listener) = listener
        {
            child.tell_service(ServiceOrder::Change(Box::new(listener)));
            child.kind = Kind::Service(Box::new(plan));
        }
    }

    /// One that runs drains; one that waits for its restart is not started again.
    fn let_go(&mut self, id: u64) {
        let Some(child) = self.children.get_mut(&id) else {
            return;
        };
        tracing::info!(child = child.kind.name(), "not configured any more, drains");
        match child.reins() {
            Some(reins) => {
                // One with a full mailbox, or gone this moment, is not started again either.
                let _ = reins.orders.tell(Order::Drain);
                child.is_leaving = true;
            }
            None => {
                self.children.remove(&id);
            }
        }
    }

    /// The services that are there because the configuration says so.
    fn configured(&self) -> impl Iterator<Item = (u64, &ServicePlan)> {
        let staying = self.children.iter().filter(|(_, child)| !child.is_leaving);
        staying.filter_map(|(id, child)| match &child.kind {
            Kind::Service(plan) if plan.is_configured => Some((*id, &**plan)),
            _ => None,
        })
    }
}
