//! Processes that are stopped, and so close nothing, say nothing, and keep their connections.

use crate::hub_and_host::HUB;
use crate::support::{Process, Signal, World, run};

/// The hub of all, and how soon it takes its clients for dead: a second is not enough for a machine
/// with much else to do.
fn hub() -> String {
    let soon = HUB.replace("[jabber]\n", "[jabber]\ndead_after_seconds = 3\n");
    soon + "[log]\nlevel = \"info,opensrf_actors::jabber=debug\"\n"
}

const HOST: &str = r#"
[bus]
domain = "localhost"
address = "127.0.0.1:PORT"
account = { user = "opensrf", password = "secret" }
dead_after_seconds = 3

[[services]]
name = "opensrf.math"
drones = { min = 1, max = 1 }

[host]
name = "NAME"
"#;

struct Network(World);

impl Network {
    fn new() -> (Self, Process) {
        let network = Self(World::new());
        let file = network.0.write("hub.toml", &hub());
        let hub = Process::start(network.0.configured(&file, &["up"])).ready();
        (network, hub)
    }

    /// A host of which the hub knows that it answers.
    fn host(&self, name: &str, hub: &mut Process) -> Process {
        let file = self.0.write(name, &HOST.replace("NAME", name));
        let host = Process::start(self.0.configured(&file, &["up"])).ready();
        // Listener, drone and client of the host, in any order.
        for _ in 0..3 {
            hub.wait_for("client answers pings");
        }
        host
    }

    fn adds_up(&self) {
        let call = ["call", "--timeout", "3600", "opensrf.math", "add", "2", "2"];
        run(self.0.configured(&self.0.path("first"), &call)).gave(&["4"]);
    }
}

#[test]
fn a_host_that_is_stopped_is_used_no_more() {
    let (network, mut hub) = Network::new();
    let first = network.host("first", &mut hub);
    let _second = network.host("second", &mut hub);
    network.adds_up();
    first.signal(Signal::STOP);
    for _ in 0..3 {
        hub.wait_for("client is dead, closed");
    }
    for _ in 0..4 {
        network.adds_up();
    }
    first.signal(Signal::CONT);
    first.signal(Signal::TERM);
    first.end().gave(&[]);
}

#[test]
fn a_hub_that_is_stopped_is_left_and_found_again() {
    let (network, mut hub) = Network::new();
    let mut host = network.host("first", &mut hub);
    network.adds_up();
    hub.signal(Signal::STOP);
    // Each connection by itself; that of the listener counts.
    host.wait_until("the listener is off the bus", |line| {
        line.contains("_listener_at_first") && line.contains("nothing came from the server for 3s")
    });
    hub.signal(Signal::CONT);
    host.wait_for("registered");
    network.adds_up();
}
