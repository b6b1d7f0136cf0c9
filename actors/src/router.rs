//! The actor around a [`Router`]: registrations, and a child for each registered service.

mod status;

use std::collections::BTreeMap;
use std::sync::Arc;

use actix::{Actor, ActorContext, AsyncContext, Context, Handler};
use opensrf::jid::Jid;
use opensrf::limits::MAILBOX;
use opensrf::router::{
    ClassEnd, Distrusted, Router, RouterEffect, RouterInput, RoutingPolicy, Trust,
};
use opensrf::stanza::Stanza;

use crate::counters::Counters;
use crate::driver::{Conduct, Driver};
use crate::dropped::Dropped;
use crate::env::Env;
use crate::messages::{ClassCommand, ClassEvent, Order, Ready};
use crate::party::{Party, Uplink};
use crate::peer::Peer;
use crate::service_class::ServiceClassActor;
use crate::supervise::{ChildExited, Exit, Tether};
use crate::transport::{LinkError, LinkEvent, Transport};

/// What a router needs.
#[derive(Debug, Clone)]
pub struct RouterPlan {
    /// `router@domain/router`.
    pub address: Jid,
    /// Whom it listens to.
    pub trust: Trust,
    /// How its classes choose among listeners.
    pub policy: RoutingPolicy,
    /// How it gets onto the bus, it and its classes.
    pub transport: Arc<dyn Transport>,
}

/// The router at its own address.
#[derive(Debug)]
pub struct RouterActor {
    plan: RouterPlan,
    driver: Driver<Router>,
    uplink: Uplink,
    classes: BTreeMap<String, (u64, Peer<ClassCommand>)>,
    opened: u64,
    env: Env,
    counters: Arc<Counters>,
    dropped: Dropped,
    host: Peer<Ready>,
    child: u64,
    tether: Tether,
}

impl RouterActor {
    /// A router that is the `child` of `host` by its number.
    #[must_use]
    pub fn new(
        plan: RouterPlan,
        env: Env,
        counters: Arc<Counters>,
        host: Peer<Ready>,
        child: u64,
        tether: Tether,
    ) -> Self {
        let role = Router::new(plan.address.clone(), plan.trust.clone(), env.now());
        let uplink = Uplink::new(
            Arc::clone(&plan.transport),
            plan.address.clone(),
            &env,
            Arc::clone(&counters),
        );
        Self {
            driver: Driver::new(role, env.clone()),
            plan,
            uplink,
            classes: BTreeMap::new(),
            opened: 0,
            dropped: Dropped::new(&env, Arc::clone(&counters)),
            env,
            counters,
            host,
            child,
            tether,
        }
    }

    fn open(&mut self, class: String, address: Jid, ctx: &mut Context<Self>) {
        self.opened += 1;
        let env = self.env.fork(&format!("class {class} {}", self.opened));
        let actor = ServiceClassActor::new(
            class.clone(),
            address,
            &self.plan,
            Peer::new(ctx.address()),
            (env, Arc::clone(&self.counters)),
            Tether::new(ctx.address().recipient(), self.opened),
        );
        self.classes
            .insert(class, (self.opened, Peer::new(actor.start())));
    }

    fn tell(&self, class: &str, command: ClassCommand) {
        let Some((_, peer)) = self.classes.get(class) else {
            return;
        };
        if peer.tell(command).is_err() {
            // Registrations are repeated, and questions are answered without it.
            tracing::warn!(class, "service class takes no commands now");
        }
    }
}

impl Conduct<Router> for RouterActor {
    fn driver(&mut self) -> &mut Driver<Router> {
        &mut self.driver
    }

    fn perform(&mut self, effect: RouterEffect, ctx: &mut Context<Self>) {
        match effect {
            RouterEffect::Send(stanza) => self.uplink.send(stanza),
            RouterEffect::OpenClass { class, address } => self.open(class, address, ctx),
            RouterEffect::AddNode(class, node) => {
                self.tell(&class, ClassCommand::AddNode(node));
            }
            RouterEffect::RemoveNode(class, node) => {
                self.tell(&class, ClassCommand::RemoveNode(node));
            }
            RouterEffect::LoseNode(class, node) => {
                tracing::info!(class, %node, "listener lost: its session has ended");
                self.tell(&class, ClassCommand::LoseNode(node));
            }
            RouterEffect::CloseClass(class) => {
                tracing::info!(class, "service class closed: no listener is left");
                self.tell(&class, ClassCommand::Close);
            }
            RouterEffect::AskStats(class) => self.tell(&class, ClassCommand::Report),
            RouterEffect::Distrusted(distrusted) => {
                self.counters.ignored.add();
                note_distrust(&distrusted, "trusted_servers");
            }
            RouterEffect::Dropped(reason, xid) => {
                self.dropped.note(self.uplink.jid().as_str(), reason, &xid);
            }
        }
    }
}

