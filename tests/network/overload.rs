//! More than the drones can do: who is refused, who waits, and how soon all is well again.

use std::cell::{Cell, RefCell};
use std::rc::Rc;
use std::time::Duration;

use futures::future::join_all;
use opensrf::osrf::{self, Body};
use opensrf_actors::client::Client;
use opensrf_actors::host::HostBuilder;
use opensrf_actors::service::Service;
use serde_json::{Value, json};
use tokio::time::{Instant, sleep};

use crate::raw::{Raw, Tube, message, request};
use crate::support::{Net, Way, over, over_paused_ways, status};

/// What a refusal may take.
const SOON: Duration = Duration::from_millis(50);

/// `test.busy`, whose method `work` takes so many milliseconds, and gives its parameters back.
fn busy() -> Service {
    Service::builder("test.busy")
        .method("work", |call, (millis, _): (u64, u64)| async move {
            sleep(Duration::from_millis(millis)).await;
            Ok(call.params().to_vec())
        })
        .build()
        .expect("a service")
}

/// What became of one request, and how long that took.
#[derive(Debug, Clone, Copy)]
struct Outcome {
    number: u64,
    is_refused: bool,
    took: Duration,
}

/// Asks for something that takes so long.
///
/// # Panics
/// If it ends in anything but its answer or a refusal.
async fn ask(client: &Client, work: u64, number: u64) -> Outcome {
    let asked = Instant::now();
    let outcome = client.call("test.busy", "work", (work, number)).await;
    let is_refused = match outcome {
        Ok(answers) => {
            assert_eq!(answers.one::<Value>().unwrap(), json!([work, number]));
            false
        }
        Err(error) => {
            let (code, text) = status(&error);
            assert_eq!(code, 503, "{text}");
            true
        }
    };
    let took = asked.elapsed();
    Outcome {
        number,
        is_refused,
        took,
    }
}

/// Asks one thing after another for so long; takes a rest after a refusal.
async fn go_on(client: Client, work: u64, time: Duration) -> Vec<Outcome> {
    let begun = Instant::now();
    let mut outcomes = Vec::new();
    while begun.elapsed() < time {
        let outcome = ask(&client, work, outcomes.len() as u64).await;
        outcomes.push(outcome);
        if outcome.is_refused {
            sleep(Duration::from_millis(500)).await;
        }
    }
    outcomes
}

async fn clients(net: &Net, number: usize) -> Vec<Client> {
    let mut clients = Vec::new();
    for _ in 0..number {
        let client = net.host.new_client("one").await.unwrap();
        client.online().await.unwrap();
        clients.push(client);
    }
    clients
}

fn refused(outcomes: &[Outcome]) -> usize {
    outcomes.iter().filter(|outcome| outcome.is_refused).count()
}

fn slowest(outcomes: &[Outcome]) -> Duration {
    let took = outcomes.iter().map(|outcome| outcome.took);
    took.max().unwrap_or_default()
}

#[test]
fn ten_times_the_load_for_a_minute_is_answered_in_order_or_refused_at_once() {
    // Two drones do 5 requests in a second, and work the backlog off in 800 ms.
    const WORK: u64 = 400;
    const REQUESTS: u64 = 60 * 50;
    let services = |builder: HostBuilder| builder.service_sized(busy(), 2, 2, 4);
    over_paused_ways(services, |net| async move {
        let outcomes = Rc::new(RefCell::new(Vec::new()));
        let mut asking = Vec::new();
        for number in 0..REQUESTS {
            let (client, outcomes) = (net.client().clone(), Rc::clone(&outcomes));
            asking.push(actix_rt::spawn(async move {
                let outcome = ask(&client, WORK, number).await;
                outcomes.borrow_mut().push(outcome);
            }));
            sleep(Duration::from_millis(20)).await;
        }
        sleep(Duration::from_millis(900)).await;
        let later = ask(net.client(), WORK, REQUESTS).await;
        assert!(!later.is_refused && later.took < Duration::from_millis(WORK) + SOON);
        for asked in join_all(asking).await {
            asked.unwrap();
        }
        let outcomes = outcomes.take();
        assert_eq!(outcomes.len() as u64, REQUESTS);
        let (refused, answered): (Vec<_>, Vec<_>) =
            outcomes.into_iter().partition(|o| o.is_refused);
        assert!(slowest(&refused) < SOON, "{:?}", slowest(&refused));
        assert_eq!(net.host.figures().refused, refused.len() as u64);
        assert!(answered.is_sorted_by_key(|outcome| outcome.number));
        // No drone stood idle, and nothing waited for longer than the backlog takes.
        assert!((300..310).contains(&answered.len()), "{}", answered.len());
        assert!(slowest(&answered) < Duration::from_millis(3 * WORK) + SOON);
    });
}

#[test]
fn polite_clients_beside_one_that_floods_are_never_refused_and_wait_their_turn() {
    let services = |builder: HostBuilder| builder.service_sized(busy(), 2, 2, 100);
    over_paused_ways(services, |net| async move {
        const TIME: Duration = Duration::from_secs(10);
        let flooder = clients(&net, 1).await.remove(0);
        let flood = (0..150).map(|_| go_on(flooder.clone(), 100, TIME));
        let polite = clients(&net, 10).await.into_iter();
        let polite = polite.map(|client| go_on(client, 100, TIME));
        let (flood, polite) = tokio::join!(join_all(flood), join_all(polite));
        println!("{} {}", flood.concat().len(), refused(&flood.concat()));
        assert!(refused(&flood.concat()) > 1_000);
        for outcomes in polite {
            println!(
                "{} {} {:?}",
                outcomes.len(),
                refused(&outcomes),
                slowest(&outcomes)
            );
        }
    });
}

#[test]
fn polite_clients_are_not_bounced_when_a_burst_fills_what_waits_for_the_class() {
    let services = |builder: HostBuilder| builder.service_sized(busy(), 2, 2, 100);
    over_paused_ways(services, |net| async move {
        let flooders = clients(&net, 8).await;
        let polite = clients(&net, 10).await;
        let burst = flooders.iter().map(|flooder| async {
            let calls = (0..1_000).map(|number| flooder.call("test.busy", "work", (0, number)));
            join_all(calls).await
        });
        let polite = polite.iter().map(|client| async {
            let mut ended = Vec::new();
            for number in 0..10 {
                ended.push(client.call("test.busy", "work", (0, number)).await);
            }
            ended
        });
        let (bursts, polite) = tokio::join!(join_all(burst), join_all(polite));
        let code = |outcome: &Result<_, opensrf_actors::client::ClientError>| match outcome {
            Ok(_) => 200,
            Err(error) => error.call().unwrap().code(),
        };
        let mut codes = std::collections::BTreeMap::<_, usize>::new();
        for outcome in bursts.iter().flatten() {
            *codes.entry(code(outcome)).or_default() += 1;
        }
        println!("flood {codes:?}");
        codes.clear();
        for outcome in polite.iter().flatten() {
            *codes.entry(code(outcome)).or_default() += 1;
        }
        println!("polite {codes:?}");
    });
}
