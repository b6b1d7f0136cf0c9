//! Several answers in one stanza, and one large answer in several.
//!
//! Upstream keeps answers below 64 KiB this way, because Jabber servers cut the stream of whoever
//! sends more. Requests are never cut (protocol §2.5 and §2.6).

use std::collections::BTreeMap;

use super::{Answer, Body, Json, Message, code, encode};
use crate::limits::{BUNDLE_BYTES, CHUNK_BYTES, REASSEMBLY_BYTES};

/// What a message adds to its content, about. It bounds how many share a body, too: far fewer than
/// [`MESSAGES_PER_BODY`](crate::limits::MESSAGES_PER_BODY), after which readers stop.
const ENVELOPE_BYTES: usize = 200;

/// Collects the answers to one request into bodies of reasonable size.
#[derive(Debug, Default)]
pub struct Bundle {
    waiting: Vec<Message>,
    bytes: usize,
}

impl Bundle {
    /// Adds one message; what is ready to go goes to `out`, one list a stanza.
    ///
    /// A result of more than 51,200 bytes goes out in pieces, after all that was waiting, so that
    /// order is kept.
    pub fn push(&mut self, message: Message, out: &mut Vec<Vec<Message>>) {
        let Message {
            body: Body::Result(answer),
            ..
        } = &message
        else {
            self.waiting.push(message);
            return;
        };
        let bytes = ENVELOPE_BYTES + answer.content.as_str().len();
        if let Some(pieces) = pieces(answer.content.as_str()) {
            self.flush(out);
            out.extend(pieces.into_iter().map(|answer| {
                vec![Message {
                    body: Body::Result(answer),
                    ..message.clone()
                }]
            }));
            return;
        }
        if self.bytes > 0 && self.bytes + bytes >= BUNDLE_BYTES {
            self.flush(out);
        }
        self.bytes += bytes;
        self.waiting.push(message);
    }

    /// Whether nothing waits.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.waiting.is_empty()
    }

    /// Sends off all that waits.
    pub fn flush(&mut self, out: &mut Vec<Vec<Message>>) {
        self.bytes = 0;
        if !self.waiting.is_empty() {
            out.push(std::mem::take(&mut self.waiting));
        }
    }
}

/// The pieces of a result too large for one stanza, with the note that ends them.
fn pieces(content: &str) -> Option<Vec<Answer>> {
    let escaped = content.len() + extra_when_escaped(content);
    let most = if escaped > CHUNK_BYTES {
        // Scaled down by what XML escaping adds, as upstream does.
        CHUNK_BYTES * content.len() / escaped
    } else {
        CHUNK_BYTES
    };
    if content.len() <= most {
        return None;
    }
    // Pieces are cut from ASCII, so that a piece in one stanza means the same to every reader.
    let ascii = encode::ascii(content.to_owned());
    let mut answers = Vec::new();
    let mut rest = ascii.as_str();
    while !rest.is_empty() {
        let (piece, after) = rest.split_at(most.min(rest.len()));
        answers.push(Answer {
            code: code::PARTIAL,
            content: Json::string(piece),
        });
        rest = after;
    }
    answers.push(Answer {
        code: code::NO_CONTENT,
        content: Json::NULL,
    });
    Some(answers)
}

/// What escaping the text twice, for JSON and XML, adds at most, by upstream's estimate.
fn extra_when_escaped(content: &str) -> usize {
    content
        .bytes()
        .map(|byte| match byte {
            b'"' => 11,
            b'&' => 4,
            b'<' | b'>' => 3,
            _ => 0,
        })
        .sum()
}

/// Puts results together that come in pieces, by request.
#[derive(Debug, Default)]
pub struct Reassembly {
    open: BTreeMap<u64, String>,
}

/// Why a result in pieces cannot be put together.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
#[non_exhaustive]
pub enum ReassemblyError {
    /// More than 64 MiB.
    #[error("a result in pieces is larger than {REASSEMBLY_BYTES} bytes")]
    TooLarge,
    /// A piece that is no string, or pieces that together are no JSON.
    #[error("the pieces of a result are no JSON together")]
    NotJson,
}

impl Reassembly {
    /// Takes one answer of a request and gives back the result that is now whole, if one is.
    ///
    /// # Errors
    /// [`ReassemblyError`]; what was collected for the request is dropped.
    pub fn push(&mut self, trace: u64, answer: Answer) -> Result<Option<Json>, ReassemblyError> {
        match answer.code {
            code::PARTIAL => self.add(trace, &answer.content).map(|()| None),
            code::NO_CONTENT => match self.open.remove(&trace) {
                Some(text) => Json::parse(text)
                    .map(Some)
                    .map_err(|_| ReassemblyError::NotJson),
                None => Ok(None),
            },
            _ => Ok(Some(answer.content)),
        }
    }

