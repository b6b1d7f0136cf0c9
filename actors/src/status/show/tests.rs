use std::time::Duration;

use super::*;
use crate::status::{ChildKind, ClassAnswer, LastExitStatus, NodeStatus, OutboxStatus};

const MINUTE: Duration = Duration::from_secs(60);

fn bus(address: &str, is_on: bool) -> BusStatus {
    BusStatus {
        address: address.into(),
        is_on,
        since: 3 * MINUTE,
        reason: (!is_on).then(|| "the server refused the log-in: check user and password".into()),
        inbox: if is_on { 0 } else { 12 },
    }
}

fn child(kind: ChildKind, name: &str, answer: Option<Answer>) -> ChildStatus {
    ChildStatus {
        kind,
        name: name.into(),
        state: ChildState::Up,
        uptime: Some(125 * MINUTE),
        restarts: 0,
        last_exit: None,
        answer,
    }
}

fn answer(bus: Option<BusStatus>, detail: Detail) -> Option<Answer> {
    Some(Answer {
        mailbox_delay: Duration::ZERO,
        bus,
        detail,
    })
}

fn service(busy: usize, backlog: usize, state: RegistrationState) -> Detail {
    Detail::Service(ServiceStatus {
        starting: 0,
        idle: 0,
        busy,
        min: 1,
        max: 4,
        longest_busy: (busy > 0).then_some(Duration::from_millis(6_250)),
        backlog,
        backlog_bound: 1_000,
        watched: 10 * MINUTE,
        busy_time: 5 * MINUTE,
        waited: MINUTE,
        assigned: 500,
        refused: 0,
        expired: 0,
        registrations: vec![RegistrationStatus {
            router: "router@private.example.org/router".into(),
            state,
            since: 50 * 24 * 60 * MINUTE,
        }],
    })
}

/// A host of whose parts each has another fault.
fn unwell() -> HostStatus {
    let far = "opensrf@private.example.org/open-ils.storage.direct_listener_at_app1_0123abcd";
    let server = ServerStatus {
        connections: 3,
        sessions: 60,
        bytes_waiting: 16_800_000,
        outbox_bytes: 16_777_216,
        fullest: Some(OutboxStatus {
            address: far.into(),
            // What comes next does not fit.
            bytes: 16_777_210,
        }),
    };
    let class = ClassAnswer {
        mailbox_delay: Duration::ZERO,
        bus: bus("router@private.example.org/open-ils.storage", true),
        policy: "least_outstanding".into(),
        forwarded: 20,
        bounced: 1,
        refused: 2,
        nodes: vec![NodeStatus {
            address: far.into(),
            registered: 90 * MINUTE,
            last_registered: Duration::from_secs(3),
            forwarded: 20,
            bounced: 1,
            drones: Some(4),
            outstanding: Some(1_004),
        }],
    };
    let router = Detail::Router(vec![
        ClassStatus {
            name: "open-ils.storage".into(),
            answer: Some(class),
        },
        ClassStatus {
            name: "opensrf.slow".into(),
            answer: None,
        },
    ]);
    let address = "router@private.example.org/router";
    let down = ChildStatus {
        state: ChildState::Restarting {
            in_seconds: Duration::from_millis(3_100),
        },
        uptime: None,
        restarts: 7,
        last_exit: Some(LastExitStatus {
            exit: "could not start: 500 no database".into(),
            ago: Duration::from_millis(900),
        }),
        ..child(ChildKind::Service, "open-ils.cstore", None)
    };
    HostStatus {
        name: "app1".into(),
        version: "0.1.0".into(),
        pid: 4_711,
        uptime: 125 * MINUTE,
        phase: HostPhase::Running,
        figures: Figures {
            routed: 1_234_567_890_123,
            bounced: 1_234_567_890_123,
            dropped: 1_234_567_890_123,
            refused: 1_234_567_890_123,
            login_failures: 1_234_567_890_123,
            ..Figures::default()
        },
        children: vec![
            child(ChildKind::Server, "", answer(None, Detail::Server(server))),
            child(
                ChildKind::Router,
                address,
                answer(Some(bus(address, true)), router),
            ),
            down,
            child(
                ChildKind::Service,
                "open-ils.storage",
                answer(
                    Some(bus(far, true)),
                    service(4, 1_000, RegistrationState::Registered),
                ),
            ),
            child(
                ChildKind::Service,
                "opensrf.math",
                answer(
                    Some(bus("o@p/m", true)),
                    service(0, 3, RegistrationState::Registering),
                ),
            ),
            child(
                ChildKind::Service,
                "opensrf.slow",
                answer(
                    Some(bus("o@p/s", false)),
                    service(4, 0, RegistrationState::Offline),
                ),
            ),
            child(ChildKind::Service, "opensrf.stuck", None),
        ],
    }
}

