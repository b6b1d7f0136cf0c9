//! What all parties have in common: an address on the bus, and a link that comes and goes.
//!
//! ```text
//!            connected                     Down
//!   Dialling ----------> linked ----------------------> wait (backoff) --> Dialling
//!      \___ failed: wait (backoff) ___/
//! ```
//!
//! A party that cannot go on under another link (a drone has a caller that knows its address) ends
//! instead; its parent makes another one.

use std::sync::Arc;
use std::time::Duration;

use actix::{Actor, ActorFutureExt, AsyncContext, Context, Handler, fut};
use opensrf::ids::Seed;
use opensrf::jid::Jid;
use opensrf::retry::Retry;
use opensrf::stanza::{Condition, Kind, Stanza};
use opensrf::xml::ns;

use crate::peer::Peer;
use crate::transport::{Link, LinkError, LinkEvent, Transport};

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
    retry: Retry,
}

impl Uplink {
    /// An address that is not linked yet.
    #[must_use]
    pub fn new(transport: Arc<dyn Transport>, jid: Jid, chance: &Seed) -> Self {
        let retry = Retry::new(FIRST_DELAY, LONGEST_DELAY, chance.fork("uplink"))
            .expect("the delays are in order");
        Self {
            transport,
            jid,
            link: None,
            retry,
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

    /// Sends a stanza; what cannot be sent comes back as a bounce. Off the bus nothing can come
    /// back: roles send nothing then, but for an answer that the loss of the link overtook.
    pub fn send(&self, stanza: Stanza) {
        match &self.link {
            Some(link) => link.send(stanza),
            None => tracing::warn!(jid = %self.jid, to = ?stanza.to, "off the bus, not sent"),
        }
    }

    /// Logs out.
    pub fn hang_up(&mut self) {
        self.link = None;
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

    /// A message came, or a presence.
    fn stanza(&mut self, stanza: Stanza, ctx: &mut Context<Self>);

    /// Begins to get onto the bus.
    fn dial(&mut self, ctx: &mut Context<Self>) {
        let own = Peer::new(ctx.address());
        let uplink = self.uplink();
        let connecting = uplink.transport.connect(uplink.jid.clone(), own);
        ctx.spawn(fut::wrap_future(connecting).map(Self::dialled));
    }

    /// The outcome of dialling.
    fn dialled(link: Result<Box<dyn Link>, LinkError>, party: &mut Self, ctx: &mut Context<Self>) {
        match link {
            Ok(link) => {
                let uplink = party.uplink();
                uplink.link = Some(link);
                uplink.retry.succeeded();
                tracing::debug!(jid = %uplink.jid, "on the bus");
                party.linked(ctx);
            }
            Err(reason) => party.off(&reason, ctx),
        }
    }

    /// Takes what the link says.
    fn link_event(&mut self, event: LinkEvent, ctx: &mut Context<Self>) {
        match event {
            LinkEvent::Stanza(stanza) if stanza.kind == Kind::Iq => self.question(&stanza),
            LinkEvent::Stanza(stanza) => self.stanza(stanza, ctx),
            LinkEvent::Down(reason) => {
                self.uplink().link = None;
                self.off(&reason, ctx);
            }
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
        let delay = uplink.retry.failed();
        if uplink.retry.failures() == 1 {
            tracing::warn!(jid = %uplink.jid, %reason, "off the bus, will try again");
        } else {
            tracing::debug!(jid = %uplink.jid, %reason, ?delay, "still off the bus");
        }
        ctx.run_later(delay, |party, ctx| party.dial(ctx));
    }
}
