//! The client's end: logs in and gets exactly the address it wants, or says why not.
//!
//! ```text
//!  Idle -> Opening -> Features -> Starting -> Sasl -> Verifying -> Reopening -> BindFeatures
//!             |          |                                                          |
//!  no version |          | no mechanism fits                      [Session] <---- Bind
//!             v          v                                            |            |
//!           Legacy <-----+                                            v            v
//!             +-------------------------------------------------------+--> Done <--+
//! ```
//!
//! SASL comes first even where the old way is open: Prosody 0.12.3 of Debian 12 leaves sessions of
//! `jabber:iq:auth` on the stanza limit of strangers, 10,000 bytes. The session iq of RFC 3921 is
//! sent only to a server that offers it and does not call it optional.

mod bind;
mod event;
mod legacy;

#[cfg(test)]
mod tests;

use std::mem;

use bytes::Bytes;

pub use self::event::{Effect, Input};
use self::legacy::Proof;
use super::{Login, LoginError, LoginMethod, SaslReply, wire};
use crate::limits;
use crate::role::Role;
use crate::time::Tick;
use crate::xml::{Element, StreamHeader, ns};

/// Mechanisms that are used, strongest first.
pub const MECHANISMS: [&str; 3] = ["SCRAM-SHA-256", "SCRAM-SHA-1", "PLAIN"];

const TLS: &str = "urn:ietf:params:xml:ns:xmpp-tls";

/// The client's end of one stream.
#[derive(Debug)]
pub struct Initiator {
    login: Login,
    state: State,
    due: Tick,
    stanza_bytes: Option<usize>,
}

#[derive(Debug)]
enum State {
    Idle,
    Opening,
    /// Waits for the features; `id` is the stream's.
    Features {
        id: Option<String>,
    },
    /// The mechanism is asked for its first message.
    Starting(&'static str),
    Sasl,
    /// The server said success, the mechanism is asked whether to believe it.
    Verifying,
    Reopening,
    BindFeatures,
    Bind {
        session: bool,
    },
    Session,
    /// Waits for the answer to a digest or a password.
    Legacy {
        sent: Proof,
    },
    Done,
}

type Step = Result<State, LoginError>;

impl Initiator {
    /// Will log in as `login` says, within [`limits::LOGIN_TIME`] from `now`.
    #[must_use]
    pub fn new(now: Tick, login: Login) -> Self {
        Self {
            login,
            state: State::Idle,
            due: now + limits::LOGIN_TIME,
            stanza_bytes: None,
        }
    }

    /// How many bytes a stanza may have, if the server has said so (XEP-0478).
    #[must_use]
    pub fn stanza_bytes(&self) -> Option<usize> {
        self.stanza_bytes
    }

    /// Who logs in, and with what.
    #[must_use]
    pub fn login(&self) -> &Login {
        &self.login
    }

    /// Whether it has said `Online` or `Failed`.
    #[must_use]
    pub fn is_done(&self) -> bool {
        matches!(self.state, State::Done)
    }

