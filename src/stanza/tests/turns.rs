//! Stanzas that are sent back or sent on.

use super::super::{Condition, Message, Placement, Stanza, StanzaError};
use super::{jid, read, written};

const REQUEST: &str = "<message to='gone@a/b' from='me@a/c' id='7' xmlns:x='urn:x'>\
                       <opensrf osrf_xid='8'/><thread>1</thread><body>&quot;</body><x:y/></message>";

#[test]
fn a_bounce_echoes_what_was_sent() {
    let error = StanzaError::new(Condition::ServiceUnavailable).with_text("gone & lost");
    let bounce = read(REQUEST).bounce(error.clone()).unwrap();
    assert_eq!(
        written(&bounce),
        "<message to=\"me@a/c\" from=\"gone@a/b\" type=\"error\" id=\"7\" xmlns:x=\"urn:x\">\
         <opensrf osrf_xid='8'/><thread>1</thread><body>&quot;</body><x:y/><error type='cancel' \
         code='503'><service-unavailable xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/>\
         <text xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'>gone &amp; lost</text></error></message>"
    );
    let read = read(&written(&bounce));
    assert_eq!(read.error().unwrap().text, error.text);
    // The parts of what was put together are where they are said to be.
    assert_eq!(bounce.payload, read.payload);
}

#[test]
fn some_stanzas_are_not_bounced() {
    let error = || StanzaError::new(Condition::ServiceUnavailable);
    for xml in [
        "<message type='error'/>",
        "<message><error type='cancel' code='501'/></message>",
        "<iq type='result'/>",
        "<iq type='error'/>",
        "<presence/>",
    ] {
        assert_eq!(read(xml).bounce(error()), None, "{xml}");
    }
    for xml in [
        "<message/>",
        "<message type='result'/>",
        "<iq type='get'/>",
        "<iq/>",
    ] {
        assert!(read(xml).bounce(error()).is_some(), "{xml}");
    }
}

fn forwarded(stanza: &Stanza) -> Stanza {
    forwarded_to(stanza, Placement::Child)
}

fn forwarded_to(stanza: &Stanza, node: Placement) -> Stanza {
    numbered(stanza, node, None)
}

fn numbered(stanza: &Stanza, node: Placement, number: Option<u64>) -> Stanza {
    let (from, to) = (jid("router@a/s"), jid("node@a/n"));
    stanza.forward(from, to, &jid("me@a/c"), node, number)
}

const FORWARDED: &str = "<message to=\"node@a/n\" from=\"router@a/s\" xmlns:x=\"urn:x\">\
                         <opensrf router_from=\"me@a/c\" router_to=\"\" router_class=\"\" \
                         router_command=\"\" osrf_xid=\"8\"/>\
                         <thread>1</thread><body>&quot;</body><x:y/></message>";

#[test]
fn a_router_passes_on_all_but_the_attributes() {
    let stanza = forwarded(&read(REQUEST));
    assert_eq!(written(&stanza), FORWARDED);
    assert_eq!(stanza.payload, read(FORWARDED).payload);
    assert_eq!(stanza.sender(), Some(jid("me@a/c")));
}

#[test]
fn the_echo_in_a_bounce_can_be_sent_on() {
    let sent = forwarded(&read(REQUEST));
    let bounce = sent.bounce(StanzaError::new(Condition::ServiceUnavailable));
    assert_eq!(written(&forwarded(&bounce.unwrap())), FORWARDED);
}

#[test]
fn new_attributes_take_the_place_of_all_old_ones() {
    let stanza = read(
        "<message><body>b</body><opensrf osrf_xid='8' broadcast='1'/><opensrf osrf_xid='9'/>\
         <x xmlns='urn:x'><opensrf/></x><opensrf xmlns='urn:x'/></message>",
    );
    assert_eq!(
        written(&forwarded(&stanza)),
        "<message to=\"node@a/n\" from=\"router@a/s\">\
         <opensrf router_from=\"me@a/c\" router_to=\"\" router_class=\"\" router_command=\"\" \
         osrf_xid=\"8\"/><body>b</body><x xmlns='urn:x'><opensrf/></x>\
         <opensrf xmlns='urn:x'/></message>"
    );
}

