//! The server's end: lets a client in, the new way or the old, and binds its address.
//!
//! ```text
//!            header                auth               success            header
//!  Opening --------> Open(stream) ------> Exchanging --------> Reopening ------> Binding
//!                      |     ^----------- (failure) |                               |
//!                      | jabber:iq:auth                                        bind |
//!                      v                                                            v
//!                  Comparing ------------------ right ----------------------> Claiming --> Done
//! ```
//!
//! Invariants: one question to the actor is open at a time; no byte is sent between a request of
//! `jabber:iq:auth` and its answer; a secret is never sent back; after `Online` or `Close` nothing
//! more comes out.
//!
//! While a question is open ([`Acceptor::is_waiting`]) no element may be fed in: the reader stops
//! there, and what a hasty client sent stays in its buffer. This machine answers no iq but those of
//! the log-in; the session iq (RFC 3921 §3) comes after `Online`.

use std::collections::BTreeSet;
use std::fmt;
use std::mem;
use std::sync::Arc;

use bytes::{Bytes, BytesMut};

use super::{LegacyProof, SaslFailure, SaslProgress, wire};
use crate::jid::Jid;
use crate::limits;
use crate::role::Role;
use crate::time::Tick;
use crate::xml::{Element, StreamHeader, ns};

/// What a server offers to everyone who connects.
#[derive(Debug, Clone)]
pub struct Offer {
    domains: BTreeSet<String>,
    mechanisms: Vec<String>,
}

impl Offer {
    /// Offers `domains`, and `mechanisms` of SASL with the strongest first.
    pub fn new<D, M>(domains: D, mechanisms: M) -> Self
    where
        D: IntoIterator<Item: AsRef<str>>,
        M: IntoIterator<Item: Into<String>>,
    {
        let domains = domains.into_iter();
        Self {
            domains: domains.map(|d| d.as_ref().to_ascii_lowercase()).collect(),
            mechanisms: mechanisms.into_iter().map(Into::into).collect(),
        }
    }

    /// The served domain that a header names. A header that names none is for the only domain
    /// there is, if there is only one: old clients leave `to` out on a server of one host.
    fn domain(&self, to: Option<&str>) -> Option<&str> {
        match to {
            Some(to) => {
                let to = to.strip_suffix('.').unwrap_or(to).to_ascii_lowercase();
                self.domains.get(&to).map(String::as_str)
            }
            None if self.domains.len() == 1 => self.domains.first().map(String::as_str),
            None => None,
        }
    }
}

/// What can happen to the server's end of a stream.
pub enum Input {
    /// The client's header came, at first or after a restart.
    Open {
        /// The header.
        header: StreamHeader,
        /// The id of the new stream: unguessable, 8 to 20 characters, 16 hexadecimal digits for
        /// instance. Longer ones meet an error in the digest of the C programs.
        stream_id: String,
        /// The resource for a client that asks for none; not used otherwise.
        resource: String,
    },
    /// An element came.
    Element(Element),
    /// The client ended its stream or the connection.
    Ended,
    /// What came is not a stream; tells the client why and closes.
    Unreadable {
        /// The condition of the stream error, `not-well-formed` for instance.
        condition: &'static str,
        /// What is wrong, for a person.
        text: String,
    },
    /// Answers [`Effect::CheckLegacy`]: whether the proof is right.
    LegacyChecked(bool),
    /// Answers [`Effect::SaslStart`] and [`Effect::SaslStep`].
    Sasl(SaslProgress),
    /// Answers [`Effect::Bind`]: the address is this stream's.
    Bound,
    /// Answers [`Effect::Bind`]: the address is not to be had.
    BindRefused(BindRefusal),
}

/// Why an address is not to be had.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum BindRefusal {
    /// Another session has it and keeps it.
    Conflict,
    /// There are as many sessions as there may be.
    ResourceConstraint,
}

