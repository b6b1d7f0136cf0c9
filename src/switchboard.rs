//! Who is bound where, and what becomes of a stanza.
//!
//! The heart of the embedded Jabber server. A stanza goes to exactly the full address it names, or
//! back to its sender; never to another resource of the account, never into a store. A second log-in of the same address throws the first one out, so that a party that
//! reconnects is not locked out by its own ghost (RFC 6120 §7.7.2.2, ejabberd's default).
//!
//! Presence never decides where a message goes. A party may show itself to others, one by one
//! (directed presence, RFC 6121 §4.6); when its binding ends they are told so. Presence for everybody
//! and all that has to do with subscriptions goes nowhere.

use std::collections::{BTreeMap, BTreeSet};

use crate::jid::Jid;
use crate::limits::PRESENCES;
use crate::stanza::{Condition, Kind, Presence, Stanza, StanzaError};
use crate::xml::ns;

/// One binding of an address. A later binding of the same address is another one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct BindingId(u64);

// Only looked up by key, never iterated where order would show. Clients choose their resources, so the
// hash has a seed of each process. Who found that out by timing answers could have a few thousand
// addresses (the sessions of an account) in one place, and would have to be logged in for it.
#[allow(clippy::disallowed_types)]
type Bindings<T> = std::collections::HashMap<Jid, Binding<T>, foldhash::quality::RandomState>;

#[derive(Debug)]
struct Binding<T> {
    id: BindingId,
    target: T,
    /// Whom it was shown to.
    shown: BTreeSet<Jid>,
}

/// News of a binding's end, for those that it was shown to.
pub type Farewells<T> = Vec<(T, Stanza)>;

/// An address that has been bound.
#[derive(Debug)]
pub struct Bound<T> {
    /// The binding.
    pub id: BindingId,
    /// What the address was bound to before; it must be closed with `conflict`.
    pub before: Option<T>,
    /// What others are to be told about that one.
    pub farewells: Farewells<T>,
}

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
    /// It goes no further, and nobody is told: answers, and errors about nobody.
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
            bound: Bindings::default(),
            sessions: BTreeMap::new(),
            bindings_made: 0,
        }
    }

    /// Whether `domain` is one of this server's virtual hosts.
    #[must_use]
    pub fn serves(&self, domain: &str) -> bool {
        self.domains.contains(domain)
    }

    /// Binds a full address.
    ///
    /// # Errors
    /// [`BindError`] says why it cannot be bound.
    pub fn bind(&mut self, jid: Jid, target: T) -> Result<Bound<T>, BindError> {
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
        let binding = Binding {
            id,
            target,
            shown: BTreeSet::new(),
        };
        let (before, farewells) = match self.bound.insert(jid.clone(), binding) {
            Some(before) => (Some(before.target), self.farewells(&jid, before.shown)),
            None => (None, Vec::new()),
        };
        Ok(Bound {
            id,
            before,
            farewells,
        })
    }

    /// Ends a binding, unless the address has been bound anew since; says who is to be told.
    #[must_use]
    pub fn unbind(&mut self, jid: &Jid, id: BindingId) -> Farewells<T> {
        if self.bound.get(jid).is_none_or(|bound| bound.id != id) {
            return Vec::new();
        }
        let shown = self.bound.remove(jid).map(|ended| ended.shown);
        let account = jid.bare();
        if let Some(sessions) = self.sessions.get_mut(&account) {
            *sessions -= 1;
            if *sessions == 0 {
                self.sessions.remove(&account);
            }
        }
        self.farewells(jid, shown.unwrap_or_default())
    }

    /// Ends all bindings, and tells nobody of another's end: all have the same. By address, so that what is
    /// done with them has an order.
    #[must_use]
    pub fn clear(&mut self) -> Vec<T> {
        self.sessions.clear();
        let mut all: Vec<_> = self.bound.drain().collect();
        all.sort_unstable_by(|(a, _), (b, _)| a.cmp(b));
        all.into_iter().map(|(_, bound)| bound.target).collect()
    }

    /// What to tell those that the ended binding of `jid` was shown to.
    fn farewells(&mut self, jid: &Jid, shown: BTreeSet<Jid>) -> Farewells<T> {
        let farewell = |other: Jid| {
            let bound = self.bound.get_mut(&other)?;
            // Who has the address next has not been shown the other one.
            bound.shown.remove(jid);
            let target = bound.target.clone();
            let mut stanza = Stanza::presence(other, Presence::Gone);
            stanza.from = Some(jid.clone());
            Some((target, stanza))
        };
        shown.into_iter().filter_map(farewell).collect()
    }

    /// Notes whom a presence shows its sender to, or does not any more, and says where it goes.
    ///
    /// `None` if nowhere: it is for everybody, for an account, for nobody who is there or for the sender
    /// itself, is of another sort, or its sender has shown itself to [`PRESENCES`] others already.
    pub fn show(&mut self, stanza: &Stanza) -> Option<T> {
        let (presence, to) = (stanza.shows()?, stanza.to.as_ref()?);
        let from = stanza.from.as_ref().filter(|from| *from != to)?;
        let target = self.bound.get(to)?.target.clone();
        let shown = &mut self.bound.get_mut(from)?.shown;
        match presence {
            Presence::Here if shown.contains(to) => {}
            Presence::Here if shown.len() >= PRESENCES => return None,
            Presence::Here => drop(shown.insert(to.clone())),
            Presence::Gone => drop(shown.remove(to)),
        }
        Some(target)
    }

    /// Bound addresses, in order.
    #[must_use]
    pub fn addresses(&self) -> Vec<Jid> {
        let mut all: Vec<_> = self.bound.keys().cloned().collect();
        all.sort_unstable();
        all
    }

    /// What is bound where, in no order.
    pub fn bindings(&self) -> impl Iterator<Item = (&Jid, &T)> {
        self.bound.iter().map(|(jid, bound)| (jid, &bound.target))
    }

    /// Decides about a stanza whose `from` has been stamped. Presence is not decided here but in
    /// [`show`](Self::show).
    #[must_use]
    pub fn route(&self, stanza: &Stanza) -> Verdict<T> {
        if stanza.kind == Kind::Presence {
            return Verdict::Drop;
        }
        let Some(to) = &stanza.to else {
            return self.to_server(stanza);
        };
        if let Some(bound) = self.bound.get(to) {
            return Verdict::Deliver(bound.target.clone());
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
