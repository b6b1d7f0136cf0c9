//! What is served: methods that note each run, and echo the value of their request.

use std::time::Duration;

use opensrf_actors::service::{Call, MethodError, Service};

use super::ledger::{Ledger, Visit};

/// The names of the services of a world.
pub(crate) const NAMES: [&str; 2] = ["chaos.red", "chaos.blue"];

/// A service whose methods note their runs in `ledger`.
pub(crate) fn service(name: &'static str, ledger: &Ledger) -> Service {
    let book = || ledger.clone();
    let (echo, slow, hang) = (book(), book(), book());
    let (fill, count, panic, later) = (book(), book(), book(), book());
    Service::builder(name)
        .function("echo", move |call, (value,): (String,)| {
            let _visit = enter(&echo, call, &value);
            Ok(value)
        })
        .method("slow", move |call, (value, millis): (String, u64)| {
            let visit = enter(&slow, &call, &value);
            rest(visit, value, Duration::from_millis(millis))
        })
        .method("hang", move |call, (value,): (String,)| {
            let visit = enter(&hang, &call, &value);
            async move {
                // Until its time is over, or its drone.
                let _visit = visit;
                std::future::pending::<Result<String, MethodError>>().await
            }
        })
        .function("fill", move |call, (value, bytes): (String, usize)| {
            let _visit = enter(&fill, call, &value);
            Ok((value, "<&é>".repeat(bytes / 5)))
        })
        .streaming(
            "count",
            move |call, (value, last, millis): (String, u64, u64), results| {
                let visit = enter(&count, &call, &value);
                async move {
                    let _visit = visit;
                    for number in 1..=last {
                        results.send(&(&value, number)).await?;
                        tokio::time::sleep(Duration::from_millis(millis)).await;
                    }
                    Ok(())
                }
            },
        )
        .function("panic", move |call, (value,): (String,)| -> Result<(), _> {
            let _visit = enter(&panic, call, &value);
            panic!("on purpose")
        })
        .method(
            "panic.later",
            move |call, (value, millis): (String, u64)| {
                let visit = enter(&later, &call, &value);
                async move {
                    rest(visit, value, Duration::from_millis(millis)).await?;
                    if true {
                        panic!("on purpose");
                    }
                    Ok(())
                }
            },
        )
        .build()
        .expect("a service")
}

fn enter(ledger: &Ledger, call: &Call, value: &str) -> Visit {
    let jid = call.drone().jid.to_string();
    ledger.runs(value, &jid)
}

async fn rest(visit: Visit, value: String, time: Duration) -> Result<String, MethodError> {
    let _visit = visit;
    tokio::time::sleep(time).await;
    Ok(value)
}
