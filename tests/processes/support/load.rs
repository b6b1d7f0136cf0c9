//! A client that asks without pause and counts how each request ends.

use std::collections::BTreeMap;
use std::fmt;
use std::future::Future;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use opensrf::session::CallError;
use opensrf_actors::client::{Client, ClientError, Session};
use opensrf_actors::host::Host;
use tokio::runtime::Builder;
use tokio::time::{sleep, timeout};

use super::PATIENCE;

/// How long each caller waits for an answer.
pub(crate) const TIMEOUT: Duration = Duration::from_secs(3);

/// How much later than that a request may be told to have ended.
const LATENESS: Duration = Duration::from_secs(1);

/// Between two requests of one caller.
const PAUSE: Duration = Duration::from_millis(3);

/// Callers that ask stateless requests, and ones that ask in sessions of some requests.
const CALLERS: usize = 6;

/// How requests ended.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Tally {
    pub(crate) asked: u64,
    pub(crate) answered: u64,
    /// Answered, but not with what was asked for.
    pub(crate) wrong: u64,
    /// Ended with an error status.
    pub(crate) refused: u64,
    pub(crate) bounced: u64,
    pub(crate) timed_out: u64,
    pub(crate) offline: u64,
    /// Ended in none of these ways, or not at all.
    pub(crate) lost: u64,
    /// Ended later than its time-out allows.
    pub(crate) late: u64,
    /// What the errors said.
    errors: BTreeMap<String, u64>,
}

impl Tally {
    /// Requests that have not ended.
    pub(crate) fn in_flight(&self) -> u64 {
        self.asked - self.ended()
    }

    fn ended(&self) -> u64 {
        self.answered + self.wrong + self.failed() + self.lost
    }

    /// Requests that were not answered, but ended.
    pub(crate) fn failed(&self) -> u64 {
        self.refused + self.bounced + self.timed_out + self.offline
    }

    /// What was counted here and not yet in `before`.
    pub(crate) fn since(&self, before: &Self) -> Self {
        let mut errors = self.errors.clone();
        for (text, count) in &before.errors {
            if let Some(now) = errors.get_mut(text) {
                *now -= count;
            }
        }
        errors.retain(|_, count| *count > 0);
        Self {
            asked: self.asked - before.asked,
            answered: self.answered - before.answered,
            wrong: self.wrong - before.wrong,
            refused: self.refused - before.refused,
            bounced: self.bounced - before.bounced,
            timed_out: self.timed_out - before.timed_out,
            offline: self.offline - before.offline,
            lost: self.lost - before.lost,
            late: self.late - before.late,
            errors,
        }
    }

    fn count(&mut self, outcome: &Outcome, took: Duration) {
        let place = match outcome {
            Outcome::Answered(true) => &mut self.answered,
            Outcome::Answered(false) => &mut self.wrong,
            Outcome::Failed(ClientError::Call(error)) => match error {
                CallError::Status(_) | CallError::Lost(_) => &mut self.refused,
                CallError::Unreachable { .. } => &mut self.bounced,
                CallError::Timeout(_) | CallError::ConnectTimeout(_) => &mut self.timed_out,
                CallError::Offline => &mut self.offline,
                _ => &mut self.lost,
            },
            Outcome::Failed(ClientError::Link(_)) => &mut self.offline,
            Outcome::Failed(_) | Outcome::Never => &mut self.lost,
        };
        *place += 1;
        self.late += u64::from(took > TIMEOUT + LATENESS);
        if let Outcome::Failed(error) = outcome {
            *self.errors.entry(error.to_string()).or_default() += 1;
        }
    }
}

impl fmt::Display for Tally {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "asked {}, answered {}, wrong {}, refused {}, bounced {}, timed out {}, offline {}, \
             late {}, lost {}",
            self.asked,
            self.answered,
            self.wrong,
            self.refused,
            self.bounced,
            self.timed_out,
            self.offline,
            self.late,
            self.lost,
        )?;
        for (text, count) in &self.errors {
            write!(f, "\n    {count} x {text}")?;
        }
        Ok(())
    }
}

enum Outcome {
    Answered(bool),
    Failed(ClientError),
    /// The client forgot it.
    Never,
}

/// Callers at work, on a thread of their own.
pub(crate) struct Load {
    shared: Arc<Shared>,
    thread: Option<JoinHandle<()>>,
}

#[derive(Default)]
struct Shared {
    tally: Mutex<Tally>,
    is_over: AtomicBool,
}

impl Load {
    /// Asks `opensrf.math` at the server `address` from now on, as `opensrf@localhost`.
    pub(crate) fn on(address: &str) -> Self {
        let shared = Arc::new(Shared::default());
        let (theirs, address) = (Arc::clone(&shared), address.to_owned());
        let thread = thread::spawn(move || {
            let runtime = Builder::new_current_thread().enable_all().build();
            runtime.expect("a runtime").block_on(ask(&address, &theirs));
        });
        Self {
            shared,
            thread: Some(thread),
        }
    }

    pub(crate) fn tally(&self) -> Tally {
        self.shared.tally.lock().expect("nobody panics").clone()
    }

