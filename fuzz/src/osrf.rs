//! The body of a stanza: text to OpenSRF messages.

use bytestring::ByteString;
use opensrf::limits::MESSAGES_PER_BODY;
use opensrf::osrf::{Body, Json, Message, Reassembly, decode, encode};
use serde_json::Value;

/// Whatever can be read is written so that the same is read again.
pub fn check(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else {
        return;
    };
    let Ok(messages) = decode(&ByteString::from(text)) else {
        return;
    };
    assert!((1..=MESSAGES_PER_BODY).contains(&messages.len()));
    let body = encode(&messages);
    assert!(
        is_printable(&body),
        "ASCII without control characters: {body:?}"
    );
    let again = decode(&body);
    let again = again.expect("what was written can be read");
    assert_eq!(encode(&again), body, "a second time changes nothing");
    assert_eq!(again.len(), messages.len());
    for (read, message) in again.into_iter().zip(messages) {
        check_alike(read, message);
    }
    let _ = reassembled(&body);
}

fn is_printable(body: &str) -> bool {
    body.bytes().all(|byte| (b' '..=b'~').contains(&byte))
}

/// Two messages that differ at most in how the text of their JSON is written.
fn check_alike(mut one: Message, mut other: Message) {
    let (values, others) = (take_json(&mut one.body), take_json(&mut other.body));
    assert_eq!(one, other);
    assert_eq!(values.len(), others.len());
    for (value, other) in values.iter().zip(&others) {
        assert_eq!(value.value::<Value>().ok(), other.value::<Value>().ok());
    }
}

/// Takes the JSON out of a message.
fn take_json(body: &mut Body) -> Vec<Json> {
    match body {
        Body::Request(request) => {
            let nulls = vec![Json::NULL; request.params.len()];
            std::mem::replace(&mut request.params, nulls)
        }
        Body::Result(answer) => vec![std::mem::replace(&mut answer.content, Json::NULL)],
        _ => Vec::new(),
    }
}

/// What a client makes of the results in a body.
fn reassembled(body: &ByteString) -> Vec<Json> {
    let mut reassembly = Reassembly::default();
    let mut whole = Vec::new();
    for message in decode(body).unwrap_or_default() {
        if let Body::Result(answer) = message.body
            && let Ok(Some(json)) = reassembly.push(message.trace, answer)
        {
            assert!(Json::parse(json.as_str()).is_ok());
            whole.push(json);
        }
    }
    whole
}