    fn step(&self, state: State, input: Input, out: &mut Vec<Effect>) -> Step {
        match (state, input) {
            // Bytes and answers cross the end of the log-in on their way.
            (State::Done, _) => Ok(State::Done),
            (_, Input::Closed) => Err(LoginError::Closed),
            (State::Idle, Input::Connected) => {
                let versioned = self.login.method == LoginMethod::Auto;
                let header = wire::client_header(self.login.jid.domain(), versioned);
                out.push(Effect::Send(header));
                Ok(State::Opening)
            }
            (State::Opening, Input::Open(header)) => self.opened(header, out),
            (State::Reopening, Input::Open(header)) => {
                if wire::is_versioned(header.version.as_deref()) {
                    Ok(State::BindFeatures)
                } else {
                    Err(broken("no version in the header after the log-in"))
                }
            }
            (_, Input::Element(element)) if element.is("error", ns::STREAM) => {
                Err(self.stream_error(&element))
            }
            (State::Features { id }, Input::Element(element))
                if element.is("features", ns::STREAM) =>
            {
                self.choose(&element, id.as_deref(), out)
            }
            (State::Sasl, Input::Element(element)) if element.namespace == ns::SASL => {
                sasl(&element, out)
            }
            (State::Starting(mechanism), Input::Sasl(SaslReply::Respond(data))) => {
                let auth = Element::new("auth", ns::SASL)
                    .with_attribute("mechanism", mechanism)
                    .with_text(&wire::encode(&data));
                out.push(Effect::Send(wire::element(&auth)));
                Ok(State::Sasl)
            }
            (State::Sasl, Input::Sasl(SaslReply::Respond(data))) => {
                // Unlike a first message, an empty response is an empty element.
                let text = if data.is_empty() {
                    String::new()
                } else {
                    wire::encode(&data)
                };
                let response = Element::new("response", ns::SASL).with_text(&text);
                out.push(Effect::Send(wire::element(&response)));
                Ok(State::Sasl)
            }
            (State::Verifying, Input::Sasl(SaslReply::Verified)) => {
                out.push(Effect::RestartStream);
                let header = wire::client_header(self.login.jid.domain(), true);
                out.push(Effect::Send(header));
                Ok(State::Reopening)
            }
            (
                State::Starting(_) | State::Sasl | State::Verifying,
                Input::Sasl(SaslReply::Refused(reason)),
            ) => Err(LoginError::Sasl { reason }),
            (State::BindFeatures, Input::Element(element))
                if element.is("features", ns::STREAM) =>
            {
                self.bind(&element, out)
            }
            (State::Bind { session }, Input::Element(iq)) if is_answer(&iq, "bind") => {
                self.bound(&iq, session, out)
            }
            (State::Session, Input::Element(iq)) if is_answer(&iq, "session") => {
                self.online_if(&iq, out)
            }
            (State::Legacy { sent }, Input::Element(iq)) if is_answer(&iq, "login") => {
                self.legacy_answer(&iq, sent, out)
            }
            // Elements that are not for us, and answers to questions that no longer matter.
            (unchanged, _) => Ok(unchanged),
        }
    }

    fn opened(&self, header: StreamHeader, out: &mut Vec<Effect>) -> Step {
        let versioned = wire::is_versioned(header.version.as_deref());
        if versioned && self.login.method == LoginMethod::Auto {
            Ok(State::Features { id: header.id })
        } else {
            self.legacy(header.id.as_deref(), &[], out)
        }
    }

    /// Picks the way in from what the server offers.
    fn choose(&self, features: &Element, id: Option<&str>, out: &mut Vec<Effect>) -> Step {
        let tls = features.child("starttls", TLS);
        if tls.is_some_and(|tls| tls.child("required", TLS).is_some()) {
            return Err(LoginError::TlsRequired);
        }
        let offered: Vec<String> = features
            .child("mechanisms", ns::SASL)
            .map(|list| {
                list.children
                    .iter()
                    .map(|child| child.text.clone())
                    .collect()
            })
            .unwrap_or_default();
        let usable = MECHANISMS
            .into_iter()
            .filter(|name| self.login.cleartext || *name != "PLAIN")
            .find(|name| offered.iter().any(|other| other == name));
        if let Some(mechanism) = usable {
            out.push(Effect::SaslStart { mechanism });
            return Ok(State::Starting(mechanism));
        }
        if features.child("auth", ns::AUTH_FEATURE).is_some() {
            return self.legacy(id, &offered, out);
        }
        if offered.is_empty() && tls.is_some() {
            return Err(LoginError::TlsRequired);
        }
        Err(LoginError::NoMechanism { offered })
    }

    fn online_if(&self, iq: &Element, out: &mut Vec<Effect>) -> Step {
        if is_result(iq) {
            Ok(self.online(out))
        } else {
            Err(refused(iq))
        }
    }

