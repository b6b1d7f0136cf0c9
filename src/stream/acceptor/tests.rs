use super::*;
use crate::stream::tests::{element, jid, text};
use crate::stream::{LegacyProof, SaslFailure, SaslProgress, legacy_digest};

const ID: &str = "00112233445566ff";
const HEADER: &str = "<?xml version='1.0'?><stream:stream id='00112233445566ff' \
    xmlns:stream='http://etherx.jabber.org/streams' from='private.localhost' xml:lang='en' \
    xmlns='jabber:client'>";
const HEADER_1_0: &str = "<?xml version='1.0'?><stream:stream id='00112233445566ff' \
    xmlns:stream='http://etherx.jabber.org/streams' from='private.localhost' version='1.0' \
    xml:lang='en' xmlns='jabber:client'>";
const AUTH: &str =
    "<auth xmlns='urn:ietf:params:xml:ns:xmpp-sasl' mechanism='SCRAM-SHA-1'>AA==</auth>";
const RESPONSE: &str = "<response xmlns='urn:ietf:params:xml:ns:xmpp-sasl'>AA==</response>";

/// A server of two domains, and a client that says things to it.
struct Server(Acceptor);

impl Server {
    fn new(cleartext: bool) -> Self {
        let domains = ["private.localhost", "public.localhost"];
        let offer = Offer::new(domains, ["SCRAM-SHA-256", "SCRAM-SHA-1", "PLAIN"]);
        Self(Acceptor::new(Tick::ZERO, Arc::new(offer), cleartext))
    }

    /// Says `header` and expects nothing of the answer.
    fn opened(version: Option<&str>) -> Self {
        let mut server = Self::new(true);
        server.take(header(Some("private.localhost"), version));
        server
    }

    fn take(&mut self, input: Input) -> Vec<Effect> {
        let mut out = Vec::new();
        self.0.handle(Tick::ZERO, input, &mut out);
        out
    }

    /// What the server writes, and whether it closes, when the client says `xml`.
    fn say(&mut self, xml: &str) -> (String, bool) {
        written(self.take(Input::Element(element(xml))))
    }

    /// Begins SASL, whose first step is then the actor's.
    fn say_start(&mut self) {
        let effects = self.take(Input::Element(element(AUTH)));
        assert!(
            matches!(effects[..], [Effect::SaslStart { .. }]),
            "{effects:?}"
        );
    }

    /// Goes through SASL up to the restarted stream.
    fn proven() -> Self {
        let mut server = Self::opened(Some("1.0"));
        server.say_start();
        server.take(Input::Sasl(SaslProgress::Success {
            user: "opensrf".into(),
            data: None,
        }));
        server
    }

    fn binding() -> Self {
        let mut server = Self::proven();
        server.take(header(Some("private.localhost"), Some("1.0")));
        server
    }
}

fn header(to: Option<&str>, version: Option<&str>) -> Input {
    opening(to, version, ID)
}

fn opening(to: Option<&str>, version: Option<&str>, stream_id: &str) -> Input {
    Input::Open {
        header: StreamHeader {
            to: to.map(Into::into),
            version: version.map(Into::into),
            ..StreamHeader::default()
        },
        stream_id: stream_id.into(),
        resource: "given".into(),
    }
}

fn written(effects: Vec<Effect>) -> (String, bool) {
    let mut all = String::new();
    let closes = effects.last() == Some(&Effect::Close);
    for effect in &effects {
        match effect {
            Effect::Send(bytes) => {
                assert!(all.is_empty(), "two writes: {effects:?}");
                all = text(bytes).into();
            }
            Effect::Close => {}
            other => panic!("{other:?}"),
        }
    }
    (all, closes)
}

fn stream_error(condition: &str, text: &str) -> String {
    format!(
        "<stream:error><{condition} xmlns='urn:ietf:params:xml:ns:xmpp-streams'/>\
         <text xmlns='urn:ietf:params:xml:ns:xmpp-streams'>{text}</text></stream:error>\
         </stream:stream>"
    )
}

fn failure(condition: &str) -> String {
    format!("<failure xmlns='urn:ietf:params:xml:ns:xmpp-sasl'><{condition}/></failure>")
}

