//! A table in which any key and any value may stand: what a service wants to know.
//!
//! It goes to the service as JSON. What looks like a password by its name is not shown.

use config::{Value, ValueKind};
use serde_json::{Map, Number, Value as Json};

use super::Password;
use super::show::Toml;
use super::values::Found;

/// Whether the setting at `path` stands in such a table.
pub(super) fn is_free(path: &str) -> bool {
    path.starts_with("services[") && path.contains("].settings.")
}

/// A table with anything in it, as JSON.
pub(super) fn table(found: &Found<'_>) -> Result<Json, String> {
    match &found.value.kind {
        ValueKind::Table(_) => json(found.value),
        _ => Err(format!(
            "expected a table, found {}",
            super::values::kind(found.value)
        )),
    }
}

/// JSON as a value of a layer; all of it comes from `origin`.
pub(super) fn kind_of(json: &Json, origin: &str) -> ValueKind {
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

fn json(value: &Value) -> Result<Json, String> {
    Ok(match &value.kind {
        ValueKind::Nil => Json::Null,
        ValueKind::Boolean(yes) => Json::Bool(*yes),
        ValueKind::I64(number) => Json::from(*number),
        ValueKind::Float(number) => Number::from_f64(*number)
            .map(Json::Number)
            .ok_or_else(|| format!("{number} is no finite number"))?,
        ValueKind::String(text) => Json::from(text.as_str()),
        ValueKind::Array(items) => {
            let items: Result<_, _> = items.iter().map(json).collect();
            Json::Array(items?)
        }
        ValueKind::Table(members) => {
            let member = |(key, value): (&String, &Value)| match json(value) {
                Ok(value) => Ok((key.clone(), value)),
                Err(text) => Err(format!("{key}: {text}")),
            };
            let members: Result<Map<_, _>, _> = members.iter().map(member).collect();
            Json::Object(members?)
        }
        _ => return Err("is too large a number".to_owned()),
    })
}

/// Whether a setting of this name holds what nobody should read over a shoulder.
fn is_secret(key: &str) -> bool {
    let key = key.to_ascii_lowercase();
    key == "pw" || key == "pwd" || key.contains("passw") || key.contains("secret")
}

/// Passwords hidden.
impl Toml for Json {
    fn toml(&self) -> String {
        write(self, is_secret)
    }
}

/// JSON as TOML on one line; values whose keys are to be hidden as if they were passwords.
pub(super) fn write(json: &Json, hides: fn(&str) -> bool) -> String {
    match json {
        Json::Array(items) => {
            let items: Vec<String> = items.iter().map(|item| write(item, hides)).collect();
            format!("[{}]", items.join(", "))
        }
        Json::Object(members) if members.is_empty() => "{}".to_owned(),
        Json::Object(members) => {
            let member = |(key, value): (&String, &Json)| {
                let value = match value {
                    Json::Object(_) => write(value, hides),
                    _ if hides(key) => Password::HIDDEN.toml(),
                    _ => write(value, hides),
                };
                format!("{} = {value}", key_toml(key))
            };
            let members: Vec<String> = members.iter().map(member).collect();
            format!("{{ {} }}", members.join(", "))
        }
        Json::String(text) => text.toml(),
        // TOML has no null; nothing that was read from TOML or XML is one.
        Json::Null => "{}".to_owned(),
        Json::Bool(_) | Json::Number(_) => json.to_string(),
    }
}

/// A key as it may stand before `=`.
pub(super) fn key_toml(key: &str) -> String {
    let is_bare = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'-');
    match !key.is_empty() && key.bytes().all(is_bare) {
        true => key.to_owned(),
        false => key.toml(),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn any_table_is_shown_as_toml_that_says_the_same() {
        let value = json!({"a": [1, 2.5, {"b.c": "x\"y"}], "Empty": {}, "on": true});
        let shown = value.toml();
        assert_eq!(
            shown,
            r#"{ Empty = {}, a = [1, 2.5, { "b.c" = "x\"y" }], on = true }"#
        );
        toml::de::DeTable::parse(&format!("x = {shown}")).unwrap();
    }

    #[test]
    fn what_is_called_a_password_is_not_shown() {
        for key in ["password", "passwd", "db_password", "pw", "SECRET"] {
            let shown = json!({"db": {key: "hunter2"}}).toml();
            assert!(!shown.contains("hunter2"), "{shown}");
        }
        assert!(json!({"user": "x"}).toml().contains('x'));
    }
}
