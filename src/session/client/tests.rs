mod rules;
mod walk;

use std::sync::Arc;
use std::time::Duration;

use super::*;
use crate::ids::Seed;
use crate::osrf::{self, Answer, Json, Message, Status, code};
use crate::stanza::{self, Condition, Extension, Parts, Stanza, StanzaError};

const SECOND: Duration = Duration::from_secs(1);
const SERVICE: &str = "router@private/acme.calc";
const SELF: &str = "opensrf@public/client";

fn jid(text: &str) -> Jid {
    Jid::parse(text).expect("an address")
}

/// `router` is the router's address of the service, all else a party of the service.
fn address(name: &str) -> Jid {
    match name {
        "router" => jid(SERVICE),
        name => jid(&format!("opensrf@private/{name}")),
    }
}

fn asked() -> Asked {
    Asked {
        method: "m".into(),
        params: vec![],
        timeout: 30 * SECOND,
        context: Arc::default(),
    }
}

/// A client, what it did last, and the threads that it uses.
struct Play {
    client: Client,
    now: Tick,
    /// Thread of the last stanza that it sent.
    thread: ByteString,
    sent: Vec<Stanza>,
}

impl Play {
    fn new() -> Self {
        let mut play = Self::offline();
        play.step(ClientInput::LinkUp);
        play
    }

    fn offline() -> Self {
        Self {
            client: Client::new(Names::new(Seed::new(1))),
            now: Tick::ZERO,
            thread: ByteString::new(),
            sent: Vec::new(),
        }
    }

    /// A client whose session 1 is connected to the drone `d1`.
    fn connected() -> Self {
        let mut play = Self::new();
        play.open(1);
        play.status("d1", 0, Status::connected());
        play
    }

    fn step(&mut self, input: ClientInput) -> Vec<String> {
        let mut out = Vec::new();
        self.client.handle(self.now, input, &mut out);
        self.words(out)
    }

    /// Lets time pass to its deadline.
    fn wait(&mut self) -> Vec<String> {
        self.now = self.client.deadline().expect("it waits for something");
        let mut out = Vec::new();
        self.client.wake(self.now, &mut out);
        self.words(out)
    }

    /// Effects as words: `router <- CONNECT 0`, `d1 <- REQUEST 1 m`, `opened 1`, `1: result 7`.
    fn words(&mut self, effects: Vec<ClientEffect>) -> Vec<String> {
        let mut words = Vec::new();
        for effect in effects {
            match effect {
                ClientEffect::Send(stanza) => {
                    words.push(Self::sending(&stanza));
                    self.thread = stanza.thread();
                    assert_eq!(stanza.id, self.thread);
                    self.sent.push(stanza);
                }
                ClientEffect::Deliver(id, Event::Result(json)) => {
                    words.push(format!("{id}: result {json}"));
                }
                ClientEffect::Deliver(id, Event::Complete) => words.push(format!("{id}: complete")),
                ClientEffect::Deliver(id, Event::Failed(error)) => {
                    words.push(format!("{id}: failed {error}"));
                }
                ClientEffect::Opened(id) => words.push(format!("opened {id}")),
                ClientEffect::OpenFailed(id, error) => {
                    words.push(format!("session {id} failed {error}"));
                }
            }
        }
        words
    }

    fn sending(stanza: &Stanza) -> String {
        let to = stanza.to.as_ref().expect("it goes somewhere");
        let to = match to.resource() {
            _ if *to == jid(SERVICE) => "router",
            name => name.expect("all have one"),
        };
        let messages = osrf::decode(&stanza.decode().body).expect("it holds messages");
        let [message] = &messages[..] else {
            panic!("one message each: {messages:?}");
        };
        let trace = message.trace;
        match &message.body {
            Body::Connect => format!("{to} <- CONNECT {trace}"),
            Body::Disconnect => format!("{to} <- DISCONNECT"),
            Body::Request(request) => format!("{to} <- REQUEST {trace} {}", request.method),
            other => panic!("a client does not say {other:?}"),
        }
    }

