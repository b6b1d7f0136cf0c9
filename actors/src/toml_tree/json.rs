//! Values that nobody asks for by name, as JSON.

use config::{Value, ValueKind};
use serde_json::{Map, Number, Value as Json};

/// JSON as a value of a layer; all of it comes from `origin`.
pub(crate) fn kind_of(json: &Json, origin: &str) -> ValueKind {
    let value = |json| Value::new(Some(&origin.to_owned()), kind_of(json, origin));
    match json {
        Json::Null => ValueKind::Nil,
        Json::Bool(yes) => ValueKind::Boolean(*yes),
        Json::Number(number) => match number.as_i64() {
            Some(number) => ValueKind::I64(number),
            None => ValueKind::Float(number.as_f64().unwrap_or(f64::NAN)),
        },
        Json::String(text) => ValueKind::String(text.clone()),
        Json::Array(items) => ValueKind::Array(items.iter().map(value).collect()),
        Json::Object(members) => {
            let members = members.iter();
            ValueKind::Table(members.map(|(k, json)| (k.clone(), value(json))).collect())
        }
    }
}

/// A value of a layer as JSON.
pub(crate) fn of(value: &Value) -> Result<Json, String> {
    Ok(match &value.kind {
        ValueKind::Nil => Json::Null,
        ValueKind::Boolean(yes) => Json::Bool(*yes),
        ValueKind::I64(number) => Json::from(*number),
        ValueKind::Float(number) => Number::from_f64(*number)
            .map(Json::Number)
            .ok_or_else(|| format!("{number} is no finite number"))?,
        ValueKind::String(text) => Json::from(text.as_str()),
        ValueKind::Array(items) => {
            let items: Result<_, _> = items.iter().map(of).collect();
            Json::Array(items?)
        }
        ValueKind::Table(members) => {
            let member = |(key, value): (&String, &Value)| match of(value) {
                Ok(value) => Ok((key.clone(), value)),
                Err(text) => Err(format!("{key}: {text}")),
            };
            let members: Result<Map<_, _>, _> = members.iter().map(member).collect();
            Json::Object(members?)
        }
        _ => return Err("is too large a number".to_owned()),
    })
}
