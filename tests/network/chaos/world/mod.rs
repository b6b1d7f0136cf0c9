//! A whole network out of one seed: a hub, hosts that reach it by bytes, services and clients on all
//! of them, and what goes wrong.
//!
//! It knows no test: the soak lives in it, too.

mod calm;
pub(crate) mod checks;
pub(crate) mod errors;
pub(crate) mod hush;
mod ledger;
mod load;
mod remains;
mod schedule;
mod services;
mod trace;
pub(crate) mod trap;

use std::cell::{Cell, RefCell};
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

use futures::future::join_all;
use opensrf::ids::Seed;
use opensrf::router::RoutingPolicy;
use opensrf::stream::LoginMethod;
use opensrf_actors::env::Env;
use opensrf_actors::host::{Access, Host, HostBuilder, HostHandle};
use opensrf_actors::transport::faulty::{Faults, FaultyDial, Wire};

use ledger::Ledger;
pub(crate) use schedule::Nature;
use services::{NAMES, service};
pub(crate) use trace::Trace;

/// Of the only account.
const PASSWORD: &str = "chaos";

/// One host of a world, which may be there or not.
pub(crate) struct Site {
    pub(crate) name: String,
    /// On what its services and clients say and hear.
    pub(crate) faults: Faults,
    /// On the bytes to the hub.
    pub(crate) wire: Wire,
    services: Vec<Served>,
    /// After which connections are dead on which nothing comes.
    dead_after: Duration,
    /// All that have been here, the last one perhaps still.
    pub(crate) hosts: RefCell<Vec<HostHandle>>,
    /// How many more have been here, and are forgotten.
    pub(crate) opened: Cell<usize>,
    is_up: RefCell<bool>,
}

struct Served {
    name: &'static str,
    max: usize,
    backlog: usize,
    /// After which its methods are given up.
    max_run: Duration,
}

impl Site {
    /// The host that is there now.
    pub(crate) fn host(&self) -> Option<HostHandle> {
        let is_up = *self.is_up.borrow();
        self.hosts.borrow().last().filter(|_| is_up).cloned()
    }

    /// Everything that was ever here.
    pub(crate) fn all(&self) -> Vec<HostHandle> {
        self.hosts.borrow().clone()
    }

    /// The services that are served here, with the most drones of each.
    pub(crate) fn services(&self) -> impl Iterator<Item = (&'static str, usize)> {
        self.services.iter().map(|served| (served.name, served.max))
    }
}

/// The network; the first of its sites is the hub.
pub(crate) struct World {
    pub(crate) seed: Seed,
    pub(crate) env: Env,
    pub(crate) ledger: Ledger,
    pub(crate) trace: Trace,
    pub(crate) sites: Vec<Site>,
    /// On what the router and its classes say and hear.
    pub(crate) router: Faults,
    /// How the router chooses among hosts.
    pub(crate) policy: RoutingPolicy,
}

impl World {
    /// A network that is up.
    pub(crate) async fn start(seed: u64, is_readable: bool) -> Rc<Self> {
        let env = Env::simulated(seed);
        let mut chance = env.seed().fork("world");
        let trace = Trace::new(env.clone(), is_readable);
        let sites = 2 + below(&mut chance, 2);
        let sites = (0..sites).map(|number| site(number, &env.seed(), &mut chance));
        let world = Rc::new(Self {
            seed: env.seed(),
            ledger: Ledger::new(trace.clone()),
            trace,
            sites: sites.collect(),
            router: Faults::new(env.seed().fork("router faults")),
            policy: RoutingPolicy::ALL[below(&mut env.seed().fork("policy"), 4)],
            env,
        });
        for site in 0..world.sites.len() {
            world.open(site).await;
        }
        for site in &world.sites {
            if let Some(host) = site.host() {
                host.ready().await.expect("a host without faults");
            }
        }
        world
    }

    /// Starts the host of a site, unless it is there.
    pub(crate) async fn open(&self, number: usize) {
        let site = &self.sites[number];
        if std::mem::replace(&mut *site.is_up.borrow_mut(), true) {
            return;
        }
        let started = site.opened.get() + site.hosts.borrow().len();
        let env = self.env.fork(&format!("{} {started}", site.name));
        let builder = if number == 0 {
            let router = Access::Embedded.with_faults(&self.router);
            let bus = Access::Embedded.with_faults(&site.faults);
            let builder = Host::builder().account("opensrf", PASSWORD);
            let builder = builder.router_access(router).bus_access(bus);
            let builder = builder.policy(self.policy);
            builder.tap(self.trace.tap())
        } else {
            self.guest(site)
        };
        let builder = builder
            .dead_after(site.dead_after)
            .env(env)
            .keepalive(Duration::from_secs(1))
            .drain(Duration::from_secs(4));
        let builder = self.with_services(builder, number, "");
        let host = builder.start().await.expect("a host");
        if number == 0 {
            for site in &self.sites[1..] {
                site.wire.lead_to(Arc::new(host.duplex()));
            }
        }
        site.hosts.borrow_mut().push(host);
    }

