//! What ends with a handle: the client with its last one, a request with whoever waits for it.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use opensrf::session::RequestId;

use crate::messages::ClientCommand;
use crate::peer::{Peer, Slot};

/// Ends the actor when the last handle is dropped.
#[derive(Debug)]
pub(super) struct Lease {
    slot: Slot<ClientCommand>,
    /// Requests and sessions so far.
    numbers: AtomicU64,
}

impl Lease {
    pub(super) fn new(slot: Slot<ClientCommand>) -> Self {
        Self {
            slot,
            numbers: AtomicU64::new(0),
        }
    }

    /// A number for a request or a session, which nothing else of the client has.
    pub(super) fn number(&self) -> u64 {
        self.numbers.fetch_add(1, Ordering::Relaxed) + 1
    }

    /// The actor, if there has been one yet.
    pub(super) fn get(&self) -> Option<Peer<ClientCommand>> {
        self.slot.get()
    }

    /// Tells the actor something that does not matter if it is gone.
    pub(super) fn mention(&self, command: ClientCommand) {
        if let Some(actor) = self.get() {
            actor.report(command);
        }
    }
}

impl Drop for Lease {
    fn drop(&mut self) {
        self.mention(ClientCommand::Leave);
    }
}

/// Cancels a request when it is dropped before the end.
#[derive(Debug)]
pub(crate) struct Guard {
    client: Arc<Lease>,
    request: RequestId,
    is_over: bool,
}

impl Guard {
    pub(super) fn new(client: Arc<Lease>, request: RequestId) -> Self {
        Self {
            client,
            request,
            is_over: false,
        }
    }

    pub(crate) fn over(mut self) {
        self.is_over = true;
    }

    pub(crate) fn is_over(&self) -> bool {
        self.is_over
    }

    pub(crate) fn mark_over(&mut self) {
        self.is_over = true;
    }
}

impl Drop for Guard {
    fn drop(&mut self) {
        if !self.is_over {
            self.client.mention(ClientCommand::Cancel(self.request));
        }
    }
}
