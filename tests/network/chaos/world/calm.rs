//! What must go well in a network in which nothing is wrong: hosts are restarted one after the other,
//! configurations are read again, and somebody asks far too much.

use std::cell::{Cell, RefCell};
use std::rc::Rc;
use std::time::Duration;

use futures::future::{join, join_all};
use opensrf::ids::Seed;
use opensrf_actors::client::{Client, ClientError};
use serde_json::json;

use super::ledger::{PLAIN, word};
use super::services::NAMES;
use super::{World, below, chance_of, millis};

/// Clients that have one request at a time.
pub(super) const POLITE: usize = 2;

/// Requests that the other one has at a time: more than all pools and backlogs take.
const FLOOD: usize = 45;

/// Longer than anything takes of which polite clients have to wait.
const PATIENCE: Duration = Duration::from_secs(10);

/// What goes wrong for clients that ask politely, while hosts come and go and one client floods the
/// network.
pub(crate) async fn of_calm(world: &Rc<World>, part: &str) -> Vec<String> {
    let Some(hub) = world.sites[0].host() else {
        return vec!["there is no hub".into()];
    };
    let calm = Calm {
        world: Rc::clone(world),
        is_over: Cell::new(false),
        wrong: RefCell::default(),
    };
    let mut clients = Vec::new();
    for number in 0..=POLITE {
        match hub.new_client("calm").await {
            Ok(client) => clients.push((client, world.seed.fork(&format!("calm {part}{number}")))),
            Err(error) => return vec![format!("the hub has no client: {error}")],
        }
    }
    let flooder = clients
        .pop()
        .map(|(client, chance)| calm.floods(client, chance));
    let polite = clients.into_iter();
    let polite = join_all(polite.map(|(client, chance)| calm.asks(client, chance)));
    let chance = world.seed.fork(&format!("upkeep {part}"));
    let asking = join(polite, async {
        if let Some(flooder) = flooder {
            flooder.await;
        }
    });
    join(calm.upkeep(chance), asking).await;
    calm.wrong.into_inner()
}

struct Calm {
    world: Rc<World>,
    is_over: Cell<bool>,
    wrong: RefCell<Vec<String>>,
}

impl Calm {
    /// Services that two sites serve, so that one can do without the other.
    fn services(&self) -> Vec<&'static str> {
        let sites = &self.world.sites;
        let serve = |name: &str| {
            let all = sites.iter().flat_map(|site| site.services());
            all.filter(|(served, _)| *served == name).count() > 1
        };
        NAMES.into_iter().filter(|name| serve(name)).collect()
    }

    /// Restarts all hosts but the hub, one after the other, and changes something at each.
    async fn upkeep(&self, mut chance: Seed) {
        for site in 1..self.world.sites.len() {
            tokio::time::sleep(millis(&mut chance, 50..200)).await;
            if chance_of(&mut chance, 0.5) {
                self.note(&format!("RELOAD {site}"));
                self.world.reload(site, "").await;
                tokio::time::sleep(millis(&mut chance, 0..200)).await;
            }
            self.note(&format!("DRAIN {site}"));
            self.world.close(site, true).await;
            self.note(&format!("OPEN {site}"));
            self.world.open(site).await;
            if let Some(host) = self.world.sites[site].host() {
                let _ = host.ready().await;
            }
        }
        self.is_over.set(true);
    }

    /// Asks one thing after the other.
    async fn asks(&self, client: Client, mut chance: Seed) {
        let services = self.services();
        let client = client.with_timeout(PATIENCE).with_connect_timeout(PATIENCE);
        while !self.is_over.get() && !services.is_empty() {
            tokio::time::sleep(millis(&mut chance, 1..100)).await;
            let service = services[below(&mut chance, services.len())];
            let begun = self.world.env.now();
            let asked = match below(&mut chance, 3) {
                0 => client.call(service, "echo", json!([PLAIN])).await.map(drop),
                1 => {
                    let millis = chance.next_u64() % 100;
                    let slow = client.call(service, "slow", json!([PLAIN, millis]));
                    slow.await.map(drop)
                }
                _ => self.converses(&client, service, &mut chance).await,
            };
            if let Err(error) = asked {
                let took = self.world.env.now() - begun;
                let wrong = format!("in the calm {service} said {} after {took:?}", word(&error));
                self.note(&wrong);
                self.wrong.borrow_mut().push(wrong);
            }
        }
    }

    async fn converses(
        &self,
        client: &Client,
        service: &str,
        chance: &mut Seed,
    ) -> Result<(), ClientError> {
        let session = client.connect(service).await?;
        for _ in 0..below(chance, 4) {
            session.call("echo", json!([PLAIN])).await?;
            tokio::time::sleep(millis(chance, 1..200)).await;
        }
        Ok(())
    }

    /// Has very many requests all the time, and does not care what becomes of them.
    async fn floods(&self, client: Client, mut chance: Seed) {
        let client = client.with_timeout(PATIENCE);
        while !self.is_over.get() {
            let service = NAMES[below(&mut chance, NAMES.len())];
            let calls = (0..FLOOD).map(|_| client.call(service, "slow", json!([PLAIN, 20])));
            join_all(calls).await;
            tokio::time::sleep(millis(&mut chance, 1..100)).await;
        }
    }

    fn note(&self, what: &str) {
        self.world.trace.note(&format!("CALM {what}"));
    }
}