    /// Has the host of a site serve what it should, but for one service.
    pub(crate) fn with_services(
        &self,
        builder: HostBuilder,
        number: usize,
        without: &str,
    ) -> HostBuilder {
        let services = self.sites[number].services.iter();
        let services = services.filter(|served| served.name != without);
        services.fold(builder, |builder, served| {
            let service = service(served.name, &self.ledger);
            builder
                .service_sized(service, 1, served.max, served.backlog)
                .max_run(served.max_run)
        })
    }

    fn guest(&self, site: &Site) -> HostBuilder {
        let hub = self.sites[0].all().pop().expect("the hub is first");
        let dial = FaultyDial::new(Arc::new(hub.duplex()), site.wire.clone());
        let access = Access::Dial(Arc::new(dial), LoginMethod::Legacy).with_faults(&site.faults);
        Host::builder().server_by(access, "opensrf", "localhost", PASSWORD)
    }

    /// Ends the host of a site, in good order or at once.
    pub(crate) async fn close(&self, number: usize, drains: bool) {
        let site = &self.sites[number];
        let Some(host) = site.host() else {
            return;
        };
        *site.is_up.borrow_mut() = false;
        // It may have ended before, because a part of it failed too often: that is looked at later.
        let _ = if drains {
            host.shutdown().await
        } else {
            host.stop().await
        };
    }

    /// Lets so many clients ask, and things go wrong, for so long; `part` names this time among others.
    /// Gives what is wrong with the world itself.
    pub(crate) async fn trouble(
        self: &Rc<Self>,
        part: &str,
        clients: usize,
        long: Duration,
    ) -> (Nature, Vec<String>) {
        let begun = self.env.now();
        let seed = self.seed.fork(&format!("faults {part}"));
        let (nature, faults) = schedule::faults(&seed, self.sites.len(), long);
        let clients = (0..clients).map(|number| {
            let asking = load::asks(self.clone(), format!("{part}{number}"), begun + long);
            actix_rt::spawn(asking)
        });
        let clients: Vec<_> = clients.collect();
        let suffering = faults.into_iter().map(|(at, fault)| {
            let world = self.clone();
            actix_rt::spawn(async move {
                tokio::time::sleep((begun + at).saturating_sub(world.env.now())).await;
                world.suffer(fault).await;
            })
        });
        let suffering: Vec<_> = suffering.collect();
        let ended = join_all(clients.into_iter().chain(suffering)).await;
        let panics = ended.into_iter().filter_map(Result::err);
        (nature, panics.map(|panic| panic.to_string()).collect())
    }

    /// Ends all faults, and has every host there.
    pub(crate) async fn heal(&self) {
        self.router.heal();
        for (number, site) in self.sites.iter().enumerate() {
            site.faults.heal();
            site.wire.heal();
            self.open(number).await;
        }
    }
}

fn site(number: usize, seed: &Seed, chance: &mut Seed) -> Site {
    // Each service is served at every host but the hub, and perhaps there, too.
    let services = NAMES
        .iter()
        .filter(|_| number > 0 || chance_of(chance, 0.5));
    let services: Vec<_> = services.copied().collect();
    let services = services.into_iter().map(|name| Served {
        name,
        max: 1 + below(chance, 3),
        // One for each polite client, at least, and some for those that are not.
        backlog: calm::POLITE + 2 + below(chance, 8),
        max_run: millis(chance, 1_200..2_500),
    });
    Site {
        services: services.collect(),
        dead_after: millis(chance, 1_000..3_000),
        name: format!("site {number}"),
        faults: Faults::new(seed.fork(&format!("faults {number}"))),
        wire: Wire::new(),
        hosts: RefCell::default(),
        opened: Cell::default(),
        is_up: RefCell::default(),
    }
}

/// A number below `bound`.
pub(crate) fn below(chance: &mut Seed, bound: usize) -> usize {
    (chance.next_u64() % bound.max(1) as u64) as usize
}

/// Whether what happens in this fraction of all cases happens.
pub(crate) fn chance_of(chance: &mut Seed, fraction: f64) -> bool {
    chance.next_fraction() < fraction
}

/// A length of time in milliseconds.
pub(crate) fn millis(chance: &mut Seed, range: std::ops::Range<u64>) -> Duration {
    let span = range.end - range.start;
    Duration::from_millis(range.start + chance.next_u64() % span.max(1))
}
