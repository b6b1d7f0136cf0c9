//! `opensrf.simple-text`: turns, splits, cuts and counts texts.
//!
//! All by characters, which are those of Unicode: a letter with an accent of its own is two. (What
//! the original counts depends on how Perl sees the text.)

use opensrf::osrf::code;
use serde::Serialize;
use serde_json::Value;

use super::given::Given;
use crate::service::{Call, MethodError, ParamType, Results, Service, ServiceError};

/// The service's name.
pub const NAME: &str = "opensrf.simple-text";

/// The service.
///
/// # Errors
/// [`ServiceError::Setting`] for any setting: it has none.
pub fn service(settings: &Value) -> Result<Service, ServiceError> {
    Given::new(NAME, settings)?.only(&[])?;
    Service::builder(NAME)
        .function("opensrf.simple-text.reverse", |_, (text,): (String,)| {
            Ok(reversed(&text))
        })
        .notes("The text from its end to its beginning.")
        .param("text", "The text.", ParamType::String)
        .returns("The text, turned.", ParamType::String)
        .streaming("opensrf.simple-text.split", split)
        .notes("The parts of a text, one by one.")
        .param("text", "The text.", ParamType::String)
        .param(
            "delimiter",
            "What parts them; a blank unless given.",
            ParamType::String,
        )
        .returns("Each part.", ParamType::String)
        .function(
            "opensrf.simple-text.substring",
            |_, part: (String, Option<i64>, Option<i64>)| {
                let (text, start, length) = part;
                Ok(substring(&text, start.unwrap_or(0), length))
            },
        )
        .notes("A part of a text.")
        .param("text", "The text.", ParamType::String)
        .param(
            "start",
            "Where it begins, counted from 0; below 0 from the end.",
            ParamType::Number,
        )
        .param(
            "length",
            "How long it is; below 0: how much is left off.",
            ParamType::Number,
        )
        .returns("The part.", ParamType::String)
        .function(
            "opensrf.simple-text.statistics",
            |_, (texts,): (Vec<String>,)| Ok(statistics(&texts)),
        )
        .notes("How many characters and words a list of texts has.")
        .param("texts", "The texts.", ParamType::Array)
        .returns("Their length and word_count.", ParamType::Object)
        .build()
}

/// Each part is a result of its own.
async fn split(
    _: Call,
    (text, delimiter): (String, Option<String>),
    results: Results,
) -> Result<(), MethodError> {
    let delimiter = delimiter.as_deref().unwrap_or(" ");
    if delimiter.is_empty() {
        let problem = "an empty text parts nothing: leave parameter 2 out, or give a character";
        return Err(MethodError::new(code::BAD_REQUEST, problem));
    }
    for part in text.split(delimiter) {
        results.send(part).await?;
    }
    Ok(())
}

fn reversed(text: &str) -> String {
    text.chars().rev().collect()
}

/// A negative start counts from the end; a negative length leaves so many off at the end; none goes
/// to the end. What lies outside the text is not there.
fn substring(text: &str, start: i64, length: Option<i64>) -> String {
    let count = i64::try_from(text.chars().count()).unwrap_or(i64::MAX);
    let from_either_end = |at: i64| {
        let at = if at < 0 { count.saturating_add(at) } else { at };
        usize::try_from(at).unwrap_or(0)
    };
    let start_at = from_either_end(start);
    let end = match length {
        None => usize::MAX,
        Some(length) if length < 0 => from_either_end(length),
        Some(length) => start_at.saturating_add(usize::try_from(length).unwrap_or(usize::MAX)),
    };
    let length = end.saturating_sub(start_at);
    text.chars().skip(start_at).take(length).collect()
}

/// What a list of texts amounts to.
#[derive(Debug, Serialize, PartialEq, Eq)]
struct Statistics {
    /// Characters of all texts.
    length: usize,
    /// Words of all texts: what blanks part.
    word_count: usize,
}

fn statistics(texts: &[String]) -> Statistics {
    Statistics {
        length: texts.iter().map(|text| text.chars().count()).sum(),
        word_count: texts
            .iter()
            .map(|text| text.split_whitespace().count())
            .sum(),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_part_is_counted_from_either_end_in_characters() {
        let text = "h\u{e9}llo \u{1f600}!";
        for (start, length, wanted) in [
            (0, None, text),
            (1, Some(4), "\u{e9}llo"),
            (-2, None, "\u{1f600}!"),
            (-2, Some(1), "\u{1f600}"),
            (0, Some(-3), "h\u{e9}llo"),
            (3, Some(-6), ""),
            (5, Some(0), ""),
            (8, Some(1), ""),
            (99, None, ""),
            (-99, Some(1), "h"),
            (i64::MIN, Some(i64::MAX), text),
        ] {
            assert_eq!(substring(text, start, length), wanted, "{start} {length:?}");
        }
    }

    #[test]
    fn characters_and_words_of_all_texts_are_counted() {
        let texts = ["\u{fc}ber  alles", "", " x "].map(str::to_owned);
        let wanted = Statistics {
            length: 14,
            word_count: 3,
        };
        assert_eq!(statistics(&texts), wanted);
    }

    proptest! {
        #[test]
        fn turned_twice_a_text_is_itself(text in "\\PC{0,20}") {
            prop_assert_eq!(reversed(&reversed(&text)), text);
        }

        #[test]
        fn two_parts_make_the_whole(text in "\\PC{0,20}", at in 0_i64..25) {
            let parts = substring(&text, 0, Some(at)) + &substring(&text, at, None);
            prop_assert_eq!(parts, text);
        }
    }
}