    fn call(&mut self, request: RequestId) -> Vec<String> {
        self.step(ClientInput::Call {
            request,
            service: jid(SERVICE),
            asked: asked(),
        })
    }

    fn open(&mut self, session: SessionId) -> Vec<String> {
        self.step(ClientInput::Open {
            session,
            service: jid(SERVICE),
            timeout: 5 * SECOND,
            context: Arc::default(),
        })
    }

    fn ask(&mut self, request: RequestId) -> Vec<String> {
        self.step(ClientInput::Request {
            session: 1,
            request,
            asked: asked(),
        })
    }

    fn say(&mut self, from: &str, messages: &[Message]) -> Vec<String> {
        let body = osrf::encode(messages);
        self.hear(from, body)
    }

    fn hear(&mut self, from: &str, body: ByteString) -> Vec<String> {
        let message = stanza::Message {
            thread: self.thread.clone(),
            body: body.into(),
            ..stanza::Message::default()
        };
        self.step(ClientInput::Stanza(Stanza::from(Parts {
            from: Some(address(from)),
            ..Stanza::message(jid(SELF), message).into_parts()
        })))
    }

    fn status(&mut self, from: &str, trace: u64, status: Status) -> Vec<String> {
        self.say(from, &[Message::status(trace, status)])
    }

    fn fail(&mut self, from: &str, trace: u64, code: u16) -> Vec<String> {
        self.status(from, trace, Status::method_exception(code, "text"))
    }

    fn result(&mut self, from: &str, trace: u64, value: i64) -> Vec<String> {
        self.say(from, &[Message::result(trace, Json::from(value))])
    }

    /// The last result of a request and its end, in one stanza.
    fn answer(&mut self, from: &str, trace: u64, value: i64) -> Vec<String> {
        let result = Message::result(trace, Json::from(value));
        let end = Message::status(trace, Status::complete());
        self.say(from, &[result, end])
    }

    fn piece(&mut self, from: &str, trace: u64, code: u16, text: &str) -> Vec<String> {
        let content = Json::string(text);
        let answer = Answer { code, content };
        self.say(from, &[Message::new(trace, Body::Result(answer))])
    }

    /// What was sent last comes back.
    fn bounce(&mut self) -> Vec<String> {
        let last = self.sent.last().expect("something was sent");
        let error = StanzaError::new(Condition::ServiceUnavailable).with_text("gone");
        let bounce = last.bounce(error).expect("messages bounce");
        self.step(ClientInput::Stanza(bounce))
    }

    /// Asserts that nothing is kept but open sessions.
    fn assert_forgotten(&self) {
        assert_eq!(self.client.open_requests(), 0);
        assert_eq!(self.client.deadline(), None);
        assert_eq!(self.client.conversations.len(), self.client.sessions.len());
        let mut rest = self.client.conversations.iter();
        assert!(rest.all(|(_, c)| c.open.is_empty()));
    }
}

const UNREACHABLE: &str =
    "failed router@private/acme.calc cannot be reached: service-unavailable (gone)";

#[test]
fn stateless_requests_go_to_the_router_also_after_an_answer() {
    let mut play = Play::new();
    assert_eq!(play.call(1), ["router <- REQUEST 1 m"]);
    assert_eq!(play.answer("d1", 1, 7), ["1: result 7", "1: complete"]);
    assert_eq!(play.call(2), ["router <- REQUEST 1 m"]);
    assert_eq!(play.answer("d2", 1, 8), ["2: result 8", "2: complete"]);
    play.assert_forgotten();
}

#[test]
fn a_session_stays_with_the_drone_that_answered() {
    let mut play = Play::new();
    assert_eq!(play.open(1), ["router <- CONNECT 0"]);
    assert_eq!(play.status("d1", 0, Status::connected()), ["opened 1"]);
    assert_eq!(play.ask(1), ["d1 <- REQUEST 1 m"]);
    assert_eq!(play.ask(2), ["d1 <- REQUEST 2 m"]);
    assert_eq!(play.step(ClientInput::Close(1)).len(), 3);
}

