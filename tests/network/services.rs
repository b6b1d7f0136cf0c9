//! Services for tests.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use opensrf_actors::host::HostBuilder;
use opensrf_actors::service::{Call, MethodError, Results, Service};

/// `opensrf.math`.
pub(crate) fn math(builder: HostBuilder) -> HostBuilder {
    builder.service(opensrf_actors::services::math::service().expect("a service"))
}

/// `opensrf.math` and `test.odd`.
pub(crate) fn odd(builder: HostBuilder) -> HostBuilder {
    math(builder).service(odd_service())
}

/// A service with a method for each way in which methods behave.
pub(crate) fn odd_service() -> Service {
    Service::builder("test.odd")
        .function("panic", 0, |_| -> Result<(), _> { panic!("on purpose") })
        .method("panic.later", 0, |_| async {
            tokio::task::yield_now().await;
            if true {
                panic!("on purpose, later");
            }
            Ok(())
        })
        .streaming("panic.midway", 0, |_, results| async move {
            results.send("before").await?;
            if true {
                panic!("on purpose, midway");
            }
            Ok(())
        })
        .function("refuse", 0, |_| -> Result<(), _> {
            Err(MethodError::new(403, "not for you"))
        })
        .function("fail", 0, |_| {
            let number: i64 = "x".parse()?;
            Ok(number)
        })
        .method("nothing", 0, |_| async { Ok(()) })
        .method("slow", 1, slow)
        .streaming("count", 1, count)
        .method("add.through.math", 2, |call| async move {
            let answers = call
                .client()
                .call("opensrf.math", "add", call.params())
                .await?;
            Ok(answers.one::<i64>()?)
        })
        .function("reversed", 1, |call| {
            let text: String = call.param(0)?;
            Ok(text.chars().rev().collect::<String>())
        })
        .function("fill", 1, |call| Ok("x".repeat(call.param(0)?)))
        .function("caller", 0, |call| Ok(call.caller().to_string()))
        .build()
        .expect("a service")
}

/// Takes as many milliseconds as the first parameter says, and gives all parameters back.
async fn slow(call: Call) -> Result<Vec<opensrf::osrf::Json>, MethodError> {
    tokio::time::sleep(Duration::from_millis(call.param(0)?)).await;
    Ok(call.params().to_vec())
}

async fn count(call: Call, results: Results) -> Result<(), MethodError> {
    for number in 1..=call.param(0)? {
        results.send::<u64>(&number).await?;
    }
    Ok(())
}

/// A service `test.gate` whose method `pass` waits until its gate opens, and the gate.
pub(crate) fn gate() -> (Service, Gate) {
    let gate = Gate::default();
    let within = gate.clone();
    let service = Service::builder("test.gate")
        .method("pass", 0, move |_| {
            let gate = within.clone();
            async move {
                let _visit = gate.enter();
                // A semaphore that is closed lets nobody pass; it is never closed.
                gate.open.acquire().await?.forget();
                Ok("passed")
            }
        })
        .build()
        .expect("a service");
    (service, gate)
}

/// Lets as many calls pass as it is told.
#[derive(Clone)]
pub(crate) struct Gate {
    open: Arc<tokio::sync::Semaphore>,
    inside: Arc<AtomicUsize>,
}

impl Default for Gate {
    fn default() -> Self {
        Self {
            open: Arc::new(tokio::sync::Semaphore::new(0)),
            inside: Arc::default(),
        }
    }
}

impl Gate {
    /// Lets so many calls pass.
    pub(crate) fn admit(&self, calls: usize) {
        self.open.add_permits(calls);
    }

    /// Waits until exactly so many calls wait at the gate.
    pub(crate) async fn holds(&self, calls: usize) {
        while self.inside.load(Ordering::Relaxed) != calls {
            tokio::task::yield_now().await;
        }
    }

    fn enter(&self) -> Visit {
        self.inside.fetch_add(1, Ordering::Relaxed);
        Visit(Arc::clone(&self.inside))
    }
}

struct Visit(Arc<AtomicUsize>);

impl Drop for Visit {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}
