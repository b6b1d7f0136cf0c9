//! Jabber login and stream: our own clients at a server of another make (6 to 10).

use std::time::Duration;

use opensrf::session::CallError;
use opensrf::stanza::Stanza;
use opensrf::xml::Frame;
use opensrf_actors::client::{Answers, ClientError};
use opensrf_actors::host::HostHandle;
use tokio::net::TcpStream;

use super::server::Server;
use crate::raw::Raw;
use crate::support::run;

type Calling = actix_rt::task::JoinHandle<Result<Answers, ClientError>>;

/// Begins a call that the server sees.
fn ask(client: &HostHandle) -> Calling {
    let client = client.clone();
    actix_rt::spawn(async move { client.call("acme.calc", "sum", [4, 5]).await })
}

/// Reads one stanza as it is written, and as a value.
async fn next(raw: &mut Raw<TcpStream>) -> (String, Stanza) {
    match raw.frame().await {
        Some(Frame::Element(element)) => {
            let text = String::from_utf8(element.bytes().to_vec()).expect("UTF-8");
            (text, Stanza::from_raw(element).expect("a stanza"))
        }
        other => panic!("no stanza: {other:?}"),
    }
}

/// The answer to a request, with what a server may put before it.
fn answer(asked: &Stanza, before: &str) -> String {
    let (to, thread) = (asked.from.as_ref().expect("a sender"), asked.thread());
    format!(
        r#"{before}<message to='{to}' from='opensrf@localhost/drone'><thread>{thread}</thread><body>[{{"__c":"osrfMessage","__p":{{"threadTrace":"1","type":"RESULT","payload":{{"__c":"osrfResult","__p":{{"statusCode":"200","content":9}}}}}}}},{{"__c":"osrfMessage","__p":{{"threadTrace":"1","type":"STATUS","payload":{{"__c":"osrfConnectStatus","__p":{{"statusCode":"205"}}}}}}}}]</body></message>"#
    )
}

async fn is_nine(calling: Calling) {
    let answers = calling.await.expect("no panic").expect("an answer");
    assert_eq!(answers.one::<i64>().expect("a number"), 9);
}

#[test]
fn s006_a_client_that_logs_in_the_old_way_says_nothing_but_login_and_messages() {
    run(false, async {
        let server = Server::opens().await;
        let client = server.starts_a_client().await;
        let (mut raw, login) = server.accepts().await;
        let header = "<stream:stream to='localhost' xmlns='jabber:client' \
                      xmlns:stream='http://etherx.jabber.org/streams'>";
        assert!(login.starts_with(header), "{login}");
        assert!(login[header.len()..].starts_with("<iq "), "{login}");
        assert_eq!(login.matches("<iq ").count(), 1, "{login}");
        assert!(login.contains("<query xmlns='jabber:iq:auth'>"), "{login}");
        let calling = ask(&client);
        let (text, asked) = next(&mut raw).await;
        assert!(text.starts_with("<message "), "{text}");
        raw.say(&answer(&asked, "")).await;
        is_nine(calling).await;
        client.shutdown().await.expect("an end");
        assert_eq!(raw.rest().await, "</stream:stream>");
    });
}

#[test]
fn s007_a_client_logs_in_and_is_served_by_the_bytes_of_ejabberd() {
    run(false, async {
        let server = Server::opens().await;
        let client = server.starts_a_client().await;
        let (mut raw, _) = server.accepts().await;
        let calling = ask(&client);
        let (_, asked) = next(&mut raw).await;
        // It writes every stanza anew: a language, other quotes, the body before the thread.
        let answer = answer(&asked, "").replace('"', "&quot;");
        let thread = format!("<thread>{}</thread>", asked.thread());
        let answer = answer
            .replace(&thread, "<opensrf osrf_xid='1'/>")
            .replace("<message", "<message xml:lang='en'")
            .replace("</body>", &format!("</body>{thread}"));
        raw.say(&answer).await;
        is_nine(calling).await;
        // A bounce, with the condition and its text, and without a code.
        let calling = ask(&client);
        let (text, asked) = next(&mut raw).await;
        let (class, own) = (
            asked.to.as_ref().expect("a class"),
            asked.from.as_ref().expect("us"),
        );
        let inside = text.split_once('>').expect("a tag").1;
        let inside = inside.strip_suffix("</message>").expect("an end");
        raw.say(&format!(
            "<message xml:lang='en' to='{own}' from='{class}' type='error'>{inside}\
             <error type='cancel'><service-unavailable \
             xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/><text xml:lang='en' \
             xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'>User session not found</text></error>\
             </message>"
        ))
        .await;
        let told = calling
            .await
            .expect("no panic")
            .expect_err("nobody is there");
        let told = told.call().expect("an error of the call").to_string();
        assert!(told.contains("User session not found"), "{told}");
    });
}

#[test]
fn s008_a_client_names_its_own_address_in_every_stanza() {
    run(false, async {
        let server = Server::opens().await;
        let client = server.starts_a_client().await;
        let (mut raw, login) = server.accepts().await;
        let resource = login.split_once("<resource>").expect("a resource").1;
        let resource = resource.split_once('<').expect("its end").0.to_owned();
        for _ in 0..2 {
            let calling = ask(&client);
            let (text, asked) = next(&mut raw).await;
            let own = format!(" from=\"opensrf@localhost/{resource}\"");
            assert!(text.contains(&own), "{own} is not in {text}");
            raw.say(&answer(&asked, "")).await;
            is_nine(calling).await;
        }
    });
}

#[test]
fn s009_a_client_ignores_what_is_no_message() {
    run(false, async {
        let server = Server::opens().await;
        let client = server.starts_a_client().await;
        let (mut raw, _) = server.accepts().await;
        let calling = ask(&client);
        let (_, asked) = next(&mut raw).await;
        let strange = "<presence from='a@b/c'/> <iq type='result' id='9'/><iq/>\
                       <iq type='set' id='8'><roster xmlns='jabber:iq:roster'/></iq>\
                       <iq type='error' id='7'><error type='cancel'/></iq>\
                       <hello xmlns='urn:x'><world/></hello>\
                       <message from='a@b/c'><x xmlns='jabber:x:event'/></message>";
        raw.say(&answer(&asked, strange)).await;
        is_nine(calling).await;
    });
}

#[test]
fn s010_a_stream_error_and_an_end_of_file_are_a_disconnect() {
    run(false, async {
        let server = Server::opens().await;
        let client = server.starts_a_client().await;
        let conflict = "<stream:error><conflict xmlns='urn:ietf:params:xml:ns:xmpp-streams'/>\
                        </stream:error></stream:stream>";
        for end in [conflict, "</stream:stream>", ""] {
            let (mut raw, _) = server.accepts().await;
            // Until it has noticed, it knows only how the attempt before ended.
            while client.client().online().await.is_err() {
                tokio::task::yield_now().await;
            }
            let calling = ask(&client);
            next(&mut raw).await;
            raw.say(end).await;
            drop(raw);
            let failed = calling
                .await
                .expect("no panic")
                .expect_err("it was cut off");
            assert_eq!(failed.call(), Some(&CallError::Offline), "{end}");
        }
        let again = tokio::time::timeout(Duration::from_secs(60), server.accepts());
        again.await.expect("it comes back");
    });
}
