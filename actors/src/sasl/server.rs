//! The server's end of one exchange.

use std::fmt;
use std::sync::Arc;

use opensrf::stream::{SaslFailure, SaslProgress};
use rsasl::callback::{Context, Request, SessionCallback, SessionData};
use rsasl::mechanisms::plain::PLAIN;
use rsasl::mechanisms::scram::properties::ScramStoredPassword;
use rsasl::mechanisms::scram::{SCRAM_SHA1, SCRAM_SHA256};
use rsasl::prelude::{
    Mechanism, Mechname, Registry, SASLConfig, SASLServer, Session, SessionError, State, Validation,
};
use rsasl::property::{AuthId, AuthzId, Password};
use rsasl::validate::{Validate, ValidationError};

use super::accounts::{Accounts, Hash};
use super::scram;

static OFFERED: &[Mechanism] = &[SCRAM_SHA256, SCRAM_SHA1, PLAIN];

/// The server's end of one exchange.
///
/// [`start`](Self::start) it for `Effect::SaslStart`, then hand it the initial response if there
/// is one, or `None`; each answer of [`step`](Self::step) goes to the acceptor as it is.
pub struct SaslServer {
    /// `None` when the exchange is over.
    session: Option<Session<Verdict>>,
    is_scram: bool,
    is_first: bool,
}

impl SaslServer {
    /// Begins an exchange with one of [`MECHANISMS`](super::MECHANISMS) for an account of `domain`.
    ///
    /// # Errors
    /// [`SaslFailure::InvalidMechanism`] for any other.
    pub fn start(
        accounts: Arc<Accounts>,
        domain: &str,
        mechanism: &str,
    ) -> Result<Self, SaslFailure> {
        let hash = match mechanism {
            "SCRAM-SHA-256" => Some(Hash::Sha256),
            "SCRAM-SHA-1" => Some(Hash::Sha1),
            "PLAIN" => None,
            _ => return Err(SaslFailure::InvalidMechanism),
        };
        let checker = Checker {
            accounts,
            domain: domain.to_ascii_lowercase(),
            hash,
        };
        let session = checker
            .session(mechanism)
            .ok_or(SaslFailure::InvalidMechanism)?;
        Ok(Self {
            session: Some(session),
            is_scram: hash.is_some(),
            is_first: true,
        })
    }

    /// Takes what the client said; `None` if it sent nothing with its choice of the mechanism.
    ///
    /// Hashes a few hundred bytes, but for the first log-in of an account with SCRAM, which takes
    /// some milliseconds.
    pub fn step(&mut self, data: Option<&[u8]>) -> SaslProgress {
        let Some(data) = data else {
            // Each of our mechanisms lets the client speak first.
            return SaslProgress::Challenge(Vec::new());
        };
        let (session, is_first) = (self.session.take(), self.is_first);
        self.is_first = false;
        let is_readable = match (self.is_scram, is_first) {
            (false, _) => true,
            (true, true) => scram::is_client_first(data),
            (true, false) => scram::is_message(data),
        };
        let Some(mut session) = session.filter(|_| is_readable) else {
            return SaslProgress::Failure(SaslFailure::MalformedRequest);
        };
        let mut answer = Vec::new();
        match session.step(Some(data), &mut answer) {
            Ok(State::Running) => {
                self.session = Some(session);
                SaslProgress::Challenge(answer)
            }
            Ok(State::Finished(_)) => match session.validation() {
                Some(Ok(user)) => SaslProgress::Success {
                    user,
                    data: (!answer.is_empty()).then_some(answer),
                },
                Some(Err(failure)) => SaslProgress::Failure(failure),
                None => SaslProgress::Failure(SaslFailure::NotAuthorized),
            },
            Err(_) => SaslProgress::Failure(SaslFailure::MalformedRequest),
        }
    }
}

impl fmt::Debug for SaslServer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SaslServer")
            .field("is_over", &self.session.is_none())
            .finish_non_exhaustive()
    }
}

/// How an exchange ended: the local part of the client's address, or why not.
struct Verdict;

impl Validation for Verdict {
    type Value = Result<String, SaslFailure>;
}

/// Looks things up for `rsasl`.
struct Checker {
    accounts: Arc<Accounts>,
    domain: String,
    hash: Option<Hash>,
}

impl Checker {
    fn session(self, mechanism: &str) -> Option<Session<Verdict>> {
        let config = SASLConfig::builder()
            .with_registry(Registry::with_mechanisms(OFFERED))
            .with_callback(self)
            .ok()?;
        let name = Mechname::parse(mechanism.as_bytes()).ok()?;
        SASLServer::<Verdict>::new(config)
            .start_suggested(name)
            .ok()
    }

    /// A name as the client means it.
    fn name(&self, sent: &str) -> String {
        let plain = self.hash.and_then(|_| scram::unescape(sent));
        plain.unwrap_or_else(|| sent.into()).to_ascii_lowercase()
    }

    fn verdict(&self, context: &Context<'_>) -> Result<String, SaslFailure> {
        let user = self.name(context.get_ref::<AuthId>().unwrap_or_default());
        if self.hash.is_none() {
            let password = context.get_ref::<Password>().unwrap_or_default();
            let is_right = std::str::from_utf8(password)
                .is_ok_and(|text| self.accounts.check_password(&user, &self.domain, text));
            if !is_right {
                return Err(SaslFailure::NotAuthorized);
            }
        }
        // RFC 6120 §6.3.8 has a bare address here, some clients the name alone.
        let acting_for = self.name(context.get_ref::<AuthzId>().unwrap_or_default());
        let own = [
            String::new(),
            user.clone(),
            format!("{user}@{}", self.domain),
        ];
        if own.contains(&acting_for) {
            Ok(user)
        } else {
            Err(SaslFailure::InvalidAuthzid)
        }
    }
}

impl SessionCallback for Checker {
    fn callback(
        &self,
        _session: &SessionData,
        context: &Context<'_>,
        request: &mut Request<'_>,
    ) -> Result<(), SessionError> {
        if let (Some(hash), Some(user)) = (self.hash, context.get_ref::<AuthId>()) {
            let user = self.name(user);
            let salt = self.accounts.salt(&user);
            let keys = self.accounts.keys(&user, &self.domain, hash);
            request.satisfy::<ScramStoredPassword<'_>>(&ScramStoredPassword::new(
                scram::ITERATIONS,
                &salt,
                &keys.stored,
                &keys.server,
            ))?;
        }
        Ok(())
    }

    /// Called after a right proof of SCRAM, and with the password of PLAIN.
    fn validate(
        &self,
        _session: &SessionData,
        context: &Context<'_>,
        validate: &mut Validate<'_>,
    ) -> Result<(), ValidationError> {
        validate.finalize::<Verdict>(self.verdict(context));
        Ok(())
    }
}
