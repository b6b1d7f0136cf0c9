//! A JSON value as text.

use std::fmt;

use bytestring::ByteString;
use serde::de::{DeserializeOwned, Deserializer};
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

/// A JSON value kept as the text it came in; cheap to clone, read when somebody wants a value.
///
/// Invariant: the text is one whole, valid JSON value.
#[derive(Clone, PartialEq, Eq)]
pub struct Json(ByteString);

/// A text that is no JSON, or a value of another shape than was wanted.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub struct JsonError(#[from] serde_json::Error);

impl Json {
    /// `null`.
    pub const NULL: Self = Self(ByteString::from_static("null"));

    /// Checks that `text` is JSON and keeps it.
    ///
    /// # Errors
    /// [`JsonError`] tells where the text stops being JSON.
    pub fn parse(text: impl Into<ByteString>) -> Result<Self, JsonError> {
        let text = text.into();
        serde_json::from_str::<&RawValue>(&text)?;
        Ok(Self(text))
    }

    /// Checks that `text` is a JSON list and gives its items, which share the text.
    ///
    /// # Errors
    /// [`JsonError`] tells where the text stops being a JSON list.
    pub fn parse_list(text: impl Into<ByteString>) -> Result<Vec<Self>, JsonError> {
        let text = text.into();
        let items: Vec<&RawValue> = serde_json::from_str(&text)?;
        Ok(items
            .into_iter()
            .map(|raw| Self::part_of(&text, raw))
            .collect())
    }

    /// Writes a value as JSON.
    ///
    /// # Errors
    /// [`JsonError`] for values that JSON cannot hold, such as a map whose keys are no strings.
    pub fn from_value<T: Serialize + ?Sized>(value: &T) -> Result<Self, JsonError> {
        Ok(Self(serde_json::to_string(value)?.into()))
    }

    /// A JSON string that holds `text`.
    #[must_use]
    pub fn string(text: &str) -> Self {
        let mut out = String::with_capacity(text.len() + 2);
        super::encode::push_string(&mut out, text);
        Self(out.into())
    }

    /// A JSON array of `items`.
    #[must_use]
    pub fn array<'a>(items: impl IntoIterator<Item = &'a Self>) -> Self {
        let mut out = String::from("[");
        for (i, item) in items.into_iter().enumerate() {
            if i > 0 {
                out.push(',');
            }
            out.push_str(item.as_str());
        }
        out.push(']');
        Self(out.into())
    }

    /// Reads it as a value.
    ///
    /// Texts that are numbers count as numbers where `T` wants numbers, numbers as texts where it
    /// wants texts, and `0`, `1`, `""`, `"0"` and `"1"` as truths, at any depth: Perl writes now the
    /// one, now the other.
    ///
    /// # Errors
    /// [`JsonError`] if the value has another shape than `T`.
    pub fn value<T: DeserializeOwned>(&self) -> Result<T, JsonError> {
        serde_json::from_str(&self.0)
            .or_else(|strict| super::lenient::value(&self.0).map_err(|_| JsonError(strict)))
    }

    /// The text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The same value in printable ASCII.
    pub(super) fn to_ascii(&self) -> Self {
        if super::encode::is_printable(&self.0) {
            return self.clone();
        }
        Self(super::encode::ascii(self.0.to_string()).into())
    }

    /// A part of `body` that a JSON reader has just recognised as one value.
    pub(super) fn part_of(body: &ByteString, raw: &RawValue) -> Self {
        Self(body.slice_ref(raw.get()))
    }
}

impl fmt::Debug for Json {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Display for Json {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl Serialize for Json {
    /// Writes the text as it is, into JSON; other formats do not know how.
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let raw: &RawValue = serde_json::from_str(&self.0).map_err(serde::ser::Error::custom)?;
        raw.serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for Json {
    /// Keeps the text as it is, from JSON; other formats do not know how.
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let raw = Box::<RawValue>::deserialize(deserializer)?;
        Ok(Self(String::from(Box::<str>::from(raw)).into()))
    }
}

impl From<i64> for Json {
    fn from(number: i64) -> Self {
        Self(ByteString::from(itoa::Buffer::new().format(number)))
    }
}

impl From<bool> for Json {
    fn from(truth: bool) -> Self {
        Self(ByteString::from_static(if truth {
            "true"
        } else {
            "false"
        }))
    }
}

impl From<serde_json::Value> for Json {
    fn from(value: serde_json::Value) -> Self {
        Self(value.to_string().into())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_survives_as_it_came() {
        let text = r#"{"b":1.50,"a":12345678901234567890123,"__c":"x"}"#;
        assert_eq!(Json::parse(text).unwrap().as_str(), text);
    }

    #[test]
    fn what_is_no_json_is_refused() {
        assert!(Json::parse("[1,").is_err());
        assert!(Json::parse("1 2").is_err());
        assert!(Json::parse("").is_err());
    }

    #[test]
    fn a_list_falls_into_its_items() {
        let items = Json::parse_list(" [1, {\"a\":[2]} ,\"x\"] ").unwrap();
        let texts: Vec<_> = items.iter().map(Json::as_str).collect();
        assert_eq!(texts, ["1", r#"{"a":[2]}"#, "\"x\""]);
        assert!(Json::parse_list("[]").unwrap().is_empty());
        assert!(Json::parse_list("{}").is_err());
        assert!(Json::parse_list("[1]]").is_err());
    }

    #[test]
    fn json_in_a_value_is_kept_as_text() {
        let items: Vec<Json> = serde_json::from_str("[1.50, {\"a\": 1}]").unwrap();
        let texts: Vec<_> = items.iter().map(Json::as_str).collect();
        assert_eq!(texts, ["1.50", "{\"a\": 1}"]);
    }

    #[test]
    fn values_come_out_typed() {
        assert_eq!(Json::from(7).value::<u8>().unwrap(), 7);
        assert!(Json::from(700).value::<u8>().is_err());
        assert_eq!(
            Json::array([&Json::from(1), &Json::NULL]).as_str(),
            "[1,null]"
        );
        assert_eq!(
            Json::string("a\"\u{e9}").value::<String>().unwrap(),
            "a\"\u{e9}"
        );
    }

    #[test]
    fn a_fraction_is_read_to_its_last_bit() {
        for number in [
            1.234_567_890_123_456_7e44,
            0.1 + 0.2,
            f64::MIN_POSITIVE,
            f64::MAX,
        ] {
            let json = Json::from_value(&number).unwrap();
            assert_eq!(json.value::<f64>().unwrap().to_bits(), number.to_bits());
        }
        let json = Json::parse("123456789012345678901232345678901234567890123").unwrap();
        assert_eq!(json.value::<f64>().unwrap(), 1.234_567_890_123_456_7e44);
    }
}
