//! What is dropped because its sender's domain is not trusted, and when that is worth a warning.
//!
//! Whoever sends from such a domain hears nothing, so the administrator must: once, and then once a
//! minute for each domain, with the number, however much comes.

use std::time::Duration;

use bytestring::ByteString;

use crate::jid::Jid;
use crate::stanza::Stanza;
use crate::time::Tick;

/// The least time between two warnings about one domain.
pub(super) const WARN_EVERY: Duration = Duration::from_secs(60);

/// Domains that are told apart; beyond them the one that was warned about longest ago is forgotten.
const DOMAINS: usize = 64;

/// A stanza that was dropped because of where it came from.
#[derive(Debug, PartialEq, Eq)]
pub struct Distrusted {
    /// The domain that is not trusted.
    pub domain: String,
    /// The stanza's transaction.
    pub xid: ByteString,
    /// So many were dropped since the last warning about this domain; `None` if it is too early for
    /// another one.
    pub warning: Option<u64>,
}

/// The domains that were not trusted lately.
#[derive(Debug, Default)]
pub(super) struct Distrust {
    /// Warned about longest ago first: when, and what was dropped since.
    domains: Vec<(String, Tick, u64)>,
}

impl Distrust {
    /// Counts a stanza.
    pub(super) fn note(&mut self, now: Tick, from: &Jid, stanza: &Stanza) -> Distrusted {
        let domain = from.domain();
        Distrusted {
            domain: domain.to_owned(),
            xid: stanza.xid(),
            warning: self.warning(now, domain),
        }
    }

    fn warning(&mut self, now: Tick, domain: &str) -> Option<u64> {
        let known = self.domains.iter().position(|(name, ..)| name == domain);
        let mut dropped = 1;
        if let Some(at) = known {
            let (_, warned, since) = self.domains.get_mut(at)?;
            *since += 1;
            if now < *warned + WARN_EVERY {
                return None;
            }
            dropped = *since;
            self.domains.remove(at);
        } else if self.domains.len() == DOMAINS {
            self.domains.remove(0);
        }
        self.domains.push((domain.to_owned(), now, 0));
        Some(dropped)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_domain_is_warned_about_at_once_and_then_once_a_minute_with_the_number() {
        let mut distrust = Distrust::default();
        let at = |seconds| Tick::from_secs(seconds);
        assert_eq!(distrust.warning(at(5), "a"), Some(1));
        assert_eq!(distrust.warning(at(6), "a"), None);
        assert_eq!(distrust.warning(at(6), "b"), Some(1));
        assert_eq!(distrust.warning(at(64), "a"), None);
        assert_eq!(distrust.warning(at(65), "a"), Some(3));
        assert_eq!(distrust.warning(at(65), "a"), None);
    }

    #[test]
    fn so_many_domains_are_told_apart_and_no_more() {
        let mut distrust = Distrust::default();
        for n in 0..=DOMAINS {
            assert_eq!(distrust.warning(Tick::ZERO, &n.to_string()), Some(1));
        }
        assert_eq!(distrust.domains.len(), DOMAINS);
        assert_eq!(distrust.warning(Tick::ZERO, "1"), None);
        assert_eq!(distrust.warning(Tick::ZERO, "0"), Some(1));
    }
}
