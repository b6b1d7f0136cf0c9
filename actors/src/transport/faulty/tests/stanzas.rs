//! Faults in what is sent as stanzas, over the switch.

use std::sync::Arc;
use std::time::Duration;

use actix::{Actor, Context, Handler};
use actix_rt::time::{Instant, timeout};
use opensrf::ids::Seed;
use opensrf::jid::Jid;
use opensrf::stanza::{Message, Parts, Stanza};
use tokio::sync::mpsc;

use super::super::{Direction, Disorder, Faults, Faulty, InFlight, Tally};
use super::run;
use crate::jabber::Switch;
use crate::law::Law;
use crate::transport::{Inbox, Link, LinkError, LinkEvent, Local, Transport};

/// What a party hears: threads of stanzas, with a `!` before those that bounced.
pub(super) type Heard = mpsc::UnboundedReceiver<String>;

struct Party {
    inbox: Option<Inbox>,
    heard: mpsc::UnboundedSender<String>,
}

impl Actor for Party {
    type Context = Context<Self>;
}

impl Handler<LinkEvent> for Party {
    type Result = ();

    fn handle(&mut self, event: LinkEvent, _: &mut Self::Context) {
        while let Some(stanza) = self.inbox.as_ref().and_then(Inbox::pop) {
            let mark = if stanza.is_error() { "!" } else { "" };
            let _ = self.heard.send(format!("{mark}{}", stanza.thread()));
        }
        if let LinkEvent::Down(reason) = event {
            let _ = self.heard.send(reason.to_string());
        }
    }
}

pub(super) fn party() -> (Inbox, Heard) {
    let (heard, ears) = mpsc::unbounded_channel();
    let mut inbox = None;
    Party::create(|ctx| {
        let own = Inbox::new(actix::AsyncContext::address(ctx));
        inbox = Some(own.clone());
        Party {
            inbox: Some(own),
            heard,
        }
    });
    (inbox.unwrap(), ears)
}

pub(super) fn jid(resource: &str) -> Jid {
    Jid::new("opensrf", "localhost", resource).unwrap()
}

fn stanza(thread: impl ToString) -> Stanza {
    let thread = thread.to_string().into();
    let message = Message {
        thread,
        ..Message::default()
    };
    Stanza::message(jid("far"), message)
}

/// A party at `near` with faults on its way, and one at `far` without.
pub(super) struct Net {
    pub(super) switch: Arc<Switch>,
    pub(super) faults: Faults,
    near: Option<Box<dyn Link>>,
    near_inbox: Inbox,
    pub(super) near_hears: Heard,
    pub(super) far: Box<dyn Link>,
    pub(super) far_hears: Heard,
}

impl Net {
    pub(super) async fn start(seed: u64) -> Self {
        Self::with(Faults::new(Seed::new(seed))).await
    }

    pub(super) async fn with(faults: Faults) -> Self {
        let domains = ["localhost".to_owned()];
        let switch = Arc::new(Switch::new(domains, 10, Arc::default(), None));
        let local = Arc::new(Local::new(Arc::clone(&switch)));
        let faulty = Faulty::new(Arc::<Local>::clone(&local), faults.clone());
        let (near_inbox, near_hears) = party();
        let near = faulty.connect(jid("near"), near_inbox.clone()).await;
        let (inbox, far_hears) = party();
        let far = local.connect(jid("far"), inbox).await.unwrap();
        Self {
            switch,
            faults,
            near: Some(near.unwrap()),
            near_inbox,
            near_hears,
            far,
            far_hears,
        }
    }

    pub(super) fn send(&self, threads: std::ops::Range<u32>) {
        for thread in threads {
            self.near.as_ref().unwrap().send(stanza(thread));
        }
    }

    pub(super) fn answer(&self, thread: &str) {
        let to = Some(jid("near"));
        self.far.send(Stanza::from(Parts {
            to,
            ..stanza(thread).into_parts()
        }));
    }

    fn is_bound(&self) -> bool {
        self.switch.addresses().contains(&jid("near"))
    }
}

/// All that is heard until nothing has come for ten minutes.
pub(super) async fn all(heard: &mut Heard) -> Vec<String> {
    let mut all = Vec::new();
    while let Ok(Some(one)) = timeout(Duration::from_secs(600), heard.recv()).await {
        all.push(one);
    }
    all
}

