use proptest::prelude::*;

use super::*;
use crate::jid::Jid;
use crate::limits::{BUNDLE_TIME, SESSION_QUEUE};
use crate::osrf::{Json, Message, decode, encode};
use crate::service::Method;
use crate::stanza::{self, Condition, Extension, Parts};

const SECOND: Duration = Duration::from_secs(1);
const RULES: SessionRules = SessionRules {
    keepalive: Duration::from_secs(6),
    most_requests: None,
    max_run: None,
};
const CALLER: &str = "opensrf@public/caller";
const STRANGER: &str = "opensrf@public/stranger";

fn jid(text: &str) -> Jid {
    Jid::parse(text).expect("an address")
}

/// A drone of a service with the methods `one` and `many`, and what it did.
struct Play {
    drone: Drone,
    now: Tick,
    xid: &'static str,
}

fn connect() -> Message {
    Message::new(0, Body::Connect)
}

fn disconnect(trace: u64) -> Message {
    Message::new(trace, Body::Disconnect)
}

fn request(trace: u64, method: &'static str) -> Message {
    Message::request(trace, method.into(), vec![])
}

/// A stanza that says `messages` in the conversation `thread`.
fn saying(thread: &'static str, xid: &'static str, body: ByteString) -> Stanza {
    let opensrf = Extension {
        osrf_xid: xid.into(),
        ..Extension::default()
    };
    let message = stanza::Message {
        opensrf,
        thread: thread.into(),
        body: body.into(),
        ..stanza::Message::default()
    };
    Stanza::message(jid("opensrf@private/drone"), message)
}

impl Play {
    fn new() -> Self {
        let mut catalog = Catalog::new("acme.calc");
        catalog.add(Method::new("one", 0)).expect("a new name");
        catalog
            .add(Method::streaming("many", 0))
            .expect("a new name");
        Self {
            drone: Drone::new(Arc::new(catalog), RULES),
            now: Tick::ZERO,
            xid: "xid",
        }
    }

    /// A drone in a session with the caller.
    fn connected() -> Self {
        let mut play = Self::new();
        assert_eq!(play.assign(&[connect()]), ["caller <- 0: 200"]);
        play
    }

    fn step(&mut self, input: DroneInput) -> Vec<String> {
        let mut out = Vec::new();
        self.drone.handle(self.now, input, &mut out);
        out.iter().map(|effect| self.word(effect)).collect()
    }

    /// Lets time pass to its deadline.
    fn wait(&mut self) -> Vec<String> {
        self.now = self.drone.deadline().expect("it waits for something");
        let mut out = Vec::new();
        self.drone.wake(self.now, &mut out);
        out.iter().map(|effect| self.word(effect)).collect()
    }

    /// An effect in words: `run 1`, `free`, `exit`, `dropped`, `caller <- 1: result 7, 1: 205`.
    fn word(&self, effect: &DroneEffect) -> String {
        match effect {
            DroneEffect::Run(run) => {
                assert_eq!((&run.caller, &*run.xid), (&jid(CALLER), self.xid));
                format!("run {}", run.id)
            }
            DroneEffect::Refused { xid, status, .. } => {
                assert_eq!(&**xid, self.xid);
                format!("refused {}", status.code)
            }
            DroneEffect::CallerGone(run) => format!("caller of {run} is gone"),
            DroneEffect::Free => "free".to_owned(),
            DroneEffect::Exit => "exit".to_owned(),
            DroneEffect::Hung(run) => format!("{run} hung"),
            DroneEffect::Late => "late".to_owned(),
            DroneEffect::Dropped(..) => "dropped".to_owned(),
            DroneEffect::Send(stanza) => {
                let to = stanza.to.as_ref().and_then(Jid::resource);
                let message = stanza.decode();
                assert_eq!((&*message.thread, &*stanza.id), ("thread", "thread"));
                assert_eq!(message.opensrf.osrf_xid, self.xid);
                let messages = decode(&message.body).expect("it holds messages");
                let said: Vec<_> = messages.iter().map(said).collect();
                format!("{} <- {}", to.unwrap_or_default(), said.join(", "))
            }
        }
    }

    /// The listener hands over what the caller says through the router.
    fn assign(&mut self, messages: &[Message]) -> Vec<String> {
        self.assign_body(encode(messages))
    }

