//! Asks services.
//!
//! A [`Client`] is a handle: `Send`, `Clone`, usable from any thread and any tokio runtime. Behind
//! it stands one actor at one address of the bus, which keeps all its open requests in one map with
//! one timer.
//!
//! ```no_run
//! # async fn example(client: opensrf_actors::client::Client) -> Result<(), Box<dyn std::error::Error>> {
//! let sum: i64 = client.call("opensrf.math", "add", (2, 2)).await?.one()?;
//! # Ok(()) }
//! ```

mod actor;
mod answers;
mod fan_out;
mod lease;
mod open;
mod params;
mod session;

use std::sync::{Arc, LazyLock};
use std::time::Duration;

use bytestring::ByteString;
use opensrf::jid::{Jid, JidError};
use opensrf::osrf::Json;
use opensrf::session::{Asked, CallError, RouterName};
use tokio::sync::{mpsc, oneshot};

use crate::messages::{ClientCommand, Sink, Target};
use crate::peer::{Slot, Telling};
use crate::transport::LinkError;

pub use actor::{ClientActor, ClientPlan};
pub use answers::{AnswerStream, Answers, ShapeError};
pub use fan_out::{FAN_OUT, FanOut, Request};
pub(crate) use lease::Guard;
use lease::Lease;
pub use opensrf::session::Context;
pub use params::IntoParams;
pub use session::Session;

/// How long a call may take unless the client says otherwise.
pub const DEFAULT_TIMEOUT: Duration = Duration::from_secs(30);

/// How long a drone may take to answer CONNECT (the original's time).
pub const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);

/// Results that wait for a reader of a stream before the request is given up.
const STREAM_RESULTS: usize = 16 * 1024;

