//! `opensrf call`, and what it says when the network says no.

use crate::support::{Process, World, run};

const MATH: &str = "opensrf.math";
const ECHO: &str = "opensrf.system.echo";

#[test]
fn results_are_lines_of_json() {
    let world = World::new();
    let _up = world.up();
    world.call(&[MATH, "add", "2", "2"]).gave(&["4"]);
    world.call(&[MATH, "add", "-2", "-0.5"]).gave(&["-2.5"]);
    world.call(&[MATH, "sub", "2", "3"]).gave(&["-1"]);
    let echo = [
        MATH,
        ECHO,
        "hello",
        "\"1\"",
        "{\n\"a\": [1,\r\nnull]}",
        "grün",
        "--",
        "-x",
    ];
    world.call(&echo).gave(&[
        "\"hello\"",
        "\"1\"",
        "{ \"a\": [1,  null]}",
        "\"gr\\u00fcn\"",
        "\"-x\"",
    ]);
    world.call(&[MATH, ECHO]).gave(&[]);
}

#[test]
fn results_come_one_by_one_and_in_a_session_as_well() {
    let world = World::new();
    let _up = world.up();
    for options in [
        &["--stream"][..],
        &["--connect"],
        &["--stream", "--connect"],
    ] {
        let call = [options, &[MATH, ECHO, "1", "2"]].concat();
        world.call(&call).gave(&["1", "2"]);
    }
}

#[test]
fn what_the_network_refuses_is_said_at_once() {
    let world = World::new();
    let _up = world.up();
    // The time to wait is an hour: an answer that came is not a time-out.
    for options in [&[][..], &["--stream"], &["--connect"]] {
        let ask = |args: &[&str]| world.call(&[options, &["--timeout", "3600"], args].concat());
        ask(&["test.none", "add", "2", "2"]).failed(
            1,
            &["router@localhost/test.none cannot be reached: service-unavailable"],
        );
        ask(&[MATH, "none", "2", "2"]).failed(1, &["404 Method [none] not found"]);
        ask(&[MATH, "add", "2"]).failed(1, &["404 Not enough params for method add"]);
        ask(&[MATH, "add", "2", "x"]).failed(1, &["400 parameter 2 is no number"]);
    }
}

#[test]
fn a_name_that_no_service_can_have_is_refused() {
    let world = World::new();
    let _up = world.up();
    let call = world.call(&["a\u{1}b", "add"]);
    call.failed(1, &["is no name of a service"]);
}

#[test]
fn where_nobody_listens_it_says_what_to_start() {
    let world = World::new();
    world.up().kill();
    let call = world.call(&[MATH, "add", "2", "2"]);
    let address = world.address();
    call.failed(1, &[&address, "Connection refused", "opensrf up"]);
}

#[test]
fn before_the_first_start_it_says_whose_password_is_missing() {
    let world = World::new();
    let call = world.call(&[MATH, "add", "2", "2"]);
    call.failed(
        2,
        &[
            "no password for opensrf@localhost",
            "start `opensrf up` first",
        ],
    );
}

#[test]
fn a_call_may_say_its_language_zone_and_transaction() {
    let world = World::new();
    let _up = world.up();
    let whose = [
        "--locale",
        "fr-CA",
        "--tz",
        "America/Montreal",
        "--xid",
        "42",
    ];
    for options in [&[][..], &["--connect"], &["--stream"]] {
        let call = [options, &whose, &[MATH, "add", "2", "2"]].concat();
        world.call(&call).gave(&["4"]);
    }
    let odd = world.call(&["--xid", "a b", MATH, "add", "2", "2"]);
    odd.failed(2, &["--xid", "no spaces or control characters"]);
}

#[test]
fn a_request_larger_than_the_server_takes_is_refused_before_it_is_sent() {
    let world = World::new();
    let text = include_str!("all.toml");
    let own = "domains = [\"localhost\"]\nstanza_bytes = 20_000\n";
    let file = world.write(
        "all.toml",
        &text.replace("domains = [\"localhost\"]\n", own),
    );
    let _up = Process::start(world.configured(&file, &["up"])).ready();
    let call = |bytes: usize| {
        let long = format!("\"{}\"", "x".repeat(bytes));
        let echo = ["call", "opensrf.math", "opensrf.system.echo", &long];
        run(world.configured(&file, &echo))
    };
    assert_eq!(call(19_000).code, Some(0));
    for bytes in [20_000, 100_000] {
        let why = "bytes are more than the Jabber server takes in one stanza, which is 20000";
        call(bytes).failed(1, &["policy-violation", why]);
    }
}
