//! How a party gets onto the bus.
//!
//! A [`Transport`] binds one address and gives back a [`Link`]. A party does not know whether its
//! stanzas go as values into the switch of this process ([`Local`]) or as bytes to a Jabber server
//! ([`Xmpp`]); it logs in, sends and receives the same way.
//!
//! A link never fails at `send`: what cannot be sent comes back as a bounce, as it would from a
//! Jabber server, so that there is one way to learn of it.

mod dial;
pub mod faulty;
mod inbox;
mod local;
mod outbox;
mod queue;
mod signpost;
mod watch;
mod xmpp;

use std::fmt;

use actix::Message;
use futures::future::LocalBoxFuture;
use opensrf::jid::Jid;
use opensrf::router::Bounces;
use opensrf::stanza::Stanza;
use opensrf::stream::LoginError;

pub use dial::{Dial, DuplexDial, Halves, TcpDial, UnixDial, halves};
pub(crate) use dial::{tcp_halves, unix_halves};
pub use inbox::Inbox;
pub use local::Local;
pub(crate) use outbox::{Outbox, Unsent, WriteEnd};
pub use signpost::Signpost;
pub(crate) use watch::{Signs, ping, watch};
pub use xmpp::{Credentials, Xmpp};

/// What a link tells its party.
#[derive(Debug, Message)]
#[rtype(result = "()")]
pub enum LinkEvent {
    /// Stanzas wait in the inbox. Sent by the inbox only, once until it is emptied.
    Stanzas,
    /// The link is gone; the last event of a link. Sent by the inbox only.
    Down(LinkError),
}

/// Why there is no link, or none any more.
#[derive(Debug, Clone, thiserror::Error)]
#[non_exhaustive]
pub enum LinkError {
    /// No connection to the server's address.
    #[error(
        "no connection to {address}: {reason}; is a Jabber server (`opensrf up`) running there?"
    )]
    Unreachable {
        /// What was dialled.
        address: String,
        /// What the system said.
        reason: String,
    },
    /// The server refused the log-in.
    #[error(transparent)]
    Login(#[from] LoginError),
    /// The server ended the stream.
    #[error("the server ended the stream: {0}")]
    Ended(String),
    /// Somebody else logged in under the same address.
    #[error("another session took the address")]
    Conflict,
    /// The server took nothing for too long.
    #[error("the server took no bytes for {0:?}")]
    Stuck(std::time::Duration),
    /// The server has answered pings, and is dead now.
    #[error("nothing came from the server for {0:?}")]
    Silent(std::time::Duration),
    /// This process does not serve the domain.
    #[error("domain {0} is not served here; name it in jabber.domains or set bus.address")]
    UnknownDomain(String),
    /// As many sessions as the account may have.
    #[error("account {0} has as many sessions as it may; raise jabber.sessions_per_account")]
    TooManySessions(Jid),
}

/// A way onto the bus, shared by all parties that use it.
pub trait Transport: fmt::Debug + Send + Sync {
    /// Logs in as `jid`; stanzas go to `inbox` from then on, and at last one
    /// [`LinkEvent::Down`], unless the link is dropped first.
    fn connect(
        &self,
        jid: Jid,
        inbox: Inbox,
    ) -> LocalBoxFuture<'static, Result<Box<dyn Link>, LinkError>>;

    /// What bounces bring back of what was sent.
    fn bounces(&self) -> Bounces {
        Bounces::Bare
    }

    /// Waits until what was sent over links that have been dropped has arrived at the server.
    fn flushed(&self) -> LocalBoxFuture<'static, ()>;
}

/// One bound address. Dropping it logs out, after what was sent has gone.
pub trait Link: fmt::Debug + Send + Sync {
    /// Sends a stanza in the address's name; what cannot be sent comes back as a bounce.
    fn send(&self, stanza: Stanza);

    /// Whether what is sent has a chance to go out. When it has none any more,
    /// [`LinkEvent::Down`] is on its way.
    fn is_open(&self) -> bool {
        true
    }
}
