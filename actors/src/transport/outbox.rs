//! What waits for one socket.
//!
//! Whoever has something for the socket puts it here, from any thread; one writer takes all that
//! waits and writes it in one piece. The bytes that may wait are bounded, and so is the time in
//! which the socket must take some.

use std::future::poll_fn;
use std::io;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use bytes::{Buf, Bytes, BytesMut};
use opensrf::stanza::Stanza;
use tokio::io::{AsyncWrite, AsyncWriteExt};
use tokio::sync::Notify;
use tokio::time::timeout;

use super::Signs;
use super::queue::{Bounds, Queue, Waits};

/// Bytes that go out in one write at most, more or less.
const BATCH: usize = 256 * 1024;
/// Bytes of a write buffer that is kept while nothing waits.
const KEPT: usize = 16 * 1024;

/// A queue in front of one socket; clones are the same queue.
#[derive(Debug, Clone)]
pub(crate) struct Outbox(Arc<Shared>);

#[derive(Debug)]
struct Shared {
    state: Mutex<State>,
    wake: Notify,
}

#[derive(Debug)]
struct State {
    items: Queue<Item>,
    is_closed: bool,
}

#[derive(Debug)]
enum Item {
    Stanza(Stanza),
    Bytes(Bytes),
}

impl From<Stanza> for Item {
    fn from(stanza: Stanza) -> Self {
        Self::Stanza(stanza)
    }
}

impl Waits for Item {
    fn weight(&self) -> usize {
        match self {
            Self::Stanza(stanza) => stanza.weight(),
            Self::Bytes(bytes) => bytes.len(),
        }
    }

    fn stanza(&self) -> Option<&Stanza> {
        match self {
            Self::Stanza(stanza) => Some(stanza),
            Self::Bytes(_) => None,
        }
    }

    fn into_stanza(self) -> Option<Stanza> {
        match self {
            Self::Stanza(stanza) => Some(stanza),
            Self::Bytes(_) => None,
        }
    }
}

/// A stanza that nobody will write any more, or stanzas that do not fit: what was to be sent, or others
/// that gave way to it.
#[derive(Debug)]
pub(crate) enum Unsent {
    Full(Vec<Stanza>),
    Closed(Box<Stanza>),
}

/// How writing came to its end.
#[derive(Debug)]
pub(crate) enum WriteEnd {
    /// The outbox was closed, and all of it is written.
    Done,
    /// The socket broke.
    Broken(io::Error),
    /// The socket took nothing for too long.
    Stuck,
}

impl Outbox {
    pub(crate) fn new(limit: usize) -> Self {
        // As many stanzas as there may be bytes: these alone count, stanza for stanza.
        let bounds = Bounds {
            stanzas: limit,
            bytes: limit,
        };
        Self(Arc::new(Shared {
            state: Mutex::new(State {
                items: Queue::new(bounds),
                is_closed: false,
            }),
            wake: Notify::new(),
        }))
    }

    /// Queues a stanza.
    pub(crate) fn push(&self, stanza: Stanza) -> Result<(), Unsent> {
        let mut state = self.state();
        if state.is_closed {
            return Err(Unsent::Closed(Box::new(stanza)));
        }
        let refused = state.items.push(stanza);
        drop(state);
        self.0.wake.notify_one();
        match refused.is_empty() {
            true => Ok(()),
            false => Err(Unsent::Full(refused)),
        }
    }

    /// Queues a stanza if there is room for it: nothing gives way to it, and nobody misses it. Whoever
    /// asks whether we live hears it from what waits already.
    pub(crate) fn push_if_free(&self, stanza: Stanza) {
        let mut state = self.state();
        if !state.is_closed && state.items.has_room_for(&stanza) {
            state.items.push(stanza);
            self.0.wake.notify_one();
        }
    }

    /// Queues bytes of the stream itself, whatever waits already.
    pub(crate) fn push_bytes(&self, bytes: Bytes) {
        let mut state = self.state();
        if !state.is_closed {
            state.items.push_item(Item::Bytes(bytes));
            self.0.wake.notify_one();
        }
    }

    /// Bytes that wait.
    pub(crate) fn waiting(&self) -> usize {
        self.state().items.bytes()
    }

    /// Takes no more; the writer ends when all that waits is written.
    pub(crate) fn close(&self) {
        self.state().is_closed = true;
        self.0.wake.notify_one();
    }

    pub(crate) fn is_closed(&self) -> bool {
        self.state().is_closed
    }

    /// Closes it and takes out the stanzas that were not written.
    pub(crate) fn abandon(&self) -> Vec<Stanza> {
        let mut state = self.state();
        state.is_closed = true;
        let items = state.items.take();
        items.into_iter().filter_map(Item::into_stanza).collect()
    }

    /// Writes all that comes, until it is closed or the socket fails. Notes in `signs` when the other
    /// side took what had to wait: what a socket takes at once may be in nobody's hands.
    pub(crate) async fn write_out<W>(
        &self,
        mut socket: W,
        progress: Duration,
        signs: &Signs,
    ) -> WriteEnd
    where
        W: AsyncWrite + Unpin,
    {
        let mut buffer = BytesMut::new();
        loop {
            if !self.fill(&mut buffer) {
                // Nothing of note can go wrong: the other side knows that we are done.
                let _ = socket.shutdown().await;
                return WriteEnd::Done;
            }
            if buffer.is_empty() {
                self.0.wake.notified().await;
                continue;
            }
            while !buffer.is_empty() {
                let mut has_waited = false;
                // Not `write_buf`: of one piece, a vectored write costs the kernel more.
                let writing = poll_fn(|cx| {
                    let written = Pin::new(&mut socket).poll_write(cx, &buffer);
                    has_waited |= written.is_pending();
                    written
                });
                match timeout(progress, writing).await {
                    Ok(Ok(0)) => return WriteEnd::Broken(io::ErrorKind::WriteZero.into()),
                    Ok(Ok(written)) => {
                        buffer.advance(written);
                        if has_waited {
                            signs.took();
                        }
                    }
                    Ok(Err(error)) => return WriteEnd::Broken(error),
                    Err(_) => return WriteEnd::Stuck,
                }
            }
            if buffer.capacity() > KEPT {
                buffer = BytesMut::new();
            }
        }
    }

    /// Moves what waits into the buffer; `false` when nothing waits and nothing will.
    fn fill(&self, buffer: &mut BytesMut) -> bool {
        let mut state = self.state();
        while buffer.len() < BATCH {
            match state.items.pop() {
                Some(Item::Stanza(stanza)) => stanza.write_to(buffer),
                Some(Item::Bytes(bytes)) => buffer.extend_from_slice(&bytes),
                None => break,
            }
        }
        !(buffer.is_empty() && state.is_closed)
    }

    fn state(&self) -> MutexGuard<'_, State> {
        // Nothing that holds it panics; if it did, the queue would still be sound.
        self.0.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
