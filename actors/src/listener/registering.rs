//! What the registration wants done: what is said to routers, and what they answer.

use std::num::NonZeroU32;

use actix::Context;
use opensrf::jid::Jid;
use opensrf::osrf::{self, Body};
use opensrf::pool;
use opensrf::registration::{self, Registration};
use opensrf::reporting;
use opensrf::stanza::{Extension, Message, Presence, Stanza};

use super::ListenerActor;
use crate::driver::{Conduct, Driver};

/// The id of the pings by which a listener learns that nothing more comes.
const FAREWELL: &str = "farewell";

impl ListenerActor {
    /// What a router itself says, as opposed to what its classes pass on.
    pub(super) fn router_says(&mut self, router: Jid, stanza: &Stanza, ctx: &mut Context<Self>) {
        if stanza.is_error() {
            return self.registration_step(registration::Input::Bounced(router), ctx);
        }
        let said = stanza.decode();
        let Ok(messages) = said.body.read() else {
            return;
        };
        let classes = messages.iter().find_map(|message| match &message.body {
            Body::Result(answer) => answer.content.value::<Vec<String>>().ok(),
            _ => None,
        });
        if let Some(classes) = classes {
            let known = classes.iter().any(|class| class == self.service());
            self.registration_step(registration::Input::Answered { router, known }, ctx);
        }
    }

    /// Says `register`, and what the router may want to know for it.
    fn register(&self, router: Jid) {
        let drones = self.plan.pool.size.max();
        // More than fit are as good as any number.
        let drones = u32::try_from(drones).unwrap_or(u32::MAX);
        let opensrf = Extension {
            drones: NonZeroU32::new(drones),
            ..self.command("register")
        };
        self.say(router, opensrf, "registering");
    }

    fn command(&self, command: &'static str) -> Extension {
        Extension {
            router_class: self.plan.service.name().clone(),
            router_command: command.into(),
            ..Extension::default()
        }
    }

    fn say(&self, router: Jid, opensrf: Extension, said: &'static str) {
        let message = Message {
            opensrf,
            body: said.into(),
            ..Message::default()
        };
        self.uplink.send(Stanza::message(router, message));
    }

    fn ask_for_classes(&self, router: Jid) {
        let request =
            osrf::Message::request(1, "opensrf.router.info.class.list".into(), Vec::new());
        let message = Message {
            thread: format!("registration.{}", self.number).into(),
            body: osrf::Content::of(vec![request]),
            ..Message::default()
        };
        self.uplink.send(Stanza::message(router, message));
    }

    /// The address at which a router passes on what is for this service.
    pub(super) fn class_at(&self, router: &Jid) -> Option<Jid> {
        Jid::new(router.local()?, router.domain(), self.service()).ok()
    }

    /// The router that an answer to a ping is from: its own, or its class's.
    pub(super) fn router_that_ponged(&self, stanza: &Stanza) -> Option<Jid> {
        let from = stanza.from.as_ref().filter(|_| stanza.id == FAREWELL)?;
        let mut routers = self.plan.routers.iter();
        let router = routers.find(|r| *r == from || self.class_at(r).as_ref() == Some(from));
        router.cloned()
    }
}

impl Conduct<Registration> for ListenerActor {
    fn driver(&mut self) -> &mut Driver<Registration> {
        &mut self.registration
    }

    fn perform(&mut self, effect: registration::Effect, ctx: &mut Context<Self>) {
        match effect {
            registration::Effect::Register(router) => {
                if let Some(class) = self.class_at(&router) {
                    self.reporting_step(reporting::Input::Repeat(class), ctx);
                }
                self.register(router);
            }
            registration::Effect::Unregister(router) => {
                self.say(router, self.command("unregister"), "unregistering");
            }
            registration::Effect::Ask(router) => self.ask_for_classes(router),
            registration::Effect::Show(router) => {
                self.uplink.send(Stanza::presence(router, Presence::Here));
            }
            registration::Effect::PingRouter(router) => {
                self.uplink.send(Stanza::ping(router, FAREWELL));
            }
            registration::Effect::PingClass(router) => {
                if let Some(class) = self.class_at(&router) {
                    self.uplink.send(Stanza::ping(class, FAREWELL));
                }
            }
            registration::Effect::Left => self.pool_step(pool::Input::Drain, ctx),
            registration::Effect::Registered(router) => {
                tracing::info!(service = self.service(), %router, "registered");
            }
            registration::Effect::Missing(router) => {
                tracing::warn!(service = self.service(), %router, "router is missing");
                if let Some(class) = self.class_at(&router) {
                    self.reporting_step(reporting::Input::Forget(class), ctx);
                }
            }
        }
    }
}
