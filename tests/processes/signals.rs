//! How `opensrf up` ends.

use std::future::Future;

use opensrf::session::CallError;
use opensrf_actors::client::{Client, ClientError, Session};
use opensrf_actors::host::Host;

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
fn sigterm_takes_no_new_sessions_and_is_not_held_up_by_one_that_is_idle() {
    in_a_session(async |_world, mut up, client, session| {
        up.signal(Signal::TERM);
        // What comes before the router knows is done, too.
        up.wait_for("service class closed");
        let refused = client.connect("opensrf.math").await.expect_err("it ends");
        // A second later the session has ended, and the process with it.
        let is_refused = matches!(
            refused.call(),
            Some(CallError::Unreachable { .. } | CallError::Offline)
        );
        assert!(is_refused, "{refused}");
        let ended = up.end();
        ended.gave(&[]);
        assert!(!ended.errors().contains("in time"), "{ended:?}");
        drop(session);
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
fn s093_sighup_reads_the_configuration_again_and_breaks_nothing_off() {
    in_a_session(async |world, mut up, client, session| {
        let more = "drones.min = 3\n[log]\nlevel = \"debug\"\n";
        world.write("all.toml", &format!("{ALL}{more}"));
        up.signal(Signal::HUP);
        up.wait_for("configuration read again");
        for _ in 0..2 {
            up.wait_for("on the bus jid=opensrf@localhost/opensrf.math_drone_at_");
        }
        assert_eq!(sum(&session).await.expect("its drone stays"), 4);
        client
            .call("opensrf.math", "add", (2, 2))
            .await
            .expect("others are there");

        // One service comes and the other goes, and sessions with it.
        let simple = "[[services]]\nname = \"opensrf.simple-text\"\n";
        let (head, _) = ALL.split_once("[[services]]").expect("it has a service");
        world.write("all.toml", &format!("{head}{simple}"));
        up.signal(Signal::HUP);
        up.wait_for("not configured any more, drains");
        up.wait_for("service is drained");
        drop(session);
        let reverse = async || {
            let reverse = "opensrf.simple-text.reverse";
            client.call("opensrf.simple-text", reverse, ["abc"]).await
        };
        while reverse().await.is_err() {}
        let turned = reverse().await.expect("it is up").one::<String>();
        assert_eq!(turned.expect("a text"), "cba");
    });
}

#[test]
fn a_wrong_configuration_at_sighup_changes_nothing() {
    in_a_session(async |world, mut up, client, session| {
        world.write("all.toml", "[jabbr]\n");
        up.signal(Signal::HUP);
        up.wait_for("all.toml:1: jabbr: unknown key");
        assert_eq!(sum(&session).await.expect("an answer"), 4);
        client
            .call("opensrf.math", "add", (2, 2))
            .await
            .expect("an answer");
        world.write("all.toml", &format!("{ALL}\n[host]\nname = \"other\"\n"));
        up.signal(Signal::HUP);
        up.wait_for("count from the next start on");
    });
}

#[test]
fn s094_sigusr1_unregisters_and_sigusr2_registers_again() {
    in_a_session(async |_world, mut up, client, session| {
        let is_there = async || client.call("opensrf.math", "add", (2, 2)).await.is_ok();
        up.signal(Signal::USR1);
        up.wait_for("SIGUSR1: services keep away from their routers until SIGUSR2");
        up.wait_for("service class closed");
        while is_there().await {}
        assert_eq!(sum(&session).await.expect("it goes on serving"), 4);
        up.signal(Signal::USR2);
        up.wait_for("registered");
        while !is_there().await {}
    });
}