/// Why something could not be asked, or was not answered.
#[derive(Debug, Clone, thiserror::Error)]
#[non_exhaustive]
pub enum ClientError {
    /// The call did not come to a good end.
    #[error(transparent)]
    Call(#[from] CallError),
    /// The service's name cannot be part of an address.
    #[error("{name:?} is no name of a service: {error}")]
    Name {
        /// The name.
        name: String,
        /// What is wrong with it.
        error: JidError,
    },
    /// The parameters are no list.
    #[error("parameters must be a list, such as (2, 2) or [\"a\"]: {0}")]
    Params(String),
    /// There is no connection to the bus.
    #[error(transparent)]
    Link(#[from] LinkError),
    /// The client or its host has ended, or the host has no bus.
    #[error("the client or its host has ended, or the host has no bus")]
    Ended,
}

impl ClientError {
    /// The call's error, if it is one.
    #[must_use]
    pub fn call(&self) -> Option<&CallError> {
        match self {
            Self::Call(error) => Some(error),
            _ => None,
        }
    }
}

/// What most clients say of themselves.
static USUAL: LazyLock<Arc<Context>> = LazyLock::new(Arc::default);

/// A handle to a client. Clones are the same client.
#[derive(Debug, Clone)]
pub struct Client {
    actor: Arc<Lease>,
    router: Arc<RouterName>,
    timeout: Duration,
    connect_timeout: Duration,
    context: Arc<Context>,
}

impl Client {
    pub(crate) fn new(actor: Slot<ClientCommand>, router: impl Into<Arc<RouterName>>) -> Self {
        Self {
            actor: Arc::new(Lease::new(actor)),
            router: router.into(),
            timeout: DEFAULT_TIMEOUT,
            connect_timeout: CONNECT_TIMEOUT,
            context: Arc::clone(&USUAL),
        }
    }

    /// The same client with another time for calls; 30 s by default.
    #[must_use]
    pub fn with_timeout(&self, timeout: Duration) -> Self {
        Self {
            timeout,
            ..self.clone()
        }
    }

    /// The same client with another time for opening sessions; 5 s by default.
    #[must_use]
    pub fn with_connect_timeout(&self, connect_timeout: Duration) -> Self {
        Self {
            connect_timeout,
            ..self.clone()
        }
    }

    /// The same client, which says this of itself with every message: the transaction, language,
    /// time zone and so on of whoever it asks for.
    #[must_use]
    pub fn with_context(&self, context: Context) -> Self {
        Self {
            context: Arc::new(context),
            ..self.clone()
        }
    }

    /// The same client, for one transaction; by default each request, and each session, is one of
    /// its own. An id that is empty or holds control characters counts as none.
    #[must_use]
    pub fn with_xid(&self, xid: impl Into<ByteString>) -> Self {
        let xid = Some(xid.into());
        self.with_context(Context {
            xid,
            ..(*self.context).clone()
        })
    }

    /// The same client with another language for texts; `en-US` by default.
    #[must_use]
    pub fn with_locale(&self, locale: impl Into<ByteString>) -> Self {
        let locale = locale.into();
        self.with_context(Context {
            locale,
            ..(*self.context).clone()
        })
    }

    /// The same client with a time zone by its Olson name, such as `Europe/Berlin`; none by default.
    #[must_use]
    pub fn with_tz(&self, tz: impl Into<ByteString>) -> Self {
        let tz = Some(tz.into());
        self.with_context(Context {
            tz,
            ..(*self.context).clone()
        })
    }

    /// The same client with another word for how its requests enter the network; `opensrf` by
    /// default.
    #[must_use]
    pub fn with_ingress(&self, ingress: impl Into<ByteString>) -> Self {
        let ingress = ingress.into();
        self.with_context(Context {
            ingress,
            ..(*self.context).clone()
        })
    }

    /// The same client, which means another generation of the services' methods; 1 by default.
    #[must_use]
    pub fn with_api_level(&self, api_level: u32) -> Self {
        self.with_context(Context {
            api_level,
            ..(*self.context).clone()
        })
    }

    /// What it says of itself.
    #[must_use]
    pub fn context(&self) -> &Context {
        &self.context
    }

    /// Waits until the client is on the bus.
    ///
    /// # Errors
    /// [`ClientError::Link`] says why the first attempt failed; the client goes on trying.
    pub async fn online(&self) -> Result<(), ClientError> {
        let (reply, outcome) = oneshot::channel();
        self.tell(ClientCommand::WhenOnline(reply)).await?;
        outcome.await.map_err(|_| ClientError::Ended)?
    }

    /// Calls a method of any drone of a service, and waits for all its results.
    ///
    /// # Errors
    /// [`ClientError`]; a service that nobody runs is [`CallError::Unreachable`], within moments.
    ///
    /// # Cancel safety
    /// Dropped, the request is forgotten; the drone may finish it all the same.
    pub async fn call(
        &self,
        service: &str,
        method: &str,
        params: impl IntoParams,
    ) -> Result<Answers, ClientError> {
        let params = params.into_params()?;
        self.call_at(self.address(service)?, method.into(), params)
            .await
    }

    /// The same at an [`address`](Self::address), with parameters that are JSON already.
    pub(crate) fn call_at(
        &self,
        service: Jid,
        method: ByteString,
        params: Vec<Json>,
    ) -> impl Future<Output = Result<Answers, ClientError>> + use<> {
        self.ask(Target::Service(service), method, params)
    }

    /// Calls a method and gives its results one by one, as they come.
    ///
    /// # Errors
    /// [`ClientError`] if it cannot be asked; later errors come through the stream.
    pub async fn stream(
        &self,
        service: &str,
        method: &str,
        params: impl IntoParams,
    ) -> Result<AnswerStream, ClientError> {
        let params = params.into_params()?;
        let target = Target::Service(self.address(service)?);
        self.ask_stream(target, method.into(), params).await
    }

    /// Opens a session: its calls all go to one drone, which serves nobody else meanwhile.
    ///
    /// # Errors
    /// [`ClientError`] if no drone takes it within the time for that.
    pub async fn connect(&self, service: &str) -> Result<Session, ClientError> {
        self.connect_at(self.address(service)?).await
    }

    /// The same at an [`address`](Self::address).
    pub(crate) async fn connect_at(&self, service: Jid) -> Result<Session, ClientError> {
        let session = self.actor.number();
        let (reply, outcome) = oneshot::channel();
        let timeout = self.connect_timeout;
        let context = Arc::clone(&self.context);
        let told = self.telling(ClientCommand::Open {
            session,
            service,
            timeout,
            context,
            reply,
        });
        // From here on dropping closes it, also while the answer is waited for.
        let session = Session::new(self.clone(), session);
        let told = told.ok_or(ClientError::Ended)?;
        told.await.map_err(|_| ClientError::Ended)?;
        outcome.await.map_err(|_| ClientError::Ended)??;
        Ok(session)
    }

    /// Where a service is found.
    pub(crate) fn address(&self, service: &str) -> Result<Jid, ClientError> {
        self.router
            .service(service)
            .map_err(|error| ClientError::Name {
                name: service.to_owned(),
                error,
            })
    }

    pub(crate) async fn tell(&self, command: ClientCommand) -> Result<(), ClientError> {
        let telling = self.telling(command).ok_or(ClientError::Ended)?;
        telling.await.map_err(|_| ClientError::Ended)
    }

    fn telling(&self, command: ClientCommand) -> Option<Telling> {
        Some(self.actor.get()?.tell_when_free(command))
    }

    /// Asks at once, if the mailbox has room; what this gives waits for the results, and cancels the
    /// request when it is dropped. It is small, as of those who wait there may be many.
    fn ask(
        &self,
        target: Target,
        method: ByteString,
        params: Vec<Json>,
    ) -> impl Future<Output = Result<Answers, ClientError>> + use<> {
        let (reply, outcome) = oneshot::channel();
        let sent = self.send(target, method, params, Sink::Collect(Vec::new(), reply));
        async move {
            let (guard, told) = sent?;
            told.await.map_err(|_| ClientError::Ended)?;
            let results = outcome.await;
            guard.over();
            Ok(Answers::new(results.map_err(|_| ClientError::Ended)??))
        }
    }

    async fn ask_stream(
        &self,
        target: Target,
        method: ByteString,
        params: Vec<Json>,
    ) -> Result<AnswerStream, ClientError> {
        let (sender, events) = mpsc::channel(STREAM_RESULTS);
        let (guard, told) = self.send(target, method, params, Sink::Stream(sender))?;
        told.await.map_err(|_| ClientError::Ended)?;
        Ok(AnswerStream::new(events, guard))
    }

    /// Asks the actor, which the second of what it returns waits for.
    fn send(
        &self,
        target: Target,
        method: ByteString,
        params: Vec<Json>,
        sink: Sink,
    ) -> Result<(Guard, Telling), ClientError> {
        let asked = Asked {
            method,
            params,
            timeout: self.timeout,
            context: Arc::clone(&self.context),
        };
        let request = self.actor.number();
        let call = ClientCommand::Call {
            target,
            request,
            asked,
            sink,
        };
        let told = self.telling(call).ok_or(ClientError::Ended)?;
        Ok((Guard::new(Arc::clone(&self.actor), request), told))
    }
}
