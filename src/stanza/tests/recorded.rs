//! Stanzas as upstream's programs send them and as three servers pass them on.

use super::super::{Condition, ErrorKind, Extension, Message, Stanza, StanzaError};
use super::{jid, read, written};

const BODY: &str = r#"[{"__c":"osrfMessage","__p":{"threadTrace":"1","locale":"en-US","ingress":"srfsh","api_level":1,"type":"REQUEST","payload":{"__c":"osrfMethod","__p":{"method":"add","params":[1,2]}}}}]"#;
const XID: &str = "1795330780124240";
const THREAD: &str = "1795330780.043040.179533078012424";

/// `{body}` and `{quot}` are the body as it is and with quotes escaped.
const REQUESTS: [&str; 4] = [
    // srfsh itself (C)
    "<message to=\"router@private.localhost/opensrf.math\" from=\"opensrf@private.localhost/_vm_1795330780.038944_12424\"><opensrf router_from=\"\" router_to=\"\" router_class=\"\" router_command=\"\" osrf_xid=\"1795330780124240\"/><thread>1795330780.043040.179533078012424</thread><body>{body}</body></message>",
    // ejabberd
    "<message xml:lang='en' to='router@private.localhost/opensrf.math' from='opensrf@private.localhost/_vm_1795330780.038944_12424'><opensrf router_from='' router_to='' router_class='' router_command='' osrf_xid='1795330780124240'/><body>{quot}</body><thread>1795330780.043040.179533078012424</thread></message>",
    // Prosody
    "<message to='router@private.localhost/opensrf.math' from='opensrf@private.localhost/_vm_1795330780.038944_12424' xml:lang='en'><opensrf router_from='' router_class='' router_to='' osrf_xid='1795330780124240' router_command=''/><thread>1795330780.043040.179533078012424</thread><body>{quot}</body></message>",
    // jabberd2
    "<message xmlns='jabber:client' from='opensrf@private.localhost/_vm_1795330780.038944_12424' to='router@private.localhost/opensrf.math'><opensrf osrf_xid='1795330780124240' router_command='' router_class='' router_to='' router_from=''/><thread>1795330780.043040.179533078012424</thread><body>{quot}</body></message>",
];

fn filled(xml: &str) -> Stanza {
    let quoted = BODY.replace('"', "&quot;");
    read(&xml.replace("{body}", BODY).replace("{quot}", &quoted))
}

fn request() -> Message {
    Message {
        opensrf: Extension {
            osrf_xid: XID.into(),
            ..Extension::default()
        },
        thread: THREAD.into(),
        body: BODY.into(),
        ..Message::default()
    }
}

#[test]
fn a_request_reads_alike_through_every_server() {
    for xml in REQUESTS {
        let stanza = filled(xml);
        assert_eq!(
            stanza.to,
            Some(jid("router@private.localhost/opensrf.math"))
        );
        let from = jid("opensrf@private.localhost/_vm_1795330780.038944_12424");
        assert_eq!(
            (stanza.from.clone(), stanza.sender()),
            (Some(from.clone()), Some(from))
        );
        assert_eq!((stanza.is_error(), &*stanza.thread()), (false, THREAD));
        assert_eq!(*stanza.decode(), request(), "{xml}");
    }
}

#[test]
fn a_message_is_written_as_the_c_programs_write_it() {
    let mut stanza = Stanza::message(jid("router@private.localhost/opensrf.math"), request());
    stanza.from = Some(jid("opensrf@private.localhost/_vm_1795330780.038944_12424"));
    assert_eq!(written(&stanza), REQUESTS[0].replace("{body}", BODY));
}

#[test]
fn a_perl_registration_has_some_attributes_only() {
    let xml = "<message to='router@private.localhost/router' from='opensrf@private.localhost/opensrf.settings_listener_localhost_12197'><opensrf router_command='register' router_class='opensrf.settings' osrf_xid=''/><thread></thread><body>registering</body></message>";
    let message = read(xml).decode().into_owned();
    let expected = Message {
        opensrf: Extension {
            router_command: "register".into(),
            router_class: "opensrf.settings".into(),
            ..Extension::default()
        },
        body: "registering".into(),
        ..Message::default()
    };
    assert_eq!(message, expected);
}