/// Recorded log-ins of srfsh and of a Perl client, and the answers ejabberd gave but for order.
#[test]
fn the_c_and_perl_programs_log_in() {
    let c = "<iq id='123456789' type='set'><query xmlns='jabber:iq:auth'>\
        <username>opensrf</username><digest>845ed8b7a313198d0b5e3c4ec268705d25e10d24</digest>\
        <resource>_vm_1795330780.038944_12424</resource></query></iq>";
    let perl = "<iq id='123' type='set'><query xmlns='jabber:iq:auth'>\
        <username>opensrf</username><password>password</password>\
        <resource>client_at_localhost_12441</resource></query></iq>";
    let digest = LegacyProof::Digest {
        stream_id: "10595904656000273518".into(),
        digest: legacy_digest("10595904656000273518", "password"),
    };
    let password = LegacyProof::Password("password".into());
    let cases = [
        (
            "10595904656000273518",
            c,
            digest,
            "_vm_1795330780.038944_12424",
            "123456789",
        ),
        (
            "3768943000708478009",
            perl,
            password,
            "client_at_localhost_12441",
            "123",
        ),
    ];
    for (stream_id, request, proof, resource, id) in cases {
        let mut server = Server::new(true);
        let answer = server.take(opening(Some("private.localhost"), None, stream_id));
        assert_eq!(written(answer), (HEADER.replace(ID, stream_id), false));

        let check = Effect::CheckLegacy {
            user: "opensrf".into(),
            domain: "private.localhost".into(),
            proof,
        };
        assert_eq!(server.take(Input::Element(element(request))), [check]);
        assert!(server.0.is_waiting());
        let jid = jid(&format!("opensrf@private.localhost/{resource}"));
        assert_eq!(
            server.take(Input::LegacyChecked(true)),
            [Effect::Bind(jid.clone())]
        );
        let result = Bytes::from(format!("<iq type='result' id='{id}'/>"));
        assert_eq!(
            server.take(Input::Bound),
            [Effect::Send(result), Effect::Online(jid)]
        );
        assert!(server.0.is_done() && server.0.deadline().is_none());
    }
}

#[test]
fn features_come_with_the_header_of_a_client_that_has_a_version() {
    let features = |plain| {
        format!(
            "{HEADER_1_0}<stream:features><mechanisms xmlns='urn:ietf:params:xml:ns:xmpp-sasl'>\
             <mechanism>SCRAM-SHA-256</mechanism><mechanism>SCRAM-SHA-1</mechanism>{plain}\
             </mechanisms><auth xmlns='http://jabber.org/features/iq-auth'/></stream:features>"
        )
    };
    let cases = [
        (Some("1.0"), true, features("<mechanism>PLAIN</mechanism>")),
        (Some("1.0"), false, features("")),
        (Some("0.9"), true, HEADER.into()),
        (None, false, HEADER.into()),
    ];
    for (version, cleartext, answer) in cases {
        let mut server = Server::new(cleartext);
        let effects = server.take(header(Some("private.localhost"), version));
        assert_eq!(written(effects), (answer, false), "{version:?}");
    }
}

#[test]
fn a_domain_is_found_as_it_is_written_and_no_other() {
    let one = Offer::new(["Localhost"], ["PLAIN"]);
    let two = Offer::new(["a.localhost", "b.localhost"], ["PLAIN"]);
    let cases = [
        (&one, Some("localhost"), Some("localhost")),
        (&one, Some("LOCALHOST."), Some("localhost")),
        (&one, None, Some("localhost")),
        (&one, Some("other"), None),
        (&one, Some(""), None),
        (&two, Some("b.localhost"), Some("b.localhost")),
        (&two, None, None),
    ];
    for (offer, to, domain) in cases {
        assert_eq!(offer.domain(to), domain, "{to:?}");
    }
}

#[test]
fn an_unknown_host_is_told_in_a_stream_of_its_own() {
    for to in [Some("example.org"), None] {
        let mut server = Server::new(true);
        let text = "this server does not serve the domain that the stream is for";
        let error = stream_error("host-unknown", text);
        let effects = server.take(header(to, None));
        assert_eq!(written(effects), (format!("{HEADER}{error}"), true));
    }
}

