//! The actor that stands between a party and its link, and lets things go wrong.

use std::sync::Arc;

use actix::{
    Actor, ActorContext, ActorFutureExt, AsyncContext, Context, Handler, Message, SpawnHandle, fut,
};
use actix_rt::time::Instant;
use opensrf::jid::Jid;
use opensrf::stanza::{Condition, Stanza, StanzaError};
use tokio::sync::oneshot;

use super::lane::{Lane, Passing};
use super::{Direction, Faults, InFlight};
use crate::jabber::Refused;
use crate::peer::Peer;
use crate::transport::xmpp::send_back;
use crate::transport::{Inbox, Link, LinkError, LinkEvent, Transport, Unsent};

/// What a relay is told by its faults and its party.
#[derive(Debug, Clone, Message)]
#[rtype(result = "()")]
pub(super) enum Steer {
    /// Something has changed.
    Look,
    /// End the link.
    Cut(InFlight),
    /// The party has let go of the link.
    Leave,
}

/// Told what came of connecting.
type Connected = oneshot::Sender<Result<FaultyLink, LinkError>>;

/// Stands between one party and its link.
#[derive(Debug)]
pub(super) struct Relay {
    transport: Arc<dyn Transport>,
    jid: Jid,
    faults: Faults,
    number: u64,
    /// In front of the party.
    party: Inbox,
    /// What the party sends.
    outgoing: Inbox,
    /// What comes for it.
    incoming: Inbox,
    connected: Option<Connected>,
    link: Option<Box<dyn Link>>,
    is_cut: bool,
    sent: Lane,
    received: Lane,
    timer: Option<SpawnHandle>,
}

impl Relay {
    /// Begins to connect; says in `connected` what came of it.
    pub(super) fn launch(
        transport: Arc<dyn Transport>,
        jid: Jid,
        faults: Faults,
        party: Inbox,
        connected: Connected,
    ) {
        Self::create(|ctx| {
            let own = Peer::new(ctx.address());
            let (number, sent, received) = faults.enlist(Peer::new(ctx.address()), &jid);
            Self {
                transport,
                jid,
                faults,
                number,
                party,
                outgoing: Inbox::new(own.clone()),
                incoming: Inbox::new(own),
                connected: Some(connected),
                link: None,
                is_cut: false,
                sent: Lane::new(sent),
                received: Lane::new(received),
                timer: None,
            }
        });
    }

    fn connected(&mut self, link: Result<Box<dyn Link>, LinkError>, ctx: &mut Context<Self>) {
        let Some(reply) = self.connected.take() else {
            return;
        };
        let outcome = match link {
            Ok(_) if self.is_cut => Err(cut()),
            Ok(link) => {
                self.link = Some(link);
                Ok(FaultyLink {
                    jid: self.jid.clone(),
                    outgoing: self.outgoing.clone(),
                    party: self.party.clone(),
                    relay: Peer::new(ctx.address()),
                    number: self.number,
                    faults: self.faults.clone(),
                })
            }
            Err(reason) => Err(reason),
        };
        if outcome.is_err() {
            self.end(ctx);
        }
        // If the party is gone, the link is dropped with the reply, and so tells us.
        let _ = reply.send(outcome);
    }

    fn end(&mut self, ctx: &mut Context<Self>) {
        self.link = None;
        self.faults.dismiss(self.number);
        ctx.stop();
    }

    /// Takes what has come from either side, and passes on what has arrived at the other.
    fn work(&mut self, ctx: &mut Context<Self>) {
        let now = Instant::now();
        self.take(now);
        if !self.holds_back(Direction::Received) {
            while let Some(passing) = self.received.arrived(now) {
                self.pass_in(passing);
            }
        }
        if !self.holds_back(Direction::Sent) {
            while let Some(passing) = self.sent.arrived(now) {
                self.pass_out(passing, ctx);
            }
        }
        self.arm(now, ctx);
    }

    fn holds_back(&self, direction: Direction) -> bool {
        let is_stalled = self.faults.is_stalled(direction);
        match direction {
            // Without a link nothing is held back from it.
            Direction::Sent => is_stalled && self.link.is_some(),
            // What comes for a party that leaves goes back when it has left.
            Direction::Received => is_stalled || self.sent.is_ending(),
        }
    }

    fn take(&mut self, now: Instant) {
        let law = self.faults.law(Direction::Sent);
        while let Some(stanza) = self.outgoing.pop() {
            if let Err(stanza) = self.sent.take(now, stanza, &law, &self.faults) {
                send_back(&self.party, Unsent::Full(vec![*stanza]));
            }
        }
        let law = self.faults.law(Direction::Received);
        while let Some(stanza) = self.incoming.pop() {
            if let Err(stanza) = self.received.take(now, stanza, &law, &self.faults) {
                self.refuse(Refused::Full(vec![*stanza]));
            }
        }
    }

    fn pass_out(&mut self, passing: Passing, ctx: &mut Context<Self>) {
        match (passing, &self.link) {
            (Passing::Stanza(stanza), Some(link)) => link.send(stanza),
            (Passing::Stanza(_), None) => self.faults.note(|tally| tally.lost += 1),
            (Passing::Leave | Passing::Down(_), _) => {
                // What is still under way to the party finds nobody.
                let under_way = self.received.empty().filter_map(Passing::into_stanza);
                for stanza in under_way.chain(self.incoming.close()) {
                    let bounce = bounce(&stanza, Condition::ServiceUnavailable);
                    if let (Some(bounce), Some(link)) = (bounce, &self.link) {
                        link.send(bounce);
                    }
                }
                self.end(ctx);
            }
        }
    }

