//! A conversation with one drone.

use bytestring::ByteString;
use opensrf::osrf::Json;
use opensrf::session::SessionId;

use super::{AnswerStream, Answers, Client, ClientError, IntoParams};
use crate::messages::{ClientCommand, Target};

/// A session: its calls go to one drone, which serves nobody else until the session ends.
///
/// The service ends a session in which nothing was asked for a while; the next call then opens
/// another one by itself, with another drone. Dropping it ends it.
#[derive(Debug)]
pub struct Session {
    client: Client,
    session: SessionId,
}

impl Session {
    pub(super) fn new(client: Client, session: SessionId) -> Self {
        Self { client, session }
    }

    /// Calls a method of the session's drone, and waits for all its results.
    ///
    /// # Errors
    /// [`ClientError`].
    pub async fn call(
        &self,
        method: &str,
        params: impl IntoParams,
    ) -> Result<Answers, ClientError> {
        self.call_with(method.into(), params.into_params()?).await
    }

    /// The same with parameters that are JSON already.
    pub(crate) fn call_with(
        &self,
        method: ByteString,
        params: Vec<Json>,
    ) -> impl Future<Output = Result<Answers, ClientError>> + use<> {
        let target = Target::Session(self.session);
        self.client.ask(target, method, params)
    }

    /// Calls a method of the session's drone and gives its results one by one.
    ///
    /// # Errors
    /// [`ClientError`] if it cannot be asked; later errors come through the stream.
    pub async fn stream(
        &self,
        method: &str,
        params: impl IntoParams,
    ) -> Result<AnswerStream, ClientError> {
        let params = params.into_params()?;
        let target = Target::Session(self.session);
        self.client.ask_stream(target, method.into(), params).await
    }
}

impl Drop for Session {
    fn drop(&mut self) {
        self.client
            .actor
            .mention(ClientCommand::Close(self.session));
    }
}
