//! JSON values from anywhere.

use opensrf::osrf::Json;
use serde_json::Value;

/// What is taken for JSON is JSON, stays as it came, and can be asked for as anything.
pub fn check(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else {
        return;
    };
    let judged = serde_json::from_str::<Value>(text);
    let Ok(json) = Json::parse(text) else {
        assert!(judged.is_err(), "refused, and it is JSON");
        return;
    };
    assert_eq!(json.as_str(), text);
    let _ = json.value::<bool>();
    let _ = json.value::<i64>();
    let _ = json.value::<u64>();
    let _ = json.value::<f64>();
    let _ = json.value::<Vec<Option<String>>>();
    if let Ok(value) = judged {
        assert_eq!(json.value::<Value>().ok().as_ref(), Some(&value));
        check_value(&json, value);
    }
    if let Ok(items) = Json::parse_list(text) {
        let again = Json::array(&items);
        assert_eq!(Json::parse_list(again.as_str()).ok(), Some(items));
    }
}

fn check_value(json: &Json, value: Value) {
    if let Value::String(text) = &value {
        assert_eq!(json.value::<String>().ok().as_ref(), Some(text));
        assert_eq!(
            Json::string(text).value::<String>().ok().as_ref(),
            Some(text)
        );
    }
    let written = Json::from_value(json).ok();
    assert_eq!(written.and_then(|w| w.value().ok()), Some(value.clone()));
    assert_eq!(Json::from(value.clone()).value().ok(), Some(value));
}
