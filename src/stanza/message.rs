//! What an OpenSRF message says, as values.

use bytes::{BufMut, BytesMut};
use bytestring::ByteString;

use super::{Extension, StanzaError};
use crate::osrf::Content;
use crate::xml;

/// The inside of a `<message>`; an empty string stands for what is not there.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Message {
    /// The OpenSRF attributes.
    pub opensrf: Extension,
    /// Names the conversation.
    pub thread: ByteString,
    /// Never given by the original programs.
    pub subject: ByteString,
    /// A list of OpenSRF messages.
    pub body: Content,
    /// Why it came back.
    pub error: Option<StanzaError>,
}

impl Message {
    /// Appends the children, in the order of the C programs but for the error, which is last.
    pub(super) fn write_to(&self, out: &mut BytesMut) {
        if self.opensrf.placement.is_in_child() {
            self.opensrf.write_to(out);
        }
        for (name, text) in [
            ("thread", &self.thread),
            ("subject", &self.subject),
            ("body", self.body.text()),
        ] {
            if !text.is_empty() {
                write_text(name, text, out);
            }
        }
        if let Some(error) = &self.error {
            error.write_to(out);
        }
    }
}

fn write_text(name: &str, text: &str, out: &mut BytesMut) {
    out.put_u8(b'<');
    out.put_slice(name.as_bytes());
    out.put_u8(b'>');
    xml::text(out, text);
    out.put_slice(b"</");
    out.put_slice(name.as_bytes());
    out.put_u8(b'>');
}