/// What the server's end of a stream wants done.
#[derive(Clone, PartialEq, Eq)]
pub enum Effect {
    /// Write these bytes in one write.
    Send(Bytes),
    /// Compare a proof with the password; answered by [`Input::LegacyChecked`].
    CheckLegacy {
        /// The local part of the client's address.
        user: String,
        /// The domain of the stream.
        domain: String,
        /// What the client sent.
        proof: LegacyProof,
    },
    /// Begin an exchange, forgetting any before it; answered by [`Input::Sasl`].
    SaslStart {
        /// One of the mechanisms offered.
        mechanism: String,
        /// The domain of the stream.
        domain: String,
        /// What the client sent with its choice, if it did.
        initial: Option<Vec<u8>>,
    },
    /// Go on with the exchange; answered by [`Input::Sasl`].
    SaslStep(Vec<u8>),
    /// Read on as if the connection were new; bytes that came already belong to the new stream.
    RestartStream,
    /// Claim this address; answered by [`Input::Bound`] or [`Input::BindRefused`]. Nothing may be
    /// delivered to it before [`Effect::Online`].
    Bind(Jid),
    /// The session is up; the last effect.
    Online(Jid),
    /// Close the connection after what was sent; the last effect.
    Close,
}

/// The server's end of one stream.
#[derive(Debug)]
pub struct Acceptor {
    offer: Arc<Offer>,
    cleartext: bool,
    state: State,
    failures: u32,
    due: Tick,
}

/// An open stream on which nobody has logged in.
#[derive(Debug)]
struct Stream {
    id: String,
    domain: String,
    versioned: bool,
}

/// Who has logged in with SASL, and the resource for one that asks for none.
#[derive(Debug)]
struct Proven {
    user: String,
    domain: String,
    resource: String,
}

/// What a claim for an address came from, and where to go if it fails.
#[derive(Debug)]
enum Claim {
    Legacy(Stream),
    Bind(Proven),
}

#[derive(Debug)]
enum State {
    Opening,
    Open(Stream),
    /// The actor compares a proof.
    Comparing {
        stream: Stream,
        id: Option<String>,
        jid: Jid,
    },
    /// The actor works out the next message of SASL.
    Reckoning(Stream),
    /// The client's turn in SASL.
    Exchanging(Stream),
    Reopening {
        user: String,
        domain: String,
    },
    Binding(Proven),
    /// The actor claims an address.
    Claiming {
        claim: Claim,
        id: Option<String>,
        jid: Jid,
    },
    Done,
}

impl Acceptor {
    /// Waits for a client that has just connected. `cleartext` says whether it may send its
    /// password as it is: yes on an encrypted or local connection.
    #[must_use]
    pub fn new(now: Tick, offer: Arc<Offer>, cleartext: bool) -> Self {
        Self {
            offer,
            cleartext,
            state: State::Opening,
            failures: 0,
            due: now + limits::LOGIN_TIME,
        }
    }

    /// Whether an answer to an effect is outstanding, so that no element may be fed in.
    #[must_use]
    pub fn is_waiting(&self) -> bool {
        matches!(
            self.state,
            State::Comparing { .. } | State::Reckoning(_) | State::Claiming { .. }
        )
    }

    /// Whether it has said `Online` or `Close`.
    #[must_use]
    pub fn is_done(&self) -> bool {
        matches!(self.state, State::Done)
    }

    fn step(&mut self, state: State, input: Input, out: &mut Vec<Effect>) -> State {
        match (state, input) {
            // Bytes and answers cross the end of the log-in on their way.
            (State::Done, _) => State::Done,
            (state, Input::Ended) => {
                if !matches!(state, State::Opening | State::Reopening { .. }) {
                    out.push(Effect::Send(Bytes::from_static(wire::END.as_bytes())));
                }
                out.push(Effect::Close);
                State::Done
            }
            (State::Opening | State::Reopening { .. }, Input::Unreadable { condition, text }) => {
                self.reject_header(None, true, condition, &text, out)
            }
            (_, Input::Unreadable { condition, text }) => refuse(condition, &text, out),
            (
                State::Opening,
                Input::Open {
                    header, stream_id, ..
                },
            ) => self.open(&header, stream_id, out),
            (
                State::Reopening { user, domain },
                Input::Open {
                    header,
                    stream_id,
                    resource,
                },
            ) => {
                let proven = Proven {
                    user,
                    domain,
                    resource,
                };
                self.reopen(&header, &stream_id, proven, out)
            }
            (State::Open(stream), Input::Element(element)) => self.ask(stream, &element, out),
            (State::Exchanging(stream), Input::Element(element)) => {
                self.exchange(stream, &element, true, out)
            }
            (State::Binding(proven), Input::Element(element)) => bind(proven, &element, out),
            (State::Comparing { stream, id, jid }, Input::LegacyChecked(true)) => {
                out.push(Effect::Bind(jid.clone()));
                State::Claiming {
                    claim: Claim::Legacy(stream),
                    id,
                    jid,
                }
            }
            (State::Comparing { stream, id, .. }, Input::LegacyChecked(false)) => {
                self.fail_legacy(stream, id.as_deref(), &NOT_AUTHORIZED, out)
            }
            (State::Reckoning(stream), Input::Sasl(progress)) => {
                self.progress(stream, progress, out)
            }
            (State::Claiming { claim, id, jid }, Input::Bound) => {
                out.push(Effect::Send(granted(&claim, id.as_deref(), &jid)));
                out.push(Effect::Online(jid));
                State::Done
            }
            (State::Claiming { claim, id, .. }, Input::BindRefused(refusal)) => {
                self.refuse_claim(claim, id.as_deref(), refusal, out)
            }
            (_, Input::Element(_) | Input::Open { .. }) => {
                refuse("policy-violation", "not the moment for this", out)
            }
            // An answer to a question that a later input made void.
            (unchanged, _) => unchanged,
        }
    }

