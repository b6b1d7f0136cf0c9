//! A hub (server and router) and a service host as two processes.

use crate::support::{Ended, Process, Signal, World, run};

pub(crate) const HUB: &str = r#"
[jabber]
listen = ["127.0.0.1:PORT"]
domains = ["localhost"]
[[jabber.accounts]]
user = "router"
[[jabber.accounts]]
user = "opensrf"
password = "secret"

[router]
domain = "localhost"
account = { user = "router" }
trusted_clients = ["localhost"]
trusted_servers = ["localhost"]
"#;

pub(crate) const HOST: &str = r#"
[bus]
domain = "localhost"
address = "127.0.0.1:PORT"
account = { user = "opensrf", password = "secret" }

[[services]]
name = "opensrf.math"
drones = { min = 2, max = 4 }
"#;

pub(crate) struct Network {
    world: World,
}

impl Network {
    fn new() -> Self {
        let world = World::new();
        world.write("hub.toml", HUB);
        world.write("host.toml", HOST);
        Self { world }
    }

    /// A hub and a host, ready.
    pub(crate) fn both() -> (Self, Process, Process) {
        let network = Self::new();
        let hub = network.hub();
        let host = network.host().ready();
        (network, hub, host)
    }

    pub(crate) fn address(&self) -> String {
        self.world.address()
    }

    pub(crate) fn hub(&self) -> Process {
        let up = self.world.configured(&self.world.path("hub.toml"), &["up"]);
        Process::start(up).ready()
    }

    /// A host that has been started.
    pub(crate) fn host(&self) -> Process {
        let up = self
            .world
            .configured(&self.world.path("host.toml"), &["up"]);
        Process::start(up)
    }

    /// Begins to ask for 2 and 2, from a client like any other.
    fn ask(&self, options: &[&str]) -> Process {
        let call = [
            &["--log=debug", "call"],
            options,
            &["opensrf.math", "add", "2", "2"],
        ];
        let file = self.world.path("host.toml");
        Process::start(self.world.configured(&file, &call.concat()))
    }

    fn call(&self, options: &[&str]) -> Ended {
        self.ask(options).end()
    }
}

#[test]
fn a_host_that_starts_first_comes_up_when_its_hub_appears() {
    let network = Network::new();
    let mut host = network.host();
    host.wait_for("off the bus, will try again");
    let _hub = network.hub();
    let _host = host.ready();
    network.call(&[]).gave(&["4"]);
    network.call(&["--connect"]).gave(&["4"]);
}

#[test]
fn a_client_finds_the_hub_by_the_hubs_own_file() {
    let (network, _hub, _host) = Network::both();
    let file = network.world.path("hub.toml");
    let call = ["call", "opensrf.math", "add", "2", "2"];
    run(network.world.configured(&file, &call)).gave(&["4"]);
}

#[test]
fn both_sides_are_told_of_a_wrong_password() {
    let network = Network::new();
    let mut hub = network.hub();
    let call = ["call", "opensrf.math", "add", "2", "2"];
    let file = network.world.path("host.toml");
    let mut call = network.world.configured(&file, &call);
    call.env("OPENSRF_BUS__ACCOUNT__PASSWORD", "wrong");
    run(call).failed(
        1,
        &["the server refused the log-in: check user and password"],
    );
    hub.wait_for("a log-in was refused: wrong password, or no such account");
}

#[test]
fn a_host_that_hangs_costs_no_more_than_the_time_that_the_caller_gave() {
    let (network, _hub, host) = Network::both();
    host.signal(Signal::STOP);
    network
        .call(&["--timeout", "1"])
        .failed(1, &["no answer within 1s"]);
    network
        .call(&["--timeout", "1", "--connect"])
        .failed(1, &["no session within 1s"]);
    host.signal(Signal::CONT);
    network.call(&[]).gave(&["4"]);
}

#[test]
fn callers_are_told_at_once_when_their_hub_dies() {
    let (network, hub, host) = Network::both();
    host.signal(Signal::STOP);
    let mut waiting = network.ask(&["--timeout", "3600"]);
    let mut connecting = network.ask(&["--timeout", "3600", "--connect"]);
    waiting.wait_for("on the bus");
    connecting.wait_for("on the bus");
    // While this one runs into its time-out, the others are surely under way.
    network.call(&["--timeout", "1"]).failed(1, &["no answer"]);
    hub.kill();
    waiting
        .end()
        .failed(1, &["not connected to the Jabber server"]);
    connecting
        .end()
        .failed(1, &["not connected to the Jabber server"]);
}

#[test]
fn callers_are_told_when_a_hub_dies_before_they_are_logged_in() {
    let (network, hub, _host) = Network::both();
    hub.signal(Signal::STOP);
    let early = network.ask(&["--timeout", "3600"]);
    // The kernel takes connections for the hub; this one waits for a header that does not come.
    network
        .call(&["--timeout", "1"])
        .failed(1, &["did not answer within 1s"]);
    hub.kill();
    let early = early.end();
    early.failed(1, &[]);
    assert!(!early.errors().contains("did not answer"), "{early:?}");
}

#[test]
fn a_service_whose_host_died_is_refused_at_once_and_comes_back_with_it() {
    let (network, _hub, host) = Network::both();
    host.kill();
    for _ in 0..2 {
        network
            .call(&["--timeout", "3600"])
            .failed(1, &["cannot be reached"]);
    }
    let _host = network.host().ready();
    network.call(&[]).gave(&["4"]);
}

#[test]
fn of_two_hosts_the_one_that_lives_takes_over() {
    let (network, _hub, host) = Network::both();
    let _other = network.host().ready();
    host.kill();
    for _ in 0..4 {
        network.call(&["--timeout", "3600"]).gave(&["4"]);
    }
}

#[test]
fn a_host_registers_by_itself_when_its_hub_is_back() {
    let (network, hub, mut host) = Network::both();
    for _ in 0..2 {
        network.call(&[]).gave(&["4"]);
    }
    hub.kill();
    host.wait_for("off the bus, will try again");
    network.call(&[]).failed(1, &["Connection refused"]);
    let _hub = network.hub();
    host.wait_for("registered");
    network.call(&[]).gave(&["4"]);
    network.call(&["--connect"]).gave(&["4"]);
}

#[test]
fn a_host_that_ends_unregisters() {
    let (network, _hub, host) = Network::both();
    host.signal(Signal::TERM);
    host.end().gave(&[]);
    network
        .call(&["--timeout", "3600"])
        .failed(1, &["cannot be reached"]);
}
