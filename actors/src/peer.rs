//! The one way to send to an actor.
//!
//! `tell` never waits and never goes over the mailbox's bound: it says when the mailbox is full or
//! the actor is gone, and gives the message back. (`do_send` would ignore the bound and overtake
//! messages that wait.)

use std::sync::{Arc, PoisonError, RwLock};

use actix::dev::ToEnvelope;
use actix::prelude::SendError;
use actix::{Actor, Addr, Handler, Message, Recipient};

/// Somebody who takes messages of type `M`. Cheap to clone, which a [`Recipient`] is not.
pub struct Peer<M>(Arc<Recipient<M>>)
where
    M: Message + Send + 'static,
    M::Result: Send;

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
        Self(Arc::new(addr.recipient()))
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

    /// Puts a message into the mailbox, and waits while it is full.
    ///
    /// # Errors
    /// [`Untold::Gone`] without the message's effect; the message is lost then.
    ///
    /// # Cancel safety
    /// Dropped before it is ready, the message may or may not have been delivered.
    pub async fn tell_when_free(&self, message: M) -> Result<(), Gone> {
        match self.tell(message) {
            Ok(()) => Ok(()),
            Err(Untold::Gone(_)) => Err(Gone),
            Err(Untold::Full(message)) => self.0.send(message).await.map(|_| ()).map_err(|_| Gone),
        }
    }

    /// Puts a message into the mailbox even when that is full.
    ///
    /// Only for messages of which each sender has at most one on its way: they cannot pile up, and
    /// must not be lost. If the actor is gone, so is the message.
    #[allow(clippy::disallowed_methods)]
    pub fn report(&self, message: M) {
        self.0.do_send(message);
    }

    /// Whether the actor still takes messages.
    #[must_use]
    pub fn is_there(&self) -> bool {
        self.0.connected()
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
