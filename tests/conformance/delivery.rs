//! Jabber login and stream: how the embedded server delivers (11 to 17).

use super::domains::{PRIVATE, PUBLIC, two_domains};
use super::form::{Envelope, Form, escaped};
use super::peer::{Peer, XID};
use super::played::nobody;
use crate::support::{over_every_way, run};

#[test]
fn s011_full_addresses_get_messages_without_any_presence() {
    over_every_way(nobody, |net| async move {
        for form in Form::ALL {
            let mut sender = Peer::enters(&net, form, "sender").await;
            let mut receiver = Peer::enters(&net, form, "receiver").await;
            sender.says_body(&receiver.address, "t", "hello").await;
            let heard = receiver.hears().await;
            assert_eq!(heard.decode().body, *"hello");
            assert_eq!(
                heard.from.as_ref().expect("a sender").as_str(),
                sender.address
            );
        }
    });
}

#[test]
fn s012_messages_cross_from_one_virtual_host_to_the_other_and_back() {
    run(true, async {
        let hub = two_domains(nobody).await;
        for form in Form::ALL {
            let client = format!("opensrf@{PUBLIC}/client");
            let worker = format!("opensrf@{PRIVATE}/worker");
            let mut client = Peer::logs_in(&hub.duplex(), form, &client).await;
            let mut worker = Peer::logs_in(&hub.duplex(), form, &worker).await;
            client.says_body(&worker.address, "t", "question").await;
            assert_eq!(worker.hears().await.decode().body, *"question");
            worker.says_body(&client.address, "t", "answer").await;
            assert_eq!(client.hears().await.decode().body, *"answer");
            // The same account and resource at the other host is somebody else.
            let other = worker.address.replace(PRIVATE, PUBLIC);
            client.says_body(&other, "t", "question").await;
            assert!(client.hears().await.is_error());
        }
    });
}

#[test]
fn s013_what_cannot_be_delivered_comes_back_with_all_that_was_in_it() {
    over_every_way(nobody, |net| async move {
        for form in Form::ALL {
            let mut sender = Peer::enters(&net, form, "sender").await;
            for to in [
                "opensrf@localhost/gone",
                "nobody@localhost/x",
                "router@localhost/no.such",
            ] {
                sender.says_body(to, "thread 1", "<body & \"soul\">").await;
                let text = sender.raw.read().await;
                assert!(text.contains("<error type='cancel' code='503'>"), "{text}");
                let bounce = sender.hears().await;
                assert_eq!(bounce.stanza_type, "error");
                assert_eq!(bounce.from.as_ref().expect("an address").as_str(), to);
                assert_eq!(bounce.to.as_ref().expect("us").as_str(), sender.address);
                let content = bounce.decode();
                assert_eq!(content.thread, "thread 1");
                assert_eq!(content.body, *"<body & \"soul\">");
                assert_eq!(content.opensrf.osrf_xid, XID);
            }
        }
    });
}

#[test]
fn s014_errors_are_never_answered_and_nothing_is_stored() {
    over_every_way(nobody, |net| async move {
        let mut sender = Peer::enters(&net, Form::C, "sender").await;
        for error in [
            "<message type='error' to='opensrf@localhost/late'><thread>t</thread><body>b</body></message>",
            "<message to='opensrf@localhost/late'><body>b</body><error type='cancel'/></message>",
            "<message type='error' to='nobody@elsewhere/late'/>",
        ] {
            sender.raw.say(error).await;
        }
        sender.hears_nothing().await;
        sender
            .says_body("opensrf@localhost/late", "t", "hello")
            .await;
        assert!(sender.hears().await.is_error());
        let mut late = Peer::enters(&net, Form::C, "late").await;
        late.hears_nothing().await;
    });
}

#[test]
fn s015_the_newest_login_of_an_address_has_it() {
    over_every_way(nobody, |net| async move {
        for form in Form::ALL {
            let mut old = Peer::enters(&net, form, "same").await;
            let mut new = Peer::enters(&net, form, "same").await;
            let end = old.raw.rest().await;
            assert!(end.contains("<stream:error><conflict "), "{end}");
            assert!(end.ends_with("</stream:error></stream:stream>"), "{end}");
            let own = new.address.clone();
            new.says_body(&own, "t", "hello").await;
            assert_eq!(new.hears().await.decode().body, *"hello");
        }
    });
}

#[test]
fn s016_opensrf_attributes_arrive_as_they_were_sent() {
    over_every_way(nobody, |net| async move {
        let mut receiver = Peer::enters(&net, Form::C, "receiver").await;
        let value = "a<b>&\"c\" 'd' é \u{1f600}  e";
        for form in [Form::C, Form::Perl] {
            let mut sender = Peer::enters(&net, form, "sender").await;
            let value = escaped(value).replace('\'', "&apos;");
            let outside = Envelope {
                to: &receiver.address,
                from: &sender.address,
                router_from: "not/an address",
                class: &value,
                command: &value,
                xid: &value,
                ..Envelope::default()
            };
            let stanza = form.stanza(outside, "b");
            let stanza = stanza.replacen("<opensrf", "<opensrf custom='1 &lt; 2' broadcast='1'", 1);
            sender.raw.say(&stanza).await;
            let text = receiver.raw.read().await;
            let sent = stanza.split_once("<opensrf").expect("it is there").1;
            let sent = sent.split_once("/>").expect("its end").0;
            assert!(text.contains(sent), "{sent} is not in {text}");
            receiver.hears().await;
        }
    });
}

#[test]
fn s017_stanzas_of_two_megabytes_pass_and_keep_their_order() {
    over_every_way(nobody, |net| async move {
        let mut sender = Peer::enters(&net, Form::C, "sender").await;
        let mut receiver = Peer::enters(&net, Form::C, "receiver").await;
        let sizes = [1, 2_000_000, 2, 100_000, 3, 2_000_000, 4];
        for size in sizes {
            let body = "x".repeat(size);
            sender.says_body(&receiver.address, "t", &body).await;
        }
        for size in sizes {
            assert_eq!(receiver.hears().await.decode().body.len(), size);
        }
    });
}
