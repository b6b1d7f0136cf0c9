//! Over bytes to a Jabber server: ours, ejabberd, Prosody or jabberd2.

mod limit;
mod login;
mod stream;
#[cfg(test)]
mod tests;

use std::fmt;
use std::rc::Rc;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use bytes::Bytes;
use futures::future::LocalBoxFuture;
use opensrf::jid::Jid;
use opensrf::limits::{OUTBOX_BYTES, StreamLimits};
use opensrf::liveness::{DeadAfter, Liveness, Make};
use opensrf::stanza::{Condition, Kind, Stanza, StanzaError};
use opensrf::stream::{Login, LoginMethod};
use opensrf::xml::Framer;
use tokio::sync::watch;
use tokio::time::timeout;

use self::limit::excess;
use self::stream::Stream;
use super::dial::DIAL_TIME;
use super::watch::{self as watching, Signs};
use super::{Dial, Halves, Inbox, Link, LinkError, Outbox, Transport, Unsent};
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

    fn is_open(&self) -> bool {
        !self.outbox.is_closed()
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
            // Nobody waits for a ping, or for the answer to one.
            if stanza.kind == Kind::Message {
                inbox.note_unsent();
            }
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
        inbox.note_unsent();
        tracing::debug!("a stanza could be neither sent nor given back");
    }
}
