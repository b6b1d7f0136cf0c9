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

mod bind;
mod event;
mod legacy;
mod refusal;
mod sasl;

#[cfg(test)]
mod tests;

use std::collections::BTreeSet;
use std::mem;
use std::sync::Arc;
use std::time::Duration;

use bytes::{Bytes, BytesMut};

use self::bind::{bind, granted};
pub use self::event::{BindRefusal, Effect, Input};
use self::refusal::{NOT_AUTHORIZED, refuse, refuse_element};
use super::wire;
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
    /// Bytes of one stanza, announced to clients that ask for features.
    stanza_bytes: Option<usize>,
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
            stanza_bytes: None,
        }
    }

    /// Announces how many bytes a stanza may have (XEP-0478).
    #[must_use]
    pub fn with_stanza_bytes(mut self, bytes: usize) -> Self {
        self.stanza_bytes = Some(bytes);
        self
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

    /// Gives the client another time to log in than [`limits::LOGIN_TIME`], from when it connected.
    #[must_use]
    pub fn within(mut self, time: Duration) -> Self {
        self.due = self.due - limits::LOGIN_TIME + time;
        self
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
            let mut features = vec![Element::new("bind", ns::BIND), session];
            features.extend(self.offer.stanza_bytes.map(wire::limits));
            wire::features(&mut bytes, &features);
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
