//! A random walk over a client in a network that loses, repeats and delays.

use std::collections::BTreeMap;
use std::sync::Arc;

use proptest::prelude::*;

use super::*;
use crate::stanza::Parts;

/// One move of a network that loses, repeats and delays.
#[derive(Debug, Clone)]
enum Move {
    Call,
    Open,
    Ask(usize),
    Cancel(usize),
    /// A drone says something odd in answer to the n-th stanza on its way to the service.
    Babble(usize, u64, Babble),
    Close(usize),
    /// The n-th stanza on its way to the service is taken.
    Serve(usize),
    Lose(usize),
    Repeat(usize),
    Bounce(usize),
    /// The n-th stanza on its way to the client arrives.
    Arrive(usize),
    Kill(usize),
    Wait,
    LinkDown,
    LinkUp,
}

/// What nobody has asked for, or not now.
#[derive(Debug, Clone)]
enum Babble {
    Status(u16),
    Piece(u16, &'static str),
    Result,
    Garbage,
}

fn babble() -> impl Strategy<Value = Babble> {
    let codes = [0, 100, 200, 202, 205, 301, 307, 404, 408, 417, 500, 503];
    let pieces = [
        (code::PARTIAL, "[1"),
        (code::PARTIAL, "]"),
        (code::NO_CONTENT, ""),
    ];
    prop_oneof![
        4 => prop::sample::select(codes.to_vec()).prop_map(Babble::Status),
        3 => prop::sample::select(pieces.to_vec()).prop_map(|(code, text)| Babble::Piece(code, text)),
        1 => Just(Babble::Result),
        1 => Just(Babble::Garbage),
    ]
}

fn moves() -> impl Strategy<Value = Move> {
    let n = 0_usize..8;
    prop_oneof![
        3 => Just(Move::Call),
        2 => Just(Move::Open),
        4 => n.clone().prop_map(Move::Ask),
        1 => n.clone().prop_map(Move::Cancel),
        1 => n.clone().prop_map(Move::Close),
        8 => n.clone().prop_map(Move::Serve),
        3 => (n.clone(), 0_u64..4, babble()).prop_map(|(which, trace, words)| {
            Move::Babble(which, trace, words)
        }),
        1 => n.clone().prop_map(Move::Lose),
        1 => n.clone().prop_map(Move::Repeat),
        1 => n.clone().prop_map(Move::Bounce),
        8 => n.clone().prop_map(Move::Arrive),
        1 => n.prop_map(Move::Kill),
        1 => Just(Move::Wait),
        1 => Just(Move::LinkDown),
        2 => Just(Move::LinkUp),
    ]
}

/// A client, a service that answers as chance will have it, and what is between them.
struct World {
    client: Client,
    now: Tick,
    to_service: Vec<Stanza>,
    to_client: Vec<Stanza>,
    drones: usize,
    dead: Vec<Jid>,
    /// Each request, and how often it ended.
    requests: BTreeMap<RequestId, u32>,
    sessions: BTreeMap<SessionId, u32>,
    /// How the last requests were answered, round and round.
    script: usize,
    online: bool,
    /// What each number of each conversation was used for.
    numbers: BTreeMap<(ByteString, u64), &'static str>,
}

impl World {
    fn handle(&mut self, input: ClientInput) {
        let mut out = Vec::new();
        self.client.handle(self.now, input, &mut out);
        self.perform(out);
    }

    fn perform(&mut self, effects: Vec<ClientEffect>) {
        for effect in effects {
            match effect {
                ClientEffect::Send(stanza) => {
                    self.note(&stanza);
                    self.to_service.push(Stanza::from(Parts {
                        from: Some(jid(SELF)),
                        ..stanza.into_parts()
                    }));
                }
                ClientEffect::Deliver(id, Event::Result(_)) => {
                    assert_eq!(self.requests[&id], 0, "a result after the end");
                }
                ClientEffect::Deliver(id, _) => *self.requests.entry(id).or_default() += 1,
                ClientEffect::Opened(id) | ClientEffect::OpenFailed(id, _) => {
                    *self.sessions.entry(id).or_default() += 1;
                }
            }
        }
    }

