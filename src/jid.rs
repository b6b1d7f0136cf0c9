//! Jabber addresses: `local@domain/resource`.
//!
//! Local part and domain are lower-cased where they are ASCII, as all servers do; the resource is
//! kept as it is. Characters outside ASCII are taken as they come: accounts and hosts of an OpenSRF
//! network are ASCII, and a profile that differed from the external server's would split accounts.

use std::fmt;
use std::hash::{Hash, Hasher};
use std::sync::Arc;

use memchr::memchr;

use crate::limits::JID_PART_BYTES;

/// A Jabber address, cheap to clone.
#[derive(Clone, Eq, PartialOrd, Ord)]
pub struct Jid {
    text: Arc<str>,
    /// Length of the local part; 0 when there is none (then no `@` either).
    local: u16,
    /// Length of all before the `/`, or of the whole text.
    bare: u16,
}

/// Why a text is no address.
#[derive(Debug, thiserror::Error, PartialEq, Eq, Clone, Copy)]
#[non_exhaustive]
pub enum JidError {
    /// `@domain`, `local@`, `domain/` or nothing at all.
    #[error("a part of the address is empty")]
    EmptyPart,
    /// A part is longer than 1,023 bytes.
    #[error("a part of the address is longer than {JID_PART_BYTES} bytes")]
    TooLong,
    /// A character that RFC 7622 forbids in that part.
    #[error("character {0:?} is not allowed there in an address")]
    Forbidden(char),
}

impl Jid {
    /// Reads an address.
    ///
    /// # Errors
    /// [`JidError`] names the first thing that is wrong.
    pub fn parse(text: &str) -> Result<Self, JidError> {
        let (bare, resource) = match memchr(b'/', text.as_bytes()) {
            Some(at) => (&text[..at], Some(&text[at + 1..])),
            None => (text, None),
        };
        let (local, domain) = match memchr(b'@', bare.as_bytes()) {
            Some(at) => (Some(&bare[..at]), &bare[at + 1..]),
            None => (None, bare),
        };
        check(domain, is_forbidden)?;
        if let Some(local) = local {
            check(local, is_forbidden)?;
        }
        if let Some(resource) = resource {
            check(resource, char::is_control)?;
        }
        let folds = bare.bytes().any(|b| b.is_ascii_uppercase());
        let text = if folds {
            let mut folded = bare.to_ascii_lowercase();
            folded.push_str(&text[bare.len()..]);
            Arc::from(folded)
        } else {
            Arc::from(text)
        };
        // Each part is at most 1,023 bytes, so the lengths fit.
        Ok(Self {
            text,
            local: local.map_or(0, str::len) as u16,
            bare: bare.len() as u16,
        })
    }

    /// Puts an address together.
    ///
    /// # Errors
    /// [`JidError`] names the first thing that is wrong.
    pub fn new(local: &str, domain: &str, resource: &str) -> Result<Self, JidError> {
        if local.contains(['@', '/']) || domain.contains(['@', '/']) {
            return Err(JidError::Forbidden(if local.contains('@') {
                '@'
            } else {
                '/'
            }));
        }
        Self::parse(&[local, "@", domain, "/", resource].concat())
    }

    /// The whole address.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// The part before `@`.
    #[must_use]
    pub fn local(&self) -> Option<&str> {
        (self.local > 0).then(|| &self.text[..self.local as usize])
    }

    /// The part between `@` and `/`.
    #[must_use]
    pub fn domain(&self) -> &str {
        let from = if self.local > 0 {
            self.local as usize + 1
        } else {
            0
        };
        &self.text[from..self.bare as usize]
    }

    /// The part after `/`.
    #[must_use]
    pub fn resource(&self) -> Option<&str> {
        let from = self.bare as usize + 1;
        (from <= self.text.len()).then(|| &self.text[from..])
    }

    /// Whether it names one session: it has a local part and a resource.
    #[must_use]
    pub fn is_full(&self) -> bool {
        self.local > 0 && (self.bare as usize) < self.text.len()
    }

    /// The address without its resource.
    #[must_use]
    pub fn bare(&self) -> Self {
        Self {
            text: Arc::from(&self.text[..self.bare as usize]),
            local: self.local,
            bare: self.bare,
        }
    }

    /// The address of its server: the domain alone.
    #[must_use]
    pub fn server(&self) -> Self {
        let text: Arc<str> = Arc::from(self.domain());
        let bare = text.len() as u16;
        Self {
            text,
            local: 0,
            bare,
        }
    }
}

/// Whether it may not stand before the `/`.
fn is_forbidden(c: char) -> bool {
    c.is_control() || matches!(c, '"' | '&' | '\'' | '/' | ':' | '<' | '>' | '@' | ' ')
}

