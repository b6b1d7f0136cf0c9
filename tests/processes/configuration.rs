//! Bad usage and bad configuration: exit code 2, and where it is wrong.

use crate::support::{Process, Signal, World, run};

#[test]
fn a_wrong_option_is_named() {
    let world = World::new();
    for args in [&["up", "--bogus"][..], &["call", "--bogus", "s", "m"]] {
        run(world.opensrf(args)).failed(2, &["--bogus", "Usage: opensrf"]);
    }
}

#[test]
fn a_file_that_is_not_there_is_named() {
    let world = World::new();
    for args in [&["up"][..], &["config", "check"], &["call", "s", "m"]] {
        let missing = world.path("missing.toml");
        let ended = run(world.configured(&missing, args));
        ended.failed(2, &["cannot read", "missing.toml", "No such file"]);
    }
}

#[test]
fn what_is_wrong_in_a_file_is_said_with_its_line() {
    let world = World::new();
    let text = "[jabber]\nlisten = [\"127.0.0.1:PORT\"]\ndomains = [\"localhost\"]\nbogus = 3\n\
                [[jabber.accounts]]\nuser = \"a\"\n\n[log]\nlevel = 7\n";
    let file = world.write("bad.toml", text);
    for args in [&["up"][..], &["config", "check"], &["call", "s", "m"]] {
        let ended = run(world.configured(&file, args));
        ended.failed(
            2,
            &[
                "bad.toml:4: jabber.bogus: unknown key",
                "bad.toml:9: log.level",
            ],
        );
    }
}

#[test]
fn a_file_that_is_no_toml_is_said_with_its_line() {
    let world = World::new();
    let file = world.write("torn.toml", "[jabber]\n\nlisten = [\"127.0.0.1:\n");
    run(world.configured(&file, &["up"])).failed(2, &["torn.toml:3"]);
}

#[test]
fn a_service_that_is_not_on_board_is_said_with_its_line() {
    let world = World::new();
    let text = "[bus]\ndomain = \"localhost\"\naddress = \"127.0.0.1:PORT\"\n\
                account = { user = \"opensrf\", password = \"x\" }\n\n\
                [[services]]\nname = \"test.none\"\n";
    let file = world.write("host.toml", text);
    run(world.configured(&file, &["up"])).failed(2, &["host.toml:7", "test.none"]);
}

#[test]
fn a_password_in_the_environment_that_nothing_here_asks_for_is_left_out() {
    let world = World::new();
    let hub = world.write("hub.toml", crate::hub_and_host::HUB);
    let with_password = |args: &[&str]| {
        let mut command = world.configured(&hub, args);
        command.env("OPENSRF_BUS__ACCOUNT__PASSWORD", "secret");
        command
    };
    let checked = run(with_password(&["config", "check"]));
    let note = "variable OPENSRF_BUS__ACCOUNT__PASSWORD: bus.account.password: is left out; there is no [bus]";
    assert!(checked.errors().contains(note), "{checked:?}");
    assert_eq!(checked.code, Some(0), "{checked:?}");
    let up = Process::start(with_password(&["up"])).ready();
    up.signal(Signal::TERM);
    up.end().gave(&[]);
    // Where more is said of it, it counts, and what is missing is told.
    let mut command = with_password(&["config", "check"]);
    command.env("OPENSRF_BUS__ACCOUNT__USER", "opensrf");
    run(command).failed(2, &["bus.domain: is missing"]);
}