pub(super) fn threads(threads: std::ops::Range<u32>) -> Vec<String> {
    threads.map(|thread| thread.to_string()).collect()
}

pub(super) const MS: Duration = Duration::from_millis(1);

#[test]
fn without_a_fault_everything_arrives_at_once_and_in_order() {
    run(async {
        let mut net = Net::start(1).await;
        let before = Instant::now();
        net.send(0..100);
        for thread in threads(0..100) {
            assert_eq!(net.far_hears.recv().await, Some(thread));
        }
        net.answer("back");
        assert_eq!(net.near_hears.recv().await.unwrap(), "back");
        assert_eq!(before.elapsed(), Duration::ZERO);
        assert_eq!(net.faults.tally(), Tally::default());
    });
}

#[test]
fn a_delay_takes_its_time_and_keeps_the_order() {
    run(async {
        let mut net = Net::start(1).await;
        net.faults.disorder(Disorder {
            delay: Law::uniform(MS * 10, MS * 50).unwrap(),
            ..Disorder::NONE
        });
        let before = Instant::now();
        net.send(0..1);
        assert_eq!(net.far_hears.recv().await.unwrap(), "0");
        let took = before.elapsed();
        assert!((MS * 10..=MS * 51).contains(&took), "{took:?}");
        net.send(1..100);
        assert_eq!(all(&mut net.far_hears).await, threads(1..100));
    });
}

#[test]
fn what_is_lost_is_counted_and_the_rest_arrives() {
    run(async {
        let mut net = Net::start(1).await;
        let half = Disorder {
            lost: 0.5,
            ..Disorder::NONE
        };
        net.faults.disorder_in(Direction::Sent, half);
        net.send(0..100);
        let arrived = all(&mut net.far_hears).await.len() as u64;
        assert_eq!(arrived + net.faults.tally().lost, 100);
        assert!((20..80).contains(&arrived), "{arrived}");
        net.answer("back");
        assert_eq!(net.near_hears.recv().await.unwrap(), "back");
    });
}

#[test]
fn what_comes_twice_comes_twice() {
    run(async {
        let mut net = Net::start(1).await;
        net.faults.disorder(Disorder {
            twice: 1.0,
            ..Disorder::NONE
        });
        net.send(0..2);
        assert_eq!(all(&mut net.far_hears).await, ["0", "0", "1", "1"]);
        assert_eq!(net.faults.tally().twice, 2);
    });
}

#[test]
fn what_is_held_back_is_overtaken() {
    run(async {
        let mut net = Net::start(1).await;
        net.faults.disorder(Disorder {
            late: 0.2,
            ..Disorder::NONE
        });
        net.send(0..50);
        let mut arrived = all(&mut net.far_hears).await;
        assert_ne!(arrived, threads(0..50));
        arrived.sort_by_key(|thread| thread.parse::<u32>().unwrap());
        assert_eq!(arrived, threads(0..50));
    });
}

#[test]
fn a_slow_reader_is_given_as_much_as_it_reads_and_the_rest_bounces() {
    run(async {
        let mut net = Net::start(1).await;
        let slow = Disorder {
            pace: MS * 10,
            ..Disorder::NONE
        };
        net.faults.disorder_in(Direction::Received, slow);
        let before = Instant::now();
        net.answer("1");
        net.answer("2");
        net.near_hears.recv().await.unwrap();
        net.near_hears.recv().await.unwrap();
        assert!(before.elapsed() >= MS * 10);
        // As many as may wait, and one that has gone on.
        for _ in 0..2 {
            for _ in 0..opensrf::limits::MAILBOX {
                net.answer("3");
            }
            tokio::task::yield_now().await;
        }
        let back = all(&mut net.far_hears).await;
        let came = all(&mut net.near_hears).await;
        assert_eq!(back.len() + came.len(), 2 * opensrf::limits::MAILBOX);
        assert!(back.iter().all(|thread| thread == "!3") && !back.is_empty());
    });
}

#[test]
fn a_cut_ends_the_link_on_both_sides_and_loses_what_is_under_way() {
    run(async {
        let mut net = Net::start(1).await;
        net.faults.disorder(Disorder {
            delay: Law::constant(MS * 10).unwrap(),
            ..Disorder::NONE
        });
        net.send(0..3);
        net.answer("back");
        net.faults.cut(InFlight::Lost);
        assert_eq!(
            all(&mut net.near_hears).await,
            ["the server ended the stream: the connection was cut"]
        );
        assert!(!net.is_bound());
        net.send(3..4);
        assert!(all(&mut net.far_hears).await.is_empty());
        let tally = net.faults.tally();
        assert_eq!((tally.cut, tally.lost), (1, 5));
    });
}

