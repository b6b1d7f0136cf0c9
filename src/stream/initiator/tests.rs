use super::*;
use crate::stream::tests::{element, jid, text};

const OLD: &str = "<stream:stream to='localhost' xmlns='jabber:client' \
    xmlns:stream='http://etherx.jabber.org/streams'>";
const NEW: &str = "<?xml version='1.0'?><stream:stream to='localhost' xmlns='jabber:client' \
    xmlns:stream='http://etherx.jabber.org/streams' version='1.0'>";
const END: &str = "</stream:stream>";
const BIND: &str = "<bind xmlns='urn:ietf:params:xml:ns:xmpp-bind'/>";
const LEGACY: &str = "<auth xmlns='http://jabber.org/features/iq-auth'/>";

/// A client, and a server that says things to it.
struct Client(Initiator);

impl Client {
    fn new(method: LoginMethod, cleartext: bool) -> Self {
        let login = Login::new(jid("opensrf@localhost/client_1"), "password".into())
            .expect("a full address")
            .with_method(method)
            .with_cleartext(cleartext);
        let mut client = Self(Initiator::new(Tick::ZERO, login));
        let header = if method == LoginMethod::Auto {
            NEW
        } else {
            OLD
        };
        assert_eq!(client.take(Input::Connected), [sent(header)]);
        client
    }

    /// A client that has its header answered.
    fn opened(cleartext: bool) -> Self {
        let mut client = Self::new(LoginMethod::Auto, cleartext);
        assert_eq!(client.take(header(Some("1.0"))), []);
        client
    }

    /// A client that has asked for its resource.
    fn binding(features: &str) -> Self {
        let mut client = Self::opened(false);
        client.say(&mechanisms(&["SCRAM-SHA-1"], ""));
        client.take(Input::Sasl(SaslReply::Respond(b"n".to_vec())));
        client.say("<success xmlns='urn:ietf:params:xml:ns:xmpp-sasl'/>");
        let restart = client.take(Input::Sasl(SaslReply::Verified));
        assert_eq!(restart, [Effect::RestartStream, sent(NEW)]);
        assert_eq!(client.take(header(Some("1.0"))), []);
        let bind = "<iq type='set' id='bind'><bind xmlns='urn:ietf:params:xml:ns:xmpp-bind'>\
            <resource>client_1</resource></bind></iq>";
        let features = format!("<stream:features>{features}</stream:features>");
        assert_eq!(client.say(&features), [sent(bind)]);
        client
    }

    fn take(&mut self, input: Input) -> Vec<Effect> {
        let mut out = Vec::new();
        self.0.handle(Tick::ZERO, input, &mut out);
        out
    }

    fn say(&mut self, xml: &str) -> Vec<Effect> {
        self.take(Input::Element(element(xml)))
    }
}

fn header(version: Option<&str>) -> Input {
    Input::Open(StreamHeader {
        id: Some("10595904656000273518".into()),
        version: version.map(Into::into),
        ..StreamHeader::default()
    })
}

fn mechanisms(names: &[&str], more: &str) -> String {
    let names: String = names
        .iter()
        .map(|name| format!("<mechanism>{name}</mechanism>"))
        .collect();
    format!(
        "<stream:features><mechanisms xmlns='urn:ietf:params:xml:ns:xmpp-sasl'>{names}\
         </mechanisms>{more}</stream:features>"
    )
}

fn sent(xml: &str) -> Effect {
    Effect::Send(Bytes::copy_from_slice(xml.as_bytes()))
}

fn proof(secret: &str) -> Effect {
    sent(&format!(
        "<iq type='set' id='login'><query xmlns='jabber:iq:auth'><username>opensrf</username>\
         {secret}<resource>client_1</resource></query></iq>"
    ))
}

fn digest() -> Effect {
    proof("<digest>845ed8b7a313198d0b5e3c4ec268705d25e10d24</digest>")
}

fn online() -> Effect {
    Effect::Online(jid("opensrf@localhost/client_1"))
}

fn failed(error: LoginError) -> [Effect; 2] {
    [sent(END), Effect::Failed(error)]
}