    /// Waits until so many more are answered, and says how long that took.
    ///
    /// # Panics
    /// If they are not.
    pub(crate) fn serves(&self, more: u64) -> Duration {
        let (begun, before) = (Instant::now(), self.tally());
        while self.tally().answered < before.answered + more {
            assert!(begun.elapsed() < PATIENCE, "no service: {}", self.tally());
            thread::park_timeout(PAUSE);
        }
        begun.elapsed()
    }

    /// Waits until so many are answered and none fails for longer than a caller waits, and says how
    /// long that took.
    ///
    /// # Panics
    /// If that does not happen.
    pub(crate) fn serves_well(&self, more: u64) -> Duration {
        let begun = Instant::now();
        let mut well = (begun, self.tally());
        loop {
            let (since, before) = &well;
            let tally = self.tally();
            if tally.failed() > before.failed() {
                well = (Instant::now(), tally);
            } else if since.elapsed() > TIMEOUT + LATENESS
                && tally.answered >= before.answered + more
            {
                return begun.elapsed();
            }
            assert!(
                begun.elapsed() < 2 * PATIENCE,
                "no service: {}",
                self.tally()
            );
            thread::park_timeout(PAUSE);
        }
    }

    /// Waits until all that has been asked has ended, and gives the count.
    pub(crate) fn settled(&self) -> Tally {
        let before = self.tally();
        while self.tally().ended() < before.asked {
            // A client that never says how a request ended is asked for it by its caller.
            thread::park_timeout(PAUSE);
        }
        self.tally()
    }

    /// Waits for what is open, and gives the whole count.
    pub(crate) fn end(mut self) -> Tally {
        self.shared.is_over.store(true, Ordering::Relaxed);
        let thread = self.thread.take().expect("it is not over");
        thread.join().expect("callers do not panic");
        self.tally()
    }
}

impl Drop for Load {
    fn drop(&mut self) {
        self.shared.is_over.store(true, Ordering::Relaxed);
    }
}

async fn ask(address: &str, shared: &Shared) {
    let builder = Host::builder().server(address, "opensrf", "localhost", "secret");
    let host = builder.spawn().await.expect("a client");
    let client = host.client().clone();
    let client = client.with_timeout(TIMEOUT).with_connect_timeout(TIMEOUT);
    client.online().await.expect("logged in");
    let stateless = (0..CALLERS).map(|_| ask_anybody(&client, shared));
    let sessions = (0..CALLERS).map(|_| ask_in_sessions(&client, shared));
    let long = ask_in_one_session(&client, shared, PAUSE);
    let idle = ask_in_one_session(&client, shared, 500 * PAUSE);
    let all = async {
        tokio::join!(
            futures::future::join_all(stateless),
            futures::future::join_all(sessions),
            long,
            idle,
        )
    };
    all.await;
    host.stop().await.expect("it ends");
}

impl Shared {
    fn goes_on(&self) -> bool {
        !self.is_over.load(Ordering::Relaxed)
    }

    /// Asks once and counts.
    async fn count<T>(
        &self,
        asking: impl Future<Output = Result<T, ClientError>>,
        is_right: impl FnOnce(&T) -> bool,
    ) -> Option<T> {
        self.tally.lock().expect("nobody panics").asked += 1;
        let begun = Instant::now();
        let ended = timeout(TIMEOUT + 5 * LATENESS, asking).await;
        let (outcome, answer) = match ended {
            Ok(Ok(answer)) => (Outcome::Answered(is_right(&answer)), Some(answer)),
            Ok(Err(error)) => (Outcome::Failed(error), None),
            Err(_) => (Outcome::Never, None),
        };
        let mut tally = self.tally.lock().expect("nobody panics");
        tally.count(&outcome, begun.elapsed());
        answer
    }

    async fn sum(&self, client: &Client, n: i64) {
        let asking = async { number(client.call("opensrf.math", "add", (n, 1)).await) };
        self.count(asking, |sum| *sum == n + 1).await;
    }

    async fn sum_in(&self, session: &Session, n: i64) {
        let asking = async { number(session.call("add", (n, 1)).await) };
        self.count(asking, |sum| *sum == n + 1).await;
    }
}

fn number(
    answers: Result<opensrf_actors::client::Answers, ClientError>,
) -> Result<i64, ClientError> {
    // What is no number is a wrong answer.
    Ok(answers?.one().unwrap_or(i64::MIN))
}

async fn ask_anybody(client: &Client, shared: &Shared) {
    let mut n = 0;
    while shared.goes_on() {
        shared.sum(client, n).await;
        n += 1;
        sleep(PAUSE).await;
    }
}

async fn ask_in_sessions(client: &Client, shared: &Shared) {
    while shared.goes_on() {
        if let Some(session) = shared.count(client.connect("opensrf.math"), |_| true).await {
            for n in 0..20 {
                shared.sum_in(&session, n).await;
                sleep(PAUSE).await;
            }
        }
        sleep(PAUSE).await;
    }
}

/// Keeps one session for as long as it can be used.
async fn ask_in_one_session(client: &Client, shared: &Shared, pause: Duration) {
    let mut n = 0;
    while shared.goes_on() {
        if let Some(session) = shared.count(client.connect("opensrf.math"), |_| true).await {
            while shared.goes_on() {
                shared.sum_in(&session, n).await;
                n += 1;
                sleep(pause).await;
            }
        }
        sleep(pause).await;
    }
}
