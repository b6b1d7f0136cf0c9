//! The address of a client that has proved who it is.

use bytes::Bytes;

use super::refusal::{BAD_REQUEST, CONFLICT, RESOURCE_CONSTRAINT, refuse_element};
use super::{Acceptor, BindRefusal, Claim, Effect, Proven, State};
use crate::jid::Jid;
use crate::stream::wire;
use crate::xml::{Element, ns};

/// An element of a client that has proved who it is.
pub(super) fn bind(proven: Proven, iq: &Element, out: &mut Vec<Effect>) -> State {
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

/// Tells the client that the address is its own.
pub(super) fn granted(claim: &Claim, id: Option<&str>, jid: &Jid) -> Bytes {
    let iq = wire::iq("result", id);
    wire::element(&match claim {
        Claim::Legacy(_) => iq,
        Claim::Bind(_) => {
            let jid = Element::new("jid", ns::BIND).with_text(jid.as_str());
            iq.with_child(Element::new("bind", ns::BIND).with_child(jid))
        }
    })
}

impl Acceptor {
    pub(super) fn refuse_claim(
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
