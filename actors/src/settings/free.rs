//! A table in which any key and any value may stand: what a service wants to know.
//!
//! It goes to the service as JSON. What looks like a password by its name is not shown.

use config::ValueKind;
use serde_json::Value as Json;

use super::Password;
use crate::toml_tree::values::{self, Found};
use crate::toml_tree::{Toml, json};

/// Whether the setting at `path` stands in such a table.
pub(super) fn is_free(path: &str) -> bool {
    path.starts_with("services[") && path.contains("].settings.")
}

/// A table with anything in it, as JSON.
pub(super) fn table(found: &Found<'_>) -> Result<Json, String> {
    match &found.value.kind {
        ValueKind::Table(_) => json::of(found.value),
        _ => Err(format!(
            "expected a table, found {}",
            values::kind(found.value)
        )),
    }
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
