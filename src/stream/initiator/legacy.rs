//! The log-in of before SASL (XEP-0078), as the C and Perl programs do it.

use super::{Effect, Initiator, State, Step, is_result};
use crate::stream::{LoginError, legacy_digest, wire};
use crate::xml::{Element, ns};

/// What was sent to show who logs in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Proof {
    Digest,
    Password,
}

impl Initiator {
    /// The old way: a digest, or the password if the server gave nothing to make a digest from.
    pub(super) fn legacy(
        &self,
        id: Option<&str>,
        offered: &[String],
        out: &mut Vec<Effect>,
    ) -> Step {
        match id {
            Some(id) => {
                let digest = legacy_digest(id, &self.login.password);
                Ok(self.prove(Proof::Digest, &digest, out))
            }
            None if self.login.cleartext => {
                Ok(self.prove(Proof::Password, &self.login.password, out))
            }
            None => Err(LoginError::NoMechanism {
                offered: offered.to_vec(),
            }),
        }
    }

    fn prove(&self, sent: Proof, secret: &str, out: &mut Vec<Effect>) -> State {
        let field = |name, text| Element::new(name, ns::AUTH).with_text(text);
        let jid = &self.login.jid;
        let name = match sent {
            Proof::Digest => "digest",
            Proof::Password => "password",
        };
        let query = Element::new("query", ns::AUTH)
            .with_child(field("username", jid.local().unwrap_or_default()))
            .with_child(field(name, secret))
            .with_child(field("resource", jid.resource().unwrap_or_default()));
        let iq = wire::iq("set", Some("login")).with_child(query);
        out.push(Effect::Send(wire::element(&iq)));
        State::Legacy { sent }
    }

    pub(super) fn legacy_answer(&self, iq: &Element, sent: Proof, out: &mut Vec<Effect>) -> Step {
        // Prosody does not know the digest, and answers one as if it had been asked for the fields.
        let fields = iq.child("query", ns::AUTH).map(|query| &query.children);
        let Some(fields) = fields.filter(|fields| !fields.is_empty() && is_result(iq)) else {
            return self.online_if(iq, out);
        };
        let takes_password = fields.iter().any(|field| field.name == "password");
        if sent == Proof::Digest && takes_password && self.login.cleartext {
            return Ok(self.prove(Proof::Password, &self.login.password, out));
        }
        Err(LoginError::NoMechanism {
            offered: fields.iter().map(|field| field.name.clone()).collect(),
        })
    }
}