    fn assign_body(&mut self, body: ByteString) -> Vec<String> {
        let mut stanza = saying("thread", self.xid, body);
        stanza.from = Some(jid("router@private/acme.calc"));
        if let stanza::Payload::Message(message) = &mut stanza.payload {
            Arc::make_mut(message).opensrf.router_from = Some(jid(CALLER));
        }
        self.step(DroneInput::Assign(stanza))
    }

    /// Somebody says this to the drone directly.
    fn say(&mut self, from: &str, thread: &'static str, messages: &[Message]) -> Vec<String> {
        let mut stanza = saying(thread, self.xid, encode(messages));
        stanza.from = Some(jid(from));
        self.step(DroneInput::Stanza(stanza))
    }

    fn caller_says(&mut self, messages: &[Message]) -> Vec<String> {
        self.say(CALLER, "thread", messages)
    }

    fn output(&mut self, run: RunId, value: i64) -> Vec<String> {
        self.step(DroneInput::Output(run, Json::from(value)))
    }

    fn done(&mut self, run: RunId, value: i64) -> Vec<String> {
        let last = Some(Json::from(value));
        self.step(DroneInput::Finished(run, Outcome::Done(last)))
    }

    /// An answer to the caller comes back.
    fn bounce(&mut self, condition: Condition, echo: bool) -> Vec<String> {
        let thread = ByteString::from_static("thread");
        let reply = stanza::Message {
            thread: if echo {
                thread.clone()
            } else {
                ByteString::new()
            },
            error: Some(condition.into()),
            ..stanza::Message::default()
        };
        self.step(DroneInput::Stanza(Stanza::from(Parts {
            from: Some(jid(CALLER)),
            id: thread,
            stanza_type: "error".into(),
            ..Stanza::message(jid("opensrf@private/drone"), reply).into_parts()
        })))
    }
}

fn said(message: &Message) -> String {
    let trace = message.trace;
    match &message.body {
        Body::Result(answer) => format!("{trace}: result {}", answer.content),
        Body::Status(status) => format!("{trace}: {}", status.code),
        other => panic!("a service does not say {other:?}"),
    }
}

#[test]
fn a_slow_stream_shows_its_results_as_they_come() {
    let mut play = Play::new();
    assert_eq!(play.assign(&[request(1, "many")]), ["run 1"]);
    assert!(play.step(DroneInput::Output(1, Json::from(1))).is_empty());
    assert!(play.step(DroneInput::Output(1, Json::from(2))).is_empty());
    assert_eq!(play.wait(), ["caller <- 1: result 1, 1: result 2"]);
    assert_eq!(play.now, BUNDLE_TIME);
    assert_eq!(play.drone.deadline(), None);
    let end = play.step(DroneInput::Finished(1, Outcome::Done(None)));
    assert_eq!(end, ["caller <- 1: 205", "free"]);
}

#[test]
fn a_drone_that_is_stopped_tells_everyone_who_waits() {
    let mut play = Play::connected();
    play.caller_says(&[request(1, "many"), request(2, "one")]);
    play.step(DroneInput::Output(1, Json::from(7)));
    assert_eq!(
        play.step(DroneInput::Stop),
        [
            "caller <- 1: result 7",
            "caller <- 1: 503",
            "caller <- 2: 503"
        ]
    );
}

#[test]
fn a_stateless_request_is_answered_to_its_caller_and_frees_the_drone() {
    let mut play = Play::new();
    assert_eq!(play.assign(&[request(1, "one")]), ["run 1"]);
    assert_eq!(play.done(1, 7), ["caller <- 1: result 7, 1: 205", "free"]);
    assert_eq!(play.drone.deadline(), None);
}

#[test]
fn a_request_that_cannot_run_is_answered_and_frees_the_drone() {
    let mut play = Play::new();
    assert_eq!(
        play.assign(&[request(1, "none")]),
        ["caller <- 1: 404", "refused 404", "free"]
    );
    assert_eq!(
        play.assign_body("hello".into()),
        ["caller <- 0: 417", "free"]
    );
}

