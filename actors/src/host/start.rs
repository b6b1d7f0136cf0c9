//! From what a host is to be to a host that runs.

use std::sync::Arc;

use actix::Actor;
use opensrf::jid::Jid;
use opensrf::liveness::DeadAfter;
use opensrf::pool::{PoolRules, PoolSize};
use opensrf::router::Trust;
use opensrf::session::{RouterName, SessionRules};
use opensrf::stream::LoginMethod;

use super::plan::{BusPlan, ClientNumbers, RootPlan, ServerParts, ServicePlan};
use super::root::Root;
use super::spec::{Access, BusSpec, EmbeddedPlan, LOCALHOST, RouterSpec, ServiceSpec};
use super::{HostBuilder, HostError, HostHandle};
use crate::client::Client;
use crate::control::Control;
use crate::counters::Counters;
use crate::env::Env;
use crate::jabber::{Bound, Connections, Incoming, ServerPlan, Socket, Switch};
use crate::peer::{Peer, Slot};
use crate::router::RouterPlan;
use crate::sasl::{Account, Accounts};
use crate::service::Threads;
use crate::transport::faulty::Faulty;
use crate::transport::{Credentials, Dial, DuplexDial, Local, TcpDial, Transport, UnixDial, Xmpp};

impl HostBuilder {
    /// Starts the host inside the actix `System` of this thread.
    ///
    /// It runs when this returns; [`HostHandle::ready`] waits until its services are registered.
    ///
    /// # Errors
    /// [`HostError`] names the first thing that is wrong.
    pub async fn start(mut self) -> Result<HostHandle, HostError> {
        let mut env = self.env.take().unwrap_or_else(Env::real);
        self.make_accounts(&mut env);
        let counters = Arc::new(Counters::default());
        let control = Control::open(self.control.as_ref(), &self.own_name()).await?;
        let server = self.listen_on_all(&counters).await?;
        let incoming = Slot::default();
        let ways = Ways {
            switch: server.as_ref().map(|server| &server.switch),
            incoming: &incoming,
            env: &env,
        };
        let routers = self.router.iter().chain(&self.further_routers);
        let routers = routers
            .map(|spec| spec.plan(&ways))
            .collect::<Result<_, _>>()?;
        let bus = self.bus.as_ref().map(|spec| spec.plan(&ways)).transpose()?;
        let client_slot = Slot::default();
        let client = Client::new(client_slot.clone(), self.router_name())
            .with_timeout(self.timeout)
            .with_connect_timeout(self.connect_timeout);
        let plan = RootPlan {
            name: self.own_name(),
            services: self.service_plans()?,
            client: client.clone(),
            counters: Arc::clone(&counters),
            drain: self.drain,
            protected: self.protected.clone(),
            threads: Threads::new(self.blocking_threads, Arc::clone(&counters)),
            client_numbers: ClientNumbers::new(&mut env),
            env,
            server,
            incoming,
            routers,
            bus,
            client_slot,
        };
        let handle = HostHandle {
            addresses: plan
                .server
                .as_ref()
                .map(ServerParts::addresses)
                .unwrap_or_default(),
            routers: self.routers_of(None)?,
            keepalive: self.keepalive,
            switch: plan
                .server
                .as_ref()
                .map(|server| Arc::clone(&server.switch)),
            incoming: plan.incoming.clone(),
            root: Peer::new(Root::new(plan).start()),
            client,
            counters,
            protected: self.protected,
        };
        // An answer means that the host has begun: its client can be asked from now on.
        handle.waits_for().await?;
        if let Some(control) = control {
            actix_rt::spawn(control.serve(handle.clone()));
        }
        Ok(handle)
    }

    /// The embedded server with its sockets, which listen from now on.
    async fn listen_on_all(
        &mut self,
        counters: &Arc<Counters>,
    ) -> Result<Option<ServerParts>, HostError> {
        let Some(embedded) = &self.embedded else {
            return Ok(None);
        };
        let mut sockets = Vec::new();
        for socket in &embedded.listen {
            sockets.push(Arc::new(Bound::new(socket).await?));
        }
        let switch = Switch::new(
            embedded.domains.iter().cloned(),
            embedded.sessions_per_account,
            Arc::clone(counters),
            self.tap.take(),
        );
        let plan = embedded.server_plan()?;
        Ok(Some(ServerParts {
            plan,
            switch: Arc::new(switch),
            sockets,
            connections: Connections::default(),
        }))
    }

    /// The parties of this host that log in to the embedded server by bytes need accounts there.
    fn make_accounts(&mut self, env: &mut Env) {
        let Some(embedded) = &mut self.embedded else {
            return;
        };
        let router = self
            .router
            .as_mut()
            .map(|r| (&r.user, &mut r.password, &r.access));
        let bus = self
            .bus
            .as_mut()
            .map(|b| (&b.user, &mut b.password, &b.access));
        for (user, password, access) in router.into_iter().chain(bus) {
            if !access.logs_in_here() {
                continue;
            }
            match embedded
                .accounts
                .iter()
                .find(|account| account.user == *user)
            {
                Some(account) => password.clone_from(&account.password),
                None => {
                    *password = format!("{:016x}{:016x}", env.secret(), env.secret());
                    let (user, password) = (user.clone(), password.clone());
                    embedded.accounts.push(Account {
                        user,
                        domain: None,
                        password,
                    });
                }
            }
        }
    }

