//! What is left when nobody asks any more and nothing goes wrong: every party that should be there,
//! and nothing else.

use std::collections::BTreeSet;

use opensrf_actors::status::{ChildKind, Detail, HostStatus};

use super::World;

/// What is wrong with the parts of all hosts, by what they tell of themselves.
pub(crate) async fn of_remains(world: &World) -> Vec<String> {
    let mut wrong = Vec::new();
    let mut parties = Parties::default();
    for site in &world.sites {
        let told = match site.host() {
            Some(host) => host.status().await.ok(),
            None => None,
        };
        let Some(status) = told else {
            wrong.push(format!("{} does not tell what it does", site.name));
            continue;
        };
        let problems = status.problems().into_iter();
        let problems = problems.chain(of_clients(&status)).chain(of_pools(&status));
        wrong.extend(problems.map(|problem| format!("{}: {problem}", site.name)));
        parties.add(&status);
    }
    let bound = world.sites[0].host().map(|hub| hub.bound());
    let bound = bound.into_iter().flatten().map(|jid| jid.to_string());
    wrong.extend(parties.differ_from(bound.collect()));
    wrong
}

/// Clients that nobody has, and requests and sessions.
fn of_clients(status: &HostStatus) -> Vec<String> {
    let clients = status.children.iter();
    let clients: Vec<_> = clients
        .filter(|child| child.kind == ChildKind::Client)
        .collect();
    let mut wrong = Vec::new();
    if clients.len() != 1 {
        wrong.push(format!("{} clients and not its own only", clients.len()));
    }
    for client in clients {
        if let Some(Detail::Client(detail)) = client.answer.as_ref().map(|answer| &answer.detail)
            && (detail.open_requests, detail.sessions) != (0, 0)
        {
            wrong.push(format!("{} is not idle: {detail:?}", client.name));
        }
    }
    wrong
}

/// Drones with work, and requests that wait.
fn of_pools(status: &HostStatus) -> Vec<String> {
    let mut wrong = Vec::new();
    for child in &status.children {
        if let Some(Detail::Service(pool)) = child.answer.as_ref().map(|answer| &answer.detail)
            && (pool.starting, pool.busy, pool.backlog) != (0, 0, 0)
        {
            wrong.push(format!("{} is not idle: {pool:?}", child.name));
        }
    }
    wrong
}

/// The parties of all hosts.
#[derive(Default)]
struct Parties {
    /// Of which the addresses are known: all but drones.
    known: BTreeSet<String>,
    drones: usize,
    /// Service by listener.
    listeners: BTreeSet<(String, String)>,
    /// The same as the router sees it.
    nodes: BTreeSet<(String, String)>,
    /// Of other hosts than the hub.
    by_bytes: usize,
    /// What the embedded server has.
    connections: usize,
    bytes_waiting: usize,
}

impl Parties {
    fn add(&mut self, status: &HostStatus) {
        let before = self.known.len() + self.drones;
        let mut is_hub = false;
        for child in &status.children {
            let Some(answer) = &child.answer else {
                continue; // a problem, as such found
            };
            let address = answer.bus.as_ref().map(|bus| bus.address.clone());
            self.known.extend(address.clone());
            match &answer.detail {
                Detail::Server(server) => {
                    is_hub = true;
                    self.connections = server.connections;
                    self.bytes_waiting = server.bytes_waiting;
                }
                Detail::Service(pool) => {
                    self.drones += pool.starting + pool.idle + pool.busy;
                    let listener = address.unwrap_or_default();
                    self.listeners.insert((child.name.clone(), listener));
                }
                Detail::Router(classes) => {
                    for class in classes {
                        let Some(answer) = &class.answer else {
                            continue;
                        };
                        self.known.insert(answer.bus.address.clone());
                        let nodes = answer.nodes.iter();
                        let nodes = nodes.map(|node| (class.name.clone(), node.address.clone()));
                        self.nodes.extend(nodes);
                    }
                }
                _ => {}
            }
        }
        if !is_hub {
            self.by_bytes += self.known.len() + self.drones - before;
        }
    }

    /// What the embedded server and the router have too much or too little.
    fn differ_from(&self, bound: BTreeSet<String>) -> Vec<String> {
        let mut wrong = Vec::new();
        if self.listeners != self.nodes {
            let (listeners, nodes) = (&self.listeners, &self.nodes);
            wrong.push(format!("listeners {listeners:?} are nodes {nodes:?}"));
        }
        let (drones, others): (BTreeSet<_>, BTreeSet<_>) = bound
            .into_iter()
            .partition(|address| address.contains("_drone_at_"));
        if others != self.known {
            let left: Vec<_> = others.difference(&self.known).collect();
            let missing: Vec<_> = self.known.difference(&others).collect();
            wrong.push(format!(
                "{left:?} are left on the bus, {missing:?} are not there"
            ));
        }
        if drones.len() != self.drones {
            wrong.push(format!("{} drones are bound as {drones:?}", self.drones));
        }
        if (self.connections, self.bytes_waiting) != (self.by_bytes, 0) {
            wrong.push(format!(
                "the server has {} connections for {} parties, and {} bytes wait",
                self.connections, self.by_bytes, self.bytes_waiting
            ));
        }
        wrong
    }
}
