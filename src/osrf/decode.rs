//! Text to messages, from whoever wrote it.
//!
//! Read in one pass when all is as usual. A list with something unusual in it is read again entry
//! by entry, so that one odd entry is skipped and the others count.

use std::borrow::Cow;
use std::fmt;

use bytestring::ByteString;
use serde::Deserialize;
use serde::de::{Deserializer, IgnoredAny, SeqAccess, Visitor};
use serde_json::value::RawValue;

use super::field::{List, Number, Text};
use super::{
    Answer, Body, DEFAULT_API_LEVEL, DEFAULT_LOCALE, Json, Message, Request, Status, code,
};
use crate::limits::MESSAGES_PER_BODY;

/// Why a body holds no messages at all.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum DecodeError {
    /// Not JSON.
    #[error("{0}")]
    NotJson(serde_json::Error),
    /// JSON, and not a list.
    #[error("the body is not a list of messages")]
    NotAList,
    /// A list, and none of its entries is an osrfMessage.
    #[error("the list holds no osrfMessage")]
    NoMessages,
}

/// Reads a body. Entries that are no `osrfMessage` are skipped, and so is all after the 256th.
///
/// # Errors
/// [`DecodeError`] if nothing in it can be answered.
pub fn decode(body: &ByteString) -> Result<Vec<Message>, DecodeError> {
    let messages = match at_once(body) {
        Ok(messages) => messages,
        Err(_) => one_by_one(body)?,
    };
    if messages.is_empty() {
        Err(DecodeError::NoMessages)
    } else {
        Ok(messages)
    }
}

fn at_once(body: &ByteString) -> serde_json::Result<Vec<Message>> {
    let mut reader = serde_json::Deserializer::from_str(body);
    let messages = reader.deserialize_seq(UsualMessages(body))?;
    reader.end()?;
    Ok(messages)
}

/// Reads a list in which every entry is as usual; each becomes a message as soon as it is read.
struct UsualMessages<'b>(&'b ByteString);

impl<'de> Visitor<'de> for UsualMessages<'_> {
    type Value = Vec<Message>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a list of messages")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Vec<Message>, A::Error> {
        // A request, or a result and its end.
        let mut messages = Vec::with_capacity(2);
        for _ in 0..MESSAGES_PER_BODY {
            match list.next_element::<Entry<'de>>()? {
                Some(entry) => messages.extend(entry.message(self.0)),
                None => return Ok(messages),
            }
        }
        while list.next_element::<IgnoredAny>()?.is_some() {}
        Ok(messages)
    }
}

fn one_by_one(body: &ByteString) -> Result<Vec<Message>, DecodeError> {
    let list = match serde_json::from_str::<Vec<&RawValue>>(body) {
        Ok(list) => list,
        Err(error) if error.is_data() => return Err(DecodeError::NotAList),
        Err(error) => return Err(DecodeError::NotJson(error)),
    };
    Ok(list
        .into_iter()
        .take(MESSAGES_PER_BODY)
        .filter_map(|raw| serde_json::from_str::<Entry<'_, Odd<'_>>>(raw.get()).ok())
        .filter_map(|entry| entry.message(body))
        .collect())
}

/// `{"__c":"osrfMessage","__p":{…}}`; `P` reads the payload.
#[derive(Deserialize)]
struct Entry<'a, P = Option<Hinted<'a>>> {
    #[serde(rename = "__c", borrow, default)]
    class: Text<'a>,
    #[serde(rename = "__p", borrow)]
    fields: Option<Fields<'a, P>>,
}

#[derive(Deserialize)]
struct Fields<'a, P> {
    #[serde(rename = "threadTrace", default)]
    trace: Number,
    #[serde(rename = "type", borrow, default)]
    kind: Text<'a>,
    #[serde(borrow, default)]
    locale: Option<Text<'a>>,
    #[serde(borrow, default)]
    tz: Option<Text<'a>>,
    #[serde(borrow, default)]
    ingress: Option<Text<'a>>,
    #[serde(default)]
    api_level: Number,
    payload: P,
}

/// A payload with its class hint.
#[derive(Deserialize, Default)]
struct Hinted<'a> {
    #[serde(rename = "__c", borrow, default)]
    class: Text<'a>,
    #[serde(rename = "__p", borrow, default)]
    fields: Option<Payload<'a>>,
}

/// The fields of all payloads together.
#[derive(Deserialize, Default)]
struct Payload<'a> {
    #[serde(borrow, default)]
    method: Option<Text<'a>>,
    #[serde(borrow, default)]
    params: List<'a>,
    #[serde(borrow, default)]
    status: Option<Text<'a>>,
    #[serde(rename = "statusCode", default)]
    code: Number,
    #[serde(borrow, default)]
    content: Option<&'a RawValue>,
}

