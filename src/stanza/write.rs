//! From a stanza to bytes.

use bytes::{BufMut, BytesMut};

use super::extension::is_attribute;
use super::{Payload, Stanza};
use crate::jid::Jid;
use crate::xml;

impl Stanza {
    /// Appends the whole element. What came off the wire goes out as it came.
    pub fn write_to(&self, out: &mut BytesMut) {
        let name = self.kind.name().as_bytes();
        out.put_u8(b'<');
        out.put_slice(name);
        attribute("to", self.to.as_ref().map_or("", Jid::as_str), out);
        attribute("from", self.from.as_ref().map_or("", Jid::as_str), out);
        attribute("type", &self.stanza_type, out);
        attribute("id", &self.id, out);
        let old = match &self.payload {
            Payload::Message(message) => Some(&message.opensrf),
            Payload::Wire(_) => None,
        };
        let old = old.filter(|opensrf| opensrf.placement.is_on_message());
        if let Some(opensrf) = old {
            opensrf.write_attributes(out);
        }
        for (name, raw) in &self.extra {
            // An attribute that stood there twice would end the stream.
            if old.is_some() && is_attribute(name) {
                continue;
            }
            let quote = if raw.contains('"') { b'\'' } else { b'"' };
            out.put_u8(b' ');
            out.put_slice(name.as_bytes());
            out.put_slice(&[b'=', quote]);
            out.put_slice(raw.as_bytes());
            out.put_u8(quote);
        }
        if let Payload::Wire(wire) = &self.payload
            && wire.inner().is_empty()
        {
            out.put_slice(b"/>");
            return;
        }
        out.put_u8(b'>');
        match &self.payload {
            Payload::Wire(wire) => out.put_slice(wire.inner().as_bytes()),
            Payload::Message(message) => message.write_to(out),
        }
        out.put_slice(b"</");
        out.put_slice(name);
        out.put_u8(b'>');
    }
}

fn attribute(name: &str, value: &str, out: &mut BytesMut) {
    if value.is_empty() {
        return;
    }
    out.put_u8(b' ');
    out.put_slice(name.as_bytes());
    out.put_slice(b"=\"");
    xml::attribute(out, value);
    out.put_u8(b'"');
}
