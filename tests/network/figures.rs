//! What clients asked, and how each request ended: the figures balance.

use std::time::Duration;

use futures::StreamExt;
use opensrf_actors::counters::Figures;
use opensrf_actors::transport::faulty::{Faults, InFlight};

use crate::services::{gate, odd};
use crate::support::{hub, over_paused_ways, run};

/// What clients have asked, and how it ended.
fn calls(figures: &Figures) -> [u64; 11] {
    [
        figures.calls_asked,
        figures.calls_answered,
        figures.calls_refused,
        figures.calls_bounced,
        figures.calls_timed_out,
        figures.calls_offline,
        figures.calls_lost,
        figures.calls_closed,
        figures.calls_garbled,
        figures.calls_cancelled,
        figures.calls_cut_off,
    ]
}

#[test]
fn each_request_is_counted_once_by_the_way_it_ended() {
    over_paused_ways(odd, |net| async move {
        let (service, gate) = gate();
        net.host.add_service_sized(service, 1, 8).await.unwrap();
        let client = net.client();
        client.call("opensrf.math", "add", (1, 2)).await.unwrap();
        client.call("test.odd", "slow", [1]).await.unwrap();
        client.call("test.odd", "refuse", ()).await.unwrap_err();
        client.call("test.odd", "panic", ()).await.unwrap_err();
        client.call("test.odd", "no such", ()).await.unwrap_err();
        client.call("test.nobody", "at", ()).await.unwrap_err();
        let hasty = client.with_timeout(Duration::from_millis(10));
        hasty.call("test.gate", "pass", ()).await.unwrap_err();
        let session = client.connect("test.gate").await.unwrap();
        let (stream, results) = (
            session.stream("pass", ()).await.unwrap(),
            client.stream("test.odd", "count", [20_000]).await.unwrap(),
        );
        drop(session);
        assert!(stream.collect::<Vec<_>>().await[0].is_err());
        tokio::time::sleep(Duration::from_secs(1)).await;
        assert!(results.collect::<Vec<_>>().await.last().unwrap().is_err());
        drop(client.stream("test.gate", "pass", ()).await.unwrap());
        let other = net.host.new_client("other").await.unwrap();
        other.online().await.unwrap();
        let cut_off = other.stream("test.gate", "pass", ()).await.unwrap();
        tokio::time::sleep(Duration::from_millis(1)).await;
        let figures = net.host.figures();
        assert_eq!(calls(&figures), [11, 2, 3, 1, 1, 0, 0, 1, 1, 1, 0]);
        assert_eq!(figures.calls_ended(), 10);
        // The stream holds a handle to its client: both go at once.
        drop(other);
        drop(cut_off);
        gate.admit(10);
        tokio::time::sleep(Duration::from_millis(1)).await;
        let figures = net.host.figures();
        assert_eq!(figures.calls_ended(), 11);
        assert_eq!(figures.calls_cancelled + figures.calls_cut_off, 2);
    });
}

#[test]
fn what_a_lost_connection_or_the_end_of_a_host_breaks_off_is_counted() {
    run(true, async {
        let faults = Faults::new(opensrf::ids::Seed::new(1));
        let access = opensrf_actors::host::Access::Embedded.with_faults(&faults);
        let (service, gate) = gate();
        let hub = hub().bus_access(access).service(service);
        let hub = hub.start().await.unwrap();
        hub.ready().await.unwrap();
        let call = hub.call("test.gate", "pass", ());
        let cut = async {
            gate.holds(1).await;
            faults.cut(InFlight::Lost);
        };
        let (outcome, ()) = tokio::join!(call, cut);
        outcome.unwrap_err();
        let offline = hub.call("test.gate", "pass", ()).await;
        offline.unwrap_err();
        assert_eq!(hub.figures().calls_offline, 2);
        tokio::time::sleep(Duration::from_secs(10)).await;
        let call = hub.call("test.gate", "pass", ());
        let stop = async {
            gate.holds(1).await;
            hub.stop().await.unwrap();
        };
        let (outcome, ()) = tokio::join!(call, stop);
        outcome.unwrap_err();
        let figures = hub.figures();
        assert_eq!(figures.calls_asked, 3);
        assert_eq!(figures.calls_ended(), 3);
    });
}
