//! What is made of servers that end a stream.

use std::io;
use std::sync::Mutex;

use actix::{Actor, Context, Handler};
use opensrf::stanza::{Kind, Parts};
use opensrf::stream::LoginError;
use opensrf::xml::Frame;
use tokio::io::{AsyncWriteExt, DuplexStream};
use tokio::sync::mpsc;

use super::super::{LinkEvent, halves};
use super::stream::{read_frame, read_on};
use super::*;

/// Gives this one connection.
#[derive(Debug)]
struct Once(Mutex<Option<DuplexStream>>);

impl Dial for Once {
    fn dial(&self) -> LocalBoxFuture<'static, io::Result<Halves>> {
        let stream = self.0.lock().ok().and_then(|mut stream| stream.take());
        let stream = stream.ok_or_else(|| io::Error::from(io::ErrorKind::ConnectionRefused));
        Box::pin(async { Ok(halves(stream?, true)) })
    }

    fn address(&self) -> String {
        "once".into()
    }
}

struct Party(mpsc::UnboundedSender<LinkError>);

impl Actor for Party {
    type Context = Context<Self>;
}

impl Handler<LinkEvent> for Party {
    type Result = ();

    fn handle(&mut self, event: LinkEvent, _: &mut Self::Context) {
        if let LinkEvent::Down(reason) = event {
            let _ = self.0.send(reason);
        }
    }
}

/// A server that has said all that it will say, and its client, not yet connected.
async fn server(says: &[&str]) -> (DuplexStream, Xmpp) {
    let (mut server, client) = tokio::io::duplex(4_096);
    for part in says {
        server.write_all(part.as_bytes()).await.unwrap();
    }
    let credentials = Credentials {
        password: "secret".into(),
        method: LoginMethod::Legacy,
    };
    let dial = Arc::new(Once(Mutex::new(Some(client))));
    (server, Xmpp::new(dial, credentials, Env::simulated(1)))
}

fn jid() -> Jid {
    Jid::parse("opensrf@localhost/a").unwrap()
}

const HEADER: &str = "<stream:stream xmlns='jabber:client' id='1' from='localhost' \
                      xmlns:stream='http://etherx.jabber.org/streams'>";
const GRANTED: &str = "<iq type='result' id='login'/>";

fn stream_error(condition: &str) -> String {
    format!(
        "<stream:error><{condition} xmlns='urn:ietf:params:xml:ns:xmpp-streams'/></stream:error>"
    )
}

#[test]
fn why_a_server_refuses_a_stream_is_told_though_it_is_gone() {
    actix_rt::System::new().block_on(async {
        let error = stream_error("internal-server-error");
        let (server, client) = server(&[HEADER, &error]).await;
        drop(server);
        let (sender, _reasons) = mpsc::unbounded_channel();
        let inbox = Inbox::new(Party(sender).start());
        let error = client.connect(jid(), inbox).await.unwrap_err();
        assert_eq!(
            error.to_string(),
            "the server ended the stream with internal-server-error"
        );
    });
}

#[test]
fn a_conflict_is_one_also_when_it_is_noticed_in_writing() {
    actix_rt::System::new().block_on(async {
        let error = stream_error("conflict");
        let (server, client) = server(&[HEADER, GRANTED, &error]).await;
        let (sender, mut reasons) = mpsc::unbounded_channel();
        let inbox = Inbox::new(Party(sender).start());
        let link = client.connect(jid(), inbox).await.unwrap();
        // The link has not run yet: it finds something to write, and nobody to take it.
        link.send(Stanza::message(jid(), Default::default()));
        drop(server);
        let reason = reasons.recv().await;
        assert!(matches!(reason, Some(LinkError::Conflict)), "{reason:?}");
    });
}

/// A logged-in stream to a server, and the inbox of a party that nobody looks into.
fn stream(client: DuplexStream) -> (Stream, Inbox) {
    let Halves { reader, writer, .. } = halves(client, true);
    let framer = Framer::new(LIMITS);
    let (sender, _reasons) = mpsc::unbounded_channel();
    let stream = Stream {
        reader,
        writer,
        framer,
    };
    (stream, Inbox::new(Party(sender).start()))
}

#[test]
fn a_link_that_was_let_go_when_its_server_went_did_panic() {
    actix_rt::System::new().block_on(async {
        let (server, client) = tokio::io::duplex(4_096);
        let (stream, inbox) = stream(client);
        let outbox = Outbox::new(OUTBOX_BYTES);
        outbox
            .push(Stanza::message(jid(), Default::default()))
            .unwrap();
        outbox.close();
        drop(server);
        let signs = Signs::new(&Env::simulated(1));
        stream.run(outbox.clone(), inbox, signs, None).await;
        assert!(outbox.abandon().is_empty());
    });
}

