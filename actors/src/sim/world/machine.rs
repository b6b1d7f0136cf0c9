//! One machine of a world: the host on it, and its way to the server.

use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;
use std::rc::Rc;
use std::sync::{Arc, Mutex, PoisonError};

use opensrf::stream::LoginMethod;

use super::calls::{Calls, Past};
use super::conditions::Conditions;
use crate::client::Client;
use crate::env::Env;
use crate::host::{Access, Host, HostBuilder, HostHandle};
use crate::jabber::Socket;
use crate::service::Service;
use crate::sim::SimError;
use crate::sim::made_up;
use crate::sim::report::Mode;
use crate::sim::scenario::{Aim, Clients, Hosts, LinkLaw, RouterAt, Scenario, Served, Work};
use crate::status::HostStatus;
use crate::transport::Signpost;
use crate::transport::faulty::{Faults, InFlight};

/// Of the accounts of a run in real time; nobody else can reach its server but those on this machine.
const USER: &str = "opensrf";
const ROUTER: &str = "router";

/// What is on a machine.
#[derive(Debug)]
pub(super) enum Role {
    Server,
    Router(RouterAt),
    /// Services, each with its number in the scenario.
    Services(Hosts, Vec<(usize, Served)>),
    /// Clients, with their number in the scenario.
    Clients(usize, Clients),
}

/// A machine, which may be up or not.
#[derive(Debug)]
pub(super) struct Machine {
    pub(super) name: String,
    pub(super) role: Role,
    pub(super) conditions: Conditions,
    /// What holds for the made-up services on it, by name.
    pub(super) made_up: BTreeMap<String, made_up::Conditions>,
    domains: Vec<String>,
    sessions: usize,
    way: Way,
    mode: Mode,
    env: Env,
    current: RefCell<Option<HostHandle>>,
    opened: Cell<u64>,
    /// What the hosts did that are gone.
    past: RefCell<Vec<Past>>,
    /// What hosts told of themselves just before they ended, and nobody has looked at yet.
    left: RefCell<Vec<HostStatus>>,
}

/// The way to the server, the same for all machines; clones are the same.
#[derive(Debug, Clone)]
struct Way {
    signpost: Signpost,
    /// Where it listens, in real time.
    address: Arc<Mutex<String>>,
    password: Arc<str>,
}

/// All machines of a scenario, the server first.
pub(super) fn all(scenario: &Scenario, mode: Mode, env: &Env) -> Vec<Rc<Machine>> {
    let mut secret = env.clone();
    let way = Way {
        signpost: Signpost::default(),
        address: Arc::new(Mutex::new("127.0.0.1:0".to_owned())),
        password: format!("{:016x}", secret.secret()).into(),
    };
    let clients: usize = scenario.clients.iter().map(|group| group.count).sum();
    let make = |name: String, role: Role, link: &LinkLaw, slow: f64| {
        let env = env.fork(&name);
        // Without any fault all links are plain, and fast.
        let is_plain = scenario.faults.is_empty() && *link == LinkLaw::default();
        let faults = Faults::new(env.seed().fork("faults")).with_timer(env.timer().clone());
        let faults = Some(faults).filter(|_| !is_plain);
        let made_up = match &role {
            Role::Services(_, services) => services
                .iter()
                .filter(|(_, served)| matches!(served.work, Work::Simulated(_)))
                .map(|(_, served)| (served.name.clone(), made_up::Conditions::default()))
                .collect(),
            _ => BTreeMap::new(),
        };
        let machine = Machine {
            conditions: Conditions::new(faults, link.clone(), slow),
            made_up,
            domains: scenario.domains.clone(),
            // Enough for all clients and drones, as an administrator would set it.
            sessions: 100_000 + clients,
            way: way.clone(),
            mode,
            env,
            current: RefCell::default(),
            opened: Cell::default(),
            past: RefCell::default(),
            left: RefCell::default(),
            name,
            role,
        };
        machine.apply();
        Rc::new(machine)
    };
    let plain = LinkLaw::default();
    let mut machines = vec![make("server".to_owned(), Role::Server, &plain, 1.0)];
    for router in &scenario.routers {
        machines.push(make(
            router.machine(),
            Role::Router(router.clone()),
            &router.link,
            1.0,
        ));
    }
    for hosts in &scenario.hosts {
        for name in hosts.names() {
            let services = scenario.services.iter().enumerate();
            let services = services.filter(|(_, served)| served.is_on(&hosts.name, &name));
            let services = services
                .map(|(number, served)| (number, served.clone()))
                .collect();
            let role = Role::Services(hosts.clone(), services);
            machines.push(make(name, role, &hosts.link, hosts.slow));
        }
    }
    for (number, clients) in scenario.clients.iter().enumerate() {
        let role = Role::Clients(number, clients.clone());
        machines.push(make(clients.name.clone(), role, &clients.link, 1.0));
    }
    machines
}

