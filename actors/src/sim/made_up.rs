//! Services that take their time, and nothing else.
//!
//! How long a request is worked on is said by who asks, so that the same requests meet every choice of
//! hosts, drones and policies.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use opensrf::ids::Seed;
use opensrf::osrf::Json;

use super::scenario::Simulated;
use crate::service::{Call, MethodError, Service, ServiceError};

/// The method that works.
pub(crate) const METHOD: &str = "work";

/// How a call ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Fate {
    Well,
    Error,
    Panic,
}

impl Fate {
    pub(crate) fn draw(simulated: &Simulated, chance: &mut Seed) -> Self {
        if simulated.errors + simulated.panics == 0.0 {
            return Self::Well;
        }
        let drawn = chance.next_fraction();
        match drawn {
            _ if drawn < simulated.panics => Self::Panic,
            _ if drawn < simulated.panics + simulated.errors => Self::Error,
            _ => Self::Well,
        }
    }

    /// As it is written in a request.
    pub(crate) fn number(self) -> u8 {
        match self {
            Self::Well => 0,
            Self::Error => 1,
            Self::Panic => 2,
        }
    }
}

/// What holds for a made-up service on one machine, and changes while it runs. Clones are the same.
#[derive(Debug, Clone)]
pub(crate) struct Conditions(Arc<Shared>);

#[derive(Debug)]
struct Shared {
    /// The bits of the factor by which times are multiplied.
    slow: AtomicU64,
    panics: AtomicU64,
    hangs: AtomicU64,
}

impl Default for Conditions {
    fn default() -> Self {
        Self(Arc::new(Shared {
            slow: AtomicU64::new(1.0_f64.to_bits()),
            panics: AtomicU64::new(0),
            hangs: AtomicU64::new(0),
        }))
    }
}

impl Conditions {
    /// Work takes so many times as long from now on.
    pub(crate) fn slow(&self, factor: f64) {
        self.0.slow.store(factor.to_bits(), Ordering::Relaxed);
    }

    /// The next call panics.
    pub(crate) fn panic(&self) {
        self.0.panics.fetch_add(1, Ordering::Relaxed);
    }

    /// The next call never ends.
    pub(crate) fn hang(&self) {
        self.0.hangs.fetch_add(1, Ordering::Relaxed);
    }

    /// No call panics or hangs but by its own fate.
    pub(crate) fn spare(&self) {
        self.0.panics.store(0, Ordering::Relaxed);
        self.0.hangs.store(0, Ordering::Relaxed);
    }

    fn factor(&self) -> f64 {
        f64::from_bits(self.0.slow.load(Ordering::Relaxed))
    }
}

fn take(count: &AtomicU64) -> bool {
    let less = |count: u64| count.checked_sub(1);
    count
        .fetch_update(Ordering::Relaxed, Ordering::Relaxed, less)
        .is_ok()
}

/// A service with the method `work`, under these conditions.
pub(crate) fn service(
    name: &str,
    simulated: &Simulated,
    conditions: &Conditions,
) -> Result<Service, ServiceError> {
    let answer = Json::from(serde_json::Value::from("x".repeat(simulated.answer_bytes)));
    let conditions = conditions.clone();
    let work = move |call: Call, (nanos, fate): (u64, u8)| {
        let (answer, conditions) = (answer.clone(), conditions.clone());
        work(call, Duration::from_nanos(nanos), fate, conditions, answer)
    };
    Service::builder(name).method(METHOD, work).build()
}

async fn work(
    call: Call,
    time: Duration,
    fate: u8,
    conditions: Conditions,
    answer: Json,
) -> Result<Json, MethodError> {
    if take(&conditions.0.hangs) {
        std::future::pending::<()>().await;
    }
    call.env().sleep(time.mul_f64(conditions.factor())).await;
    if fate == Fate::Panic.number() || take(&conditions.0.panics) {
        // A panic that is no news: nothing is printed.
        std::panic::resume_unwind(Box::new("a panic of the scenario"));
    }
    match fate == Fate::Error.number() {
        true => Err(MethodError::new(500, "an error of the scenario")),
        false => Ok(answer),
    }
}
