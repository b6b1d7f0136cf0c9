//! Reads values from writers that do not mind whether a number is a text.
//!
//! A Perl scalar comes out as `5` or `"5"`, depending on what was done with it last, and its truths
//! come out as `1`, `0`, `"1"` and `""`. Where a type does not fit strictly, it is tried again here:
//! the type decides what a token means, at every depth.
//!
//! | wanted | also taken |
//! |---|---|
//! | a number | a text that is one, such as `"5"`, `" 5 "`, `"+5"`, `"1e3"` |
//! | a text | a number, as it was spelt |
//! | a truth | `0`, `1`, `""`, `"0"`, `"1"`, `"true"`, `"false"` |
//!
//! Each part stays text until its type is known, so that no digit is lost on the way. Where the type
//! does not say what it wants (`serde_json::Value`, untagged enums), nothing is bent.

use std::borrow::Cow;
use std::fmt;
use std::str::FromStr;

use serde::de::value::{MapDeserializer, SeqDeserializer};
use serde::de::{
    DeserializeOwned, DeserializeSeed, Deserializer, EnumAccess, Error as _, IntoDeserializer,
    MapAccess, VariantAccess, Visitor,
};
use serde_json::Error;
use serde_json::value::RawValue;

/// How deep lists and objects may stand in each other, as in serde_json.
const MOST_DEPTH: u8 = 128;

/// Reads `json`, one valid JSON value, as a `T`.
pub(super) fn value<T: DeserializeOwned>(json: &str) -> Result<T, Error> {
    T::deserialize(Part {
        json: json.trim(),
        depth: 0,
    })
}

/// One JSON value as text, without white space around it.
#[derive(Debug, Clone, Copy)]
struct Part<'de> {
    json: &'de str,
    depth: u8,
}

impl<'de> Part<'de> {
    /// The inside of a string, or a number as it was spelt.
    fn text(self) -> Result<Cow<'de, str>, Error> {
        match self.json.as_bytes().first() {
            Some(b'"') => serde_json::from_str::<Text<'de>>(self.json).map(|text| text.0),
            Some(b'-' | b'0'..=b'9') => Ok(Cow::Borrowed(self.json)),
            _ => Err(Error::custom("neither a text nor a number")),
        }
    }

    fn number<T: FromStr>(self) -> Result<T, Error> {
        let text = self.text()?;
        let text = text.trim();
        // Rust would also take "inf" and "nan".
        let is_numeric = text.bytes().any(|byte| byte.is_ascii_digit());
        let number = text.parse().ok().filter(|_| is_numeric);
        number.ok_or_else(|| Error::custom("no such number"))
    }

    fn truth(self) -> Result<bool, Error> {
        match self.json {
            "true" | "1" | "\"1\"" | "\"true\"" => Ok(true),
            "false" | "0" | "\"0\"" | "\"false\"" | "\"\"" => Ok(false),
            _ => Err(Error::custom("neither true nor false")),
        }
    }

    fn inner(self, raw: &'de RawValue) -> Result<Self, Error> {
        if self.depth == MOST_DEPTH {
            return Err(Error::custom("too deep"));
        }
        Ok(Self {
            json: raw.get(),
            depth: self.depth + 1,
        })
    }

    fn items(self) -> Result<Vec<Self>, Error> {
        let items: Vec<&'de RawValue> = serde_json::from_str(self.json)?;
        items.into_iter().map(|raw| self.inner(raw)).collect()
    }

    fn entries(self) -> Result<Vec<(Self, Self)>, Error> {
        let entries = serde_json::Deserializer::from_str(self.json).deserialize_map(Entries)?;
        let inner = |(key, value)| Ok((self.inner(key)?, self.inner(value)?));
        entries.into_iter().map(inner).collect()
    }

    fn strict(self) -> serde_json::Deserializer<serde_json::de::StrRead<'de>> {
        serde_json::Deserializer::from_str(self.json)
    }
}

/// JSON has no infinite numbers: what is too large for the type is refused.
fn finite<T: Copy>(number: T, is_finite: impl Fn(T) -> bool) -> Result<T, Error> {
    let number = Some(number).filter(|&number| is_finite(number));
    number.ok_or_else(|| Error::custom("no such number"))
}

/// A string that borrows where nothing had to be unescaped.
#[derive(serde::Deserialize)]
#[serde(transparent)]
struct Text<'a>(#[serde(borrow)] Cow<'a, str>);

/// The keys and values of an object, in order.
struct Entries;

impl<'de> Visitor<'de> for Entries {
    type Value = Vec<(&'de RawValue, &'de RawValue)>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        let mut entries = Vec::new();
        while let Some(entry) = map.next_entry()? {
            entries.push(entry);
        }
        Ok(entries)
    }
}

impl<'de> IntoDeserializer<'de, Error> for Part<'de> {
    type Deserializer = Self;

    fn into_deserializer(self) -> Self {
        self
    }
}