    fn open(&self, header: &StreamHeader, stream_id: String, out: &mut Vec<Effect>) -> State {
        let versioned = wire::is_versioned(header.version.as_deref());
        let Some(domain) = self.offer.domain(header.to.as_deref()) else {
            let text = "this server does not serve the domain that the stream is for";
            return self.reject_header(Some(&stream_id), versioned, "host-unknown", text, out);
        };
        let mut bytes = BytesMut::new();
        wire::server_header(&mut bytes, Some(&stream_id), Some(domain), versioned);
        if versioned {
            wire::features(&mut bytes, &self.login_features());
        }
        out.push(Effect::Send(bytes.freeze()));
        State::Open(Stream {
            id: stream_id,
            domain: domain.into(),
            versioned,
        })
    }

    fn reopen(
        &self,
        header: &StreamHeader,
        stream_id: &str,
        proven: Proven,
        out: &mut Vec<Effect>,
    ) -> State {
        let versioned = wire::is_versioned(header.version.as_deref());
        // Prosody's CVE-2018-10847: a log-in for one domain must not open a session on another.
        if self.offer.domain(header.to.as_deref()) != Some(&proven.domain) {
            let text = "the log-in was for another domain";
            return self.reject_header(Some(stream_id), versioned, "not-authorized", text, out);
        }
        let mut bytes = BytesMut::new();
        let domain = Some(proven.domain.as_str());
        wire::server_header(&mut bytes, Some(stream_id), domain, versioned);
        if versioned {
            let optional = Element::new("optional", ns::SESSION);
            let session = Element::new("session", ns::SESSION).with_child(optional);
            wire::features(&mut bytes, &[Element::new("bind", ns::BIND), session]);
        }
        out.push(Effect::Send(bytes.freeze()));
        State::Binding(proven)
    }

    /// A stream error needs a stream to stand in, so the header is answered first.
    fn reject_header(
        &self,
        stream_id: Option<&str>,
        versioned: bool,
        condition: &str,
        text: &str,
        out: &mut Vec<Effect>,
    ) -> State {
        let mut bytes = BytesMut::new();
        let from = self.offer.domains.first().map(String::as_str);
        wire::server_header(&mut bytes, stream_id, from, versioned);
        wire::stream_error(&mut bytes, condition, text);
        out.extend([Effect::Send(bytes.freeze()), Effect::Close]);
        State::Done
    }

    fn login_features(&self) -> Vec<Element> {
        let names = self.offer.mechanisms.iter();
        let names = names.filter(|name| self.cleartext || *name != "PLAIN");
        let mechanisms = names
            .map(|name| Element::new("mechanism", ns::SASL).with_text(name))
            .fold(Element::new("mechanisms", ns::SASL), Element::with_child);
        let legacy = Element::new("auth", ns::AUTH_FEATURE);
        if mechanisms.children.is_empty() {
            vec![legacy]
        } else {
            vec![mechanisms, legacy]
        }
    }

    /// An element of a client that has not logged in.
    fn ask(&mut self, stream: Stream, element: &Element, out: &mut Vec<Effect>) -> State {
        if let Some(query) = element.child("query", ns::AUTH)
            && element.is("iq", ns::CLIENT)
        {
            match element.attribute("type") {
                Some("get") => return self.list_fields(stream, element.attribute("id"), out),
                Some("set") => return self.legacy(stream, element.attribute("id"), query, out),
                _ => {}
            }
        }
        if element.namespace == ns::SASL && stream.versioned {
            return self.exchange(stream, element, false, out);
        }
        refuse_element(element, "log in first", out)
    }

