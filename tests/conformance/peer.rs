//! A program of another make, on the bus.

use opensrf::osrf::{self, Body};
use opensrf::stanza::Stanza;
use opensrf::stream::legacy_digest;
use opensrf_actors::transport::Dial;

use super::form::{Envelope, Form};
use crate::raw::{HEADER, Raw, Tube, digest_login, password_login, short, stream_id};
use crate::support::{Net, PASSWORD};

/// The transaction that peers name.
pub(super) const XID: &str = "1795330780124240";

/// A program that is logged in, and writes as its make does.
pub(super) struct Peer {
    pub(super) form: Form,
    pub(super) raw: Raw<Tube>,
    /// Its full address.
    pub(super) address: String,
}

/// One OpenSRF message that came to a peer.
#[derive(Debug, Clone)]
pub(super) struct Heard {
    /// Who said it: `router_from`, if that is there.
    pub(super) from: String,
    pub(super) thread: String,
    pub(super) xid: String,
    pub(super) message: osrf::Message,
}

impl Heard {
    /// The number of its request.
    pub(super) fn trace(&self) -> u64 {
        self.message.trace
    }

    /// Method and parameters of a request, else what it is.
    pub(super) fn says(&self) -> String {
        match &self.message.body {
            Body::Connect => "CONNECT".into(),
            Body::Disconnect => "DISCONNECT".into(),
            Body::Request(request) => format!("{} {:?}", request.method, request.params),
            other => panic!("no client says {other:?}"),
        }
    }
}

impl Peer {
    /// Logs in as `opensrf@localhost/<resource>`.
    pub(super) async fn enters(net: &Net, form: Form, resource: &str) -> Self {
        let address = format!("opensrf@localhost/{resource}");
        Self::logs_in(&*net.door(), form, &address).await
    }

    /// Logs in by digest if it is a C program, else by password.
    pub(super) async fn logs_in(door: &dyn Dial, form: Form, address: &str) -> Self {
        Self::logs_in_with(door, form, address, PASSWORD).await
    }

    /// The same with another password than the tests' own.
    pub(super) async fn logs_in_with(
        door: &dyn Dial,
        form: Form,
        address: &str,
        password: &str,
    ) -> Self {
        let (user, rest) = address.split_once('@').expect("an address");
        let (domain, resource) = rest.split_once('/').expect("a full address");
        let mut raw = Raw::through(door).await;
        raw.say(&HEADER.replace("localhost", domain)).await;
        let id = stream_id(&raw.read().await);
        let login = match form {
            Form::C => digest_login(user, &legacy_digest(&id, password), resource),
            Form::Perl | Form::Old => password_login(user, password, resource),
        };
        raw.say(&login).await;
        let result = raw.read().await;
        assert!(result.contains("type='result'"), "{result}");
        raw.frame().await;
        raw.frame().await;
        let address = address.to_owned();
        Self { form, raw, address }
    }

    /// Says messages in a conversation.
    pub(super) async fn says(&mut self, to: &str, thread: &str, messages: &[String]) {
        let body = self.form.body(messages);
        self.says_body(to, thread, &body).await;
    }

    /// Says any text in a conversation.
    pub(super) async fn says_body(&mut self, to: &str, thread: &str, body: &str) {
        let from = self.address.clone();
        let outside = Envelope {
            to,
            from: &from,
            thread,
            xid: XID,
            ..Envelope::default()
        };
        self.raw.say(&self.form.stanza(outside, body)).await;
    }

    /// Asks a service, at its router: request 1 of a conversation named like the method.
    pub(super) async fn asks(&mut self, service: &str, method: &str, params: &str) {
        let request = self.form.request(1, method, params);
        self.says(&at_router(service), method, &[request]).await;
    }

    /// Asks a service, and gives what the answers are, shortly, until the request has ended.
    pub(super) async fn is_told(&mut self, service: &str, method: &str, params: &str) -> String {
        self.asks(service, method, params).await;
        self.hears_the_end().await
    }

    /// What is answered until a status ends the request, shortly.
    pub(super) async fn hears_the_end(&mut self) -> String {
        let mut told: Vec<String> = Vec::new();
        loop {
            told.push(short(&self.hears().await));
            if told.last().is_some_and(|last| last.contains(" osrf")) {
                return told.join(", ");
            }
        }
    }

    /// The next stanza.
    pub(super) async fn hears(&mut self) -> Stanza {
        self.raw.stanza().await
    }

    /// The next stanza, which holds one OpenSRF message.
    pub(super) async fn hears_one(&mut self) -> Heard {
        let stanza = self.hears().await;
        let content = stanza.decode();
        let mut messages = osrf::decode(&content.body).expect("OpenSRF");
        assert_eq!(messages.len(), 1, "{}", content.body);
        Heard {
            from: stanza.sender().expect("a sender").to_string(),
            thread: content.thread.to_string(),
            xid: content.opensrf.osrf_xid.to_string(),
            message: messages.remove(0),
        }
    }

    /// Opens a session with a service; the drone's address.
    pub(super) async fn connects(&mut self, service: &str, thread: &str) -> String {
        let connect = self.form.connect(0);
        self.says(&at_router(service), thread, &[connect]).await;
        let opened = self.hears().await;
        assert_eq!(short(&opened), "0: 200 osrfConnectStatus");
        assert_eq!(opened.thread(), thread);
        opened.from.as_ref().expect("a drone").to_string()
    }

    /// Says `register` or `unregister` to a router.
    pub(super) async fn commands(&mut self, router: &str, command: &str, class: &str) {
        let outside = Envelope {
            to: router,
            from: &self.address,
            class,
            command,
            ..Envelope::default()
        };
        self.raw
            .say(&self.form.stanza(outside, "registering"))
            .await;
    }

    /// Checks that nothing came before the answer to a ping.
    pub(super) async fn hears_nothing(&mut self) {
        self.raw.is_silent().await;
    }
}

/// Where a service is asked for.
pub(super) fn at_router(service: &str) -> String {
    format!("router@localhost/{service}")
}
