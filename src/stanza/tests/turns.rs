//! Stanzas that are sent back or sent on.

use super::super::{Condition, Stanza, StanzaError};
use super::{jid, read, written};

const REQUEST: &str = "<message to='gone@a/b' from='me@a/c' id='7' xmlns:x='urn:x' osrf_xid='8'>\
                       <thread>1</thread><body>&quot;</body><x:y/></message>";

#[test]
fn a_bounce_echoes_what_was_sent() {
    let error = StanzaError::new(Condition::ServiceUnavailable).with_text("gone & lost");
    let bounce = read(REQUEST).bounce(error.clone()).unwrap();
    assert_eq!(
        written(&bounce),
        "<message to=\"me@a/c\" from=\"gone@a/b\" type=\"error\" id=\"7\" xmlns:x=\"urn:x\" \
         osrf_xid=\"8\"><thread>1</thread><body>&quot;</body><x:y/><error type='cancel' \
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
    stanza.forward(jid("router@a/s"), jid("node@a/n"), &jid("me@a/c"))
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
