//! A service of another make: the address of its class, and one drone.

use opensrf_actors::client::{Answers, Client, ClientError};
use opensrf_actors::host::HostBuilder;

use super::form::{Envelope, Form};
use super::peer::{Heard, Peer};
use crate::support::Net;

/// The service that is played.
pub(super) const SERVICE: &str = "test.played";

/// Where it is asked for.
pub(super) const CLASS: &str = "router@localhost/test.played";

/// No service but those that are played.
pub(super) fn nobody(builder: HostBuilder) -> HostBuilder {
    builder
}

/// A class at the router, and a drone, both of one make.
pub(super) struct Played {
    pub(super) class: Peer,
    pub(super) drone: Peer,
}

impl Played {
    /// Both log in.
    pub(super) async fn opens(net: &Net, form: Form) -> Self {
        Self {
            class: Peer::logs_in(&*net.door(), form, CLASS).await,
            drone: Peer::enters(net, form, "test.played_drone_vm_1").await,
        }
    }

    /// The next message that comes to the class.
    pub(super) async fn is_asked(&mut self) -> Heard {
        self.class.hears_one().await
    }

    /// The drone answers in one stanza.
    pub(super) async fn answers(&mut self, asked: &Heard, messages: &[String]) {
        self.drone.says(&asked.from, &asked.thread, messages).await;
    }

    /// The drone answers with one result and the end.
    pub(super) async fn serves(&mut self, asked: &Heard, content: &str) {
        let form = self.drone.form;
        let messages = [
            form.result(asked.trace(), content),
            form.complete(asked.trace()),
        ];
        self.answers(asked, &messages).await;
    }

    /// The class takes a CONNECT, and the drone says that it is the session's.
    pub(super) async fn accepts(&mut self) -> Heard {
        let asked = self.is_asked().await;
        assert_eq!(asked.says(), "CONNECT");
        let connected = self.drone.form.connected(asked.trace());
        self.answers(&asked, &[connected]).await;
        asked
    }

    /// Sends back what was asked, as if the Jabber server had not found `who`.
    pub(super) async fn bounces(who: &mut Peer, asked: &Heard, kind: &str, error: &str) {
        let body = opensrf::osrf::encode([&asked.message]);
        let outside = Envelope {
            to: &asked.from,
            from: &who.address,
            thread: &asked.thread,
            ..Envelope::default()
        };
        let body = body
            .replace('&', "&amp;")
            .replace('<', "&lt;")
            .replace('>', "&gt;");
        let inside = format!("<body>{body}</body>{error}");
        let stanza = who.form.message(outside, &inside);
        who.raw
            .say(&stanza.replacen("<message", &format!("<message{kind}"), 1))
            .await;
    }
}

/// A call that goes on beside the play.
pub(super) type Calling = actix_rt::task::JoinHandle<Result<Answers, ClientError>>;

/// Begins to ask the played service.
pub(super) fn ask(client: &Client, method: &'static str) -> Calling {
    let client = client.clone();
    actix_rt::spawn(async move { client.call(SERVICE, method, ()).await })
}

/// What a call gave, as JSON texts.
pub(super) async fn gave(calling: Calling) -> Vec<String> {
    let answers = calling.await.expect("no panic").expect("good answers");
    answers.json().iter().map(ToString::to_string).collect()
}

/// What a call failed with.
pub(super) async fn failed(calling: Calling) -> opensrf::session::CallError {
    let error = calling.await.expect("no panic").expect_err("no good end");
    error.call().cloned().expect("an error of the call")
}
