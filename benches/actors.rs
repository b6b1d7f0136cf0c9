//! What the actors themselves cost: a message told, a question asked, a stanza on the switch.
//!
//! Measures one arbiter, with actors that do nothing; each figure includes the receiver's turn.
//! Messages are told in batches of a thousand, so that a wake-up is shared. Does not measure two
//! arbiters (waking another thread costs microseconds), nor what an actor does with a message.

// What is measured takes real time.
#![allow(clippy::disallowed_types)]

use std::sync::Arc;
use std::time::Duration;

use actix::{Actor, Addr, Context, Handler, Message};
use actix_rt::SystemRunner;
use actix_rt::time::Instant;
use criterion::{Criterion, criterion_group, criterion_main};
use opensrf::jid::Jid;
use opensrf::stanza::{self, Parts, Stanza};
use opensrf_actors::counters::Counters;
use opensrf_actors::jabber::Switch;
use opensrf_actors::peer::Peer;
use opensrf_actors::transport::{Inbox, Link, LinkEvent, Local, Transport};

/// Messages that are told before the receiver gets its turn.
const BATCH: u64 = 1_000;

#[derive(Debug, Message)]
#[rtype(result = "()")]
struct Told;

#[derive(Debug, Message)]
#[rtype(result = "u64")]
struct Asked;

/// Counts what comes.
#[derive(Default)]
struct Idler {
    received: u64,
    inbox: Option<Inbox>,
}

impl Actor for Idler {
    type Context = Context<Self>;

    fn started(&mut self, ctx: &mut Self::Context) {
        ctx.set_mailbox_capacity(4_096);
    }
}

impl Handler<Told> for Idler {
    type Result = ();

    fn handle(&mut self, _: Told, _: &mut Self::Context) {
        self.received += 1;
    }
}

impl Handler<Asked> for Idler {
    type Result = u64;

    fn handle(&mut self, _: Asked, _: &mut Self::Context) -> u64 {
        self.received
    }
}

impl Handler<LinkEvent> for Idler {
    type Result = ();

    fn handle(&mut self, _: LinkEvent, _: &mut Self::Context) {
        while let Some(_stanza) = self.inbox.as_ref().and_then(Inbox::pop) {
            self.received += 1;
        }
    }
}

/// Gives an idler the inbox to take stanzas from.
#[derive(Message)]
#[rtype(result = "()")]
struct Use(Inbox);

impl Handler<Use> for Idler {
    type Result = ();

    fn handle(&mut self, Use(inbox): Use, _: &mut Self::Context) {
        self.inbox = Some(inbox);
    }
}

fn idler(system: &SystemRunner) -> Addr<Idler> {
    system.block_on(async { Idler::default().start() })
}

/// Does `one` so often, in batches that the receiver takes in between; says how long all took.
async fn in_batches(times: u64, receiver: &Addr<Idler>, one: impl Fn()) -> Duration {
    let begin = Instant::now();
    let mut left = times;
    while left > 0 {
        let batch = left.min(BATCH);
        (0..batch).for_each(|_| one());
        receiver.send(Asked).await.expect("it is there");
        left -= batch;
    }
    begin.elapsed()
}

fn telling(c: &mut Criterion) {
    let system = actix_rt::System::new();
    let receiver = idler(&system);
    let peer = Peer::new(receiver.clone());
    c.bench_function("tell", |b| {
        b.iter_custom(|times| {
            let tell = || peer.tell(Told).expect("there is room");
            system.block_on(in_batches(times, &receiver, tell))
        });
    });
}

fn asking(c: &mut Criterion) {
    let system = actix_rt::System::new();
    let receiver = idler(&system);
    c.bench_function("ask", |b| {
        b.iter_custom(|times| {
            system.block_on(async {
                let begin = Instant::now();
                for _ in 0..times {
                    receiver.send(Asked).await.expect("it is there");
                }
                begin.elapsed()
            })
        });
    });
}

fn submitting(c: &mut Criterion) {
    let system = actix_rt::System::new();
    let receiver = idler(&system);
    let counters = Arc::new(Counters::default());
    let switch = Arc::new(Switch::new(["localhost".to_owned()], 10, counters, None));
    let jid = Jid::parse("opensrf@localhost/receiver").expect("an address");
    let inbox = Inbox::new(receiver.clone());
    system
        .block_on(receiver.send(Use(inbox.clone())))
        .expect("it is there");
    let bound = Local::new(Arc::clone(&switch)).connect(jid.clone(), inbox);
    let _link: Box<dyn Link> = system.block_on(bound).expect("the domain is served");
    let content = stanza::Message {
        thread: "0123456789abcdef.1".into(),
        body: "[]".into(),
        ..stanza::Message::default()
    };
    let stanza = Stanza::from(Parts {
        from: Jid::parse("opensrf@localhost/sender").ok(),
        ..Stanza::message(jid, content).into_parts()
    });
    c.bench_function("submit a stanza to a mailbox", |b| {
        b.iter_custom(|times| {
            let submit = || switch.submit(stanza.clone());
            system.block_on(in_batches(times, &receiver, submit))
        });
    });
}

criterion_group!(benches, telling, asking, submitting);
criterion_main!(benches);