/// A payload of any shape; what is no object counts as absent (old browsers send `"null"`).
type Odd<'a> = Option<&'a RawValue>;

trait IntoHinted<'a> {
    fn hinted(self) -> Hinted<'a>;
}

impl<'a> IntoHinted<'a> for Option<Hinted<'a>> {
    fn hinted(self) -> Hinted<'a> {
        self.unwrap_or_default()
    }
}

impl<'a> IntoHinted<'a> for Odd<'a> {
    fn hinted(self) -> Hinted<'a> {
        self.and_then(|raw| serde_json::from_str(raw.get()).ok())
            .unwrap_or_default()
    }
}

impl<'a, P: IntoHinted<'a>> Entry<'a, P> {
    fn message(self, body: &ByteString) -> Option<Message> {
        let fields = self.fields.filter(|_| self.class.0 == "osrfMessage")?;
        let what = match &*fields.kind.0 {
            "CONNECT" => Body::Connect,
            "DISCONNECT" => Body::Disconnect,
            "REQUEST" => Body::Request(fields.payload.hinted().request(body)),
            "RESULT" => Body::Result(fields.payload.hinted().answer(body)),
            "STATUS" => Body::Status(fields.payload.hinted().status(body)),
            _ => return None,
        };
        Some(Message {
            trace: fields.trace.0,
            locale: fields
                .locale
                .map_or(DEFAULT_LOCALE, |text| shared(body, text)),
            tz: fields.tz.map(|text| shared(body, text)),
            ingress: fields
                .ingress
                .map_or_else(ByteString::new, |text| shared(body, text)),
            api_level: level(fields.api_level),
            body: what,
        })
    }
}

impl Hinted<'_> {
    fn request(self, body: &ByteString) -> Request {
        let fields = self.fields.unwrap_or_default();
        Request {
            method: fields
                .method
                .map_or_else(ByteString::new, |text| shared(body, text)),
            params: fields
                .params
                .0
                .into_iter()
                .map(|raw| Json::part_of(body, raw))
                .collect(),
        }
    }

    fn answer(self, body: &ByteString) -> Answer {
        let whole = match &*self.class.0 {
            "osrfResultPartial" => code::PARTIAL,
            "osrfResultPartialComplete" => code::NO_CONTENT,
            _ => code::OK,
        };
        let fields = self.fields.unwrap_or_default();
        Answer {
            code: match fields.code.code() {
                0 => whole,
                code => code,
            },
            content: fields
                .content
                .map_or(Json::NULL, |raw| Json::part_of(body, raw)),
        }
    }

    fn status(self, body: &ByteString) -> Status {
        let class = shared(body, self.class);
        let fields = self.fields.unwrap_or_default();
        let text = fields
            .status
            .map_or_else(ByteString::new, |text| shared(body, text));
        Status {
            class,
            code: fields.code.code(),
            text,
        }
    }
}

fn level(Number(number): Number) -> u32 {
    let level = u32::try_from(number).ok().filter(|level| *level > 0);
    level.unwrap_or(DEFAULT_API_LEVEL)
}

