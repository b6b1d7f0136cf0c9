//! One connection: read part by part, and once it is logged in carrying stanzas both ways.

use std::pin::pin;
use std::rc::Rc;
use std::time::Duration;

use futures::future::OptionFuture;
use opensrf::limits::OUTBOX_PROGRESS;
use opensrf::liveness::PING;
use opensrf::stanza::{Condition, Kind, Stanza};
use opensrf::xml::{Frame, Framer, ns};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite};
use tokio::time::timeout;

use super::{Watched, send_back};
use crate::transport::watch::Signs;
use crate::transport::{Inbox, LinkError, Outbox, Unsent, WriteEnd};

/// How long the last of what a server says is read: when it takes nothing any more, and when we have
/// ended the stream.
const LAST_WORDS: Duration = Duration::from_secs(1);

/// The two directions of a connection.
pub(super) struct Stream {
    pub(super) reader: Box<dyn AsyncRead + Send + Unpin>,
    pub(super) writer: Box<dyn AsyncWrite + Send + Unpin>,
    pub(super) framer: Framer,
}

impl Stream {
    /// Carries stanzas both ways until one way ends, or the server is dead.
    pub(super) async fn run(
        self,
        outbox: Outbox,
        inbox: Inbox,
        signs: Rc<Signs>,
        peer: Option<Watched>,
    ) {
        let Self {
            mut reader,
            writer,
            mut framer,
        } = self;
        let silence = peer.map(|peer| peer.end(Rc::clone(&signs), outbox.clone()));
        let mut silent = pin!(OptionFuture::from(silence));
        let mut reading = pin!(read_on(&mut reader, &mut framer, &outbox, &inbox, &signs));
        let mut writing = pin!(outbox.write_out(writer, OUTBOX_PROGRESS, &signs));
        let (reason, may_write) = tokio::select! {
            biased;
            end = &mut writing => match end {
                WriteEnd::Done => {
                    // The server closes the stream when it has read all of it. To close it before
                    // could take back what is still on its way.
                    let _ = timeout(LAST_WORDS, reading).await;
                    return;
                }
                WriteEnd::Broken(error) => {
                    let last = timeout(LAST_WORDS, reading).await;
                    (last.unwrap_or_else(|_| LinkError::Ended(error.to_string())), false)
                }
                WriteEnd::Stuck => (LinkError::Stuck(OUTBOX_PROGRESS), false),
            },
            reason = &mut reading => (reason, true),
            Some(reason) = &mut silent => (reason, false),
        };
        if outbox.is_closed() {
            // The party let go of the link; what it sent before goes out all the same.
            if may_write {
                writing.await;
            }
            let unsent = outbox.abandon().len();
            if unsent > 0 {
                tracing::warn!(unsent, %reason, "the last stanzas of a party could not be sent");
            }
            return;
        }
        for stanza in outbox.abandon() {
            send_back(&inbox, Unsent::Closed(Box::new(stanza)));
        }
        inbox.down(reason);
    }
}

/// The next part of a stream; `None` when the other side closed the connection.
pub(super) async fn read_frame<R>(
    reader: &mut R,
    framer: &mut Framer,
    signs: &Signs,
) -> Result<Option<Frame>, String>
where
    R: AsyncRead + Unpin,
{
    loop {
        if let Some(frame) = framer.next_frame().map_err(|error| error.to_string())? {
            return Ok(Some(frame));
        }
        signs.listen();
        let read = reader.read_buf(framer.buffer()).await;
        signs.hear();
        match read {
            Ok(0) => return Ok(None),
            Ok(_) => {}
            Err(error) => return Err(error.to_string()),
        }
    }
}

/// Hands over what comes, and says why nothing more does. A full mailbox makes it wait, and so TCP
/// slows the server.
pub(super) async fn read_on<R>(
    reader: &mut R,
    framer: &mut Framer,
    outbox: &Outbox,
    inbox: &Inbox,
    signs: &Signs,
) -> LinkError
where
    R: AsyncRead + Unpin,
{
    loop {
        // One read may bring hundreds of stanzas; others get their turn in between.
        tokio::task::coop::consume_budget().await;
        let raw = match read_frame(reader, framer, signs).await {
            Ok(Some(Frame::Element(raw))) => raw,
            Ok(Some(Frame::Open(_))) => return LinkError::Ended("a second header".into()),
            Ok(Some(Frame::Close)) => return LinkError::Ended("end of stream".into()),
            Ok(None) => return LinkError::Ended("connection closed".into()),
            Err(reason) => return LinkError::Ended(reason),
        };
        if raw.is("error", ns::STREAM) {
            let element = raw.element();
            let condition = element.children.first().map_or("", |c| c.name.as_str());
            let text = element.child("text", ns::STREAM_ERROR);
            return match (condition, text) {
                ("conflict", _) => LinkError::Conflict,
                (other, None) => LinkError::Ended(other.to_owned()),
                (other, Some(text)) => LinkError::Ended(format!("{other} ({})", text.text)),
            };
        }
        let Ok(stanza) = Stanza::from_raw(raw) else {
            continue;
        };
        if is_of_server(&stanza) {
            if stanza.answers(PING) {
                signs.answered();
                continue;
            }
            // Answered here, since what waits for the party may be much.
            if stanza.asks_for(&[ns::PING]) {
                outbox.push_if_free(stanza.granted());
                continue;
            }
        }
        if let Err(stanza) = inbox.push_when_free(stanza).await {
            // The party ended; what still goes out tells the sender.
            let gone = Condition::RecipientUnavailable.into();
            let bounce = stanza.bounce(gone);
            let _ = bounce.map(|bounce| outbox.push(bounce));
            return LinkError::Ended("the party is gone".into());
        }
    }
}

/// Whether the server itself asks or answers something.
fn is_of_server(stanza: &Stanza) -> bool {
    let from = stanza.from.as_ref();
    stanza.kind == Kind::Iq
        && from.is_none_or(|from| from.local().is_none() && from.resource().is_none())
}