#[test]
fn a_session_keeps_its_drone_until_it_says_goodbye() {
    let mut play = Play::connected();
    assert_eq!(play.caller_says(&[request(1, "one")]), ["run 1"]);
    assert_eq!(play.done(1, 7), ["caller <- 1: result 7, 1: 205"]);
    assert_eq!(play.caller_says(&[request(2, "one")]), ["run 2"]);
    assert_eq!(play.done(2, 8), ["caller <- 2: result 8, 2: 205"]);
    assert_eq!(play.caller_says(&[disconnect(3)]), ["free"]);
}

#[test]
fn a_whole_session_in_one_stanza_is_handled_in_order() {
    let mut play = Play::new();
    let bundle = [
        connect(),
        request(1, "one"),
        request(2, "one"),
        disconnect(3),
    ];
    assert_eq!(play.assign(&bundle), ["caller <- 0: 200", "run 1"]);
    assert_eq!(play.done(1, 7), ["caller <- 1: result 7, 1: 205", "run 2"]);
    assert_eq!(play.done(2, 8), ["caller <- 2: result 8, 2: 205", "free"]);
}

#[test]
fn a_goodbye_while_a_method_runs_waits_for_it() {
    let mut play = Play::connected();
    play.caller_says(&[request(1, "one")]);
    assert_eq!(play.caller_says(&[disconnect(2)]), ["caller of 1 is gone"]);
    assert!(play.caller_says(&[request(3, "one"), connect()]).is_empty());
    assert_eq!(
        play.done(1, 7),
        [
            "caller <- 1: result 7, 1: 205",
            "caller <- 3: 417",
            "caller <- 0: 417",
            "free"
        ]
    );
}

#[test]
fn requests_of_a_busy_session_wait_up_to_a_bound() {
    let mut play = Play::connected();
    play.caller_says(&[request(1, "one")]);
    for i in 0..SESSION_QUEUE as u64 {
        assert!(play.caller_says(&[request(2 + i, "one")]).is_empty());
    }
    assert_eq!(
        play.caller_says(&[request(999, "one")]),
        ["caller <- 999: 503"]
    );
    assert_eq!(play.done(1, 7), ["caller <- 1: result 7, 1: 205", "run 2"]);
}

#[test]
fn an_idle_session_ends_with_408_and_an_active_one_does_not() {
    let mut play = Play::connected();
    assert_eq!(play.drone.deadline(), Some(6 * SECOND));
    play.now = 5 * SECOND;
    play.caller_says(&[request(3, "one")]);
    assert_eq!(play.drone.deadline(), None, "a method runs");
    play.now = 20 * SECOND;
    play.done(1, 7);
    assert_eq!(play.wait(), ["caller <- 3: 408", "free"]);
    assert_eq!(play.now, 26 * SECOND);
    // It was on its way. A caller that does not ask all again at 408 learns that it has to.
    assert_eq!(play.caller_says(&[request(4, "one")]), ["caller <- 4: 307"]);
}

#[test]
fn a_caller_that_comes_back_after_408_has_a_session_like_any_other() {
    let mut play = Play::connected();
    play.wait();
    assert_eq!(play.assign(&[connect()]), ["caller <- 0: 200"]);
    assert_eq!(play.caller_says(&[disconnect(1)]), ["free"]);
    assert_eq!(play.caller_says(&[request(2, "one")]), ["caller <- 2: 417"]);
}

#[test]
fn a_wake_before_its_time_changes_nothing() {
    let mut play = Play::connected();
    let mut out = Vec::new();
    play.drone.wake(SECOND, &mut out);
    assert!(out.is_empty());
}

#[test]
fn an_endless_keepalive_is_possible() {
    let catalog = Catalog::new("acme.calc");
    let mut play = Play::new();
    let keepalive = Duration::MAX;
    play.drone = Drone::new(Arc::new(catalog), SessionRules { keepalive, ..RULES });
    play.now = SECOND;
    play.assign(&[connect()]);
    assert_eq!(play.drone.deadline(), Some(Duration::MAX));
}

#[test]
fn results_and_statuses_said_to_a_service_are_ignored() {
    let noise = [
        Message::result(1, Json::NULL),
        Message::status(1, Status::complete()),
    ];
    let mut play = Play::new();
    assert_eq!(play.assign(&noise), ["free"]);
    assert_eq!(play.caller_says(&noise), ["dropped"]);
    let mut play = Play::connected();
    assert!(play.caller_says(&noise).is_empty());
}