#[test]
fn the_bytes_that_a_stanza_may_have_are_known_if_the_server_says_so() {
    let limits = |text| format!("<limits xmlns='urn:xmpp:stream-limits:0'>{text}</limits>");
    let cases = [
        (limits("<max-bytes>20000</max-bytes>"), Some(20_000)),
        (limits("<idle-seconds>60</idle-seconds>"), None),
        (limits("<max-bytes>many</max-bytes>"), None),
        (String::new(), None),
    ];
    for (limits, bytes) in cases {
        let client = Client::binding(&format!("{BIND}{limits}"));
        assert_eq!(client.0.stanza_bytes(), bytes, "{limits}");
    }
}

#[test]
fn the_strongest_mechanism_that_may_be_used_is_used() {
    let all = [
        "PLAIN",
        "SCRAM-SHA-1",
        "DIGEST-MD5",
        "SCRAM-SHA-256",
        "SCRAM-SHA-512",
    ];
    let cases: [(&[&str], bool, &str); 4] = [
        (&all, false, "SCRAM-SHA-256"),
        (&["PLAIN", "SCRAM-SHA-1"], true, "SCRAM-SHA-1"),
        (&["PLAIN", "SCRAM-SHA-1"], false, "SCRAM-SHA-1"),
        (&["DIGEST-MD5", "PLAIN"], true, "PLAIN"),
    ];
    for (offered, cleartext, mechanism) in cases {
        let effects = Client::opened(cleartext).say(&mechanisms(offered, LEGACY));
        assert_eq!(effects, [Effect::SaslStart { mechanism }], "{offered:?}");
    }
}

#[test]
fn without_a_common_mechanism_the_digest_is_tried_if_it_is_offered() {
    let md5 = ["DIGEST-MD5", "PLAIN"];
    assert_eq!(
        Client::opened(false).say(&mechanisms(&md5, LEGACY)),
        [digest()]
    );
    let none = Client::opened(false).say(&mechanisms(&md5, ""));
    let offered = md5.map(String::from).to_vec();
    assert_eq!(none, failed(LoginError::NoMechanism { offered }));
}

#[test]
fn a_server_that_wants_tls_is_told_from_one_without_mechanisms() {
    let tls = "<starttls xmlns='urn:ietf:params:xml:ns:xmpp-tls'/>";
    let required = tls.replace("/>", "><required/></starttls>");
    let nothing = LoginError::NoMechanism { offered: vec![] };
    let cases = [
        (mechanisms(&[], tls), LoginError::TlsRequired),
        (mechanisms(&["PLAIN"], &required), LoginError::TlsRequired),
        ("<stream:features/>".into(), nothing),
    ];
    for (features, error) in cases {
        let effects = Client::opened(true).say(&features);
        assert_eq!(effects, failed(error), "{features}");
    }
}

#[test]
fn sasl_is_carried_and_the_servers_proof_is_checked() {
    let mut client = Client::opened(false);
    client.say(&mechanisms(&["SCRAM-SHA-1"], ""));
    let first = client.take(Input::Sasl(SaslReply::Respond(b"n,,".to_vec())));
    let auth = "<auth xmlns='urn:ietf:params:xml:ns:xmpp-sasl' mechanism='SCRAM-SHA-1'>biws</auth>";
    assert_eq!(first, [sent(auth)]);
    let challenge = "<challenge xmlns='urn:ietf:params:xml:ns:xmpp-sasl'>cj14</challenge>";
    assert_eq!(client.say(challenge), [Effect::SaslStep(b"r=x".to_vec())]);
    let answer = client.take(Input::Sasl(SaslReply::Respond(b"c=b".to_vec())));
    let response = "<response xmlns='urn:ietf:params:xml:ns:xmpp-sasl'>Yz1i</response>";
    assert_eq!(answer, [sent(response)]);
    let success = "<success xmlns='urn:ietf:params:xml:ns:xmpp-sasl'>dj14</success>";
    assert_eq!(
        client.say(success),
        [Effect::SaslFinish(Some(b"v=x".to_vec()))]
    );
    let reason = "the server failed mutual authentication".to_owned();
    let refused = client.take(Input::Sasl(SaslReply::Refused(reason.clone())));
    assert_eq!(refused, failed(LoginError::Sasl { reason }));
}

