//! Values survive, however they are written and however the bytes are cut.

use proptest::collection::vec;
use proptest::prelude::*;
use serde_json::Value;

use super::super::encode::ascii;
use super::super::{Body, Json, Message, Status};
use super::{read, written};

/// A JSON string, in one of the ways in which its characters may be written.
fn string() -> impl Strategy<Value = String> {
    let special = prop::sample::select(
        &[
            "\"",
            "\\",
            "<",
            "&",
            ">",
            "]]>",
            "'",
            "\u{1f600}",
            "\u{7f}",
            "\u{fffe}",
            "\0",
            "\n",
        ][..],
    );
    let text = prop_oneof![
        special.prop_map(String::from),
        any::<char>().prop_map(String::from)
    ];
    let text = vec(text, 0..6).prop_map(|texts| texts.concat());
    let odd = prop::sample::select(&[r"\ud800", r"\udc00\ud800", r"\/", r"\u0041", r"\u0000"][..]);
    prop_oneof![
        text.clone()
            .prop_map(|text| Json::string(&text).as_str().to_owned()),
        text.prop_map(|text| ascii(Json::string(&text).as_str().to_owned())),
        odd.prop_map(|odd| format!("\"{odd}\"")),
    ]
}

/// Class hints, known and unknown.
fn hint() -> impl Strategy<Value = String> {
    let known =
        prop::sample::select(&["\"acn\"", "\"osrfMessage\"", "\"osrfResult\"", "\"CODE\""][..]);
    prop_oneof![known.prop_map(String::from), string()]
}

/// The text of any JSON value.
fn json() -> impl Strategy<Value = String> {
    let number = "-?(0|[1-9][0-9]{0,40})(\\.[0-9]{1,9})?([eE][+-]?[0-9]{1,4})?";
    let word = prop::sample::select(&["null", "true", "false", "1E400", "-0"][..]);
    let leaf = prop_oneof![word.prop_map(String::from), number, string()];
    leaf.prop_recursive(4, 24, 4, |inner| {
        let pair = (string(), inner.clone()).prop_map(|(key, value)| format!("{key}:{value}"));
        prop_oneof![
            vec(inner.clone(), 0..4).prop_map(|items| format!("[{}]", items.join(","))),
            vec(pair, 0..4).prop_map(|pairs| format!("{{{}}}", pairs.join(" , "))),
            (hint(), inner, any::<bool>()).prop_map(|(hint, payload, hint_first)| {
                if hint_first {
                    format!(r#"{{"__c":{hint},"__p":{payload}}}"#)
                } else {
                    format!(r#"{{"__p":{payload},"__c":{hint}}}"#)
                }
            }),
            hint().prop_map(|hint| format!(r#"{{"__c":{hint}}}"#)),
        ]
    })
}

fn values() -> impl Strategy<Value = Vec<Json>> {
    let json = json().prop_map(|text| Json::parse(text).expect("it is JSON"));
    vec(json, 0..4)
}

/// One message of each sort that carries values, and others.
fn messages(values: &[Json]) -> Vec<Message> {
    let mut messages = vec![
        Message::new(0, Body::Connect),
        Message::request(7, "acme.<&>.méthode".into(), values.to_vec()),
    ];
    messages.extend(values.iter().map(|value| Message::result(7, value.clone())));
    messages.push(Message::status(7, Status::complete()));
    messages
}

/// Takes the values out of a message.
fn take(message: &mut Message) -> Vec<Json> {
    match &mut message.body {
        Body::Request(request) => std::mem::take(&mut request.params),
        Body::Result(answer) => vec![std::mem::replace(&mut answer.content, Json::NULL)],
        _ => Vec::new(),
    }
}

proptest! {
    #[test]
    fn any_value_survives_as_parameter_and_as_result(
        values in values(),
        cuts in vec(1_usize..200, 1..8),
    ) {
        let mut sent = messages(&values);
        let mut read = read(&[written(&sent)], &cuts);
        prop_assert_eq!(read.len(), 1);
        for (read, sent) in read[0].iter_mut().zip(&mut sent) {
            let (got, given) = (take(read), take(sent));
            prop_assert_eq!(got.len(), given.len());
            for (got, given) in got.iter().zip(&given) {
                // Byte for byte, but that every character is written in ASCII.
                prop_assert_eq!(got.as_str(), ascii(given.as_str().to_owned()));
                prop_assert_eq!(got.value::<Value>().ok(), given.value::<Value>().ok());
            }
        }
        prop_assert_eq!(&read[0], &sent);
    }

    #[test]
    fn any_cut_of_several_stanzas_gives_the_same_messages(
        lists in vec(values(), 1..5),
        cuts in vec(1_usize..200, 1..8),
    ) {
        let stanzas: Vec<_> = lists.iter().map(|values| written(&messages(values))).collect();
        let whole = read(&stanzas, &[usize::MAX]);
        prop_assert_eq!(whole.len(), lists.len());
        prop_assert_eq!(&read(&stanzas, &cuts), &whole);
        prop_assert_eq!(&read(&stanzas, &[1]), &whole);
    }
}