#[test]
fn requests_that_belong_to_no_session_here_are_told_so() {
    let mut play = Play::connected();
    assert_eq!(
        play.say(STRANGER, "thread", &[request(4, "one")]),
        ["stranger <- 4: 417"]
    );
    assert_eq!(play.say(STRANGER, "thread", &[disconnect(4)]), ["dropped"]);
    assert_eq!(play.caller_says(&[request(1, "one")]), ["run 1"]);
    let mut free = Play::new();
    assert_eq!(free.caller_says(&[request(4, "one")]), ["caller <- 4: 417"]);
}

#[test]
fn what_has_no_thread_or_is_a_bounce_is_not_run() {
    let mut play = Play::new();
    let from = Some(jid(CALLER));
    let threadless = saying("", "xid", encode(&[request(1, "one")]));
    let threadless = Stanza::from(Parts {
        from,
        ..threadless.into_parts()
    });
    let bounce = saying("thread", "xid", encode(&[request(1, "one")]));
    let bounce = Stanza::from(Parts {
        stanza_type: "error".into(),
        ..bounce.into_parts()
    });
    for stanza in [threadless.clone(), bounce] {
        assert_eq!(play.step(DroneInput::Assign(stanza)), ["dropped", "free"]);
    }
    assert_eq!(play.step(DroneInput::Stanza(threadless)), ["dropped"]);
}

#[test]
fn a_caller_that_is_gone_frees_the_drone_when_its_method_is_done() {
    for echo in [true, false] {
        let mut play = Play::connected();
        play.caller_says(&[request(1, "many"), request(2, "one")]);
        let gone = Condition::ServiceUnavailable;
        assert_eq!(play.bounce(gone, echo), ["caller of 1 is gone"]);
        assert!(play.output(1, 7).is_empty());
        assert_eq!(
            play.caller_says(&[request(3, "one")]),
            ["caller <- 3: 417"],
            "it is there after all, and is told"
        );
        assert_eq!(play.done(1, 7), ["free"]);
    }
}

#[test]
fn an_idle_session_whose_caller_is_gone_ends_at_once() {
    let mut play = Play::connected();
    assert_eq!(play.bounce(Condition::ServiceUnavailable, true), ["free"]);
    assert!(play.bounce(Condition::ServiceUnavailable, true).is_empty());
}

#[test]
fn replies_carry_the_transaction_of_their_own_request() {
    let mut play = Play::connected();
    play.xid = "second";
    assert_eq!(play.caller_says(&[request(1, "one")]), ["run 1"]);
    play.xid = "third";
    assert!(play.caller_says(&[request(2, "one")]).is_empty());
    play.xid = "second";
    assert!(play.output(1, 1).is_empty());
    let mut out = Vec::new();
    let input = DroneInput::Finished(1, Outcome::Done(None));
    play.drone.handle(play.now, input, &mut out);
    assert_eq!(play.word(&out[0]), "caller <- 1: result 1, 1: 205");
    play.xid = "third";
    assert_eq!(play.word(&out[1]), "run 2");
}

#[test]
fn answers_come_in_the_callers_locale() {
    let mut play = Play::new();
    let locale = ByteString::from_static("cs-CZ");
    let asked = [
        request(1, "none").in_locale(&locale),
        connect().in_locale(&locale),
    ];
    let mut stanza = saying("thread", "xid", encode(&asked));
    stanza.from = Some(jid(CALLER));
    let mut out = Vec::new();
    play.drone
        .handle(play.now, DroneInput::Assign(stanza), &mut out);
    let sent = out.iter().filter_map(|effect| match effect {
        DroneEffect::Send(stanza) => Some(decode(&stanza.decode().body).unwrap()),
        _ => None,
    });
    let locales: Vec<_> = sent.flatten().map(|m| m.locale).collect();
    assert_eq!(locales, [locale.clone(), locale]);
}

