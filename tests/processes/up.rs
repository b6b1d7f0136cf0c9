//! `opensrf up` on its own: what it says, and what it keeps.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use crate::support::{Process, Signal, World, run};

#[test]
fn it_says_ready_once_when_all_is_up() {
    let world = World::new();
    let up = world.up();
    world.call(&["opensrf.math", "add", "2", "2"]).gave(&["4"]);
    up.signal(Signal::TERM);
    let ended = up.end();
    ended.gave(&[]);
    let ready = ended.stderr.iter().filter(|line| line.contains("ready"));
    assert_eq!(ready.collect::<Vec<_>>(), ["ready"], "{ended:?}");
}

#[test]
fn passwords_that_it_made_up_are_its_owners_alone_and_stay() {
    let world = World::new();
    let up = world.up();
    let file = world.state().join("accounts.toml");
    assert_eq!((mode(&world.state()), mode(&file)), (0o700, 0o600));
    let first = fs::read_to_string(&file).expect("made by up");
    up.kill();

    let _up = world.up();
    assert_eq!(fs::read_to_string(&file).expect("made by up"), first);
    world.call(&["opensrf.math", "add", "2", "2"]).gave(&["4"]);
}

#[test]
fn a_wrong_password_is_refused() {
    let world = World::new();
    let _up = world.up();
    let text = "[bus]\ndomain = \"localhost\"\naddress = \"127.0.0.1:PORT\"\n\
                account = { user = \"opensrf\", password = \"wrong\" }\n";
    let file = world.write("stranger.toml", text);
    let call = ["call", "opensrf.math", "add", "2", "2"];
    run(world.configured(&file, &call)).failed(
        1,
        &["the server refused the log-in: check user and password"],
    );

    let text = fs::read_to_string(&file).expect("written above");
    let file = world.write("nobody.toml", &text.replace("\"opensrf\"", "\"nobody\""));
    run(world.configured(&file, &call)).failed(
        1,
        &["the server refused the log-in: check user and password"],
    );
}

#[test]
fn a_port_that_is_taken_ends_it() {
    let world = World::new();
    let _up = world.up();
    let second = run(world.built_in(&["up"]));
    second.failed(
        1,
        &[
            "cannot listen on",
            &world.address(),
            "another program has it",
        ],
    );
}

#[test]
fn after_a_crash_it_comes_up_on_the_same_port() {
    let world = World::new();
    let mut up = world.up();
    for _ in 0..3 {
        world.call(&["opensrf.math", "add", "2", "2"]).gave(&["4"]);
        up.kill();
        up = Process::start(world.built_in(&["up"])).ready();
    }
}

fn mode(path: &Path) -> u32 {
    let metadata = fs::metadata(path).expect("made by up");
    metadata.permissions().mode() & 0o777
}
