//! How does a network live inside my own tokio program?
//!
//! The host runs on a thread of its own. The handle is `Send` and `Clone`: any task of any runtime
//! can use it.
//!
//! ```text
//! cargo run --example embed
//! ```

use std::error::Error;
use std::time::Duration;

use futures::StreamExt;
use opensrf_actors::client::ClientError;
use opensrf_actors::host::{Host, HostHandle};
use opensrf_actors::service::{MethodError, Service, ServiceError};
use opensrf_actors::services::math;

type Result<T> = std::result::Result<T, Box<dyn Error + Send + Sync>>;

#[tokio::main(flavor = "multi_thread", worker_threads = 2)]
async fn main() -> Result<()> {
    let host = Host::builder()
        .service(math::service()?)
        .timeout(Duration::from_secs(10))
        .spawn()
        .await?;
    host.ready().await?;

    let tasks: Vec<_> = (1..=4)
        .map(|n| tokio::spawn(square(host.clone(), n)))
        .collect();
    for task in tasks {
        println!("{}", task.await??);
    }

    // A service may come later than the host; this one asks another one.
    host.add_service(statistics()?).await?;
    let sum = host.call("acme.stats", "acme.stats.sum", ([1, 2, 3, 4],));
    println!("the sum is {}", sum.await?.one::<i64>()?);

    // In a session all calls go to one drone; here the results are taken one by one.
    let session = host.client().connect("acme.stats").await?;
    let mut results = session.stream("acme.stats.sums", ([1, 2, 3, 4],)).await?;
    while let Some(sum) = results.next().await {
        println!("so far {}", sum?.value::<i64>()?);
    }
    drop(session);

    // Nobody serves this; the answer comes at once, not after a time-out.
    match host.call("acme.absent", "anything", ()).await {
        Err(ClientError::Call(error)) => println!("{} {error}", error.code()),
        other => println!("unexpected: {other:?}"),
    }

    host.shutdown().await?;
    println!("{} stanzas were carried", host.figures().routed);
    Ok(())
}

async fn square(host: HostHandle, n: i64) -> Result<String> {
    let square: i64 = host.call("opensrf.math", "mult", (n, n)).await?.one()?;
    Ok(format!("{n} * {n} = {square}"))
}

fn statistics() -> std::result::Result<Service, ServiceError> {
    Service::builder("acme.stats")
        .method(
            "acme.stats.sum",
            |call, (numbers,): (Vec<i64>,)| async move {
                let client = call.client();
                let mut sum: i64 = 0;
                for number in numbers {
                    let answers = client.call("opensrf.math", "add", (sum, number)).await?;
                    sum = answers.one()?;
                }
                Ok::<_, MethodError>(sum)
            },
        )
        .notes("The sum of a list, by way of opensrf.math.")
        .streaming(
            "acme.stats.sums",
            |_, (numbers,): (Vec<i64>,), results| async move {
                let mut sum: i64 = 0;
                for number in numbers {
                    sum += number;
                    results.send(&sum).await?;
                }
                Ok(())
            },
        )
        .notes("The sum of a list, number by number.")
        .build()
}