impl<'de> Deserializer<'de> for Part<'de> {
    type Error = Error;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        self.strict().deserialize_any(visitor)
    }

    fn deserialize_bool<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        visitor.visit_bool(self.truth()?)
    }

    fn deserialize_i8<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        visitor.visit_i8(self.number()?)
    }

    fn deserialize_i16<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        visitor.visit_i16(self.number()?)
    }

    fn deserialize_i32<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        visitor.visit_i32(self.number()?)
    }

    fn deserialize_i64<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        visitor.visit_i64(self.number()?)
    }

    fn deserialize_i128<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        visitor.visit_i128(self.number()?)
    }

    fn deserialize_u8<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        visitor.visit_u8(self.number()?)
    }

    fn deserialize_u16<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        visitor.visit_u16(self.number()?)
    }

    fn deserialize_u32<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        visitor.visit_u32(self.number()?)
    }

    fn deserialize_u64<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        visitor.visit_u64(self.number()?)
    }

    fn deserialize_u128<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        visitor.visit_u128(self.number()?)
    }

    fn deserialize_f32<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        visitor.visit_f32(finite(self.number()?, f32::is_finite)?)
    }

    fn deserialize_f64<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        visitor.visit_f64(finite(self.number()?, f64::is_finite)?)
    }

    fn deserialize_char<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        self.deserialize_str(visitor)
    }

    fn deserialize_str<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        match self.text()? {
            Cow::Borrowed(text) => visitor.visit_borrowed_str(text),
            Cow::Owned(text) => visitor.visit_string(text),
        }
    }

    fn deserialize_string<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        self.deserialize_str(visitor)
    }

    fn deserialize_bytes<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        self.strict().deserialize_bytes(visitor)
    }

    fn deserialize_byte_buf<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        self.strict().deserialize_byte_buf(visitor)
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        match self.json {
            "null" => visitor.visit_none(),
            _ => visitor.visit_some(self),
        }
    }

    fn deserialize_unit<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        self.strict().deserialize_unit(visitor)
    }

    fn deserialize_unit_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        visitor: V,
    ) -> Result<V::Value, Error> {
        self.deserialize_unit(visitor)
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(
        self,
        name: &'static str,
        visitor: V,
    ) -> Result<V::Value, Error> {
        if name.starts_with("$serde_json::") {
            // A `RawValue`, and with it `Json`: only serde_json knows how to make one.
            return self.strict().deserialize_newtype_struct(name, visitor);
        }
        visitor.visit_newtype_struct(self)
    }

    fn deserialize_seq<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        let mut items = SeqDeserializer::new(self.items()?.into_iter());
        let value = visitor.visit_seq(&mut items)?;
        items.end()?;
        Ok(value)
    }

    fn deserialize_tuple<V: Visitor<'de>>(self, _: usize, visitor: V) -> Result<V::Value, Error> {
        self.deserialize_seq(visitor)
    }

    fn deserialize_tuple_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        _: usize,
        visitor: V,
    ) -> Result<V::Value, Error> {
        self.deserialize_seq(visitor)
    }

    fn deserialize_map<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        let mut entries = MapDeserializer::new(self.entries()?.into_iter());
        let value = visitor.visit_map(&mut entries)?;
        entries.end()?;
        Ok(value)
    }

    fn deserialize_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        _: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Error> {
        if self.json.starts_with('[') {
            return self.deserialize_seq(visitor);
        }
        self.deserialize_map(visitor)
    }

    fn deserialize_enum<V: Visitor<'de>>(
        self,
        _: &'static str,
        _: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Error> {
        if !self.json.starts_with('{') {
            return visitor.visit_enum(self.text()?.into_deserializer());
        }
        match self.entries()?.as_slice() {
            &[(name, content)] => visitor.visit_enum(Variant { name, content }),
            _ => Err(Error::custom("a variant is an object with one key")),
        }
    }

    fn deserialize_identifier<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        self.deserialize_str(visitor)
    }

    fn deserialize_ignored_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        visitor.visit_unit()
    }
}

/// `{"name":content}`, a variant of an enum.
struct Variant<'de> {
    name: Part<'de>,
    content: Part<'de>,
}

impl<'de> EnumAccess<'de> for Variant<'de> {
    type Error = Error;
    type Variant = Part<'de>;

    fn variant_seed<V: DeserializeSeed<'de>>(
        self,
        seed: V,
    ) -> Result<(V::Value, Part<'de>), Error> {
        Ok((seed.deserialize(self.name)?, self.content))
    }
}

impl<'de> VariantAccess<'de> for Part<'de> {
    type Error = Error;

    fn unit_variant(self) -> Result<(), Error> {
        serde::Deserialize::deserialize(self)
    }

    fn newtype_variant_seed<T: DeserializeSeed<'de>>(self, seed: T) -> Result<T::Value, Error> {
        seed.deserialize(self)
    }

    fn tuple_variant<V: Visitor<'de>>(self, _: usize, visitor: V) -> Result<V::Value, Error> {
        self.deserialize_seq(visitor)
    }

    fn struct_variant<V: Visitor<'de>>(
        self,
        _: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Error> {
        self.deserialize_map(visitor)
    }
}

#[cfg(test)]
mod tests;