#[test]
fn a_router_passes_on_how_long_the_caller_waits_and_does_not_tell_the_caller() {
    let stanza = read("<message><opensrf osrf_timeout='500'/></message>");
    assert!(written(&forwarded(&stanza)).contains(" osrf_timeout=\"500\"/>"));
    let error = StanzaError::new(Condition::ServiceUnavailable);
    let refusal = stanza.refusal(jid("router@a/s"), jid("me@a/c"), error);
    assert_eq!(refusal.extension().timeout, None);
}

#[test]
fn a_class_numbers_what_it_passes_on_by_itself_only() {
    let asked = read("<message><opensrf osrf_number='5' osrf_drones='6'/></message>");
    assert_eq!(asked.number(), Some(5));
    assert!(written(&forwarded(&asked)).contains(" osrf_xid=\"\"/>"));
    let sent = numbered(&asked, Placement::Child, Some(7));
    assert!(written(&sent).contains(" osrf_xid=\"\" osrf_number=\"7\"/>"));
    assert_eq!(sent.number(), Some(7));
}

/// As a program of OpenSRF 3.0 asks.
const OLD: &str = "<message to='router@a/s' from='me@a/c' osrf_xid='&quot;8'>\
                   <thread>1</thread><body>b</body></message>";
/// As a router of OpenSRF 3.0 passes it on.
const OLD_FORWARDED: &str = "<message to=\"node@a/n\" from=\"router@a/s\" \
                             router_from=\"me@a/c\" router_to=\"\" router_class=\"\" \
                             router_command=\"\" osrf_xid=\"&quot;8\">\
                             <thread>1</thread><body>b</body></message>";

#[test]
fn an_old_node_gets_the_attributes_on_the_message_whoever_asks() {
    let new = "<message><opensrf osrf_xid='&quot;8'/><thread>1</thread><body>b</body></message>";
    for asked in [OLD, new] {
        let stanza = forwarded_to(&read(asked), Placement::Message);
        assert_eq!(written(&stanza), OLD_FORWARDED);
        assert_eq!(stanza.sender(), Some(jid("me@a/c")));
        let bounce = stanza.bounce(StanzaError::new(Condition::ServiceUnavailable));
        let echo = read(&written(&bounce.unwrap()));
        assert_eq!(echo.extension().router_from, Some(jid("me@a/c")));
        assert_eq!(
            written(&forwarded_to(&echo, Placement::Message)),
            OLD_FORWARDED
        );
    }
}

#[test]
fn a_new_node_of_an_old_caller_gets_both_places_and_answers_in_both() {
    let stanza = read(&written(&forwarded(&read(OLD))));
    let extension = stanza.extension();
    assert_eq!(extension.placement, Placement::Both);
    assert_eq!(extension.router_from, Some(jid("me@a/c")));
    let answer = Message {
        opensrf: extension.for_answer(),
        ..Message::default()
    };
    let attributes = "router_from=\"\" router_to=\"\" router_class=\"\" router_command=\"\" \
                      osrf_xid=\"&quot;8\"";
    assert_eq!(
        written(&Stanza::message(jid("me@a/c"), answer)),
        format!("<message to=\"me@a/c\" {attributes}><opensrf {attributes}/></message>")
    );
}

#[test]
fn the_caller_of_the_old_form_finds_the_refusal() {
    let error = StanzaError::new(Condition::ServiceUnavailable);
    let refusal = read(OLD).refusal(jid("router@a/s"), jid("me@a/c"), error);
    let refusal = read(&written(&refusal));
    assert_eq!(refusal.extension().placement, Placement::Both);
    assert_eq!(refusal.extension().router_from, None);
    assert_eq!(&*refusal.extension().osrf_xid, "\"8");
}
