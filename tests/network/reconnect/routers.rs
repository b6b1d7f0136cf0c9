//! The router goes, for a moment or for long, and comes back.

use opensrf_actors::transport::faulty::InFlight;

use super::*;
use crate::raw::Raw;
use crate::services::{math, odd};
use crate::support::{Way, adds_up, over};

#[test]
fn listeners_are_back_within_a_second_of_their_routers_return_however_long_it_was_gone() {
    over_both_ways(odd, |net| async move {
        for gone in [1, 50, 1_000, 4_321, 61_000, 600_000] {
            let before = registers(&net.log.stanzas());
            net.router.refuse(true);
            net.router.cut(InFlight::Lost);
            sleep(Duration::from_millis(gone)).await;
            let said = registers(&net.log.stanzas()) - before;
            // They ask, but not in a hurry: two services, with at least half a second between.
            assert!(said <= 20 + 2 * gone as usize / 500, "{gone} ms: {said}");
            net.router.heal();
            // The router itself tries every 5 s at last.
            takes("the router is back", async || {
                is_bound(&net.hub, "router@localhost/router")
            })
            .await;
            let back = takes("they are back", async || {
                knows(&net.hub, "opensrf.math").await
                    && knows(&net.hub, "test.odd").await
                    && net.hub.waits_for().await.unwrap().is_empty()
            });
            assert!(back.await < BOUND, "{gone} ms");
            // The classes come back by themselves, as parties do.
            takes("calls go well", async || {
                let client = net.hub.client().with_timeout(Duration::from_millis(50));
                client.call("opensrf.math", "add", (1, 2)).await.is_ok()
            })
            .await;
        }
    });
}

#[test]
fn listeners_learn_at_once_that_their_router_is_gone() {
    over_both_ways(math, |net| async move {
        let lines = Lines::record();
        // Behind a register, so that none comes by itself.
        net.router.refuse(true);
        net.router.cut(InFlight::Lost);
        let learnt = takes("it is missing", async || {
            !lines.with(&["router is missing"]).is_empty()
        });
        assert!(learnt.await <= STEP);
        sleep(Duration::from_secs(600)).await;
        // However often they ask, they say it once.
        assert_eq!(lines.with(&["router is missing"]).len(), 1);
    });
}

#[test]
fn a_router_that_is_made_anew_knows_all_services_within_a_second() {
    over(Way::Local, odd, |net| async move {
        for restarts in 1..=3 {
            // Whoever logs in at its address throws it out.
            let mut usurper = Raw::through(&net.hub.duplex()).await;
            usurper.authenticate("router", "localhost", "router").await;
            let back = takes("it is back", async || {
                net.hub.figures().restarts >= restarts
                    && knows(&net.hub, "opensrf.math").await
                    && knows(&net.hub, "test.odd").await
            });
            assert!(back.await < BOUND);
            adds_up(&net.hub).await;
            // The host gives up after too many within 30 s.
            sleep(Duration::from_secs(31)).await;
        }
    });
}

#[test]
fn a_listener_that_the_router_does_not_know_hears_so_and_one_that_it_knows_is_shown_it() {
    over(Way::Duplex, math, |net| async move {
        let mut stranger = Raw::through(&net.hub.duplex()).await;
        stranger
            .authenticate("opensrf", "localhost", "stranger")
            .await;
        let show = "<presence to='router@localhost/router'/>";
        stranger.say(show).await;
        assert_eq!(stranger.stanza().await.stanza_type, "unavailable");
        let register = "<message to='router@localhost/router'><opensrf router_command='register' \
                        router_class='test.stranger'/><body>registering</body></message>";
        stranger.say(register).await;
        stranger.say(show).await;
        let shown = stranger.stanza().await;
        let from = shown.from.as_ref().map(|from| from.as_str());
        assert_eq!(
            (&*shown.stanza_type, from),
            ("", Some("router@localhost/router"))
        );
        // An end that is no end: it hears that it is not known any more.
        stranger
            .say("<presence type='unavailable' to='router@localhost/router'/>")
            .await;
        assert_eq!(stranger.stanza().await.stanza_type, "unavailable");
        takes("the class is gone", async || {
            !is_bound(&net.hub, "router@localhost/test.stranger")
        })
        .await;
    });
}
