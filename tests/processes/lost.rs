//! Processes are killed and cables pulled under load: every request ends, and service is back.
//!
//! Each test prints how the requests ended: answered, refused with an error status, bounced, timed
//! out, failed at once because the client was off the bus. A request that ends in none of these is
//! lost, and so is one that ends later than its caller's time-out.

mod cable;

use std::time::Duration;

use crate::hub_and_host::Network;
use crate::support::{Load, TIMEOUT, Tally};
use cable::Cable;

/// How soon there is service again after a part of it is gone, or is back.
const BACK: Duration = Duration::from_secs(10);

/// When a machine that has vanished is out of the pool (`dead_after_seconds`).
const NOTICED: Duration = Duration::from_secs(10);

/// Says what happened, and that nothing was lost.
fn check(what: &str, tally: &Tally) {
    eprintln!("{what}: {tally}");
    assert_eq!(
        (tally.lost, tally.late, tally.wrong),
        (0, 0, 0),
        "{what}: {tally}"
    );
}

#[test]
fn hosts_that_are_killed_lose_no_request_in_silence() {
    let (network, _hub, one) = Network::both();
    let two = network.host().ready();
    let load = Load::on(&network.address());
    load.serves(300);
    let mut hosts = vec![one, two];
    // Nobody can tell what became of those that a host had; all others are answered.
    let mut may_time_out = 0;
    for round in 0..4 {
        let before = load.tally();
        hosts.remove(0).kill();
        may_time_out += load.tally().in_flight();
        let took = load.serves(100);
        assert!(took < BACK, "{took:?}");
        hosts.push(network.host().ready());
        let tally = load.settled().since(&before);
        check(&format!("host killed, {round}"), &tally);
    }
    let tally = load.end();
    check("in all", &tally);
    assert!(tally.timed_out <= may_time_out, "{may_time_out}: {tally}");
    assert_eq!(tally.failed(), tally.timed_out, "{tally}");
}

#[test]
fn a_hub_that_is_killed_loses_no_request_in_silence() {
    let (network, mut hub, mut one) = Network::both();
    let mut two = network.host().ready();
    let load = Load::on(&network.address());
    load.serves(300);
    for round in 0..2 {
        let before = load.tally();
        hub.kill();
        for host in [&mut one, &mut two] {
            host.wait_for("off the bus, will try again");
        }
        hub = network.hub();
        let took = load.serves(100);
        assert!(took < BACK, "{took:?}");
        let tally = load.settled().since(&before);
        check(&format!("hub killed, {round}"), &tally);
    }
    let tally = load.end();
    check("in all", &tally);
    // Whoever waits for an answer of the hub sees that it is gone.
    assert_eq!(tally.timed_out, 0, "{tally}");
}

#[test]
fn a_host_whose_cable_is_pulled_loses_no_request_in_silence() {
    let cable = Cable::new();
    let load = Load::on(cable.client_address());
    load.serves(300);
    let before = load.tally();
    cable.pull();
    // Half of the requests go to the host that is gone, until that is noticed; then all is well
    // without it.
    let took = load.serves_well(500);
    let tally = load.tally().since(&before);
    check("cable pulled", &tally);
    assert!(took < NOTICED + 2 * TIMEOUT + BACK, "{took:?}");

    let before = load.tally();
    cable.plug_in();
    load.serves_well(500);
    check("cable plugged in", &load.settled().since(&before));
    let tally = load.end();
    check("in all", &tally);
    assert_eq!(tally.offline, 0, "{tally}");
}
