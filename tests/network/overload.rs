//! More than the drones can do: who is refused, who waits, and how soon all is well again.

use std::cell::RefCell;
use std::rc::Rc;
use std::time::Duration;

use futures::future::join_all;
use opensrf_actors::client::Client;
use opensrf_actors::host::{HostBuilder, HostHandle};
use opensrf_actors::service::Service;
use opensrf_actors::settings::{Keep, Settings};
use serde_json::{Value, json};
use tokio::time::{Instant, sleep};

use crate::raw::{Raw, Tube, message, request, short};
use crate::services::{odd, odd_service};
use crate::support::{Net, PASSWORD, Way, adds_up, over, over_paused_ways, run, status};

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
    const TIME: Duration = Duration::from_secs(10);
    let services = |builder: HostBuilder| builder.service_sized(busy(), 2, 2, 100);
    over_paused_ways(services, |net| async move {
        let flooder = clients(&net, 1).await.remove(0);
        let flood = (0..150).map(|_| go_on(flooder.clone(), 100, TIME));
        let polite = clients(&net, 10).await.into_iter();
        let polite = polite.map(|client| go_on(client, 100, TIME));
        let (flood, polite) = tokio::join!(join_all(flood), join_all(polite));
        assert!(refused(&flood.concat()) > 1_000);
        for outcomes in polite {
            assert_eq!(refused(&outcomes), 0);
            // Eleven callers take turns, and two of them are served every 100 ms.
            assert!(
                slowest(&outcomes) <= Duration::from_millis(700),
                "{outcomes:?}"
            );
        }
    });
}

#[test]
fn a_flood_of_bytes_is_refused_under_its_own_numbers_while_others_wait_their_turn() {
    const REQUESTS: usize = 2_000;
    let services = |builder: HostBuilder| builder.service_sized(busy(), 2, 2, 100);
    over_paused_ways(services, |net| async move {
        let mut raw = Raw::through(&*net.door()).await;
        raw.authenticate("opensrf", "localhost", "flooder").await;
        let begun = Instant::now();
        let flood = async {
            let mut all = String::new();
            for number in 0..REQUESTS {
                let body = request(&number.to_string(), "work", &format!("[20, {number}]"));
                all += &message("router@localhost/test.busy", &format!("t{number}"), &body);
            }
            raw.say(&all).await;
            let (mut answered, mut refused) = (Vec::new(), Vec::new());
            while answered.len() + refused.len() < REQUESTS {
                let stanza = raw.stanza().await;
                let thread = stanza.thread();
                let number: usize = thread[1..].parse().unwrap();
                let said = short(&stanza);
                if said.contains("503") {
                    assert_eq!(said, format!("{number}: 503 osrfMethodException"));
                    assert!(begun.elapsed() < SOON, "{said} after {:?}", begun.elapsed());
                    refused.push(number);
                } else {
                    let complete = format!("{number}: 205 osrfConnectStatus");
                    assert!(said.ends_with(&complete), "{said}");
                    answered.push(number);
                }
            }
            raw.is_silent().await;
            // Two for the drones, and what the backlog holds.
            assert!(answered.len() <= 102, "{}", answered.len());
            assert!(answered.is_sorted());
            answered.extend(refused);
            answered.sort_unstable();
            assert_eq!(answered, (0..REQUESTS).collect::<Vec<_>>());
        };
        let polite = clients(&net, 10).await.into_iter();
        let polite = polite.map(|client| go_on(client, 20, Duration::from_secs(3)));
        let ((), polite) = tokio::join!(flood, join_all(polite));
        for outcomes in polite {
            assert_eq!(refused(&outcomes), 0);
            assert!(
                slowest(&outcomes) <= Duration::from_millis(140),
                "{outcomes:?}"
            );
        }
    });
}

#[test]
fn polite_clients_are_not_bounced_when_a_burst_fills_what_waits_for_the_class() {
    let services = |builder: HostBuilder| builder.service_sized(busy(), 2, 2, 100);
    // By bytes, the servers' connections would hold it back.
    over(Way::Local, services, |net| async move {
        let flooders = clients(&net, 8).await;
        let polite = clients(&net, 10).await;
        let burst = flooders.iter().map(|flooder| async {
            let calls = (0..700).map(|number| flooder.call("test.busy", "work", (0, number)));
            let failed = join_all(calls).await.into_iter().filter_map(Result::err);
            failed
                .map(|error| error.call().unwrap().code())
                .collect::<Vec<_>>()
        });
        let polite = polite.into_iter().map(|client| async move {
            for number in 0..10 {
                assert!(!ask(&client, 0, number).await.is_refused);
            }
        });
        let (codes, _) = tokio::join!(join_all(burst), join_all(polite));
        // Bounced at the class, and refused by the listener; nothing else.
        let codes = codes.concat();
        let bounced = codes.iter().filter(|code| **code == 404).count();
        assert!(bounced > 0 && codes.iter().all(|code| matches!(code, 404 | 503)));
    });
}