/// Tells the administrator, now and then, of a domain that `setting` does not name.
pub(crate) fn note_distrust(distrusted: &Distrusted, setting: &'static str) {
    let Distrusted {
        domain,
        xid,
        warning,
    } = distrusted;
    match warning {
        Some(others) => tracing::warn!(
            domain,
            setting,
            others,
            "what comes from a domain that is not trusted is dropped"
        ),
        None => tracing::debug!(xid = &**xid, domain, "dropped: not trusted"),
    }
}

impl Party for RouterActor {
    fn uplink(&mut self) -> &mut Uplink {
        &mut self.uplink
    }

    fn linked(&mut self, _: &mut Context<Self>) {
        self.host.report(Ready(self.child));
    }

    fn unlinked(&mut self, reason: &LinkError, ctx: &mut Context<Self>) -> bool {
        let is_over = matches!(reason, LinkError::Conflict);
        if is_over {
            tracing::error!(address = %self.plan.address, "another router took the address");
            self.tether.ends(Exit::LinkLost(reason.to_string()), true);
            ctx.stop();
        }
        !is_over
    }

    fn presence(&mut self, stanza: Stanza, ctx: &mut Context<Self>) {
        self.step(RouterInput::Stanza(stanza), ctx);
    }

    fn stanza(&mut self, stanza: Stanza, ctx: &mut Context<Self>) {
        self.step(RouterInput::Stanza(stanza), ctx);
    }
}

impl Actor for RouterActor {
    type Context = Context<Self>;

    fn started(&mut self, ctx: &mut Self::Context) {
        ctx.set_mailbox_capacity(MAILBOX);
        self.dial(ctx);
    }
}

impl Handler<LinkEvent> for RouterActor {
    type Result = ();

    fn handle(&mut self, event: LinkEvent, ctx: &mut Self::Context) {
        self.link_event(event, ctx);
    }
}

impl Handler<ClassEvent> for RouterActor {
    type Result = ();

    fn handle(&mut self, event: ClassEvent, ctx: &mut Self::Context) {
        let input = match event {
            ClassEvent::Up(class) => RouterInput::ClassUp(class),
            ClassEvent::Lost { class, node } => RouterInput::NodeLost { class, node },
            ClassEvent::Empty { class, added } => RouterInput::ClassEmpty { class, added },
            ClassEvent::Report(stats) => RouterInput::Report(stats),
        };
        self.step(input, ctx);
    }
}

impl Handler<ChildExited> for RouterActor {
    type Result = ();

    fn handle(&mut self, exited: ChildExited, ctx: &mut Self::Context) {
        // A class that was closed may have a successor of the same name already.
        let name = self
            .classes
            .iter()
            .find(|(_, (child, _))| *child == exited.child);
        let Some(name) = name.map(|(name, _)| name.clone()) else {
            return;
        };
        let end = match exited.exit {
            Exit::Normal | Exit::Stopped => ClassEnd::Closed,
            Exit::LinkLost(_) => ClassEnd::Evicted,
            Exit::Panicked | Exit::Hung | Exit::NotStarted(_) | Exit::Intensity(_) => {
                ClassEnd::Broken
            }
        };
        if end == ClassEnd::Broken {
            self.counters.restarts.add();
        }
        if end != ClassEnd::Closed {
            tracing::warn!(class = name, exit = %exited.exit, "service class ended");
        }
        self.classes.remove(&name);
        self.step(RouterInput::ClassGone { class: name, end }, ctx);
    }
}

impl Handler<Order> for RouterActor {
    type Result = ();

    fn handle(&mut self, _: Order, ctx: &mut Self::Context) {
        for class in self.classes.keys() {
            self.tell(class, ClassCommand::End);
        }
        self.tether.ends(Exit::Stopped, true);
        self.uplink.hang_up();
        ctx.stop();
    }
}