impl Machine {
    /// Starts its host, unless it is up.
    pub(super) async fn open(&self) -> Result<(), SimError> {
        if self.is_up() {
            return Ok(());
        }
        let number = self.opened.replace(self.opened.get() + 1);
        let builder = self
            .builder()?
            .env(self.env.fork(&format!("host {number}")));
        let host = match self.mode {
            Mode::Simulated => builder.start().await?,
            Mode::Real => builder.spawn().await?,
        };
        if let Role::Server = self.role {
            self.way.signpost.lead_to(host.local());
            if let Some(address) = host.addresses().first() {
                // The next one listens there, too.
                *self
                    .way
                    .address
                    .lock()
                    .unwrap_or_else(PoisonError::into_inner) = address.to_string();
            }
        }
        *self.current.borrow_mut() = Some(host);
        Ok(())
    }

    /// Waits until all on it is on the bus, and its services are registered.
    pub(super) async fn ready(&self) -> Result<(), SimError> {
        match self.host() {
            Some(host) => Ok(host.ready().await?),
            None => Ok(()),
        }
    }

    /// Ends its host.
    pub(super) async fn close(&self) {
        let Some(host) = self.current.borrow_mut().take() else {
            return;
        };
        if let Role::Server = self.role {
            self.way.signpost.lead_nowhere();
        }
        // Of pools only; of clients there may be very many.
        if let Role::Services(..) = self.role {
            let told = host.status().await;
            self.left.borrow_mut().extend(told);
        }
        // It may have ended before, since a part of it failed too often: the checks find that.
        let _ = host.stop().await;
        self.past.borrow_mut().push(Past::of(&host));
        // Who was to die next is dead.
        if let Some(faults) = self.conditions.faults() {
            faults.spare();
        }
        self.made_up.values().for_each(made_up::Conditions::spare);
    }

    /// Whether its host is up.
    pub(super) fn is_up(&self) -> bool {
        self.current.borrow().is_some()
    }

    /// The host that is up now.
    pub(super) fn host(&self) -> Option<HostHandle> {
        self.current.borrow().clone()
    }

    /// What its host tells of itself.
    pub(super) async fn status(&self) -> Option<HostStatus> {
        self.host()?.status().await.ok()
    }

    /// New clients of its host, on the bus.
    pub(super) async fn clients(&self) -> Result<Vec<Client>, SimError> {
        let (Role::Clients(_, plan), Some(host)) = (&self.role, self.host()) else {
            return Ok(Vec::new());
        };
        let clients = host.new_clients(&plan.name, plan.count).await?;
        for client in &clients {
            client.online().await.map_err(SimError::Client)?;
        }
        Ok(clients)
    }

    /// What its hosts told of themselves just before they ended, since this was asked last.
    pub(super) fn left(&self) -> Vec<HostStatus> {
        std::mem::take(&mut self.left.borrow_mut())
    }

    /// What clients on it have counted.
    pub(super) fn calls(&self) -> Calls {
        let past = self.past.borrow();
        let current = self.host().map(|host| Past::of(&host));
        let all = past.iter().copied().chain(current);
        all.fold(Calls::default(), |calls, past| calls.and(past.calls()))
    }

    fn builder(&self) -> Result<HostBuilder, SimError> {
        let builder = Host::builder().name(&self.name);
        let first = self.domains.first().map_or("", String::as_str);
        Ok(match &self.role {
            Role::Server => self.server(builder),
            Role::Router(router) => self.router(builder, router),
            Role::Services(hosts, services) => {
                let domain = hosts.domain.as_deref().unwrap_or(first);
                let builder = self.guest(builder, domain);
                let builder = match &hosts.routers {
                    Some(routers) => {
                        builder.routers(routers.iter().map(|domain| (ROUTER, &**domain)))
                    }
                    None => builder,
                };
                let services = services.iter();
                services
                    .map(|(_, served)| served)
                    .try_fold(builder, |builder, served| {
                        Ok::<_, SimError>(with(builder, served, self.service(served)?))
                    })?
            }
            Role::Clients(_, clients) => {
                let domain = clients.domain.as_deref().unwrap_or(first);
                self.guest(builder, domain)
            }
        })
    }

