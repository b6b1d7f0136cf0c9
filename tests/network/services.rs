//! Services for tests.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use opensrf::osrf::Json;
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
        .function("panic", |_, ()| -> Result<(), _> { panic!("on purpose") })
        .method("panic.later", |_, ()| async {
            tokio::task::yield_now().await;
            if true {
                panic!("on purpose, later");
            }
            Ok(())
        })
        .streaming("panic.midway", |_, (), results| async move {
            results.send("before").await?;
            if true {
                panic!("on purpose, midway");
            }
            Ok(())
        })
        .function("refuse", |_, ()| -> Result<(), _> {
            Err(MethodError::new(403, "not for you"))
        })
        .function("fail", |_, ()| {
            let number: i64 = "x".parse()?;
            Ok(number)
        })
        .method("nothing", |_, ()| async { Ok(()) })
        .method("slow", slow)
        .streaming("count", count)
        .method("add.through.math", |call, _: (Json, Json)| async move {
            let answers = call
                .client()
                .call("opensrf.math", "add", call.params())
                .await?;
            Ok(answers.one::<i64>()?)
        })
        .function("reversed", |_, (text,): (String,)| {
            Ok(text.chars().rev().collect::<String>())
        })
        .function("fill", |_, (times,): (usize,)| Ok("x".repeat(times)))
        .function("caller", |call, ()| Ok(call.caller().to_string()))
        .build()
        .expect("a service")
}

/// Takes as many milliseconds as the first parameter says, and gives all parameters back.
async fn slow(call: Call, (millis,): (u64,)) -> Result<Vec<Json>, MethodError> {
    tokio::time::sleep(Duration::from_millis(millis)).await;
    Ok(call.params().to_vec())
}

async fn count(_: Call, (last,): (u64,), results: Results) -> Result<(), MethodError> {
    for number in 1..=last {
        results.send(&number).await?;
    }
    Ok(())
}

/// A service `test.gate` whose method `pass` waits until its gate opens, and the gate.
pub(crate) fn gate() -> (Service, Gate) {
    let gate = Gate::default();
    let within = gate.clone();
    let service = Service::builder("test.gate")
        .method("pass", move |_, ()| {
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
