//! Over bytes to a Jabber server: ours, ejabberd, Prosody or jabberd2.

mod limit;
mod login;
#[cfg(test)]
mod tests;

use std::fmt;
use std::pin::pin;
use std::rc::Rc;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use futures::future::{LocalBoxFuture, OptionFuture};
use opensrf::jid::Jid;
use opensrf::limits::{OUTBOX_BYTES, OUTBOX_PROGRESS, StreamLimits};
use opensrf::liveness::{DeadAfter, Liveness, Make, PING};
use opensrf::stanza::{Condition, Kind, Stanza, StanzaError};
use opensrf::stream::{Login, LoginMethod};
use opensrf::xml::{Frame, Framer, ns};
use tokio::io::{AsyncRead, AsyncReadExt};
use tokio::sync::watch;
use tokio::time::timeout;

use self::limit::excess;
use self::login::Stream;
use super::dial::DIAL_TIME;
use super::watch::{self as watching, Signs};
use super::{Dial, Halves, Inbox, Link, LinkError, Outbox, Transport, Unsent, WriteEnd};
use crate::env::Env;

/// How to log in.
#[derive(Clone)]
pub struct Credentials {
    /// The account's password.
    pub password: String,
    /// SASL first, or the old log-in of the C programs.
    pub method: LoginMethod,
}

impl fmt::Debug for Credentials {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Credentials")
            .field("method", &self.method)
            .finish_non_exhaustive()
    }
}

/// The bus as a Jabber server that is reached by bytes.
#[derive(Debug, Clone)]
pub struct Xmpp {
    dial: Arc<dyn Dial>,
    credentials: Credentials,
    env: Env,
    dead_after: Option<DeadAfter>,
    leaving: Leaving,
}

/// Streams whose links have been dropped; each channel ends with its stream.
type Leaving = Arc<Mutex<Vec<watch::Receiver<()>>>>;

impl Xmpp {
    /// Logs in with `credentials` over connections from `dial`. What becomes of the server is not
    /// watched, unless [`with_dead_after`](Self::with_dead_after) says so.
    #[must_use]
    pub fn new(dial: Arc<dyn Dial>, credentials: Credentials, env: Env) -> Self {
        Self {
            dial,
            credentials,
            env,
            dead_after: None,
            leaving: Leaving::default(),
        }
    }

    /// Takes a server that has answered a ping, and then says nothing for so long, for dead.
    #[must_use]
    pub fn with_dead_after(mut self, dead_after: Option<DeadAfter>) -> Self {
        self.dead_after = dead_after;
        self
    }
}

impl Transport for Xmpp {
    fn connect(
        &self,
        jid: Jid,
        inbox: Inbox,
    ) -> LocalBoxFuture<'static, Result<Box<dyn Link>, LinkError>> {
        let Self {
            dial,
            credentials,
            env,
            dead_after,
            leaving,
        } = self.clone();
        Box::pin(async move {
            let halves = dialled(&*dial).await?;
            let login = Login::new(jid, credentials.password)?
                .with_method(credentials.method)
                .with_cleartext(halves.is_private);
            let Halves { reader, writer, .. } = halves;
            let mut stream = Stream {
                reader,
                writer,
                framer: Framer::new(LIMITS),
            };
            let signs = Signs::new(&env);
            let (jid, limit) = stream.log_in(login, &env, &signs).await?;
            let outbox = Outbox::new(OUTBOX_BYTES);
            let (running, end) = watch::channel(());
            let method = credentials.method;
            let peer = dead_after.map(|time| Watched::new(time, method, &jid, &env));
            let run = stream.run(outbox.clone(), inbox.clone(), signs, peer);
            actix_rt::spawn(async move {
                run.await;
                drop(running);
            });
            let link: Box<dyn Link> = Box::new(XmppLink {
                jid,
                limit,
                outbox,
                inbox,
                end,
                leaving,
            });
            Ok(link)
        })
    }

    fn flushed(&self) -> LocalBoxFuture<'static, ()> {
        let leaving = std::mem::take(&mut *lock(&self.leaving));
        Box::pin(async move {
            for mut end in leaving {
                // Nothing is ever sent over it: the error is its end.
                let _ = end.changed().await;
            }
        })
    }
}

