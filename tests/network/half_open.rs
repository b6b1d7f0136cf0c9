//! Machines that vanish and processes that are stopped: nothing comes any more, and nobody closes
//! anything.

use std::sync::Arc;
use std::time::Duration;

use actix_rt::time::{Instant, sleep};
use opensrf::ids::Seed;
use opensrf::limits::DEAD_AFTER;
use opensrf::session::CallError;
use opensrf::stream::LoginMethod;
use opensrf_actors::client::ClientError;
use opensrf_actors::env::Env;
use opensrf_actors::host::{Access, Host, HostBuilder, HostHandle};
use opensrf_actors::transport::faulty::{Direction, Faults, FaultyDial, Wire};
use tokio::time::timeout_at;

use crate::raw::{HEADER, Raw, Tube, message};
use crate::services::{gate, math};
use crate::support::{PASSWORD, hub, run};

/// Long enough for everybody to have answered the first ping.
const SETTLED: Duration = Duration::from_secs(2);

const BOTH: [Direction; 2] = [Direction::Sent, Direction::Received];

async fn started(builder: HostBuilder) -> HostHandle {
    let host = builder.start().await.unwrap();
    host.ready().await.unwrap();
    host
}

/// A host that reaches the hub over `wire`.
fn far(hub: &HostHandle, wire: &Wire, seed: u64) -> HostBuilder {
    let dial = FaultyDial::new(Arc::new(hub.duplex()), wire.clone());
    let access = Access::Dial(Arc::new(dial), LoginMethod::Auto);
    let builder = Host::builder().server_by(access, "opensrf", "localhost", PASSWORD);
    builder.env(Env::simulated(seed))
}

async fn settled_hub() -> HostHandle {
    started(hub().env(Env::simulated(1))).await
}

/// A hub, and two hosts with `opensrf.math`, of which the first has a wire that may fail.
async fn two_hosts() -> (HostHandle, Wire, [HostHandle; 2]) {
    let hub = settled_hub().await;
    let wire = Wire::new();
    let first = started(math(far(&hub, &wire, 2))).await;
    let second = started(math(far(&hub, &Wire::new(), 3))).await;
    sleep(SETTLED).await;
    (hub, wire, [first, second])
}

fn is_timeout(error: &ClientError) -> bool {
    matches!(error.call(), Some(CallError::Timeout { .. }))
}

#[test]
fn a_host_that_vanished_is_used_for_ten_seconds_at_most() {
    for directions in [&BOTH[..1], &BOTH[1..], &BOTH] {
        run(true, async {
            let (hub, wire, hosts) = two_hosts().await;
            directions.iter().for_each(|way| wire.stall(*way));
            let begun = Instant::now();
            let client = hub.client().with_timeout(Duration::from_millis(100));
            let mut last_lost = Duration::ZERO;
            while begun.elapsed() < DEAD_AFTER * 3 / 2 {
                let asked = begun.elapsed();
                match client.call("opensrf.math", "add", (1, 2)).await {
                    Ok(_) => {}
                    Err(error) if is_timeout(&error) => last_lost = asked,
                    Err(error) => panic!("{error}"),
                }
                sleep(Duration::from_millis(50)).await;
            }
            assert!(last_lost > Duration::ZERO, "nothing was lost: no fault");
            assert!(last_lost <= DEAD_AFTER, "{last_lost:?}, {directions:?}");
            wire.heal();
            hosts[0].ready().await.unwrap();
            hosts[1].shutdown().await.unwrap();
            hosts[0].client().online().await.unwrap();
            hub.call("opensrf.math", "add", (1, 2)).await.unwrap();
        });
    }
}

#[test]
fn what_waited_for_a_host_that_vanished_goes_to_the_other() {
    run(true, async {
        let (hub, wire, _hosts) = two_hosts().await;
        BOTH.iter().for_each(|way| wire.stall(*way));
        let text = "x".repeat(600_000);
        let call = || hub.call("opensrf.math", "opensrf.system.echo", [text.as_str()]);
        let begun = Instant::now();
        let outcomes = futures::future::join_all((0..4).map(|_| call())).await;
        // One was on the wire. One waited behind it, and found the other host.
        let lost = outcomes.iter().filter_map(|outcome| outcome.as_ref().err());
        assert!(lost.clone().all(is_timeout), "{outcomes:?}");
        assert_eq!(lost.count(), 1);
        assert_eq!(begun.elapsed().as_secs(), 30, "its caller's patience");
        assert!(hub.figures().dead > 0);
    });
}

