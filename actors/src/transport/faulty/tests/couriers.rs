//! What carries stanzas over all links of a transport: when it does, and when it ends.

use std::num::NonZeroU64;
use std::sync::Arc;
use std::time::Duration;

use actix_rt::time::Instant;
use opensrf::ids::Seed;
use opensrf::stanza::{Message, Stanza};

use super::super::{Direction, Disorder, Faults, Faulty, InFlight};
use super::run;
use super::stanzas::{MS, Net, all, jid, party, threads};
use crate::jabber::Switch;
use crate::law::Law;
use crate::timer::Paused;
use crate::transport::{Local, Transport};

fn delayed(delay: Duration) -> Disorder {
    Disorder {
        delay: Law::constant(delay).unwrap(),
        ..Disorder::NONE
    }
}

#[test]
fn with_an_exact_timer_delays_are_exact() {
    let paused = Paused::new().unwrap();
    let faults = Faults::new(Seed::new(1)).with_timer(paused.timer());
    paused.system().block_on(async {
        let mut net = Net::with(faults).await;
        for nanos in [1, 200_000, 999_999, 1_234_567] {
            let delay = Duration::from_nanos(nanos);
            net.faults.disorder(delayed(delay));
            let before = Instant::now();
            net.send(0..2);
            net.far_hears.recv().await.unwrap();
            net.far_hears.recv().await.unwrap();
            assert_eq!(before.elapsed(), delay);
            net.answer("back");
            net.near_hears.recv().await.unwrap();
            assert_eq!(before.elapsed(), 2 * delay);
        }
    });
}

/// One that arrives sooner than all that is under way already, with which the courier sleeps.
#[test]
fn what_arrives_first_is_not_held_up_by_what_was_sent_first() {
    run(async {
        let mut net = Net::start(1).await;
        net.faults.disorder_in(Direction::Sent, delayed(50 * MS));
        net.faults
            .disorder_in(Direction::Received, delayed(10 * MS));
        let before = Instant::now();
        net.send(0..1);
        tokio::task::yield_now().await;
        net.answer("back");
        assert_eq!(net.near_hears.recv().await.unwrap(), "back");
        assert!(before.elapsed() < 12 * MS);
        assert_eq!(net.far_hears.recv().await.unwrap(), "0");
        assert!(before.elapsed() < 52 * MS);
    });
}

#[test]
fn all_parties_share_the_bandwidth_of_a_direction() {
    run(async {
        let mut net = Net::start(1).await;
        let other = Faulty::new(
            Arc::new(Local::new(Arc::clone(&net.switch))),
            net.faults.clone(),
        );
        let other = other.connect(jid("other"), party().0).await.unwrap();
        let stanza = |thread: &str| {
            let message = Message {
                thread: thread.into(),
                ..Message::default()
            };
            Stanza::message(jid("far"), message)
        };
        let size = stanza("0").weight() as u64;
        net.faults.disorder_in(
            Direction::Sent,
            Disorder {
                bytes_a_second: NonZeroU64::new(10 * size),
                ..delayed(5 * MS)
            },
        );
        let before = Instant::now();
        net.send(0..2);
        other.send(stanza("2"));
        net.send(3..4);
        // The other direction has room.
        net.answer("back");
        net.near_hears.recv().await.unwrap();
        assert_eq!(before.elapsed(), Duration::ZERO);
        for number in 1..=4_u32 {
            net.far_hears.recv().await.unwrap();
            let expected = number * 100 * MS + 5 * MS;
            let took = before.elapsed();
            assert!((expected..expected + 2 * MS).contains(&took), "{took:?}");
        }
    });
}

#[test]
fn the_tally_knows_how_long_stanzas_with_a_body_were_under_way() {
    run(async {
        let mut net = Net::start(1).await;
        net.faults.disorder(delayed(10 * MS));
        net.send(0..5); // without a body
        let message = Message {
            body: "[]".into(),
            ..Message::default()
        };
        for _ in 0..3 {
            net.far.send(Stanza::message(jid("near"), message.clone()));
        }
        assert_eq!(all(&mut net.near_hears).await.len(), 3);
        let tally = net.faults.tally();
        assert_eq!((tally.carried, tally.under_way), (3, 30 * MS));
        // What is held up is under way for longer.
        net.faults.stall(Direction::Received);
        net.far.send(Stanza::message(jid("near"), message));
        actix_rt::time::sleep(990 * MS).await;
        net.faults.heal();
        net.near_hears.recv().await.unwrap();
        let tally = net.faults.tally();
        assert_eq!((tally.carried, tally.under_way), (4, 1020 * MS));
    });
}

#[test]
fn links_come_and_go_and_there_is_always_somebody_who_carries() {
    run(async {
        let mut net = Net::start(1).await;
        let local = Arc::new(Local::new(Arc::clone(&net.switch)));
        let faulty = Faulty::new(local, net.faults.clone());
        for number in 0..5 {
            let (inbox, _hears) = party();
            let link = faulty.connect(jid("other"), inbox).await.unwrap();
            let message = Message {
                thread: number.to_string().into(),
                ..Message::default()
            };
            link.send(Stanza::message(jid("far"), message));
            drop(link);
            net.faults.all_left().await;
            assert!(!net.switch.addresses().contains(&jid("other")));
        }
        assert_eq!(all(&mut net.far_hears).await, threads(0..5));
    });
}

#[test]
fn a_party_that_does_not_wait_for_its_link_leaves_nothing_behind() {
    run(async {
        let net = Net::start(1).await;
        net.faults.stall(Direction::Sent);
        let local = Arc::new(Local::new(Arc::clone(&net.switch)));
        let faulty = Faulty::new(local, net.faults.clone());
        let connecting = faulty.connect(jid("other"), party().0);
        assert!(actix_rt::time::timeout(MS, connecting).await.is_err());
        net.faults.heal();
        net.faults.cut(InFlight::Lost);
        actix_rt::time::sleep(MS).await;
        assert_eq!(net.faults.tally().cut, 1);
        assert!(!net.switch.addresses().contains(&jid("other")));
    });
}

/// Other runtimes have links of their own transports; who is bound must not outlive who carries.
#[test]
fn links_end_with_the_runtime_that_carries() {
    let domains = ["localhost".to_owned()];
    let switch = Arc::new(Switch::new(domains, 10, Arc::default(), None));
    let local = Arc::new(Local::new(Arc::clone(&switch)));
    let faulty = Faulty::new(local, Faults::new(Seed::new(1)));
    let mut link = None;
    run(async {
        link = faulty.connect(jid("near"), party().0).await.ok();
        assert_eq!(switch.addresses(), [jid("near")]);
    });
    assert_eq!(switch.addresses(), []);
    drop(link);
    run(async {
        let (inbox, mut hears) = party();
        let near = faulty.connect(jid("near"), inbox).await.unwrap();
        assert_eq!(switch.addresses(), [jid("near")]);
        near.send(Stanza::message(jid("near"), Message::default()));
        hears.recv().await.unwrap();
    });
}
