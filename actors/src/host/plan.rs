//! All that a host is made of, checked and ready to start.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use opensrf::ids::resource_part;
use opensrf::jid::Jid;
use opensrf::pool::PoolRules;
use opensrf::session::{RouterName, SessionRules};

use crate::activity::Protected;
use crate::client::{Client, ClientPlan};
use crate::counters::Counters;
use crate::env::Env;
use crate::jabber::{Bound, Connections, Incoming, ServerPlan, Switch};
use crate::listener::ListenerPlan;
use crate::messages::ClientCommand;
use crate::peer::Slot;
use crate::router::RouterPlan;
use crate::service::{Service, Threads};
use crate::transport::Transport;

/// A service with the size of its pool.
#[derive(Debug, Clone)]
pub(super) struct ServicePlan {
    pub(super) service: Service,
    pub(super) pool: PoolRules,
    pub(super) rules: SessionRules,
    pub(super) routers: Vec<Jid>,
    /// It is there because the configuration says so, and goes when it does not say so any more.
    pub(super) is_configured: bool,
}

/// How services and clients of this host log in.
#[derive(Debug, Clone)]
pub(super) struct BusPlan {
    pub(super) user: String,
    pub(super) domain: String,
    pub(super) host: String,
    pub(super) router: Arc<RouterName>,
    pub(super) transport: Arc<dyn Transport>,
}

/// The embedded server and what outlives it when it is started again. Whoever is still bound when this
/// goes, with the host, is told so: parties of other hosts of this process are not its children.
#[derive(Debug)]
pub(super) struct ServerParts {
    pub(super) plan: ServerPlan,
    pub(super) switch: Arc<Switch>,
    pub(super) sockets: Vec<Arc<Bound>>,
    pub(super) connections: Connections,
}

impl ServerParts {
    /// The TCP addresses it listens on.
    pub(super) fn addresses(&self) -> Vec<SocketAddr> {
        self.sockets
            .iter()
            .filter_map(|socket| socket.tcp())
            .collect()
    }
}

impl Drop for ServerParts {
    fn drop(&mut self) {
        self.switch.close();
    }
}

/// All that a host is made of.
#[derive(Debug)]
pub(super) struct RootPlan {
    /// The host's name.
    pub(super) name: String,
    pub(super) env: Env,
    pub(super) counters: Arc<Counters>,
    pub(super) server: Option<ServerParts>,
    pub(super) incoming: Slot<Incoming>,
    pub(super) routers: Vec<RouterPlan>,
    pub(super) bus: Option<BusPlan>,
    pub(super) services: Vec<ServicePlan>,
    pub(super) client: Client,
    pub(super) client_slot: Slot<ClientCommand>,
    pub(super) drain: Duration,
    pub(super) protected: Protected,
    pub(super) threads: Threads,
    pub(super) client_numbers: ClientNumbers,
}

/// Tells the clients of this host from each other, and from those of another one of its name.
#[derive(Debug)]
pub(super) struct ClientNumbers(u32);

impl ClientNumbers {
    pub(super) fn new(env: &mut Env) -> Self {
        Self((env.secret() >> 32) as u32)
    }

    /// One after the other: drawn by chance, two of very many would be the same.
    fn next(&mut self) -> u32 {
        self.0 = self.0.wrapping_add(1);
        self.0
    }
}

impl RootPlan {
    /// What a listener of `plan` needs; nothing without a bus.
    pub(super) fn listener_plan(&self, plan: &ServicePlan) -> Option<ListenerPlan> {
        let bus = self.bus.as_ref()?;
        Some(ListenerPlan {
            service: plan.service.clone(),
            pool: plan.pool,
            rules: plan.rules,
            user: bus.user.clone(),
            domain: bus.domain.clone(),
            host: bus.host.clone(),
            routers: plan.routers.clone(),
            transport: Arc::clone(&bus.transport),
            client: self.client.clone(),
            protected: self.protected.clone(),
            threads: self.threads.clone(),
        })
    }

    /// What another client needs; nothing without a bus.
    pub(super) fn client_plan(&mut self, name: &str) -> Option<ClientPlan> {
        let number = self.client_numbers.next();
        let bus = self.bus.as_ref()?;
        let resource = format!("{}_at_{}_{number:08x}", resource_part(name), bus.host);
        let jid = Jid::new(&bus.user, &bus.domain, &resource).ok()?;
        Some(ClientPlan {
            jid,
            transport: Arc::clone(&bus.transport),
            protected: self.protected.clone(),
            counters: Arc::clone(&self.counters),
        })
    }
}
