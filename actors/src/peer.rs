//! The one way to send to an actor.
//!
//! `tell` never waits and never goes over the mailbox's bound: it says when the mailbox is full or
//! the actor is gone, and gives the message back. (`do_send` would ignore the bound and overtake
//! messages that wait.)

use std::pin::Pin;
use std::sync::{Arc, PoisonError, RwLock};
use std::task::{Context, Poll};

use actix::dev::ToEnvelope;
use actix::prelude::SendError;
use actix::{Actor, Addr, Handler, Message};
use futures::FutureExt;
use futures::future::BoxFuture;

/// Somebody who takes messages of type `M`. Cheap to clone, which a
/// [`Recipient`](actix::Recipient) is not.
pub struct Peer<M>(Arc<dyn Takes<M>>)
where
    M: Message + Send + 'static,
    M::Result: Send;

/// Ready when the actor has dealt with the message.
type Sending = BoxFuture<'static, Result<(), Gone>>;

/// An [`Addr`] as one kind of message sees it. (A `Recipient` is one more box away: of so many
/// parties hardly any is in a processor's caches when it is told something.)
trait Takes<M>: Send + Sync
where
    M: Message + Send + 'static,
    M::Result: Send,
{
    fn try_send(&self, message: M) -> Result<(), SendError<M>>;
    fn do_send(&self, message: M);
    fn send(&self, message: M) -> Sending;
    fn is_there(&self) -> bool;
}

impl<A, M> Takes<M> for Addr<A>
where
    A: Actor + Handler<M>,
    A::Context: ToEnvelope<A, M>,
    M: Message + Send + 'static,
    M::Result: Send,
{
    fn try_send(&self, message: M) -> Result<(), SendError<M>> {
        self.try_send(message)
    }

    fn do_send(&self, message: M) {
        report(self, message);
    }

    fn send(&self, message: M) -> Sending {
        let sending = self.send(message);
        Box::pin(sending.map(|sent| sent.map(drop).map_err(|_| Gone)))
    }

    fn is_there(&self) -> bool {
        self.connected()
    }
}

/// What [`Peer::report`] does, with its conditions, for who has the address at hand: so one box less is
/// looked at.
#[allow(clippy::disallowed_methods)] // this is the one place
pub(crate) fn report<A, M>(to: &Addr<A>, message: M)
where
    A: Actor + Handler<M>,
    A::Context: ToEnvelope<A, M>,
    M: Message + Send + 'static,
    M::Result: Send,
{
    to.do_send(message);
}

/// A message that could not be told.
#[derive(Debug)]
pub enum Untold<M> {
    /// The mailbox is at its bound.
    Full(M),
    /// The actor is gone.
    Gone(M),
}

impl<M> Untold<M> {
    /// The message.
    pub fn into_inner(self) -> M {
        match self {
            Self::Full(message) | Self::Gone(message) => message,
        }
    }
}

impl<M> Peer<M>
where
    M: Message + Send + 'static,
    M::Result: Send,
{
    /// A way to send to `addr`.
    pub fn new<A>(addr: Addr<A>) -> Self
    where
        A: Actor + Handler<M>,
        A::Context: ToEnvelope<A, M>,
    {
        Self(Arc::new(addr))
    }

    /// Puts a message into the mailbox.
    ///
    /// # Errors
    /// [`Untold`] gives the message back.
    pub fn tell(&self, message: M) -> Result<(), Untold<M>> {
        self.0.try_send(message).map_err(|error| match error {
            SendError::Full(message) => Untold::Full(message),
            SendError::Closed(message) => Untold::Gone(message),
        })
    }

    /// Puts a message into the mailbox, at once; if that is full, when it has room, which what this
    /// returns waits for.
    ///
    /// # Errors
    /// [`Gone`] without the message's effect; the message is lost then.
    ///
    /// # Cancel safety
    /// Dropped before it is ready, the message may or may not have been delivered.
    pub fn tell_when_free(&self, message: M) -> Telling {
        Telling(match self.tell(message) {
            Ok(()) => Way::Told(Ok(())),
            Err(Untold::Gone(_)) => Way::Told(Err(Gone)),
            Err(Untold::Full(message)) => Way::Waits(self.0.send(message)),
        })
    }

    /// Puts a message into the mailbox as soon as it has room, and waits until the actor has dealt with
    /// it.
    ///
    /// # Errors
    /// [`Gone`] without the message's effect; the message is lost then.
    pub async fn send(&self, message: M) -> Result<(), Gone> {
        self.0.send(message).await
    }

    /// Puts a message into the mailbox even when that is full.
    ///
    /// Only for messages of which each sender has at most one on its way: they cannot pile up, and
    /// must not be lost. If the actor is gone, so is the message.
    pub fn report(&self, message: M) {
        self.0.do_send(message);
    }

    /// Whether the actor still takes messages.
    #[must_use]
    pub fn is_there(&self) -> bool {
        self.0.is_there()
    }
}

/// A message on its way into a mailbox: ready when it is in there; if there was no room, when it has
/// been dealt with.
#[must_use = "a full mailbox takes the message only while this is waited for"]
pub struct Telling(Way);

enum Way {
    Told(Result<(), Gone>),
    /// In a box, so that whatever has one in it stays small: mailboxes are rarely full.
    Waits(Sending),
}

impl Future for Telling {
    type Output = Result<(), Gone>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        match &mut self.0 {
            Way::Told(outcome) => Poll::Ready(*outcome),
            Way::Waits(sending) => sending.as_mut().poll(cx),
        }
    }
}

impl std::fmt::Debug for Telling {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let is_told = matches!(self.0, Way::Told(_));
        f.debug_struct("Telling")
            .field("is_told", &is_told)
            .finish()
    }
}

/// The actor is gone.
#[derive(Debug, thiserror::Error, Clone, Copy, PartialEq, Eq)]
#[error("the actor is gone")]
pub struct Gone;

impl<M> Clone for Peer<M>
where
    M: Message + Send + 'static,
    M::Result: Send,
{
    fn clone(&self) -> Self {
        Self(Arc::clone(&self.0))
    }
}

impl<M> std::fmt::Debug for Peer<M>
where
    M: Message + Send + 'static,
    M::Result: Send,
{
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Peer")
            .field("is_there", &self.is_there())
            .finish()
    }
}

/// Where an actor is now, for those who outlive it: it is made anew when it fails.
pub struct Slot<M>(Arc<RwLock<Option<Peer<M>>>>)
where
    M: Message + Send + 'static,
    M::Result: Send;

impl<M> Slot<M>
where
    M: Message + Send + 'static,
    M::Result: Send,
{
    /// The actor is there from now on.
    pub fn set(&self, peer: Peer<M>) {
        *self.0.write().unwrap_or_else(PoisonError::into_inner) = Some(peer);
    }

    /// The actor, if there has been one yet.
    #[must_use]
    pub fn get(&self) -> Option<Peer<M>> {
        self.0
            .read()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }
}

impl<M> Default for Slot<M>
where
    M: Message + Send + 'static,
    M::Result: Send,
{
    fn default() -> Self {
        Self(Arc::default())
    }
}

impl<M> Clone for Slot<M>
where
    M: Message + Send + 'static,
    M::Result: Send,
{
    fn clone(&self) -> Self {
        Self(Arc::clone(&self.0))
    }
}

impl<M> std::fmt::Debug for Slot<M>
where
    M: Message + Send + 'static,
    M::Result: Send,
{
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("Slot").field(&self.get()).finish()
    }
}
