//! What becomes of parts that panic: who starts them again, when, and what is told of it.
//!
//! A party panics in the middle of its work: the tap, which runs in whoever sends, is told to.

mod loops;
mod reloads;
mod restarts;
mod status;

use std::sync::{Arc, Mutex};
use std::time::Duration;

use opensrf_actors::env::Env;
use opensrf_actors::host::{HostBuilder, HostHandle};
use opensrf_actors::jabber::Tap;
use opensrf_actors::service::{MethodError, Service};
use opensrf_actors::status::{ChildKind, ChildState, ChildStatus};

use crate::support::{hub, run};

/// How long anything may take to heal, by the paused clock.
const PATIENCE: Duration = Duration::from_secs(60);

/// Makes parties panic when they say something.
#[derive(Clone, Default)]
struct Fault(Arc<Mutex<Option<(String, usize)>>>);

impl Fault {
    /// The parties whose addresses hold `part` panic at the next so many stanzas that they send.
    fn strike(&self, part: &str, times: usize) {
        *self.0.lock().expect("no panic holds it") = Some((part.to_owned(), times));
    }

    fn hits(&self, from: &str) -> bool {
        // What a party says while it ends by a panic, such as its farewell, must not be another.
        if std::thread::panicking() {
            return false;
        }
        let mut fault = self.0.lock().expect("no panic holds it");
        match &mut *fault {
            Some((part, times)) if *times > 0 && from.contains(part.as_str()) => {
                *times -= 1;
                true
            }
            _ => false,
        }
    }

    fn tap(&self) -> Tap {
        let fault = self.clone();
        Arc::new(move |stanza| {
            let from = stanza.from.as_ref().map(ToString::to_string);
            if from.is_some_and(|from| fault.hits(&from)) {
                panic!("on purpose");
            }
        })
    }
}

/// Runs a test over a network in this process, whose parties panic as `Fault` says.
fn with_faults<F>(services: fn(HostBuilder) -> HostBuilder, test: fn(HostHandle, Fault) -> F)
where
    F: Future<Output = ()> + 'static,
{
    run(true, async move {
        let fault = Fault::default();
        let builder = hub().env(Env::simulated(7)).tap(fault.tap());
        let host = services(builder).start().await.expect("a host");
        host.ready().await.expect("ready");
        test(host, fault).await;
    });
}

/// A child as the host tells of it.
async fn child(host: &HostHandle, kind: ChildKind, name: &str) -> Option<ChildStatus> {
    let status = host.status().await.expect("a host");
    let mut children = status.children.into_iter();
    children.find(|child| child.kind == kind && child.name.contains(name))
}

/// Waits until a child is up after so many restarts, all by a panic.
async fn is_back(host: &HostHandle, kind: ChildKind, name: &str, restarts: u64) -> ChildStatus {
    let waiting = async {
        loop {
            let child = child(host, kind, name).await.expect("a child");
            if child.restarts == restarts && child.state == ChildState::Up {
                return child;
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    };
    let child = tokio::time::timeout(PATIENCE, waiting).await;
    let child = child.expect("it comes back");
    let last = child.last_exit.as_ref().expect("it ended");
    assert_eq!(last.exit, "panicked");
    child
}

/// A service that does at each of its starts what `start` says of the number of that start.
fn starting(
    name: &str,
    start: impl Fn(usize) -> Result<(), MethodError> + Send + Sync + 'static,
) -> Service {
    let starts = std::sync::atomic::AtomicUsize::new(0);
    Service::builder(name)
        .function("get", |_, ()| Ok(1))
        .on_start(move |_| {
            let nth = starts.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
            let started = start(nth);
            async { started }
        })
        .build()
        .expect("a service")
}
