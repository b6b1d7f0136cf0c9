//! What `opensrf up` logs.

use serde_json::Value;

use crate::support::{Process, Signal, World};

/// Services whose calls are logged, one of them without parameters.
const LOGGED: &str = "\
[log]
level = \"warn,activity=debug\"
format = \"json\"
protect = [\"opensrf.simple-text.rev\"]
[[services]]
name = \"opensrf.simple-text\"
[[services]]
name = \"opensrf.dbmath\"
";

#[test]
fn s119_calls_are_logged_with_their_transaction_and_without_protected_parameters() {
    let world = World::new();
    let (head, _) = include_str!("all.toml")
        .split_once("[[services]]")
        .expect("services");
    let file = world.write("logged.toml", &format!("{head}{LOGGED}"));
    let up = Process::start(world.configured(&file, &["up"])).ready();
    let call = |args: &[&str]| {
        let args = [&["call", "--xid", "4711"], args].concat();
        crate::support::run(world.configured(&file, &args))
    };
    call(&["opensrf.dbmath", "add", "2", "40"]).gave(&["42"]);
    let text = "opensrf.simple-text";
    call(&[text, "opensrf.simple-text.reverse", "secret"]).gave(&["\"terces\""]);
    let wrong = [text, "opensrf.simple-text.reverso", "secret"];
    call(&wrong).failed(1, &["404"]);
    up.signal(Signal::TERM);
    let ended = up.end();
    let refused = ended
        .stderr
        .iter()
        .find(|line| line.contains("CALL refused"));
    let refused = refused.expect("that is a call, too");
    assert!(
        refused.contains("4711") && refused.contains("REDACTED"),
        "{refused}"
    );
    let lines = ended
        .stderr
        .iter()
        .filter_map(|line| serde_json::from_str::<Value>(line).ok());
    let calls: Vec<Value> = lines.filter(|line| line["message"] == "CALL").collect();
    assert_eq!(calls.len(), 2, "{ended:?}");
    assert_eq!(calls[0]["params"], "2, 40");
    assert_eq!(calls[1]["params"], "**PARAMS REDACTED**");
    for call in &calls {
        assert_eq!(call["span"]["xid"], "4711", "{call}");
        assert_eq!(call["target"], "activity");
    }
    assert!(!ended.errors().contains("secret"));
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
    let events = ended.stderr.iter();
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

#[test]
fn with_a_log_in_json_every_line_is_json_also_ready_and_the_last_word() {
    let world = World::new();
    let file = world.write("all.toml", include_str!("all.toml"));
    let up = ["up", "--log-format", "json", "--log", "error"];
    let ready = Process::start(world.configured(&file, &up)).ready();
    let second = crate::support::run(world.configured(&file, &up));
    second.failed(1, &["another program has it"]);
    ready.signal(Signal::TERM);
    for ended in [second, ready.end()] {
        for line in &ended.stderr {
            let said: Value = serde_json::from_str(line).expect("JSON");
            let is_whole = ["timestamp", "level", "message"]
                .iter()
                .all(|key| said[key].is_string());
            assert!(is_whole, "{line}");
        }
        assert_eq!(ended.stderr.len(), 1, "{ended:?}");
    }
}