    fn add(&mut self, trace: u64, piece: &Json) -> Result<(), ReassemblyError> {
        let text = self.open.entry(trace).or_default();
        let failure = match piece.value::<String>() {
            Ok(piece) if text.len() + piece.len() <= REASSEMBLY_BYTES => {
                text.push_str(&piece);
                return Ok(());
            }
            Ok(_) => ReassemblyError::TooLarge,
            Err(_) => ReassemblyError::NotJson,
        };
        self.open.remove(&trace);
        Err(failure)
    }

    /// Forgets what was collected for a request that is over.
    pub fn forget(&mut self, trace: u64) {
        self.open.remove(&trace);
    }
}

#[cfg(test)]
mod tests {
    use super::super::Status;
    use super::*;
    use proptest::prelude::*;

    fn through(results: &[Json]) -> (Vec<Vec<Message>>, Vec<Json>) {
        let mut bundle = Bundle::default();
        let mut stanzas = Vec::new();
        for result in results {
            bundle.push(Message::result(1, result.clone()), &mut stanzas);
        }
        bundle.push(Message::status(1, Status::complete()), &mut stanzas);
        bundle.flush(&mut stanzas);
        let mut reassembly = Reassembly::default();
        let mut whole = Vec::new();
        for messages in &stanzas {
            for read in super::super::decode(&encode(messages)).unwrap() {
                if let Body::Result(answer) = read.body {
                    whole.extend(reassembly.push(read.trace, answer).unwrap());
                }
            }
        }
        (stanzas, whole)
    }

    #[test]
    fn one_small_result_and_its_end_share_a_stanza() {
        let (stanzas, whole) = through(&[Json::from(4)]);
        assert_eq!(stanzas.len(), 1);
        assert_eq!(whole, [Json::from(4)]);
    }

    #[test]
    fn small_results_before_a_large_one_arrive_before_it() {
        let large = Json::string(&"\"<é>&".repeat(20_000));
        let results = [Json::from(1), large.clone(), Json::from(2)];
        let (stanzas, whole) = through(&results);
        assert!(stanzas.len() > 3);
        let values: Vec<serde_json::Value> = whole.iter().map(|j| j.value().unwrap()).collect();
        let expected: Vec<serde_json::Value> = results.iter().map(|j| j.value().unwrap()).collect();
        assert_eq!(values, expected);
    }

    #[test]
    fn a_bundle_stays_near_its_size() {
        let results = vec![Json::string(&"x".repeat(1_000)); 100];
        let (stanzas, _) = through(&results);
        assert!(stanzas.len() >= 4);
        assert!(
            stanzas
                .iter()
                .all(|s| encode(s).len() < BUNDLE_BYTES + 1_000)
        );
    }

    #[test]
    fn a_reader_takes_all_of_a_bundle_however_small_the_results_are() {
        let results: Vec<_> = (0..1_000).map(Json::from).collect();
        let (_, whole) = through(&results);
        assert_eq!(whole, results);
    }

    #[test]
    fn an_end_without_pieces_gives_nothing() {
        let end = Answer {
            code: code::NO_CONTENT,
            content: Json::NULL,
        };
        assert_eq!(Reassembly::default().push(1, end), Ok(None));
    }

    #[test]
    fn pieces_of_two_requests_do_not_mix() {
        let piece = |text: &str| Answer {
            code: code::PARTIAL,
            content: Json::string(text),
        };
        let end = || Answer {
            code: code::NO_CONTENT,
            content: Json::NULL,
        };
        let mut reassembly = Reassembly::default();
        reassembly.push(1, piece("[1")).unwrap();
        reassembly.push(2, piece("[2")).unwrap();
        reassembly.push(1, piece(",1]")).unwrap();
        reassembly.push(2, piece("]")).unwrap();
        assert_eq!(reassembly.push(2, end()).unwrap().unwrap().as_str(), "[2]");
        assert_eq!(
            reassembly.push(1, end()).unwrap().unwrap().as_str(),
            "[1,1]"
        );
    }

    #[test]
    fn pieces_that_are_no_json_are_an_error() {
        let mut reassembly = Reassembly::default();
        let piece = Answer {
            code: code::PARTIAL,
            content: Json::NULL,
        };
        assert_eq!(reassembly.push(1, piece), Err(ReassemblyError::NotJson));
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(48))]
        #[test]
        fn any_text_survives_cutting(text in "(\\PC|[\"<>&\u{1}\u{7f}\u{1f600}]){0,400}", times in 1_usize..300) {
            let value = Json::string(&text.repeat(times));
            let (_, whole) = through(std::slice::from_ref(&value));
            prop_assert_eq!(whole[0].value::<String>().unwrap(), text.repeat(times));
        }
    }
}