#[test]
fn a_refusal_of_sasl_is_told_by_its_condition() {
    let refused = LoginError::Refused {
        condition: "temporary-auth-failure".into(),
        text: "later".into(),
    };
    let cases = [
        (
            "<failure xmlns='urn:ietf:params:xml:ns:xmpp-sasl'><not-authorized/></failure>",
            LoginError::NotAuthorized,
        ),
        (
            "<failure xmlns='urn:ietf:params:xml:ns:xmpp-sasl'><text>later</text><temporary-auth-failure/></failure>",
            refused,
        ),
        (
            "<challenge xmlns='urn:ietf:params:xml:ns:xmpp-sasl'>?</challenge>",
            broken("data that is not base64"),
        ),
    ];
    for (xml, error) in cases {
        let mut client = Client::opened(false);
        client.say(&mechanisms(&["SCRAM-SHA-1"], ""));
        client.take(Input::Sasl(SaslReply::Respond(b"n,,".to_vec())));
        assert_eq!(client.say(xml), failed(error), "{xml}");
    }
}

#[test]
fn the_session_iq_is_sent_only_where_it_is_wanted() {
    let session = "<session xmlns='urn:ietf:params:xml:ns:xmpp-session'/>";
    let optional = session.replace("/>", "><optional/></session>");
    let bound = "<iq type='result' id='bind'><bind xmlns='urn:ietf:params:xml:ns:xmpp-bind'>\
        <jid>opensrf@localhost/client_1</jid></bind></iq>";
    for features in [BIND.to_owned(), format!("{BIND}{optional}")] {
        assert_eq!(Client::binding(&features).say(bound), [online()]);
    }
    let mut client = Client::binding(&format!("{BIND}{session}"));
    let iq = format!("<iq type='set' id='session'>{session}</iq>");
    assert_eq!(client.say(bound), [sent(&iq)]);
    assert_eq!(client.say("<iq type='result' id='session'/>"), [online()]);
    assert!(client.0.is_done() && client.0.deadline().is_none());
}

#[test]
fn another_resource_than_the_one_asked_for_will_not_do() {
    for granted in [
        "opensrf@localhost/other",
        "opensrf@localhost/Client_1",
        "",
        "?@/",
    ] {
        let xml = format!(
            "<iq type='result' id='bind'><bind xmlns='urn:ietf:params:xml:ns:xmpp-bind'>\
             <jid>{granted}</jid></bind></iq>"
        );
        let error = LoginError::ResourceChanged {
            wanted: jid("opensrf@localhost/client_1"),
            granted: granted.into(),
        };
        assert_eq!(Client::binding(BIND).say(&xml), failed(error));
    }
}

#[test]
fn a_refused_bind_is_told_by_its_condition() {
    let xml = "<iq type='error' id='bind'><bind xmlns='urn:ietf:params:xml:ns:xmpp-bind'/>\
        <error type='cancel'><conflict xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/></error></iq>";
    assert_eq!(Client::binding(BIND).say(xml), failed(LoginError::Conflict));
}

#[test]
fn a_server_without_version_gets_the_digest() {
    let mut client = Client::new(LoginMethod::Auto, false);
    assert_eq!(client.take(header(None)), [digest()]);
    assert_eq!(client.say("<iq type='result' id='login'/>"), [online()]);
}

/// The header and the log-in of the C programs, but for the id.
#[test]
fn the_old_way_can_be_had_at_once() {
    for version in [None, Some("1.0")] {
        let mut client = Client::new(LoginMethod::Legacy, false);
        assert_eq!(client.take(header(version)), [digest()]);
        let noise = [
            mechanisms(&["PLAIN"], ""),
            "<iq type='result' id='other'/>".into(),
            "<iq type='get' id='login'/>".into(),
        ];
        for xml in noise {
            assert_eq!(client.say(&xml), [], "{xml}");
        }
        assert_eq!(client.say("<iq type='result'/>"), [online()]);
    }
}

#[test]
fn without_a_stream_id_only_the_password_is_left() {
    let bare = || Input::Open(StreamHeader::default());
    let mut client = Client::new(LoginMethod::Legacy, true);
    assert_eq!(
        client.take(bare()),
        [proof("<password>password</password>")]
    );
    let mut client = Client::new(LoginMethod::Legacy, false);
    let error = LoginError::NoMechanism { offered: vec![] };
    assert_eq!(client.take(bare()), failed(error));
}

/// Stock Prosody 0.12.3, recorded.
#[test]
fn a_list_of_fields_is_not_a_log_in() {
    let fields = "<iq type='result' id='login'><query xmlns='jabber:iq:auth'>\
        <username/><password/><resource/></query></iq>";
    let mut client = Client::new(LoginMethod::Legacy, false);
    client.take(header(None));
    let offered = ["username", "password", "resource"]
        .map(String::from)
        .to_vec();
    let error = LoginError::NoMechanism { offered };
    assert_eq!(client.say(fields), failed(error.clone()));

    let mut client = Client::new(LoginMethod::Legacy, true);
    client.take(header(None));
    assert_eq!(client.say(fields), [proof("<password>password</password>")]);
    assert_eq!(client.say(fields), failed(error));
}

