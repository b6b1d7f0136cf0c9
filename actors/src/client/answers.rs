//! What a call gave.

use std::pin::Pin;
use std::task::{Context, Poll, ready};

use futures::Stream;
use opensrf::osrf::{Json, JsonError};
use opensrf::session::{CallError, Event};
use serde::de::DeserializeOwned;
use tokio::sync::mpsc;

use super::Guard;

/// All results of a call, in order.
#[derive(Debug, Clone, PartialEq)]
pub struct Answers(Vec<Json>);

/// Results of another number or shape than was wanted.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ShapeError {
    /// Not exactly one result.
    #[error("expected one result and got {0}")]
    Count(usize),
    /// A result that is no such value.
    #[error("result {at}: {error}", at = .at + 1)]
    Value {
        /// Which one, counted from 0.
        at: usize,
        /// What is wrong.
        error: JsonError,
    },
}

impl Answers {
    pub(super) fn new(results: Vec<Json>) -> Self {
        Self(results)
    }

    /// The only result as a value.
    ///
    /// # Errors
    /// [`ShapeError`] if there is none or several, or it has another shape.
    pub fn one<T: DeserializeOwned>(&self) -> Result<T, ShapeError> {
        match self.0.as_slice() {
            [one] => one
                .value()
                .map_err(|error| ShapeError::Value { at: 0, error }),
            other => Err(ShapeError::Count(other.len())),
        }
    }

    /// All results as values.
    ///
    /// # Errors
    /// [`ShapeError::Value`] names the first that has another shape.
    pub fn all<T: DeserializeOwned>(&self) -> Result<Vec<T>, ShapeError> {
        let value = |(at, json): (usize, &Json)| {
            json.value()
                .map_err(|error| ShapeError::Value { at, error })
        };
        self.0.iter().enumerate().map(value).collect()
    }

    /// The results as they came.
    #[must_use]
    pub fn json(&self) -> &[Json] {
        &self.0
    }
}

/// Results one by one; the end of the stream is the end of the request. Dropped before that, the
/// request is forgotten.
#[derive(Debug)]
pub struct AnswerStream {
    events: mpsc::Receiver<Event>,
    guard: Guard,
}

impl AnswerStream {
    pub(super) fn new(events: mpsc::Receiver<Event>, guard: Guard) -> Self {
        Self { events, guard }
    }
}

impl Stream for AnswerStream {
    type Item = Result<Json, CallError>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        if self.guard.is_over() {
            return Poll::Ready(None);
        }
        // Cut off: the client has ended.
        let cut_off = Event::Failed(CallError::Offline);
        let error = match ready!(self.events.poll_recv(cx)).unwrap_or(cut_off) {
            Event::Result(json) => return Poll::Ready(Some(Ok(json))),
            Event::Complete => None,
            Event::Failed(error) => Some(Err(error)),
        };
        self.guard.mark_over();
        Poll::Ready(error)
    }
}
