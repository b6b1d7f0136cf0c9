//! What the framer as a whole lets through, and what it does not.

mod chunks;
mod oracle;
mod refused;

use super::{Frame, Framer, Raw, XmlError};
use crate::limits::StreamLimits;

/// A stream header as the original programs send it.
const HEADER: &str = "<stream:stream to='private.localhost' xmlns='jabber:client' \
                      xmlns:stream='http://etherx.jabber.org/streams'>";

/// All frames of `bytes`, and the error that ended them if there was one.
fn frames(pieces: &[&[u8]], limits: StreamLimits) -> (Vec<Frame>, Option<XmlError>) {
    let mut framer = Framer::new(limits);
    let mut frames = Vec::new();
    for piece in pieces {
        framer.push(piece);
        loop {
            match framer.next_frame() {
                Ok(Some(frame)) => frames.push(frame),
                Ok(None) => break,
                Err(error) => return (frames, Some(error)),
            }
        }
    }
    (frames, None)
}

/// What comes of one element in a stream: itself, or why it was refused.
fn element(bytes: &[u8]) -> Result<Raw, XmlError> {
    element_within(bytes, StreamLimits::AUTHENTICATED)
}

fn element_within(bytes: &[u8], limits: StreamLimits) -> Result<Raw, XmlError> {
    let (frames, error) = frames(&[HEADER.as_bytes(), bytes], limits);
    let found = frames.into_iter().find_map(|frame| match frame {
        Frame::Element(raw) => Some(raw),
        _ => None,
    });
    match (error, found) {
        (Some(error), _) => Err(error),
        (None, Some(raw)) => Ok(raw),
        (None, None) => Err(XmlError::NotWellFormed("test: no whole element")),
    }
}

#[test]
fn a_session_of_an_old_client_is_cut_into_its_parts() {
    let stream = format!(
        "<?xml version='1.0'?>\n{HEADER}\n <iq id='1' type='set'><query \
         xmlns='jabber:iq:auth'><username>a</username></query></iq>\r\n\t<message/></stream:stream >ignored & <"
    );
    let (frames, error) = frames(&[stream.as_bytes()], StreamLimits::UNAUTHENTICATED);
    assert_eq!(error, None);
    let [
        Frame::Open(header),
        Frame::Element(iq),
        Frame::Element(message),
        Frame::Close,
    ] = &frames[..]
    else {
        unreachable!("{frames:?}");
    };
    assert_eq!(header.to.as_deref(), Some("private.localhost"));
    assert_eq!((iq.name(), iq.namespace()), ("iq", "jabber:client"));
    assert_eq!(iq.attribute("type").as_deref(), Some("set"));
    assert_eq!(iq.children()[0].namespace(), "jabber:iq:auth");
    let query = iq.element();
    let query = query.child("query", "jabber:iq:auth").unwrap();
    assert_eq!(query.child("username", "jabber:iq:auth").unwrap().text, "a");
    assert!(message.is("message", "jabber:client") && message.inner().is_empty());
}

#[test]
fn a_server_may_declare_more_and_order_differently() {
    let header = "<?xml version='1.0'?><stream:stream id='6222596932587671404' xml:lang='en' \
                  xmlns:stream='http://etherx.jabber.org/streams' xmlns:db='jabber:server:dialback' \
                  from='private.localhost' xmlns='jabber:client'>";
    let (frames, error) = frames(&[header.as_bytes()], StreamLimits::UNAUTHENTICATED);
    assert_eq!(error, None);
    assert!(
        matches!(&frames[..], [Frame::Open(h)] if h.id.as_deref() == Some("6222596932587671404"))
    );
}

#[test]
fn features_may_use_the_prefixes_of_the_header() {
    // Recorded from jabberd2 2.7.0.
    let stream = "<?xml version='1.0'?><stream:stream xmlns:stream='http://etherx.jabber.org/streams' \
                  xmlns='jabber:client' from='localhost' version='1.0' id='tcp1vpgffznmz9g1zfwyggnj8i' \
                  xmlns:ack='http://www.xmpp.org/extensions/xep-0198.html#ns'>\
                  <stream:features xmlns:stream='http://etherx.jabber.org/streams'><ack:ack/>\
                  <bind xmlns='urn:ietf:params:xml:ns:xmpp-bind'><required/></bind></stream:features>";
    let (frames, error) = frames(&[stream.as_bytes()], StreamLimits::AUTHENTICATED);
    assert_eq!(error, None);
    let [Frame::Open(_), Frame::Element(features)] = &frames[..] else {
        unreachable!("{frames:?}");
    };
    let [ack, bind] = features.children() else {
        unreachable!("{features:?}");
    };
    assert_eq!(
        ack.namespace(),
        "http://www.xmpp.org/extensions/xep-0198.html#ns"
    );
    assert_eq!(bind.namespace(), "urn:ietf:params:xml:ns:xmpp-bind");
    assert!(features.element().child("bind", bind.namespace()).is_some());
}