#[test]
fn fields_are_listed_when_they_are_asked_for() {
    let get =
        "<iq id='g' type='get'><query xmlns='jabber:iq:auth'><username>a</username></query></iq>";
    for (cleartext, password) in [(true, "<password/>"), (false, "")] {
        let mut server = Server::new(cleartext);
        server.take(header(Some("private.localhost"), None));
        let answer = format!(
            "<iq type='result' id='g'><query xmlns='jabber:iq:auth'><username/>{password}\
             <digest/><resource/></query></iq>"
        );
        assert_eq!(server.say(get), (answer, false));
    }
}

#[test]
fn a_refused_log_in_names_the_reason_and_no_secret() {
    let not_acceptable = "<error type='modify' code='406'>\
        <not-acceptable xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/>\
        <text xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'>\
        username, resource, and digest or password are needed</text></error>";
    let in_clear = "<error type='cancel' code='405'>\
        <not-allowed xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/>\
        <text xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'>\
        no passwords in the clear on this connection: use SCRAM or the digest</text></error>";
    let cases = [
        (
            "<username>a</username><password>p</password>",
            true,
            not_acceptable,
        ),
        (
            "<password>p</password><resource>r</resource>",
            true,
            not_acceptable,
        ),
        (
            "<username>a</username><password>p</password><resource/>",
            true,
            not_acceptable,
        ),
        (
            "<username>a</username><resource>r</resource>",
            true,
            not_acceptable,
        ),
        (
            "<username>a@b</username><digest>p</digest><resource>r</resource>",
            true,
            not_acceptable,
        ),
        (
            "<username>a</username><password>p</password><resource>r</resource>",
            false,
            in_clear,
        ),
    ];
    for (fields, cleartext, error) in cases {
        let mut server = Server::new(cleartext);
        server.take(header(Some("private.localhost"), None));
        let iq =
            format!("<iq id='1' type='set'><query xmlns='jabber:iq:auth'>{fields}</query></iq>");
        let answer = format!("<iq type='error' id='1'>{error}</iq>");
        assert_eq!(server.say(&iq), (answer, false), "{fields}");
    }
}

#[test]
fn the_third_wrong_password_ends_the_stream() {
    let iq = "<iq type='set'><query xmlns='jabber:iq:auth'><username>a</username>\
        <digest>d</digest><resource>r</resource></query></iq>";
    let no = "<iq type='error'><error type='auth' code='401'>\
        <not-authorized xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/></error></iq>";
    let end = format!(
        "{no}{}",
        stream_error("policy-violation", "too many failed log-ins")
    );
    for version in [None, Some("1.0")] {
        let mut server = Server::opened(version);
        for (answer, closes) in [(no, false), (no, false), (&*end, true)] {
            server.take(Input::Element(element(iq)));
            let said = written(server.take(Input::LegacyChecked(false)));
            assert_eq!(said, (answer.into(), closes));
        }
    }
}

#[test]
fn only_log_in_is_answered_before_log_in() {
    let stranger = stream_error("not-authorized", "log in first");
    let unknown = stream_error(
        "unsupported-stanza-type",
        "this server does not know the element",
    );
    let auth = "<auth xmlns='urn:ietf:params:xml:ns:xmpp-sasl' mechanism='PLAIN'/>";
    let cases = [
        (None, "<message to='a@b/c'><body/></message>", &stranger),
        (None, "<presence/>", &stranger),
        (
            Some("1.0"),
            "<iq type='get' id='1'><ping xmlns='urn:xmpp:ping'/></iq>",
            &stranger,
        ),
        (
            Some("1.0"),
            "<iq type='set' id='1'><bind xmlns='urn:ietf:params:xml:ns:xmpp-bind'/></iq>",
            &stranger,
        ),
        (
            None,
            "<iq type='result'><query xmlns='jabber:iq:auth'/></iq>",
            &stranger,
        ),
        (
            Some("1.0"),
            "<starttls xmlns='urn:ietf:params:xml:ns:xmpp-tls'/>",
            &unknown,
        ),
        (Some("1.0"), "<stream:features/>", &unknown),
        (None, auth, &unknown),
    ];
    for (version, xml, error) in cases {
        let mut server = Server::opened(version);
        assert_eq!(server.say(xml), (error.clone(), true), "{xml}");
        assert_eq!(server.say("<presence/>"), (String::new(), false));
    }
}

