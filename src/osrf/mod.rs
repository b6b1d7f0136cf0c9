//! What stands in a stanza's body: a JSON list of OpenSRF messages.
//!
//! Each message is an object with a class hint, `{"__c":"osrfMessage","__p":{…}}`. The C programs
//! write ids and codes as text, the Perl programs as numbers, and key order differs; all of it is
//! read. What is written follows the C programs, which every other binding copes with. Parameters
//! and results stay JSON text ([`Json`]) until somebody wants a value, so that hints, number
//! spellings and key order inside them survive untouched.

mod chunk;
mod content;
mod decode;
mod encode;
mod field;
mod json;
mod lenient;
mod status;
#[cfg(test)]
mod tests;

use bytestring::ByteString;

pub use chunk::{Bundle, Reassembly, ReassemblyError};
pub use content::Content;
pub use decode::{DecodeError, decode};
pub use encode::encode;
pub use json::{Json, JsonError};
pub use status::{Status, code};

/// The locale of messages that name none.
pub const DEFAULT_LOCALE: ByteString = ByteString::from_static("en-US");

/// The API level of messages that name none.
pub const DEFAULT_API_LEVEL: u32 = 1;

/// One OpenSRF message.
#[derive(Debug, Clone, PartialEq)]
pub struct Message {
    /// The request it belongs to (`threadTrace`); 0 for none.
    pub trace: u64,
    /// Language of texts, such as `en-US`.
    pub locale: ByteString,
    /// The caller's time zone by its Olson name, if it told one.
    pub tz: Option<ByteString>,
    /// How the request entered the network, such as `opensrf` or `srfsh`; empty in answers.
    pub ingress: ByteString,
    /// Which generation of the service's methods is meant; 1 unless somebody says otherwise.
    pub api_level: u32,
    /// What it says.
    pub body: Body,
}

/// What a message says.
#[derive(Debug, Clone, PartialEq)]
pub enum Body {
    /// Opens a session; answered by a status 200.
    Connect,
    /// Ends a session; not answered.
    Disconnect,
    /// Calls a method.
    Request(Request),
    /// A result of a request, or a piece of one.
    Result(Answer),
    /// How a request or a session stands.
    Status(Status),
}

/// A method and what it is called with.
#[derive(Debug, Clone, PartialEq)]
pub struct Request {
    /// The method's name; empty if the caller left it out.
    pub method: ByteString,
    /// Parameters, in order.
    pub params: Vec<Json>,
}

/// One result, or a piece of one.
#[derive(Debug, Clone, PartialEq)]
pub struct Answer {
    /// 200 for a whole result, 206 for a piece, 204 after the last piece. The original router
    /// writes 0 for a whole one.
    pub code: u16,
    /// The value; for a piece a JSON string that holds part of the value's text.
    pub content: Json,
}

impl Message {
    /// A message in the default locale.
    #[must_use]
    pub fn new(trace: u64, body: Body) -> Self {
        Self {
            trace,
            locale: DEFAULT_LOCALE,
            tz: None,
            ingress: ByteString::new(),
            api_level: DEFAULT_API_LEVEL,
            body,
        }
    }

    /// A request as our own clients write it.
    #[must_use]
    pub fn request(trace: u64, method: ByteString, params: Vec<Json>) -> Self {
        Self {
            ingress: ByteString::from_static("opensrf"),
            ..Self::new(trace, Body::Request(Request { method, params }))
        }
    }

    /// A whole result.
    #[must_use]
    pub fn result(trace: u64, content: Json) -> Self {
        Self::new(
            trace,
            Body::Result(Answer {
                code: code::OK,
                content,
            }),
        )
    }

    /// A status.
    #[must_use]
    pub fn status(trace: u64, status: Status) -> Self {
        Self::new(trace, Body::Status(status))
    }

    /// The same message in another locale.
    #[must_use]
    pub fn in_locale(mut self, locale: &ByteString) -> Self {
        self.locale = locale.clone();
        self
    }
}