#[test]
fn an_atomic_method_gives_all_its_results_as_one_list() {
    let mut play = Play::new();
    play.assign(&[request(1, "many.atomic")]);
    assert!(play.output(1, 1).is_empty());
    assert_eq!(
        play.done(1, 2),
        ["caller <- 1: result [1,2], 1: 205", "free"]
    );
    play.assign(&[request(1, "many.atomic")]);
    play.output(2, 1);
    let failed = Outcome::Failed(Status::method_exception(500, "no"));
    assert_eq!(
        play.step(DroneInput::Finished(2, failed)),
        ["caller <- 1: 500", "free"]
    );
}

#[test]
fn what_was_held_back_goes_out_before_the_caller_is_asked_to_wait() {
    let mut play = Play::new();
    play.assign(&[request(1, "many")]);
    assert!(play.output(1, 1).is_empty());
    assert_eq!(
        play.step(DroneInput::Hold(1)),
        ["caller <- 1: result 1", "caller <- 1: 100"]
    );
    assert_eq!(
        play.step(DroneInput::Finished(1, Outcome::Done(None))),
        ["caller <- 1: 205", "free"]
    );
}

#[test]
fn a_method_that_panics_is_500_for_its_caller_and_the_end_of_the_drone() {
    let mut play = Play::connected();
    play.caller_says(&[request(1, "one"), request(2, "one")]);
    assert_eq!(
        play.step(DroneInput::Finished(1, Outcome::Panicked)),
        ["caller <- 1: 500", "caller <- 2: 417", "exit"]
    );
    assert_eq!(
        play.caller_says(&[request(3, "one")]),
        ["caller <- 3: 417"],
        "what was in its mailbox is answered"
    );
}

#[test]
fn a_run_that_is_over_says_nothing_more() {
    let mut play = Play::new();
    play.assign(&[request(1, "one")]);
    play.done(1, 7);
    play.assign(&[request(1, "one")]);
    assert_eq!(play.output(1, 8), ["late"]);
    assert_eq!(play.done(1, 8), ["late"]);
    assert_eq!(play.step(DroneInput::Hold(1)), ["late"]);
    assert_eq!(play.done(2, 9).len(), 2);
}

/// A drone in a session, whose methods may run for three seconds, and `quick` for one.
fn limited() -> Play {
    let mut play = Play::new();
    let mut catalog = Catalog::new("acme.calc");
    for (name, limit) in [
        ("many", None),
        ("quick", Some(SECOND)),
        ("any", Some(Duration::ZERO)),
    ] {
        let mut method = Method::streaming(name, 0);
        method.limit = limit;
        catalog.add(method).expect("a new name");
    }
    let rules = SessionRules {
        max_run: Some(3 * SECOND),
        ..RULES
    };
    play.drone = Drone::new(Arc::new(catalog), rules);
    play.assign(&[connect()]);
    play
}

#[test]
fn a_method_that_takes_too_long_is_504_for_its_caller_and_the_end_of_the_drone() {
    let mut play = limited();
    play.caller_says(&[request(1, "many"), request(2, "many")]);
    play.output(1, 7);
    assert_eq!(play.wait(), ["caller <- 1: result 7"]);
    play.output(1, 8);
    play.wait();
    assert_eq!(
        play.wait(),
        ["caller <- 1: 504", "caller <- 2: 417", "1 hung"]
    );
    assert_eq!(play.now, 3 * SECOND);
    assert_eq!(play.output(1, 9), ["late"]);
    assert_eq!(play.done(1, 9), ["late"]);
    assert_eq!(play.drone.deadline(), None);
}

#[test]
fn what_a_method_gave_before_its_time_was_up_goes_out_with_its_end() {
    let mut play = limited();
    play.caller_says(&[request(1, "quick")]);
    play.now = SECOND - BUNDLE_TIME / 2;
    play.output(1, 7);
    assert_eq!(play.wait(), ["caller <- 1: result 7, 1: 504", "1 hung"]);
    // Of one that collects its results nothing is left.
    let mut play = limited();
    play.caller_says(&[request(1, "quick.atomic")]);
    play.output(1, 7);
    assert_eq!(play.wait(), ["caller <- 1: 504", "1 hung"]);
}

