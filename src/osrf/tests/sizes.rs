//! Results of any size survive being bundled and cut, and no stanza becomes too large.

use std::collections::BTreeMap;
use std::ops::Range;

use proptest::collection::vec;
use proptest::prelude::*;

use super::super::encode::ascii;
use super::super::{Body, Bundle, Json, Message, Reassembly, Status, code};
use super::{read, written};
use crate::limits::{BUNDLE_BYTES, CHUNK_BYTES};

/// Where Jabber servers cut the stream of whoever sends more in one stanza.
const STANZA_BYTES: usize = 64 * 1024;

/// Texts that cost most when they are escaped, and one that costs nothing.
const HEAVY: [&str; 12] = [
    "x",
    "\"",
    "\\",
    "&",
    "<",
    ">",
    "\u{1}",
    "\u{7f}",
    "é",
    "\u{4e2d}",
    "\u{1f600}",
    "\\\"&\n",
];

/// A result of about so many bytes, made of a text in one of three ways.
#[derive(Debug, Clone, Copy)]
struct Made {
    text: &'static str,
    bytes: usize,
    shape: u8,
}

impl Made {
    fn json(self) -> Json {
        let repeated = self.text.repeat(self.bytes / self.text.len());
        match self.shape {
            0 => Json::string(&repeated),
            // What serde_json writes leaves DEL as it is.
            1 => Json::from(serde_json::Value::from(repeated)),
            _ => {
                let item = Json::string(self.text);
                let times = self.bytes / (item.as_str().len() + 1);
                Json::array(std::iter::repeat_n(&item, times))
            }
        }
    }
}

fn made(bytes: Range<usize>) -> impl Strategy<Value = Made> {
    let text = prop::sample::select(&HEAVY[..]);
    (text, bytes, 0_u8..3).prop_map(|(text, bytes, shape)| Made { text, bytes, shape })
}

/// The stanzas for the results of several requests, which become ready in this order.
fn sent(results: &[(u64, Json)]) -> Vec<Vec<Message>> {
    let mut bundles = BTreeMap::<u64, Bundle>::new();
    let mut out = Vec::new();
    for (trace, json) in results {
        let bundle = bundles.entry(*trace).or_default();
        bundle.push(Message::result(*trace, json.clone()), &mut out);
    }
    for (trace, bundle) in &mut bundles {
        bundle.push(Message::status(*trace, Status::complete()), &mut out);
        bundle.flush(&mut out);
    }
    out
}

/// What a client makes of them: the results of each request, in order.
fn received(stanzas: Vec<Vec<Message>>) -> BTreeMap<u64, Vec<String>> {
    let mut reassembly = Reassembly::default();
    let mut whole = BTreeMap::<u64, Vec<String>>::new();
    for message in stanzas.into_iter().flatten() {
        if let Body::Result(answer) = message.body {
            let json = reassembly.push(message.trace, answer).expect("it is whole");
            let texts = json.map(|json| json.as_str().to_owned());
            whole.entry(message.trace).or_default().extend(texts);
        }
    }
    whole
}

/// Bytes of a piece, by the rule of the original (protocol §2.6); its estimate leaves out what
/// only we count, so a piece may be smaller.
fn scaled(content: &str) -> usize {
    let quotes = content.matches('"').count();
    let escaped = content.len()
        + 11 * quotes
        + 4 * content.matches('&').count()
        + 3 * content.matches(['<', '>']).count();
    CHUNK_BYTES.min(CHUNK_BYTES * content.len() / escaped)
}

fn check(results: &[(u64, Json)]) -> Result<(), TestCaseError> {
    let sent = sent(results);
    check_pieces(results, &sent)?;
    let bytes: Vec<_> = sent.iter().map(|messages| written(messages)).collect();
    for (messages, stanza) in sent.iter().zip(&bytes) {
        prop_assert!(
            stanza.len() < STANZA_BYTES,
            "{} bytes on the wire",
            stanza.len()
        );
        check_bundle(messages)?;
    }
    let mut expected = BTreeMap::<u64, Vec<String>>::new();
    for (trace, json) in results {
        let text = ascii(json.as_str().to_owned());
        expected.entry(*trace).or_default().push(text);
    }
    prop_assert!(
        received(read(&bytes, &[1_000, 7])) == expected,
        "order or content is lost"
    );
    Ok(())
}

/// Without its last result, a bundle is within its size.
fn check_bundle(messages: &[Message]) -> Result<(), TestCaseError> {
    let results = messages.iter().filter_map(|message| match &message.body {
        Body::Result(answer) => Some(answer.content.as_str().len()),
        _ => None,
    });
    let sizes: Vec<_> = results.collect();
    let all_but_one: usize = sizes.iter().rev().skip(1).sum();
    prop_assert!(
        all_but_one <= BUNDLE_BYTES,
        "{all_but_one} bytes before the last result"
    );
    Ok(())
}

fn check_pieces(results: &[(u64, Json)], sent: &[Vec<Message>]) -> Result<(), TestCaseError> {
    let texts = results
        .iter()
        .map(|(_, json)| ascii(json.as_str().to_owned()));
    let most = texts.map(|text| scaled(&text)).max().unwrap_or(CHUNK_BYTES);
    for message in sent.iter().flatten() {
        if let Body::Result(answer) = &message.body
            && answer.code == code::PARTIAL
        {
            let piece: String = answer.content.value().expect("a piece is a text");
            prop_assert!(piece.len() <= most, "a piece of {} bytes", piece.len());
        }
    }
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(16))]
    #[test]
    fn results_of_any_size_arrive_in_order(
        results in vec(
            (1_u64..4, prop_oneof![made(0..200), made(0..30_000), made(20_000..120_000)]),
            1..8,
        ),
    ) {
        let results: Vec<_> = results.into_iter().map(|(trace, made)| (trace, made.json())).collect();
        check(&results)?;
    }
}

#[test]
fn the_largest_stanza_of_any_text_is_below_64_kib() {
    for text in HEAVY {
        // Just what still goes in one, and what must be cut.
        for (bytes, shape) in [(8_500, 0), (8_500, 2), (12_700, 1), (51_000, 0)] {
            let made = Made { text, bytes, shape };
            let json = made.json();
            let checked = check(&[(1, json.clone()), (1, json)]);
            assert!(checked.is_ok(), "{made:?}: {checked:?}");
        }
    }
}

#[test]
fn what_needs_escaping_may_stand_close_together() {
    for heavy in HEAVY {
        let text = [
            &heavy.repeat(12_000),
            &*"x".repeat(100_000),
            &heavy.repeat(12_000),
        ];
        let checked = check(&[(1, Json::string(&text.concat()))]);
        assert!(checked.is_ok(), "{heavy:?}: {checked:?}");
    }
}

#[test]
fn two_megabytes_arrive() {
    let large = Made {
        text: "0123456789 0123456789 0123456789 \\\"&\n",
        bytes: 2_000_000,
        shape: 0,
    };
    check(&[(1, Json::from(1)), (1, large.json()), (1, Json::from(2))]).unwrap();
}
