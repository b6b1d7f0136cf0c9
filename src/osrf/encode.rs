//! Messages to text, as the C programs write them.

use std::fmt::Write;

use bytestring::ByteString;

use super::{Body, Message, code};

/// Writes a body: a JSON list of `messages`, in printable ASCII.
///
/// So because both original stacks write it so, and because then no character that XML forbids
/// can stand in a body.
#[must_use]
pub fn encode<'a>(messages: impl IntoIterator<Item = &'a Message>) -> ByteString {
    let mut out = String::with_capacity(512);
    out.push('[');
    for message in messages {
        if out.len() > 1 {
            out.push(',');
        }
        push_message(&mut out, message);
    }
    out.push(']');
    ascii(out).into()
}

/// About how many bytes the body of `messages` has: as many as [`encode`] writes, but for the few
/// ASCII characters that are escaped.
pub(super) fn about_bytes(messages: &[Message]) -> usize {
    2 + messages
        .iter()
        .map(|message| about(message) + 1)
        .sum::<usize>()
}

fn about(message: &Message) -> usize {
    // Of what is written around values, with two digits for a number.
    const MESSAGE: usize = 82;
    const FIELD: usize = 11;
    const BARE: usize = 10;
    const REQUEST: usize = 72;
    const RESULT: usize = 91;
    const STATUS: usize = 68;
    let optional = |text: &str| match text.is_empty() {
        true => 0,
        false => FIELD + written(text),
    };
    let body = match &message.body {
        Body::Connect | Body::Disconnect => BARE,
        Body::Request(request) => {
            let params = request.params.iter();
            let params: usize = params.map(|param| written(param.as_str()) + 1).sum();
            REQUEST + written(&request.method) + params
        }
        Body::Result(answer) => RESULT + written(answer.content.as_str()),
        Body::Status(status) => STATUS + written(&status.class) + written(&status.text),
    };
    let tz = message.tz.as_ref().map_or(0, |tz| optional(tz));
    MESSAGE + message.locale.len() + tz + optional(&message.ingress) + body
}

/// Bytes of a text in printable ASCII: a character of two or four bytes becomes three times as long.
fn written(text: &str) -> usize {
    if text.is_ascii() {
        return text.len();
    }
    let wide = text.bytes().filter(|byte| !byte.is_ascii()).count();
    text.len() + 2 * wide
}

