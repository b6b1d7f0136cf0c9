use super::*;
use crate::counters::Counters;
use crate::jabber::{Addressee, Deliver, Eviction, Refused, Switch, Tap};
use crate::transport::Local;
use futures::future::LocalBoxFuture;
use opensrf::stanza::{Message, Parts};
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering};

/// Panics at the first stanza.
struct Fragile(Uplink);

impl Actor for Fragile {
    type Context = Context<Self>;

    fn started(&mut self, ctx: &mut Self::Context) {
        self.dial(ctx);
    }
}

impl Handler<LinkEvent> for Fragile {
    type Result = ();

    fn handle(&mut self, event: LinkEvent, ctx: &mut Self::Context) {
        self.link_event(event, ctx);
    }
}

impl Party for Fragile {
    fn uplink(&mut self) -> &mut Uplink {
        &mut self.0
    }

    fn linked(&mut self, _: &mut Context<Self>) {}

    fn unlinked(&mut self, _: &LinkError, _: &mut Context<Self>) -> bool {
        false
    }

    fn stanza(&mut self, _: Stanza, _: &mut Context<Self>) {
        panic!("on purpose");
    }
}

#[derive(Debug, Default)]
struct Sender(Mutex<Vec<Stanza>>);

impl Deliver for Sender {
    fn deliver(&self, stanza: Stanza) -> Result<(), Refused> {
        self.0.lock().unwrap().push(stanza);
        Ok(())
    }

    fn evict(&self, _: Eviction) {}
}

fn jid(resource: &str) -> Jid {
    Jid::new("opensrf", "localhost", resource).unwrap()
}

/// The tap once panicked while the first panic unwound, and that was the end of the process.
#[test]
fn what_waits_for_a_party_that_panics_goes_back_to_its_senders_whatever_the_tap_does() {
    actix_rt::System::new().block_on(async {
        let domains = ["localhost".to_owned()];
        let tap: Tap = Arc::new(|stanza| assert!(!stanza.is_error(), "on purpose, in the tap"));
        let switch = Arc::new(Switch::new(
            domains,
            10,
            Arc::new(Counters::default()),
            Some(tap),
        ));
        let sender = Arc::new(Sender::default());
        switch
            .bind(
                &jid("sender"),
                Addressee::Other(Arc::<Sender>::clone(&sender) as _),
            )
            .unwrap();
        let transport = Arc::new(Local::new(Arc::clone(&switch)));
        let party = Fragile(Uplink::new(
            transport,
            jid("party"),
            &Env::simulated(1),
            Arc::default(),
        ))
        .start();
        while !switch.addresses().contains(&jid("party")) {
            tokio::task::yield_now().await;
        }
        for thread in ["1", "2", "3"] {
            let message = Message {
                thread: thread.into(),
                ..Message::default()
            };
            let from = Some(jid("sender"));
            switch.submit(Stanza::from(Parts {
                from,
                ..Stanza::message(jid("party"), message).into_parts()
            }));
        }
        while party.connected() {
            tokio::task::yield_now().await;
        }
        let back = sender.0.lock().unwrap();
        let threads: Vec<_> = back.iter().map(Stanza::thread).collect();
        // The first was in its hands when it panicked.
        assert_eq!(threads, ["2", "3"]);
        assert!(back.iter().all(Stanza::is_error));
    });
}

/// Takes down what it is told, and tells how it is.
struct Patient {
    uplink: Uplink,
    heard: Arc<Mutex<Vec<String>>>,
}

impl Actor for Patient {
    type Context = Context<Self>;

    fn started(&mut self, ctx: &mut Self::Context) {
        self.dial(ctx);
    }
}

impl Handler<LinkEvent> for Patient {
    type Result = ();

    fn handle(&mut self, event: LinkEvent, ctx: &mut Self::Context) {
        self.link_event(event, ctx);
    }
}

impl Party for Patient {
    fn uplink(&mut self) -> &mut Uplink {
        &mut self.uplink
    }

    fn linked(&mut self, _: &mut Context<Self>) {
        self.heard.lock().unwrap().push("linked".into());
    }

    fn unlinked(&mut self, _: &LinkError, _: &mut Context<Self>) -> bool {
        true
    }

    fn waits_for_its_link(&self) -> bool {
        true
    }

    fn stanza(&mut self, stanza: Stanza, _: &mut Context<Self>) {
        self.heard.lock().unwrap().push(stanza.thread().to_string());
    }
}

/// Gives the inbox of the last connection away, and links that are open as long as it says.
#[derive(Debug, Default)]
struct Flaky {
    is_open: Arc<AtomicBool>,
    inbox: Mutex<Option<Inbox>>,
}

#[derive(Debug)]
struct FlakyLink(Arc<AtomicBool>);

impl Link for FlakyLink {
    fn send(&self, _: Stanza) {}

    fn is_open(&self) -> bool {
        self.0.load(Ordering::Relaxed)
    }
}

impl Transport for Flaky {
    fn connect(
        &self,
        _: Jid,
        inbox: Inbox,
    ) -> LocalBoxFuture<'static, Result<Box<dyn Link>, LinkError>> {
        *self.inbox.lock().unwrap() = Some(inbox);
        self.is_open.store(true, Ordering::Relaxed);
        let link: Box<dyn Link> = Box::new(FlakyLink(Arc::clone(&self.is_open)));
        Box::pin(std::future::ready(Ok(link)))
    }

    fn flushed(&self) -> LocalBoxFuture<'static, ()> {
        Box::pin(std::future::ready(()))
    }
}

#[test]
fn what_waits_for_a_party_that_only_sends_it_on_is_kept_until_its_link_is_back() {
    actix_rt::System::new().block_on(async {
        let transport = Arc::new(Flaky::default());
        let heard: Arc<Mutex<Vec<String>>> = Arc::default();
        let env = Env::simulated(1);
        let way: Arc<dyn Transport> = Arc::<Flaky>::clone(&transport);
        let _party = Patient {
            uplink: Uplink::new(way, jid("party"), &env, Arc::default()),
            heard: Arc::clone(&heard),
        }
        .start();
        let hears = async |number: usize| {
            while heard.lock().unwrap().len() < number {
                tokio::task::yield_now().await;
            }
            heard.lock().unwrap().clone()
        };
        hears(1).await;
        let inbox = transport.inbox.lock().unwrap().clone().unwrap();
        let say = |thread: &str| {
            let message = Message {
                thread: thread.into(),
                ..Message::default()
            };
            inbox.push(Stanza::message(jid("party"), message)).unwrap();
        };
        say("1");
        hears(2).await;
        // The connection is broken before the party is told so.
        transport.is_open.store(false, Ordering::Relaxed);
        say("2");
        tokio::task::yield_now().await;
        inbox.down(LinkError::Conflict);
        assert_eq!(hears(4).await, ["linked", "1", "linked", "2"]);
    });
}
