//! Who is bound where, and what becomes of a stanza.
//!
//! The heart of the embedded Jabber server. A stanza goes to exactly the full address it names, or
//! back to its sender; never to another resource of the account, never into a store. Presence does
//! not matter. A second log-in of the same address throws the first one out, so that a party that
//! reconnects is not locked out by its own ghost (RFC 6120 §7.7.2.2, ejabberd's default).

use std::collections::BTreeSet;

use crate::jid::Jid;
use crate::stanza::{Condition, Kind, Stanza, StanzaError};
use crate::xml::ns;

/// One binding of an address. A later binding of the same address is another one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct BindingId(u64);

// Only looked up by key, never iterated where order would show.
#[allow(clippy::disallowed_types)]
type Bindings<T> = std::collections::HashMap<Jid, (BindingId, T)>;

/// The table of a server; `T` is where the stanzas of one binding go.
#[derive(Debug)]
pub struct Switchboard<T> {
    domains: BTreeSet<String>,
    bound: Bindings<T>,
    bindings_made: u64,
}

/// What becomes of a stanza.
#[derive(Debug, PartialEq)]
pub enum Verdict<T> {
    /// It goes there as it is.
    Deliver(T),
    /// It goes no further; this goes back to its sender.
    Answer(Box<Stanza>),
    /// It goes no further, and nobody is told: presence, answers, and errors about nobody.
    Drop,
}

/// An address of a domain that this server does not serve.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
#[error("domain {0} is not served here")]
pub struct UnknownDomain(pub String);

impl<T: Clone> Switchboard<T> {
    /// A table without bindings that serves `domains`.
    #[must_use]
    pub fn new(domains: impl IntoIterator<Item = String>) -> Self {
        Self {
            domains: domains.into_iter().collect(),
            bound: Bindings::new(),
            bindings_made: 0,
        }
    }

    /// Whether `domain` is one of this server's virtual hosts.
    #[must_use]
    pub fn serves(&self, domain: &str) -> bool {
        self.domains.contains(domain)
    }

    /// Binds a full address; gives back what it was bound to before, which must be closed with
    /// `conflict`.
    ///
    /// # Errors
    /// [`UnknownDomain`] if the address belongs elsewhere.
    pub fn bind(&mut self, jid: Jid, target: T) -> Result<(BindingId, Option<T>), UnknownDomain> {
        if !self.serves(jid.domain()) {
            return Err(UnknownDomain(jid.domain().to_owned()));
        }
        self.bindings_made += 1;
        let id = BindingId(self.bindings_made);
        let before = self
            .bound
            .insert(jid, (id, target))
            .map(|(_, target)| target);
        Ok((id, before))
    }

    /// Ends a binding, unless the address has been bound anew since.
    pub fn unbind(&mut self, jid: &Jid, id: BindingId) {
        if self.bound.get(jid).is_some_and(|(bound, _)| *bound == id) {
            self.bound.remove(jid);
        }
    }

    /// Bound addresses, in order.
    #[must_use]
    pub fn addresses(&self) -> Vec<Jid> {
        let mut all: Vec<_> = self.bound.keys().cloned().collect();
        all.sort_unstable();
        all
    }

    /// Decides about a stanza whose `from` has been stamped.
    #[must_use]
    pub fn route(&self, stanza: &Stanza) -> Verdict<T> {
        if stanza.kind == Kind::Presence {
            return Verdict::Drop;
        }
        let Some(to) = &stanza.to else {
            return self.to_server(stanza);
        };
        if let Some((_, target)) = self.bound.get(to) {
            return Verdict::Deliver(target.clone());
        }
        if !self.serves(to.domain()) {
            let text = format!("domain {} is not served here", to.domain());
            return refuse(stanza, Condition::RemoteServerNotFound, text);
        }
        let own_account = stanza.from.as_ref().is_some_and(|from| from.bare() == *to);
        if to.local().is_none() || own_account {
            return self.to_server(stanza);
        }
        refuse(
            stanza,
            Condition::ServiceUnavailable,
            format!("{to} is not connected"),
        )
    }

    /// Answers what is meant for the server, or for the sender's own account.
    fn to_server(&self, stanza: &Stanza) -> Verdict<T> {
        if stanza.asks_for(&[ns::PING, ns::SESSION]) {
            return Verdict::Answer(stanza.granted().into());
        }
        let text = match stanza.kind {
            Kind::Message => "messages go to a full address",
            _ => "this server does not offer that",
        };
        refuse(stanza, Condition::ServiceUnavailable, text.to_owned())
    }
}

fn refuse<T>(stanza: &Stanza, condition: Condition, text: String) -> Verdict<T> {
    let error = StanzaError::new(condition).with_text(&text);
    stanza
        .bounce(error)
        .map_or(Verdict::Drop, |bounce| Verdict::Answer(bounce.into()))
}
