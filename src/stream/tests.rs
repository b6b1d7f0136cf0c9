//! Both ends of a stream joined back to back, and a reader of what they send.

use std::collections::VecDeque;
use std::sync::Arc;

use bytes::Bytes;
use rxml::error::EndOrError;
use rxml::{AttrMap, Event, Namespace, Parse, Parser};

use super::*;
use crate::jid::Jid;
use crate::role::Role;
use crate::time::Tick;
use crate::xml::{Element, StreamHeader, ns};

/// What a reader finds on a stream.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Found {
    Header(StreamHeader),
    Element(Element),
    End,
}

/// Reads a stream, strictly.
#[derive(Default)]
pub(super) struct Reader {
    parser: Parser,
    open: Vec<Element>,
    has_header: bool,
}

impl Reader {
    /// Everything that `bytes` completes.
    pub(super) fn read(&mut self, mut bytes: &[u8]) -> Vec<Found> {
        let mut found = Vec::new();
        loop {
            match self.parser.parse(&mut bytes, false) {
                Ok(Some(event)) => found.extend(self.take(event)),
                Ok(None) | Err(EndOrError::NeedMoreData) => return found,
                Err(EndOrError::Error(error)) => panic!("not well-formed: {error}"),
            }
        }
    }

    fn take(&mut self, event: Event) -> Option<Found> {
        match event {
            Event::StartElement(_, (namespace, name), attributes) if self.has_header => {
                let mut element = Element::new(&name, &namespace);
                element.attributes = plain(&attributes);
                self.open.push(element);
                None
            }
            Event::StartElement(_, (namespace, name), attributes) => {
                assert_eq!((&*namespace, name.as_str()), (ns::STREAM, "stream"));
                self.has_header = true;
                let attributes = plain(&attributes);
                let value = |wanted| {
                    let found = attributes.iter().find(|(name, _)| name == wanted);
                    found.map(|(_, value)| value.clone())
                };
                Some(Found::Header(StreamHeader {
                    to: value("to"),
                    from: value("from"),
                    id: value("id"),
                    version: value("version"),
                }))
            }
            Event::Text(_, text) => {
                if let Some(element) = self.open.last_mut() {
                    element.text.push_str(&text);
                }
                None
            }
            Event::EndElement(_) => match (self.open.pop(), self.open.last_mut()) {
                (Some(child), Some(parent)) => {
                    parent.children.push(child);
                    None
                }
                (Some(element), None) => Some(Found::Element(element)),
                (None, _) => Some(Found::End),
            },
            _ => None,
        }
    }
}

fn plain(attributes: &AttrMap) -> Vec<(String, String)> {
    let plain = attributes.iter();
    plain
        .filter(|((namespace, _), _)| **namespace == Namespace::NONE)
        .map(|((_, name), value)| (name.to_string(), value.clone()))
        .collect()
}

/// One element, written as a client writes it.
pub(super) fn element(xml: &str) -> Element {
    let mut reader = Reader::default();
    let header = wire::client_header("localhost", true);
    reader.read(&header);
    match reader.read(xml.as_bytes()).pop() {
        Some(Found::Element(element)) => element,
        other => panic!("{xml}: {other:?}"),
    }
}

pub(super) fn text(bytes: &Bytes) -> &str {
    std::str::from_utf8(bytes).expect("streams are UTF-8")
}

pub(super) fn jid(text: &str) -> Jid {
    Jid::parse(text).expect("a test's address")
}

/// How the two ends of a joined stream ended, and what went over it, `C:` and `S:`.
struct Talk {
    server: Option<Jid>,
    client: Option<Result<Jid, LoginError>>,
    lines: Vec<String>,
}

