//! Who may log in to the embedded server.
//!
//! Passwords are kept as they are, not as hashes: the C programs prove theirs with SHA-1 over the
//! stream's id and the password, which nobody can check who does not have it.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::OnceLock;

use opensrf::jid::{Jid, JidError};
use opensrf::stream::{LegacyProof, legacy_digest};
use sha1::Sha1;
use sha2::Sha256;
use stringprep::saslprep;
use subtle::ConstantTimeEq;

use super::scram::{ScramKeys, hmac};

/// One entry of the list of accounts.
#[derive(Clone, PartialEq, Eq)]
pub struct Account {
    /// The local part of its addresses.
    pub user: String,
    /// Where it may log in: on this domain, or on every one that the server serves.
    pub domain: Option<String>,
    /// Its password.
    pub password: String,
}

impl fmt::Debug for Account {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Account")
            .field("user", &self.user)
            .field("domain", &self.domain)
            .finish_non_exhaustive()
    }
}

/// Why a list of accounts cannot be used.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
#[non_exhaustive]
pub enum AccountError {
    /// The name or the domain cannot stand in an address.
    #[error("account {user:?} cannot be part of an address: {error}")]
    Address {
        /// The account's name.
        user: String,
        /// What is wrong.
        error: JidError,
    },
    /// The password is empty or holds characters that SASL does not allow, controls for instance.
    #[error("the password of account {user:?} is empty or holds forbidden characters")]
    Password {
        /// The account's name.
        user: String,
    },
    /// There are two entries for one name and domain.
    #[error("account {user:?} is there twice for the same domain")]
    Twice {
        /// The account's name.
        user: String,
    },
    /// The system gave no random bytes.
    #[error("the system gave no random bytes")]
    NoRandomness,
}

/// The accounts of the embedded server.
///
/// Checks take the same time whether or not an account exists, but for the first SCRAM log-in of
/// each account, which derives its keys.
pub struct Accounts {
    by_user: BTreeMap<String, Vec<Entry>>,
    secret: [u8; 32],
}

struct Entry {
    domain: Option<String>,
    password: String,
    /// As SASL wants it compared (RFC 4013).
    prepared: String,
    sha1: OnceLock<ScramKeys>,
    sha256: OnceLock<ScramKeys>,
}

/// The hash of a SCRAM mechanism.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Hash {
    Sha1,
    Sha256,
}

impl Accounts {
    /// Takes a list of accounts. One without a domain is good for every domain that has no entry of
    /// its own for that name.
    ///
    /// # Errors
    /// [`AccountError`] names the first entry that is wrong.
    pub fn new(accounts: impl IntoIterator<Item = Account>) -> Result<Self, AccountError> {
        let mut secret = [0; 32];
        getrandom::fill(&mut secret).map_err(|_| AccountError::NoRandomness)?;
        let mut by_user: BTreeMap<String, Vec<Entry>> = BTreeMap::new();
        for account in accounts {
            let (user, entry) = Entry::check(account)?;
            let entries = by_user.entry(user.clone()).or_default();
            if entries.iter().any(|other| other.domain == entry.domain) {
                return Err(AccountError::Twice { user });
            }
            entries.push(entry);
        }
        Ok(Self { by_user, secret })
    }

    /// Whether this is the password of that account.
    #[must_use]
    pub fn check_password(&self, user: &str, domain: &str, password: &str) -> bool {
        let entry = self.find(user, domain);
        let expected = entry.map_or("", |entry| entry.prepared.as_str());
        let given = saslprep(password).unwrap_or_default();
        // Equal lengths, whatever the passwords' are.
        let mark = |text: &str| hmac::<Sha256>(&self.secret, &[b"compare", text.as_bytes()]);
        let equal = mark(expected).ct_eq(&mark(&given));
        bool::from(equal) && entry.is_some()
    }

    /// Whether this is the account's [`legacy_digest`] for that stream.
    #[must_use]
    pub fn check_digest(&self, user: &str, domain: &str, stream_id: &str, digest: &str) -> bool {
        let entry = self.find(user, domain);
        let expected = legacy_digest(stream_id, entry.map_or("", |entry| &entry.password));
        let given = digest.to_ascii_lowercase();
        bool::from(expected.as_bytes().ct_eq(given.as_bytes())) && entry.is_some()
    }

    /// Whether the proof of an old client is right.
    #[must_use]
    pub fn check(&self, user: &str, domain: &str, proof: &LegacyProof) -> bool {
        match proof {
            LegacyProof::Password(password) => self.check_password(user, domain, password),
            LegacyProof::Digest { stream_id, digest } => {
                self.check_digest(user, domain, stream_id, digest)
            }
        }
    }

    /// The salt for a name, the same at each try whether or not the account exists.
    pub(super) fn salt(&self, user: &str) -> Vec<u8> {
        let user = user.to_ascii_lowercase();
        let mut salt = hmac::<Sha256>(&self.secret, &[b"salt", user.as_bytes()]);
        salt.truncate(16);
        salt
    }

    /// The account's keys, or for one that does not exist keys that no password has.
    pub(super) fn keys(&self, user: &str, domain: &str, hash: Hash) -> ScramKeys {
        let Some(entry) = self.find(user, domain) else {
            let user = user.to_ascii_lowercase();
            let fake = |name: &[u8]| match hash {
                Hash::Sha1 => hmac::<Sha1>(&self.secret, &[name, user.as_bytes()]),
                Hash::Sha256 => hmac::<Sha256>(&self.secret, &[name, user.as_bytes()]),
            };
            return ScramKeys {
                stored: fake(b"stored"),
                server: fake(b"server"),
            };
        };
        let password = &entry.prepared;
        let keys = match hash {
            Hash::Sha1 => entry
                .sha1
                .get_or_init(|| ScramKeys::derive::<Sha1>(password, &self.salt(user))),
            Hash::Sha256 => entry
                .sha256
                .get_or_init(|| ScramKeys::derive::<Sha256>(password, &self.salt(user))),
        };
        keys.clone()
    }

    fn find(&self, user: &str, domain: &str) -> Option<&Entry> {
        let entries = self.by_user.get(&user.to_ascii_lowercase())?;
        let domain = domain.to_ascii_lowercase();
        let own = entries
            .iter()
            .find(|entry| entry.domain.as_ref() == Some(&domain));
        own.or_else(|| entries.iter().find(|entry| entry.domain.is_none()))
    }
}

impl Entry {
    fn check(account: Account) -> Result<(String, Self), AccountError> {
        let Account {
            user,
            domain,
            password,
        } = account;
        let jid =
            Jid::new(&user, domain.as_deref().unwrap_or("localhost"), "x").map_err(|error| {
                AccountError::Address {
                    user: user.clone(),
                    error,
                }
            })?;
        let prepared = saslprep(&password).unwrap_or_default().into_owned();
        if prepared.is_empty() {
            return Err(AccountError::Password { user });
        }
        let entry = Self {
            domain: domain.map(|_| jid.domain().into()),
            password,
            prepared,
            sha1: OnceLock::new(),
            sha256: OnceLock::new(),
        };
        Ok((jid.local().unwrap_or_default().into(), entry))
    }
}

impl fmt::Debug for Accounts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.by_user.keys()).finish()
    }
}
