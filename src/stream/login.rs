//! Who wants to log in, how, and why it did not work.

use std::fmt;

use crate::jid::Jid;

/// What a client needs to log in.
#[derive(Clone)]
pub struct Login {
    pub(super) jid: Jid,
    pub(super) password: String,
    pub(super) method: LoginMethod,
    pub(super) cleartext: bool,
}

/// Which way in.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum LoginMethod {
    /// SASL with the strongest mechanism that both sides have; the old way if there is none.
    #[default]
    Auto,
    /// The old way at once, as the C programs do: a header without version, then a digest.
    Legacy,
}

impl Login {
    /// Wants to be online as `jid`, which must have a local part and a resource.
    ///
    /// # Errors
    /// [`LoginError::NotFull`] if a part of the address is missing.
    pub fn new(jid: Jid, password: String) -> Result<Self, LoginError> {
        if !jid.is_full() {
            return Err(LoginError::NotFull { jid });
        }
        Ok(Self {
            jid,
            password,
            method: LoginMethod::default(),
            cleartext: false,
        })
    }

    /// Chooses the way in; [`LoginMethod::Auto`] by default.
    #[must_use]
    pub fn with_method(mut self, method: LoginMethod) -> Self {
        self.method = method;
        self
    }

    /// Allows that the password itself is sent, if the server knows nothing better; not by default.
    ///
    /// Right for an encrypted or a local connection.
    #[must_use]
    pub fn with_cleartext(mut self, allowed: bool) -> Self {
        self.cleartext = allowed;
        self
    }

    /// The address wanted.
    #[must_use]
    pub fn jid(&self) -> &Jid {
        &self.jid
    }

    /// The password, for the SASL exchange.
    #[must_use]
    pub fn password(&self) -> &str {
        &self.password
    }
}

impl fmt::Debug for Login {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Login")
            .field("jid", &self.jid)
            .field("method", &self.method)
            .field("cleartext", &self.cleartext)
            .finish_non_exhaustive()
    }
}

/// Why a client is not online.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum LoginError {
    /// The wanted address names no session.
    #[error("{jid} is no full address: write it as user@domain/resource")]
    NotFull {
        /// The address.
        jid: Jid,
    },
    /// The server does not know the account, or the password is wrong.
    #[error("the server refused the log-in: check user and password")]
    NotAuthorized,
    /// The server does not serve the domain.
    #[error("the server does not serve {domain}: check the domain and the server's address")]
    HostUnknown {
        /// The domain of the wanted address.
        domain: String,
    },
    /// The address is in use, and the server keeps the session that has it.
    #[error("the address is in use: choose another resource or end the other session")]
    Conflict,
    /// The server gave another address than the one asked for.
    #[error(
        "asked for {wanted} and got {granted:?}: the server must grant resources as they are asked"
    )]
    ResourceChanged {
        /// The address asked for.
        wanted: Jid,
        /// What the server gave.
        granted: String,
    },
    /// No way to log in that both sides have.
    #[error(
        "no common way to log in, the server offers {offered:?}: enable SCRAM there, or allow the \
         password in the clear if the connection is encrypted or local"
    )]
    NoMechanism {
        /// Mechanisms of SASL and fields of `jabber:iq:auth` that the server named.
        offered: Vec<String>,
    },
    /// The server wants STARTTLS first, which is not done here.
    #[error("the server wants TLS: connect to its TLS port, or let it accept plain connections")]
    TlsRequired,
    /// The exchange of SASL failed on this side, for instance because the server could not prove
    /// that it knows the password.
    #[error("the log-in was broken off: {reason}")]
    Sasl {
        /// What the mechanism said.
        reason: String,
    },
    /// The server refused for another reason.
    #[error("the server refused the log-in with {condition}{}", said(text))]
    Refused {
        /// The condition's name.
        condition: String,
        /// What the server says about it.
        text: String,
    },
    /// The server did something that the protocol does not allow.
    #[error("the server broke the protocol: {what}")]
    Protocol {
        /// What it did.
        what: &'static str,
    },
    /// The server ended the stream with an error.
    #[error("the server ended the stream with {condition}{}", said(text))]
    StreamError {
        /// The condition's name.
        condition: String,
        /// What the server says about it.
        text: String,
    },
    /// The server took too long.
    #[error("the server did not answer in time")]
    Timeout,
    /// The connection was closed.
    #[error("the connection was closed during the log-in")]
    Closed,
}

/// What the server said behind the condition's name, if anything.
fn said(text: &str) -> String {
    if text.is_empty() {
        String::new()
    } else {
        format!(": {text}")
    }
}
