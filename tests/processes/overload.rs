//! A process that is asked far more than its drones can do.

use std::time::Duration;

use actix_rt::time::Instant;
use futures::future::join_all;
use opensrf_actors::client::{Client, ClientError};
use opensrf_actors::host::Host;

use crate::hub_and_host::HUB;
use crate::support::{PATIENCE, Process, Signal, World};

/// Two drones take 50 ms for each request: 40 in a second.
const HOST: &str = r#"
[bus]
domain = "localhost"
account = { user = "opensrf", password = "secret" }

[[services]]
name = "opensrf.cslow"
drones = { min = 2, max = 2 }
backlog = 20
"#;

/// How long each of three rounds of load takes.
const ROUND: Duration = Duration::from_secs(2);

/// What became of requests.
#[derive(Debug, Default)]
struct Ends {
    answered: usize,
    refused: usize,
}

async fn wait(client: &Client) -> Result<(), ClientError> {
    let answers = client
        .call("opensrf.cslow", "opensrf.cslow.wait", [0.05])
        .await?;
    assert!((answers.one::<f64>().expect("a number") - 0.05).abs() < f64::EPSILON);
    Ok(())
}

/// Keeps 100 requests open for a round, whatever becomes of them.
async fn flood(client: &Client, ends: &mut Ends) {
    let begun = Instant::now();
    let askers = (0..100).map(|_| async {
        let mut ends = Ends::default();
        while begun.elapsed() < ROUND {
            match wait(client).await {
                Ok(()) => ends.answered += 1,
                Err(error) => {
                    let code = error.call().map(|error| error.code());
                    assert_eq!(code, Some(503), "{error}");
                    ends.refused += 1;
                }
            }
        }
        ends
    });
    for more in join_all(askers).await {
        ends.answered += more.answered;
        ends.refused += more.refused;
    }
}

#[test]
fn ten_times_the_load_is_refused_in_flat_memory_and_leaves_nothing_behind() {
    let world = World::new();
    let file = world.write("up.toml", &format!("{HUB}{HOST}"));
    let up = Process::start(world.configured(&file, &["up"])).ready();
    let begun = Instant::now();
    let system = actix_rt::System::new();
    let ends = system.block_on(async {
        let host = Host::builder().server(&world.address(), "opensrf", "localhost", "secret");
        let host = host.start().await.expect("a client");
        let client = host.client().with_timeout(PATIENCE);
        let mut ends = Ends::default();
        flood(&client, &mut ends).await;
        flood(&client, &mut ends).await;
        let before = up.resident_bytes();
        flood(&client, &mut ends).await;
        let after = up.resident_bytes();
        if let (Some(before), Some(after)) = (before, after) {
            let bound = before + (before / 5).min(30 << 20);
            assert!(after <= bound, "it grew from {before} to {after} bytes");
        }
        // What is left of the load is no more than the backlog.
        wait(&client).await.expect("an answer");
        host.stop().await.expect("it ends by request");
        ends
    });
    // More than ten times as much is asked, unless the machine has too much else to do.
    assert!(
        ends.refused > ends.answered && ends.answered > 0,
        "{ends:?}"
    );
    up.signal(Signal::TERM);
    let said = up.end();
    let told = said
        .stderr
        .iter()
        .filter(|line| line.contains("more is asked"));
    // At the first refusal, and every 10 s at most.
    let most = begun.elapsed().as_secs() as usize / 10 + 1;
    assert!((1..=most).contains(&told.count()), "{said:?}");
}