    /// Checks what it says: CONNECT goes to the router, DISCONNECT to a drone, and no number is used
    /// for two things in one conversation.
    fn note(&mut self, stanza: &Stanza) {
        let to_router = stanza.to == Some(jid(SERVICE));
        let said = stanza.decode();
        for message in osrf::decode(&said.body).expect("our own") {
            let what = match message.body {
                Body::Connect => {
                    assert!(to_router, "CONNECT to a drone");
                    "CONNECT"
                }
                Body::Disconnect => {
                    assert!(!to_router, "DISCONNECT to the router");
                    continue;
                }
                _ => "REQUEST",
            };
            assert!(self.online, "asked while off the bus");
            let use_of = (said.thread.clone(), message.trace);
            let before = self.numbers.entry(use_of).or_insert(what);
            assert_eq!(*before, what, "a number used twice");
        }
    }

    fn wait(&mut self) {
        if let Some(due) = self.client.deadline() {
            self.now = self.now.max(due);
            let mut out = Vec::new();
            self.client.wake(self.now, &mut out);
            self.perform(out);
        }
    }

    /// A drone takes a stanza and says something more or less fitting.
    fn serve(&mut self, stanza: &Stanza) {
        let to = stanza.to.clone().expect("it goes somewhere");
        if self.dead.contains(&to) {
            let bounce = stanza.bounce(Condition::ServiceUnavailable.into());
            return self.to_client.extend(bounce);
        }
        let drone = if to == jid(SERVICE) {
            self.drones += 1;
            address(&format!("d{}", self.drones))
        } else {
            to
        };
        let message = stanza.decode();
        for asked in osrf::decode(&message.body).expect("our own") {
            self.script += 1;
            let trace = asked.trace;
            let statuses = match asked.body {
                Body::Connect => vec![Status::connected()],
                Body::Request(_) => self.outcome(),
                _ => vec![],
            };
            let result = Message::result(trace, Json::from(1));
            let messages: Vec<_> = [result]
                .into_iter()
                .filter(|_| self.script.is_multiple_of(2))
                .chain(statuses.into_iter().map(|s| Message::status(trace, s)))
                .collect();
            if !messages.is_empty() {
                let reply = stanza::Message {
                    thread: message.thread.clone(),
                    body: osrf::encode(&messages).into(),
                    ..stanza::Message::default()
                };
                self.to_client.push(Stanza::from(Parts {
                    from: Some(drone.clone()),
                    ..Stanza::message(jid(SELF), reply).into_parts()
                }));
            }
        }
    }

    /// A drone, or whoever the stanza goes to, says something that was not asked for.
    fn babble(&mut self, stanza: &Stanza, trace: u64, words: &Babble) {
        let message = match *words {
            Babble::Status(code) => {
                let status = Status {
                    code,
                    ..Status::connected()
                };
                Message::status(trace, status)
            }
            Babble::Piece(code, text) => {
                let content = Json::string(text);
                Message::new(trace, Body::Result(Answer { code, content }))
            }
            Babble::Result | Babble::Garbage => Message::result(trace, Json::NULL),
        };
        let body = match words {
            Babble::Garbage => "[]".into(),
            _ => osrf::encode([&message]),
        };
        let from = match stanza.to.clone() {
            Some(to) if to != jid(SERVICE) => to,
            _ => address("d1"),
        };
        let reply = stanza::Message {
            thread: stanza.thread(),
            body: body.into(),
            ..stanza::Message::default()
        };
        self.handle(ClientInput::Stanza(Stanza::from(Parts {
            from: Some(from),
            ..Stanza::message(jid(SELF), reply).into_parts()
        })));
    }

    fn outcome(&self) -> Vec<Status> {
        let redirected = Status {
            code: code::REDIRECTED,
            ..Status::connected()
        };
        match self.script % 11 {
            0 => vec![redirected],
            1 => vec![Status::broken_session("mangled")],
            2 => vec![Status::method_exception(500, "failed")],
            3 => vec![Status::complete(), Status::complete()],
            4 => vec![Status::please_hold()],
            5 => vec![Status::idle_too_long()],
            6 => vec![],
            _ => vec![Status::complete()],
        }
    }

