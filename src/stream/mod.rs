//! Negotiates a Jabber stream, from its first byte to a bound address, for either end.
//!
//! [`Acceptor`] is the server's end, [`Initiator`] the client's. Both are roles: the connection
//! that owns one feeds it headers and elements, carries out its effects, and takes over when it
//! says `Online`. Neither does any cryptography of SASL (RFC 6120 §6); they carry its messages and
//! leave the exchange to whoever holds the passwords.
//!
//! Two ways lead in. Today's clients open a stream of version 1.0, log in with SASL, restart the
//! stream and bind a resource. The C and Perl programs of OpenSRF send a header without a version
//! and one `jabber:iq:auth` request (XEP-0078) that does it all. They look once for each answer,
//! so a header and the answer to a log-in are one [`Bytes`](bytes::Bytes) each, to be written in
//! one write with nothing before it.
//!
//! Nothing here sends presence: a server would route messages for a dead address to a session that
//! did.

pub mod acceptor;
pub mod initiator;
mod login;
mod wire;

#[cfg(test)]
mod tests;

use std::fmt::{self, Write as _};

use sha1::{Digest, Sha1};

pub use acceptor::{Acceptor, Offer};
pub use initiator::Initiator;
pub use login::{Login, LoginError, LoginMethod};

/// How an old client proves that it knows the password (XEP-0078).
#[derive(Clone, PartialEq, Eq)]
pub enum LegacyProof {
    /// The password itself; Perl programs send it.
    Password(String),
    /// [`legacy_digest`] of the stream's id and the password; C programs send it.
    Digest {
        /// The id of the stream that the digest was made for.
        stream_id: String,
        /// Forty hexadecimal digits, if the client did it right.
        digest: String,
    },
}

impl fmt::Debug for LegacyProof {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Password(_) => "Password(…)",
            Self::Digest { .. } => "Digest(…)",
        })
    }
}

/// Returns the proof that C programs send: SHA-1 of stream id and password, in lower-case hex.
///
/// The C programs compute it wrongly when both together fill a multiple of 64 bytes, which is why a
/// server's stream ids should be short.
///
/// Source: XEP-0078 §3.
#[must_use]
pub fn legacy_digest(stream_id: &str, password: &str) -> String {
    let hash = Sha1::new()
        .chain_update(stream_id)
        .chain_update(password)
        .finalize();
    hash.iter()
        .fold(String::with_capacity(40), |mut hex, byte| {
            // Writing to a String cannot fail.
            let _ = write!(hex, "{byte:02x}");
            hex
        })
}

/// What the server's end of a SASL exchange says next.
#[derive(Clone, PartialEq, Eq)]
pub enum SaslProgress {
    /// The client must answer this.
    Challenge(Vec<u8>),
    /// The client is who it says.
    Success {
        /// The local part of its address.
        user: String,
        /// What the client needs to trust the server, if the mechanism has such a thing.
        data: Option<Vec<u8>>,
    },
    /// The exchange is over and failed.
    Failure(SaslFailure),
}

impl fmt::Debug for SaslProgress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Challenge(_) => f.write_str("Challenge(…)"),
            Self::Success { user, .. } => f.debug_struct("Success").field("user", user).finish(),
            Self::Failure(failure) => f.debug_tuple("Failure").field(failure).finish(),
        }
    }
}

/// Why a SASL exchange failed (RFC 6120 §6.5).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum SaslFailure {
    /// The client gave up.
    Aborted,
    /// The mechanism would show the password to anyone who listens.
    EncryptionRequired,
    /// The data is not base64.
    IncorrectEncoding,
    /// The client may not act for the one that it named.
    InvalidAuthzid,
    /// The mechanism is not offered.
    InvalidMechanism,
    /// The data is not what the mechanism wants.
    MalformedRequest,
    /// The password is wrong or the account does not exist; which of them is not told.
    NotAuthorized,
    /// The server cannot tell at the moment.
    TemporaryAuthFailure,
}

impl SaslFailure {
    /// The name of the condition's element.
    #[must_use]
    pub fn condition(self) -> &'static str {
        match self {
            Self::Aborted => "aborted",
            Self::EncryptionRequired => "encryption-required",
            Self::IncorrectEncoding => "incorrect-encoding",
            Self::InvalidAuthzid => "invalid-authzid",
            Self::InvalidMechanism => "invalid-mechanism",
            Self::MalformedRequest => "malformed-request",
            Self::NotAuthorized => "not-authorized",
            Self::TemporaryAuthFailure => "temporary-auth-failure",
        }
    }
}

/// What the client's end of a SASL exchange says next.
#[derive(Clone, PartialEq, Eq)]
pub enum SaslReply {
    /// Send this to the server.
    Respond(Vec<u8>),
    /// The server has proved itself as far as the mechanism allows.
    Verified,
    /// The exchange cannot go on; why, for a person.
    Refused(String),
}

impl fmt::Debug for SaslReply {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Respond(_) => f.write_str("Respond(…)"),
            Self::Verified => f.write_str("Verified"),
            Self::Refused(reason) => f.debug_tuple("Refused").field(reason).finish(),
        }
    }
}
