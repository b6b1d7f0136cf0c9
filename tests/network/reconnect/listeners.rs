//! Listeners, drones and clients off the bus, and what is said of it.

use opensrf::session::CallError;
use opensrf_actors::transport::faulty::{InFlight, Wire};

use super::*;
use crate::raw::Raw;
use crate::services::{gate, math};
use crate::support::adds_up;

#[test]
fn the_router_forgets_a_listener_the_moment_its_connection_ends() {
    over_both_ways(math, |net| async move {
        let bounced = net.hub.figures().bounced;
        net.bus.refuse(true);
        net.bus.cut(InFlight::Lost);
        let gone = takes("it is forgotten", async || !is_bound(&net.hub, CLASS)).await;
        assert!(gone <= STEP, "{gone:?}");
        // Nobody had to be bounced for that.
        assert_eq!(net.hub.figures().bounced, bounced);
    });
}

#[test]
fn a_server_that_is_gone_for_minutes_is_tried_now_and_then_and_said_once() {
    run(true, async {
        let hub = hub().start().await.unwrap();
        let wire = Wire::new();
        let host = math(guest(&hub, &wire)).start().await.unwrap();
        host.ready().await.unwrap();
        let lines = Lines::record();
        let dialled = wire.dialled();
        wire.refuse(true);
        wire.cut();
        sleep(Duration::from_secs(10)).await;
        let refused = host.call("opensrf.math", "add", (1, 2)).await.unwrap_err();
        assert_eq!(refused.call(), Some(&CallError::Offline));
        sleep(Duration::from_secs(590)).await;
        wire.heal();
        let back = takes("it is back", async || knows(&hub, "opensrf.math").await);
        // The longest distance between two attempts, and then the log-in.
        assert!(back.await < Duration::from_secs(5) + BOUND);
        sleep(Duration::from_secs(5)).await;
        adds_up(&host).await;
        assert!(
            wire.dialled() - dialled < 20,
            "what is refused is not dialled"
        );
        for who in ["listener_at", "client_at"] {
            for line in ["off the bus, will try again", "back on the bus"] {
                let said = lines.with(&[who, line]);
                assert_eq!(said.len(), 1, "{who} {line}: {said:#?}");
            }
            let back = lines.with(&[who, "back on the bus"]);
            assert!(back[0].contains("off=60"), "it says for how long: {back:?}");
        }
        let all = lines.with(&[""]);
        assert!(all.len() < 20, "{all:#?}");
    });
}

#[test]
fn a_hub_that_is_started_in_place_of_one_that_ended_has_all_services_soon() {
    run(true, async {
        let mut old = hub().start().await.unwrap();
        let wire = Wire::new();
        let host = math(guest(&old, &wire)).start().await.unwrap();
        host.ready().await.unwrap();
        for gone in [0, 300, 3_000] {
            wire.refuse(true);
            old.stop().await.unwrap();
            sleep(Duration::from_millis(gone)).await;
            old = hub().start().await.unwrap();
            wire.lead_to(Arc::new(old.duplex()));
            wire.refuse(false);
            let back = takes("it is there", async || is_bound(&old, CLASS)).await;
            // As long again as it was gone at most, as the delays double.
            assert!(
                back <= BOUND + Duration::from_millis(gone),
                "{gone} ms: {back:?}"
            );
            sleep(BOUND).await;
            adds_up(&old).await;
        }
    });
}

#[test]
fn answers_that_cannot_be_sent_are_counted_and_said_once_an_outage() {
    over_both_ways(math, |net| async move {
        let (service, gate) = gate();
        net.hub.add_service_sized(service, 4, 4).await.unwrap();
        let mut client = Raw::through(&net.hub.duplex()).await;
        client.authenticate("opensrf", "localhost", "far").await;
        for thread in ["1", "2", "3", "4", "5", "6"] {
            let body = crate::raw::request("1", "pass", "[]");
            let message = crate::raw::message("router@localhost/test.gate", thread, &body);
            client.say(&message).await;
        }
        gate.holds(4).await;
        let lines = Lines::record();
        net.bus.refuse(true);
        net.bus.cut(InFlight::Lost);
        sleep(Duration::from_secs(60)).await;
        net.bus.heal();
        takes("it is back", async || {
            is_bound(&net.hub, "router@localhost/test.gate")
        })
        .await;
        sleep(BOUND).await;
        let unsent = net.hub.figures().unsent;
        let said = lines.with(&["test.gate_listener_at", "back on the bus"]);
        assert_eq!(said.len(), 1, "{said:#?}");
        // Those of the drones that ended, told by the listener, which cannot, either.
        assert!(unsent >= 4, "{unsent}");
        let number = said[0].split("unsent=").nth(1).unwrap();
        assert!(
            number.starts_with(|digit: char| ('4'..='6').contains(&digit)),
            "{said:?}"
        );
        assert!(lines.with(&["not sent"]).is_empty());
    });
}

#[test]
fn what_is_in_flight_to_a_host_that_dies_goes_to_another_and_every_request_ends() {
    run(true, async {
        let hub = hub().start().await.unwrap();
        let wires = [Wire::new(), Wire::new()];
        let mut hosts = Vec::new();
        for wire in &wires {
            let host = math(guest(&hub, wire))
                .env(opensrf_actors::env::Env::simulated(9 + hosts.len() as u64));
            let host = host.start().await.unwrap();
            host.ready().await.unwrap();
            hosts.push(host);
        }
        // Nothing reaches the first any more; what is sent to it waits at the server and before it.
        wires[0].stall(opensrf_actors::transport::faulty::Direction::Received);
        let client = hub.client().with_timeout(Duration::from_secs(20));
        let text = "x".repeat(10_000);
        let calls = (0..400).map(|_| {
            let (client, text) = (client.clone(), text.clone());
            async move {
                client
                    .call("opensrf.math", "opensrf.system.echo", [text])
                    .await
            }
        });
        let all = async { futures::future::join_all(calls).await };
        let death = async {
            sleep(Duration::from_secs(1)).await;
            wires[0].refuse(true);
            wires[0].cut();
        };
        let (outcomes, ()) = tokio::join!(all, death);
        let answered = outcomes.iter().filter(|outcome| outcome.is_ok()).count();
        let late = outcomes.iter().filter_map(|outcome| outcome.as_ref().err());
        for error in late {
            // What was written already is lost, as ever with TCP.
            assert!(
                matches!(error.call(), Some(CallError::Timeout(_))),
                "{error}"
            );
        }
        // The connection held some 100 kB of the first one's 2 MB.
        assert!(answered > 350, "{answered}");
        assert!(answered < 400, "nothing was in flight");
    });
}
