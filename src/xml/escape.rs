//! Text and attribute values as XML writes them.

use bytes::{BufMut, BytesMut};
use memchr::{memchr, memchr3};

/// Appends `text` as element content: `&`, `<` and `>` escaped, quotes left as they are.
///
/// JSON is full of quotes, and each escaped one would cost the receiver an entity. The C and Perl
/// programs write it so too. Carriage returns are escaped as well: a reader takes them for line
/// feeds otherwise.
pub fn text(out: &mut BytesMut, text: &str) {
    let mut rest = text.as_bytes();
    out.reserve(rest.len());
    while let Some(at) = memchr(b'\r', rest) {
        line(out, &rest[..at]);
        out.put_slice(entity(b'\r'));
        rest = &rest[at + 1..];
    }
    line(out, rest);
}

fn line(out: &mut BytesMut, mut rest: &[u8]) {
    while let Some(at) = memchr3(b'&', b'<', b'>', rest) {
        out.put_slice(&rest[..at]);
        out.put_slice(entity(rest[at]));
        rest = &rest[at + 1..];
    }
    out.put_slice(rest);
}

/// Appends `value` as the inside of a quoted attribute, for either kind of quote.
pub fn attribute(out: &mut BytesMut, value: &str) {
    let is_special = |byte: &u8| {
        matches!(
            byte,
            b'&' | b'<' | b'>' | b'\'' | b'"' | b'\t' | b'\n' | b'\r'
        )
    };
    let mut rest = value.as_bytes();
    while let Some(at) = rest.iter().position(is_special) {
        out.put_slice(&rest[..at]);
        out.put_slice(entity(rest[at]));
        rest = &rest[at + 1..];
    }
    out.put_slice(rest);
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
