//! What stands in a stanza's body: text, or the messages that the text would say.
//!
//! What was said in this process is kept as it was said. It is written only when somebody asks for
//! the text, which is when it leaves the process, so that a request from one party of a process to
//! another is neither written nor read. Both forms answer alike: reading the text of messages gives
//! them back, but for characters that the text escapes within JSON.

use std::borrow::Cow;
use std::fmt;
use std::ops::Deref;
use std::sync::{Arc, OnceLock};

use bytestring::ByteString;

use super::encode::about_bytes;
use super::{DecodeError, Message, decode, encode};

/// What stands in a stanza's body: a JSON list of OpenSRF messages, if all is as it should be. Cheap
/// to clone. As a text it is the JSON; two are equal if their texts are.
#[derive(Clone)]
pub struct Content(Form);

#[derive(Clone)]
enum Form {
    Text(ByteString),
    Said(Arc<Said>),
}

struct Said {
    messages: Vec<Message>,
    weight: usize,
    text: OnceLock<ByteString>,
}

impl Content {
    /// What says `messages`, in that order.
    #[must_use]
    pub fn of(messages: Vec<Message>) -> Self {
        let said = Said {
            weight: about_bytes(&messages),
            messages,
            text: OnceLock::new(),
        };
        debug_assert!(said.is_read_as_said(), "{:?}", said.messages);
        Self(Form::Said(Arc::new(said)))
    }

    /// Its text, as it came or in printable ASCII.
    #[must_use]
    pub fn text(&self) -> &ByteString {
        match &self.0 {
            Form::Text(text) => text,
            Form::Said(said) => said.text(),
        }
    }

    /// Its messages.
    ///
    /// # Errors
    /// [`DecodeError`] if there are none.
    pub fn read(&self) -> Result<Cow<'_, [Message]>, DecodeError> {
        match &self.0 {
            Form::Text(text) => decode(text).map(Cow::Owned),
            Form::Said(said) if said.messages.is_empty() => Err(DecodeError::NoMessages),
            Form::Said(said) => Ok(Cow::Borrowed(&said.messages)),
        }
    }

    /// Whether there is nothing, not even an empty list.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        match &self.0 {
            Form::Text(text) => text.is_empty(),
            Form::Said(_) => false,
        }
    }

    /// About how many bytes its text has, always the same for the same content.
    #[must_use]
    pub fn weight(&self) -> usize {
        match &self.0 {
            Form::Text(text) => text.len(),
            Form::Said(said) => said.weight,
        }
    }
}

impl Said {
    fn text(&self) -> &ByteString {
        self.text.get_or_init(|| encode(&self.messages))
    }

    fn is_read_as_said(&self) -> bool {
        let text = encode(&self.messages);
        self.messages.is_empty() || decode(&text).is_ok_and(|read| encode(&read) == text)
    }
}

impl Default for Content {
    fn default() -> Self {
        Self(Form::Text(ByteString::new()))
    }
}

impl From<ByteString> for Content {
    fn from(text: ByteString) -> Self {
        Self(Form::Text(text))
    }
}

impl From<String> for Content {
    fn from(text: String) -> Self {
        Self::from(ByteString::from(text))
    }
}

impl From<&str> for Content {
    fn from(text: &str) -> Self {
        Self::from(ByteString::from(text))
    }
}

impl Deref for Content {
    type Target = ByteString;

    fn deref(&self) -> &ByteString {
        self.text()
    }
}

impl PartialEq for Content {
    fn eq(&self, other: &Self) -> bool {
        self.text() == other.text()
    }
}

impl Eq for Content {}

impl PartialEq<str> for Content {
    fn eq(&self, other: &str) -> bool {
        self.text() == other
    }
}

impl fmt::Display for Content {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.text())
    }
}

impl fmt::Debug for Content {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(self.text(), f)
    }
}

#[cfg(test)]
mod tests {
    use super::super::{Json, Status};
    use super::*;

    fn usual() -> Vec<Message> {
        let text = Json::string("some text of usual length");
        let asked = Message::request(12, "acme.method".into(), vec![text.clone(), 17.into()]);
        let abroad = Message {
            tz: Some("Europe/Berlin".into()),
            ..asked.clone()
        };
        vec![
            asked,
            abroad,
            Message::result(12, text),
            Message::status(12, Status::complete()),
            Message::new(12, super::super::Body::Connect),
        ]
    }

    #[test]
    fn said_and_written_are_the_same() {
        let said = Content::of(usual());
        let written = Content::from(encode(&usual()));
        assert_eq!(said, written);
        // Neither written nor read: they are the very messages.
        assert!(matches!(said.read(), Ok(Cow::Borrowed(_))));
        assert_eq!(*said.read().unwrap(), usual());
        assert_eq!(*written.read().unwrap(), usual());
        assert!(!said.is_empty() && !written.is_empty());
        assert_eq!(format!("{said:?}"), format!("{written:?}"));
    }

    #[test]
    fn what_is_only_read_and_weighed_is_never_written() {
        let said = Content::of(usual());
        let clone = said.clone();
        assert!(clone.weight() > 0 && clone.read().is_ok() && !clone.is_empty());
        let Form::Said(said) = &said.0 else {
            panic!("it was said");
        };
        assert_eq!(said.text.get(), None);
    }

    #[test]
    fn nothing_said_is_an_empty_list_and_no_messages() {
        let said = Content::of(Vec::new());
        assert_eq!(&**said.text(), "[]");
        assert!(!said.is_empty());
        assert!(matches!(said.read(), Err(DecodeError::NoMessages)));
        assert!(Content::default().is_empty());
        assert!(matches!(
            Content::default().read(),
            Err(DecodeError::NotJson(_))
        ));
    }

    #[test]
    fn the_weight_is_about_the_length_of_the_text_and_does_not_change() {
        let wide = Message::result(12, Json::string("\u{e9}\u{20ac}\u{1f600}"));
        for message in usual().into_iter().chain([wide]) {
            let said = Content::of(vec![message]);
            let weight = said.weight();
            let length = said.text().len();
            assert!(weight.abs_diff(length) <= 8, "{weight} {said:?} {length}");
            assert_eq!(said.weight(), weight);
            assert_eq!(Content::from(said.text().clone()).weight(), length);
        }
    }
}