#[test]
fn a_tree_fits_its_columns_and_says_in_capitals_and_in_words_what_is_wrong() {
    let shown = unwell().to_string();
    let expected = "\
app1: running, up 2 h 5 min; opensrf 0.1.0, process 4711
├─ jabber server                                          up 2 h 5 min
│     3 connections, 60 sessions, 16800000 bytes wait
│     16777210 of 16777216 bytes wait for opensrf@private.example.org/open-ils.storage.direct_liste…
├─ router router@private.example.org/router               up 2 h 5 min
│     on the bus for 3 min
│     open-ils.storage: least outstanding, 20 passed on, 1 came back, 2 refused
│       opensrf@private.example.org/open-ils.storage.direct_listener_at_app1_0123abcd
│         registered for 90 min, again 3.0 s ago; 20 passed on, 1 came back, 1004 outstanding
│     opensrf.slow: DOES NOT ANSWER
├─ service open-ils.cstore                                DOWN, restarts in 3.1 s, 7 restarts
│     ended 0.9 s ago: could not start: 500 no database
├─ service open-ils.storage                               up 2 h 5 min
│     on the bus for 3 min as opensrf@private.example.org/open-ils.storage.direct_listener_at_app1_…
│     drones: 4 busy (for 6.2 s), 0 idle, 0 starting, 4 at most; 13 % used so far
│     backlog: 1000 of 1000, FULL
│     router@private.example.org/router: registered for 50 d 0 h
├─ service opensrf.math                                   up 2 h 5 min
│     on the bus for 3 min as o@p/m
│     drones: 0 busy, 0 idle, 0 starting, 4 at most; 13 % used so far
│     backlog: 3 of 1000
│     router@private.example.org/router: NOT REGISTERED for 50 d 0 h
├─ service opensrf.slow                                   up 2 h 5 min
│     OFF the bus for 3 min (12 stanzas wait in its inbox) as o@p/s
│     the server refused the log-in: check user and password
│     drones: 4 busy (for 6.2 s), 0 idle, 0 starting, 4 at most; 13 % used so far
│     backlog: 0 of 1000
│     router@private.example.org/router: NOT REGISTERED, off the bus for 50 d 0 h
└─ service opensrf.stuck                                  up 2 h 5 min
      DOES NOT ANSWER
so far: bounced 1234567890123, dropped 1234567890123, login failures 1234567890123,
        refused 1234567890123, routed 1234567890123
not well:
- opensrf@private.example.org/open-ils.storage.direct_listener_at_app1_0123abcd reads too slowly: 16777210 of 16777216 bytes wait for it
- service class opensrf.slow does not answer
- service open-ils.cstore is down, restarts in 3.1 s: could not start: 500 no database
- service open-ils.storage refuses requests: 1000 wait already
- service opensrf.math is not registered with router@private.example.org/router for 50 d 0 h
- service opensrf.math has 0 drones and should have 1: they do not start
- service opensrf.slow is off the bus for 3 min: the server refused the log-in: check user and password
- service opensrf.stuck does not answer";
    assert_eq!(shown, expected, "\n{shown}");
    // What somebody has to act upon is never cut.
    let tree = shown.lines().take_while(|line| *line != "not well:");
    let widest = tree.map(|line| line.chars().count()).max();
    assert_eq!(widest, Some(WIDTH));
}

#[test]
fn a_service_that_was_told_to_keep_away_says_by_whom_and_what_brings_it_back() {
    let withdrawn = answer(
        Some(bus("o@p/m", true)),
        service(1, 0, RegistrationState::Withdrawn),
    );
    let mut host = unwell();
    host.children = vec![child(ChildKind::Service, "opensrf.math", withdrawn)];
    assert_eq!(
        host.problems(),
        [
            "service opensrf.math keeps away from router@private.example.org/router for 50 d 0 h, as \
             SIGUSR1 said; SIGUSR2 registers it again"
        ]
    );
}

#[test]
fn a_host_is_the_same_after_it_went_through_json() {
    let text = serde_json::to_string(&unwell()).unwrap();
    let back: HostStatus = serde_json::from_str(&text).unwrap();
    assert_eq!(back, unwell());
}