/// A part of the body without a copy, where the reader did not have to unescape it.
fn shared(body: &ByteString, Text(text): Text<'_>) -> ByteString {
    match text {
        Cow::Borrowed(part) => body.slice_ref(part),
        Cow::Owned(text) => text.into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::osrf::encode;

    fn read(text: &'static str) -> Vec<Message> {
        decode(&ByteString::from_static(text)).unwrap()
    }

    #[test]
    fn c_and_perl_drones_say_the_same() {
        let c = read(
            r#"[{"__c":"osrfMessage","__p":{"threadTrace":"1","locale":"en-US","api_level":1,"type":"RESULT","payload":{"__c":"osrfResult","__p":{"status":"OK","statusCode":"200","content":3}}}},{"__c":"osrfMessage","__p":{"threadTrace":"1","locale":"en-US","api_level":1,"type":"STATUS","payload":{"__c":"osrfConnectStatus","__p":{"status":"Request Complete","statusCode":"205"}}}}]"#,
        );
        let perl = read(
            r#"[{"__p":{"payload":{"__p":{"content":3,"statusCode":200,"status":"OK"},"__c":"osrfResult"},"type":"RESULT","tz":null,"locale":"en-US","threadTrace":"1"},"__c":"osrfMessage"},{"__c":"osrfMessage","__p":{"payload":{"__p":{"statusCode":205,"status":"Request Complete"},"__c":"osrfConnectStatus"},"threadTrace":1,"type":"STATUS","locale":"en-US"}}]"#,
        );
        assert_eq!(c, perl);
        assert_eq!(c[1], Message::status(1, Status::complete()));
    }

    #[test]
    fn absent_and_odd_fields_are_tolerated() {
        let bare = r#"[{"__c":"osrfMessage","__p":{"type":"REQUEST"}}]"#;
        assert_eq!(
            read(bare),
            [Message::new(
                0,
                Body::Request(Request {
                    method: "".into(),
                    params: vec![]
                })
            )]
        );
        for payload in ["null", r#""null""#, "7", "[]"] {
            let text = format!(
                r#"[{{"__c":"osrfMessage","__p":{{"type":"CONNECT","threadTrace":0,"payload":{payload}}}}}]"#
            );
            assert_eq!(
                decode(&text.into()).unwrap(),
                [Message::new(0, Body::Connect)]
            );
        }
        let null = r#"[{"__c":"osrfMessage","__p":{"type":"REQUEST","threadTrace":" 7 ","payload":{"__c":"osrfMethod","__p":{"method":"m","params":null}}}}]"#;
        let expected = Request {
            method: "m".into(),
            params: vec![],
        };
        assert_eq!(read(null), [Message::new(7, Body::Request(expected))]);
    }

    #[test]
    fn an_api_level_is_a_number_or_a_text_and_1_if_there_is_none() {
        let level = |field: &str| {
            let text = format!(r#"[{{"__c":"osrfMessage","__p":{{{field}"type":"CONNECT"}}}}]"#);
            decode(&text.into()).unwrap()[0].api_level
        };
        assert_eq!(level(r#""api_level":2,"#), 2);
        assert_eq!(level(r#""api_level":"2","#), 2);
        for none in [
            "",
            r#""api_level":null,"#,
            r#""api_level":0,"#,
            r#""api_level":"x","#,
        ] {
            assert_eq!(level(none), 1, "{none}");
        }
        let mut message = Message::new(1, Body::Connect);
        message.api_level = 3;
        assert_eq!(decode(&encode([&message])).unwrap(), [message]);
    }

    #[test]
    fn entries_that_are_no_messages_are_skipped() {
        let list = read(
            r#"[7,null,{"__c":"other","__p":{}},{"__c":"osrfMessage"},{"__c":"osrfMessage","__p":[1]},{"__c":"osrfMessage","__p":{"type":"DANCE"}},{"__c":"osrfMessage","__p":{"type":"DISCONNECT","threadTrace":2}}]"#,
        );
        assert_eq!(list, [Message::new(2, Body::Disconnect)]);
    }

    #[test]
    fn a_body_without_messages_says_why() {
        let why = |text: &str| decode(&ByteString::from(text)).unwrap_err();
        assert!(matches!(why("not json"), DecodeError::NotJson(_)));
        assert!(matches!(why(""), DecodeError::NotJson(_)));
        assert!(matches!(why("{}"), DecodeError::NotAList));
        assert!(matches!(why("[]"), DecodeError::NoMessages));
        assert!(matches!(why("[1,{}]"), DecodeError::NoMessages));
    }

    #[test]
    fn hints_and_numbers_in_parameters_stay_as_they_were() {
        let param = r#"{"__c":"acn","__p":[1.50,null,{"z":12345678901234567890123}]}"#;
        let message = Message::request(3, "m".into(), vec![Json::parse(param).unwrap()]);
        let body = encode([&message]);
        assert_eq!(decode(&body).unwrap(), [message]);
    }

    #[test]
    fn a_router_result_has_code_zero_and_counts_as_whole() {
        let list = read(
            r#"[{"__c":"osrfMessage","__p":{"threadTrace":"1","type":"RESULT","payload":{"__c":"osrfResult","__p":{"status":null,"statusCode":"0","content":["a"]}}}}]"#,
        );
        let content = Json::parse(r#"["a"]"#).unwrap();
        assert_eq!(list, [Message::result(1, content)]);
    }

    #[test]
    fn a_code_beyond_all_codes_counts_as_none() {
        let list = read(
            r#"[{"__c":"osrfMessage","__p":{"threadTrace":"1","type":"RESULT","payload":{"__c":"osrfResult","__p":{"statusCode":70000,"content":1}}}}]"#,
        );
        assert_eq!(list, [Message::result(1, Json::from(1))]);
    }

    #[test]
    fn an_odd_field_does_not_cost_its_message() {
        let list = read(
            r#"[{"__c":"osrfMessage","__p":{"threadTrace":[],"type":"CONNECT","locale":5,"tz":{},"ingress":false}},{"__c":"osrfMessage","__p":{"type":"STATUS","threadTrace":true,"payload":{"__c":null,"__p":{"status":42,"statusCode":"500"}}}}]"#,
        );
        let mut connect = Message::new(0, Body::Connect);
        connect.locale = "5".into();
        connect.tz = Some("".into());
        connect.ingress = "false".into();
        let status = Status {
            class: "".into(),
            code: 500,
            text: "42".into(),
        };
        assert_eq!(list, [connect, Message::status(0, status)]);
    }
}
