//! A client that speaks bytes, and anything it likes.

use std::time::Duration;

use opensrf::limits::StreamLimits;
use opensrf::liveness;
use opensrf::osrf::{self, Body};
use opensrf::stanza::Stanza;
use opensrf::stream::legacy_digest;
use opensrf::xml::{Frame, Framer, ns};
use opensrf_actors::host::HostHandle;
use opensrf_actors::transport::Dial;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, Join, join};
use tokio::net::TcpStream;

use crate::support::{PASSWORD, address};

/// How long a test waits for bytes before it fails. None ever waits so long.
const PATIENCE: Duration = Duration::from_secs(90);

/// The header that every original program sends.
pub(crate) const HEADER: &str = "<stream:stream to='localhost' xmlns='jabber:client' \
                                 xmlns:stream='http://etherx.jabber.org/streams'>";

/// Any byte stream, by its two halves.
pub(crate) type Tube = Join<Box<dyn AsyncRead + Send + Unpin>, Box<dyn AsyncWrite + Send + Unpin>>;

/// One connection.
pub(crate) struct Raw<S = TcpStream> {
    socket: S,
    framer: Framer,
}

impl Raw {
    /// Connects to a hub and says nothing.
    pub(crate) async fn dial(hub: &HostHandle) -> Self {
        let socket = TcpStream::connect(address(hub)).await.expect("a hub");
        socket.set_nodelay(true).expect("a socket");
        Self::over(socket)
    }

    /// Logs in as `opensrf@localhost/<resource>`.
    pub(crate) async fn log_in(hub: &HostHandle, resource: &str) -> Self {
        Self::log_in_as("opensrf", "localhost", hub, resource).await
    }

    /// Logs in as `<user>@<domain>/<resource>`.
    pub(crate) async fn log_in_as(
        user: &str,
        domain: &str,
        hub: &HostHandle,
        resource: &str,
    ) -> Self {
        let mut raw = Self::dial(hub).await;
        raw.authenticate(user, domain, resource).await;
        raw
    }
}

impl Raw<Tube> {
    /// Connects to a server and says nothing.
    pub(crate) async fn through(door: &dyn Dial) -> Self {
        let halves = door.dial().await.expect("a server");
        Self::over(join(halves.reader, halves.writer))
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin> Raw<S> {
    /// Speaks over these bytes.
    pub(crate) fn over(socket: S) -> Self {
        let framer = Framer::new(StreamLimits::FROM_SERVER);
        Self { socket, framer }
    }

    /// Logs in as the C programs do.
    pub(crate) async fn authenticate(&mut self, user: &str, domain: &str, resource: &str) {
        self.say(&HEADER.replace("localhost", domain)).await;
        let digest = legacy_digest(&stream_id(&self.read().await), PASSWORD);
        self.say(&digest_login(user, &digest, resource)).await;
        let result = self.read().await;
        assert!(result.contains("type='result'"), "{result}");
        self.frame().await;
        self.frame().await;
    }

    /// Sends bytes. The server may have closed the connection; what it said tells.
    pub(crate) async fn say(&mut self, text: &str) {
        let _ = self.socket.write_all(text.as_bytes()).await;
    }

    /// All that one read gives; nothing at the end.
    pub(crate) async fn read(&mut self) -> String {
        let mut bytes = vec![0; 256 * 1024];
        let reading = tokio::time::timeout(PATIENCE, self.socket.read(&mut bytes));
        // A reset is an end as well.
        let length = reading.await.expect("bytes in time").unwrap_or(0);
        bytes.truncate(length);
        self.framer.buffer().extend_from_slice(&bytes);
        String::from_utf8(bytes).expect("UTF-8 cut at its borders")
    }

    /// The next part of the stream, pings of the server left out; `None` at its end.
    pub(crate) async fn frame(&mut self) -> Option<Frame> {
        loop {
            match self.framer.next_frame().expect("good XML") {
                Some(frame) if is_ping(&frame) => continue,
                Some(frame) => return Some(frame),
                None => {}
            }
            if self.read().await.is_empty() {
                return None;
            }
        }
    }

    /// The next stanza.
    pub(crate) async fn stanza(&mut self) -> Stanza {
        match self.frame().await {
            Some(Frame::Element(raw)) => Stanza::from_raw(raw).expect("a stanza"),
            other => panic!("no stanza: {other:?}"),
        }
    }

    /// All that comes until the server closes the connection.
    pub(crate) async fn rest(&mut self) -> String {
        let mut all = String::new();
        loop {
            let more = self.read().await;
            if more.is_empty() {
                return all;
            }
            all.push_str(&more);
        }
    }

    /// Checks that nothing came before the answer to a ping: all that was sent is dealt with.
    pub(crate) async fn is_silent(&mut self) {
        self.say("<iq type='get' id='fence'><ping xmlns='urn:xmpp:ping'/></iq>")
            .await;
        let next = self.stanza().await;
        assert_eq!((&*next.id, &*next.stanza_type), ("fence", "result"));
    }
}

/// Whether the server asks whether we live.
fn is_ping(frame: &Frame) -> bool {
    let Frame::Element(raw) = frame else {
        return false;
    };
    Stanza::from_raw(raw.clone()).is_ok_and(|s| s.id == liveness::PING && s.asks_for(&[ns::PING]))
}

/// The id in a server's header.
pub(crate) fn stream_id(header: &str) -> String {
    let after = header.split_once(" id='").expect("an id").1;
    after.split_once('\'').expect("its end").0.to_owned()
}

/// The log-in of the C programs.
pub(crate) fn digest_login(user: &str, digest: &str, resource: &str) -> String {
    format!(
        "<iq id='123456789' type='set'><query xmlns='jabber:iq:auth'><username>{user}</username>\
         <digest>{digest}</digest><resource>{resource}</resource></query></iq>"
    )
}

/// The log-in of the Perl programs.
pub(crate) fn password_login(user: &str, password: &str, resource: &str) -> String {
    format!(
        "<iq id='123' type='set'><query xmlns='jabber:iq:auth'><username>{user}</username>\
         <password>{password}</password><resource>{resource}</resource></query></iq>"
    )
}

/// A message with this body, as the C programs write it.
pub(crate) fn message(to: &str, thread: &str, body: &str) -> String {
    let body = body
        .replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;");
    format!(
        "<message to=\"{to}\"><opensrf router_from=\"\" router_to=\"\" router_class=\"\" \
         router_command=\"\" osrf_xid=\"xid-1\"/><thread>{thread}</thread><body>{body}</body></message>"
    )
}

/// A body that calls a method.
pub(crate) fn request(trace: &str, method: &str, params: &str) -> String {
    format!(
        r#"[{{"__c":"osrfMessage","__p":{{"threadTrace":{trace},"locale":"en-US","api_level":1,"type":"REQUEST","payload":{{"__c":"osrfMethod","__p":{{"method":"{method}","params":{params}}}}}}}}}]"#
    )
}

/// The messages of an answer, shortly: number, code, and the content of results.
pub(crate) fn short(stanza: &Stanza) -> String {
    let messages = osrf::decode(&stanza.decode().body).unwrap();
    let short = messages.into_iter().map(|message| match message.body {
        Body::Result(answer) => format!("{}: {}", message.trace, answer.content),
        Body::Status(status) => format!("{}: {} {}", message.trace, status.code, status.class),
        other => panic!("no answer: {other:?}"),
    });
    short.collect::<Vec<_>>().join(", ")
}