#[test]
fn sasl_goes_through_to_a_bound_address() {
    let mut server = Server::opened(Some("1.0"));
    let start = Effect::SaslStart {
        mechanism: "SCRAM-SHA-1".into(),
        domain: "private.localhost".into(),
        initial: Some(vec![0]),
    };
    assert_eq!(server.take(Input::Element(element(AUTH))), [start]);
    let challenge = server.take(Input::Sasl(SaslProgress::Challenge(b"?".to_vec())));
    let xml = "<challenge xmlns='urn:ietf:params:xml:ns:xmpp-sasl'>Pw==</challenge>";
    assert_eq!(written(challenge), (xml.into(), false));
    let step = server.take(Input::Element(element(RESPONSE)));
    assert_eq!(step, [Effect::SaslStep(vec![0])]);
    let success = server.take(Input::Sasl(SaslProgress::Success {
        user: "opensrf".into(),
        data: None,
    }));
    let xml = "<success xmlns='urn:ietf:params:xml:ns:xmpp-sasl'/>";
    assert_eq!(success, [Effect::Send(xml.into()), Effect::RestartStream]);

    let features = format!(
        "{HEADER_1_0}<stream:features><bind xmlns='urn:ietf:params:xml:ns:xmpp-bind'/>\
         <session xmlns='urn:ietf:params:xml:ns:xmpp-session'><optional/></session>\
         </stream:features>"
    );
    let effects = server.take(header(Some("private.localhost"), Some("1.0")));
    assert_eq!(written(effects), (features, false));
}

#[test]
fn the_bytes_that_a_stanza_may_have_are_announced_after_the_log_in() {
    let offer = Offer::new(["localhost"], ["PLAIN"]).with_stanza_bytes(20_000);
    let mut server = Server(Acceptor::new(Tick::ZERO, Arc::new(offer), true));
    server.take(header(Some("localhost"), Some("1.0")));
    let auth = "<auth xmlns='urn:ietf:params:xml:ns:xmpp-sasl' mechanism='PLAIN'>AA==</auth>";
    server.take(Input::Element(element(auth)));
    server.take(Input::Sasl(SaslProgress::Success {
        user: "opensrf".into(),
        data: None,
    }));
    let (features, _) = written(server.take(header(Some("localhost"), Some("1.0"))));
    let limits = "<limits xmlns='urn:xmpp:stream-limits:0'><max-bytes>20000</max-bytes></limits>";
    assert!(features.contains(limits), "{features}");
}

#[test]
fn what_the_client_sends_with_its_choice_is_told_from_nothing() {
    for (text, initial) in [("", None), ("=", Some(vec![])), ("AA==", Some(vec![0]))] {
        let mut server = Server::opened(Some("1.0"));
        let auth = Element::new("auth", ns::SASL).with_attribute("mechanism", "PLAIN");
        let effects = server.take(Input::Element(auth.with_text(text)));
        let start = Effect::SaslStart {
            mechanism: "PLAIN".into(),
            domain: "private.localhost".into(),
            initial,
        };
        assert_eq!(effects, [start], "{text:?}");
    }
}

#[test]
fn success_carries_the_servers_proof() {
    for (data, text) in [
        (Some(b"v=x".to_vec()), ">dj14</success>"),
        (Some(vec![]), ">=</success>"),
    ] {
        let mut server = Server::opened(Some("1.0"));
        server.say_start();
        let user = "opensrf".into();
        let effects = server.take(Input::Sasl(SaslProgress::Success { user, data }));
        let xml = format!("<success xmlns='urn:ietf:params:xml:ns:xmpp-sasl'{text}");
        assert_eq!(effects[0], Effect::Send(xml.into()));
    }
}

