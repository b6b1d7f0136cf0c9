//! Log-in of old clients (XEP-0078): a digest or a password, and the resource, in one request.

use super::refusal::{NOT_ACCEPTABLE, NOT_IN_CLEAR, StanzaError};
use super::{Acceptor, Effect, State, Stream};
use crate::jid::Jid;
use crate::stream::{LegacyProof, wire};
use crate::xml::{Element, ns};

impl Acceptor {
    pub(super) fn list_fields(
        &self,
        stream: Stream,
        id: Option<&str>,
        out: &mut Vec<Effect>,
    ) -> State {
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

    pub(super) fn legacy(
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
    pub(super) fn fail_legacy(
        &mut self,
        stream: Stream,
        id: Option<&str>,
        error: &StanzaError,
        out: &mut Vec<Effect>,
    ) -> State {
        self.fail(stream, &error.answer(id), out)
    }
}
