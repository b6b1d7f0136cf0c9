//! What holds for whatever is sent, all the way: as messages, a body, a stanza, bytes in pieces.

mod sizes;
mod values;

use bytes::BytesMut;

use super::{Message, decode, encode};
use crate::jid::Jid;
use crate::limits::StreamLimits;
use crate::stanza::{self, Stanza};
use crate::xml::{Frame, Framer};

const HEADER: &[u8] =
    b"<stream:stream xmlns='jabber:client' xmlns:stream='http://etherx.jabber.org/streams'>";

/// Messages as the bytes of one stanza.
fn written(messages: &[Message]) -> BytesMut {
    let message = stanza::Message {
        thread: "1795330780.043040.179533078012424".into(),
        body: encode(messages).into(),
        ..stanza::Message::default()
    };
    let to = Jid::parse("opensrf@private.localhost/client_at_localhost_12441");
    let mut out = BytesMut::new();
    Stanza::message(to.expect("it is an address"), message).write_to(&mut out);
    out
}

/// The messages of each stanza in a stream that comes in pieces of these sizes, again and again.
fn read(stanzas: &[BytesMut], cuts: &[usize]) -> Vec<Vec<Message>> {
    let stream = [HEADER, &stanzas.concat()].concat();
    let mut cuts = cuts.iter().copied().cycle();
    let mut framer = Framer::new(StreamLimits::AUTHENTICATED);
    let (mut read, mut rest) = (Vec::new(), &stream[..]);
    while !rest.is_empty() {
        let (piece, after) = rest.split_at(cuts.next().unwrap_or(rest.len()).min(rest.len()));
        framer.push(piece);
        rest = after;
        while let Some(frame) = framer.next_frame().expect("it is a stream") {
            if let Frame::Element(raw) = frame {
                let stanza = Stanza::from_raw(raw).expect("it is a stanza");
                read.push(decode(&stanza.decode().body).expect("it is a body"));
            }
        }
    }
    read
}
