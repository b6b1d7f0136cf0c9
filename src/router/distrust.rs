//! What is dropped because its sender's domain is not trusted, and when that is worth a warning.
//!
//! Whoever sends from such a domain hears nothing, so the administrator must: once, and then once a
//! minute for each domain, with the number, however much comes.

use bytestring::ByteString;

use crate::jid::Jid;
use crate::limits::LINE_INTERVAL;
use crate::muffler::Muffler;
use crate::stanza::Stanza;
use crate::time::Tick;

/// A stanza that was dropped because of where it came from.
#[derive(Debug, PartialEq, Eq)]
pub struct Distrusted {
    /// The domain that is not trusted.
    pub domain: String,
    /// The stanza's transaction.
    pub xid: ByteString,
    /// Worth a warning: so many more were dropped since the last one about this domain.
    pub warning: Option<u64>,
}

/// The domains that were not trusted lately.
#[derive(Debug)]
pub(super) struct Distrust(Muffler<String>);

impl Default for Distrust {
    fn default() -> Self {
        Self(Muffler::new(LINE_INTERVAL))
    }
}

impl Distrust {
    /// Notes that a stanza is dropped.
    pub(super) fn note(&mut self, now: Tick, from: &Jid, stanza: &Stanza) -> Distrusted {
        let domain = from.domain().to_owned();
        Distrusted {
            warning: self.0.hear(now, domain.clone()),
            domain,
            xid: stanza.xid(),
        }
    }
}
