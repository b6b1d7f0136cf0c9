//! What all parties have in common: an address on the bus, and a link that comes and goes.
//!
//! ```text
//!            connected                     Down
//!   Dialling ----------> linked ----------------------> wait (backoff) --> Dialling
//!      \___ failed: wait (backoff) ___/
//! ```
//!
//! Stanzas that still wait in the party's inbox when it ends, in good order or by a panic, go back to
//! their senders as bounces.
//!
//! A party that cannot go on under another link (a drone has a caller that knows its address) ends
//! instead; its parent makes another one.

use std::cell::Cell;
use std::sync::Arc;
use std::time::Duration;

use actix::{Actor, ActorFutureExt, AsyncContext, Context, Handler, fut};
use opensrf::jid::Jid;
use opensrf::retry::Retry;
use opensrf::stanza::{Condition, Kind, Stanza, StanzaError};
use opensrf::time::Tick;
use opensrf::xml::ns;

use crate::counters::Counters;
use crate::env::Env;
use crate::status::BusStatus;
use crate::transport::{Inbox, Link, LinkError, LinkEvent, Transport};

/// The first delay before a lost link is dialled again.
const FIRST_DELAY: Duration = Duration::from_millis(100);
/// The longest one.
const LONGEST_DELAY: Duration = Duration::from_secs(5);

/// A party's address and its link.
#[derive(Debug)]
pub struct Uplink {
    transport: Arc<dyn Transport>,
    jid: Jid,
    link: Option<Box<dyn Link>>,
    inbox: Option<Inbox>,
    retry: Retry,
    env: Env,
    counters: Arc<Counters>,
    /// On the bus, or off it, since then.
    since: Tick,
    /// Why it is off the bus, as far as it knows.
    reason: Option<String>,
    /// What could not be sent since it was lost.
    unsent: Cell<u64>,
}

/// Stanzas that a party takes before others get their turn.
const TURN: usize = 64;

impl Uplink {
    /// An address that is not linked yet.
    #[must_use]
    pub fn new(
        transport: Arc<dyn Transport>,
        jid: Jid,
        env: &Env,
        counters: Arc<Counters>,
    ) -> Self {
        let retry = Retry::new(FIRST_DELAY, LONGEST_DELAY, env.seed().fork("uplink"))
            .expect("the delays are in order");
        Self {
            transport,
            jid,
            link: None,
            inbox: None,
            retry,
            env: env.clone(),
            counters,
            since: env.now(),
            reason: None,
            unsent: Cell::new(0),
        }
    }

    /// The address.
    #[must_use]
    pub fn jid(&self) -> &Jid {
        &self.jid
    }

    /// Whether it is on the bus.
    #[must_use]
    pub fn is_linked(&self) -> bool {
        self.link.is_some()
    }

    /// What it tells of itself.
    #[must_use]
    pub fn status(&self) -> BusStatus {
        BusStatus {
            address: self.jid.to_string(),
            is_on: self.is_linked(),
            since: self.env.now().saturating_sub(self.since),
            reason: self.reason.clone(),
            inbox: self.inbox.as_ref().map_or(0, Inbox::depth),
        }
    }

    /// Sends a stanza; what cannot be sent comes back as a bounce. Off the bus nothing can come
    /// back: roles send nothing then, but for an answer that the loss of the link overtook.
    pub fn send(&self, stanza: Stanza) {
        match &self.link {
            Some(link) => link.send(stanza),
            None => {
                tracing::debug!(jid = %self.jid, to = ?stanza.to, "off the bus, not sent");
                if stanza.kind == Kind::Message {
                    self.count_unsent(1);
                }
            }
        }
    }

    /// Whether what it sends now has a chance to go out.
    fn is_open(&self) -> bool {
        self.link.as_ref().is_some_and(|link| link.is_open())
    }

    fn count_unsent(&self, number: u64) {
        self.counters.unsent.add_all(number);
        self.unsent.set(self.unsent.get() + number);
    }

    /// The link is there. The first one is nothing to talk about if it came at once.
    fn regained(&mut self, link: Box<dyn Link>) {
        self.link = Some(link);
        self.reason = None;
        let now = self.env.now();
        let off = now.saturating_sub(std::mem::replace(&mut self.since, now));
        let (unsent, jid) = (self.unsent.take(), &self.jid);
        if self.retry.failures() == 0 {
            tracing::debug!(%jid, "on the bus");
        } else {
            tracing::info!(%jid, ?off, unsent, "back on the bus");
        }
        self.retry.succeeded();
    }

    /// The link is gone, and with it what it had not sent.
    fn lose(&mut self) {
        self.link = None;
        self.since = self.env.now();
        let unsent = self.inbox.as_ref().map_or(0, Inbox::take_unsent);
        self.count_unsent(unsent);
    }

    /// Logs out. What waits in the inbox goes back to its senders.
    pub fn hang_up(&mut self) {
        let waiting = self
            .inbox
            .take()
            .map(|inbox| inbox.close())
            .unwrap_or_default();
        self.give_back(waiting);
        let unsent = self.unsent.take();
        if unsent > 0 {
            tracing::warn!(jid = %self.jid, unsent, "ended off the bus, with answers unsent");
        }
        self.link = None;
    }