#[test]
fn a_method_may_have_a_limit_of_its_own_or_none() {
    let mut play = limited();
    play.caller_says(&[request(1, "quick")]);
    assert_eq!(play.drone.deadline(), Some(SECOND));
    let mut play = limited();
    play.caller_says(&[request(1, "any")]);
    assert_eq!(play.drone.deadline(), None);
    assert_eq!(play.done(1, 7), ["caller <- 1: result 7, 1: 205"]);
    // The time of the next one begins when it does.
    play.now = SECOND;
    play.caller_says(&[request(2, "many")]);
    assert_eq!(play.drone.deadline(), Some(4 * SECOND));
}

#[test]
fn neither_a_plea_for_time_nor_an_early_end_extends_the_limit() {
    let mut play = limited();
    play.caller_says(&[request(1, "many")]);
    play.now = 2 * SECOND;
    assert_eq!(play.step(DroneInput::Hold(1)), ["caller <- 1: 100"]);
    assert_eq!(
        play.step(DroneInput::Completed(1, None)),
        ["caller <- 1: 205"]
    );
    assert_eq!(play.wait(), ["1 hung"], "its caller has had the end");
    assert_eq!(play.now, 3 * SECOND);
}

#[test]
fn a_method_that_hangs_after_its_caller_left_costs_the_drone_all_the_same() {
    let mut play = limited();
    play.caller_says(&[request(1, "many")]);
    play.bounce(Condition::ServiceUnavailable, true);
    assert_eq!(play.wait(), ["1 hung"]);
}

#[test]
fn a_goodbye_in_the_stanza_of_its_request_is_no_leave() {
    let mut play = Play::new();
    let whole = [connect(), request(1, "one"), disconnect(2)];
    assert_eq!(play.assign(&whole), ["caller <- 0: 200", "run 1"]);
    assert_eq!(play.done(1, 7), ["caller <- 1: result 7, 1: 205", "free"]);
}

#[test]
fn a_caller_that_takes_leave_of_a_stateless_request_is_gone_for_its_method() {
    let mut play = Play::new();
    play.assign(&[request(1, "many")]);
    assert_eq!(play.caller_says(&[disconnect(1)]), ["caller of 1 is gone"]);
    assert_eq!(
        play.done(1, 7),
        ["caller <- 1: result 7, 1: 205", "free"],
        "it is answered all the same"
    );
}

#[test]
fn a_method_that_is_done_early_ends_its_request_and_keeps_its_drone() {
    let mut play = Play::new();
    play.assign(&[request(1, "many")]);
    play.output(1, 7);
    let last = Some(Json::from(8));
    assert_eq!(
        play.step(DroneInput::Completed(1, last)),
        ["caller <- 1: result 7, 1: result 8, 1: 205"]
    );
    assert!(play.output(1, 9).is_empty());
    assert!(play.step(DroneInput::Hold(1)).is_empty());
    assert!(play.step(DroneInput::Completed(1, None)).is_empty());
    assert_eq!(play.drone.deadline(), None);
    assert_eq!(play.done(1, 10), ["free"]);
}

#[test]
fn a_drone_is_awaited_until_everybody_has_had_the_end() {
    let mut play = Play::new();
    assert!(!play.drone.is_awaited());
    play.assign(&[request(1, "many")]);
    assert!(play.drone.is_awaited());
    play.caller_says(&[request(2, "one")]);
    play.step(DroneInput::Completed(1, None));
    assert!(play.drone.is_awaited(), "one waits behind it");
    play.done(1, 7);
    play.step(DroneInput::Completed(2, None));
    assert!(!play.drone.is_awaited() && !play.drone.is_free());
    play.done(2, 7);
    play.assign(&[connect()]);
    assert!(play.drone.is_awaited(), "its session is counted on");
    play.caller_says(&[request(1, "one")]);
    play.bounce(Condition::ServiceUnavailable, true);
    assert!(!play.drone.is_awaited());
}

#[test]
fn an_atomic_method_that_is_done_early_gives_all_it_had() {
    let mut play = Play::new();
    play.assign(&[request(1, "many.atomic")]);
    play.output(1, 7);
    assert_eq!(
        play.step(DroneInput::Completed(1, None)),
        ["caller <- 1: result [7], 1: 205"]
    );
    let failed = Outcome::Failed(Status::method_exception(500, "too late"));
    assert_eq!(play.step(DroneInput::Finished(1, failed)), ["free"]);
}