    fn go(&mut self, step: &Move) {
        let pick = |which: usize, len: usize| (len > 0).then(|| which % len);
        let service = jid(SERVICE);
        let request = self.requests.len() as RequestId;
        match *step {
            Move::Call => {
                self.requests.insert(request, 0);
                self.handle(ClientInput::Call {
                    request,
                    service,
                    asked: asked(),
                });
            }
            Move::Open => {
                let session = self.sessions.len() as SessionId;
                self.sessions.insert(session, 0);
                self.handle(ClientInput::Open {
                    session,
                    service,
                    timeout: 5 * SECOND,
                    context: Arc::default(),
                });
            }
            Move::Ask(which) => {
                if let Some(session) = pick(which, self.sessions.len()) {
                    self.requests.insert(request, 0);
                    self.handle(ClientInput::Request {
                        session: session as SessionId,
                        request,
                        asked: asked(),
                    });
                }
            }
            Move::Cancel(which) => {
                if let Some(id) = pick(which, self.requests.len()) {
                    let id = id as RequestId;
                    self.handle(ClientInput::Cancel(id));
                    self.requests.insert(id, 1);
                }
            }
            Move::Close(which) => {
                if let Some(id) = pick(which, self.sessions.len()) {
                    let id = id as SessionId;
                    self.handle(ClientInput::Close(id));
                    self.sessions.insert(id, 1);
                }
            }
            Move::Serve(which) => {
                if let Some(at) = pick(which, self.to_service.len()) {
                    let stanza = self.to_service.remove(at);
                    self.serve(&stanza);
                }
            }
            Move::Babble(which, trace, ref words) => {
                if let Some(at) = pick(which, self.to_service.len()) {
                    let stanza = self.to_service[at].clone();
                    self.babble(&stanza, trace, words);
                }
            }
            Move::Lose(which) => {
                if let Some(at) = pick(which, self.to_service.len()) {
                    self.to_service.remove(at);
                }
            }
            Move::Repeat(which) => {
                if let Some(at) = pick(which, self.to_client.len()) {
                    self.to_client.push(self.to_client[at].clone());
                }
            }
            Move::Bounce(which) => {
                if let Some(at) = pick(which, self.to_service.len()) {
                    let stanza = self.to_service.remove(at);
                    let bounce = stanza.bounce(Condition::ServiceUnavailable.into());
                    self.to_client.extend(bounce);
                }
            }
            Move::Arrive(which) => {
                if let Some(at) = pick(which, self.to_client.len()) {
                    let stanza = self.to_client.remove(at);
                    self.handle(ClientInput::Stanza(stanza));
                }
            }
            Move::Kill(which) => {
                if let Some(at) = pick(which, self.drones) {
                    self.dead.push(address(&format!("d{}", at + 1)));
                }
            }
            Move::Wait => self.wait(),
            Move::LinkDown => {
                self.online = false;
                self.handle(ClientInput::LinkDown);
            }
            Move::LinkUp => {
                self.online = true;
                self.handle(ClientInput::LinkUp);
            }
        }
    }
}

proptest! {
    // Each case is long, and cases are few: 64 take seconds where 256 took a quarter of a minute.
    #![proptest_config(ProptestConfig::with_cases(64))]
    #[test]
    fn every_request_and_every_opening_ends_exactly_once(
        steps in prop::collection::vec(moves(), 0..200),
        is_early in any::<bool>(),
    ) {
        let mut world = World {
            client: Client::new(Names::new(Seed::new(1))),
            now: Tick::ZERO,
            to_service: Vec::new(),
            to_client: Vec::new(),
            drones: 0,
            dead: Vec::new(),
            requests: BTreeMap::new(),
            sessions: BTreeMap::new(),
            script: 0,
            online: !is_early,
            numbers: BTreeMap::new(),
        };
        if !is_early {
            world.handle(ClientInput::LinkUp);
        }
        for step in &steps {
            world.go(step);
        }
        for _ in 0..1_000 {
            world.wait();
        }
        prop_assert_eq!(world.client.deadline(), None, "it waits for ever");
        for (id, ends) in &world.requests {
            prop_assert_eq!(*ends, 1, "request {}", id);
        }
        for (id, ends) in &world.sessions {
            prop_assert_eq!(*ends, 1, "session {}", id);
        }
        let client = &world.client;
        prop_assert_eq!(client.open_requests(), 0);
        prop_assert_eq!(client.conversations.len(), client.sessions.len());
        prop_assert!(client.conversations.iter().all(|(_, c)| c.open.is_empty()));
    }
}
