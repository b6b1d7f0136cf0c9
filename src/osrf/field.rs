//! Fields of messages from writers who do not mind types: texts that are numbers, and the reverse.
//!
//! A field of another shape counts as absent. One odd field must not cost its message: a request
//! that is not understood at all is not answered either.

use std::borrow::Cow;
use std::fmt;

use serde::Deserialize;
use serde::de::{Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde_json::value::RawValue;

/// A text, borrowed from the body unless it had to be unescaped; a number or truth is its spelling,
/// anything else nothing.
#[derive(Default)]
pub(super) struct Text<'a>(pub(super) Cow<'a, str>);

impl<'de: 'a, 'a> Deserialize<'de> for Text<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(TextVisitor)
    }
}

impl Text<'_> {
    fn spelt(value: impl ToString) -> Self {
        Self(Cow::Owned(value.to_string()))
    }
}

struct TextVisitor;

impl<'de> Visitor<'de> for TextVisitor {
    type Value = Text<'de>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a text")
    }

    fn visit_borrowed_str<E>(self, text: &'de str) -> Result<Text<'de>, E> {
        Ok(Text(Cow::Borrowed(text)))
    }

    fn visit_str<E>(self, text: &str) -> Result<Text<'de>, E> {
        Ok(Text::spelt(text))
    }

    fn visit_bool<E>(self, truth: bool) -> Result<Text<'de>, E> {
        Ok(Text::spelt(truth))
    }

    fn visit_u64<E>(self, number: u64) -> Result<Text<'de>, E> {
        Ok(Text::spelt(number))
    }

    fn visit_i64<E>(self, number: i64) -> Result<Text<'de>, E> {
        Ok(Text::spelt(number))
    }

    fn visit_f64<E>(self, number: f64) -> Result<Text<'de>, E> {
        Ok(Text::spelt(number))
    }

    fn visit_unit<E>(self) -> Result<Text<'de>, E> {
        Ok(Text::default())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, list: A) -> Result<Text<'de>, A::Error> {
        skip_list(list).map(|()| Text::default())
    }

    fn visit_map<A: MapAccess<'de>>(self, object: A) -> Result<Text<'de>, A::Error> {
        skip_object(object).map(|()| Text::default())
    }
}

/// A number, or a text that reads as one; anything else is 0.
#[derive(Default, Clone, Copy)]
pub(super) struct Number(pub(super) u64);

impl Number {
    /// As a status code; 0 if it can be none.
    pub(super) fn code(self) -> u16 {
        u16::try_from(self.0).unwrap_or(0)
    }
}

impl<'de> Deserialize<'de> for Number {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(NumberVisitor)
    }
}

struct NumberVisitor;

impl<'de> Visitor<'de> for NumberVisitor {
    type Value = Number;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a number or a numeric text")
    }

    fn visit_u64<E>(self, number: u64) -> Result<Number, E> {
        Ok(Number(number))
    }

    fn visit_i64<E>(self, number: i64) -> Result<Number, E> {
        Ok(Number(u64::try_from(number).unwrap_or(0)))
    }

    fn visit_f64<E>(self, number: f64) -> Result<Number, E> {
        Ok(Number(number as u64)) // saturates; NaN gives 0
    }

    fn visit_str<E>(self, text: &str) -> Result<Number, E> {
        let text = text.trim();
        match text.parse() {
            Ok(number) => Ok(Number(number)),
            Err(_) => Ok(Number(text.parse::<f64>().unwrap_or(0.0) as u64)),
        }
    }

    fn visit_bool<E>(self, _: bool) -> Result<Number, E> {
        Ok(Number(0))
    }

    fn visit_unit<E>(self) -> Result<Number, E> {
        Ok(Number(0))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, list: A) -> Result<Number, A::Error> {
        skip_list(list).map(|()| Number(0))
    }

    fn visit_map<A: MapAccess<'de>>(self, object: A) -> Result<Number, A::Error> {
        skip_object(object).map(|()| Number(0))
    }
}