#[test]
fn failures_of_sasl_leave_the_stream_open() {
    let sasl = |name: &str, text: &str| {
        format!("<{name} xmlns='urn:ietf:params:xml:ns:xmpp-sasl'>{text}</{name}>")
    };
    let auth = "<auth xmlns='urn:ietf:params:xml:ns:xmpp-sasl' mechanism='DIGEST-MD5'/>";
    let bad = AUTH.replace("AA==", "AA=");
    let cases = [
        (false, auth.to_owned(), "invalid-mechanism"),
        (false, bad, "incorrect-encoding"),
        (false, sasl("response", "AA=="), "malformed-request"),
        (false, sasl("abort", ""), "aborted"),
        (true, sasl("abort", ""), "aborted"),
        (true, sasl("response", "A"), "incorrect-encoding"),
    ];
    for (going_on, xml, condition) in cases {
        let mut server = Server::opened(Some("1.0"));
        if going_on {
            server.say_start();
            server.take(Input::Sasl(SaslProgress::Challenge(vec![])));
        }
        assert_eq!(server.say(&xml), (failure(condition), false), "{xml}");
        assert_eq!(server.take(Input::Element(element(AUTH))).len(), 1, "again");
    }
}

#[test]
fn plain_is_refused_with_a_remedy_where_the_password_would_show() {
    let mut server = Server::new(false);
    server.take(header(Some("private.localhost"), Some("1.0")));
    let auth = "<auth xmlns='urn:ietf:params:xml:ns:xmpp-sasl' mechanism='PLAIN'>AGEAYg==</auth>";
    let answer = "<failure xmlns='urn:ietf:params:xml:ns:xmpp-sasl'><encryption-required/>\
        <text>no passwords in the clear on this connection: use SCRAM or the digest</text></failure>";
    assert_eq!(server.say(auth), (answer.into(), false));
}

#[test]
fn failures_of_both_ways_are_counted_together() {
    let mut server = Server::opened(Some("1.0"));
    for _ in 0..2 {
        server.say_start();
        let failed = server.take(Input::Sasl(SaslProgress::Failure(
            SaslFailure::NotAuthorized,
        )));
        assert_eq!(written(failed), (failure("not-authorized"), false));
    }
    let iq = "<iq type='set'><query xmlns='jabber:iq:auth'/></iq>";
    let (answer, closes) = server.say(iq);
    assert!(
        closes && answer.ends_with(&stream_error("policy-violation", "too many failed log-ins"))
    );
}

#[test]
fn the_stream_after_log_in_must_be_for_the_same_domain() {
    for to in [Some("public.localhost"), Some("example.org"), None] {
        let mut server = Server::proven();
        let error = stream_error("not-authorized", "the log-in was for another domain");
        let (answer, closes) = written(server.take(header(to, Some("1.0"))));
        assert_eq!(
            (answer, closes),
            (format!("{HEADER_1_0}{error}"), true),
            "{to:?}"
        );
    }
}

#[test]
fn a_resource_is_granted_as_it_is_asked_or_given() {
    let cases = [
        ("<resource>Router_1</resource>", "Router_1"),
        ("<resource/>", "given"),
        ("", "given"),
    ];
    for (asked, resource) in cases {
        let mut server = Server::binding();
        let xml = format!(
            "<iq type='set' id='b'><bind xmlns='urn:ietf:params:xml:ns:xmpp-bind'>{asked}</bind></iq>"
        );
        let jid = jid(&format!("opensrf@private.localhost/{resource}"));
        let effects = server.take(Input::Element(element(&xml)));
        assert_eq!(effects, [Effect::Bind(jid.clone())]);
        let result = format!(
            "<iq type='result' id='b'><bind xmlns='urn:ietf:params:xml:ns:xmpp-bind'>\
             <jid>{jid}</jid></bind></iq>"
        );
        let effects = server.take(Input::Bound);
        assert_eq!(effects, [Effect::Send(result.into()), Effect::Online(jid)]);
    }
}

#[test]
fn a_refused_bind_can_be_tried_again() {
    let xml = "<iq type='set' id='b'><bind xmlns='urn:ietf:params:xml:ns:xmpp-bind'/></iq>";
    let cases = [
        (
            BindRefusal::Conflict,
            "<error type='cancel' code='409'><conflict ",
        ),
        (
            BindRefusal::ResourceConstraint,
            "<error type='wait' code='500'><resource-constraint ",
        ),
    ];
    let mut server = Server::binding();
    for (refusal, error) in cases {
        server.take(Input::Element(element(xml)));
        let (answer, closes) = written(server.take(Input::BindRefused(refusal)));
        assert!(answer.contains(error) && !closes, "{answer}");
    }
    let long = "x".repeat(1_024);
    let xml = xml.replace(
        "/></iq>",
        &format!("><resource>{long}</resource></bind></iq>"),
    );
    let (answer, closes) = server.say(&xml);
    assert!(answer.contains("<error type='modify' code='400'><bad-request ") && !closes);
}