#[test]
fn top_level_elements_may_be_of_any_namespace() {
    let cases = [
        ("<a xmlns='urn:x'/>", "a", "urn:x"),
        ("<p:a xmlns:p='urn:x'/>", "a", "urn:x"),
        ("<a xmlns='urn:&amp;x'/>", "a", "urn:&x"),
        ("<a xmlns=''/>", "a", ""),
        (
            "<stream:features/>",
            "features",
            "http://etherx.jabber.org/streams",
        ),
        (
            "<message xmlns='jabber:client'/>",
            "message",
            "jabber:client",
        ),
        (
            "<a xmlns='jabber:client' stream:b=''/>",
            "a",
            "jabber:client",
        ),
    ];
    for (xml, name, namespace) in cases {
        let raw = element(xml.as_bytes()).unwrap();
        assert_eq!((raw.name(), raw.namespace()), (name, namespace), "{xml}");
    }
}

#[test]
fn children_are_found_where_they_stand() {
    let raw =
        element(b"<a b='1' c=\"&lt;\">x<b/>y<p:c xmlns:p='urn:x' d='&quot;'><d>1</d></p:c ></a>");
    let raw = raw.unwrap();
    let inner = raw.inner();
    assert_eq!(
        inner,
        "x<b/>y<p:c xmlns:p='urn:x' d='&quot;'><d>1</d></p:c >"
    );
    let [b, c] = raw.children() else {
        unreachable!("{raw:?}");
    };
    assert_eq!((&inner[b.range()], &inner[b.content()]), ("<b/>", ""));
    assert_eq!((c.name(&inner), c.namespace()), ("c", "urn:x"));
    assert_eq!(&inner[c.content()], "<d>1</d>");
    assert_eq!(
        c.attributes(&inner).collect::<Vec<_>>(),
        [("d", "\"".into())]
    );
    assert_eq!(
        raw.attributes().collect::<Vec<_>>(),
        [("b", "1".into()), ("c", "<".into())]
    );
    let element = raw.element();
    assert_eq!((element.text.as_str(), element.children.len()), ("xy", 2));
}

#[test]
fn a_new_header_may_follow_log_in_at_once() {
    let auth = "<auth xmlns='urn:ietf:params:xml:ns:xmpp-sasl' mechanism='PLAIN'>AGEAYg==</auth>";
    let mut framer = Framer::new(StreamLimits::UNAUTHENTICATED);
    framer.push(format!("{HEADER}{auth}\n<?xml version='1.0'?>{HEADER}<iq/>").as_bytes());
    assert!(matches!(framer.next_frame(), Ok(Some(Frame::Open(_)))));
    assert!(matches!(framer.next_frame(), Ok(Some(Frame::Element(_)))));
    framer.restart();
    framer.set_limits(StreamLimits::AUTHENTICATED);
    assert!(matches!(framer.next_frame(), Ok(Some(Frame::Open(_)))));
    assert!(matches!(framer.next_frame(), Ok(Some(Frame::Element(_)))));
    assert_eq!(framer.next_frame(), Ok(None));
}

#[test]
fn an_error_is_for_good() {
    let mut framer = Framer::new(StreamLimits::UNAUTHENTICATED);
    framer.push(b"text");
    let error = framer.next_frame();
    assert!(error.is_err());
    framer.restart();
    framer.push(HEADER.as_bytes());
    assert_eq!(framer.next_frame(), error);
}

#[test]
fn the_buffer_stays_small_while_nothing_comes() {
    let mut framer = Framer::new(StreamLimits::AUTHENTICATED);
    let big = format!("{HEADER}<a>{}</a><b/>", "x".repeat(300_000));
    for piece in big.as_bytes().chunks(1_000) {
        framer.buffer().extend_from_slice(piece);
        while framer.next_frame().unwrap().is_some() {}
    }
    assert_eq!(framer.buffer().capacity(), 4_096);
}

#[test]
fn the_buffer_grows_with_what_comes_at_once() {
    let mut framer = Framer::new(StreamLimits::AUTHENTICATED);
    assert_eq!(framer.buffer().capacity(), 4_096);
    for (bytes, room) in [
        (100, 4_096),
        (4_096, 16_384),
        (16_384, 16_384),
        (16_383, 4_096),
    ] {
        framer.push(&vec![b' '; bytes]);
        assert_eq!(framer.next_frame(), Ok(None));
        assert_eq!(framer.buffer().capacity(), room);
    }
}

#[test]
fn small_elements_do_not_hold_the_buffer() {
    let mut framer = Framer::new(StreamLimits::AUTHENTICATED);
    framer.buffer().extend_from_slice(HEADER.as_bytes());
    framer.next_frame().unwrap();
    let before = framer.buffer().as_ptr();
    let mut kept = Vec::new();
    for _ in 0..100 {
        framer
            .buffer()
            .extend_from_slice(b"<message><body>1</body></message>");
        kept.push(framer.next_frame().unwrap());
    }
    // Space taken from the front counts again when the buffer is empty.
    framer.buffer();
    assert_eq!(framer.buffer().capacity(), 4_096);
    assert!(framer.buffer().as_ptr() <= before);
}