#[test]
fn what_a_client_asked_ends_as_offline_when_its_server_vanished() {
    for directions in [&BOTH[..1], &BOTH[1..], &BOTH] {
        run(true, async {
            let hub = settled_hub().await;
            let (service, gate) = gate();
            hub.add_service(service).await.unwrap();
            let wire = Wire::new();
            let desk = started(far(&hub, &wire, 2)).await;
            desk.client().online().await.unwrap();
            sleep(SETTLED).await;
            let client = desk.client().with_timeout(Duration::from_secs(3_600));
            let call = client.call("test.gate", "pass", ());
            let vanishing = async {
                gate.holds(1).await;
                directions.iter().for_each(|way| wire.stall(*way));
                Instant::now()
            };
            let (outcome, begun) = tokio::join!(call, vanishing);
            assert_eq!(outcome.unwrap_err().call(), Some(&CallError::Offline));
            let taken = begun.elapsed();
            assert!(taken <= DEAD_AFTER, "{taken:?}, {directions:?}");
            wire.heal();
            while client.online().await.is_err() {
                sleep(Duration::from_millis(100)).await;
            }
            gate.admit(2);
            client.call("test.gate", "pass", ()).await.unwrap();
        });
    }
}

#[test]
fn idle_connections_live_for_ever() {
    run(true, async {
        let (hub, wire, hosts) = two_hosts().await;
        let logins = hub.figures().logins;
        sleep(Duration::from_secs(600)).await;
        assert_eq!(hub.figures().dead, 0);
        assert_eq!(hub.figures().logins, logins, "nobody came back");
        assert!(wire.dialled() > 0 && hosts[0].figures().restarts == 0);
    });
}

#[test]
fn a_slow_line_is_not_a_dead_one() {
    run(true, async {
        let hub = math(hub().env(Env::simulated(1)));
        let hub = started(hub).await;
        let wire = Wire::new();
        let desk = started(far(&hub, &wire, 2)).await;
        desk.client().online().await.unwrap();
        sleep(SETTLED).await;
        let dialled = wire.dialled();
        wire.limit(Some(64 * 1024));
        let text = "x".repeat(1_500_000);
        let client = desk.client().with_timeout(Duration::from_secs(300));
        let begun = Instant::now();
        let answers = client.call("opensrf.math", "opensrf.system.echo", [&text]);
        assert_eq!(answers.await.unwrap().one::<String>().unwrap(), text);
        assert!(begun.elapsed() > 4 * DEAD_AFTER, "that was too fast");
        assert_eq!((hub.figures().dead, wire.dialled()), (0, dialled));
    });
}

/// All bytes that come within so long, or until the end.
async fn heard(raw: &mut Raw<Tube>, time: Duration) -> String {
    let mut all = String::new();
    let end = Instant::now() + time;
    while let Ok(more) = timeout_at(end, raw.read()).await
        && !more.is_empty()
    {
        all.push_str(&more);
    }
    all
}

#[test]
fn an_original_program_is_asked_once_and_left_alone() {
    run(true, async {
        let hub = settled_hub().await;
        let mut raw = Raw::through(&hub.duplex()).await;
        raw.authenticate("opensrf", "localhost", "drone").await;
        let first = heard(&mut raw, Duration::from_secs(1)).await;
        let ping = "<iq to=\"opensrf@localhost/drone\" from=\"localhost\" type=\"get\" \
                    id=\"alive\"><ping xmlns='urn:xmpp:ping'/></iq>";
        assert_eq!(first, ping);
        // Not even white space: it would shorten the time that a C program waits for an answer.
        assert_eq!(heard(&mut raw, Duration::from_secs(80)).await, "");
        raw.is_silent().await;
    });
}