#[test]
fn the_answer_to_a_ping_took_the_place_of_a_request() {
    actix_rt::System::new().block_on(async {
        let (mut server, client) = tokio::io::duplex(4_096);
        let (mut stream, inbox) = stream(client);
        let ping = "<iq type='get' id='1' from='localhost'><ping xmlns='urn:xmpp:ping'/></iq>";
        let said = format!("{HEADER}{ping}");
        server.write_all(said.as_bytes()).await.unwrap();
        drop(server);
        let passed_on = Stanza::from(Parts {
            from: Some(Jid::parse("opensrf@localhost/b").unwrap()),
            ..Stanza::message(jid(), Default::default()).into_parts()
        });
        let outbox = Outbox::new(4 * passed_on.weight());
        for _ in 0..4 {
            outbox.push(passed_on.clone()).unwrap();
        }
        let signs = Signs::new(&Env::simulated(1));
        let Stream { reader, framer, .. } = &mut stream;
        let header = read_frame(reader, framer, &signs).await;
        assert!(matches!(header, Ok(Some(Frame::Open(_)))));
        read_on(reader, framer, &outbox, &inbox, &signs).await;
        let kept = outbox.abandon();
        assert_eq!(kept.iter().filter(|s| s.kind == Kind::Message).count(), 4);
    });
}

#[test]
fn an_answer_to_a_ping_was_counted_as_an_answer_that_somebody_missed() {
    actix_rt::System::new().block_on(async {
        let (sender, _reasons) = mpsc::unbounded_channel();
        let inbox = Inbox::new(Party(sender).start());
        let ping = Stanza::ping(jid(), "1");
        for stanza in [ping.granted(), ping] {
            send_back(&inbox, Unsent::Closed(Box::new(stanza)));
        }
        assert_eq!(inbox.take_unsent(), 0);
        let message = Stanza::message(jid(), Default::default());
        send_back(&inbox, Unsent::Closed(Box::new(message)));
        assert_eq!(inbox.take_unsent(), 1);
    });
}

/// What becomes of connecting to nothing, and how long that takes.
fn fails_after(dial: impl Dial + 'static) -> (String, u64) {
    let runtime = || {
        let mut runtime = tokio::runtime::Builder::new_current_thread();
        runtime.enable_all().start_paused(true).build().unwrap()
    };
    actix_rt::System::with_tokio_rt(runtime).block_on(async {
        let credentials = Credentials {
            password: "secret".into(),
            method: LoginMethod::Legacy,
        };
        let (sender, _reasons) = mpsc::unbounded_channel();
        let inbox = Inbox::new(Party(sender).start());
        let begun = actix_rt::time::Instant::now();
        let client = Xmpp::new(Arc::new(dial), credentials, Env::simulated(1));
        let error = client.connect(jid(), inbox).await.unwrap_err();
        (error.to_string(), begun.elapsed().as_secs())
    })
}

/// A machine that does not exist.
#[derive(Debug)]
struct Never;

impl Dial for Never {
    fn dial(&self) -> LocalBoxFuture<'static, io::Result<Halves>> {
        Box::pin(std::future::pending())
    }

    fn address(&self) -> String {
        "nowhere:5222".into()
    }
}

#[test]
fn a_connection_that_never_stands_is_given_up_after_ten_seconds() {
    let (error, seconds) = fails_after(Never);
    assert!(
        error.contains("nowhere:5222: no connection within 10s"),
        "{error}"
    );
    assert_eq!(seconds, 10);
}

#[test]
fn a_log_in_that_nobody_reads_or_answers_is_given_up_after_thirty_seconds() {
    // Room for all that is written, and for less than the header.
    for room in [4_096, 10] {
        let (server, client) = tokio::io::duplex(room);
        let (error, seconds) = fails_after(Once(Mutex::new(Some(client))));
        assert_eq!((error, seconds), (LoginError::Timeout.to_string(), 30));
        drop(server);
    }
}

#[test]
fn a_log_in_that_hangs_half_way_is_given_up_after_thirty_seconds() {
    let (mut server, client) = tokio::io::duplex(4_096);
    let said = format!("{HEADER}<iq type='result' ");
    futures::executor::block_on(server.write_all(said.as_bytes())).unwrap();
    let (error, seconds) = fails_after(Once(Mutex::new(Some(client))));
    assert_eq!((error, seconds), (LoginError::Timeout.to_string(), 30));
}