    fn list_fields(&self, stream: Stream, id: Option<&str>, out: &mut Vec<Effect>) -> State {
        let fields = ["username", "password", "digest", "resource"];
        let query = fields
            .iter()
            .filter(|name| self.cleartext || **name != "password")
            .map(|name| Element::new(name, ns::AUTH))
            .fold(Element::new("query", ns::AUTH), Element::with_child);
        let iq = wire::iq("result", id).with_child(query);
        out.push(Effect::Send(wire::element(&iq)));
        State::Open(stream)
    }

    fn legacy(
        &mut self,
        stream: Stream,
        id: Option<&str>,
        query: &Element,
        out: &mut Vec<Effect>,
    ) -> State {
        let field = |name| {
            let field = query.child(name, ns::AUTH);
            field
                .map(|field| field.text.as_str())
                .filter(|text| !text.is_empty())
        };
        let (Some(user), Some(resource)) = (field("username"), field("resource")) else {
            return self.fail_legacy(stream, id, &NOT_ACCEPTABLE, out);
        };
        let Ok(jid) = Jid::new(user, &stream.domain, resource) else {
            return self.fail_legacy(stream, id, &NOT_ACCEPTABLE, out);
        };
        let proof = match (field("digest"), field("password")) {
            (Some(digest), _) => LegacyProof::Digest {
                stream_id: stream.id.clone(),
                digest: digest.into(),
            },
            (None, Some(password)) if self.cleartext => LegacyProof::Password(password.into()),
            (None, Some(_)) => return self.fail_legacy(stream, id, &NOT_IN_CLEAR, out),
            (None, None) => return self.fail_legacy(stream, id, &NOT_ACCEPTABLE, out),
        };
        out.push(Effect::CheckLegacy {
            user: jid.local().unwrap_or_default().into(),
            domain: stream.domain.clone(),
            proof,
        });
        State::Comparing {
            stream,
            id: id.map(Into::into),
            jid,
        }
    }

    /// The answer names neither user nor secret.
    fn fail_legacy(
        &mut self,
        stream: Stream,
        id: Option<&str>,
        error: &StanzaError,
        out: &mut Vec<Effect>,
    ) -> State {
        self.fail(stream, &error.answer(id), out)
    }

    /// An element of SASL; `going_on` if the client was asked for it.
    fn exchange(
        &mut self,
        stream: Stream,
        element: &Element,
        going_on: bool,
        out: &mut Vec<Effect>,
    ) -> State {
        match (element.name.as_str(), element.namespace == ns::SASL) {
            ("auth", true) => self.begin(stream, element, out),
            ("response", true) if going_on => match wire::decode(&element.text) {
                Some(data) => {
                    out.push(Effect::SaslStep(data));
                    State::Reckoning(stream)
                }
                None => self.fail_sasl(stream, SaslFailure::IncorrectEncoding, out),
            },
            ("response", true) => self.fail_sasl(stream, SaslFailure::MalformedRequest, out),
            ("abort", true) => self.fail_sasl(stream, SaslFailure::Aborted, out),
            _ => refuse_element(element, "log in first", out),
        }
    }

    fn begin(&mut self, stream: Stream, auth: &Element, out: &mut Vec<Effect>) -> State {
        let name = auth.attribute("mechanism").unwrap_or_default();
        let Some(mechanism) = self.offer.mechanisms.iter().find(|known| *known == name) else {
            return self.fail_sasl(stream, SaslFailure::InvalidMechanism, out);
        };
        if mechanism == "PLAIN" && !self.cleartext {
            return self.fail_sasl(stream, SaslFailure::EncryptionRequired, out);
        }
        // No text is no initial response; a response of no length is written `=`.
        let initial = match auth.text.as_str() {
            "" => None,
            text => match wire::decode(text) {
                Some(data) => Some(data),
                None => return self.fail_sasl(stream, SaslFailure::IncorrectEncoding, out),
            },
        };
        out.push(Effect::SaslStart {
            mechanism: mechanism.clone(),
            domain: stream.domain.clone(),
            initial,
        });
        State::Reckoning(stream)
    }