/// Joins both ends until nothing moves; the password of every account is `password`, and SASL is
/// the user's name and a colon and the password, asked for in a challenge.
fn talk(offer: &Offer, cleartext: bool, login: Login) -> Talk {
    let mut server = Acceptor::new(Tick::ZERO, Arc::new(offer.clone()), cleartext);
    let password = login.password().to_owned();
    let user = login.jid().local().unwrap_or_default().to_owned();
    let mut client = Initiator::new(Tick::ZERO, login);
    let (mut at_server, mut at_client) = (Reader::default(), Reader::default());
    let mut to_server: VecDeque<acceptor::Input> = VecDeque::new();
    let mut to_client = VecDeque::from([initiator::Input::Connected]);
    let mut ids = (1..).map(|n| format!("{n:016x}"));
    let mut talk = Talk {
        server: None,
        client: None,
        lines: Vec::new(),
    };
    loop {
        let mut effects = Vec::new();
        if let Some(input) = to_client.pop_front() {
            client.handle(Tick::ZERO, input, &mut effects);
        } else if to_server.is_empty() {
            return talk;
        }
        for effect in effects {
            match effect {
                initiator::Effect::Send(bytes) => {
                    talk.lines.push(format!("C: {}", text(&bytes)));
                    to_server.extend(at_server.read(&bytes).into_iter().map(|found| match found {
                        Found::Header(header) => acceptor::Input::Open {
                            header,
                            stream_id: ids.next().expect("endless"),
                            resource: "spare".into(),
                        },
                        Found::Element(element) => acceptor::Input::Element(element),
                        Found::End => acceptor::Input::Ended,
                    }));
                }
                initiator::Effect::SaslStart { .. } => {
                    to_client.push_back(initiator::Input::Sasl(SaslReply::Respond(vec![])));
                }
                initiator::Effect::SaslStep(challenge) => {
                    assert_eq!(challenge, b"who?");
                    let answer = format!("{user}:{password}").into_bytes();
                    to_client.push_back(initiator::Input::Sasl(SaslReply::Respond(answer)));
                }
                initiator::Effect::SaslFinish(proof) => {
                    assert_eq!(proof.as_deref(), Some(&b"it is me"[..]));
                    to_client.push_back(initiator::Input::Sasl(SaslReply::Verified));
                }
                initiator::Effect::RestartStream => at_client = Reader::default(),
                initiator::Effect::Online(jid) => talk.client = Some(Ok(jid)),
                initiator::Effect::Failed(error) => talk.client = Some(Err(error)),
            }
        }
        let mut effects = Vec::new();
        if let Some(input) = to_server.pop_front() {
            server.handle(Tick::ZERO, input, &mut effects);
        }
        // Answers come before whatever the client has sent meanwhile.
        for effect in effects {
            let mut answer = |input| to_server.push_front(input);
            match effect {
                acceptor::Effect::Send(bytes) => {
                    talk.lines.push(format!("S: {}", text(&bytes)));
                    to_client.extend(at_client.read(&bytes).into_iter().map(|found| match found {
                        Found::Header(header) => initiator::Input::Open(header),
                        Found::Element(element) => initiator::Input::Element(element),
                        Found::End => initiator::Input::Closed,
                    }));
                }
                acceptor::Effect::CheckLegacy { proof, .. } => {
                    answer(acceptor::Input::LegacyChecked(match proof {
                        LegacyProof::Password(given) => given == "password",
                        LegacyProof::Digest { stream_id, digest } => {
                            digest == legacy_digest(&stream_id, "password")
                        }
                    }));
                }
                acceptor::Effect::SaslStart { initial, .. } => {
                    assert_eq!(initial.as_deref(), Some(&b""[..]));
                    answer(acceptor::Input::Sasl(SaslProgress::Challenge(
                        b"who?".to_vec(),
                    )));
                }
                acceptor::Effect::SaslStep(data) => {
                    let said = String::from_utf8(data).expect("the test's own");
                    answer(acceptor::Input::Sasl(match said.split_once(':') {
                        Some((user, "password")) => SaslProgress::Success {
                            user: user.into(),
                            data: Some(b"it is me".to_vec()),
                        },
                        _ => SaslProgress::Failure(SaslFailure::NotAuthorized),
                    }));
                }
                acceptor::Effect::RestartStream => at_server = Reader::default(),
                acceptor::Effect::Bind(_) => answer(acceptor::Input::Bound),
                acceptor::Effect::Online(jid) => talk.server = Some(jid),
                acceptor::Effect::Close => to_client.push_back(initiator::Input::Closed),
            }
        }
    }
}

fn login(password: &str) -> Login {
    Login::new(jid("opensrf@localhost/client_1"), password.into()).expect("a full address")
}

#[test]
fn the_two_ends_agree_in_every_way_in() {
    let scram = Offer::new(["localhost"], ["SCRAM-SHA-256", "PLAIN"]);
    let plain = Offer::new(["localhost", "other"], ["PLAIN"]);
    let none = Offer::new(["localhost"], Vec::<String>::new());
    let old = |login: Login| login.with_method(LoginMethod::Legacy);
    let cases = [
        (
            &scram,
            login("password"),
            "<auth xmlns='urn:ietf:params:xml:ns:xmpp-sasl' mechanism='SCRAM-SHA-256'>=</auth>",
        ),
        (
            &plain,
            login("password").with_cleartext(true),
            "mechanism='PLAIN'",
        ),
        (&plain, login("password"), "<digest>"),
        (&none, login("password"), "<digest>"),
        (&scram, old(login("password")), "<digest>"),
    ];
    for (offer, login, sign) in cases {
        let talk = talk(offer, true, login);
        let online = jid("opensrf@localhost/client_1");
        assert_eq!(
            talk.client,
            Some(Ok(online.clone())),
            "{sign}: {:#?}",
            talk.lines
        );
        assert_eq!(talk.server, Some(online));
        let seen = talk
            .lines
            .iter()
            .any(|line| line.starts_with("C: ") && line.contains(sign));
        assert!(seen, "{sign}: {:#?}", talk.lines);
        assert!(talk.lines.iter().all(|line| !line.contains("<presence")));
    }
}