#[test]
fn a_cut_may_let_arrive_what_is_under_way() {
    run(async {
        let mut net = Net::start(1).await;
        net.faults.stall(Direction::Sent);
        net.faults.stall(Direction::Received);
        net.send(0..3);
        net.answer("back");
        tokio::task::yield_now().await;
        net.faults.cut(InFlight::Arrives);
        assert_eq!(all(&mut net.far_hears).await, threads(0..3));
        let heard = all(&mut net.near_hears).await;
        assert_eq!(heard.len(), 2);
        assert_eq!(heard[0], "back");
    });
}

#[test]
fn a_stalled_direction_is_silent_until_it_heals() {
    run(async {
        let mut net = Net::start(1).await;
        net.faults.stall(Direction::Received);
        net.answer("back");
        net.send(0..1);
        assert_eq!(all(&mut net.far_hears).await, ["0"]);
        assert!(all(&mut net.near_hears).await.is_empty());
        assert!(net.is_bound());
        net.faults.heal();
        assert_eq!(net.near_hears.recv().await.unwrap(), "back");
    });
}

#[test]
fn nobody_hears_of_a_party_that_leaves_over_a_stalled_link_before_it_heals() {
    run(async {
        let mut net = Net::start(1).await;
        net.faults.stall(Direction::Sent);
        net.near = None;
        net.near_inbox.close();
        net.answer("back");
        assert!(all(&mut net.far_hears).await.is_empty());
        assert!(net.is_bound());
        net.faults.heal();
        assert_eq!(net.far_hears.recv().await.unwrap(), "!back");
        net.faults.all_left().await;
        assert!(!net.is_bound());
    });
}

#[test]
fn what_was_sent_before_the_party_left_arrives() {
    run(async {
        let mut net = Net::start(1).await;
        net.faults.disorder(Disorder {
            delay: Law::constant(MS).unwrap(),
            ..Disorder::NONE
        });
        net.send(0..3);
        net.near = None;
        net.faults.all_left().await;
        assert!(!net.is_bound());
        assert_eq!(all(&mut net.far_hears).await, threads(0..3));
    });
}

#[test]
fn connections_are_refused_or_never_stand() {
    run(async {
        let net = Net::start(1).await;
        let local = Arc::new(Local::new(Arc::clone(&net.switch)));
        let faulty = Faulty::new(local, net.faults.clone());
        let connect = async || faulty.connect(jid("other"), party().0).await;
        net.faults.refuse(true);
        assert!(matches!(
            connect().await,
            Err(LinkError::Unreachable { .. })
        ));
        net.faults.heal();
        net.faults.stall(Direction::Received);
        let before = Instant::now();
        assert!(matches!(
            connect().await,
            Err(LinkError::Unreachable { .. })
        ));
        assert_eq!(before.elapsed().as_secs(), 10);
        assert_eq!(net.faults.tally().refused, 2);
        net.faults.heal();
        connect().await.unwrap();
    });
}

#[test]
fn a_party_that_is_told_to_crash_panics_once_when_it_sends() {
    run(async {
        let net = Net::start(1).await;
        net.faults.crash("/other");
        net.send(0..1);
        net.faults.crash("/near");
        let sending = std::panic::AssertUnwindSafe(|| net.send(1..2));
        assert!(std::panic::catch_unwind(sending).is_err());
        net.send(2..3);
        assert_eq!(net.faults.tally().crashed, 1);
    });
}

#[test]
fn the_same_seed_gives_the_same_faults() {
    let arrive = |seed| {
        run(async move {
            let mut net = Net::start(seed).await;
            net.faults.disorder(Disorder {
                delay: Law::uniform(Duration::ZERO, MS * 30).unwrap(),
                lost: 0.1,
                twice: 0.1,
                late: 0.1,
                ..Disorder::NONE
            });
            net.send(0..200);
            all(&mut net.far_hears).await
        })
    };
    assert_eq!(arrive(7), arrive(7));
    assert_ne!(arrive(7), arrive(8));
}
