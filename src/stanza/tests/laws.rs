//! What holds for every message.

use std::num::NonZeroU32;
use std::sync::Arc;
use std::time::Duration;

use bytestring::ByteString;
use proptest::prelude::*;

use super::super::extension::is_attribute;
use super::super::{
    Condition, ErrorKind, Extension, Message, Parts, Payload, Placement, Stanza, StanzaError,
};
use super::{jid, read, written};
use crate::jid::Jid;

/// Any text that XML can hold, with much of what it treats specially.
fn text() -> impl Strategy<Value = ByteString> {
    let special = prop::sample::select(&["\"", "'", "<", ">", "&", "]]>", "\r", "\n", "&amp;"][..]);
    let plain = any::<char>().prop_map(|c| match c {
        '\0'..='\x08' | '\x0b' | '\x0c' | '\x0e'..='\x1f' | '\u{fffe}' | '\u{ffff}' => '?',
        legal => legal,
    });
    let piece = prop_oneof![special.prop_map(String::from), plain.prop_map(String::from)];
    prop::collection::vec(piece, 0..8).prop_map(|pieces| pieces.concat().into())
}

fn extension() -> impl Strategy<Value = Extension> {
    let router_from = text().prop_map(|resource| Jid::parse(&format!("a@b/{resource}")).ok());
    let texts = (text(), text(), text(), text());
    let timeout = prop::option::of((1_u64..=86_400_000).prop_map(Duration::from_millis));
    let numbers = (any::<Option<u64>>(), any::<Option<NonZeroU32>>());
    (router_from, texts, any::<bool>(), timeout, numbers).prop_map(
        |(router_from, texts, broadcast, timeout, (number, drones))| Extension {
            router_from,
            router_to: texts.0,
            router_class: texts.1,
            router_command: texts.2,
            osrf_xid: texts.3,
            broadcast,
            timeout,
            number,
            drones,
            placement: Placement::Child,
        },
    )
}

/// Errors have a number here, as one is always written.
fn error() -> impl Strategy<Value = StanzaError> {
    use ErrorKind::{Auth, Cancel, Continue, Modify, Wait};
    let kind = prop::sample::select(vec![Cancel, Auth, Modify, Wait, Continue]);
    let condition = prop::sample::select(Condition::all().collect::<Vec<_>>());
    (kind, condition, any::<u16>(), text()).prop_map(|(kind, condition, code, text)| StanzaError {
        kind,
        condition,
        code: Some(code),
        text,
    })
}

fn message() -> impl Strategy<Value = Message> {
    let error = prop::option::of(error());
    (extension(), text(), text(), text(), error).prop_map(
        |(opensrf, thread, subject, body, error)| Message {
            opensrf,
            thread,
            subject,
            body: body.into(),
            error,
        },
    )
}

/// The children of a message as strangers write them: in any order, repeated, between others.
fn wire() -> impl Strategy<Value = String> {
    let parts = [
        "<body>a &quot;b&quot;</body>",
        "<body/>",
        "<thread>t<![CDATA[<&]]></thread>",
        "<subject>\r\n</subject>",
        "<opensrf osrf_xid='&#10;1' router_from='x@y/z' more=''/>",
        "<opensrf osrf_timeout='500' osrf_number='1'/>",
        "<opensrf></opensrf>",
        "<x xmlns='urn:x'><body>no</body></x>",
        "<n:body/>",
        "<body xmlns='urn:x'>no</body>",
        "<error type='wait' code='7'><gone/></error>",
        "<error/>",
        " text ",
    ];
    let parts = prop::sample::select(parts.to_vec());
    let old = prop::sample::select(&["", " osrf_xid='old'", " router_from='o@p/q'"][..]);
    let kind = prop::sample::select(&["", " type='error'", " type='chat' id='&lt;'"][..]);
    (prop::collection::vec(parts, 0..7), old, kind).prop_map(|(parts, old, kind)| {
        let parts = parts.concat();
        format!("<message from='a@b/c' to='d@e/f' xmlns:n='urn:n'{old}{kind}>{parts}</message>")
    })
}

/// The same with values inside, where the attributes of old programs are, too.
fn decoded(stanza: &Stanza) -> Stanza {
    let extra = stanza.extra.iter().filter(|(name, _)| !is_attribute(name));
    Stanza::from(Parts {
        extra: extra.cloned().collect(),
        payload: Payload::Message(Arc::new(stanza.decode().into_owned())),
        ..stanza.clone().into_parts()
    })
}

/// Two stanzas that differ at most in how their inside is held.
fn check_alike(one: &Stanza, other: &Stanza) -> Result<(), TestCaseError> {
    prop_assert_eq!(decoded(one), decoded(other));
    prop_assert_eq!(one.is_error(), other.is_error());
    prop_assert_eq!(one.extension(), other.extension());
    prop_assert_eq!(one.error(), other.error());
    prop_assert_eq!(one.thread(), other.thread());
    prop_assert_eq!(one.sender(), other.sender());
    if one.extension().placement.is_in_child() {
        prop_assert_eq!(one.number(), other.number());
    }
    Ok(())
}

fn sent_on(stanza: &Stanza, node: Placement) -> Stanza {
    let (from, to) = (jid("router@a/s"), jid("node@a/n"));
    stanza.forward(from, to, &jid("me@a/c"), node, None)
}

fn placement() -> impl Strategy<Value = Placement> {
    use Placement::{Both, Child, Message};
    prop::sample::select(vec![Child, Message, Both])
}

proptest! {
    #[test]
    fn what_is_written_reads_back(
        message in message(), id in text(), stanza_type in text(), placement in placement(),
    ) {
        let mut stanza = Stanza::message(jid("a@b/c'd"), message);
        if let Payload::Message(message) = &mut stanza.payload {
            Arc::make_mut(message).opensrf.placement = placement;
        }
        stanza.id = id;
        stanza.stanza_type = stanza_type;
        prop_assert_eq!(decoded(&read(&written(&stanza))), stanza);
    }

    #[test]
    fn values_and_bytes_behave_alike(xml in wire(), error in error(), node in placement()) {
        let bytes = read(&xml);
        let values = decoded(&bytes);
        check_alike(&bytes, &values)?;
        check_alike(&sent_on(&bytes, node), &sent_on(&values, node))?;
        let bounces = (bytes.bounce(error.clone()), values.bounce(error));
        prop_assert_eq!(bounces.0.is_some(), bounces.1.is_some());
        if let (Some(bytes), Some(values)) = bounces {
            check_alike(&bytes, &values)?;
            check_alike(&sent_on(&bytes, node), &sent_on(&values, node))?;
        }
    }

    #[test]
    fn what_is_put_together_is_what_would_be_read(
        xml in wire(), error in error(), node in placement(),
    ) {
        let stanza = read(&xml);
        for made in [Some(sent_on(&stanza, node)), stanza.bounce(error)].into_iter().flatten() {
            prop_assert_eq!(&read(&written(&made)), &made);
        }
    }
}
