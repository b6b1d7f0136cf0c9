//! What a listener tells a service class of its load.
//!
//! A class that wants to know numbers the requests that it passes on to a listener
//! ([`Extension::number`]), and the listener says now and then how many requests it holds, and which
//! number came last. What the class has passed on since then is on its way, so it can add that itself.
//!
//! A report is an iq of type `result`, in answer to nothing:
//!
//! ```xml
//! <iq to="router@private/opensrf.math" type="result" id="load">
//!   <load xmlns='opensrf:load' held='3' number='17'/>
//! </iq>
//! ```
//!
//! The original's programs throw away every iq after log-in, while a router class of theirs would pass
//! a message of any kind on to a listener. And no server sends a result back when its receiver is
//! gone.

use std::sync::Arc;

use bytestring::ByteString;

use super::extension::digits;
use super::{Extension, Kind, Parts, Payload, Stanza, Wire};
use crate::jid::Jid;
use crate::xml::ns;

/// The id of a report; servers want one on every iq.
const ID: &str = "load";

/// What a listener says of the requests that it holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LoadReport {
    /// Requests that are with its drones or wait for one.
    pub held: u32,
    /// The number of the request that came last from the class that it is told to.
    pub number: u64,
}

impl Stanza {
    /// Tells the class at `to` what its sender holds.
    #[must_use]
    pub fn load_report(to: Jid, report: LoadReport) -> Self {
        let LoadReport { held, number } = report;
        let text = format!(
            "<load xmlns='{}' held='{held}' number='{number}'/>",
            ns::LOAD
        );
        Self::from(Parts {
            kind: Kind::Iq,
            to: Some(to),
            from: None,
            stanza_type: ByteString::from_static("result"),
            id: ByteString::from_static(ID),
            extra: Vec::new(),
            payload: Payload::Wire(Arc::new(Wire::lone(text, "load", ns::LOAD))),
        })
    }

    /// The load that its sender reports, if it is such a report.
    #[must_use]
    pub fn reported_load(&self) -> Option<LoadReport> {
        let Payload::Wire(wire) = &self.payload else {
            return None;
        };
        if self.kind != Kind::Iq || self.stanza_type != "result" {
            return None;
        }
        let child = wire.child("load", ns::LOAD)?;
        let attributes: Vec<_> = child.attributes(wire.inner()).collect();
        let of = |name| attributes.iter().find(|(named, _)| *named == name);
        Some(LoadReport {
            held: digits(&of("held")?.1)?,
            number: digits(&of("number")?.1)?,
        })
    }

    /// Its number among all that the class which passed it on has passed on to its receiver, if the
    /// class wants to be told what the receiver holds; reads nothing else.
    #[must_use]
    pub fn number(&self) -> Option<u64> {
        match &self.payload {
            Payload::Message(message) => message.opensrf.number,
            Payload::Wire(wire) => {
                let child = wire.client_child("opensrf")?;
                // Few classes want to know, and each request is asked.
                let tag = &wire.inner().as_bytes()[child.range()];
                memchr::memmem::find(tag, Extension::NUMBER.as_bytes())?;
                let mut attributes = child.attributes(wire.inner());
                let number = attributes.find(|(name, _)| *name == Extension::NUMBER)?;
                digits(&number.1)
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use bytes::BytesMut;

    use super::*;
    use crate::limits::StreamLimits;
    use crate::xml::{Frame, Framer};

    const HEADER: &[u8] = b"<stream:stream xmlns='jabber:client' \
                            xmlns:stream='http://etherx.jabber.org/streams'>";

    fn read(text: &str) -> Stanza {
        let mut framer = Framer::new(StreamLimits::AUTHENTICATED);
        framer.push(HEADER);
        framer.push(text.as_bytes());
        framer.next_frame().expect("the header is good");
        match framer.next_frame() {
            Ok(Some(Frame::Element(raw))) => Stanza::from_raw(raw).expect("it is a stanza"),
            other => panic!("no whole element: {other:?}"),
        }
    }

    #[test]
    fn a_report_reads_back_and_is_nothing_that_anybody_answers() {
        let report = LoadReport {
            held: 3,
            number: 17,
        };
        let stanza = Stanza::load_report(Jid::parse("router@a/s").unwrap(), report);
        let mut out = BytesMut::new();
        stanza.write_to(&mut out);
        let text = String::from_utf8(out.to_vec()).unwrap();
        let expected = "<iq to=\"router@a/s\" type=\"result\" id=\"load\">\
                        <load xmlns='opensrf:load' held='3' number='17'/></iq>";
        assert_eq!(text, expected);
        assert_eq!(stanza.reported_load(), Some(report));
        // The parts of what was put together are where they are said to be.
        assert_eq!(read(&text), stanza);
        assert!(!stanza.is_error());
        assert!(
            stanza
                .bounce(crate::stanza::Condition::Gone.into())
                .is_none()
        );
    }

    #[test]
    fn what_is_no_whole_report_says_nothing() {
        let load = "<load xmlns='opensrf:load' held='3' number='17'/>";
        for text in [
            format!("<iq type='get'>{load}</iq>"),
            format!("<message type='result'>{load}</message>"),
            "<iq type='result'/>".to_owned(),
            "<iq type='result'><load held='3' number='17'/></iq>".to_owned(),
            load_with("held='3'"),
            load_with("number='17'"),
            load_with("held='-3' number='17'"),
            load_with("held='4294967296' number='17'"),
            load_with("held='3' number='18446744073709551616'"),
        ] {
            assert_eq!(read(&text).reported_load(), None, "{text}");
        }
    }

    fn load_with(attributes: &str) -> String {
        format!("<iq type='result'><load xmlns='opensrf:load' {attributes}/></iq>")
    }
}
