//! Many requests, a few at a time.

use std::pin::Pin;
use std::task::{Context, Poll};

use bytestring::ByteString;
use futures::future::BoxFuture;
use futures::stream::{self, Fuse, FusedStream, FuturesUnordered};
use futures::{Stream, StreamExt};
use opensrf::osrf::Json;

use super::{Answers, Client, ClientError, IntoParams};
use crate::messages::Target;

/// How many requests are outstanding at most unless the caller says otherwise (the original's
/// number).
pub const FAN_OUT: usize = 10;

/// A request that has not been asked yet.
#[derive(Debug, Clone)]
pub struct Request {
    service: String,
    method: ByteString,
    /// What is wrong with them is told when it is asked.
    params: Result<Vec<Json>, ClientError>,
}

impl Request {
    /// A request for any drone of a service. Parameters that are no list are found out when it is
    /// asked.
    pub fn new(
        service: impl Into<String>,
        method: impl Into<String>,
        params: impl IntoParams,
    ) -> Self {
        Self {
            service: service.into(),
            method: method.into().into(),
            params: params.into_params(),
        }
    }
}

/// What comes of each request, as they end: its place among the requests, counted from 0, and its
/// outcome. Made by [`Client::fan_out`].
///
/// Each request has its time from when it is asked. They are taken from their source when there is
/// room, so that it may be long, or endless.
///
/// Dropped, it cancels what is outstanding and asks no more.
#[must_use = "nothing is asked until it is read"]
pub struct FanOut<S> {
    client: Client,
    requests: Fuse<S>,
    next: usize,
    at_most: usize,
    running: FuturesUnordered<BoxFuture<'static, Outcome>>,
}

type Outcome = (usize, Result<Answers, ClientError>);

impl Client {
    /// Asks many requests, and gives the outcomes as they come: at most 10 are outstanding, unless
    /// [`FanOut::at_most`] says otherwise.
    ///
    /// ```
    /// use futures::StreamExt;
    /// use opensrf_actors::client::Request;
    /// # use opensrf_actors::{host::Host, services::math};
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # let host = Host::builder().service(math::service()?).spawn().await?;
    /// # host.ready().await?;
    /// # let client = host.client();
    /// let squares = (0..100_i64).map(|n| Request::new("opensrf.math", "mult", (n, n)));
    /// let mut outcomes = client.fan_out(squares).at_most(4);
    /// let mut sum = 0;
    /// while let Some((_place, answers)) = outcomes.next().await {
    ///     sum += answers?.one::<i64>()?;
    /// }
    /// assert_eq!(sum, 328_350);
    /// # host.shutdown().await?;
    /// # Ok(()) }
    /// ```
    pub fn fan_out<I>(&self, requests: I) -> FanOut<stream::Iter<I::IntoIter>>
    where
        I: IntoIterator<Item = Request>,
    {
        self.fan_out_stream(stream::iter(requests))
    }

    /// Asks the requests that come out of a stream, as [`Client::fan_out`] does.
    pub fn fan_out_stream<S: Stream<Item = Request>>(&self, requests: S) -> FanOut<S> {
        FanOut {
            client: self.clone(),
            requests: requests.fuse(),
            next: 0,
            at_most: FAN_OUT,
            running: FuturesUnordered::new(),
        }
    }

    async fn ask_one(&self, request: Request) -> Result<Answers, ClientError> {
        let params = request.params?;
        let target = Target::Service(self.address(&request.service)?);
        self.ask(target, request.method, params).await
    }
}

impl<S> FanOut<S> {
    /// Lets so many be outstanding at once; 1 at least, 10 by default.
    pub fn at_most(self, requests: usize) -> Self {
        Self {
            at_most: requests.max(1),
            ..self
        }
    }
}

impl<S: Stream<Item = Request> + Unpin> FanOut<S> {
    /// Asks as many as there is room for.
    fn ask(&mut self, cx: &mut Context<'_>) {
        while self.running.len() < self.at_most {
            let Poll::Ready(Some(request)) = self.requests.poll_next_unpin(cx) else {
                return;
            };
            let (place, client) = (self.next, self.client.clone());
            self.next += 1;
            self.running.push(Box::pin(
                async move { (place, client.ask_one(request).await) },
            ));
        }
    }
}

impl<S: Stream<Item = Request> + Unpin> Stream for FanOut<S> {
    type Item = Outcome;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Outcome>> {
        self.ask(cx);
        match self.running.poll_next_unpin(cx) {
            // Nothing runs, and more may come.
            Poll::Ready(None) if !self.requests.is_terminated() => Poll::Pending,
            outcome => outcome,
        }
    }
}

impl<S> std::fmt::Debug for FanOut<S> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("FanOut")
            .field("asked", &self.next)
            .field("outstanding", &self.running.len())
            .field("at_most", &self.at_most)
            .finish_non_exhaustive()
    }
}
