//! Text and attribute values back from how XML writes them.
//!
//! What comes in here was checked before; a mistake in it is kept as it stands.

use std::borrow::Cow;

use bytestring::ByteString;
use memchr::{memchr, memchr2, memchr3};
use quick_xml::Reader;
use quick_xml::events::Event;

use super::chars::reference;

/// The text directly inside an element, from the checked bytes between its tags.
///
/// Nothing is copied when it holds no `&`, no carriage return and no markup. CDATA sections count
/// as text, line ends become `\n` as XML says, and child elements are left out.
#[must_use]
pub fn text_of(content: &ByteString) -> ByteString {
    match memchr3(b'&', b'\r', b'<', content.as_bytes()) {
        None => content.clone(),
        Some(_) if memchr(b'<', content.as_bytes()).is_some() => around_markup(content).into(),
        Some(_) => {
            let mut out = String::with_capacity(content.len());
            push_text(&mut out, content);
            out.into()
        }
    }
}

/// The value of an attribute, from the checked bytes between its quotes.
///
/// Nothing is copied when it holds no `&` and no white space but blanks.
#[must_use]
pub fn value_of(raw: &ByteString) -> ByteString {
    match value(raw) {
        Cow::Borrowed(_) => raw.clone(),
        Cow::Owned(decoded) => decoded.into(),
    }
}

/// Like [`value_of`], for what is only looked at.
pub(super) fn value(raw: &str) -> Cow<'_, str> {
    if raw.bytes().all(|b| b != b'&' && b >= b' ') {
        return Cow::Borrowed(raw);
    }
    let mut out = String::with_capacity(raw.len());
    let blanks = raw.replace(['\n', '\t'], " ");
    push_text(&mut out, &blanks);
    Cow::Owned(out)
}

/// Appends text without markup: references resolved, line ends normalised.
pub(super) fn push_text(out: &mut String, raw: &str) {
    let mut rest = raw;
    while let Some(at) = memchr2(b'&', b'\r', rest.as_bytes()) {
        out.push_str(&rest[..at]);
        let (special, after) = rest[at..].split_at(1);
        rest = match special {
            "&" => push_reference(out, after),
            _ => {
                out.push('\n');
                after.strip_prefix('\n').unwrap_or(after)
            }
        };
    }
    out.push_str(rest);
}

/// Appends what the reference after an `&` stands for; returns what follows it.
fn push_reference<'a>(out: &mut String, after: &'a str) -> &'a str {
    let found = memchr(b';', after.as_bytes());
    match found.and_then(|end| Some((reference(&after[..end])?, end))) {
        Some((character, end)) => {
            out.push(character);
            &after[end + 1..]
        }
        None => {
            out.push('&');
            after
        }
    }
}

/// Appends a CDATA section, in which only line ends are special.
pub(super) fn push_cdata(out: &mut String, raw: &str) {
    out.push_str(&raw.replace("\r\n", "\n").replace('\r', "\n"));
}

fn around_markup(content: &str) -> String {
    let mut out = String::with_capacity(content.len());
    let mut reader = Reader::from_str(content);
    let mut depth = 0_usize;
    loop {
        match reader.read_event() {
            Ok(Event::Start(_)) => depth += 1,
            Ok(Event::End(_)) => depth = depth.saturating_sub(1),
            Ok(Event::Eof) | Err(_) => return out,
            Ok(_) if depth > 0 => {}
            Ok(Event::Text(text)) => push_text(&mut out, &text),
            Ok(Event::GeneralRef(name)) => out.extend(reference(&name)),
            Ok(Event::CData(text)) => push_cdata(&mut out, &text),
            Ok(_) => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_is_decoded_as_xml_says() {
        let cases = [
            ("plain \"text\"", "plain \"text\""),
            (
                "&quot;a&quot; &amp;lt; &#233;&#x1F600;",
                "\"a\" &lt; é\u{1f600}",
            ),
            ("a\r\nb\rc\n", "a\nb\nc\n"),
            ("&#13;\n", "\r\n"),
            ("a<![CDATA[<b>&amp;\r\n]]>c&lt;", "a<b>&amp;\nc<"),
            ("a<x>hidden<y/></x>b<z k='>'/>c", "abc"),
        ];
        for (raw, text) in cases {
            assert_eq!(text_of(&raw.into()), text, "{raw}");
        }
    }

    #[test]
    fn plain_text_is_not_copied() {
        let raw = ByteString::from("x".repeat(100));
        assert_eq!(text_of(&raw).as_ptr(), raw.as_ptr());
        assert_eq!(value_of(&raw).as_ptr(), raw.as_ptr());
    }

    #[test]
    fn white_space_of_attributes_becomes_blanks_unless_it_is_escaped() {
        assert_eq!(value_of(&"a\nb\tc&#10;&apos;".into()), "a b c\n'");
    }
}