fn push_message(out: &mut String, message: &Message) {
    out.push_str(r#"{"__c":"osrfMessage","__p":{"threadTrace":""#);
    push_number(out, message.trace);
    out.push_str(r#"","locale":"#);
    push_string(out, &message.locale);
    if let Some(tz) = &message.tz {
        out.push_str(r#","tz":"#);
        push_string(out, tz);
    }
    if !message.ingress.is_empty() {
        out.push_str(r#","ingress":"#);
        push_string(out, &message.ingress);
    }
    out.push_str(r#","api_level":"#);
    push_number(out, u64::from(message.api_level));
    out.push_str(r#","type":"#);
    match &message.body {
        Body::Connect => out.push_str(r#""CONNECT""#),
        Body::Disconnect => out.push_str(r#""DISCONNECT""#),
        Body::Request(request) => {
            out.push_str(r#""REQUEST","payload":{"__c":"osrfMethod","__p":{"method":"#);
            push_string(out, &request.method);
            out.push_str(r#","params":["#);
            for (i, param) in request.params.iter().enumerate() {
                if i > 0 {
                    out.push(',');
                }
                out.push_str(param.as_str());
            }
            out.push_str("]}}");
        }
        Body::Result(answer) => {
            let (class, text) = match answer.code {
                code::PARTIAL => ("osrfResultPartial", "Partial Response"),
                code::NO_CONTENT => ("osrfResultPartialComplete", "Partial Response Finalized"),
                _ => ("osrfResult", "OK"),
            };
            out.push_str(r#""RESULT","payload":"#);
            push_status(out, class, text, answer.code);
            out.push_str(r#","content":"#);
            out.push_str(answer.content.as_str());
            out.push_str("}}");
        }
        Body::Status(status) => {
            out.push_str(r#""STATUS","payload":"#);
            push_status(out, &status.class, &status.text, status.code);
            out.push_str("}}");
        }
    }
    out.push_str("}}");
}

fn push_status(out: &mut String, class: &str, text: &str, code: u16) {
    out.push_str(r#"{"__c":"#);
    push_string(out, class);
    out.push_str(r#","__p":{"status":"#);
    push_string(out, text);
    out.push_str(r#","statusCode":""#);
    push_number(out, u64::from(code));
    out.push('"');
}

fn push_number(out: &mut String, number: u64) {
    out.push_str(itoa::Buffer::new().format(number));
}

/// Appends `text` as a JSON string.
pub(super) fn push_string(out: &mut String, text: &str) {
    let is_special = |byte| matches!(byte, 0..0x20 | b'"' | b'\\' | 0x7f);
    out.push('"');
    let mut rest = text;
    while let Some(at) = rest.bytes().position(is_special) {
        out.push_str(&rest[..at]);
        match rest.as_bytes()[at] {
            b'"' => out.push_str("\\\""),
            b'\\' => out.push_str("\\\\"),
            b'\n' => out.push_str("\\n"),
            b'\r' => out.push_str("\\r"),
            b'\t' => out.push_str("\\t"),
            other => write!(out, "\\u{other:04x}").expect("a String takes any text"),
        }
        rest = &rest[at + 1..];
    }
    out.push_str(rest);
    out.push('"');
}

/// The same JSON in printable ASCII.
///
/// Outside strings JSON is ASCII, so what is not, and DEL, stands in strings only and becomes
/// `\uXXXX`. All other control characters stand between values only and become blanks.
pub(super) fn ascii(json: String) -> String {
    if is_printable(&json) {
        return json;
    }
    let mut out = String::with_capacity(json.len() * 2);
    let mut units = [0; 2];
    for c in json.chars() {
        match c {
            ' '..='~' => out.push(c),
            '\t' | '\n' | '\r' => out.push(' '),
            _ => {
                for unit in c.encode_utf16(&mut units) {
                    write!(out, "\\u{unit:04x}").expect("a String takes any text");
                }
            }
        }
    }
    out
}

/// Whether all of it is printable ASCII.
pub(super) fn is_printable(json: &str) -> bool {
    // No early exit: the compiler makes vector code of this.
    let bytes = json.bytes();
    bytes.fold(true, |all, b| all & (b' '..=b'~').contains(&b))
}

#[cfg(test)]
mod tests {
    use super::super::{Json, Status};
    use super::*;

    #[test]
    fn a_request_reads_as_srfsh_writes_it() {
        let mut message = Message::request(1, "add".into(), vec![Json::from(1), Json::from(2)]);
        message.ingress = "srfsh".into();
        assert_eq!(
            &*encode([&message]),
            r#"[{"__c":"osrfMessage","__p":{"threadTrace":"1","locale":"en-US","ingress":"srfsh","api_level":1,"type":"REQUEST","payload":{"__c":"osrfMethod","__p":{"method":"add","params":[1,2]}}}}]"#
        );
    }

    #[test]
    fn an_answer_reads_as_a_c_drone_writes_it() {
        let messages = [
            Message::result(1, Json::from(3)),
            Message::status(1, Status::complete()),
        ];
        assert_eq!(
            &*encode(&messages),
            r#"[{"__c":"osrfMessage","__p":{"threadTrace":"1","locale":"en-US","api_level":1,"type":"RESULT","payload":{"__c":"osrfResult","__p":{"status":"OK","statusCode":"200","content":3}}}},{"__c":"osrfMessage","__p":{"threadTrace":"1","locale":"en-US","api_level":1,"type":"STATUS","payload":{"__c":"osrfConnectStatus","__p":{"status":"Request Complete","statusCode":"205"}}}}]"#
        );
    }

    #[test]
    fn text_beyond_ascii_is_escaped_with_surrogates() {
        let message = Message::result(1, Json::string("é\u{1f600}\u{1}"));
        assert!(encode([&message]).contains(r#""content":"\u00e9\ud83d\ude00\u0001""#));
    }

    #[test]
    fn a_body_holds_no_control_character_though_its_values_do() {
        let value = Json::parse("[1,\r\n\t\"\u{7f}\"]").unwrap();
        let body = encode([&Message::result(1, value)]);
        assert!(body.contains(r#""content":[1,   "\u007f"]"#), "{body}");
    }
}