#[test]
fn requests_made_while_connecting_follow_in_order() {
    let mut play = Play::new();
    play.open(1);
    assert!(play.ask(1).is_empty());
    assert!(play.ask(2).is_empty());
    assert_eq!(
        play.status("d1", 0, Status::connected()),
        ["opened 1", "d1 <- REQUEST 1 m", "d1 <- REQUEST 2 m"]
    );
}

#[test]
fn a_session_that_nobody_answers_fails_in_time_and_leaves_nothing() {
    let mut play = Play::new();
    play.open(1);
    play.ask(7);
    assert_eq!(
        play.wait(),
        [
            "7: failed no session within 5s",
            "session 1 failed no session within 5s"
        ]
    );
    assert_eq!(play.now, 5 * SECOND);
    play.assert_forgotten();
    assert_eq!(play.ask(8), ["8: failed the session is closed"]);
    // The drone that answers after all is let go.
    assert_eq!(
        play.status("d1", 0, Status::connected()),
        ["d1 <- DISCONNECT"]
    );
    assert!(play.client.sessions.is_empty());
}

#[test]
fn a_session_whose_connect_is_refused_fails_with_the_reason() {
    // The second is upstream's listener, which names request 1 whatever was asked.
    for trace in [0, 1] {
        let mut play = Play::new();
        play.open(1);
        play.ask(7);
        assert_eq!(
            play.fail("listener", trace, code::SERVICE_UNAVAILABLE),
            ["7: failed 503 text", "session 1 failed 503 text"]
        );
        play.assert_forgotten();
    }
}

#[test]
fn a_session_with_an_unknown_service_fails_at_once() {
    let mut play = Play::new();
    play.open(1);
    let unreachable = format!("session 1 {UNREACHABLE}");
    assert_eq!(play.bounce(), [unreachable]);
    play.assert_forgotten();
}

#[test]
fn a_session_says_goodbye_to_its_drone_and_waits_for_no_reply() {
    let mut play = Play::connected();
    play.ask(1);
    assert_eq!(
        play.step(ClientInput::Close(1)),
        ["1: failed the session is closed", "d1 <- DISCONNECT"]
    );
    play.assert_forgotten();
    assert!(play.answer("d1", 1, 7).is_empty());
    assert!(play.bounce().is_empty());
    assert!(play.step(ClientInput::Close(1)).is_empty());
}

#[test]
fn a_session_closed_while_connecting_lets_the_drone_go_that_answers() {
    let mut play = Play::new();
    play.open(1);
    assert!(play.step(ClientInput::Close(1)).is_empty());
    play.assert_forgotten();
    assert_eq!(
        play.status("d1", 0, Status::connected()),
        ["d1 <- DISCONNECT"]
    );
}

#[test]
fn interleaved_answers_find_their_requests() {
    let mut play = Play::connected();
    play.ask(11);
    play.ask(12);
    assert_eq!(play.result("d1", 2, 20), ["12: result 20"]);
    assert_eq!(play.result("d1", 1, 10), ["11: result 10"]);
    assert_eq!(play.status("d1", 2, Status::complete()), ["12: complete"]);
    assert_eq!(play.answer("d1", 1, 11), ["11: result 11", "11: complete"]);
    play.assert_forgotten();
}

#[test]
fn a_service_that_asks_for_time_gets_it() {
    let mut play = Play::new();
    play.call(1);
    play.now = 20 * SECOND;
    assert!(play.status("d1", 1, Status::please_hold()).is_empty());
    assert_eq!(play.client.deadline(), Some(50 * SECOND));
    play.result("d1", 1, 7);
    assert_eq!(
        play.client.deadline(),
        Some(50 * SECOND),
        "results give none"
    );
    assert_eq!(
        play.wait(),
        ["d1 <- DISCONNECT", "1: failed no answer within 30s"]
    );
}

#[test]
fn a_timed_out_request_ends_once_and_late_answers_are_ignored() {
    let mut play = Play::new();
    play.call(1);
    assert_eq!(play.wait(), ["1: failed no answer within 30s"]);
    assert!(play.answer("d1", 1, 7).is_empty());
    play.assert_forgotten();
}