    fn progress(&mut self, stream: Stream, progress: SaslProgress, out: &mut Vec<Effect>) -> State {
        match progress {
            SaslProgress::Challenge(data) => {
                let challenge = Element::new("challenge", ns::SASL).with_text(&wire::encode(&data));
                out.push(Effect::Send(wire::element(&challenge)));
                State::Exchanging(stream)
            }
            SaslProgress::Success { user, data } => {
                let text = data.map(|data| wire::encode(&data)).unwrap_or_default();
                let success = Element::new("success", ns::SASL).with_text(&text);
                out.push(Effect::Send(wire::element(&success)));
                out.push(Effect::RestartStream);
                State::Reopening {
                    user,
                    domain: stream.domain,
                }
            }
            SaslProgress::Failure(failure) => self.fail_sasl(stream, failure, out),
        }
    }

    fn fail_sasl(&mut self, stream: Stream, failure: SaslFailure, out: &mut Vec<Effect>) -> State {
        let mut answer = Element::new("failure", ns::SASL)
            .with_child(Element::new(failure.condition(), ns::SASL));
        if failure == SaslFailure::EncryptionRequired {
            answer = answer.with_child(Element::new("text", ns::SASL).with_text(CLEAR_REMEDY));
        }
        self.fail(stream, &answer, out)
    }

    /// Counts a failed log-in; too many end the stream, in the same write as the answer.
    fn fail(&mut self, stream: Stream, answer: &Element, out: &mut Vec<Effect>) -> State {
        self.failures += 1;
        let mut bytes = BytesMut::new();
        answer.write_to(ns::CLIENT, &mut bytes);
        if self.failures < limits::LOGIN_ATTEMPTS {
            out.push(Effect::Send(bytes.freeze()));
            return State::Open(stream);
        }
        wire::stream_error(&mut bytes, "policy-violation", "too many failed log-ins");
        out.extend([Effect::Send(bytes.freeze()), Effect::Close]);
        State::Done
    }

    fn refuse_claim(
        &mut self,
        claim: Claim,
        id: Option<&str>,
        refusal: BindRefusal,
        out: &mut Vec<Effect>,
    ) -> State {
        let error = match refusal {
            BindRefusal::Conflict => &CONFLICT,
            BindRefusal::ResourceConstraint => &RESOURCE_CONSTRAINT,
        };
        match claim {
            Claim::Legacy(stream) => self.fail_legacy(stream, id, error, out),
            Claim::Bind(proven) => {
                out.push(Effect::Send(wire::element(&error.answer(id))));
                State::Binding(proven)
            }
        }
    }
}

impl Role for Acceptor {
    type Input = Input;
    type Effect = Effect;

    fn handle(&mut self, _now: Tick, input: Input, out: &mut Vec<Effect>) {
        let state = mem::replace(&mut self.state, State::Done);
        self.state = self.step(state, input, out);
    }

    fn deadline(&self) -> Option<Tick> {
        (!self.is_done()).then_some(self.due)
    }

    fn wake(&mut self, now: Tick, out: &mut Vec<Effect>) {
        if self.is_done() || now < self.due {
            return;
        }
        self.state = match mem::replace(&mut self.state, State::Done) {
            // Whoever has said nothing is told nothing.
            State::Opening => {
                out.push(Effect::Close);
                State::Done
            }
            State::Reopening { .. } => {
                let text = "no log-in in time";
                self.reject_header(None, true, "connection-timeout", text, out)
            }
            _ => refuse("connection-timeout", "no log-in in time", out),
        };
    }
}

/// An element of a client that has proved who it is.
fn bind(proven: Proven, iq: &Element, out: &mut Vec<Effect>) -> State {
    let request = iq.child("bind", ns::BIND);
    let (Some(request), true, Some("set")) =
        (request, iq.is("iq", ns::CLIENT), iq.attribute("type"))
    else {
        return refuse_element(iq, "bind a resource first", out);
    };
    let asked = request.child("resource", ns::BIND);
    let asked = asked
        .map(|asked| asked.text.as_str())
        .filter(|text| !text.is_empty());
    let id = iq.attribute("id");
    match Jid::new(
        &proven.user,
        &proven.domain,
        asked.unwrap_or(&proven.resource),
    ) {
        Ok(jid) => {
            out.push(Effect::Bind(jid.clone()));
            State::Claiming {
                claim: Claim::Bind(proven),
                id: id.map(Into::into),
                jid,
            }
        }
        Err(_) => {
            out.push(Effect::Send(wire::element(&BAD_REQUEST.answer(id))));
            State::Binding(proven)
        }
    }
}

fn granted(claim: &Claim, id: Option<&str>, jid: &Jid) -> Bytes {
    let iq = wire::iq("result", id);
    wire::element(&match claim {
        Claim::Legacy(_) => iq,
        Claim::Bind(_) => {
            let jid = Element::new("jid", ns::BIND).with_text(jid.as_str());
            iq.with_child(Element::new("bind", ns::BIND).with_child(jid))
        }
    })
}