    fn pass_in(&mut self, passing: Passing) {
        match passing {
            Passing::Stanza(stanza) => {
                if let Err(refused) = self.party.push(stanza) {
                    self.refuse(refused);
                }
            }
            Passing::Down(reason) => self.party.down(reason),
            Passing::Leave => {}
        }
    }

    /// Tells the senders of stanzas that the party did not take them.
    fn refuse(&mut self, refused: Refused) {
        let (stanzas, condition) = match refused {
            Refused::Full(stanzas) => (stanzas, Condition::ResourceConstraint),
            Refused::Gone(stanza) => (vec![*stanza], Condition::ServiceUnavailable),
        };
        let (now, law) = (Instant::now(), self.faults.law(Direction::Sent));
        let bounces = stanzas
            .iter()
            .filter_map(|stanza| bounce(stanza, condition));
        for bounce in bounces {
            if self.sent.take(now, bounce, &law, &self.faults).is_err() {
                self.faults.note(|tally| tally.lost += 1);
            }
        }
    }

    fn cut(&mut self, in_flight: InFlight, ctx: &mut Context<Self>) {
        if std::mem::replace(&mut self.is_cut, true) {
            return;
        }
        self.faults.note(|tally| tally.cut += 1);
        self.take(Instant::now());
        let (is_leaving, is_down) = (self.sent.is_ending(), self.received.is_ending());
        let (sent, received) = (self.sent.empty(), self.received.empty());
        match in_flight {
            InFlight::Arrives => {
                for passing in sent {
                    if let (Passing::Stanza(stanza), Some(link)) = (passing, &self.link) {
                        link.send(stanza);
                    }
                }
                received.for_each(|passing| self.pass_in(passing));
            }
            InFlight::Lost => {
                let lost = sent.chain(received).filter_map(Passing::into_stanza);
                let lost = lost.count() as u64;
                self.faults.note(|tally| tally.lost += lost);
                if is_down && !is_leaving {
                    self.party.down(cut()); // that it is so is not lost
                }
            }
        }
        if is_leaving {
            self.end(ctx);
        } else if self.link.take().is_some() {
            self.party.down(cut());
        }
    }

    /// Keeps one timer, for what arrives next.
    fn arm(&mut self, now: Instant, ctx: &mut Context<Self>) {
        if let Some(timer) = self.timer.take() {
            ctx.cancel_future(timer);
        }
        let due = |direction, lane: &Lane| {
            let holds_back = self.holds_back(direction);
            lane.due().filter(|_| !holds_back)
        };
        let sent = due(Direction::Sent, &self.sent);
        let next = sent
            .into_iter()
            .chain(due(Direction::Received, &self.received));
        if let Some(next) = next.min() {
            let wait = next.saturating_duration_since(now);
            self.timer = Some(ctx.run_later(wait, |relay, ctx| {
                relay.timer = None;
                relay.work(ctx);
            }));
        }
    }
}

fn bounce(stanza: &Stanza, condition: Condition) -> Option<Stanza> {
    stanza.bounce(StanzaError::new(condition))
}

fn cut() -> LinkError {
    LinkError::Ended("the connection was cut".into())
}

impl Actor for Relay {
    type Context = Context<Self>;

    fn started(&mut self, ctx: &mut Self::Context) {
        let (transport, faults) = (Arc::clone(&self.transport), self.faults.clone());
        let (jid, inbox) = (self.jid.clone(), self.incoming.clone());
        let connecting = async move {
            faults.passable().await?;
            transport.connect(jid, inbox).await
        };
        ctx.spawn(
            fut::wrap_future(connecting).map(|link, relay: &mut Self, ctx| {
                relay.connected(link, ctx);
            }),
        );
    }
}

impl Handler<LinkEvent> for Relay {
    type Result = ();

    fn handle(&mut self, event: LinkEvent, ctx: &mut Self::Context) {
        if let LinkEvent::Down(reason) = event {
            let now = Instant::now();
            self.take(now);
            self.link = None;
            self.received.end(now, Passing::Down(reason));
        }
        self.work(ctx);
    }
}

impl Handler<Steer> for Relay {
    type Result = ();

    fn handle(&mut self, steer: Steer, ctx: &mut Self::Context) {
        match steer {
            Steer::Look => {}
            Steer::Cut(in_flight) => self.cut(in_flight, ctx),
            Steer::Leave => {
                let now = Instant::now();
                self.take(now);
                self.sent.end(now, Passing::Leave);
            }
        }
        self.work(ctx);
    }
}

/// A link with a relay behind it.
#[derive(Debug)]
pub(super) struct FaultyLink {
    jid: Jid,
    outgoing: Inbox,
    party: Inbox,
    relay: Peer<Steer>,
    number: u64,
    faults: Faults,
}

impl Link for FaultyLink {
    #[allow(clippy::panic)] // asked for: it is the fault
    fn send(&self, mut stanza: Stanza) {
        if !std::thread::panicking() && self.faults.dooms(&self.jid) {
            panic!("{} was told to panic", self.jid);
        }
        stanza.from = Some(self.jid.clone());
        match self.outgoing.push(stanza) {
            Ok(()) => {}
            Err(Refused::Full(stanza)) => send_back(&self.party, Unsent::Full(stanza)),
            Err(Refused::Gone(stanza)) => send_back(&self.party, Unsent::Closed(stanza)),
        }
    }
}

impl Drop for FaultyLink {
    fn drop(&mut self) {
        self.faults.leaves(self.number);
        self.relay.report(Steer::Leave);
    }
}
