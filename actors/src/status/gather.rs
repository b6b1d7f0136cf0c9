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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::counters::Figures;
    use crate::status::{ChildKind, ChildState, HostPhase, Question, ServerStatus};

    fn child(kind: ChildKind) -> ChildStatus {
        ChildStatus {
            kind,
            name: String::new(),
            state: ChildState::Up,
            uptime: Some(Duration::from_secs(5)),
            restarts: 0,
            last_exit: None,
            answer: None,
        }
    }

    fn host(children: Vec<ChildStatus>) -> HostStatus {
        HostStatus {
            name: "app1".into(),
            version: "1".into(),
            pid: 1,
            uptime: Duration::from_secs(5),
            phase: HostPhase::Running,
            figures: Figures::default(),
            children,
        }
    }

    fn paused(test: impl Future<Output = ()>) {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_time()
            .start_paused(true)
            .build()
            .unwrap();
        runtime.block_on(test);
    }

    #[test]
    fn who_does_not_answer_within_a_second_delays_nobody_further_and_is_shown_without() {
        paused(async {
            let (_hangs, hung) = Question::<Report>::new();
            let (dead, of_the_dead) = Question::<Report>::new();
            drop(dead);
            let (router, of_the_router) = Question::<Report>::new();
            let (_hanging_class, of_the_class) = Question::new();
            let classes = vec![("opensrf.math".to_owned(), of_the_class)];
            router.tell_with(None, Detail::Router(Vec::new()), classes);
            let (server, of_the_server) = Question::<Report>::new();
            server.tell(None, Detail::Server(ServerStatus::default()));
            let begun = Instant::now();
            let kinds = [
                ChildKind::Service,
                ChildKind::Service,
                ChildKind::Router,
                ChildKind::Server,
            ];
            let status = gather(Asked {
                host: host(kinds.map(child).into()),
                answers: [hung, of_the_dead, of_the_router, of_the_server]
                    .map(Some)
                    .into(),
            })
            .await;
            assert_eq!(begun.elapsed(), PATIENCE);
            let has_answered = status.children.iter().map(|child| child.answer.is_some());
            assert!(has_answered.eq([false, false, true, true]));
            assert_eq!(
                status.problems(),
                [
                    "service  does not answer",
                    "service  does not answer",
                    "service class opensrf.math does not answer",
                ]
            );
        });
    }
}
