use std::collections::BTreeMap;
use std::fmt::Debug;

use proptest::prelude::*;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use super::super::Json;

fn read<T: DeserializeOwned>(text: &str) -> Result<T, String> {
    let json = Json::parse(text.to_owned()).expect("a test's JSON is valid");
    json.value().map_err(|error| error.to_string())
}

fn reads<T: DeserializeOwned + PartialEq + Debug>(text: &str, value: &T) {
    assert_eq!(read::<T>(text).as_ref(), Ok(value), "{text}");
}

#[derive(Debug, Default, PartialEq, Serialize, Deserialize)]
struct Volume {
    id: u64,
    label: String,
    deleted: bool,
    price: Option<f64>,
    parts: Vec<i32>,
    #[serde(default)]
    more: BTreeMap<u8, Shelf>,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
enum Shelf {
    None,
    Named(String),
    At(i64, bool),
    Row { row: u8 },
}

#[test]
fn numbers_come_out_of_numeric_texts() {
    reads(r#""5""#, &5_u8);
    reads(r#"" -5 ""#, &-5_i64);
    reads(r#""+05""#, &5_i8);
    reads(r#""1e3""#, &1000.0_f64);
    reads(r#"".5""#, &0.5_f32);
    for odd in [
        r#""""#, r#""x""#, r#""inf""#, r#""nan""#, "null", "[]", "true",
    ] {
        assert!(read::<f64>(odd).is_err(), "{odd}");
    }
    assert!(read::<u8>(r#""300""#).is_err());
    assert!(read::<u64>(r#""1.5""#).is_err());
}

#[test]
fn no_digit_of_a_large_number_is_lost() {
    reads(r#""18446744073709551615""#, &u64::MAX);
    reads(r#""-9223372036854775808""#, &i64::MIN);
    reads(&format!("\"{}\"", i128::MIN), &i128::MIN);
    let digits = "12345678901234567890123.50";
    reads(digits, &digits.to_owned());
}

#[test]
fn texts_come_out_of_numbers_as_they_were_spelt() {
    reads("1.50", &"1.50".to_owned());
    reads(" 7 ", &"7".to_owned());
    reads("7", &'7');
    assert!(read::<String>("true").is_err());
    assert!(read::<String>("null").is_err());
}

#[test]
fn truths_come_out_of_what_perl_takes_for_them() {
    for text in ["true", "1", r#""1""#, r#""true""#] {
        reads(text, &true);
    }
    for text in ["false", "0", r#""0""#, r#""""#, r#""false""#] {
        reads(text, &false);
    }
    for text in ["2", r#""yes""#, "null", "[]"] {
        assert!(read::<bool>(text).is_err(), "{text}");
    }
}

#[test]
fn lists_maps_structs_and_enums_are_lenient_inside() {
    let text = r#"{"id":"12","label":3,"deleted":"","price":"1.5","parts":["1",2],"odd":[{}],
        "more":{"1":"None","2":{"Named":7},"3":{"At":["9","0"]},"4":{"Row":{"row":"8"}}}}"#;
    let shelves = [
        (1, Shelf::None),
        (2, Shelf::Named("7".into())),
        (3, Shelf::At(9, false)),
        (4, Shelf::Row { row: 8 }),
    ];
    let volume = Volume {
        id: 12,
        label: "3".into(),
        deleted: false,
        price: Some(1.5),
        parts: vec![1, 2],
        more: BTreeMap::from(shelves),
    };
    reads(text, &volume);
    reads(r#"["5",null,"x\n"]"#, &(5_u8, None::<u8>, "x\n".to_owned()));
    assert!(read::<(u8, u8)>(r#"["1","2","3"]"#).is_err());
    assert!(read::<(u8, u8)>(r#"["1"]"#).is_err());
}

#[test]
fn json_inside_stays_as_it_came() {
    let text = r#"["7", {"b":1.50,"a":"x"}]"#;
    let kept = Json::parse(r#"{"b":1.50,"a":"x"}"#).unwrap();
    reads(text, &(7_u8, kept));
    let value = serde_json::json!({"b": "1"});
    reads(r#"["7",{"b":"1"}]"#, &(7_u8, value));
}

#[test]
fn the_strict_reason_is_told() {
    let why = read::<(u8, bool)>(r#"["1","maybe"]"#).unwrap_err();
    assert!(why.contains(r#"invalid type: string "1""#), "{why}");
}

#[test]
fn depth_is_bounded() {
    #[derive(Debug, Deserialize)]
    struct Nest(Vec<Self>);
    let depth = 10_000;
    let text = format!("{}{}", "[".repeat(depth), "]".repeat(depth));
    let read = read::<Nest>(&text).map(|nest| nest.0.len());
    assert!(read.is_err());
}

fn shelf() -> impl Strategy<Value = Shelf> {
    prop_oneof![
        Just(Shelf::None),
        any::<String>().prop_map(Shelf::Named),
        any::<(i64, bool)>().prop_map(|(at, is)| Shelf::At(at, is)),
        any::<u8>().prop_map(|row| Shelf::Row { row }),
    ]
}

fn finite() -> impl Strategy<Value = f64> {
    use prop::num::f64::{NEGATIVE, NORMAL, POSITIVE, SUBNORMAL, ZERO};
    POSITIVE | NEGATIVE | NORMAL | SUBNORMAL | ZERO
}

/// The same with every number as a text and every truth as Perl has it.
fn as_texts(value: serde_json::Value) -> serde_json::Value {
    use serde_json::Value;
    match value {
        Value::Number(number) => Value::String(number.to_string()),
        Value::Bool(truth) => Value::String(if truth { "1" } else { "" }.into()),
        Value::Array(items) => items.into_iter().map(as_texts).collect(),
        Value::Object(fields) => fields.into_iter().map(|(k, v)| (k, as_texts(v))).collect(),
        other => other,
    }
}

proptest! {
    #[test]
    fn a_value_reads_the_same_with_its_numbers_as_texts(
        id: u64, label: String, deleted: bool, price in prop::option::of(finite()),
        parts: Vec<i32>, more in prop::collection::btree_map(any::<u8>(), shelf(), 0..4),
    ) {
        let volume = Volume { id, label, deleted, price, parts, more };
        let strict = serde_json::to_value(&volume).unwrap();
        prop_assert_eq!(&Json::from(strict.clone()).value::<Volume>().unwrap(), &volume);
        prop_assert_eq!(&Json::from(as_texts(strict)).value::<Volume>().unwrap(), &volume);
    }

    #[test]
    fn any_json_reads_as_any_type_or_fails(text in r#"[\[\]{}:,"0-9a-z. -]{0,40}"#) {
        if let Ok(json) = Json::parse(text) {
            let _ = json.value::<Volume>();
            let _ = json.value::<Vec<Shelf>>();
            let _ = json.value::<BTreeMap<String, bool>>();
        }
    }
}

#[test]
fn no_number_is_infinite() {
    for huge in ["1E400", r#""1E400""#, r#""-1e400""#] {
        assert!(read::<f64>(huge).is_err(), "{huge}");
        assert!(read::<f32>(huge).is_err(), "{huge}");
    }
    assert!(read::<f32>("\"1e39\"").is_err());
}
