//! Which characters XML allows, and where.

use memchr::{memchr, memchr3, memmem};

use super::XmlError;

const REFERENCE: XmlError = XmlError::NotWellFormed("unknown entity or bad reference");

/// Whether XML counts this byte as white space.
pub(super) fn is_space(byte: u8) -> bool {
    matches!(byte, b' ' | b'\t' | b'\r' | b'\n')
}

/// Whether XML allows this character at all (XML 1.0 §2.2).
fn is_legal(c: char) -> bool {
    !matches!(c, '\0'..='\x08' | '\x0b' | '\x0c' | '\x0e'..='\x1f' | '\u{fffe}' | '\u{ffff}')
}

/// Refuses text that holds a character XML never allows, however it is written.
pub(super) fn check_legal(text: &str) -> Result<(), XmlError> {
    let bytes = text.as_bytes();
    // No early exit: the compiler makes vector code of this.
    let (mut control, mut high) = (false, 0);
    for &byte in bytes {
        control |= byte < 0x20 && !is_space(byte);
        high |= byte;
    }
    let noncharacter = || {
        memmem::find(bytes, "\u{fffe}".as_bytes()).is_some()
            || memmem::find(bytes, "\u{ffff}".as_bytes()).is_some()
    };
    if control || (!high.is_ascii() && noncharacter()) {
        return Err(XmlError::NotWellFormed("forbidden character"));
    }
    Ok(())
}

/// The character that `&name;` stands for: one of the five entities, or by number.
pub(super) fn reference(name: &str) -> Option<char> {
    match name {
        "quot" => Some('"'),
        "amp" => Some('&'),
        "lt" => Some('<'),
        "gt" => Some('>'),
        "apos" => Some('\''),
        _ => numeric(name.strip_prefix('#')?),
    }
}

fn numeric(number: &str) -> Option<char> {
    let (digits, radix) = match number.strip_prefix('x') {
        Some(hex) => (hex, 16),
        None => (number, 10),
    };
    // `from_str_radix` takes a sign, XML does not.
    if digits.is_empty() || !digits.bytes().all(|b| b.is_ascii_hexdigit()) {
        return None;
    }
    let code = u32::from_str_radix(digits, radix).ok()?;
    char::from_u32(code).filter(|&c| is_legal(c))
}

/// Refuses an entity or character reference that does not stand for a legal character.
pub(super) fn check_reference(name: &str) -> Result<(), XmlError> {
    reference(name).map(|_| ()).ok_or(REFERENCE)
}

/// Refuses a raw attribute value with `<`, a bare `&` or a bad reference in it.
///
/// XML allows a carriage return, as white space; strict parsers differ about it, so it is refused.
pub(super) fn check_value(value: &str) -> Result<(), XmlError> {
    let mut rest = value;
    while let Some(at) = memchr3(b'&', b'<', b'\r', rest.as_bytes()) {
        if rest.as_bytes()[at] != b'&' {
            return Err(XmlError::NotWellFormed("'<' or line end in an attribute"));
        }
        rest = &rest[at + 1..];
        let end = memchr(b';', rest.as_bytes()).ok_or(REFERENCE)?;
        check_reference(&rest[..end])?;
        rest = &rest[end + 1..];
    }
    Ok(())
}

/// Refuses text with the end of a CDATA section in it.
pub(super) fn check_text(text: &str) -> Result<(), XmlError> {
    let bytes = text.as_bytes();
    let mut from = 0;
    while let Some(at) = memchr(b'>', &bytes[from..]) {
        if bytes[..from + at].ends_with(b"]]") {
            return Err(XmlError::NotWellFormed("']]>' in text"));
        }
        from += at + 1;
    }
    Ok(())
}

/// Length of the name (XML 1.0 §2.3) that `text` starts with; 0 if it starts with none.
pub(super) fn name_length(text: &str) -> usize {
    let bytes = text.as_bytes();
    let mut length = 0;
    loop {
        let ascii = bytes[length..].iter().take_while(|&&b| is_ascii_name(b));
        length += ascii.count();
        match text[length..].chars().next() {
            Some(c) if !c.is_ascii() && is_name(c) => length += c.len_utf8(),
            _ => return length,
        }
    }
}

/// Splits a qualified name at its colon, if it is one: at most one colon, a name on either side.
pub(super) fn split_name(name: &str) -> Result<(&str, &str), XmlError> {
    let (prefix, local) = match name.bytes().position(|b| b == b':') {
        Some(at) => (&name[..at], &name[at + 1..]),
        None => return starts_name(name).map(|()| ("", name)),
    };
    starts_name(prefix)?;
    starts_name(local)?;
    match local.bytes().position(|b| b == b':') {
        Some(_) => Err(XmlError::NotWellFormed("two colons in a name")),
        None => Ok((prefix, local)),
    }
}

fn starts_name(name: &str) -> Result<(), XmlError> {
    match name.chars().next() {
        Some(c) if is_name_start(c) => Ok(()),
        _ => Err(XmlError::NotWellFormed("bad name")),
    }
}

fn is_ascii_name(byte: u8) -> bool {
    matches!(byte, b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'_' | b'-' | b'.' | b':')
}

/// Without U+FDF0 to U+FFFD: strict parsers differ about these.
fn is_name_start(c: char) -> bool {
    matches!(c, 'a'..='z' | 'A'..='Z' | '_'
        | '\u{c0}'..='\u{d6}' | '\u{d8}'..='\u{f6}' | '\u{f8}'..='\u{2ff}'
        | '\u{370}'..='\u{37d}' | '\u{37f}'..='\u{1fff}' | '\u{200c}'..='\u{200d}'
        | '\u{2070}'..='\u{218f}' | '\u{2c00}'..='\u{2fef}' | '\u{3001}'..='\u{d7ff}'
        | '\u{f900}'..='\u{fdcf}' | '\u{10000}'..='\u{effff}')
}

fn is_name(c: char) -> bool {
    is_name_start(c)
        || matches!(c, '0'..='9' | '-' | '.' | ':' | '\u{b7}'
            | '\u{300}'..='\u{36f}' | '\u{203f}'..='\u{2040}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn references_name_legal_characters_only() {
        let cases = [
            ("amp", Some('&')),
            ("#65", Some('A')),
            ("#x1F600", Some('\u{1f600}')),
            ("#x41", Some('A')),
            ("#X41", None),
            ("#+65", None),
            ("#4a", None),
            ("#", None),
            ("#x", None),
            ("", None),
            ("nbsp", None),
            ("#0", None),
            ("#1", None),
            ("#xD800", None),
            ("#xFFFE", None),
            ("#x110000", None),
            ("#99999999999999999999", None),
        ];
        for (name, character) in cases {
            assert_eq!(reference(name), character, "{name}");
        }
    }

    #[test]
    fn a_name_has_at_most_one_colon_and_something_on_either_side() {
        assert_eq!(split_name("a"), Ok(("", "a")));
        assert_eq!(split_name("a:é"), Ok(("a", "é")));
        for bad in [
            "", ":", "a:", ":a", "a:b:c", "1a", "a:1", "-", ".x", "\u{b7}",
        ] {
            assert!(split_name(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn a_name_ends_where_no_name_character_stands() {
        assert_eq!(name_length("a-1.b:c d"), 7);
        assert_eq!(name_length("é=''"), 2);
        assert_eq!(name_length("='"), 0);
        assert_eq!(name_length("a\u{d7}"), 1);
    }
}
