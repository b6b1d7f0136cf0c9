//! Several answers in one stanza, and one large answer in several.
//!
//! Upstream keeps answers below 64 KiB this way, because Jabber servers cut the stream of whoever
//! sends more. Requests are never cut (protocol §2.5 and §2.6).

use std::collections::BTreeMap;

use super::{Answer, Body, Json, Message, code};
use crate::limits::{MESSAGES_PER_BODY, REASSEMBLY_BYTES, ResultSizes};

/// What a message adds to its content, about.
const ENVELOPE_BYTES: usize = 200;

/// Collects the answers to one request into bodies of reasonable size.
#[derive(Debug, Default)]
pub struct Bundle {
    sizes: ResultSizes,
    waiting: Vec<Message>,
    bytes: usize,
}

impl Bundle {
    /// A bundle that keeps to `sizes`.
    #[must_use]
    pub fn new(sizes: ResultSizes) -> Self {
        Self {
            sizes,
            waiting: Vec::new(),
            bytes: 0,
        }
    }

    /// Adds one message; what is ready to go goes to `out`, one list a stanza.
    ///
    /// A result above the size for pieces goes out in pieces, after all that was waiting, so that
    /// order is kept.
    pub fn push(&mut self, mut message: Message, out: &mut Vec<Vec<Message>>) {
        let Body::Result(answer) = &mut message.body else {
            self.waiting.push(message);
            return;
        };
        // Sizes are those of what is written, and that is ASCII.
        let content = answer.content.to_ascii();
        let bytes = ENVELOPE_BYTES + written_bytes(content.as_str());
        if let Some(pieces) = pieces(content.as_str(), self.sizes.chunk_bytes) {
            self.flush(out);
            out.extend(pieces.into_iter().map(|answer| {
                vec![Message {
                    body: Body::Result(answer),
                    ..message.clone()
                }]
            }));
            return;
        }
        answer.content = content;
        // Readers stop after so many; the last place is for the end.
        let is_full = self.waiting.len() >= MESSAGES_PER_BODY - 1;
        if is_full || self.bytes > 0 && self.bytes + bytes >= self.sizes.bundle_bytes {
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

/// The pieces of a result too large for one stanza, with the note that ends them; `content` is
/// ASCII, so that it can be cut anywhere and a piece means the same to every reader.
fn pieces(content: &str, chunk_bytes: usize) -> Option<Vec<Answer>> {
    let escaped: usize = content.bytes().map(escaped_bytes).sum();
    let most = if escaped > chunk_bytes {
        // Scaled down by what escaping adds, as upstream does.
        (chunk_bytes * content.len() / escaped).max(1)
    } else {
        chunk_bytes
    };
    if chunk_bytes == 0 || content.len() <= most {
        return None;
    }
    let mut answers = Vec::new();
    let mut rest = content;
    while !rest.is_empty() {
        let (piece, after) = rest.split_at(piece_bytes(rest, most, chunk_bytes));
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

/// Bytes of the next piece of `rest`: at most `most`, and fewer where much of what needs escaping
/// stands close together. At least one, so that it ends.
fn piece_bytes(rest: &str, most: usize, chunk_bytes: usize) -> usize {
    let mut escaped = 0;
    let piece = rest.bytes().take(most).take_while(|&byte| {
        escaped += escaped_bytes(byte);
        escaped <= chunk_bytes
    });
    piece.count().max(1)
}

/// Bytes at most of a byte that is escaped twice, for JSON and XML: upstream's estimate, and one for
/// each backslash, which upstream forgets (protocol §2.6).
fn escaped_bytes(byte: u8) -> usize {
    match byte {
        b'"' => 12,
        b'&' => 5,
        b'<' | b'>' => 4,
        b'\\' => 2,
        _ => 1,
    }
}

/// Bytes of JSON in a stanza of ours, in which quotes stay as they are.
fn written_bytes(json: &str) -> usize {
    let extra = json.bytes().map(|byte| match byte {
        b'&' => 4,
        b'<' | b'>' => 3,
        _ => 0,
    });
    json.len() + extra.sum::<usize>()
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
        // A text and nothing that could be read as one: a number is no piece of anything.
        let is_text = piece.as_str().starts_with('"');
        let failure = match piece.value::<String>() {
            _ if !is_text => ReassemblyError::NotJson,
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
    use super::super::{Status, encode};
    use super::*;
    use crate::limits::BUNDLE_BYTES;
    use proptest::prelude::*;

    fn through(results: &[Json]) -> (Vec<Vec<Message>>, Vec<Json>) {
        sized(ResultSizes::default(), results)
    }

    fn sized(sizes: ResultSizes, results: &[Json]) -> (Vec<Vec<Message>>, Vec<Json>) {
        let mut bundle = Bundle::new(sizes);
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
    fn no_body_has_more_messages_than_readers_read() {
        let sizes = ResultSizes {
            bundle_bytes: 1_000_000,
            ..ResultSizes::default()
        };
        let mut bundle = Bundle::new(sizes);
        let mut ready = Vec::new();
        for number in 0..600 {
            bundle.push(Message::result(1, number.into()), &mut ready);
        }
        bundle.push(Message::status(1, Status::complete()), &mut ready);
        bundle.flush(&mut ready);
        assert!(ready.iter().all(|body| body.len() <= MESSAGES_PER_BODY));
        assert_eq!(ready.iter().map(Vec::len).sum::<usize>(), 601);
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
    fn a_method_may_have_sizes_of_its_own() {
        let sizes = |bundle_bytes, chunk_bytes| ResultSizes {
            bundle_bytes,
            chunk_bytes,
        };
        let small = [Json::from(1), Json::from(2)];
        assert_eq!(sized(sizes(0, 100), &small).0.len(), 2);
        let large = [Json::string(&"x".repeat(200))];
        let (stanzas, whole) = sized(sizes(1_000, 100), &large);
        assert!(stanzas.len() > 3, "{}", stanzas.len());
        assert_eq!(whole, large);
        assert_eq!(sized(sizes(1_000, 0), &large).0.len(), 1);
        // However small: it ends, and all of it arrives.
        assert_eq!(sized(sizes(0, 1), &large).1, large);
    }

    #[test]
    fn no_stanza_reaches_64_kib_however_much_escaping_adds() {
        for text in ["\u{4e2d}", "\\", "\"", "\u{1f600}", "\u{1}", "<"] {
            let value = Json::string(&text.repeat(60_000));
            for stanza in through(&[value]).0 {
                // As ejabberd writes it: quotes escaped, too.
                let body = encode(&stanza);
                let escaped = body.len()
                    + 5 * body.matches('"').count()
                    + 4 * body.matches('&').count()
                    + 3 * body.matches(['<', '>']).count();
                assert!(escaped < 64 * 1024, "{text:?}: {escaped}");
            }
        }
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
