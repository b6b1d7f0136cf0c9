//! What a host tells of itself.

use std::time::Duration;

use opensrf_actors::host::HostHandle;
use opensrf_actors::status::{
    Answer, ChildKind, ChildState, ClientStatus, Detail, HostPhase, RegistrationState,
};

use super::{child, with_faults};
use crate::services::{gate, math};

async fn answer(host: &HostHandle, kind: ChildKind, name: &str) -> Answer {
    let child = child(host, kind, name).await.expect("a child");
    child.answer.expect("it answers")
}

#[test]
fn a_host_tells_of_all_its_children_and_nothing_is_wrong() {
    with_faults(math, |host, _| async move {
        tokio::time::sleep(Duration::from_secs(100)).await;
        let status = host.status().await.unwrap();
        assert_eq!(
            (status.name.as_str(), status.phase),
            ("localhost", HostPhase::Running)
        );
        assert_eq!(status.pid, std::process::id());
        assert!(status.uptime >= Duration::from_secs(100));
        let kinds: Vec<_> = status.children.iter().map(|child| child.kind).collect();
        let all = [
            ChildKind::Server,
            ChildKind::Router,
            ChildKind::Client,
            ChildKind::Service,
        ];
        assert_eq!(kinds, all);
        for child in &status.children {
            assert_eq!(
                (child.state, child.restarts),
                (ChildState::Up, 0),
                "{child:?}"
            );
            assert!(child.uptime.unwrap() >= Duration::from_secs(100));
            let answer = child.answer.as_ref().expect("it answers");
            if let Some(bus) = &answer.bus {
                assert!(bus.is_on && bus.inbox == 0 && bus.since >= Duration::from_secs(99));
            }
        }
        assert_eq!(status.problems(), [""; 0]);
    });
}

#[test]
fn a_service_tells_of_its_drones_its_backlog_and_its_routers() {
    with_faults(math, |host, _| async move {
        let (service, gate) = gate();
        host.add_service_sized(service, 1, 2).await.unwrap();
        let calls: Vec<_> = (0..5)
            .map(|_| {
                let client = host.client().clone();
                actix_rt::spawn(async move { client.call("test.gate", "pass", ()).await })
            })
            .collect();
        gate.holds(2).await;
        tokio::time::sleep(Duration::from_secs(7)).await;
        let Detail::Service(service) = answer(&host, ChildKind::Service, "test.gate").await.detail
        else {
            panic!("no service");
        };
        assert_eq!((service.busy, service.idle, service.max), (2, 0, 2));
        assert_eq!((service.backlog, service.backlog_bound), (3, 1_000));
        let longest = service.longest_busy.unwrap();
        assert!(longest >= Duration::from_secs(7) && longest < Duration::from_secs(8));
        let registrations = &service.registrations;
        assert_eq!(registrations.len(), 1);
        assert_eq!(registrations[0].router, "router@localhost/router");
        assert_eq!(registrations[0].state, RegistrationState::Registered);
        assert!(
            registrations[0].since >= Duration::from_secs(7),
            "repeats are no news"
        );
        let Detail::Client(client) = answer(&host, ChildKind::Client, "client_at_").await.detail
        else {
            panic!("no client");
        };
        assert_eq!(client.open_requests, 5);
        gate.admit(5);
        for call in calls {
            call.await.unwrap().unwrap();
        }
        let Detail::Client(client) = answer(&host, ChildKind::Client, "client_at_").await.detail
        else {
            panic!("no client");
        };
        assert_eq!(client, ClientStatus::default());
    });
}

#[test]
fn a_router_tells_of_its_classes_and_a_server_of_its_sessions() {
    with_faults(math, |host, _| async move {
        for _ in 0..3 {
            crate::support::adds_up(&host).await;
        }
        tokio::time::sleep(Duration::from_secs(60)).await;
        let Detail::Router(classes) = answer(&host, ChildKind::Router, "router@").await.detail
        else {
            panic!("no router");
        };
        assert_eq!(classes.len(), 1);
        assert_eq!(classes[0].name, "opensrf.math");
        let class = classes[0].answer.as_ref().unwrap();
        assert_eq!((class.forwarded, class.bounced, class.refused), (3, 0, 0));
        assert_eq!(class.bus.address, "router@localhost/opensrf.math");
        assert_eq!(class.nodes.len(), 1);
        let node = &class.nodes[0];
        assert!(
            node.address.contains("opensrf.math_listener_at_"),
            "{node:?}"
        );
        assert!(node.registered >= Duration::from_secs(60));
        assert!(node.last_registered <= Duration::from_secs(6));
        let Detail::Server(server) = answer(&host, ChildKind::Server, "").await.detail else {
            panic!("no server");
        };
        // Router, class, listener, drone, client; none of them by a connection.
        assert_eq!((server.connections, server.sessions), (0, 5));
        assert_eq!((server.bytes_waiting, server.fullest), (0, None));
    });
}
