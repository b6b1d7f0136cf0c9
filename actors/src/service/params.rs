//! Parameters as values: a tuple, one member for each.
//!
//! The closure of a method says what it takes by the type of its parameters: `(a, b): (f64, f64)`.
//! How many a caller must send follows from it: a member that serde can make from nothing, an
//! `Option`, may be left out at the end. More parameters than members are left alone.

use opensrf::osrf::{Json, code};
use serde::de::value::Error;
use serde::de::{self, DeserializeOwned, Deserializer, Visitor};

use super::MethodError;

/// What a method takes: tuples of up to eight values that serde can read; `()` for nothing.
pub trait Params: Sized + 'static {
    /// How many parameters a caller must send: all up to the last that is no `Option`.
    fn required() -> usize;

    /// Reads them.
    ///
    /// # Errors
    /// Status 400 names the first parameter that is missing or has another shape.
    fn read(params: &[Json]) -> Result<Self, MethodError>;
}

/// Reads the parameter at `at`, counted from 0; one that is not there may be an `Option`.
pub(super) fn read<T: DeserializeOwned>(params: &[Json], at: usize) -> Result<T, MethodError> {
    let value = match params.get(at) {
        Some(json) => json.value().map_err(|error| error.to_string()),
        None => T::deserialize(Nothing).map_err(|_| "is missing".to_owned()),
    };
    value.map_err(|error| {
        MethodError::new(code::BAD_REQUEST, format!("parameter {}: {error}", at + 1))
    })
}

fn is_optional<T: DeserializeOwned>() -> bool {
    T::deserialize(Nothing).is_ok()
}

/// A value that is not there: only an `Option` can be made from it, as with a field that is left
/// out of a struct.
struct Nothing;

impl<'de> Deserializer<'de> for Nothing {
    type Error = Error;

    fn deserialize_any<V: Visitor<'de>>(self, _: V) -> Result<V::Value, Error> {
        Err(de::Error::custom("is missing"))
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        visitor.visit_none()
    }

    serde::forward_to_deserialize_any! {
        bool i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 f64 char str string bytes byte_buf unit
        unit_struct newtype_struct seq tuple tuple_struct map struct enum identifier ignored_any
    }
}

impl Params for () {
    fn required() -> usize {
        0
    }

    fn read(_: &[Json]) -> Result<Self, MethodError> {
        Ok(())
    }
}

/// The same for tuples of each length, which no generic can express.
macro_rules! tuple {
    ($($member:ident $at:literal),+) => {
        impl<$($member: DeserializeOwned + 'static),+> Params for ($($member,)+) {
            fn required() -> usize {
                let optional = [$(is_optional::<$member>()),+];
                optional.iter().rposition(|optional| !optional).map_or(0, |last| last + 1)
            }

            fn read(params: &[Json]) -> Result<Self, MethodError> {
                Ok(($(read::<$member>(params, $at)?,)+))
            }
        }
    };
}

tuple!(A 0);
tuple!(A 0, B 1);
tuple!(A 0, B 1, C 2);
tuple!(A 0, B 1, C 2, D 3);
tuple!(A 0, B 1, C 2, D 3, E 4);
tuple!(A 0, B 1, C 2, D 3, E 4, F 5);
tuple!(A 0, B 1, C 2, D 3, E 4, F 5, G 6);
tuple!(A 0, B 1, C 2, D 3, E 4, F 5, G 6, H 7);

#[cfg(test)]
mod tests {
    use super::*;

    fn list(text: &'static str) -> Vec<Json> {
        Json::parse_list(text).expect("a list")
    }

    #[test]
    fn what_must_be_there_ends_with_the_last_that_is_no_option() {
        assert_eq!(<()>::required(), 0);
        assert_eq!(<(u8, String)>::required(), 2);
        assert_eq!(<(u8, Option<u8>, Option<String>)>::required(), 1);
        assert_eq!(<(Option<u8>, Vec<u8>)>::required(), 2);
        assert_eq!(<(Option<u8>,)>::required(), 0);
    }

    #[test]
    fn options_may_be_null_or_left_out() {
        type Two = (Option<u8>, Option<String>);
        assert_eq!(Two::read(&list("[]")).unwrap(), (None, None));
        assert_eq!(Two::read(&list("[null]")).unwrap(), (None, None));
        let both = Two::read(&list(r#"[7, "x", "more"]"#)).unwrap();
        assert_eq!(both, (Some(7), Some("x".into())));
    }

    #[test]
    fn the_first_wrong_one_is_named() {
        let wrong = |text| <(u8, Vec<u8>)>::read(&list(text)).unwrap_err();
        assert_eq!(
            wrong("[1]"),
            MethodError::new(400, "parameter 2: is missing")
        );
        let text = wrong("[{}, []]").to_string();
        assert!(text.starts_with("400 parameter 1: "), "{text}");
    }
}
