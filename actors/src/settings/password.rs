//! A password, and how one is made up.

use std::fmt;

use super::SettingsError;

/// A password; `Debug`, `Display` and `Serialize` give `***`.
#[derive(Clone, PartialEq, Eq)]
pub struct Password(String);

impl Password {
    /// What stands for a password where it is shown.
    pub const HIDDEN: &'static str = "***";

    /// Takes `text` as a password.
    #[must_use]
    pub fn new(text: impl Into<String>) -> Self {
        Self(text.into())
    }

    /// The password itself. Not for logs.
    #[must_use]
    pub fn reveal(&self) -> &str {
        &self.0
    }

    /// A new one of 32 characters out of `0-9a-f`: 128 bits of chance.
    pub(super) fn random() -> Result<Self, SettingsError> {
        let mut bytes = [0_u8; 16];
        getrandom::fill(&mut bytes).map_err(SettingsError::NoRandomness)?;
        let digits = bytes.iter().map(|byte| format!("{byte:02x}"));
        Ok(Self(digits.collect()))
    }
}

impl fmt::Debug for Password {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(Self::HIDDEN)
    }
}

impl fmt::Display for Password {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(Self::HIDDEN)
    }
}

impl serde::Serialize for Password {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(Self::HIDDEN)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_password_is_not_shown() {
        let password = Password::new("secret");
        assert_eq!(format!("{password} {password:?}"), "*** ***");
        assert_eq!(serde_json::to_string(&password).unwrap(), "\"***\"");
        assert_eq!(password.reveal(), "secret");
    }

    #[test]
    fn two_made_up_passwords_differ() {
        let (a, b) = (Password::random().unwrap(), Password::random().unwrap());
        assert!(a != b);
        assert_eq!(a.reveal().len(), 32);
    }
}