fn check(part: &str, is_forbidden: impl Fn(char) -> bool) -> Result<(), JidError> {
    if part.is_empty() {
        return Err(JidError::EmptyPart);
    }
    if part.len() > JID_PART_BYTES {
        return Err(JidError::TooLong);
    }
    // Most are plain, which a look at the bytes tells.
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.');
    if part.bytes().all(is_plain) {
        return Ok(());
    }
    match part.chars().find(|&c| is_forbidden(c)) {
        Some(c) => Err(JidError::Forbidden(c)),
        None => Ok(()),
    }
}

/// The lengths follow from the text. Most that are compared are clones, which one look tells.
impl PartialEq for Jid {
    fn eq(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.text, &other.text) || self.text == other.text
    }
}

impl Hash for Jid {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.text.hash(state);
    }
}

impl fmt::Display for Jid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl fmt::Debug for Jid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&*self.text, f)
    }
}

impl std::str::FromStr for Jid {
    type Err = JidError;

    fn from_str(text: &str) -> Result<Self, JidError> {
        Self::parse(text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn parts_of_an_address() {
        let jid = Jid::parse("opensrf@private.localhost/opensrf.math_listener_at_a_1").unwrap();
        assert_eq!(jid.local(), Some("opensrf"));
        assert_eq!(jid.domain(), "private.localhost");
        assert_eq!(jid.resource(), Some("opensrf.math_listener_at_a_1"));
        assert_eq!(jid.bare().as_str(), "opensrf@private.localhost");
        assert!(jid.is_full() && !jid.bare().is_full());
    }

    #[test]
    fn a_domain_alone_is_an_address() {
        let jid = Jid::parse("localhost").unwrap();
        assert_eq!(
            (jid.local(), jid.domain(), jid.resource()),
            (None, "localhost", None)
        );
    }

    #[test]
    fn a_resource_may_hold_slash_and_at() {
        let jid = Jid::parse("a@b/c/d@e").unwrap();
        assert_eq!((jid.domain(), jid.resource()), ("b", Some("c/d@e")));
    }

    #[test]
    fn case_counts_in_the_resource_only() {
        assert_eq!(
            Jid::parse("Router@LocalHost/Aa").unwrap().as_str(),
            "router@localhost/Aa"
        );
    }

    #[test]
    fn what_is_no_address_is_refused_by_name() {
        let long = "x".repeat(1_024);
        let cases = [
            ("", JidError::EmptyPart),
            ("@b", JidError::EmptyPart),
            ("a@", JidError::EmptyPart),
            ("a@b/", JidError::EmptyPart),
            ("a b@c/d", JidError::Forbidden(' ')),
            ("a@b@c", JidError::Forbidden('@')),
            ("a@b/c\u{1}", JidError::Forbidden('\u{1}')),
            (long.as_str(), JidError::TooLong),
        ];
        for (text, error) in cases {
            assert_eq!(Jid::parse(text), Err(error), "{text}");
        }
    }

    #[test]
    fn parts_cannot_smuggle_separators() {
        assert!(Jid::new("a@b", "c", "d").is_err());
        assert!(Jid::new("a", "b/c", "d").is_err());
    }

    /// Texts in which every character is as likely to matter as not.
    fn part() -> impl Strategy<Value = String> {
        "[a-zA-Z0-9@/:._ é\u{1f600}\u{7f}\"'&<>-]{0,8}"
    }

    proptest! {
        #[test]
        fn an_address_that_is_read_is_written_as_it_reads(text in "\\PC{0,12}|([aA@/.é]{0,8})") {
            let Ok(jid) = Jid::parse(&text) else { return Ok(()) };
            prop_assert!(jid.as_str().eq_ignore_ascii_case(&text));
            prop_assert_eq!(jid.to_string().parse(), Ok(jid.clone()));
            let mut parts = String::new();
            if let Some(local) = jid.local() {
                parts += local;
                parts += "@";
            }
            parts += jid.domain();
            prop_assert_eq!(jid.bare().to_string(), parts.clone());
            prop_assert_eq!(Jid::parse(&parts), Ok(jid.bare()));
            if let Some(resource) = jid.resource() {
                parts += "/";
                parts += resource;
            }
            prop_assert_eq!(jid.as_str(), &parts);
            prop_assert_eq!(jid.is_full(), jid.local().is_some() && jid.resource().is_some());
        }

        #[test]
        fn parts_come_out_as_they_went_in(local in part(), domain in part(), resource in part()) {
            if let Ok(jid) = Jid::new(&local, &domain, &resource) {
                let local = local.to_ascii_lowercase();
                prop_assert_eq!(jid.local(), Some(&*local));
                prop_assert_eq!(jid.domain(), domain.to_ascii_lowercase());
                prop_assert_eq!(jid.resource(), Some(&*resource));
            }
        }
    }
}
