//! Cut at every step of log-in and registration.

use opensrf_actors::transport::faulty::{Amount, Break, Direction, Wire};
use tokio::time::timeout;

use super::*;
use crate::services::math;
use crate::support::adds_up;

/// Connections that break: as many as a host needs at first, for its client, its listener and a
/// drone.
const CONNECTIONS: u64 = 3;

/// Starts a host whose first connections break so; whether any of them got so far.
async fn breaks(direction: Direction, after: Amount) -> bool {
    let hub = hub().start().await.unwrap();
    hub.ready().await.unwrap();
    let wire = Wire::new();
    let at = Break { direction, after };
    wire.break_at(move |number| (number <= CONNECTIONS).then_some(at));
    let host = math(guest(&hub, &wire)).start().await.unwrap();
    // At worst all three are the listener's, which tries again after 100, 200 and 400 ms.
    let ready = timeout(Duration::from_millis(700) + BOUND, host.ready()).await;
    assert!(ready.is_ok(), "not registered: {at:?}");
    // One that breaks only now, or when the next register is due, is back as soon.
    for _ in 0..2 {
        for host in [&hub, &host] {
            let client = host.client().with_timeout(Duration::from_millis(100));
            let calls = async || client.call("opensrf.math", "add", (1, 2)).await.is_ok();
            assert!(takes("calls go well", calls).await < BOUND, "{at:?}");
        }
        sleep(Duration::from_secs(7)).await;
    }
    let dialled = wire.dialled();
    assert!((3..10).contains(&dialled), "{dialled} connections");
    host.stop().await.unwrap();
    hub.stop().await.unwrap();
    dialled > 3
}

#[test]
fn a_service_is_registered_soon_whichever_exchange_its_connections_break_at() {
    for direction in [Direction::Sent, Direction::Received] {
        let mut pieces = 0;
        while {
            let mut has_broken = false;
            run(true, async {
                has_broken = breaks(direction, Amount::Pieces(pieces)).await;
            });
            has_broken
        } {
            pieces += 1;
        }
        // Stream, SASL, stream, binding, registration, and what is said every few seconds.
        assert!(pieces > 8, "{direction:?}: {pieces}");
    }
}

#[test]
fn a_service_is_registered_soon_wherever_within_an_exchange_its_connections_break() {
    for direction in [Direction::Sent, Direction::Received] {
        // A prime, so that it meets every part of what is said.
        for bytes in (0..2_000).step_by(97) {
            run(true, async {
                breaks(direction, Amount::Bytes(bytes)).await;
            });
        }
    }
}

#[test]
fn after_a_cut_at_any_moment_a_service_is_back_within_its_bound() {
    run(true, async {
        let hub = hub().start().await.unwrap();
        let wire = Wire::new();
        let host = math(guest(&hub, &wire)).start().await.unwrap();
        host.ready().await.unwrap();
        for moment in [0, 1, 7, 99, 100, 101, 1_000, 4_900, 6_000] {
            sleep(Duration::from_millis(moment)).await;
            wire.cut();
            sleep(Duration::from_millis(1)).await;
            let back = takes("the service is back", async || {
                knows(&hub, "opensrf.math").await
            });
            assert!(back.await < BOUND);
            // Drones and the client come back as fast.
            sleep(BOUND).await;
            adds_up(&host).await;
        }
        let figures = host.figures();
        assert_eq!(figures.panics, 0, "{figures:?}");
    });
}