/// A list of values as they are written; anything else has none.
#[derive(Default)]
pub(super) struct List<'a>(pub(super) Vec<&'a RawValue>);

impl<'de: 'a, 'a> Deserialize<'de> for List<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(ListVisitor)
    }
}

struct ListVisitor;

impl<'de> Visitor<'de> for ListVisitor {
    type Value = List<'de>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a list")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<List<'de>, A::Error> {
        let mut values = Vec::new();
        while let Some(value) = list.next_element()? {
            values.push(value);
        }
        Ok(List(values))
    }

    fn visit_map<A: MapAccess<'de>>(self, object: A) -> Result<List<'de>, A::Error> {
        skip_object(object).map(|()| List::default())
    }

    fn visit_str<E>(self, _: &str) -> Result<List<'de>, E> {
        Ok(List::default())
    }

    fn visit_bool<E>(self, _: bool) -> Result<List<'de>, E> {
        Ok(List::default())
    }

    fn visit_u64<E>(self, _: u64) -> Result<List<'de>, E> {
        Ok(List::default())
    }

    fn visit_i64<E>(self, _: i64) -> Result<List<'de>, E> {
        Ok(List::default())
    }

    fn visit_f64<E>(self, _: f64) -> Result<List<'de>, E> {
        Ok(List::default())
    }

    fn visit_unit<E>(self) -> Result<List<'de>, E> {
        Ok(List::default())
    }
}

fn skip_list<'de, A: SeqAccess<'de>>(mut list: A) -> Result<(), A::Error> {
    while list.next_element::<IgnoredAny>()?.is_some() {}
    Ok(())
}

fn skip_object<'de, A: MapAccess<'de>>(mut object: A) -> Result<(), A::Error> {
    while object.next_entry::<IgnoredAny, IgnoredAny>()?.is_some() {}
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn any_value_is_a_text_or_none() {
        let cases = [
            (r#""a""#, "a"),
            (r#""a\u00e9""#, "aé"),
            ("5", "5"),
            ("-5", "-5"),
            ("1.5", "1.5"),
            ("true", "true"),
            ("null", ""),
            ("[1,[2]]", ""),
            (r#"{"a":{}}"#, ""),
        ];
        for (json, text) in cases {
            let read: Text<'_> = serde_json::from_str(json).unwrap();
            assert_eq!(read.0, text, "{json}");
        }
        let plain: Text<'_> = serde_json::from_str("\"plain\"").unwrap();
        assert!(matches!(plain.0, Cow::Borrowed(_)));
    }

    #[test]
    fn any_value_is_a_number_or_0() {
        let cases = [
            ("7", 7),
            ("7.9", 7),
            (r#"" 7 ""#, 7),
            (r#""+7""#, 7),
            (r#""7.9e1""#, 79),
            (r#""1E400""#, u64::MAX),
            ("-7", 0),
            (r#""x""#, 0),
            ("true", 0),
            ("null", 0),
            ("[7]", 0),
            (r#"{"a":7}"#, 0),
        ];
        for (json, number) in cases {
            let read: Number = serde_json::from_str(json).unwrap();
            assert_eq!(read.0, number, "{json}");
        }
    }

    #[test]
    fn any_value_is_a_list_or_has_no_items() {
        let cases = [
            (r#"[1, "a",{"b":[]}]"#, &["1", "\"a\"", "{\"b\":[]}"][..]),
            ("[]", &[]),
            ("null", &[]),
            ("7", &[]),
            ("-7", &[]),
            ("7.5", &[]),
            ("true", &[]),
            (r#""[1]""#, &[]),
            (r#"{"a":[1]}"#, &[]),
        ];
        for (json, items) in cases {
            let read: List<'_> = serde_json::from_str(json).unwrap();
            let texts: Vec<_> = read.0.iter().map(|raw| raw.get()).collect();
            assert_eq!(texts, items, "{json}");
        }
    }
}
