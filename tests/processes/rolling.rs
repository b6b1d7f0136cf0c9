//! Two hosts are started anew one after the other, and nobody notices.

use crate::hub_and_host::Network;
use crate::support::{Load, Signal};

#[test]
fn hosts_that_restart_one_after_the_other_fail_no_request() {
    let (network, _hub, one) = Network::both();
    let two = network.host().ready();
    let load = Load::on(&network.address());
    load.serves(100);
    let mut hosts = [one, two];
    for round in 0..2 {
        for place in 0..2 {
            let before = load.tally();
            let [first, second] = hosts;
            first.signal(Signal::TERM);
            let ended = first.end();
            ended.gave(&[]);
            assert!(!ended.errors().contains("in time"), "{ended:?}");
            hosts = [second, network.host().ready()];
            load.serves(100);
            let tally = load.tally().since(&before);
            eprintln!("round {round}, host {place}: {tally}");
        }
    }
    let tally = load.end();
    eprintln!("in all: {tally}");
    assert_eq!(
        (tally.failed(), tally.wrong, tally.late, tally.lost),
        (0, 0, 0, 0),
        "{tally}"
    );
    assert_eq!(tally.asked, tally.answered);
}
