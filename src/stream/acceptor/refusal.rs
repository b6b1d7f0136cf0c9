//! How the server says no.

use bytes::BytesMut;

use super::{Effect, State};
use crate::stream::wire;
use crate::xml::{Element, ns};

pub(super) fn refuse_element(element: &Element, text: &str, out: &mut Vec<Effect>) -> State {
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

pub(super) fn refuse(condition: &str, text: &str, out: &mut Vec<Effect>) -> State {
    let mut bytes = BytesMut::new();
    wire::stream_error(&mut bytes, condition, text);
    out.extend([Effect::Send(bytes.freeze()), Effect::Close]);
    State::Done
}

/// A refusal, with the number that the C programs read (XEP-0086).
pub(super) struct StanzaError {
    kind: &'static str,
    code: &'static str,
    condition: &'static str,
    text: &'static str,
}

pub(super) const CLEAR_REMEDY: &str =
    "no passwords in the clear on this connection: use SCRAM or the digest";

pub(super) const NOT_AUTHORIZED: StanzaError =
    StanzaError::new("auth", "401", "not-authorized", "");
pub(super) const NOT_ACCEPTABLE: StanzaError = StanzaError::new(
    "modify",
    "406",
    "not-acceptable",
    "username, resource, and digest or password are needed",
);
pub(super) const NOT_IN_CLEAR: StanzaError =
    StanzaError::new("cancel", "405", "not-allowed", CLEAR_REMEDY);
pub(super) const CONFLICT: StanzaError = StanzaError::new("cancel", "409", "conflict", "");
pub(super) const RESOURCE_CONSTRAINT: StanzaError =
    StanzaError::new("wait", "500", "resource-constraint", "too many sessions");
pub(super) const BAD_REQUEST: StanzaError = StanzaError::new(
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

    pub(super) fn answer(&self, id: Option<&str>) -> Element {
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