#[test]
fn no_data_is_not_a_time_out() {
    let mut play = Play::new();
    play.call(1);
    assert_eq!(play.status("d1", 1, Status::complete()), ["1: complete"]);
}

#[test]
fn an_endless_time_out_is_possible() {
    let mut play = Play::new();
    play.now = SECOND;
    let request = ClientInput::Call {
        request: 1,
        service: jid(SERVICE),
        asked: Asked {
            timeout: Duration::MAX,
            ..asked()
        },
    };
    assert_eq!(play.step(request).len(), 1);
    assert!(play.status("d1", 1, Status::please_hold()).is_empty());
    assert_eq!(play.answer("d1", 1, 1).len(), 2);
}

#[test]
fn a_session_that_was_redirected_or_lost_asks_again_with_the_same_number() {
    let redirected = Status {
        code: code::REDIRECTED,
        ..Status::connected()
    };
    type Loss = Box<dyn Fn(&mut Play) -> Vec<String>>;
    let losses: [Loss; 3] = [
        Box::new(move |play| play.status("d1", 2, redirected.clone())),
        Box::new(|play| play.status("d1", 0, Status::idle_too_long())),
        Box::new(Play::bounce),
    ];
    for lose in losses {
        let mut play = Play::connected();
        play.ask(11);
        play.answer("d1", 1, 10);
        play.ask(12);
        assert_eq!(lose(&mut play), ["router <- CONNECT 3"]);
        assert_eq!(
            play.status("d2", 3, Status::connected()),
            ["d2 <- REQUEST 2 m"]
        );
        assert_eq!(play.answer("d2", 2, 20), ["12: result 20", "12: complete"]);
        play.assert_forgotten();
    }
}

#[test]
fn a_session_that_ended_idle_connects_again_for_the_next_request() {
    let mut play = Play::connected();
    for (drone, trace) in [
        ("d1", 1),
        ("d2", 3),
        ("d3", 5),
        ("d4", 7),
        ("d5", 9),
        ("d6", 11),
    ] {
        let next = format!("d{}", &drone[1..].parse::<u8>().unwrap() + 1);
        assert!(play.status(drone, 0, Status::idle_too_long()).is_empty());
        assert_eq!(
            play.ask(trace),
            [format!("router <- CONNECT {}", trace + 1)]
        );
        assert_eq!(
            play.status(&next, trace + 1, Status::connected()),
            [format!("{next} <- REQUEST {trace} m")]
        );
        assert_eq!(play.answer(&next, trace, 1).len(), 2);
    }
    play.assert_forgotten();
}

#[test]
fn a_stateless_request_that_is_redirected_is_sent_to_the_router_again() {
    let mut play = Play::new();
    play.call(1);
    let first = play.sent[0].clone();
    let redirected = Status {
        code: code::REDIRECTED,
        ..Status::connected()
    };
    for _ in 0..3 {
        assert_eq!(
            play.status("d1", 1, redirected.clone()),
            ["router <- REQUEST 1 m"]
        );
        assert_eq!(play.sent.last(), Some(&first));
    }
    assert_eq!(
        play.status("d1", 1, redirected),
        ["1: failed drones were lost before the request was complete, 4 in all"]
    );
    play.assert_forgotten();
}

#[test]
fn a_request_that_loses_every_drone_fails_and_the_session_can_go_on() {
    let mut play = Play::connected();
    play.ask(11);
    for (drone, connect) in [("d2", 2), ("d3", 3), ("d4", 4)] {
        assert_eq!(play.bounce(), [format!("router <- CONNECT {connect}")]);
        play.status(drone, connect, Status::connected());
    }
    assert_eq!(
        play.bounce(),
        ["11: failed drones were lost before the request was complete, 4 in all"]
    );
    assert_eq!(play.ask(12), ["router <- CONNECT 6"]);
}

#[test]
fn a_request_that_has_had_a_result_is_not_asked_again() {
    let mut play = Play::connected();
    play.ask(11);
    play.ask(12);
    play.result("d1", 1, 7);
    assert_eq!(
        play.bounce(),
        [
            "11: failed drones were lost before the request was complete, 1 in all",
            "router <- CONNECT 3"
        ]
    );
}

