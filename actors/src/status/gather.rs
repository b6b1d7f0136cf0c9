//! Waits for the answers of all parts, as long as one may take.

use std::time::Duration;

use actix_rt::time::Instant;
use futures::future::join_all;
use tokio::sync::oneshot;
use tokio::time::timeout_at;

use super::model::{ChildStatus, ClassStatus, Detail, HostStatus};
use super::question::Report;

/// How long a part may take to answer.
const PATIENCE: Duration = Duration::from_secs(1);

/// A host of whose parts some have been asked.
#[derive(Debug)]
pub(crate) struct Asked {
    /// All that is known without asking.
    pub(crate) host: HostStatus,
    /// For each child, where its answer comes; nothing if it does not run or takes no questions.
    pub(crate) answers: Vec<Option<oneshot::Receiver<Report>>>,
}

/// Adds the answers that come in time.
pub(crate) async fn gather(asked: Asked) -> HostStatus {
    let Asked { mut host, answers } = asked;
    let until = Instant::now() + PATIENCE;
    let children = host.children.iter_mut().zip(answers);
    join_all(children.map(|(child, answer)| add(child, answer, until))).await;
    host
}

async fn add(child: &mut ChildStatus, answer: Option<oneshot::Receiver<Report>>, until: Instant) {
    let Some(report) = within(answer, until).await else {
        return;
    };
    let Report {
        mut answer,
        classes,
    } = report;
    if let Detail::Router(router) = &mut answer.detail {
        let classes = classes.into_iter().map(async |(name, answer)| ClassStatus {
            name,
            answer: within(Some(answer), until).await,
        });
        *router = join_all(classes).await;
    }
    child.answer = Some(answer);
}

/// An answer, if there is to be one and it comes in time.
async fn within<T>(answer: Option<oneshot::Receiver<T>>, until: Instant) -> Option<T> {
    timeout_at(until, answer?).await.ok()?.ok()
}
