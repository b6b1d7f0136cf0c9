//! `opensrf up` under a service manager: systemd, or a container's.

use std::fs;
use std::io::ErrorKind;
use std::os::linux::net::SocketAddrExt;
use std::os::unix::net::{SocketAddr, UnixDatagram};
use std::path::Path;
use std::process::Command;
use std::time::Duration;

use crate::support::{PATIENCE, Process, Signal, World, run, unproved};

/// The unit file that we recommend.
const UNIT: &str = include_str!("../../config/opensrf.service");

const ALL: &str = include_str!("all.toml");

/// The end of the socket that a service manager has.
struct Manager(UnixDatagram);

impl Manager {
    fn at(path: &Path) -> Self {
        Self::patient(UnixDatagram::bind(path).expect("a folder of our own"))
    }

    fn patient(socket: UnixDatagram) -> Self {
        socket.set_read_timeout(Some(PATIENCE)).expect("a time");
        Self(socket)
    }

    /// The next notice; nothing if none comes in time.
    fn heard(&self) -> Option<String> {
        let mut bytes = [0; 1_000];
        match self.0.recv(&mut bytes) {
            Ok(count) => Some(String::from_utf8_lossy(&bytes[..count]).into_owned()),
            Err(error) => {
                assert_eq!(error.kind(), ErrorKind::WouldBlock, "{error}");
                None
            }
        }
    }

    /// Waits for a notice, which begins with this line.
    fn hears(&self, line: &str) -> String {
        let notice = self.heard().expect("a notice");
        assert_eq!(notice.lines().next(), Some(line), "{notice}");
        notice
    }

    /// All that has been said and not heard.
    fn rest(&self) -> Vec<String> {
        self.0.set_nonblocking(true).expect("a socket");
        let rest = std::iter::from_fn(|| self.heard()).collect();
        self.0.set_nonblocking(false).expect("a socket");
        rest
    }
}

/// `opensrf up` with a host of all, told of a manager at `address`.
fn up(world: &World, file: &str, address: &str) -> Command {
    let mut up = world.configured(&world.path(file), &["up"]);
    up.env("NOTIFY_SOCKET", address);
    up
}

#[test]
fn the_manager_hears_of_readiness_when_all_is_registered_and_of_each_reload_and_of_the_end() {
    let world = World::new();
    let (hub, _) = ALL.split_once("[bus]").expect("it has a bus");
    let (_, host) = ALL.split_once("[bus]").expect("it has a bus");
    let access = "[bus]\naddress = \"127.0.0.1:PORT\"\n";
    let host = format!("{access}{host}").replace(
        "user = \"opensrf\"",
        "user = \"opensrf\", password = \"secret\"",
    );
    let hub = world.write("hub.toml", hub);
    world.write("host.toml", &host);
    let path = world.path("notify");
    let manager = Manager::at(&path);

    let mut host = Process::start(up(&world, "host.toml", &path.to_string_lossy()));
    host.wait_for("off the bus, will try again");
    let early = manager.rest();
    assert!(
        !early.iter().any(|notice| notice.contains("READY")),
        "{early:?}"
    );
    // A reload before that was told as serving.
    host.signal(Signal::HUP);
    host.wait_for("configuration read again");
    let early = manager.rest();
    assert!(
        !early.iter().any(|notice| notice.contains("serves")),
        "{early:?}"
    );
    let _hub = Process::start(world.configured(&hub, &["up"])).ready();
    let mut notice = manager.heard().expect("a notice");
    while notice.starts_with("STATUS=waits for") {
        notice = manager.heard().expect("a notice");
    }
    assert_eq!(notice, "READY=1\nSTATUS=serves");
    let host = host.ready();

    host.signal(Signal::HUP);
    let notice = manager.hears("RELOADING=1");
    assert!(notice.contains("\nMONOTONIC_USEC="), "{notice}");
    manager.hears("READY=1");
    world.write("host.toml", "[buss]\n");
    host.signal(Signal::HUP);
    manager.hears("RELOADING=1");
    let notice = manager.hears("READY=1");
    assert!(
        notice.contains("the new configuration is wrong"),
        "{notice}"
    );

    host.signal(Signal::TERM);
    let notice = manager.hears("STOPPING=1");
    assert!(
        notice.contains("\nEXTEND_TIMEOUT_USEC=35000000"),
        "{notice}"
    );
    host.end().gave(&[]);
    assert_eq!(manager.rest(), [""; 0]);
}

#[test]
fn a_manager_at_an_abstract_address_is_told_too() {
    let world = World::new();
    world.write("all.toml", ALL);
    let name = format!("opensrf-test-{}", world.port);
    let address = SocketAddr::from_abstract_name(&name).expect("a name");
    let manager = Manager::patient(UnixDatagram::bind_addr(&address).expect("a free name"));
    let up = Process::start(up(&world, "all.toml", &format!("@{name}"))).ready();
    manager.hears("READY=1");
    up.signal(Signal::INT);
    manager.hears("STOPPING=1");
    up.end().gave(&[]);
}

#[test]
fn a_manager_that_is_not_there_is_named_once_and_the_host_goes_on() {
    let world = World::new();
    world.write("all.toml", ALL);
    let missing = world.path("missing");
    let mut up = up(&world, "all.toml", &missing.to_string_lossy());
    up.env("WATCHDOG_USEC", "1000");
    let up = Process::start(up).ready();
    up.signal(Signal::TERM);
    let ended = up.end();
    ended.gave(&[]);
    let lines = ended.stderr.iter();
    let named = lines.filter(|line| line.contains("the service manager cannot be told"));
    assert_eq!(named.count(), 1, "{ended:?}");
}

