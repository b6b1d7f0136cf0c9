//! `opensrf status` asks the hosts of this machine.

use std::fs;
use std::os::unix::fs::PermissionsExt;

use serde_json::Value;

use crate::hub_and_host::HUB;
use crate::support::{Ended, Process, Signal, World, run};

const HOST: &str = r#"
host.name = "app1"
[bus]
domain = "localhost"
address = "127.0.0.1:PORT"
account = { user = "opensrf", password = "secret" }
[[services]]
name = "opensrf.math"
drones = { min = 2, max = 4 }
"#;

fn status(world: &World, options: &[&str]) -> Ended {
    run(world.built_in(&[&["status"], options].concat()))
}

/// A hub and a service host that share a state folder.
fn network() -> (World, Process, Process) {
    let world = World::new();
    let start = |name: &str, text: &str| {
        let file = world.write(name, text);
        Process::start(world.configured(&file, &["up"])).ready()
    };
    let hub = start("hub.toml", &format!("host.name = \"hub\"\n{HUB}"));
    let host = start("app1.toml", HOST);
    (world, hub, host)
}

#[test]
fn it_shows_a_healthy_host_as_a_tree_and_as_json() {
    let world = World::new();
    let _up = world.up();
    world.call(&["opensrf.math", "add", "2", "2"]).gave(&["4"]);
    let shown = status(&world, &[]);
    let text = shown.stdout.join("\n");
    assert_eq!(shown.code, Some(0), "{shown:?}");
    for part in [
        "├─ jabber server  ",
        "├─ router router@localhost/router  ",
        "opensrf.math: round robin, 1 passed on, 0 came back, 0 refused",
        "├─ client opensrf@localhost/client_at_",
        "└─ service opensrf.math  ",
        "drones: 0 busy, 1 idle, 0 starting, 8 at most",
        "backlog: 0 of 1000",
        "router@localhost/router: registered for ",
        "all is well",
    ] {
        assert!(text.contains(part), "{part}\n{text}");
    }
    let widest = shown.stdout.iter().map(|line| line.chars().count()).max();
    assert!(widest <= Some(100), "{text}");

    let json = status(&world, &["--json"]);
    assert_eq!((json.code, json.stdout.len()), (Some(0), 1), "{json:?}");
    let tree: Value = serde_json::from_str(&json.stdout[0]).expect("JSON");
    assert_eq!(tree["problems"], Value::Array(Vec::new()));
    let children = tree["children"].as_array().expect("children");
    let service = children.last().expect("a service");
    assert_eq!(service["state"], "up");
    assert_eq!(service["answer"]["detail"]["service"]["idle"], 1);
    assert!(service["uptime_seconds"].as_f64().expect("seconds") > 0.0);

    let socket = world.state().join("control");
    let mode = |path: &std::path::Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!(mode(&socket), 0o700);
    for entry in fs::read_dir(socket).unwrap() {
        assert_eq!(mode(&entry.unwrap().path()), 0o600);
    }
}

#[test]
fn it_says_which_host_is_off_the_bus_when_the_hub_is_gone() {
    let (world, hub, mut host) = network();
    let both = status(&world, &["--json"]);
    assert_eq!((both.code, both.stdout.len()), (Some(0), 2), "{both:?}");
    let one = status(&world, &["--host", "hub"]);
    assert_eq!(one.code, Some(0), "{one:?}");
    assert!(one.stdout[0].starts_with("hub: running, up "), "{one:?}");

    hub.signal(Signal::TERM);
    hub.end();
    host.wait_for("off the bus, will try again");
    let alone = status(&world, &[]);
    let text = alone.stdout.join("\n");
    assert_eq!(alone.code, Some(1), "{text}");
    assert!(text.starts_with("app1: running"), "{text}");
    assert!(text.contains("   OFF the bus for "), "{text}");
    assert!(text.contains("not well:\n- "), "{text}");
    assert!(text.contains(" is off the bus for "), "{text}");
    // Why, too: nobody should have to look for that in the log.
    let reasons = [" s: the server ended the stream", " s: no connection to "];
    assert!(reasons.iter().any(|reason| text.contains(reason)), "{text}");
    assert!(!text.contains("hub"), "its socket went with it: {text}");
}

#[test]
fn without_a_host_it_says_so() {
    let world = World::new();
    status(&world, &[]).failed(
        1,
        &["no host is running: nobody answers at ", "`opensrf up`"],
    );
    let _up = world.up();
    status(&world, &["--host", "app9"]).failed(1, &["no host app9 is running"]);
    run(world.opensrf(&["status", "--bark"])).failed(2, &["--bark"]);
    let mut none = world.built_in(&["status"]);
    none.env("OPENSRF_HOST__CONTROL", "");
    run(none).failed(2, &["host.control is \"\""]);
}

#[test]
fn the_socket_of_a_killed_host_is_skipped_with_a_note_and_replaced_by_the_next() {
    let world = World::new();
    let name = |up: &mut std::process::Command| {
        up.env("OPENSRF_HOST__NAME", "app1");
    };
    let start = || {
        let mut up = world.built_in(&["up"]);
        name(&mut up);
        Process::start(up).ready()
    };
    start().kill();
    let socket = world.state().join("control/app1.sock");
    assert!(socket.exists());
    status(&world, &[]).failed(1, &["app1.sock: its process is gone", "no host is running"]);
    let up = start();
    let shown = status(&world, &["--host", "app1"]);
    assert_eq!((shown.code, shown.errors()), (Some(0), String::new()));
    up.signal(Signal::TERM);
    up.end();
    assert!(!socket.exists());
}

#[test]
fn a_host_has_its_socket_where_its_file_says_or_nowhere() {
    let world = World::new();
    let text = format!("host.control = \"unix:FOLDER/own.sock\"\n{HUB}");
    let file = world.write("hub.toml", &text);
    let hub = Process::start(world.configured(&file, &["up"])).ready();
    let shown = run(world.configured(&file, &["status"]));
    assert_eq!(shown.code, Some(0), "{shown:?}");
    assert!(!world.state().join("control").exists());
    // Another cannot have the same.
    let second = run(world.configured(&file, &["up"]));
    second.failed(1, &["no control socket at ", "own.sock", "host.control"]);
    drop(hub);

    let mut up = world.built_in(&["up"]);
    up.env("OPENSRF_HOST__CONTROL", "");
    let up = Process::start(up).ready();
    assert!(!world.state().join("control").exists());
    up.signal(Signal::TERM);
    up.end();
}

#[test]
fn a_host_that_hangs_is_said_to() {
    let world = World::new();
    let up = world.up();
    up.signal(Signal::STOP);
    status(&world, &[]).failed(1, &[".sock: it does not answer within 5 s"]);
    up.signal(Signal::CONT);
    assert_eq!(status(&world, &[]).code, Some(0));
}