#[test]
fn sessions_that_are_opened_and_not_used_keep_their_drones_for_the_keepalive_only() {
    let services = |builder: HostBuilder| builder.service_sized(busy(), 2, 2, 100);
    over_paused_ways(services, |net| async move {
        let (one, other) = (
            net.client().connect("test.busy"),
            net.client().connect("test.busy"),
        );
        let _hogs = (one.await.unwrap(), other.await.unwrap());
        let waited = ask(net.client(), 0, 1).await;
        assert!(!waited.is_refused);
        let keepalive = Duration::from_secs(5);
        assert!(
            (keepalive..=keepalive + SOON).contains(&waited.took),
            "{waited:?}"
        );
    });
}

#[test]
fn a_slow_reader_gets_all_in_order_and_delays_nobody() {
    let services = |builder: HostBuilder| builder.service_sized(odd_service(), 1, 1, 1_000);
    over(Way::Duplex, services, |net| async move {
        let mut raw = Raw::through(&*net.door()).await;
        raw.authenticate("opensrf", "localhost", "slow").await;
        asks_for_much(&mut raw, 100).await;
        let reading = async {
            let mut read = 0;
            while read < 100 {
                // 64 KiB are under way at a time: six answers.
                if read % 6 == 0 {
                    sleep(Duration::from_secs(10)).await;
                }
                let said = short(&raw.stanza().await);
                assert!(said.starts_with(&format!("{read}: \"xx")), "{said:.20}");
                read += 1;
            }
        };
        let others = async {
            for _ in 0..100 {
                let asked = Instant::now();
                net.client().call("test.odd", "slow", [0]).await.unwrap();
                assert!(asked.elapsed() < SOON);
                sleep(Duration::from_secs(1)).await;
            }
        };
        tokio::join!(reading, others);
        assert_eq!(net.hub.figures().bounced, 0);
    });
}

/// Asks for so many answers of 10,000 bytes.
async fn asks_for_much(raw: &mut Raw<Tube>, answers: usize) {
    for number in 0..answers {
        let body = request(&number.to_string(), "fill", "[10000]");
        raw.say(&message("router@localhost/test.odd", "t", &body))
            .await;
    }
}

/// 100,000 bytes may wait for a client that takes none, for 5 seconds.
const SMALL: &str = r#"
[jabber]
listen = []
stanza_bytes = 20000
outbox_bytes = 100000
outbox_progress_seconds = 5
accounts = [{ user = "router", password = "r" }, { user = "opensrf", password = "PASSWORD" }]
[router]
domain = "localhost"
trusted_clients = ["localhost"]
trusted_servers = ["localhost"]
account.user = "router"
[bus]
domain = "localhost"
account.user = "opensrf"
[[services]]
name = "opensrf.math"
"#;

async fn small_hub() -> HostHandle {
    let text = SMALL.replace("PASSWORD", PASSWORD);
    let settings = Settings::loader().text("test", &text).load().unwrap();
    let secrets = settings.resolve_secrets(Keep::InMemory).unwrap();
    let hub = HostBuilder::from_settings(&settings, &secrets).unwrap();
    let hub = hub.service(odd_service()).start().await.unwrap();
    hub.ready().await.unwrap();
    hub
}

#[test]
fn a_stuck_reader_is_closed_and_what_it_did_not_take_goes_back() {
    run(true, async {
        let hub = small_hub().await;
        let is_there = || {
            let bound = hub.bound();
            bound.iter().any(|jid| jid.resource() == Some("stuck"))
        };
        let mut raw = Raw::through(&hub.duplex()).await;
        raw.authenticate("opensrf", "localhost", "stuck").await;
        asks_for_much(&mut raw, 100).await;
        sleep(Duration::from_secs(4)).await;
        assert!(is_there());
        // Some 64 KiB are under way and as many are being written; 100,000 bytes wait, and no more. The
        // rest came back.
        let before = hub.figures().bounced;
        assert!((70..90).contains(&before), "{before}");
        let asked = Instant::now();
        adds_up(&hub).await;
        assert!(asked.elapsed() < SOON);
        sleep(Duration::from_secs(2)).await;
        assert!(!is_there());
        // What still waited came back, too: nine answers.
        assert_eq!(hub.figures().bounced, before + 9);
        adds_up(&hub).await;
    });
}

#[test]
fn one_huge_request_after_another_delays_nobody() {
    over_paused_ways(odd, |net| async move {
        let client = clients(&net, 1).await.remove(0);
        let text = "x".repeat(1_900_000);
        let huge = async {
            for _ in 0..5 {
                client.call("test.odd", "nothing", [&text]).await.unwrap();
            }
        };
        let others = async {
            for _ in 0..100 {
                let asked = Instant::now();
                net.client().call("test.odd", "slow", [0]).await.unwrap();
                assert!(asked.elapsed() < SOON);
            }
        };
        tokio::join!(huge, others);
        assert_eq!(net.hub.figures().bounced, 0);
    });
}
