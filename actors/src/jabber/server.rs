//! Takes connections and gives each an actor.

mod status;

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use actix::{Actor, ActorContext, AsyncContext, Context, Handler, Message, fut};
use opensrf::limits::{LINE_INTERVAL, StreamLimits};
use opensrf::liveness::DeadAfter;
use opensrf::muffler::Muffler;
use opensrf::stream::Offer;

use super::connection::Connection;
use super::{Bound, Connections, Switch};
use crate::env::Env;
use crate::messages::Order;
use crate::peer::Peer;
use crate::sasl::{Accounts, MECHANISMS};
use crate::supervise::{ChildExited, Exit, Tether};
use crate::transport::Halves;

/// How long the end of a server waits until its clients have taken what is left for them.
const FAREWELL: Duration = Duration::from_secs(1);

/// How a server treats its clients.
#[derive(Debug, Clone)]
pub struct ServerPlan {
    /// Virtual hosts.
    pub domains: Vec<String>,
    /// Who may log in.
    pub accounts: Arc<Accounts>,
    /// Where passwords may cross the wire as they are.
    pub cleartext: Cleartext,
    /// What one stanza may cost.
    pub limits: StreamLimits,
    /// How long a client may take to log in.
    pub login_time: Duration,
    /// Bytes that may wait for one client.
    pub outbox_bytes: usize,
    /// How long a client may take none of the bytes that wait for it.
    pub outbox_progress: Duration,
    /// Connections from one address of the network; those of this machine are not counted.
    pub connections_per_address: usize,
    /// How long a client that answers pings may be silent before it is dead; never if absent.
    pub dead_after: Option<DeadAfter>,
}

/// Where passwords may cross the wire as they are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Cleartext {
    /// On connections that nobody but this machine sees.
    #[default]
    Loopback,
    /// Everywhere.
    Anywhere,
    /// Nowhere.
    Never,
}

impl Cleartext {
    fn allows(self, is_private: bool) -> bool {
        match self {
            Self::Loopback => is_private,
            Self::Anywhere => true,
            Self::Never => false,
        }
    }
}

/// A new connection. Sent by whatever accepts them.
#[derive(Debug, Message)]
#[rtype(result = "()")]
pub struct Incoming {
    /// Its bytes.
    pub halves: Halves,
    /// Where it comes from, for people and for counting.
    pub from: String,
}

/// What all connections of a server share.
#[derive(Debug)]
pub(super) struct Shared {
    pub(super) plan: ServerPlan,
    pub(super) offer: Arc<Offer>,
    pub(super) switch: Arc<Switch>,
    pub(super) env: Env,
    failures: Mutex<Muffler<String>>,
}

impl Shared {
    /// Somebody at `from` could not log in. Of each address there is one line a minute at most.
    pub(super) fn login_failed(&self, from: &str) {
        self.switch.counters().login_failures.add();
        // Nothing that holds it panics; if it did, it would still be sound.
        let mut failures = self.failures.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(more) = failures.hear(self.env.now(), from.to_owned()) {
            tracing::warn!(
                from,
                more,
                "a log-in was refused: wrong password, or no such account"
            );
        }
    }
}

/// The embedded Jabber server.
#[derive(Debug)]
pub struct Server {
    shared: Arc<Shared>,
    sockets: Vec<Arc<Bound>>,
    connections: Connections,
    is_ending: bool,
    tether: Tether,
}

impl Server {
    /// A server on `switch` that takes what comes at `sockets`, and what is sent to it as
    /// [`Incoming`].
    #[must_use]
    pub fn new(
        plan: ServerPlan,
        switch: Arc<Switch>,
        sockets: Vec<Arc<Bound>>,
        env: Env,
        tether: Tether,
    ) -> Self {
        let offer = Arc::new(
            Offer::new(&plan.domains, MECHANISMS).with_stanza_bytes(plan.limits.stanza_bytes),
        );
        let shared = Arc::new(Shared {
            plan,
            offer,
            switch,
            env,
            failures: Mutex::new(Muffler::new(LINE_INTERVAL)),
        });
        Self {
            shared,
            sockets,
            connections: Connections::default(),
            is_ending: false,
            tether,
        }
    }

    /// Has those connections, too, which the one had in whose place it is.
    pub(crate) fn with_connections(mut self, connections: Connections) -> Self {
        self.connections = connections;
        self
    }

    fn end(&mut self, ctx: &mut Context<Self>) {
        self.tether.ends(Exit::Stopped, true);
        ctx.stop();
    }

    fn is_crowded(&self, incoming: &Incoming) -> bool {
        !incoming.halves.is_private
            && self.connections.count_from(&incoming.from)
                >= self.shared.plan.connections_per_address
    }
}

impl Actor for Server {
    type Context = Context<Self>;

    fn started(&mut self, ctx: &mut Self::Context) {
        ctx.set_mailbox_capacity(64);
        for socket in &self.sockets {
            let socket = Arc::clone(socket);
            let own = Peer::new(ctx.address());
            let dead_after = self.shared.plan.dead_after;
            ctx.spawn(fut::wrap_future(async move {
                socket.accept(own, dead_after).await;
            }));
        }
    }
}

impl Handler<Incoming> for Server {
    type Result = ();

    fn handle(&mut self, incoming: Incoming, ctx: &mut Self::Context) {
        if self.is_ending {
            return; // dropping it closes it
        }
        if self.is_crowded(&incoming) {
            tracing::warn!(
                from = incoming.from,
                "too many connections from one address"
            );
            return;
        }
        let id = self.connections.next_number();
        let Incoming { halves, from } = incoming;
        let cleartext = self.shared.plan.cleartext.allows(halves.is_private);
        let tether = Tether::new(ctx.address().recipient(), id);
        let env = self.shared.env.fork(&format!("connection {id}"));
        let connection = Connection::start(
            Arc::clone(&self.shared),
            (halves, &from),
            cleartext,
            env,
            tether,
        );
        self.connections.add(id, from, connection);
    }
}

impl Handler<ChildExited> for Server {
    type Result = ();

    fn handle(&mut self, exited: ChildExited, ctx: &mut Self::Context) {
        self.connections.remove(exited.child);
        if self.is_ending && self.connections.count() == 0 {
            self.end(ctx);
        }
    }
}

impl Handler<Order> for Server {
    type Result = ();

    fn handle(&mut self, _: Order, ctx: &mut Self::Context) {
        self.connections.shut_down();
        self.is_ending = true;
        if self.connections.count() == 0 {
            return self.end(ctx);
        }
        ctx.run_later(FAREWELL, |server, ctx| server.end(ctx));
    }
}
