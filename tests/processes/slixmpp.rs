//! A Jabber client that nobody here wrote, against `opensrf up`.

use crate::support::{Process, World, python, run, skip};

const ALL: &str = include_str!("all.toml");

#[test]
fn slixmpp_logs_in_and_is_answered() {
    let mut probe = python();
    probe.args(["-c", "import slixmpp"]);
    if !probe.output().is_ok_and(|probe| probe.status.success()) {
        return skip(
            "slixmpp",
            "no Python with slixmpp; name one as OPENSRF_TEST_PYTHON",
        );
    }
    let world = World::new();
    let file = world.write("all.toml", ALL);
    let _up = Process::start(world.configured(&file, &["up"])).ready();
    let mut client = python();
    client
        .arg("-c")
        .arg(include_str!("slixmpp_client.py"))
        .args([
            "opensrf@localhost/slixmpp",
            "secret",
            &world.port.to_string(),
        ]);
    run(client).gave(&[
        "mechanism SCRAM-SHA-256",
        "bound opensrf@localhost/slixmpp",
        "with extension: 4, Request Complete",
        "without extension: 5, Request Complete",
        "session: Connection Successful, 6, Request Complete",
        "unknown service: error service-unavailable from router@localhost/test.none",
    ]);
}
