//! What a server makes of directed presence: it tells the end of a session, and nothing else changes.
//!
//! A session that has sent presence to everybody is "available", and servers hand it what was meant for
//! a sibling that is gone (measured with all three). One that has only shown itself to one other must
//! not be: a request to a dead listener has to come back.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;

use crate::support::World;

/// Patience with a server. None needs as long.
const PATIENCE: Duration = Duration::from_secs(30);

const HEADER: &str = "<?xml version='1.0'?><stream:stream to='localhost' version='1.0' \
                      xmlns='jabber:client' xmlns:stream='http://etherx.jabber.org/streams'>";

/// A session that says and hears bytes.
struct Session {
    address: String,
    socket: TcpStream,
    heard: String,
}

impl Session {
    /// Logs in; jabberd2 2.7.0 fails in one of some hundred log-ins.
    fn open(world: &World, user: &str, resource: &str) -> Self {
        let mut attempts = (0..5).map(|_| Self::log_in(world, user, resource));
        attempts.find_map(Result::ok).expect("a session")
    }

    fn log_in(world: &World, user: &str, resource: &str) -> Result<Self, String> {
        let socket = TcpStream::connect(world.address()).expect("a server");
        socket.set_read_timeout(Some(PATIENCE)).expect("a socket");
        let mut session = Self {
            address: format!("{user}@localhost/{resource}"),
            socket,
            heard: String::new(),
        };
        session.says(HEADER);
        session.hears("</stream:features>")?;
        let secret = STANDARD.encode(format!("\0{user}\0secret"));
        session.says(&format!(
            "<auth xmlns='urn:ietf:params:xml:ns:xmpp-sasl' mechanism='PLAIN'>{secret}</auth>"
        ));
        session.hears("<success")?;
        session.says(HEADER);
        session.hears("</stream:features>")?;
        session.says(&format!(
            "<iq type='set' id='b'><bind xmlns='urn:ietf:params:xml:ns:xmpp-bind'>\
             <resource>{resource}</resource></bind></iq>"
        ));
        session.hears("</iq>")?;
        session.says(
            "<iq type='set' id='s'><session xmlns='urn:ietf:params:xml:ns:xmpp-session'/></iq>",
        );
        session.settles();
        Ok(session)
    }

    fn says(&mut self, text: &str) {
        self.socket.write_all(text.as_bytes()).expect("a server");
    }

    /// Reads until `text` has come; gives all that came with it.
    fn hears(&mut self, text: &str) -> Result<String, String> {
        let mut bytes = [0; 4096];
        while !self.heard.contains(text) {
            match self.socket.read(&mut bytes) {
                Ok(0) => return Err(format!("the end instead of {text}: {}", self.heard)),
                Ok(read) => self
                    .heard
                    .push_str(&String::from_utf8_lossy(&bytes[..read])),
                Err(error) => return Err(format!("{error} instead of {text}: {}", self.heard)),
            }
        }
        Ok(std::mem::take(&mut self.heard))
    }

    fn is_told(&mut self, text: &str) -> String {
        self.hears(text).expect("it is told")
    }

    /// All that had been sent to it before this moment: what it sends itself comes behind that.
    fn settles(&mut self) -> String {
        let address = self.address.clone();
        self.says(&format!(
            "<message to='{address}' id='fence'><body>b</body></message>"
        ));
        self.is_told("</message>")
    }

    fn shows_itself_to(&mut self, other: &str) {
        self.says(&format!("<presence to='{other}'/>"));
    }
}

const GONE: &str = "unavailable";

/// Checks the server of `world`.
pub(super) fn directed_presence_tells_ends_and_nothing_else(world: &World) {
    let open = |user, resource| Session::open(world, user, resource);
    let mut router = open("router", "other");
    let mut listener = open("opensrf", "listener");
    let mut sibling = open("opensrf", "sibling");
    for session in [&mut listener, &mut sibling] {
        session.shows_itself_to("router@localhost/other");
        router.is_told("<presence");
    }
    router.shows_itself_to("opensrf@localhost/listener");
    listener.is_told("<presence");

    // A listener dies without a word.
    drop(sibling);
    assert!(router.is_told(GONE).contains("opensrf@localhost/sibling"));

    // What is for it comes back, and its siblings hear nothing of it.
    for kind in ["", "type='chat'"] {
        router.says(&format!(
            "<message to='opensrf@localhost/sibling' {kind} id='lost'><body>b</body></message>"
        ));
        let bounce = router.is_told("</message>");
        assert!(
            bounce.contains("error") && bounce.contains("lost"),
            "{bounce}"
        );
    }
    assert!(!listener.settles().contains("lost"));

    // Another session takes the address of one that was shown.
    let mut first = open("opensrf", "taken");
    first.shows_itself_to("router@localhost/other");
    router.is_told("<presence");
    let second = open("opensrf", "taken");
    assert!(router.is_told(GONE).contains("opensrf@localhost/taken"));
    drop(second);

    // The router dies.
    drop(router);
    assert!(listener.is_told(GONE).contains("router@localhost/other"));
    // And is shown to nobody who comes where it was; what is said to it is lost without a word.
    listener.shows_itself_to("router@localhost/other");
    assert!(!listener.settles().contains("<presence"));
}
