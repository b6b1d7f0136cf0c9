//! Text and attribute values as XML writes them.

use bytes::{BufMut, BytesMut};
use memchr::memchr3;

/// Appends `text` as element content: `&`, `<` and `>` escaped, quotes left as they are.
///
/// JSON is full of quotes, and each escaped one would cost the receiver an entity. The C and Perl
/// programs write it so too. Carriage returns are escaped as well: a reader takes them for line
/// feeds otherwise.
pub fn text(out: &mut BytesMut, text: &str) {
    let mut lines = text.split('\r');
    line(out, lines.next().unwrap_or_default());
    for rest in lines {
        out.put_slice(entity(b'\r'));
        line(out, rest);
    }
}

fn line(out: &mut BytesMut, text: &str) {
    let mut rest = text.as_bytes();
    out.reserve(rest.len());
    while let Some(at) = memchr3(b'&', b'<', b'>', rest) {
        out.put_slice(&rest[..at]);
        out.put_slice(entity(rest[at]));
        rest = &rest[at + 1..];
    }
    out.put_slice(rest);
}

/// Appends `value` as the inside of a quoted attribute, for either kind of quote.
pub fn attribute(out: &mut BytesMut, value: &str) {
    out.reserve(value.len());
    for &byte in value.as_bytes() {
        match byte {
            b'&' | b'<' | b'>' | b'\'' | b'"' | b'\t' | b'\n' | b'\r' => {
                out.put_slice(entity(byte))
            }
            plain => out.put_u8(plain),
        }
    }
}

fn entity(byte: u8) -> &'static [u8] {
    match byte {
        b'&' => b"&amp;",
        b'<' => b"&lt;",
        b'>' => b"&gt;",
        b'\'' => b"&apos;",
        b'"' => b"&quot;",
        b'\t' => b"&#9;",
        b'\n' => b"&#10;",
        _ => b"&#13;",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quotes_stay_in_text_and_are_escaped_in_attributes() {
        let mut out = BytesMut::new();
        text(&mut out, "{\"a\":\"<&>\"}\r\n");
        assert_eq!(&out[..], b"{\"a\":\"&lt;&amp;&gt;\"}&#13;\n");
        out.clear();
        attribute(&mut out, "a'\"<\n");
        assert_eq!(&out[..], b"a&apos;&quot;&lt;&#10;");
    }
}