    /// Sends stanzas that the party has taken, and that nobody will deal with, back to their senders.
    pub fn give_back(&self, stanzas: impl IntoIterator<Item = Stanza>) {
        for stanza in stanzas {
            let error = StanzaError::new(Condition::ServiceUnavailable);
            let bounce = stanza.bounce(error.with_text("the receiver has ended"));
            bounce.into_iter().for_each(|bounce| self.send(bounce));
        }
    }

    fn pop(&self) -> Option<Stanza> {
        self.inbox.as_ref().and_then(Inbox::pop)
    }
}

impl Drop for Uplink {
    fn drop(&mut self) {
        self.hang_up();
    }
}

/// An actor on the bus.
pub trait Party: Actor<Context = Context<Self>> + Handler<LinkEvent> {
    /// Its address and link.
    fn uplink(&mut self) -> &mut Uplink;

    /// The link is there.
    fn linked(&mut self, ctx: &mut Context<Self>);

    /// The link is gone, or could not be had. `true` to try again after a while.
    fn unlinked(&mut self, reason: &LinkError, ctx: &mut Context<Self>) -> bool;

    /// Somebody says that it is there, or not any more. Few care.
    fn presence(&mut self, _: Stanza, _: &mut Context<Self>) {}

    /// A message came, or an iq that asks nothing of the address itself.
    fn stanza(&mut self, stanza: Stanza, ctx: &mut Context<Self>);

    /// Whether stanzas wait in its inbox until its link is back, should it be lost: all that it does
    /// with one is to send it on.
    fn waits_for_its_link(&self) -> bool {
        false
    }

    /// Begins to get onto the bus.
    fn dial(&mut self, ctx: &mut Context<Self>) {
        let own = ctx.address();
        let uplink = self.uplink();
        let inbox = uplink.inbox.get_or_insert_with(|| Inbox::new(own)).clone();
        let connecting = uplink.transport.connect(uplink.jid.clone(), inbox);
        ctx.spawn(fut::wrap_future(connecting).map(Self::dialled));
    }

    /// The outcome of dialling.
    fn dialled(link: Result<Box<dyn Link>, LinkError>, party: &mut Self, ctx: &mut Context<Self>) {
        match link {
            Ok(link) => {
                party.uplink().regained(link);
                party.linked(ctx);
                if let Some(inbox) = &party.uplink().inbox
                    && inbox.depth() > 0
                {
                    inbox.look_again();
                }
            }
            Err(reason) => party.off(&reason, ctx),
        }
    }

    /// Takes what the link says.
    fn link_event(&mut self, event: LinkEvent, ctx: &mut Context<Self>) {
        match event {
            LinkEvent::Stanzas => self.take(TURN, ctx),
            LinkEvent::Down(reason) => {
                // What came before the end counts as having come.
                self.take(usize::MAX, ctx);
                self.uplink().lose();
                self.off(&reason, ctx);
            }
        }
    }

    /// Takes up to `most` stanzas out of the inbox.
    fn take(&mut self, most: usize, ctx: &mut Context<Self>) {
        if self.waits_for_its_link() && !self.uplink().is_open() {
            return;
        }
        for _ in 0..most {
            match self.uplink().pop() {
                Some(stanza) if asks(&stanza) => self.question(&stanza),
                Some(stanza) if stanza.kind == Kind::Presence => self.presence(stanza, ctx),
                Some(stanza) => self.stanza(stanza, ctx),
                None => return,
            }
        }
        if let Some(inbox) = &self.uplink().inbox {
            inbox.look_again();
        }
    }

    /// Answers an iq: a server may want to know whether we live, and there is nothing else to ask.
    fn question(&mut self, iq: &Stanza) {
        let answer = if iq.asks_for(&[ns::PING]) {
            Some(iq.granted())
        } else {
            iq.bounce(Condition::ServiceUnavailable.into())
        };
        if let Some(answer) = answer {
            self.uplink().send(answer);
        }
    }

    /// Off the bus: tells the party and, if it wants, tries again later.
    fn off(&mut self, reason: &LinkError, ctx: &mut Context<Self>) {
        if !self.unlinked(reason, ctx) {
            return;
        }
        let uplink = self.uplink();
        uplink.reason = Some(reason.to_string());
        let delay = uplink.retry.failed();
        if uplink.retry.failures() == 1 {
            tracing::warn!(jid = %uplink.jid, %reason, "off the bus, will try again");
        } else {
            tracing::debug!(jid = %uplink.jid, %reason, ?delay, "still off the bus");
        }
        ctx.run_later(delay, |party, ctx| party.dial(ctx));
    }
}

/// Whether a stanza asks something of the address itself.
fn asks(stanza: &Stanza) -> bool {
    stanza.kind == Kind::Iq && matches!(&*stanza.stanza_type, "get" | "set")
}

#[cfg(test)]
mod tests;