    fn server(&self, builder: HostBuilder) -> HostBuilder {
        let builder = builder
            .without_router()
            .without_bus()
            .domains(self.domains.iter().map(String::as_str))
            .sessions_per_account(self.sessions);
        match self.mode {
            Mode::Simulated => builder,
            Mode::Real => builder
                .account(USER, &self.way.password)
                .account(ROUTER, &self.way.password)
                .listen(
                    &self
                        .way
                        .address
                        .lock()
                        .unwrap_or_else(PoisonError::into_inner),
                ),
        }
    }

    fn router(&self, builder: HostBuilder, router: &RouterAt) -> HostBuilder {
        let all: Vec<_> = self.domains.iter().map(String::as_str).collect();
        builder
            .without_server()
            .without_bus()
            .router_by(self.access(), ROUTER, &router.domain, &self.way.password)
            .policy(router.policy)
            .trusts(&all, &all)
    }

    fn guest(&self, builder: HostBuilder, domain: &str) -> HostBuilder {
        builder.server_by(self.access(), USER, domain, &self.way.password)
    }

    fn access(&self) -> Access {
        let access = match self.mode {
            Mode::Simulated => Access::Transport(Arc::new(self.way.signpost.clone())),
            Mode::Real => {
                let address = self
                    .way
                    .address
                    .lock()
                    .unwrap_or_else(PoisonError::into_inner);
                Access::Server(Socket::Tcp(address.clone()), LoginMethod::Auto)
            }
        };
        match self.conditions.faults() {
            Some(faults) => access.with_faults(faults),
            None => access,
        }
    }

    fn service(&self, served: &Served) -> Result<Service, SimError> {
        match (&served.work, self.made_up.get(&served.name)) {
            (Work::Own(service), _) => Ok(service.clone()),
            (Work::Simulated(simulated), Some(conditions)) => {
                Ok(made_up::service(&served.name, simulated, conditions)?)
            }
            (Work::Simulated(simulated), None) => Ok(made_up::service(
                &served.name,
                simulated,
                &made_up::Conditions::default(),
            )?),
        }
    }

    /// Whether a service is served on it.
    pub(super) fn serves(&self, service: &str) -> bool {
        match &self.role {
            Role::Services(_, services) => {
                services.iter().any(|(_, served)| served.name == service)
            }
            Role::Server | Role::Router(_) | Role::Clients(..) => false,
        }
    }

    /// Whether a fault of this aim may hit it.
    pub(super) fn is_aimed_at(&self, aim: Aim) -> bool {
        match (aim, &self.role) {
            (_, Role::Server) | (Aim::Nothing | Aim::Service | Aim::MadeUp, _) => false,
            (Aim::Machine, _)
            | (Aim::Host, Role::Services(..))
            | (Aim::Router, Role::Router(_)) => true,
            (Aim::Host | Aim::Router, _) => false,
        }
    }

    /// What faults call it.
    pub(super) fn target(&self) -> &str {
        match &self.role {
            Role::Router(router) => &router.domain,
            Role::Server | Role::Services(..) | Role::Clients(..) => &self.name,
        }
    }

    /// All its connections break, and what is under way on them is lost.
    pub(super) fn cut(&self) {
        if let Some(faults) = self.conditions.faults() {
            faults.cut(InFlight::Lost);
        }
    }

    /// Has its links and services follow its conditions.
    pub(super) fn apply(&self) {
        self.conditions.apply();
        for made_up in self.made_up.values() {
            made_up.slow(self.conditions.slow());
        }
    }
}

fn with(builder: HostBuilder, served: &Served, service: Service) -> HostBuilder {
    let mut builder = builder
        .service_sized(service, served.min, served.max, served.backlog)
        .keepalive(served.keepalive);
    if let Some(requests) = served.max_requests {
        builder = builder.max_requests(requests);
    }
    if let Some(requests) = served.session_requests {
        builder = builder.session_requests(requests);
    }
    if let Some(wait) = served.max_wait {
        builder = builder.max_wait(wait);
    }
    if let Some(limit) = served.max_run {
        builder = builder.max_run(limit);
    }
    builder
}