#[test]
fn a_log_in_with_sasl_takes_four_exchanges() {
    let offer = Offer::new(["localhost"], ["SCRAM-SHA-256"]);
    let talk = talk(&offer, false, login("password"));
    assert_eq!(
        talk.lines,
        [
            "C: <?xml version='1.0'?><stream:stream to='localhost' xmlns='jabber:client' xmlns:stream='http://etherx.jabber.org/streams' version='1.0'>",
            "S: <?xml version='1.0'?><stream:stream id='0000000000000001' xmlns:stream='http://etherx.jabber.org/streams' from='localhost' version='1.0' xml:lang='en' xmlns='jabber:client'><stream:features><mechanisms xmlns='urn:ietf:params:xml:ns:xmpp-sasl'><mechanism>SCRAM-SHA-256</mechanism></mechanisms><auth xmlns='http://jabber.org/features/iq-auth'/></stream:features>",
            "C: <auth xmlns='urn:ietf:params:xml:ns:xmpp-sasl' mechanism='SCRAM-SHA-256'>=</auth>",
            "S: <challenge xmlns='urn:ietf:params:xml:ns:xmpp-sasl'>d2hvPw==</challenge>",
            "C: <response xmlns='urn:ietf:params:xml:ns:xmpp-sasl'>b3BlbnNyZjpwYXNzd29yZA==</response>",
            "S: <success xmlns='urn:ietf:params:xml:ns:xmpp-sasl'>aXQgaXMgbWU=</success>",
            "C: <?xml version='1.0'?><stream:stream to='localhost' xmlns='jabber:client' xmlns:stream='http://etherx.jabber.org/streams' version='1.0'>",
            "S: <?xml version='1.0'?><stream:stream id='0000000000000002' xmlns:stream='http://etherx.jabber.org/streams' from='localhost' version='1.0' xml:lang='en' xmlns='jabber:client'><stream:features><bind xmlns='urn:ietf:params:xml:ns:xmpp-bind'/><session xmlns='urn:ietf:params:xml:ns:xmpp-session'><optional/></session></stream:features>",
            "C: <iq type='set' id='bind'><bind xmlns='urn:ietf:params:xml:ns:xmpp-bind'><resource>client_1</resource></bind></iq>",
            "S: <iq type='result' id='bind'><bind xmlns='urn:ietf:params:xml:ns:xmpp-bind'><jid>opensrf@localhost/client_1</jid></bind></iq>",
        ]
    );
}

#[test]
fn the_two_ends_agree_on_a_refusal() {
    let offer = Offer::new(["localhost"], ["SCRAM-SHA-1"]);
    let elsewhere = Offer::new(["example.org"], ["SCRAM-SHA-1"]);
    let cases = [
        (&offer, login("wrong"), LoginError::NotAuthorized),
        (
            &offer,
            login("wrong").with_method(LoginMethod::Legacy),
            LoginError::NotAuthorized,
        ),
        (
            &elsewhere,
            login("password"),
            LoginError::HostUnknown {
                domain: "localhost".into(),
            },
        ),
    ];
    for (offer, login, error) in cases {
        let talk = talk(offer, true, login);
        assert_eq!(talk.client, Some(Err(error)), "{:#?}", talk.lines);
        assert_eq!(talk.server, None);
    }
}

#[test]
fn digests_are_those_that_were_recorded() {
    let cases = [
        (
            "10595904656000273518",
            "password",
            "845ed8b7a313198d0b5e3c4ec268705d25e10d24",
        ),
        (
            "14634871663825723293",
            "password",
            "a8af85b32c0d6f88350614dde6cde8551bd73c82",
        ),
    ];
    for (stream_id, password, digest) in cases {
        assert_eq!(legacy_digest(stream_id, password), digest);
    }
}

#[test]
fn secrets_do_not_show() {
    let shown = [
        format!("{:?}", login("hunter2")),
        format!("{:?}", Initiator::new(Tick::ZERO, login("hunter2"))),
        format!("{:?}", LegacyProof::Password("hunter2".into())),
        format!("{:?}", acceptor::Effect::SaslStep(b"hunter2".to_vec())),
        format!("{:?}", SaslReply::Respond(b"hunter2".to_vec())),
        format!(
            "{:?}",
            initiator::Effect::Send(Bytes::from_static(b"hunter2"))
        ),
        format!(
            "{:?}",
            acceptor::Input::Element(element("<iq>hunter2</iq>"))
        ),
    ];
    for text in shown {
        assert!(!text.contains("hunter2"), "{text}");
        assert!(!text.contains("104, 117"), "{text}");
    }
}
