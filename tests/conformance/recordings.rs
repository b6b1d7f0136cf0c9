//! The original's own programs, as they were recorded: nothing but what a network gives (stream
//! ids, addresses of drones, threads) is replaced in what they say (117 and 118).

use opensrf::stream::legacy_digest;
use opensrf_actors::host::{Host, HostHandle};
use opensrf_actors::services;
use serde_json::Value;

use super::form::Form;
use super::peer::Peer;
use crate::raw::{Raw, Tube, short, stream_id};
use crate::support::run;

const SESSIONS: &str = include_str!("../data/sessions.txt");
const SERVICES: &str = include_str!("../data/services.txt");

/// What one program said, in order: header, log-in, and the rest.
fn said(recording: &'static str, who: &str) -> Vec<&'static str> {
    let lines = recording.lines().filter_map(|line| line.split_once(' '));
    lines
        .filter(|(name, _)| *name == who)
        .map(|(_, line)| line)
        .collect()
}

/// A hub with the domain and the passwords of the recordings, and `opensrf.dbmath` if wanted.
async fn hub(with_dbmath: bool) -> HostHandle {
    let mut builder = Host::builder()
        .domain("private.localhost")
        .account("opensrf", "password");
    if with_dbmath {
        let dbmath = services::by_name("opensrf.dbmath", &Value::Null);
        builder = builder.service(dbmath.expect("on board").expect("a service"));
    }
    let hub = builder.start().await.expect("a hub");
    hub.ready().await.expect("ready");
    hub
}

/// Opens a stream and logs in with the lines that were recorded.
async fn logs_in(hub: &HostHandle, lines: &[&str]) -> Raw<Tube> {
    let mut raw = Raw::through(&hub.duplex()).await;
    raw.say(lines[0]).await;
    let id = stream_id(&raw.read().await);
    let login = match lines[1].split_once("<digest>") {
        None => lines[1].to_owned(),
        Some((before, digest)) => {
            let after = digest.split_once('<').expect("its end").1;
            format!("{before}<digest>{}<{after}", legacy_digest(&id, "password"))
        }
    };
    raw.say(&login).await;
    let result = raw.read().await;
    assert!(result.starts_with("<iq type='result'"), "{result}");
    raw.frame().await;
    raw.frame().await;
    raw
}

/// Plays a recorded session with `opensrf.dbmath`; what it is answered.
async fn session(who: &str) -> Vec<String> {
    let hub = hub(true).await;
    let lines = said(SESSIONS, who);
    let mut raw = logs_in(&hub, &lines).await;
    let mut told = Vec::new();
    let mut drone = String::new();
    for line in &lines[2..] {
        let recorded = "opensrf@private.localhost/opensrf.dbmath_drone_vm_1795330774.909493_12305";
        raw.say(&line.replace(recorded, &drone)).await;
        if line.contains("DISCONNECT") {
            break;
        }
        let answer = raw.stanza().await;
        drone = answer.from.as_ref().expect("a drone").to_string();
        told.push(short(&answer));
    }
    raw.is_silent().await;
    // The drone is free again.
    let sum = hub.call("opensrf.dbmath", "add", (1, 2)).await;
    assert_eq!(sum.expect("an answer").one::<i64>().expect("a sum"), 3);
    told
}

/// A recorded listener registers, is asked by our own client and by one of another make, and its
/// recorded drone answers both.
async fn service(who: &str, name: &'static str, method: &'static str) {
    let hub = hub(false).await;
    let listener = said(SERVICES, &format!("{who}-listener"));
    let drone = said(SERVICES, &format!("{who}-drone"));
    let mut listening = logs_in(&hub, &listener).await;
    let mut answering = logs_in(&hub, &drone).await;
    listening.say(listener[2]).await;
    listening.is_silent().await;
    while !crate::support::knows(&hub, name).await {}
    let client = hub.clone();
    let calling = actix_rt::spawn(async move { client.call(name, method, (1, 2)).await });
    answer(&mut listening, &mut answering, drone[2]).await;
    let answers = calling.await.expect("no panic").expect("an answer");
    assert_eq!(answers.one::<i64>().expect("Perl writes a text"), 3);
    let address = "opensrf@private.localhost/client";
    let mut peer = Peer::logs_in_with(&hub.duplex(), Form::C, address, "password").await;
    let request = Form::C.request(1, method, "[1,2]");
    let class = format!("router@private.localhost/{name}");
    peer.says(&class, "t", &[request]).await;
    answer(&mut listening, &mut answering, drone[2]).await;
    let told = short(&peer.hears().await);
    assert!(told.ends_with("1: 205 osrfConnectStatus"), "{told}");
}

/// The listener takes a request, and the drone says what it said, to whom asked this time.
async fn answer(listener: &mut Raw<Tube>, drone: &mut Raw<Tube>, recorded: &str) {
    let asked = listener.stanza().await;
    let to = asked.sender().expect("a client").to_string();
    let part = |start: &str, end: &str| {
        let after = recorded.split_once(start).expect(start).1;
        after.split_once(end).expect(end).0
    };
    let quote = &recorded["<message to=".len()..][..1];
    let answer = recorded
        .replacen(part(&format!("to={quote}"), quote), &to, 1)
        .replacen(part("<thread>", "</thread>"), &asked.thread(), 1);
    drone.say(&answer).await;
}

#[test]
fn s117_a_session_of_srfsh_is_served() {
    run(true, async {
        let told = session("srfsh").await;
        let end = |n| format!("{n}: 205 osrfConnectStatus");
        let expected = [
            "0: 200 osrfConnectStatus".into(),
            format!("1: 3, {}", end(1)),
            format!("2: 7, {}", end(2)),
        ];
        assert_eq!(told, expected);
    });
}

#[test]
fn s117_a_service_in_c_registers_and_answers() {
    run(true, service("c", "opensrf.dbmath", "add"));
}

#[test]
fn s118_a_session_of_a_perl_client_is_served() {
    run(true, async {
        let told = session("perl").await;
        let end = |n| format!("{n}: 205 osrfConnectStatus");
        let expected = [
            "0: 200 osrfConnectStatus".into(),
            format!("1: 3, {}", end(1)),
            format!("2: 3, {}", end(2)),
        ];
        assert_eq!(told, expected);
    });
}

#[test]
fn s118_a_service_in_perl_registers_and_answers() {
    run(true, service("perl", "opensrf.ptest", "opensrf.ptest.add"));
}
