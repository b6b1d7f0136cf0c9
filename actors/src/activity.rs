//! What the log says about calls, and what it keeps to itself.
//!
//! Each call that a drone runs has a span with its transaction (`xid`), so that the id stands in
//! every line that its method and all around it write. One line of its own says what was called
//! with which parameters, under the target `activity` at level `debug`; the parameters are not even
//! written out unless somebody reads that line. Methods may be protected: nobody ever reads theirs
//! (the original's `log_protect`, protocol §12.4; it leaves its dumps of whole stanzas readable, of
//! which there are none here).

use std::fmt;
use std::sync::{Arc, PoisonError, RwLock};

use opensrf::osrf::Json;

/// The target of the lines that say what was called.
pub const TARGET: &str = "activity";

/// What stands for protected parameters, word for word the original's.
const REDACTED: &str = "**PARAMS REDACTED**";

/// The methods whose parameters are never logged: all whose names begin with one of these. Clones
/// are the same list.
#[derive(Debug, Clone, Default)]
pub struct Protected(Arc<RwLock<Vec<String>>>);

impl Protected {
    /// Protects the methods whose names begin with one of `prefixes`.
    #[must_use]
    pub fn new(prefixes: Vec<String>) -> Self {
        Self(Arc::new(RwLock::new(prefixes)))
    }

    /// Protects these from now on, and no others.
    pub fn replace(&self, prefixes: Vec<String>) {
        *self.0.write().unwrap_or_else(PoisonError::into_inner) = prefixes;
    }

    /// The beginnings of the names.
    #[must_use]
    pub fn prefixes(&self) -> Vec<String> {
        self.0
            .read()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }

    /// Whether the parameters of this method are never logged.
    #[must_use]
    pub fn covers(&self, method: &str) -> bool {
        let prefixes = self.0.read().unwrap_or_else(PoisonError::into_inner);
        prefixes
            .iter()
            .any(|prefix| method.starts_with(prefix.as_str()))
    }

    /// The parameters of a method as the log may show them; nothing is written out before somebody
    /// reads it.
    #[must_use]
    pub fn show<'a>(&'a self, method: &'a str, params: &'a [Json]) -> Shown<'a> {
        Shown {
            protected: self,
            method,
            params,
        }
    }
}

/// Parameters as the log may show them: JSON between commas, or a note that they are protected.
#[derive(Clone, Copy)]
pub struct Shown<'a> {
    protected: &'a Protected,
    method: &'a str,
    params: &'a [Json],
}

impl fmt::Display for Shown<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.protected.covers(self.method) {
            return f.write_str(REDACTED);
        }
        for (at, param) in self.params.iter().enumerate() {
            if at > 0 {
                f.write_str(", ")?;
            }
            f.write_str(param.as_str())?;
        }
        Ok(())
    }
}

/// The same, so that nobody shows more by accident.
impl fmt::Debug for Shown<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn s119_protected_methods_keep_their_parameters_to_themselves() {
        let protected = Protected::new(vec!["open-ils.auth".into()]);
        let params = [Json::string("secret"), Json::from(7)];
        let show = |method: &str| format!("{0} {0:?}", protected.show(method, &params));
        let hidden = "**PARAMS REDACTED** **PARAMS REDACTED**";
        assert_eq!(show("open-ils.auth.login"), hidden);
        assert_eq!(show("acme.auth"), "\"secret\", 7 \"secret\", 7");
        protected.clone().replace(vec!["acme".into()]);
        assert_eq!(show("acme.auth"), hidden);
        assert_eq!(protected.show("opensrf.math.add", &[]).to_string(), "");
    }
}
