//! Why a method failed.

use std::fmt;

use opensrf::osrf::{Status, code};

/// Why a method failed: a status for the caller.
///
/// Made from any error with `?`; the caller sees its text, with status 500.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MethodError {
    code: u16,
    text: String,
}

impl MethodError {
    /// An error with a status of 400 or more; a lower one would not end the request and becomes 500.
    pub fn new(code: u16, text: impl Into<String>) -> Self {
        let code = if code < 400 {
            code::INTERNAL_SERVER_ERROR
        } else {
            code
        };
        Self {
            code,
            text: text.into(),
        }
    }

    /// An error with status 500.
    pub fn failed(text: impl Into<String>) -> Self {
        Self::new(code::INTERNAL_SERVER_ERROR, text)
    }

    /// The status code.
    #[must_use]
    pub fn code(&self) -> u16 {
        self.code
    }

    pub(super) fn from_status(status: &Status) -> Self {
        Self::new(status.code, &*status.text)
    }

    pub(crate) fn into_status(self) -> Status {
        Status::method_exception(self.code, self.text)
    }
}

/// Code and text, for people. It is no `std::error::Error`, so that every such error can become one.
impl fmt::Display for MethodError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.code, self.text)
    }
}

impl<E: std::error::Error> From<E> for MethodError {
    fn from(error: E) -> Self {
        Self::failed(error.to_string())
    }
}
