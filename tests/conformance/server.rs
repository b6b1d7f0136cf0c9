//! A Jabber server, played by bytes.

use opensrf::stream::legacy_digest;
use opensrf::xml::Frame;
use opensrf_actors::host::{HostBuilder, HostHandle};
use opensrf_actors::settings::{Keep, Settings};
use tokio::net::{TcpListener, TcpStream};

use crate::raw::Raw;
use crate::support::PASSWORD;

const STREAM_ID: &str = "10595904656000273518";

/// A server that waits for connections.
pub(super) struct Server {
    listener: TcpListener,
}

impl Server {
    pub(super) async fn opens() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        Self { listener }
    }

    /// Starts a host without services that logs in here as the original's programs do.
    pub(super) async fn starts_a_client(&self) -> HostHandle {
        let text = format!(
            r#"
            [bus]
            domain = "localhost"
            address = "{}"
            login = "legacy"
            account = {{ user = "opensrf", password = "{PASSWORD}" }}
            "#,
            self.listener.local_addr().expect("an address")
        );
        let settings = Settings::loader().text("test", &text).load().expect("good");
        let secrets = settings.resolve_secrets(Keep::InMemory).expect("passwords");
        let builder = HostBuilder::from_settings(&settings, &secrets).expect("a host");
        builder.start().await.expect("a host")
    }

    /// The next connection, and all that it says until it is logged in.
    pub(super) async fn accepts(&self) -> (Raw<TcpStream>, String) {
        let (socket, _) = self.listener.accept().await.expect("a connection");
        let mut raw = Raw::over(socket);
        let mut said = raw.read().await;
        // As ejabberd 23.01 was recorded to say it.
        raw.say(&format!(
            "<?xml version='1.0'?><stream:stream id='{STREAM_ID}' xml:lang='en' \
             xmlns:stream='http://etherx.jabber.org/streams' from='localhost' xmlns='jabber:client'>"
        ))
        .await;
        while !said.contains("</iq>") {
            said.push_str(&raw.read().await);
        }
        assert!(said.contains(&legacy_digest(STREAM_ID, PASSWORD)), "{said}");
        let id = said.split_once(" id='").expect("an id").1;
        let id = id.split_once('\'').expect("its end").0;
        raw.say(&format!("<iq xml:lang='en' type='result' id='{id}'/>"))
            .await;
        while !matches!(raw.frame().await, Some(Frame::Element(_))) {}
        (raw, said)
    }
}
