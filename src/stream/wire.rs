//! The few things on a stream that are not whole elements, and how SASL data is written.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::{BufMut, Bytes, BytesMut};

use crate::xml::{self, Element, ns};

pub(super) const END: &str = "</stream:stream>";

/// Appends the server's header. The prefix must be `stream`: the C and Perl programs compare names
/// with their prefixes.
pub(super) fn server_header(
    out: &mut BytesMut,
    id: Option<&str>,
    from: Option<&str>,
    versioned: bool,
) {
    out.put_slice(b"<?xml version='1.0'?><stream:stream");
    attribute(out, " id='", id);
    attribute(out, " xmlns:stream='", Some(ns::STREAM));
    attribute(out, " from='", from);
    attribute(out, " version='", versioned.then_some("1.0"));
    attribute(out, " xml:lang='", Some("en"));
    attribute(out, " xmlns='", Some(ns::CLIENT));
    out.put_u8(b'>');
}

/// The client's header. Without a version it is byte for byte what the C and Perl programs send.
pub(super) fn client_header(to: &str, versioned: bool) -> Bytes {
    let mut out = BytesMut::new();
    if versioned {
        out.put_slice(b"<?xml version='1.0'?>");
    }
    attribute(&mut out, "<stream:stream to='", Some(to));
    attribute(&mut out, " xmlns='", Some(ns::CLIENT));
    attribute(&mut out, " xmlns:stream='", Some(ns::STREAM));
    attribute(&mut out, " version='", versioned.then_some("1.0"));
    out.put_u8(b'>');
    out.freeze()
}

fn attribute(out: &mut BytesMut, start: &str, value: Option<&str>) {
    if let Some(value) = value {
        out.put_slice(start.as_bytes());
        xml::attribute(out, value);
        out.put_u8(b'\'');
    }
}

/// Appends the features of a stream.
pub(super) fn features(out: &mut BytesMut, features: &[Element]) {
    out.put_slice(b"<stream:features>");
    for feature in features {
        feature.write_to(ns::CLIENT, out);
    }
    out.put_slice(b"</stream:features>");
}

/// The feature that says how many bytes a stanza may have.
pub(super) fn limits(bytes: usize) -> Element {
    let most = Element::new("max-bytes", ns::LIMITS).with_text(&bytes.to_string());
    Element::new("limits", ns::LIMITS).with_child(most)
}

/// What a server's features say of that.
pub(super) fn announced_limit(features: &Element) -> Option<usize> {
    let limits = features.child("limits", ns::LIMITS)?;
    limits
        .child("max-bytes", ns::LIMITS)?
        .text
        .trim()
        .parse()
        .ok()
}

/// Appends a stream error and the end of the stream.
pub(super) fn stream_error(out: &mut BytesMut, condition: &str, text: &str) {
    out.put_slice(b"<stream:error>");
    Element::new(condition, ns::STREAM_ERROR).write_to(ns::CLIENT, out);
    if !text.is_empty() {
        Element::new("text", ns::STREAM_ERROR)
            .with_text(text)
            .write_to(ns::CLIENT, out);
    }
    out.put_slice(b"</stream:error>");
    out.put_slice(END.as_bytes());
}

/// Writes one element of a stream.
pub(super) fn element(element: &Element) -> Bytes {
    let mut out = BytesMut::new();
    element.write_to(ns::CLIENT, &mut out);
    out.freeze()
}

/// An iq, with an id if there is one to be echoed.
pub(super) fn iq(kind: &str, id: Option<&str>) -> Element {
    let iq = Element::new("iq", ns::CLIENT).with_attribute("type", kind);
    match id {
        Some(id) => iq.with_attribute("id", id),
        None => iq,
    }
}

/// SASL data as text: base64, and `=` for data of no length, which differs from no data.
pub(super) fn encode(data: &[u8]) -> String {
    if data.is_empty() {
        "=".into()
    } else {
        STANDARD.encode(data)
    }
}

/// Reads SASL data; `None` if it is not base64 to the letter (padding and unused bits included).
pub(super) fn decode(text: &str) -> Option<Vec<u8>> {
    match text {
        "" | "=" => Some(Vec::new()),
        text => STANDARD.decode(text).ok(),
    }
}

/// The first child that is a condition of `namespace`, and the text beside it.
pub(super) fn condition<'a>(error: &'a Element, namespace: &str) -> (&'a str, &'a str) {
    let condition = error
        .children
        .iter()
        .find(|child| child.namespace == namespace && child.name != "text");
    let text = error.child("text", namespace);
    (
        condition.map_or("undefined-condition", |child| &child.name),
        text.map_or("", |child| &child.text),
    )
}

/// Whether a header's version is at least 1.0; older ones count as none (RFC 6120 §4.7.5).
pub(super) fn is_versioned(version: Option<&str>) -> bool {
    version
        .and_then(|version| version.split('.').next()?.parse::<u32>().ok())
        .is_some_and(|major| major >= 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sasl_data_is_base64_to_the_letter() {
        let cases: [(&str, Option<&[u8]>); 8] = [
            ("", Some(b"")),
            ("=", Some(b"")),
            ("AGE=", Some(b"\0a")),
            ("AGE", None),
            ("AGF=", None),
            ("AG E=", None),
            ("====", None),
            ("AG-_", None),
        ];
        for (text, data) in cases {
            assert_eq!(decode(text).as_deref(), data, "{text}");
        }
        assert_eq!(
            (encode(b"").as_str(), encode(b"\0a").as_str()),
            ("=", "AGE=")
        );
    }

    #[test]
    fn versions_below_one_count_as_none() {
        let cases = [
            (None, false),
            (Some("1.0"), true),
            (Some("1.1"), true),
            (Some("0.9"), false),
            (Some(""), false),
            (Some("x"), false),
        ];
        for (version, versioned) in cases {
            assert_eq!(is_versioned(version), versioned, "{version:?}");
        }
    }
}