#[test]
fn a_session_that_has_had_its_requests_is_sent_elsewhere_with_307() {
    let mut play = Play::new();
    play.drone.rules.most_requests = Some(2);
    play.assign(&[connect()]);
    for trace in 1..=2 {
        let run = play.caller_says(&[request(trace, "one")]);
        assert_eq!(run, [format!("run {trace}")]);
        if trace == 2 {
            // They wait behind the last one.
            assert!(play.caller_says(&[request(3, "one")]).is_empty());
            assert!(play.caller_says(&[request(4, "one")]).is_empty());
        }
        let did = play.done(trace, 7);
        let all = [
            "caller <- 2: result 7, 2: 205",
            "caller <- 3: 307",
            "caller <- 4: 307",
            "free",
        ];
        assert!(trace == 1 || did == all, "{did:?}");
    }
    // So are late ones.
    assert_eq!(play.caller_says(&[request(5, "one")]), ["caller <- 5: 307"]);
    assert!(play.drone.is_free());
}

#[test]
fn a_session_that_is_idle_does_not_hold_up_a_drain() {
    let mut play = Play::connected();
    play.now = SECOND;
    assert!(play.step(DroneInput::Drain).is_empty());
    assert_eq!(play.wait(), ["caller <- 0: 408", "free"]);
    assert_eq!(play.now, 2 * SECOND);
    // What its caller had asked meanwhile is asked again elsewhere.
    let late = play.caller_says(&[request(1, "one")]);
    assert_eq!(late, ["caller <- 1: 307"]);
}

#[test]
fn a_session_in_use_goes_on_for_a_while_when_the_service_drains_and_is_then_sent_elsewhere() {
    let mut play = Play::connected();
    assert!(play.step(DroneInput::Drain).is_empty());
    let half = SECOND / 2;
    for trace in 1..=9 {
        play.now += half;
        let run = format!("run {trace}");
        assert_eq!(play.caller_says(&[request(trace, "one")]), [run]);
        let done = format!("caller <- {trace}: result 7, {trace}: 205");
        assert_eq!(play.done(trace, 7), [done]);
    }
    assert_eq!(play.caller_says(&[request(10, "one")]), ["run 10"]);
    play.now = 6 * SECOND;
    // It began in time, and is finished; what waits behind it is not.
    assert!(play.caller_says(&[request(11, "one")]).is_empty());
    assert!(play.caller_says(&[request(12, "one")]).is_empty());
    let end = [
        "caller <- 10: result 7, 10: 205",
        "caller <- 11: 307",
        "caller <- 12: 307",
        "free",
    ];
    assert_eq!(play.done(10, 7), end);
}

#[test]
fn a_drain_changes_nothing_for_stateless_requests_and_keeps_no_session_that_comes_late() {
    let mut play = Play::new();
    play.step(DroneInput::Drain);
    play.now = 60 * SECOND;
    assert_eq!(play.assign(&[request(1, "one")]), ["run 1"]);
    assert_eq!(play.done(1, 7), ["caller <- 1: result 7, 1: 205", "free"]);
    // One that began before the drain was known here is not kept.
    assert_eq!(play.assign(&[connect()]), ["caller <- 0: 200"]);
    assert_eq!(play.wait(), ["caller <- 0: 408", "free"]);
    assert_eq!(play.now, 60 * SECOND);
}

#[test]
fn stateless_requests_are_never_too_many() {
    let mut play = Play::new();
    play.drone.rules.most_requests = Some(1);
    assert_eq!(
        play.assign(&[request(1, "one"), request(2, "one")]),
        ["run 1"]
    );
    assert_eq!(play.done(1, 7), ["caller <- 1: result 7, 1: 205", "run 2"]);
}

#[test]
fn refusals_name_each_request_and_no_answer_is_refused() {
    let mut asked = saying(
        "thread",
        "xid",
        encode(&[connect(), request(5, "one"), disconnect(6)]),
    );
    assert_eq!(
        refuse(&asked, &Status::backlog_full()),
        None,
        "nobody sent it"
    );
    asked.from = Some(jid(CALLER));
    let refusal = refuse(&asked, &Status::backlog_full()).unwrap();
    let effect = DroneEffect::Send(refusal);
    assert_eq!(Play::new().word(&effect), "caller <- 0: 503, 5: 503");
    let noise = saying("thread", "xid", encode(&[disconnect(6)]));
    let noise = Stanza::from(Parts {
        from: Some(jid(CALLER)),
        ..noise.into_parts()
    });
    assert_eq!(refuse(&noise, &Status::backlog_full()), None);
}