const EJABBERD_BOUNCE: &str = "<message xml:lang='en' to='opensrf@private.localhost/_vm_1795330814.605831_13041' from='router@private.localhost/opensrf.nosuch' type='error'><opensrf router_from='' router_to='' router_class='' router_command='' osrf_xid='1795330780124240'/><error type='cancel'><service-unavailable xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/><text xml:lang='en' xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'>User session not found</text></error><body>{quot}</body><thread>1795330780.043040.179533078012424</thread></message>";
const JABBERD2_BOUNCE: &str = "<message xmlns='jabber:client' type='error' from='router@private.localhost/opensrf.nosuch' to='opensrf@private.localhost/_vm_1795331768.539354_29019'><error type='cancel' code='501'><feature-not-implemented xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/></error><opensrf osrf_xid='1795330780124240' router_command='' router_class='' router_to='' router_from=''/><thread>1795330780.043040.179533078012424</thread><body>{quot}</body></message>";
const ROUTER_NOTICE: &str = "<message to=\"opensrf@private.localhost/_vm_1795330890.906582_14575\" from=\"router@private.localhost/opensrf.dbmath\"><error type=\"cancel\" code=\"501\"/><opensrf router_from=\"\" router_to=\"\" router_class=\"\" router_command=\"\" osrf_xid=\"1795330780124240\"/><thread>1795330780.043040.179533078012424</thread><body>{body}</body></message>";

#[test]
fn bounces_of_all_sorts_are_errors_with_the_request_in_them() {
    let cases = [
        (
            EJABBERD_BOUNCE,
            Condition::ServiceUnavailable,
            None,
            "User session not found",
        ),
        (
            JABBERD2_BOUNCE,
            Condition::FeatureNotImplemented,
            Some(501),
            "",
        ),
        (ROUTER_NOTICE, Condition::Undefined, Some(501), ""),
    ];
    for (xml, condition, code, text) in cases {
        let stanza = filled(xml);
        assert!(stanza.is_error(), "{xml}");
        let error = StanzaError {
            kind: ErrorKind::Cancel,
            condition,
            code,
            text: text.into(),
        };
        assert_eq!(stanza.error(), Some(error.clone()));
        let expected = Message {
            error: Some(error),
            ..request()
        };
        assert_eq!(*stanza.decode(), expected);
    }
}

#[test]
fn prosody_bounces_nothing_but_the_error() {
    let xml = "<message type='error' from='a@b/c' to='d@b/e'><error type='cancel'><service-unavailable xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/></error></message>";
    let message = read(xml).decode().into_owned();
    let error = Some(StanzaError::new(Condition::ServiceUnavailable));
    assert_eq!(
        message,
        Message {
            error,
            ..Message::default()
        }
    );
}

#[test]
fn an_error_says_what_it_can() {
    let cases = [
        ("<error/>", ErrorKind::Cancel, Condition::Undefined, 500),
        (
            "<error code='x' type='y'><z/></error>",
            ErrorKind::Cancel,
            Condition::Undefined,
            500,
        ),
        (
            "<error type='wait'><gone/></error>",
            ErrorKind::Wait,
            Condition::Gone,
            302,
        ),
        (
            "<error><x xmlns='u'/><conflict xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'>y</conflict></error>",
            ErrorKind::Cancel,
            Condition::Conflict,
            409,
        ),
    ];
    for (child, kind, condition, code) in cases {
        let error = read(&format!("<message>{child}</message>"))
            .error()
            .unwrap();
        assert_eq!(
            (error.kind, error.condition, error.code()),
            (kind, condition, code),
            "{child}"
        );
    }
    // Of type error without saying which.
    let stanza = read("<message type='error'/>");
    assert_eq!((stanza.is_error(), stanza.error()), (true, None));
}