#[test]
fn a_mangled_session_ends_with_all_its_requests_and_connects_anew() {
    let mut play = Play::connected();
    play.ask(11);
    play.ask(12);
    assert_eq!(
        play.status("d1", 1, Status::broken_session("mangled")),
        ["11: failed 417 mangled", "12: failed 417 mangled"]
    );
    assert_eq!(play.ask(13), ["router <- CONNECT 4"]);
}

#[test]
fn an_error_status_ends_the_request_without_a_205() {
    for status in [400, 404, 500, 503] {
        let mut play = Play::new();
        play.call(1);
        assert_eq!(
            play.fail("d1", 1, status),
            [format!("1: failed {status} text")]
        );
        assert!(play.fail("d1", 1, status).is_empty());
        play.assert_forgotten();
    }
}

#[test]
fn an_error_about_no_request_ends_them_all() {
    let mut play = Play::connected();
    play.ask(11);
    play.ask(12);
    assert_eq!(
        play.fail("d1", 0, 500),
        ["11: failed 500 text", "12: failed 500 text"]
    );
}

#[test]
fn an_error_about_a_request_that_timed_out_disturbs_no_other() {
    let mut play = Play::connected();
    play.ask(11);
    play.now = 10 * SECOND;
    play.ask(12);
    assert_eq!(play.wait(), ["11: failed no answer within 30s"]);
    assert!(play.fail("d1", 1, 500).is_empty());
    assert_eq!(play.answer("d1", 2, 7), ["12: result 7", "12: complete"]);
}

#[test]
fn a_bounce_from_the_router_fails_the_request_at_once() {
    let mut play = Play::new();
    play.call(1);
    assert_eq!(play.bounce(), [format!("1: {UNREACHABLE}")]);
    assert!(play.bounce().is_empty());
    play.assert_forgotten();
}

#[test]
fn a_bounce_that_brings_back_only_the_id_is_understood() {
    let mut play = Play::new();
    play.call(1);
    let error = StanzaError::new(Condition::ServiceUnavailable).with_text("gone");
    let bare = stanza::Message {
        error: Some(error),
        ..stanza::Message::default()
    };
    let bounce = Stanza::from(Parts {
        from: Some(jid(SERVICE)),
        id: play.thread.clone(),
        stanza_type: "error".into(),
        ..Stanza::message(jid(SELF), bare).into_parts()
    });
    assert_eq!(
        play.step(ClientInput::Stanza(bounce)),
        [format!("1: {UNREACHABLE}")]
    );
}

#[test]
fn the_routers_notice_is_understood_without_type_and_with_our_own_address_in_it() {
    let mut play = Play::new();
    play.call(1);
    let error = StanzaError {
        code: Some(501),
        ..StanzaError::new(Condition::ServiceUnavailable).with_text("gone")
    };
    let mut notice = play.sent[0].bounce(error).unwrap();
    notice.stanza_type = ByteString::new();
    let stanza::Payload::Message(message) = &mut notice.payload else {
        panic!("it was made here");
    };
    std::sync::Arc::make_mut(message).opensrf = Extension {
        router_from: Some(jid(SELF)),
        ..Extension::default()
    };
    assert_eq!(
        play.step(ClientInput::Stanza(notice)),
        [format!("1: {UNREACHABLE}")]
    );
}

#[test]
fn pieces_come_out_as_one_result_and_do_not_mix() {
    let mut play = Play::connected();
    play.ask(11);
    play.ask(12);
    for (trace, text) in [(1, "[1"), (2, "[2"), (1, ",1]"), (2, "]")] {
        assert!(play.piece("d1", trace, code::PARTIAL, text).is_empty());
    }
    assert_eq!(
        play.piece("d1", 2, code::NO_CONTENT, ""),
        ["12: result [2]"]
    );
    assert_eq!(
        play.piece("d1", 1, code::NO_CONTENT, ""),
        ["11: result [1,1]"]
    );
    assert!(play.piece("d1", 1, code::NO_CONTENT, "").is_empty());
}

