//! The client's end of one exchange.

use std::fmt;

use opensrf::stream::SaslReply;
use rsasl::prelude::{Mechname, SASLClient, SASLConfig, Session, State};
use stringprep::saslprep;

use super::{MECHANISMS, scram};

/// Why an exchange cannot begin.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
#[non_exhaustive]
pub enum SaslClientError {
    /// The mechanism is not one of [`MECHANISMS`].
    #[error("mechanism {mechanism:?} is not known here")]
    UnknownMechanism {
        /// Its name.
        mechanism: String,
    },
    /// The password is empty or holds characters that SASL does not allow.
    #[error("the password is empty or holds forbidden characters")]
    Password,
}

/// The client's end of one exchange.
pub struct SaslClient {
    session: Session,
    is_scram: bool,
    /// Messages of the server seen.
    seen: u32,
    phase: Phase,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Phase {
    Running,
    /// The mechanism has nothing more to ask of the server.
    Satisfied,
    /// `rsasl` must not be called again.
    Broken,
}

impl SaslClient {
    /// Begins an exchange; [`step`](Self::step) with `None` gives the first message.
    ///
    /// # Errors
    /// [`SaslClientError`] says what is wrong with the arguments.
    pub fn start(mechanism: &str, user: &str, password: &str) -> Result<Self, SaslClientError> {
        let unknown = || SaslClientError::UnknownMechanism {
            mechanism: mechanism.into(),
        };
        if !MECHANISMS.contains(&mechanism) {
            return Err(unknown());
        }
        let password = saslprep(password).unwrap_or_default().into_owned();
        if password.is_empty() {
            return Err(SaslClientError::Password);
        }
        let name = Mechname::parse(mechanism.as_bytes()).map_err(|_| unknown())?;
        let config =
            SASLConfig::with_credentials(None, user.into(), password).map_err(|_| unknown())?;
        let session = SASLClient::new(config)
            .start_suggested(&[name])
            .map_err(|_| unknown())?;
        Ok(Self {
            session,
            is_scram: mechanism != "PLAIN",
            seen: 0,
            phase: Phase::Running,
        })
    }

    /// Makes the next message: the first one for `None`, else the answer to a challenge.
    ///
    /// Takes some milliseconds for the first challenge of SCRAM.
    pub fn step(&mut self, challenge: Option<&[u8]>) -> SaslReply {
        self.advance(challenge)
            .map_or_else(SaslReply::Refused, SaslReply::Respond)
    }

    /// Takes the server's word that the log-in is done, with what came along.
    ///
    /// Gives [`SaslReply::Verified`] only if the server has proved that it knows the password, where
    /// the mechanism has such a proof.
    pub fn finish(&mut self, data: Option<&[u8]>) -> SaslReply {
        if self.phase == Phase::Running
            && let Some(data) = data
            && let Err(reason) = self.advance(Some(data))
        {
            return SaslReply::Refused(reason);
        }
        match self.phase {
            Phase::Satisfied => SaslReply::Verified,
            _ => SaslReply::Refused("the server did not prove that it knows the password".into()),
        }
    }

    fn advance(&mut self, message: Option<&[u8]>) -> Result<Vec<u8>, String> {
        if self.phase != Phase::Running {
            return Err("the server went on after the end of the exchange".into());
        }
        self.phase = Phase::Broken;
        if let Some(message) = message {
            self.seen += 1;
            if self.is_scram && !scram::is_message(message) {
                return Err("the server sent something that is not SCRAM".into());
            }
            if self.is_scram && self.seen == 1 && !scram::is_bearable(message) {
                return Err("the server asks for too many rounds of hashing".into());
            }
        }
        let mut answer = Vec::new();
        let state = self.session.step(message, &mut answer);
        self.phase = match state.map_err(|error| error.to_string())? {
            State::Running => Phase::Running,
            State::Finished(_) => Phase::Satisfied,
        };
        Ok(answer)
    }
}

impl fmt::Debug for SaslClient {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SaslClient")
            .field("phase", &self.phase)
            .finish_non_exhaustive()
    }
}
