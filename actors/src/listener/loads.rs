//! What is told of the load to service classes that ask.

use actix::Context;
use opensrf::reporting::{self, Reporting};
use opensrf::stanza::Stanza;

use super::ListenerActor;
use crate::driver::{Conduct, Driver};

impl ListenerActor {
    /// Notes the class that passed a request on, if it wants to be told of the load. Others could have
    /// themselves told by the same attribute, and are not heard.
    pub(super) fn note_asker(&mut self, request: &Stanza, ctx: &mut Context<Self>) {
        let (Some(number), Some(from)) = (request.number(), &request.from) else {
            return;
        };
        let mut routers = self.plan.routers.iter();
        if routers.any(|router| self.class_at(router).as_ref() == Some(from)) {
            let class = from.clone();
            self.reporting_step(reporting::Input::Asked { class, number }, ctx);
        }
    }

    /// Tells what the pool holds now, if anybody wants to know.
    pub(super) fn report_load(&mut self, ctx: &mut Context<Self>) {
        if self.reporting.role().is_asked() {
            let held = self.pool.role().held();
            self.reporting_step(reporting::Input::Held(held), ctx);
        }
    }

    pub(super) fn reporting_step(&mut self, input: reporting::Input, ctx: &mut Context<Self>) {
        Conduct::<Reporting>::step(self, input, ctx);
    }
}

impl Conduct<Reporting> for ListenerActor {
    fn driver(&mut self) -> &mut Driver<Reporting> {
        &mut self.reporting
    }

    fn perform(&mut self, effect: reporting::Effect, _: &mut Context<Self>) {
        let reporting::Effect::Report(class, report) = effect;
        self.uplink.send(Stanza::load_report(class, report));
    }
}
