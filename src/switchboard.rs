//! Who is bound where, and what becomes of a stanza.
//!
//! The heart of the embedded Jabber server. A stanza goes to exactly the full address it names, or
//! back to its sender; never to another resource of the account, never into a store. Presence does
//! not matter. A second log-in of the same address throws the first one out, so that a party that
//! reconnects is not locked out by its own ghost (RFC 6120 §7.7.2.2, ejabberd's default).

use std::collections::{BTreeMap, BTreeSet};

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
    sessions_per_account: usize,
    bound: Bindings<T>,
    /// Sessions of each account that has any.
    sessions: BTreeMap<Jid, usize>,
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

/// Why an address cannot be bound.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub enum BindError {
    /// It is of a domain that this server does not serve.
    #[error("domain {0} is not served here")]
    UnknownDomain(String),
    /// Its account has as many sessions as it may.
    #[error("account {0} has as many sessions as it may")]
    TooManySessions(Jid),
}

impl<T: Clone> Switchboard<T> {
    /// A table without bindings that serves `domains`, with a bound on the sessions of an account.
    #[must_use]
    pub fn new(domains: impl IntoIterator<Item = String>, sessions_per_account: usize) -> Self {
        Self {
            domains: domains.into_iter().collect(),
            sessions_per_account,
            bound: Bindings::new(),
            sessions: BTreeMap::new(),
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
    /// [`BindError`] says why it cannot be bound.
    pub fn bind(&mut self, jid: Jid, target: T) -> Result<(BindingId, Option<T>), BindError> {
        if !self.serves(jid.domain()) {
            return Err(BindError::UnknownDomain(jid.domain().to_owned()));
        }
        let account = jid.bare();
        if !self.bound.contains_key(&jid) {
            let sessions = self.sessions.entry(account.clone()).or_default();
            if *sessions >= self.sessions_per_account {
                return Err(BindError::TooManySessions(account));
            }
            *sessions += 1;
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
        if self.bound.get(jid).is_none_or(|(bound, _)| *bound != id) {
            return;
        }
        self.bound.remove(jid);
        let account = jid.bare();
        if let Some(sessions) = self.sessions.get_mut(&account) {
            *sessions -= 1;
            if *sessions == 0 {
                self.sessions.remove(&account);
            }
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

#[cfg(test)]
mod tests;