/// A connection from `dial`, unless it takes too long.
async fn dialled(dial: &dyn Dial) -> Result<Halves, LinkError> {
    let unreachable = |reason| LinkError::Unreachable {
        address: dial.address(),
        reason,
    };
    match timeout(DIAL_TIME, dial.dial()).await {
        Ok(dialled) => dialled.map_err(|error| unreachable(error.to_string())),
        Err(_) => Err(unreachable(format!("no connection within {DIAL_TIME:?}"))),
    }
}

/// A server of which is known when it is dead.
struct Watched {
    role: Liveness,
    dead_after: DeadAfter,
    ping: Bytes,
}

impl Watched {
    /// For the server at which `jid` has just logged in by `method`.
    fn new(dead_after: DeadAfter, method: LoginMethod, jid: &Jid, env: &Env) -> Self {
        // Who logs in as the original's programs do may have to do with a server that knows no others.
        let make = match method {
            LoginMethod::Auto => Make::Other,
            LoginMethod::Legacy => Make::Original,
        };
        let chance = env.seed().fork(jid.as_str());
        Self {
            role: Liveness::new(env.now(), dead_after, make, chance),
            dead_after,
            ping: watching::ping(None, jid.server()),
        }
    }

    /// Why the link ends, when the server is dead.
    async fn end(self, signs: Rc<Signs>, outbox: Outbox) -> LinkError {
        watching::watch(self.role, signs, outbox, self.ping).await;
        LinkError::Silent(self.dead_after.get())
    }
}

/// What a server may send us.
const LIMITS: StreamLimits = StreamLimits::FROM_SERVER;

/// How long the last of what a server says is read: when it takes nothing any more, and when we have
/// ended the stream.
const LAST_WORDS: Duration = Duration::from_secs(1);

#[derive(Debug)]
struct XmppLink {
    jid: Jid,
    /// Bytes that the server takes in one stanza, as far as it has said so.
    limit: Option<usize>,
    outbox: Outbox,
    inbox: Inbox,
    end: watch::Receiver<()>,
    leaving: Leaving,
}

fn lock(leaving: &Leaving) -> MutexGuard<'_, Vec<watch::Receiver<()>>> {
    // Nothing that holds it panics; if it did, the list would still be sound.
    leaving.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Link for XmppLink {
    fn send(&self, mut stanza: Stanza) {
        stanza.from = Some(self.jid.clone());
        if let Some(error) = self.limit.and_then(|limit| excess(&stanza, limit)) {
            return give_back(&self.inbox, &stanza, error);
        }
        if let Err(unsent) = self.outbox.push(stanza) {
            send_back(&self.inbox, unsent);
        }
    }
}

impl Drop for XmppLink {
    fn drop(&mut self) {
        self.outbox.push_bytes("</stream:stream>".into());
        self.outbox.close();
        let mut leaving = lock(&self.leaving);
        leaving.retain(|end| end.has_changed().is_ok());
        leaving.push(self.end.clone());
    }
}

/// Bounces to the party itself what its own link could not take.
pub(super) fn send_back(inbox: &Inbox, unsent: Unsent) {
    let (stanzas, error) = match unsent {
        Unsent::Full(stanzas) => {
            let text = "too much waits for the Jabber server already";
            (
                stanzas,
                StanzaError::new(Condition::ResourceConstraint).with_text(text),
            )
        }
        Unsent::Closed(stanza) => {
            inbox.note_unsent();
            let text = "the connection to the Jabber server is closed";
            (
                vec![*stanza],
                StanzaError::new(Condition::RecipientUnavailable).with_text(text),
            )
        }
    };
    for stanza in stanzas {
        give_back(inbox, &stanza, error.clone());
    }
}

fn give_back(inbox: &Inbox, stanza: &Stanza, error: StanzaError) {
    if let Some(bounce) = stanza.bounce(error)
        && inbox.push(bounce).is_err()
    {
        tracing::warn!("a stanza could be neither sent nor given back");
    }
}

impl Stream {
    /// Carries stanzas both ways until one way ends, or the server is dead.
    async fn run(self, outbox: Outbox, inbox: Inbox, signs: Rc<Signs>, peer: Option<Watched>) {
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
async fn read_frame<R>(
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
async fn read_on<R>(
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