#[test]
fn another_program_that_does_not_answer_gets_white_space_and_lives() {
    run(true, async {
        let hub = settled_hub().await;
        let mut raw = Raw::through(&hub.duplex()).await;
        raw.say(&HEADER.replace("'>", "' version='1.0'>")).await;
        assert!(raw.read().await.contains("PLAIN"));
        raw.say(
            "<auth xmlns='urn:ietf:params:xml:ns:xmpp-sasl' mechanism='PLAIN'>\
             AG9wZW5zcmYAdGVzdCBwYXNzd29yZA==</auth>",
        )
        .await;
        assert!(raw.read().await.contains("<success"));
        // It takes its time, and hears nothing that it does not wait for.
        assert_eq!(heard(&mut raw, Duration::from_secs(20)).await, "");
        raw.say(&HEADER.replace("'>", "' version='1.0'>")).await;
        assert!(
            raw.read()
                .await
                .contains("urn:ietf:params:xml:ns:xmpp-bind")
        );
        raw.say("<iq type='set' id='b'><bind xmlns='urn:ietf:params:xml:ns:xmpp-bind'/></iq>")
            .await;
        let first = heard(&mut raw, Duration::from_secs(1)).await;
        let granted = first.find("<jid>").expect("an address");
        assert!(first[granted..].contains("urn:xmpp:ping"), "{first}");
        let rest = heard(&mut raw, Duration::from_secs(60)).await;
        assert!(rest.trim().is_empty(), "{rest}");
        assert!((11..=16).contains(&rest.len()), "{}", rest.len());
    });
}

#[test]
fn a_program_that_answered_once_and_then_no_more_is_dead() {
    run(true, async {
        let hub = settled_hub().await;
        let mut raw = Raw::through(&hub.duplex()).await;
        raw.authenticate("opensrf", "localhost", "quiet").await;
        assert!(
            heard(&mut raw, Duration::from_secs(1))
                .await
                .contains("urn:xmpp:ping")
        );
        // An error is an answer, too.
        raw.say("<iq type='error' id='alive' to='localhost'><error type='cancel'/></iq>")
            .await;
        let begun = Instant::now();
        let rest = heard(&mut raw, Duration::from_secs(60)).await;
        assert_eq!(begun.elapsed().as_secs(), DEAD_AFTER.as_secs());
        assert!(rest.matches("urn:xmpp:ping").count() >= 2, "{rest}");
        assert_eq!(hub.figures().dead, 1);
        let mut other = Raw::through(&hub.duplex()).await;
        other.authenticate("opensrf", "localhost", "other").await;
        other
            .say(&message("opensrf@localhost/quiet", "t", ""))
            .await;
        assert!(other.stanza().await.is_error());
    });
}

#[test]
fn nobody_is_asked_where_it_is_switched_off() {
    run(true, async {
        let hub = started(hub().dead_after(Duration::ZERO)).await;
        let mut raw = Raw::through(&hub.duplex()).await;
        raw.authenticate("opensrf", "localhost", "drone").await;
        assert_eq!(heard(&mut raw, Duration::from_secs(80)).await, "");
        let refused = Host::builder().dead_after(Duration::from_millis(1));
        let error = refused.start().await.unwrap_err().to_string();
        assert_eq!(error, "dead after 1ms: at least 1s, or 0 for never");
    });
}

/// Its services took all the time that the end of a host has, and its client was never told to end.
#[test]
fn a_host_that_is_stopped_behind_stalled_links_leaves_nobody_on_the_bus() {
    run(true, async {
        let hub = settled_hub().await;
        let before = hub.bound();
        let faults = Faults::new(Seed::new(1));
        let access = Access::Dial(Arc::new(hub.duplex()), LoginMethod::Auto).with_faults(&faults);
        let host = Host::builder().server_by(access, "opensrf", "localhost", PASSWORD);
        let host = started(math(host.env(Env::simulated(2)))).await;
        faults.stall(Direction::Sent);
        host.stop().await.unwrap();
        faults.heal();
        sleep(SETTLED).await;
        let mut left = hub.bound();
        left.retain(|jid| !before.contains(jid));
        assert_eq!(left, []);
    });
}