/// As ejabberd 23.01 refuses, secret and all.
#[test]
fn a_refused_old_log_in_is_told_by_its_condition() {
    let refused = LoginError::Refused {
        condition: "not-acceptable".into(),
        text: String::new(),
    };
    let cases = [
        ("not-authorized", LoginError::NotAuthorized),
        ("conflict", LoginError::Conflict),
        ("not-acceptable", refused),
    ];
    for (condition, error) in cases {
        let mut client = Client::new(LoginMethod::Legacy, false);
        client.take(header(None));
        let xml = format!(
            "<iq type='error' id='login'><query xmlns='jabber:iq:auth'>\
             <username>opensrf</username><digest>x</digest></query><error type='auth'>\
             <{condition} xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/></error></iq>"
        );
        assert_eq!(client.say(&xml), failed(error));
    }
}

/// As jabberd2 2.7.0 refuses.
#[test]
fn a_refused_old_log_in_is_told_by_its_number() {
    for (code, error) in [
        ("401", LoginError::NotAuthorized),
        ("409", LoginError::Conflict),
    ] {
        let mut client = Client::new(LoginMethod::Legacy, false);
        client.take(header(None));
        let xml = format!(
            "<iq xmlns='jabber:client' id='login' type='error'><error code='{code}'/>\
             <query xmlns='jabber:iq:auth'><username>opensrf</username></query></iq>"
        );
        assert_eq!(client.say(&xml), failed(error));
    }
}

#[test]
fn stream_errors_are_told_by_their_condition() {
    let shutdown = LoginError::StreamError {
        condition: "system-shutdown".into(),
        text: "bye".into(),
    };
    let unknown = LoginError::HostUnknown {
        domain: "localhost".into(),
    };
    let cases = [
        ("host-unknown", unknown),
        ("conflict", LoginError::Conflict),
        ("system-shutdown", shutdown),
    ];
    for (condition, error) in cases {
        let xml = format!(
            "<stream:error><{condition} xmlns='urn:ietf:params:xml:ns:xmpp-streams'/>\
             <text xmlns='urn:ietf:params:xml:ns:xmpp-streams'>bye</text></stream:error>"
        );
        assert_eq!(Client::opened(false).say(&xml), failed(error.clone()));
        assert_eq!(Client::binding(BIND).say(&xml), failed(error));
    }
}

#[test]
fn a_closed_connection_and_a_silent_server_end_the_log_in() {
    let closed = [Effect::Failed(LoginError::Closed)];
    let mut client = Client::opened(false);
    assert_eq!(client.take(Input::Closed), closed);
    assert_eq!(client.take(Input::Closed), []);

    let mut client = Client::opened(false);
    let mut out = Vec::new();
    client
        .0
        .wake(limits::LOGIN_TIME - Tick::from_millis(1), &mut out);
    assert_eq!(out, []);
    client.0.wake(limits::LOGIN_TIME, &mut out);
    assert_eq!(out, failed(LoginError::Timeout));
}

#[test]
fn nothing_is_sent_that_was_not_asked_for() {
    let mut client = Client::opened(false);
    for xml in ["<presence/>", "<message/>", "<iq type='get' id='1'/>"] {
        assert_eq!(client.say(xml), [], "{xml}");
    }
    assert_eq!(client.take(Input::Sasl(SaslReply::Verified)), []);
    let effects = client.say(&mechanisms(&["SCRAM-SHA-1"], ""));
    assert!(matches!(effects[..], [Effect::SaslStart { .. }]));
}

#[test]
fn only_a_full_address_can_log_in() {
    for text in ["localhost", "opensrf@localhost", "localhost/x"] {
        let error = Login::new(jid(text), "password".into()).err();
        assert_eq!(error, Some(LoginError::NotFull { jid: jid(text) }));
    }
}

#[test]
fn effects_show_their_size_and_not_their_bytes() {
    let Effect::Send(bytes) = digest() else {
        return;
    };
    assert!(text(&bytes).contains("digest"));
    assert_eq!(
        format!("{:?}", digest()),
        format!("Send({} bytes)", bytes.len())
    );
}