#[test]
fn pieces_of_a_drone_that_was_lost_do_not_mix_with_those_of_the_next() {
    let mut play = Play::connected();
    play.ask(11);
    play.piece("d1", 1, code::PARTIAL, "[1");
    play.bounce();
    play.piece("d1", 1, code::PARTIAL, ",2");
    play.status("d2", 2, Status::connected());
    play.piece("d1", 1, code::PARTIAL, ",3");
    play.piece("d2", 1, code::PARTIAL, "[9]");
    assert_eq!(
        play.piece("d2", 1, code::NO_CONTENT, ""),
        ["11: result [9]"]
    );
}

#[test]
fn pieces_that_do_not_fit_fail_the_request_once() {
    let mut play = Play::new();
    play.call(1);
    play.piece("d1", 1, code::PARTIAL, "[1");
    assert_eq!(
        play.piece("d1", 1, code::NO_CONTENT, ""),
        [
            "d1 <- DISCONNECT",
            "1: failed the pieces of a result are no JSON together"
        ]
    );
    assert!(play.piece("d1", 1, code::PARTIAL, "[1").is_empty());
    play.assert_forgotten();
}

#[test]
fn an_answer_that_cannot_be_read_fails_the_request() {
    let mut play = Play::new();
    play.call(1);
    assert_eq!(
        play.hear("d1", "hello".into()),
        ["1: failed the answer holds no OpenSRF message"]
    );
    let mut play = Play::connected();
    play.ask(1);
    assert!(play.hear("stranger", "hello".into()).is_empty());
}

#[test]
fn only_the_sessions_drone_answers() {
    let mut play = Play::connected();
    play.ask(1);
    assert!(play.answer("d2", 1, 7).is_empty());
    assert!(play.fail("d2", 1, 500).is_empty());
    assert!(play.status("d2", 1, Status::idle_too_long()).is_empty());
    assert!(play.status("d1", 0, Status::connected()).is_empty());
    assert_eq!(
        play.status("d2", 0, Status::connected()),
        ["d2 <- DISCONNECT"]
    );
    assert_eq!(play.answer("d1", 1, 7), ["1: result 7", "1: complete"]);
}

#[test]
fn news_of_the_drones_death_from_its_listener_end_the_requests() {
    let mut play = Play::connected();
    play.ask(11);
    assert_eq!(play.fail("listener", 0, 500), ["11: failed 500 text"]);
    assert_eq!(play.ask(12), ["router <- CONNECT 3"]);
    // The listener may say it of the first drone only now.
    assert!(play.fail("listener", 0, 500).is_empty());
    play.status("d2", 3, Status::connected());
    assert!(play.fail("listener", 0, 500).is_empty());
    assert_eq!(play.answer("d2", 2, 7), ["12: result 7", "12: complete"]);
}

#[test]
fn a_late_bounce_of_an_earlier_connect_does_not_end_the_session() {
    let mut play = Play::connected();
    play.ask(11);
    let connect = play.sent[0].clone();
    let bounce = connect
        .bounce(Condition::ServiceUnavailable.into())
        .unwrap();
    assert!(play.step(ClientInput::Stanza(bounce)).is_empty());
    assert_eq!(play.answer("d1", 1, 7).len(), 2);
}

#[test]
fn a_session_that_cannot_connect_again_fails_its_requests_and_stays() {
    let mut play = Play::connected();
    play.status("d1", 0, Status::idle_too_long());
    play.ask(11);
    assert_eq!(play.wait(), ["11: failed no session within 5s"]);
    assert_eq!(play.ask(12), ["router <- CONNECT 4"]);
    assert_eq!(
        play.status("d2", 4, Status::connected()),
        ["d2 <- REQUEST 3 m"]
    );
    assert!(play.client.sessions.len() == 1);
}

#[test]
fn a_request_that_times_out_while_connecting_is_never_sent() {
    let mut play = Play::new();
    play.open(1);
    play.step(ClientInput::Request {
        session: 1,
        request: 7,
        asked: Asked {
            timeout: SECOND,
            ..asked()
        },
    });
    assert_eq!(play.wait(), ["7: failed no answer within 1s"]);
    assert_eq!(play.status("d1", 0, Status::connected()), ["opened 1"]);
}

