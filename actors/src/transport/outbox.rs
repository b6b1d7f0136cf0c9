//! What waits for one socket.
//!
//! Whoever has something for the socket puts it here, from any thread; one writer takes all that
//! waits and writes it in one piece. The bytes that may wait are bounded, and so is the time in
//! which the socket must take some.

use std::collections::VecDeque;
use std::io;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use bytes::{Buf, Bytes, BytesMut};
use opensrf::stanza::Stanza;
use tokio::io::{AsyncWrite, AsyncWriteExt};
use tokio::sync::Notify;
use tokio::time::timeout;

/// Bytes that go out in one write at most, more or less.
const BATCH: usize = 256 * 1024;
/// Bytes of a write buffer that is kept while nothing waits.
const KEPT: usize = 16 * 1024;

/// A queue in front of one socket; clones are the same queue.
#[derive(Debug, Clone)]
pub(crate) struct Outbox(Arc<Shared>);

#[derive(Debug)]
struct Shared {
    queue: Mutex<Queue>,
    wake: Notify,
    limit: usize,
}

#[derive(Debug, Default)]
struct Queue {
    items: VecDeque<Item>,
    bytes: usize,
    is_closed: bool,
}

#[derive(Debug)]
enum Item {
    Stanza(Stanza),
    Bytes(Bytes),
}

/// A stanza that does not fit, or that nobody will write any more.
#[derive(Debug)]
pub(crate) enum Unsent {
    Full(Box<Stanza>),
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
        Self(Arc::new(Shared {
            queue: Mutex::new(Queue::default()),
            wake: Notify::new(),
            limit,
        }))
    }

    /// Queues a stanza.
    pub(crate) fn push(&self, stanza: Stanza) -> Result<(), Unsent> {
        let bytes = stanza.weight();
        let mut queue = self.queue();
        if queue.is_closed {
            return Err(Unsent::Closed(Box::new(stanza)));
        }
        // One stanza is taken however large it is: its own limit is somebody else's business.
        if queue.bytes > 0 && queue.bytes + bytes > self.0.limit {
            return Err(Unsent::Full(Box::new(stanza)));
        }
        queue.bytes += bytes;
        queue.items.push_back(Item::Stanza(stanza));
        drop(queue);
        self.0.wake.notify_one();
        Ok(())
    }

    /// Queues bytes of the stream itself, whatever waits already.
    pub(crate) fn push_bytes(&self, bytes: Bytes) {
        let mut queue = self.queue();
        if !queue.is_closed {
            queue.bytes += bytes.len();
            queue.items.push_back(Item::Bytes(bytes));
            self.0.wake.notify_one();
        }
    }

    /// Takes no more; the writer ends when all that waits is written.
    pub(crate) fn close(&self) {
        self.queue().is_closed = true;
        self.0.wake.notify_one();
    }

    pub(crate) fn is_closed(&self) -> bool {
        self.queue().is_closed
    }

    /// Closes it and takes out the stanzas that were not written.
    pub(crate) fn abandon(&self) -> Vec<Stanza> {
        let mut queue = self.queue();
        queue.is_closed = true;
        queue.bytes = 0;
        let stanza = |item| match item {
            Item::Stanza(stanza) => Some(stanza),
            Item::Bytes(_) => None,
        };
        queue.items.drain(..).filter_map(stanza).collect()
    }

    /// Writes all that comes, until it is closed or the socket fails.
    pub(crate) async fn write_out<W>(&self, mut socket: W, progress: Duration) -> WriteEnd
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
                // Not `write_buf`: of one piece, a vectored write costs the kernel more.
                match timeout(progress, socket.write(&buffer)).await {
                    Ok(Ok(0)) => return WriteEnd::Broken(io::ErrorKind::WriteZero.into()),
                    Ok(Ok(written)) => buffer.advance(written),
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
        let mut queue = self.queue();
        while buffer.len() < BATCH {
            match queue.items.pop_front() {
                Some(Item::Stanza(stanza)) => {
                    queue.bytes = queue.bytes.saturating_sub(stanza.weight());
                    stanza.write_to(buffer);
                }
                Some(Item::Bytes(bytes)) => {
                    queue.bytes = queue.bytes.saturating_sub(bytes.len());
                    buffer.extend_from_slice(&bytes);
                }
                None => break,
            }
        }
        !(buffer.is_empty() && queue.is_closed)
    }

    fn queue(&self) -> MutexGuard<'_, Queue> {
        // Nothing that holds it panics; if it did, the queue would still be sound.
        self.0.queue.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
