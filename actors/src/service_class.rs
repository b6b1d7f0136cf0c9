//! The actor around a [`ServiceClass`]: one registered service at its own address.

mod status;

use std::sync::Arc;

use actix::{Actor, ActorContext, Context, Handler};
use opensrf::jid::Jid;
use opensrf::limits::MAILBOX;
use opensrf::router::{ClassEffect, ClassInput, RoutingPolicy, ServiceClass};
use opensrf::stanza::Stanza;

use crate::counters::Counters;
use crate::driver::{Conduct, Driver};
use crate::dropped::Dropped;
use crate::env::Env;
use crate::messages::{ClassCommand, ClassEvent};
use crate::party::{Party, Uplink};
use crate::peer::Peer;
use crate::router::{RouterPlan, note_distrust};
use crate::supervise::{Exit, Tether};
use crate::transport::{LinkError, LinkEvent};

/// Passes requests for one service to its listeners.
#[derive(Debug)]
pub struct ServiceClassActor {
    name: String,
    policy: RoutingPolicy,
    driver: Driver<ServiceClass>,
    uplink: Uplink,
    router: Peer<ClassEvent>,
    counters: Arc<Counters>,
    dropped: Dropped,
    tether: Tether,
}

impl ServiceClassActor {
    /// A class of the router that `plan` describes, which will log in at `address`.
    #[must_use]
    pub fn new(
        name: String,
        address: Jid,
        plan: &RouterPlan,
        router: Peer<ClassEvent>,
        shared: (Env, Arc<Counters>),
        tether: Tether,
    ) -> Self {
        let (mut env, counters) = shared;
        let RouterPlan {
            trust,
            policy,
            transport,
            ..
        } = plan.clone();
        let bounces = transport.bounces();
        let uplink = Uplink::new(transport, address.clone(), &env, Arc::clone(&counters));
        let first = u32::try_from(env.secret() >> 32).unwrap_or_default();
        let chooser = policy.chooser(env.seed().fork("policy"));
        let class = ServiceClass::new(name.clone(), address, trust, chooser, bounces, first);
        let dropped = Dropped::new(&env, Arc::clone(&counters));
        let driver = Driver::new(class, env);
        Self {
            name,
            policy,
            driver,
            uplink,
            router,
            counters,
            dropped,
            tether,
        }
    }

    fn end(&mut self, exit: Exit, ctx: &mut Context<Self>) {
        self.tether.ends(exit, true);
        self.uplink.hang_up();
        ctx.stop();
    }
}

impl Conduct<ServiceClass> for ServiceClassActor {
    fn driver(&mut self) -> &mut Driver<ServiceClass> {
        &mut self.driver
    }

    fn perform(&mut self, effect: ClassEffect, ctx: &mut Context<Self>) {
        match effect {
            ClassEffect::Send(stanza) => self.uplink.send(stanza),
            ClassEffect::Report(stats) => self.router.report(ClassEvent::Report(stats)),
            ClassEffect::Lost(node) => self.router.report(ClassEvent::Lost {
                class: self.name.clone(),
                node,
            }),
            ClassEffect::Empty { added } => {
                self.router.report(ClassEvent::Empty {
                    class: self.name.clone(),
                    added,
                });
            }
            ClassEffect::Stop => self.end(Exit::Normal, ctx),
            ClassEffect::Distrusted(distrusted) => {
                self.counters.ignored.add();
                note_distrust(&distrusted, "trusted_clients");
            }
            ClassEffect::Dropped(reason, xid) => {
                self.dropped.note(self.uplink.jid().as_str(), reason, &xid);
            }
        }
    }
}

impl Party for ServiceClassActor {
    fn uplink(&mut self) -> &mut Uplink {
        &mut self.uplink
    }

    fn linked(&mut self, _: &mut Context<Self>) {
        tracing::info!(class = self.name, address = %self.uplink.jid(), "service class opened");
        self.router.report(ClassEvent::Up(self.name.clone()));
    }

    fn unlinked(&mut self, reason: &LinkError, ctx: &mut Context<Self>) -> bool {
        // The address is another router's now; a fight for it would serve nobody.
        let is_over = matches!(reason, LinkError::Conflict) || !self.router.is_there();
        if is_over {
            self.end(Exit::LinkLost(reason.to_string()), ctx);
        }
        !is_over
    }

    fn waits_for_its_link(&self) -> bool {
        true
    }

    fn stanza(&mut self, stanza: Stanza, ctx: &mut Context<Self>) {
        self.step(ClassInput::Stanza(stanza), ctx);
    }
}

impl Actor for ServiceClassActor {
    type Context = Context<Self>;

    fn started(&mut self, ctx: &mut Self::Context) {
        ctx.set_mailbox_capacity(MAILBOX);
        self.dial(ctx);
    }
}

impl Handler<LinkEvent> for ServiceClassActor {
    type Result = ();

    fn handle(&mut self, event: LinkEvent, ctx: &mut Self::Context) {
        self.link_event(event, ctx);
    }
}

impl Handler<ClassCommand> for ServiceClassActor {
    type Result = ();

    fn handle(&mut self, command: ClassCommand, ctx: &mut Self::Context) {
        let input = match command {
            ClassCommand::AddNode(node) => ClassInput::AddNode(node),
            ClassCommand::RemoveNode(node) => ClassInput::RemoveNode(node),
            ClassCommand::LoseNode(node) => ClassInput::LoseNode(node),
            ClassCommand::Report => ClassInput::Report,
            ClassCommand::Close => ClassInput::Close,
            ClassCommand::Tell(question) => return self.tell(question),
            ClassCommand::End => return self.end(Exit::Normal, ctx),
        };
        self.step(input, ctx);
    }
}