fn refuse_element(element: &Element, text: &str, out: &mut Vec<Effect>) -> State {
    let is_stanza = element.namespace == ns::CLIENT
        && matches!(element.name.as_str(), "message" | "presence" | "iq");
    if is_stanza {
        refuse("not-authorized", text, out)
    } else {
        refuse(
            "unsupported-stanza-type",
            "this server does not know the element",
            out,
        )
    }
}

fn refuse(condition: &str, text: &str, out: &mut Vec<Effect>) -> State {
    let mut bytes = BytesMut::new();
    wire::stream_error(&mut bytes, condition, text);
    out.extend([Effect::Send(bytes.freeze()), Effect::Close]);
    State::Done
}

/// A refusal, with the number that the C programs read (XEP-0086).
struct StanzaError {
    kind: &'static str,
    code: &'static str,
    condition: &'static str,
    text: &'static str,
}

const CLEAR_REMEDY: &str = "no passwords in the clear on this connection: use SCRAM or the digest";

const NOT_AUTHORIZED: StanzaError = StanzaError::new("auth", "401", "not-authorized", "");
const NOT_ACCEPTABLE: StanzaError = StanzaError::new(
    "modify",
    "406",
    "not-acceptable",
    "username, resource, and digest or password are needed",
);
const NOT_IN_CLEAR: StanzaError = StanzaError::new("cancel", "405", "not-allowed", CLEAR_REMEDY);
const CONFLICT: StanzaError = StanzaError::new("cancel", "409", "conflict", "");
const RESOURCE_CONSTRAINT: StanzaError =
    StanzaError::new("wait", "500", "resource-constraint", "too many sessions");
const BAD_REQUEST: StanzaError = StanzaError::new(
    "modify",
    "400",
    "bad-request",
    "no resource can be so named",
);

impl StanzaError {
    const fn new(
        kind: &'static str,
        code: &'static str,
        condition: &'static str,
        text: &'static str,
    ) -> Self {
        Self {
            kind,
            code,
            condition,
            text,
        }
    }

    fn answer(&self, id: Option<&str>) -> Element {
        let mut error = Element::new("error", ns::CLIENT)
            .with_attribute("type", self.kind)
            .with_attribute("code", self.code)
            .with_child(Element::new(self.condition, ns::STANZA_ERROR));
        if !self.text.is_empty() {
            error = error.with_child(Element::new("text", ns::STANZA_ERROR).with_text(self.text));
        }
        wire::iq("error", id).with_child(error)
    }
}

impl fmt::Debug for Input {
    /// Shows no content: an element may hold a password.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Open { header, .. } => f.debug_struct("Open").field("header", header).finish(),
            Self::Element(element) => f.debug_tuple("Element").field(&element.name).finish(),
            Self::Ended => f.write_str("Ended"),
            Self::Unreadable { condition, text } => f
                .debug_struct("Unreadable")
                .field("condition", condition)
                .field("text", text)
                .finish(),
            Self::LegacyChecked(right) => f.debug_tuple("LegacyChecked").field(right).finish(),
            Self::Sasl(progress) => f.debug_tuple("Sasl").field(progress).finish(),
            Self::Bound => f.write_str("Bound"),
            Self::BindRefused(refusal) => f.debug_tuple("BindRefused").field(refusal).finish(),
        }
    }
}

impl fmt::Debug for Effect {
    /// Shows nothing that the client sent for SASL: with PLAIN it is the password.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Send(bytes) => f.debug_tuple("Send").field(bytes).finish(),
            Self::CheckLegacy {
                user,
                domain,
                proof,
            } => f
                .debug_struct("CheckLegacy")
                .field("user", user)
                .field("domain", domain)
                .field("proof", proof)
                .finish(),
            Self::SaslStart {
                mechanism, domain, ..
            } => f
                .debug_struct("SaslStart")
                .field("mechanism", mechanism)
                .field("domain", domain)
                .finish_non_exhaustive(),
            Self::SaslStep(_) => f.write_str("SaslStep(…)"),
            Self::RestartStream => f.write_str("RestartStream"),
            Self::Bind(jid) => f.debug_tuple("Bind").field(jid).finish(),
            Self::Online(jid) => f.debug_tuple("Online").field(jid).finish(),
            Self::Close => f.write_str("Close"),
        }
    }
}
