//! Stanzas as the wire has them, and the laws they keep.

mod laws;
mod recorded;
mod turns;

use std::num::NonZeroU32;
use std::time::Duration;

use bytes::BytesMut;

use super::{Extension, Message, NotAStanza, Stanza};
use crate::jid::Jid;
use crate::limits::StreamLimits;
use crate::xml::{Frame, Framer, Raw, XmlError};

const HEADER: &[u8] = b"<stream:stream to='private.localhost' xmlns='jabber:client' \
                        xmlns:stream='http://etherx.jabber.org/streams'>";

fn raw(xml: &str) -> Result<Raw, XmlError> {
    let mut framer = Framer::new(StreamLimits::AUTHENTICATED);
    framer.push(HEADER);
    framer.next_frame()?;
    framer.push(xml.as_bytes());
    match framer.next_frame()? {
        Some(Frame::Element(raw)) => Ok(raw),
        _ => Err(XmlError::NotWellFormed("test: no whole element")),
    }
}

/// A stanza that came off the wire.
fn read(xml: &str) -> Stanza {
    let raw = raw(xml).expect("the test's XML is good");
    Stanza::from_raw(raw).expect("the test's XML is a stanza")
}

fn written(stanza: &Stanza) -> String {
    let mut out = BytesMut::new();
    stanza.write_to(&mut out);
    String::from_utf8(out.to_vec()).expect("strings are written")
}

fn jid(text: &str) -> Jid {
    Jid::parse(text).expect("the test's address is good")
}

#[test]
fn only_three_elements_are_stanzas() {
    let cases = [
        ("<a/>", "a", "jabber:client", "unsupported-stanza-type"),
        (
            "<message xmlns='urn:x'/>",
            "message",
            "urn:x",
            "invalid-namespace",
        ),
        ("<message xmlns=''/>", "message", "", "invalid-namespace"),
        (
            "<c:iq xmlns:c='jabber:client' xmlns='urn:x'><a/></c:iq>",
            "iq",
            "urn:x",
            "invalid-namespace",
        ),
    ];
    for (xml, name, namespace, condition) in cases {
        let error = Stanza::from_raw(raw(xml).unwrap()).unwrap_err();
        let unknown = NotAStanza::Unknown {
            name: name.into(),
            namespace: namespace.into(),
        };
        assert_eq!(error, unknown);
        assert_eq!(error.stream_error().unwrap().name(), condition);
    }
    assert_eq!(read("<presence/>").kind.name(), "presence");
}

#[test]
fn a_bad_address_leaves_a_stanza_to_bounce() {
    let xml = "<message to='a b@c' from='d@e/f' id='1'><body>x</body></message>";
    let error = Stanza::from_raw(raw(xml).unwrap()).unwrap_err();
    let NotAStanza::BadAddress { stanza, .. } = error else {
        unreachable!("{error:?}");
    };
    assert_eq!((&stanza.to, &stanza.from), (&None, &Some(jid("d@e/f"))));
    assert_eq!((&*stanza.id, &**stanza.decode().body), ("1", "x"));
}

#[test]
fn a_bad_sender_counts_as_none() {
    assert_eq!(read("<message from='@'/>").from, None);
}

#[test]
fn what_came_goes_out_as_it_came() {
    let xml = "<message to=\"a@b/c&apos;\" type=\"chat\" id=\"&amp;\" xml:lang=\"en\" x='\"'>\
               <body>&quot;\r\n<![CDATA[<]]></body> <x xmlns='urn:x'/></message>";
    let stanza = read(xml);
    assert_eq!(stanza.to, Some(jid("a@b/c'")));
    assert_eq!((&*stanza.stanza_type, &*stanza.id), ("chat", "&"));
    assert_eq!(written(&stanza), xml);
    assert_eq!(
        written(&read("<iq type='result' id='1'></iq>")),
        "<iq type=\"result\" id=\"1\"/>"
    );
}

#[test]
fn the_senders_address_may_be_the_routers_word() {
    let from = "<message from='router@a/s'>";
    let cases = [
        ("<opensrf router_from='c@a/x'/>", "c@a/x"),
        ("<opensrf router_from=''/>", "router@a/s"),
        ("<opensrf router_from='@'/>", "router@a/s"),
        ("<opensrf/>", "router@a/s"),
        ("", "router@a/s"),
    ];
    for (child, sender) in cases {
        let stanza = read(&format!("{from}{child}</message>"));
        assert_eq!(stanza.sender(), Some(jid(sender)), "{child}");
    }
}

#[test]
fn old_programs_put_the_attributes_on_the_message() {
    let old =
        read("<message to='a@b/c' router_command='register' router_class='x&amp;y' osrf_xid='7'/>");
    let extension = old.extension();
    assert_eq!(&*extension.router_command, "register");
    assert_eq!(&*extension.router_class, "x&y");
    assert_eq!(&*extension.osrf_xid, "7");
    let both = read("<message osrf_xid='7'><opensrf osrf_xid='8' broadcast='1'/></message>");
    assert_eq!(&*both.extension().osrf_xid, "8");
    assert!(both.extension().broadcast);
    let iq = read("<iq osrf_xid='7'/>");
    assert_eq!(&*iq.extension().osrf_xid, "");
}

#[test]
fn a_caller_may_say_how_long_it_waits() {
    let cases = [
        ("1", Some(1)),
        ("30000", Some(30_000)),
        ("86400000", Some(86_400_000)),
        ("86400001", None),
        ("18446744073709551616", None),
        ("0", None),
        ("", None),
        ("+5", None),
        ("-5", None),
        ("1.5", None),
        ("soon", None),
    ];
    for (value, millis) in cases {
        let timeout = millis.map(Duration::from_millis);
        let new = read(&format!(
            "<message><opensrf osrf_timeout='{value}'/></message>"
        ));
        assert_eq!(new.extension().timeout, timeout, "{value}");
        let old = read(&format!("<message osrf_timeout='{value}'/>"));
        assert_eq!(old.extension().timeout, timeout, "{value}");
    }
}

#[test]
fn a_listener_may_say_how_many_drones_it_may_have() {
    let cases = [
        ("1", Some(1)),
        ("4294967295", Some(u32::MAX)),
        ("4294967296", None),
        ("0", None),
        ("", None),
        ("+5", None),
        ("-5", None),
    ];
    for (value, drones) in cases {
        let text = format!("<message><opensrf osrf_drones='{value}'/></message>");
        let said = read(&text).extension().drones;
        assert_eq!(said.map(NonZeroU32::get), drones, "{value}");
    }
}

#[test]
fn a_time_to_wait_that_is_out_of_bounds_is_not_written() {
    let cases = [
        (Some(Duration::from_millis(1_500)), " osrf_timeout=\"1500\""),
        (Some(Duration::MAX), ""),
        (Some(Duration::ZERO), ""),
        (None, ""),
    ];
    for (timeout, attribute) in cases {
        let opensrf = Extension {
            timeout,
            ..Extension::default()
        };
        let message = Message {
            opensrf,
            ..Message::default()
        };
        let text = written(&Stanza::message(jid("a@b/c"), message));
        assert!(
            text.contains(&format!("osrf_xid=\"\"{attribute}/>")),
            "{text}"
        );
    }
}