    fn own_name(&self) -> String {
        let bus = self.bus.as_ref().map(|bus| bus.host.as_str());
        self.name.as_deref().or(bus).unwrap_or(LOCALHOST).to_owned()
    }

    fn router_name(&self) -> RouterName {
        let first = self.bus.as_ref().and_then(|bus| bus.routers.first());
        first.map_or_else(
            || RouterName {
                name: "router".into(),
                domain: LOCALHOST.into(),
            },
            |(router, _)| router.clone(),
        )
    }

    pub(super) fn service_plans(&self) -> Result<Vec<ServicePlan>, HostError> {
        let plan = |spec: &ServiceSpec| {
            Ok(ServicePlan {
                pool: PoolRules {
                    size: PoolSize::new(spec.min, spec.max, spec.backlog)?,
                    max_requests: spec.max_requests,
                    max_wait: spec.max_wait,
                },
                is_configured: true,
                rules: SessionRules {
                    keepalive: spec.keepalive.unwrap_or(self.keepalive),
                    most_requests: spec.session_requests,
                    max_run: spec.max_run,
                },
                routers: self.routers_of(Some(spec.service.name()))?,
                service: spec.service.clone(),
            })
        };
        self.services.iter().map(plan).collect()
    }

    /// The routers that a service registers with; all of them for `None`.
    fn routers_of(&self, service: Option<&str>) -> Result<Vec<Jid>, HostError> {
        let Some(bus) = &self.bus else {
            return Ok(Vec::new());
        };
        let wanted = |only: &Option<Vec<String>>| match (only, service) {
            (Some(only), Some(service)) => only.iter().any(|name| name == service),
            _ => true,
        };
        let routers = bus.routers.iter().filter(|(_, only)| wanted(only));
        routers
            .map(|(router, _)| jid(&router.name, &router.domain, "router"))
            .collect()
    }
}

impl EmbeddedPlan {
    fn server_plan(&self) -> Result<ServerPlan, HostError> {
        Ok(ServerPlan {
            domains: self.domains.clone(),
            accounts: Arc::new(Accounts::new(self.accounts.iter().cloned())?),
            cleartext: self.cleartext,
            limits: self.limits,
            login_time: self.login_time,
            outbox_bytes: self.outbox_bytes,
            outbox_progress: self.outbox_progress,
            connections_per_address: self.connections_per_address,
            dead_after: DeadAfter::new(self.dead_after)?,
        })
    }
}

impl RouterSpec {
    fn plan(&self, ways: &Ways<'_>) -> Result<RouterPlan, HostError> {
        Ok(RouterPlan {
            address: jid(&self.user, &self.domain, &self.resource)?,
            trust: Trust::new(self.trusted_clients.clone(), self.trusted_servers.clone())?,
            policy: self.policy,
            transport: ways.transport(
                &self.access,
                &self.password,
                DeadAfter::new(self.dead_after)?,
            )?,
        })
    }
}

impl BusSpec {
    fn plan(&self, ways: &Ways<'_>) -> Result<BusPlan, HostError> {
        jid(&self.user, &self.domain, &self.host)?;
        let router = self.routers.first().map(|(router, _)| router.clone());
        Ok(BusPlan {
            user: self.user.clone(),
            domain: self.domain.clone(),
            host: self.host.clone(),
            router: Arc::new(router.unwrap_or_else(|| RouterName {
                name: "router".into(),
                domain: self.domain.clone(),
            })),
            transport: ways.transport(
                &self.access,
                &self.password,
                DeadAfter::new(self.dead_after)?,
            )?,
        })
    }
}

fn jid(user: &str, domain: &str, resource: &str) -> Result<Jid, HostError> {
    Jid::new(user, domain, resource).map_err(|error| HostError::Address {
        what: format!("{user}@{domain}/{resource}"),
        error,
    })
}

/// The ways onto the bus that this host has.
struct Ways<'a> {
    switch: Option<&'a Arc<Switch>>,
    incoming: &'a Slot<Incoming>,
    env: &'a Env,
}

impl Ways<'_> {
    fn transport(
        &self,
        access: &Access,
        password: &str,
        dead_after: Option<DeadAfter>,
    ) -> Result<Arc<dyn Transport>, HostError> {
        let (dial, method): (Arc<dyn Dial>, _) = match access {
            Access::Embedded => {
                let switch = self.switch.ok_or(HostError::NoServer)?;
                return Ok(Arc::new(Local::new(Arc::clone(switch))));
            }
            Access::Duplex => (
                Arc::new(DuplexDial(self.incoming.clone())),
                LoginMethod::Auto,
            ),
            Access::Server(Socket::Tcp(address), method) => {
                let dial = TcpDial::new(address).with_dead_after(dead_after);
                (Arc::new(dial), *method)
            }
            Access::Server(Socket::Unix(path), method) => {
                (Arc::new(UnixDial(path.clone())), *method)
            }
            Access::Dial(dial, method) => (Arc::clone(dial), *method),
            Access::Transport(transport) => return Ok(Arc::clone(transport)),
            Access::Faulty(access, faults) => {
                let inner = self.transport(access, password, dead_after)?;
                return Ok(Arc::new(Faulty::new(inner, faults.clone())));
            }
        };
        let credentials = Credentials {
            password: password.to_owned(),
            method,
        };
        let xmpp = Xmpp::new(dial, credentials, self.env.fork("xmpp"));
        Ok(Arc::new(xmpp.with_dead_after(dead_after)))
    }
}