#[test]
fn nothing_more_is_said_about_a_cancelled_request() {
    let mut play = Play::new();
    play.call(1);
    assert!(play.step(ClientInput::Cancel(1)).is_empty());
    assert!(play.answer("d1", 1, 7).is_empty());
    play.assert_forgotten();
    let mut play = Play::new();
    play.open(1);
    play.ask(7);
    play.step(ClientInput::Cancel(7));
    assert_eq!(play.status("d1", 0, Status::connected()), ["opened 1"]);
    play.assert_forgotten();
}

#[test]
fn without_a_link_everything_fails_at_once() {
    const OFFLINE: &str = "failed not connected to the Jabber server";
    let mut play = Play::offline();
    play.step(ClientInput::LinkDown);
    assert_eq!(play.call(1), [format!("1: {OFFLINE}")]);
    assert_eq!(play.open(1), [format!("session 1 {OFFLINE}")]);
    play.assert_forgotten();
    let mut play = Play::connected();
    play.ask(11);
    play.open(2);
    play.call(12);
    let mut ends = play.step(ClientInput::LinkDown);
    ends.sort_unstable();
    assert_eq!(
        ends,
        [
            format!("11: {OFFLINE}"),
            format!("12: {OFFLINE}"),
            format!("session 2 {OFFLINE}")
        ]
    );
    play.assert_forgotten();
    assert_eq!(play.ask(13), [format!("13: {OFFLINE}")]);
    play.step(ClientInput::LinkUp);
    assert_eq!(play.ask(14), ["router <- CONNECT 3"]);
}

#[test]
fn what_is_asked_before_the_first_log_in_is_sent_after_it_in_order() {
    let mut play = Play::offline();
    assert!(play.call(1).is_empty());
    assert!(play.open(2).is_empty());
    assert!(play.call(3).is_empty());
    assert!(play.call(4).is_empty());
    assert!(play.step(ClientInput::Cancel(3)).is_empty());
    play.now = 10 * SECOND;
    let sent = play.step(ClientInput::LinkUp);
    assert_eq!(
        sent,
        [
            "router <- REQUEST 1 m",
            "router <- CONNECT 0",
            "router <- REQUEST 1 m"
        ]
    );
    // It says what is left of its time.
    assert_eq!(play.sent[0].timeout(), Some(20 * SECOND));
    assert!(play.step(ClientInput::LinkUp).is_empty());
}

/// It once began to wait only when it was sent.
#[test]
fn what_is_asked_before_the_first_log_in_has_its_time_from_then() {
    let mut play = Play::offline();
    play.call(1);
    play.open(2);
    assert_eq!(play.wait(), ["session 2 failed no session within 5s"]);
    assert_eq!(play.wait(), ["1: failed no answer within 30s"]);
    play.assert_forgotten();
    assert!(play.step(ClientInput::LinkUp).is_empty());
}

#[test]
fn more_than_a_mailbox_before_the_first_log_in_fails_at_once() {
    let mut play = Play::offline();
    for request in 0..MAILBOX as u64 {
        assert!(play.call(request).is_empty());
    }
    assert_eq!(play.call(99_999).len(), 1);
    assert_eq!(play.step(ClientInput::LinkDown).len(), MAILBOX);
    play.assert_forgotten();
}

#[test]
fn strangers_and_odd_stanzas_change_nothing() {
    let mut play = Play::new();
    play.call(1);
    let mut odd = play.sent[0].clone();
    odd.from = None;
    assert!(play.step(ClientInput::Stanza(odd.clone())).is_empty());
    odd.from = Some(address("d1"));
    odd.kind = stanza::Kind::Iq;
    assert!(play.step(ClientInput::Stanza(odd)).is_empty());
    let thread = std::mem::replace(&mut play.thread, "unknown".into());
    assert!(play.answer("d1", 1, 7).is_empty());
    play.thread = thread;
    assert!(
        play.say("d1", &[Message::new(1, Body::Disconnect)])
            .is_empty()
    );
    assert_eq!(play.answer("d1", 1, 7).len(), 2);
}
