//! Log-in of today's clients (RFC 6120 §6), as far as it is not the mechanism's.

use super::refusal::{CLEAR_REMEDY, refuse_element};
use super::{Acceptor, Effect, State, Stream};
use crate::stream::{SaslFailure, SaslProgress, wire};
use crate::xml::{Element, ns};

impl Acceptor {
    /// An element of SASL; `going_on` if the client was asked for it.
    pub(super) fn exchange(
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

    pub(super) fn progress(
        &mut self,
        stream: Stream,
        progress: SaslProgress,
        out: &mut Vec<Effect>,
    ) -> State {
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
}
