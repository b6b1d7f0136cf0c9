//! How large a stanza may be, if the server has said so.
//!
//! A server ends the stream of a client that sends more than it takes, and with it all that this
//! client has asked. So what is too large is given back before it is sent.

use bytes::BytesMut;
use opensrf::stanza::{Condition, Stanza, StanzaError};

/// How many times as long a text may become when it is written: `&` is `&amp;`, and in JSON DEL is
/// `\u007f`.
const GROWTH: usize = 6;

/// Why a server that takes so many bytes in one stanza does not take this one.
pub(super) fn excess(stanza: &Stanza, limit: usize) -> Option<StanzaError> {
    // All but a few are far below it, and need not be written to know that.
    if stanza.weight().saturating_mul(GROWTH) <= limit {
        return None;
    }
    // What a class passes on has grown on its way. Servers of this make allow for that.
    if stanza.extension().router_from.is_some() {
        return None;
    }
    let mut written = BytesMut::new();
    stanza.write_to(&mut written);
    let bytes = written.len();
    (bytes > limit).then(|| {
        let text = format!(
            "{bytes} bytes are more than the Jabber server takes in one stanza, which is {limit} \
             (jabber.stanza_bytes of the embedded one)"
        );
        StanzaError::new(Condition::PolicyViolation).with_text(&text)
    })
}

#[cfg(test)]
mod tests {
    use opensrf::jid::Jid;
    use opensrf::stanza::Message;

    use super::*;

    fn with_body(body: &str) -> Stanza {
        let to = Jid::new("router", "localhost", "acme.calc").unwrap();
        let message = Message {
            body: body.into(),
            ..Message::default()
        };
        Stanza::message(to, message)
    }

    fn written(stanza: &Stanza) -> usize {
        let mut written = BytesMut::new();
        stanza.write_to(&mut written);
        written.len()
    }

    #[test]
    fn what_counts_is_what_is_written() {
        for body in ["a".repeat(9_000), "&".repeat(2_000)] {
            let stanza = with_body(&body);
            let bytes = written(&stanza);
            assert_eq!(excess(&stanza, bytes), None);
            let error = excess(&stanza, bytes - 1).expect("it is too large");
            assert!(error.to_string().contains(&bytes.to_string()), "{error}");
        }
    }

    #[test]
    fn what_is_passed_on_is_left_to_the_server() {
        let mut stanza = with_body(&"a".repeat(9_000));
        if let opensrf::stanza::Payload::Message(message) = &mut stanza.payload {
            let sender = Jid::new("opensrf", "localhost", "client").unwrap();
            std::sync::Arc::make_mut(message).opensrf.router_from = Some(sender);
        }
        assert_eq!(excess(&stanza, 1_000), None);
    }
}
