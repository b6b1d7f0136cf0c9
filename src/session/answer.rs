//! What is said in a conversation, and what is said in place of an answer.

use bytestring::ByteString;

use crate::jid::Jid;
use crate::osrf::{self, Body, Status};
use crate::stanza::{Extension, Message, Stanza};

/// Says `messages` to `to` in the conversation `thread`, which stands in the stanza's id too, for
/// servers whose bounces bring back nothing else.
pub(super) fn say(
    to: &Jid,
    thread: &ByteString,
    xid: &ByteString,
    messages: Vec<osrf::Message>,
) -> Stanza {
    let opensrf = Extension {
        osrf_xid: xid.clone(),
        ..Extension::default()
    };
    say_with(to, thread, opensrf, osrf::Content::of(messages))
}

/// Says it with these OpenSRF attributes.
pub(super) fn say_with(
    to: &Jid,
    thread: &ByteString,
    opensrf: Extension,
    body: osrf::Content,
) -> Stanza {
    let content = Message {
        opensrf,
        thread: thread.clone(),
        body,
        ..Message::default()
    };
    let mut stanza = Stanza::message(to.clone(), content);
    stanza.id = thread.clone();
    stanza
}

/// Whether somebody waits for an answer to it.
pub(super) fn waits(message: &osrf::Message) -> bool {
    matches!(message.body, Body::Request(_) | Body::Connect)
}

/// The answer to everything in `asked` that waits for one: each REQUEST and CONNECT gets `status`
/// under its own `threadTrace`.
///
/// (The original's listener writes `threadTrace` 1 whatever was asked, protocol §5.4.) `None` if
/// nothing in it waits for an answer, or nobody can be told.
#[must_use]
pub fn refuse(asked: &Stanza, status: &Status) -> Option<Stanza> {
    let message = asked.decode();
    let to = message.opensrf.sender(asked.from.as_ref())?;
    let messages = message.body.read().ok()?;
    let refusals: Vec<_> = messages
        .iter()
        .filter(|m| waits(m))
        .map(|m| osrf::Message::status(m.trace, status.clone()).in_locale(&m.locale))
        .collect();
    let answers = !refusals.is_empty() && !message.thread.is_empty();
    let opensrf = Extension {
        osrf_xid: message.opensrf.osrf_xid.clone(),
        placement: message.opensrf.placement.for_answer(),
        ..Extension::default()
    };
    answers.then(|| say_with(to, &message.thread, opensrf, osrf::Content::of(refusals)))
}
