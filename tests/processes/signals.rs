//! How `opensrf up` ends.

use std::future::Future;

use opensrf_actors::client::{Client, ClientError, Session};
use opensrf_actors::host::Host;
use serde_json::Value;

use crate::support::{Process, Signal, World};

/// One process with all, and an account whose password the test knows.
const ALL: &str = include_str!("all.toml");

/// Runs a test with a session that keeps a drone of `opensrf up` busy.
fn in_a_session<F: Future<Output = ()>>(test: impl FnOnce(World, Process, Client, Session) -> F) {
    let world = World::new();
    let file = world.write("all.toml", ALL);
    let up = Process::start(world.configured(&file, &["up"])).ready();
    actix_rt::System::new().block_on(async {
        let builder = Host::builder().server(&world.address(), "opensrf", "localhost", "secret");
        let client = builder.spawn().await.expect("a client").client().clone();
        client.online().await.expect("logged in");
        let session = client.connect("opensrf.math").await.expect("a session");
        assert_eq!(sum(&session).await.expect("an answer"), 4);
        test(world, up, client, session).await;
    });
}

async fn sum(session: &Session) -> Result<i64, ClientError> {
    let answers = session.call("add", (2, 2)).await?;
    Ok(answers.one().expect("one number"))
}

#[test]
fn sigterm_lets_sessions_end_first_and_takes_no_new_ones() {
    in_a_session(async |_world, mut up, client, session| {
        up.signal(Signal::TERM);
        up.wait_for("finishing what is running");
        let refused = client.connect("opensrf.math").await.expect_err("it ends");
        assert!(
            refused.to_string().contains("cannot be reached"),
            "{refused}"
        );
        assert_eq!(sum(&session).await.expect("an answer"), 4);
        drop(session);
        up.end().gave(&[]);
    });
}

#[test]
fn a_second_signal_ends_the_wait() {
    in_a_session(async |_world, mut up, _client, session| {
        up.signal(Signal::TERM);
        up.wait_for("finishing what is running");
        up.signal(Signal::TERM);
        up.end().gave(&[]);
        drop(session);
    });
}

#[test]
fn sigint_ends_at_once_and_callers_are_told() {
    in_a_session(async |_world, up, _client, session| {
        up.signal(Signal::INT);
        up.end().gave(&[]);
        sum(&session).await.expect_err("nobody is there");
    });
}

#[test]
fn sighup_ends_nothing() {
    in_a_session(async |_world, mut up, _client, session| {
        up.signal(Signal::HUP);
        up.wait_for("SIGHUP is ignored");
        assert_eq!(sum(&session).await.expect("an answer"), 4);
    });
}

#[test]
fn the_log_can_be_one_object_of_json_a_line() {
    let world = World::new();
    let args = ["--log-format", "json", "--log", "debug", "up"];
    let up = Process::start(world.built_in(&args)).ready();
    world.call(&["opensrf.math", "add", "2", "2"]).gave(&["4"]);
    up.signal(Signal::TERM);
    let ended = up.end();
    ended.gave(&[]);
    let events = ended.stderr.iter().filter(|line| *line != "ready");
    let events: Vec<Value> = events
        .map(|line| serde_json::from_str(line).unwrap_or_else(|error| panic!("{error}: {line}")))
        .collect();
    for event in &events {
        for field in ["timestamp", "level", "message", "target"] {
            assert!(event[field].is_string(), "no {field}: {event}");
        }
    }
    let registered = events.iter().find(|event| event["message"] == "registered");
    let service = registered.map(|event| &event["service"]);
    assert_eq!(service, Some(&Value::from("opensrf.math")), "{ended:?}");
}
