//! What must hold for any bytes whatever, one module for each way in.
//!
//! A check panics when something does not hold, and returns when all is well, whether the bytes
//! were accepted or refused. libFuzzer makes up bytes for the checks; the ordinary tests include
//! this file and give them the seeds and a bounded number of changes to these.

pub mod framer;
pub mod json;
pub mod original;
pub mod osrf;
pub mod stanza;

use opensrf::limits::StreamLimits;
use opensrf::xml::{Frame, Framer, XmlError};

/// Something to check bytes with.
pub type Check = fn(&[u8]);

/// All checks by their names; the seeds of each are in the folder `seeds` of this package.
pub const CHECKS: [(&str, Check); 5] = [
    ("framer", framer::check),
    ("json", json::check),
    ("original", original::check),
    ("osrf", osrf::check),
    ("stanza", stanza::check),
];

/// A stream header as the original programs send it.
const HEADER: &[u8] = b"<stream:stream to='private.localhost' xmlns='jabber:client' \
                        xmlns:stream='http://etherx.jabber.org/streams'>";

/// The bytes as a stream: with a header before them, unless they seem to have one.
fn with_header(data: &[u8]) -> Vec<u8> {
    if data.starts_with(b"<?xml") || data.starts_with(b"<stream:stream") {
        data.to_vec()
    } else {
        [HEADER, data].concat()
    }
}

/// All frames of a stream that comes in these pieces, and the error that ended them if one did.
fn frames<'a>(
    pieces: impl IntoIterator<Item = &'a [u8]>,
    limits: StreamLimits,
) -> (Vec<Frame>, Option<XmlError>) {
    let mut framer = Framer::new(limits);
    let mut frames = Vec::new();
    for piece in pieces {
        framer.buffer().extend_from_slice(piece);
        loop {
            match framer.next_frame() {
                Ok(Some(frame)) => frames.push(frame),
                Ok(None) => break,
                Err(error) => {
                    assert_eq!(
                        framer.next_frame(),
                        Err(error.clone()),
                        "an error is for good"
                    );
                    return (frames, Some(error));
                }
            }
        }
    }
    (frames, None)
}
