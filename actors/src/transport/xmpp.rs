//! Over bytes to a Jabber server: ours, ejabberd, Prosody or jabberd2.

mod limit;
#[cfg(test)]
mod tests;

use std::collections::VecDeque;
use std::fmt;
use std::pin::pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use futures::future::LocalBoxFuture;
use opensrf::Role;
use opensrf::jid::Jid;
use opensrf::limits::{OUTBOX_BYTES, OUTBOX_PROGRESS, StreamLimits};
use opensrf::stanza::{Condition, Stanza, StanzaError};
use opensrf::stream::initiator::{Effect, Initiator, Input};
use opensrf::stream::{Login, LoginError, LoginMethod, SaslReply};
use opensrf::xml::{Frame, Framer, ns};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::sync::watch;

use self::limit::excess;
use super::{Dial, Halves, Inbox, Link, LinkError, Outbox, Transport, Unsent, WriteEnd};
use crate::env::Env;
use crate::sasl::SaslClient;

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
    leaving: Leaving,
}

/// Streams whose links have been dropped; each channel ends with its stream.
type Leaving = Arc<Mutex<Vec<watch::Receiver<()>>>>;

impl Xmpp {
    /// Logs in with `credentials` over connections from `dial`.
    #[must_use]
    pub fn new(dial: Arc<dyn Dial>, credentials: Credentials, env: Env) -> Self {
        Self {
            dial,
            credentials,
            env,
            leaving: Leaving::default(),
        }
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
            leaving,
        } = self.clone();
        Box::pin(async move {
            let halves = dial.dial().await.map_err(|error| LinkError::Unreachable {
                address: dial.address(),
                reason: error.to_string(),
            })?;
            let login = Login::new(jid, credentials.password)?
                .with_method(credentials.method)
                .with_cleartext(halves.is_private);
            let Halves { reader, writer, .. } = halves;
            let mut stream = Stream {
                reader,
                writer,
                framer: Framer::new(LIMITS),
            };
            let (jid, limit) = stream.log_in(login, &env).await?;
            let outbox = Outbox::new(OUTBOX_BYTES);
            let (running, end) = watch::channel(());
            let run = stream.run(outbox.clone(), inbox.clone());
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

struct Stream {
    reader: Box<dyn AsyncRead + Send + Unpin>,
    writer: Box<dyn AsyncWrite + Send + Unpin>,
    framer: Framer,
}

impl Stream {
    async fn log_in(&mut self, login: Login, env: &Env) -> Result<(Jid, Option<usize>), LinkError> {
        let user = login.jid().local().unwrap_or_default().to_owned();
        let password = login.password().to_owned();
        let mut sasl = None;
        let mut role = Initiator::new(env.now(), login);
        let mut inputs = VecDeque::from([Input::Connected]);
        let mut effects = Vec::new();
        loop {
            while let Some(input) = inputs.pop_front() {
                role.handle(env.now(), input, &mut effects);
                for effect in effects.drain(..) {
                    match effect {
                        // If it takes nothing any more, reading tells that, and perhaps why.
                        Effect::Send(bytes) => drop(self.writer.write_all(&bytes).await),
                        Effect::SaslStart { mechanism } => {
                            let reply = match SaslClient::start(mechanism, &user, &password) {
                                Ok(mut exchange) => {
                                    let first = exchange.step(None);
                                    sasl = Some(exchange);
                                    first
                                }
                                Err(error) => SaslReply::Refused(error.to_string()),
                            };
                            inputs.push_back(Input::Sasl(reply));
                        }
                        Effect::SaslStep(data) => {
                            let reply = exchange(&mut sasl, |sasl| sasl.step(Some(&data)));
                            inputs.push_back(Input::Sasl(reply));
                        }
                        Effect::SaslFinish(data) => {
                            let reply = exchange(&mut sasl, |sasl| sasl.finish(data.as_deref()));
                            inputs.push_back(Input::Sasl(reply));
                        }
                        Effect::RestartStream => self.framer.restart(),
                        Effect::Online(jid) => return Ok((jid, role.stanza_bytes())),
                        Effect::Failed(error) => return Err(error.into()),
                    }
                }
            }
            let patience = role
                .deadline()
                .map_or(Duration::MAX, |at| at.saturating_sub(env.now()));
            match tokio::time::timeout(patience, self.next_frame()).await {
                Ok(Ok(Some(Frame::Open(header)))) => inputs.push_back(Input::Open(header)),
                Ok(Ok(Some(Frame::Element(raw)))) => {
                    inputs.push_back(Input::Element(raw.element()));
                }
                Ok(Ok(Some(Frame::Close) | None)) => inputs.push_back(Input::Closed),
                Ok(Err(reason)) => return Err(LinkError::Ended(reason)),
                Err(_) => return Err(LoginError::Timeout.into()),
            }
        }
    }

    /// The next part of the stream; `None` when the server closed the connection.
    async fn next_frame(&mut self) -> Result<Option<Frame>, String> {
        read_frame(&mut self.reader, &mut self.framer).await
    }

    /// Carries stanzas both ways until one way ends.
    async fn run(self, outbox: Outbox, inbox: Inbox) {
        let Self {
            mut reader,
            writer,
            mut framer,
        } = self;
        let mut reading = pin!(read_on(&mut reader, &mut framer, &outbox, &inbox));
        let mut writing = pin!(outbox.write_out(writer, OUTBOX_PROGRESS));
        let reason = tokio::select! {
            biased;
            end = &mut writing => match end {
                WriteEnd::Done => {
                    // The server closes the stream when it has read all of it. To close it before
                    // could take back what is still on its way.
                    let _ = tokio::time::timeout(LAST_WORDS, reading).await;
                    return;
                }
                WriteEnd::Broken(error) => tokio::time::timeout(LAST_WORDS, reading)
                    .await
                    .unwrap_or_else(|_| LinkError::Ended(error.to_string())),
                WriteEnd::Stuck => LinkError::Stuck(OUTBOX_PROGRESS),
            },
            reason = &mut reading => reason,
        };
        if outbox.is_closed() {
            // The party let go of the link; what it sent before goes out all the same.
            writing.await;
            return;
        }
        for stanza in outbox.abandon() {
            send_back(&inbox, Unsent::Closed(Box::new(stanza)));
        }
        inbox.down(reason);
    }
}

fn exchange(
    sasl: &mut Option<SaslClient>,
    step: impl FnOnce(&mut SaslClient) -> SaslReply,
) -> SaslReply {
    let none = || SaslReply::Refused("the server goes on with an exchange that never began".into());
    sasl.as_mut().map_or_else(none, step)
}

/// The next part of a stream; `None` when the other side closed the connection.
async fn read_frame<R>(reader: &mut R, framer: &mut Framer) -> Result<Option<Frame>, String>
where
    R: AsyncRead + Unpin,
{
    loop {
        if let Some(frame) = framer.next_frame().map_err(|error| error.to_string())? {
            return Ok(Some(frame));
        }
        match reader.read_buf(framer.buffer()).await {
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
) -> LinkError
where
    R: AsyncRead + Unpin,
{
    loop {
        // One read may bring hundreds of stanzas; others get their turn in between.
        tokio::task::coop::consume_budget().await;
        let raw = match read_frame(reader, framer).await {
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
        if let Err(stanza) = inbox.push_when_free(stanza).await {
            // The party ended; what still goes out tells the sender.
            let gone = Condition::RecipientUnavailable.into();
            let bounce = stanza.bounce(gone);
            let _ = bounce.map(|bounce| outbox.push(bounce));
            return LinkError::Ended("the party is gone".into());
        }
    }
}