    fn online(&self, out: &mut Vec<Effect>) -> State {
        out.push(Effect::Online(self.login.jid.clone()));
        State::Done
    }

    fn stream_error(&self, error: &Element) -> LoginError {
        let (condition, text) = wire::condition(error, ns::STREAM_ERROR);
        match condition {
            "host-unknown" => LoginError::HostUnknown {
                domain: self.login.jid.domain().into(),
            },
            "conflict" => LoginError::Conflict,
            _ => LoginError::StreamError {
                condition: condition.into(),
                text: text.into(),
            },
        }
    }

    /// Ends in failure, with a proper end of the stream if there is still someone to hear it.
    fn fail(error: LoginError, out: &mut Vec<Effect>) -> State {
        if !matches!(error, LoginError::Closed) {
            out.push(Effect::Send(Bytes::from_static(wire::END.as_bytes())));
        }
        out.push(Effect::Failed(error));
        State::Done
    }
}

impl Role for Initiator {
    type Input = Input;
    type Effect = Effect;

    fn handle(&mut self, _now: Tick, input: Input, out: &mut Vec<Effect>) {
        if let Input::Element(features) = &input
            && features.is("features", ns::STREAM)
        {
            self.stanza_bytes = wire::announced_limit(features);
        }
        let state = mem::replace(&mut self.state, State::Done);
        self.state = self
            .step(state, input, out)
            .unwrap_or_else(|error| Self::fail(error, out));
    }

    fn deadline(&self) -> Option<Tick> {
        (!self.is_done()).then_some(self.due)
    }

    fn wake(&mut self, now: Tick, out: &mut Vec<Effect>) {
        if self.is_done() || now < self.due {
            return;
        }
        if !matches!(self.state, State::Idle) {
            out.push(Effect::Send(Bytes::from_static(wire::END.as_bytes())));
        }
        out.push(Effect::Failed(LoginError::Timeout));
        self.state = State::Done;
    }
}

/// What the server says in the course of SASL.
fn sasl(element: &Element, out: &mut Vec<Effect>) -> Step {
    let data = || wire::decode(&element.text).ok_or_else(|| broken("data that is not base64"));
    match element.name.as_str() {
        "challenge" => {
            out.push(Effect::SaslStep(data()?));
            Ok(State::Sasl)
        }
        "success" => {
            let data = if element.text.is_empty() {
                None
            } else {
                Some(data()?)
            };
            out.push(Effect::SaslFinish(data));
            Ok(State::Verifying)
        }
        "failure" => Err(refusal(element, ns::SASL)),
        _ => Err(broken("an unknown element of SASL")),
    }
}

/// Whether `iq` answers our request of this id. One without an id can only answer the last.
fn is_answer(iq: &Element, id: &str) -> bool {
    iq.is("iq", ns::CLIENT)
        && matches!(iq.attribute("type"), Some("result" | "error"))
        && iq.attribute("id").is_none_or(|other| other == id)
}

fn is_result(iq: &Element) -> bool {
    iq.attribute("type") == Some("result")
}

/// Why the server refused a request.
fn refused(iq: &Element) -> LoginError {
    let Some(error) = iq.child("error", ns::CLIENT) else {
        return broken("an error without a reason");
    };
    // The numbers of XEP-0078, which are all that jabberd2 says.
    match error.attribute("code") {
        Some("401") if error.children.is_empty() => LoginError::NotAuthorized,
        Some("409") if error.children.is_empty() => LoginError::Conflict,
        _ => refusal(error, ns::STANZA_ERROR),
    }
}

fn refusal(error: &Element, namespace: &str) -> LoginError {
    match wire::condition(error, namespace) {
        ("not-authorized", _) => LoginError::NotAuthorized,
        ("conflict", _) => LoginError::Conflict,
        (condition, text) => LoginError::Refused {
            condition: condition.into(),
            text: text.into(),
        },
    }
}

fn broken(what: &'static str) -> LoginError {
    LoginError::Protocol { what }
}
