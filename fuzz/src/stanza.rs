//! Elements to stanzas, and back.

use std::sync::Arc;

use bytes::BytesMut;
use opensrf::jid::Jid;
use opensrf::limits::StreamLimits;
use opensrf::stanza::{
    Condition, Kind, NotAStanza, Parts, Payload, Placement, Stanza, StanzaError,
};
use opensrf::xml::{Frame, Raw};

use super::{HEADER, frames, with_header};

/// A little more than peers may send, as a bounce is a little more than what was sent.
const ROOMY: StreamLimits = StreamLimits {
    stanza_bytes: usize::MAX,
    elements: usize::MAX,
    ..StreamLimits::AUTHENTICATED
};

/// Every stanza survives being written; so does what becomes of it on its way.
pub fn check(data: &[u8]) {
    let stream = with_header(data);
    for frame in frames([&stream[..]], StreamLimits::AUTHENTICATED).0 {
        if let Frame::Element(raw) = frame
            && let Some(stanza) = stanza(raw)
        {
            check_stanza(&stanza);
        }
    }
}

/// The stanza that an element is; one with a bad address has none.
fn stanza(raw: Raw) -> Option<Stanza> {
    match Stanza::from_raw(raw) {
        Ok(stanza) => Some(stanza),
        Err(NotAStanza::BadAddress { stanza, .. }) => Some(*stanza),
        Err(_) => None,
    }
}

fn check_stanza(stanza: &Stanza) {
    assert_eq!(&read_again(stanza), stanza);
    let values = decoded(stanza);
    check_alike(stanza, &values);
    check_alike(&read_again(&values), &values);
    // Whoever gets it reads the body.
    super::osrf::check(stanza.decode().body.as_bytes());

    let error = StanzaError::new(Condition::ServiceUnavailable);
    let (bounce, other) = (stanza.bounce(error.clone()), values.bounce(error));
    assert_eq!(bounce.is_some(), other.is_some());
    if let (Some(bounce), Some(other)) = (bounce, other) {
        assert!(bounce.is_error() && bounce.bounce(Condition::Undefined.into()).is_none());
        assert_eq!(read_again(&bounce), bounce);
        check_alike(&bounce, &other);
    }
    let forward = |stanza: &Stanza, node| {
        let jid = |text| Jid::parse(text).expect("it is an address");
        stanza.forward(
            jid("router@a/s"),
            jid("node@a/n"),
            &jid("me@a/c"),
            node,
            None,
        )
    };
    // Only messages have attributes in the old place.
    let forms = [Placement::Child, Placement::Message, Placement::Both];
    let forms = if stanza.kind == Kind::Message {
        &forms[..]
    } else {
        &forms[..1]
    };
    for &node in forms {
        let (sent_on, other) = (forward(stanza, node), forward(&values, node));
        assert!(!sent_on.is_error());
        assert_eq!(read_again(&sent_on), sent_on);
        check_alike(&sent_on, &other);
    }
}

/// What a peer reads when this is sent to it.
fn read_again(stanza: &Stanza) -> Stanza {
    let mut out = BytesMut::new();
    stanza.write_to(&mut out);
    let (mut frames, error) = frames([HEADER, &out[..]], ROOMY);
    assert_eq!(error, None, "what was written can be read: {out:?}");
    match frames.pop() {
        Some(Frame::Element(raw)) => Stanza::from_raw(raw).expect("it is a stanza"),
        other => unreachable!("{other:?}"),
    }
}

/// The same with values inside, where the attributes of old programs are, too.
fn decoded(stanza: &Stanza) -> Stanza {
    let is_old = |name: &str| name.starts_with("router_") || name.starts_with("osrf_");
    let extra = stanza.extra.iter();
    let extra = extra.filter(|(name, _)| !is_old(name) && name != "broadcast");
    Stanza::from(Parts {
        extra: extra.cloned().collect(),
        payload: Payload::Message(Arc::new(stanza.decode().into_owned())),
        ..stanza.clone().into_parts()
    })
}

/// With the number of an error, which is always written.
fn with_code(mut stanza: Stanza) -> Stanza {
    if let Payload::Message(message) = &mut stanza.payload
        && let Some(error) = &mut Arc::make_mut(message).error
    {
        error.code = Some(error.code());
    }
    stanza
}

/// Two stanzas that differ at most in how their inside is held, and in whether the number of an
/// error is one that goes without saying.
fn check_alike(one: &Stanza, other: &Stanza) {
    assert_eq!(with_code(decoded(one)), with_code(decoded(other)));
    assert_eq!(one.is_error(), other.is_error());
    assert_eq!(one.sender(), other.sender());
}
