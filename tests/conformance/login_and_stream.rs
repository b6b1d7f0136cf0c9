//! Jabber login and stream: what the embedded server does for programs of other makes (1 to 5).
//! What it does with their stanzas is in `delivery`, what our own clients do in `our_login`.

use std::time::Duration;

use super::form::Form;
use super::peer::Peer;
use super::played::nobody;
use crate::raw::{HEADER, Raw, digest_login, password_login, stream_id};
use crate::services::math;
use crate::support::{Net, PASSWORD, over_every_way, over_paused_ways};

/// A connection whose header is answered, and the answer, all that one read gave.
async fn opened(net: &Net) -> (Raw<crate::raw::Tube>, String) {
    let mut raw = Raw::through(&*net.door()).await;
    raw.say(HEADER).await;
    let header = raw.read().await;
    raw.frame().await;
    (raw, header)
}

#[test]
fn s001_a_header_without_version_is_answered_in_one_write() {
    over_every_way(nobody, |net| async move {
        let (_raw, header) = opened(&net).await;
        let start = "<?xml version='1.0'?><stream:stream ";
        assert!(header.starts_with(start), "{header}");
        assert!(header.contains(" xmlns='jabber:client'"), "{header}");
        let streams = " xmlns:stream='http://etherx.jabber.org/streams'";
        assert!(header.contains(streams), "{header}");
        // Short ids keep clear of the original's mistake with digests of 64 bytes.
        assert!((8..=20).contains(&stream_id(&header).len()), "{header}");
        let end = header.find("'>").expect("the end of the header");
        assert_eq!(header.len(), end + 2, "nothing after it: {header}");
    });
}

#[test]
fn s002_a_digest_of_stream_id_and_password_logs_in() {
    over_every_way(nobody, |net| async move {
        let (mut raw, header) = opened(&net).await;
        let digest = opensrf::stream::legacy_digest(&stream_id(&header), PASSWORD);
        assert!(
            digest
                .bytes()
                .all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f'))
        );
        raw.say(&digest_login("opensrf", &digest, "r")).await;
        assert_eq!(raw.read().await, "<iq type='result' id='123456789'/>");
        raw.frame().await;
        raw.is_silent().await;
    });
}

#[test]
fn s003_the_right_password_logs_in_and_a_wrong_one_opens_no_session() {
    over_every_way(nobody, |net| async move {
        let (mut raw, _) = opened(&net).await;
        raw.say(&password_login("opensrf", PASSWORD, "r")).await;
        assert_eq!(raw.read().await, "<iq type='result' id='123'/>");
        for wrong in [
            password_login("opensrf", "wrong", "r"),
            password_login("nobody", PASSWORD, "r"),
            digest_login("opensrf", &"0".repeat(40), "r"),
        ] {
            let (mut raw, _) = opened(&net).await;
            raw.say(&wrong).await;
            let refused = raw.read().await;
            assert!(refused.starts_with("<iq type='error'"), "{refused}");
            raw.say("<message to='opensrf@localhost/r'/>").await;
            assert!(raw.rest().await.contains("<not-authorized"), "no session");
        }
    });
}

#[test]
fn s004_resources_may_hold_nearly_anything_and_keep_their_case() {
    over_every_way(nobody, |net| async move {
        let long = format!("_Host-1.example_{}", "0123456789".repeat(15));
        for resource in [
            "_vm_1795330780.038944_12424",
            "client_at_Web1.Example_4711",
            "python_client_host:4711_mainthread",
            "1712000000_host_1712000000.000001_12",
            &long,
        ] {
            for form in Form::ALL {
                let mut peer = Peer::enters(&net, form, resource).await;
                let own = peer.address.clone();
                peer.says_body(&own, "t", "hello").await;
                let back = peer.hears().await;
                assert_eq!(back.to.as_ref().expect("an address").as_str(), own);
                let lower = own.to_lowercase();
                if lower != own {
                    peer.says_body(&lower, "t", "hello").await;
                    assert!(
                        peer.hears().await.is_error(),
                        "another case, another address"
                    );
                }
            }
        }
    });
}

#[test]
fn s005_nothing_comes_between_header_and_login_result() {
    over_paused_ways(math, |net| async move {
        let (mut raw, header) = opened(&net).await;
        // Whatever the server might want to say, it has had the time.
        tokio::time::sleep(Duration::from_secs(25)).await;
        let digest = opensrf::stream::legacy_digest(&stream_id(&header), PASSWORD);
        raw.say(&digest_login("opensrf", &digest, "r")).await;
        assert_eq!(raw.read().await, "<iq type='result' id='123456789'/>");
    });
}