#[derive(Debug, Clone)]
enum Move {
    Connect,
    Request,
    Disconnect,
    Bundle,
    Stranger,
    Output,
    Hold,
    Complete,
    Done,
    Fail,
    Wait,
}

fn moves() -> impl Strategy<Value = Move> {
    prop_oneof![
        1 => Just(Move::Connect),
        3 => Just(Move::Request),
        1 => Just(Move::Disconnect),
        1 => Just(Move::Bundle),
        1 => Just(Move::Stranger),
        1 => Just(Move::Output),
        1 => Just(Move::Hold),
        1 => Just(Move::Complete),
        3 => Just(Move::Done),
        1 => Just(Move::Fail),
        1 => Just(Move::Wait),
    ]
}

proptest! {
    #[test]
    fn every_request_of_a_session_gets_exactly_one_end(
        steps in prop::collection::vec(moves(), 0..100),
        most_requests in prop::option::of(1_u64..5),
        max_run in prop::option::of(1_u32..9),
    ) {
        let mut play = Play::new();
        play.drone.rules.most_requests = most_requests;
        play.drone.rules.max_run = max_run.map(|hundredths| hundredths * SECOND / 100);
        let (mut asked, mut ended) = (Vec::new(), Vec::new());
        let (mut trace, mut busy, mut dropped) = (0, false, 0);
        let mut words = Vec::new();
        let closing = std::iter::repeat_n(&Move::Done, 300);
        for step in steps.iter().chain(closing) {
            let run = play.drone.runs;
            trace += 1;
            let messages = match step {
                Move::Connect => vec![Message::new(trace, Body::Connect)],
                Move::Request | Move::Stranger => vec![request(trace, "many")],
                Move::Disconnect => vec![disconnect(trace)],
                Move::Bundle => {
                    trace += 1;
                    let first = request(trace - 1, "many.atomic");
                    vec![first, disconnect(trace), request(trace, "none")]
                }
                _ => vec![],
            };
            let requests = messages.iter().filter(|m| matches!(m.body, Body::Request(_)));
            let requests: Vec<_> = requests.map(|m| m.trace).collect();
            let outcome = match step {
                Move::Fail => Outcome::Failed(Status::method_exception(500, "no")),
                _ => Outcome::Done(None),
            };
            let did = match step {
                Move::Stranger => play.say(STRANGER, "thread", &messages),
                Move::Output => play.output(run, 1),
                Move::Hold => play.step(DroneInput::Hold(run)),
                Move::Complete => play.step(DroneInput::Completed(run, None)),
                Move::Done | Move::Fail => play.step(DroneInput::Finished(run, outcome)),
                Move::Wait if play.drone.deadline().is_none() => vec![],
                Move::Wait => play.wait(),
                _ if busy => play.caller_says(&messages),
                _ => {
                    busy = true;
                    play.assign(&messages)
                }
            };
            if did.iter().any(|word| word == "dropped") {
                dropped += requests.len();
            } else {
                asked.extend(requests);
            }
            for word in &did {
                // After it hung another drone would come; this one will do as well.
                let is_over = word == "free" || word.ends_with(" hung");
                prop_assert!(!is_over || std::mem::take(&mut busy), "freed twice");
            }
            words.extend(did);
        }
        for word in &words {
            let Some((_, said)) = word.split_once(" <- ") else { continue };
            for part in said.split(", ") {
                let (trace, what) = part.split_once(": ").expect("a trace and what was said");
                if matches!(what, "205" | "307" | "404" | "417" | "500" | "503" | "504") {
                    ended.push(trace.parse::<u64>().expect("a number"));
                }
            }
        }
        // A CONNECT may be refused too; it was not counted as a request.
        ended.retain(|trace| asked.contains(trace));
        ended.sort_unstable();
        prop_assert_eq!(ended, asked, "dropped: {}", dropped);
    }
}
