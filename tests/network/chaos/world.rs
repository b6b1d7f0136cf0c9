//! A whole network out of one seed: a hub, hosts that reach it by bytes, and services on all of them.

use std::cell::RefCell;
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

use opensrf::ids::Seed;
use opensrf::stream::LoginMethod;
use opensrf_actors::env::Env;
use opensrf_actors::host::{Access, Host, HostBuilder, HostHandle};
use opensrf_actors::transport::faulty::{Faults, FaultyDial, Wire};

use super::ledger::Ledger;
use super::services::{NAMES, service};
use super::trace::Trace;
use crate::support::{PASSWORD, hub};

/// One host of a world, which may be there or not.
pub(crate) struct Site {
    pub(crate) name: String,
    /// On what its services and clients say and hear.
    pub(crate) faults: Faults,
    /// On the bytes to the hub.
    pub(crate) wire: Wire,
    services: Vec<Served>,
    /// All that have been here, the last one perhaps still.
    hosts: RefCell<Vec<HostHandle>>,
    is_up: RefCell<bool>,
}

struct Served {
    name: &'static str,
    max: usize,
    backlog: usize,
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
        let started = site.hosts.borrow().len();
        let env = self.env.fork(&format!("{} {started}", site.name));
        let builder = if number == 0 {
            let router = Access::Embedded.with_faults(&self.router);
            let bus = Access::Embedded.with_faults(&site.faults);
            let builder = hub().router_access(router).bus_access(bus);
            builder.tap(self.trace.tap())
        } else {
            self.guest(site)
        };
        let builder = site.services.iter().fold(builder, |builder, served| {
            let service = service(served.name, &self.ledger);
            builder.service_sized(service, 1, served.max, served.backlog)
        });
        let builder = builder
            .env(env)
            .keepalive(Duration::from_secs(1))
            .drain(Duration::from_secs(4));
        let host = builder.start().await.expect("a host");
        if number == 0 {
            for site in &self.sites[1..] {
                site.wire.lead_to(Arc::new(host.duplex()));
            }
        }
        site.hosts.borrow_mut().push(host);
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
        backlog: 2 + below(chance, 10),
    });
    Site {
        services: services.collect(),
        name: format!("site {number}"),
        faults: Faults::new(seed.fork(&format!("faults {number}"))),
        wire: Wire::new(),
        hosts: RefCell::default(),
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