#[test]
fn an_old_client_whose_address_is_not_to_be_had_may_try_again() {
    let mut server = Server::opened(None);
    let iq = "<iq type='set' id='1'><query xmlns='jabber:iq:auth'><username>a</username>\
        <digest>d</digest><resource>r</resource></query></iq>";
    for _ in 0..2 {
        server.take(Input::Element(element(iq)));
        server.take(Input::LegacyChecked(true));
        let (answer, closes) = written(server.take(Input::BindRefused(BindRefusal::Conflict)));
        assert!(answer.starts_with("<iq type='error' id='1'><error type='cancel' code='409'>"));
        assert!(!closes);
    }
}

#[test]
fn nothing_but_bind_is_answered_before_bind() {
    let error = stream_error("not-authorized", "bind a resource first");
    for xml in [
        "<message to='a@b/c'/>",
        "<iq type='set' id='1'><session xmlns='urn:ietf:params:xml:ns:xmpp-session'/></iq>",
        "<iq type='get' id='1'><bind xmlns='urn:ietf:params:xml:ns:xmpp-bind'/></iq>",
    ] {
        assert_eq!(Server::binding().say(xml), (error.clone(), true), "{xml}");
    }
}

#[test]
fn whoever_does_not_log_in_in_time_is_closed() {
    let error = stream_error("connection-timeout", "no log-in in time");
    let cases = [
        (Server::new(true), String::new()),
        (Server::opened(None), error.clone()),
        (Server::binding(), error.clone()),
        (
            Server::proven(),
            format!(
                "{}{error}",
                HEADER_1_0.replace(" id='00112233445566ff'", "")
            ),
        ),
    ];
    for (mut server, answer) in cases {
        assert_eq!(server.0.deadline(), Some(limits::LOGIN_TIME));
        let mut out = Vec::new();
        server
            .0
            .wake(limits::LOGIN_TIME - Tick::from_millis(1), &mut out);
        assert_eq!(out, []);
        server.0.wake(limits::LOGIN_TIME, &mut out);
        assert_eq!(written(out), (answer, true));
        assert!(server.0.is_done());
    }
}

#[test]
fn the_end_of_a_stream_is_answered_with_its_end() {
    let cases = [
        (Server::new(true), ""),
        (Server::opened(None), "</stream:stream>"),
        (Server::binding(), "</stream:stream>"),
    ];
    for (mut server, answer) in cases {
        assert_eq!(written(server.take(Input::Ended)), (answer.into(), true));
        assert_eq!(server.take(Input::Ended), []);
    }
}

#[test]
fn what_is_no_xml_is_told_in_a_stream() {
    let unreadable = || Input::Unreadable {
        condition: "not-well-formed",
        text: "a tag is never closed".into(),
    };
    let error = stream_error("not-well-formed", "a tag is never closed");
    let (answer, closes) = written(Server::new(true).take(unreadable()));
    assert!(answer.starts_with("<?xml") && answer.ends_with(&error) && closes);
    assert_eq!(
        written(Server::opened(None).take(unreadable())),
        (error, true)
    );
}

#[test]
fn late_answers_change_nothing() {
    let mut server = Server::opened(Some("1.0"));
    for input in [
        Input::LegacyChecked(true),
        Input::Bound,
        Input::Sasl(SaslProgress::Challenge(vec![])),
        Input::BindRefused(BindRefusal::Conflict),
    ] {
        assert_eq!(server.take(input), []);
    }
    assert_eq!(server.take(Input::Element(element(AUTH))).len(), 1);
}

#[test]
fn an_element_while_a_question_is_open_is_a_mistake() {
    let mut server = Server::opened(Some("1.0"));
    server.say_start();
    assert!(server.0.is_waiting());
    let error = stream_error("policy-violation", "not the moment for this");
    assert_eq!(server.say("<presence/>"), (error, true));
}