#[test]
fn signs_of_life_come_until_the_host_is_blocked_and_then_it_ends_all_the_same() {
    let world = World::new();
    let (head, _) = ALL.split_once("[[services]]").expect("it has a service");
    let services = "[host]\ndrain_seconds = 1\n[[services]]\nname = \"opensrf.slooooooow\"\n\
                    settings.holds = \"host\"\n";
    let file = world.write("all.toml", &format!("{head}{services}"));
    let path = world.path("notify");
    let manager = Manager::at(&path);
    let mut command = up(&world, "all.toml", &path.to_string_lossy());
    command.env("WATCHDOG_USEC", "200000");
    let up = Process::start(command).ready();
    let mut signs = 0;
    while signs < 3 {
        let notice = manager.heard().expect("a notice");
        signs += u32::from(notice == "WATCHDOG=1");
    }
    let call = [
        "call",
        "opensrf.slooooooow",
        "opensrf.slooooooow.wait",
        "3600",
    ];
    let caller = Process::start(world.configured(&file, &call));
    let silence = Duration::from_secs(2);
    manager.0.set_read_timeout(Some(silence)).expect("a time");
    while manager.heard().is_some() {}

    up.signal(Signal::TERM);
    up.end().failed(1, &["the host does not end"]);
    caller
        .end()
        .failed(1, &["not connected to the Jabber server"]);
}

#[test]
fn a_method_that_never_ends_on_a_thread_of_its_own_does_not_hold_up_the_end() {
    for signal in [Signal::INT, Signal::TERM] {
        let world = World::new();
        let (head, _) = ALL.split_once("[[services]]").expect("it has a service");
        let services = "[host]\ndrain_seconds = 1\n[log]\nlevel = \"info,activity=debug\"\n\
                        [[services]]\nname = \"opensrf.slooooooow\"\nsettings.holds = \"thread\"\n";
        let file = world.write("all.toml", &format!("{head}{services}"));
        let mut up = Process::start(world.configured(&file, &["up"])).ready();
        let call = [
            "call",
            "opensrf.slooooooow",
            "opensrf.slooooooow.wait",
            "3600",
        ];
        let caller = Process::start(world.configured(&file, &call));
        up.wait_for("CALL");
        // That line comes before the method has its thread. Another call is done after it.
        let echo = ["call", "opensrf.slooooooow", "opensrf.system.echo", "1"];
        run(world.configured(&file, &echo)).gave(&["1"]);
        up.signal(signal);
        caller.end().failed(1, &["the service is stopping"]);
        let ended = up.end();
        ended.gave(&[]);
        assert!(
            ended.errors().contains("a blocking method still runs"),
            "{ended:?}"
        );
    }
}

#[test]
fn as_the_first_process_of_a_container_it_follows_signals() {
    let mut probe = Command::new("unshare");
    probe.args(["--map-root-user", "--pid", "--fork", "true"]);
    if !probe.output().is_ok_and(|done| done.status.success()) {
        unproved(
            "the first process",
            "namespaces of processes are not to be had",
        );
        return;
    }
    let world = World::new();
    let file = world.write("all.toml", ALL);
    let inner = world.configured(&file, &["up"]);
    let mut outer = Command::new("unshare");
    outer.args(["--map-root-user", "--pid", "--fork", "--kill-child"]);
    outer.arg(inner.get_program()).args(inner.get_args());
    outer
        .env_clear()
        .env("OPENSRF_STATE", world.state())
        .env("PATH", "/usr/bin:/bin");
    let up = Process::start(outer).ready();
    up.signal_child(Signal::TERM);
    up.end().gave(&[]);
}

#[test]
fn the_unit_file_is_understood_by_systemd_and_by_the_program() {
    let world = World::new();
    let file = world.write("opensrf.toml", ALL);
    let exec = UNIT
        .lines()
        .find_map(|line| line.strip_prefix("ExecStart="));
    let exec = exec.expect("it starts something");
    let program = env!("CARGO_BIN_EXE_opensrf");
    let own = exec.replace("/usr/local/bin/opensrf", program);
    let own = own.replace("/etc/opensrf/opensrf.toml", &file.to_string_lossy());
    let words: Vec<&str> = own.split(' ').collect();
    assert_eq!(words.last(), Some(&"up"));
    let mut check = Command::new(words[0]);
    check
        .args(&words[1..words.len() - 1])
        .args(["config", "check"])
        .env_clear();
    let checked = run(check);
    assert_eq!(checked.code, Some(0), "{checked:?}");

    let seconds = UNIT
        .lines()
        .find_map(|line| line.strip_prefix("TimeoutStopSec="));
    let seconds: u64 = seconds.expect("it is there").parse().expect("a number");
    assert!(
        seconds > 30 + 5,
        "host.drain_seconds and the grace behind it"
    );

    let unit = world.path("opensrf.service");
    fs::write(&unit, UNIT.replace(exec, &own)).expect("a folder of our own");
    let mut verify = Command::new("systemd-analyze");
    verify.args(["verify", "--man=no"]).arg(&unit);
    match verify.output() {
        Ok(done) => {
            let said = String::from_utf8_lossy(&done.stderr);
            assert!(done.status.success() && said.is_empty(), "{said}");
        }
        Err(error) if error.kind() == ErrorKind::NotFound => {
            unproved("the unit file", "systemd-analyze is not installed");
        }
        Err(error) => panic!("{error}"),
    }
}
