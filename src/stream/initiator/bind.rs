//! The address: asked for, and taken only if it is the one that was wanted.

use super::{Effect, Initiator, State, Step, broken, is_result, refused};
use crate::jid::Jid;
use crate::stream::{LoginError, wire};
use crate::xml::{Element, ns};

impl Initiator {
    pub(super) fn bind(&self, features: &Element, out: &mut Vec<Effect>) -> Step {
        if features.child("bind", ns::BIND).is_none() {
            return Err(broken("no resource binding offered after the log-in"));
        }
        let resource = self.login.jid.resource().unwrap_or_default();
        let resource = Element::new("resource", ns::BIND).with_text(resource);
        let bind = Element::new("bind", ns::BIND).with_child(resource);
        let iq = wire::iq("set", Some("bind")).with_child(bind);
        out.push(Effect::Send(wire::element(&iq)));
        let session = features
            .child("session", ns::SESSION)
            .is_some_and(|session| session.child("optional", ns::SESSION).is_none());
        Ok(State::Bind { session })
    }

    pub(super) fn bound(&self, iq: &Element, session: bool, out: &mut Vec<Effect>) -> Step {
        if !is_result(iq) {
            return Err(refused(iq));
        }
        let granted = iq
            .child("bind", ns::BIND)
            .and_then(|bind| bind.child("jid", ns::BIND))
            .map_or("", |jid| jid.text.as_str());
        if Jid::parse(granted).as_ref() != Ok(&self.login.jid) {
            return Err(LoginError::ResourceChanged {
                wanted: self.login.jid.clone(),
                granted: granted.into(),
            });
        }
        if !session {
            return Ok(self.online(out));
        }
        let session = Element::new("session", ns::SESSION);
        let iq = wire::iq("set", Some("session")).with_child(session);
        out.push(Effect::Send(wire::element(&iq)));
        Ok(State::Session)
    }
}
