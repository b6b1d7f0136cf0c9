//! Hosts of one process that share a switch.

use std::sync::Arc;
use std::time::Duration;

use actix_rt::time::Instant;
use opensrf_actors::client::ClientError;
use opensrf_actors::env::Env;
use opensrf_actors::host::{Access, Host, HostBuilder, HostHandle};
use opensrf_actors::services::math;
use opensrf_actors::transport::{LinkError, Signpost};

use crate::support::run;

fn math(host: HostBuilder) -> HostBuilder {
    host.service(math::service().expect("a service"))
}

async fn started(builder: HostBuilder, name: &str) -> HostHandle {
    let builder = builder.env(Env::simulated(3).fork(name)).name(name);
    builder.start().await.expect("a host")
}

async fn sum(host: &HostHandle) -> Result<i64, ClientError> {
    let answers = host.call("opensrf.math", "add", (2, 2)).await?;
    Ok(answers.one().expect("a number"))
}

/// A server, and a router and a service on hosts of their own.
struct Net {
    way: Signpost,
    server: HostHandle,
    routers: HostHandle,
    services: HostHandle,
}

impl Net {
    async fn start() -> Self {
        let way = Signpost::default();
        let server = Self::server(&way).await;
        let access = Access::Transport(Arc::new(way.clone()));
        let routers = Host::builder().without_server().without_bus();
        let routers = routers.router_by(access.clone(), "router", "localhost", "");
        let routers = started(routers, "routers").await;
        let services = Host::builder().server_by(access, "opensrf", "localhost", "");
        let services = started(math(services), "services").await;
        services.ready().await.expect("ready");
        Self {
            way,
            server,
            routers,
            services,
        }
    }

    async fn server(way: &Signpost) -> HostHandle {
        let server = Host::builder().without_router().without_bus();
        let server = started(server, "server").await;
        way.lead_to(server.local());
        server
    }

    fn bound(&self) -> Vec<String> {
        let bound = self.server.bound();
        bound.iter().map(ToString::to_string).collect()
    }
}

#[test]
fn server_router_and_service_are_hosts_of_their_own_and_no_byte_is_written() {
    run(true, async {
        let net = Net::start().await;
        assert_eq!(sum(&net.services).await.expect("an answer"), 4);
        let bound = net.bound();
        assert!(bound.contains(&"router@localhost/router".into()));
        assert!(bound.iter().any(|jid| jid.contains("_at_services_")));
        assert!(net.server.waits_for().await.expect("it runs").is_empty());
        net.services.shutdown().await.expect("by request");
        net.routers.shutdown().await.expect("by request");
        assert_eq!(net.bound(), [""; 0]);
    });
}

#[test]
fn whoever_is_bound_at_a_switch_learns_that_its_host_has_ended() {
    run(true, async {
        let net = Net::start().await;
        net.way.lead_nowhere();
        let call = async { (sum(&net.services).await, Instant::now()) };
        let began = Instant::now();
        let stop = async {
            net.server.stop().await.expect("by request");
        };
        let ((answer, at), ()) = tokio::join!(call, stop);
        // It was answered before, or its caller knows that it never will be.
        assert!(answer.is_err() || answer.is_ok_and(|sum| sum == 4));
        assert!(at - began < Duration::from_secs(1));
        let error = net.services.client().online().await.unwrap_err();
        assert!(
            matches!(error, ClientError::Link(LinkError::Ended(_))),
            "{error}"
        );
        actix_rt::time::sleep(Duration::from_secs(60)).await;
        let error = net.services.client().online().await.unwrap_err();
        assert!(
            matches!(error, ClientError::Link(LinkError::Unreachable { .. })),
            "{error}"
        );
    });
}

#[test]
fn all_come_back_to_a_server_that_was_started_anew() {
    run(true, async {
        let mut net = Net::start().await;
        for _ in 0..3 {
            net.server.stop().await.expect("by request");
            assert!(sum(&net.services).await.is_err());
            net.server = Net::server(&net.way).await;
            let began = Instant::now();
            while sum(&net.services).await.is_err() {
                assert!(began.elapsed() < Duration::from_secs(20));
                actix_rt::time::sleep(Duration::from_millis(100)).await;
            }
        }
    });
}

#[test]
fn a_host_without_a_server_leads_nowhere() {
    run(true, async {
        let net = Net::start().await;
        let access = Access::Transport(Arc::new(net.services.local()));
        let lost = Host::builder().server_by(access, "opensrf", "localhost", "");
        let lost = started(lost, "lost").await;
        let error = lost.client().online().await.unwrap_err();
        assert!(
            matches!(error, ClientError::Link(LinkError::Unreachable { .. })),
            "{error}"
        );
    });
}

#[test]
fn each_domain_has_a_router_of_its_own_and_a_service_may_register_with_one_of_them() {
    run(true, async {
        let domains = ["public.localhost", "private.localhost"];
        let server = Host::builder().without_router().without_bus();
        let server = started(server.domains(domains), "server").await;
        let way = Access::Transport(Arc::new(server.local()));
        let routers = Host::builder().without_server().without_bus();
        let routers = routers
            .router_by(way.clone(), "router", domains[0], "")
            .trusts(&domains, &domains)
            .further_router_by(way.clone(), "router", domains[1], "")
            .trusts(&domains, &domains);
        let routers = started(routers, "routers").await;
        let bus = |domain| Host::builder().server_by(way.clone(), "opensrf", domain, "");
        let services = bus(domains[1])
            .routers([("router", domains[1]), ("router", domains[0])])
            .only_for(&["opensrf.other"]);
        let services = started(math(services), "services").await;
        services.ready().await.expect("ready");
        assert_eq!(sum(&services).await.expect("an answer"), 4);
        let outside = started(bus(domains[0]), "outside").await;
        outside.client().online().await.expect("on the bus");
        assert!(sum(&outside).await.is_err());
        let inside = bus(domains[0]).routers([("router", domains[1])]);
        let inside = started(inside, "inside").await;
        inside.client().online().await.expect("on the bus");
        assert_eq!(sum(&inside).await.expect("an answer"), 4);
        routers.stop().await.expect("by request");
    });
}

#[test]
fn an_account_has_as_many_sessions_as_it_may() {
    run(true, async {
        let server = Host::builder().sessions_per_account(2);
        let server = started(server, "server").await;
        server.client().online().await.expect("on the bus");
        let second = server.new_client("second").await.expect("a client");
        second.online().await.expect("on the bus");
        let third = server.new_client("third").await.expect("a client");
        let error = third.online().await.unwrap_err();
        assert!(
            matches!(error, ClientError::Link(LinkError::TooManySessions(_))),
            "{error}"
        );
    });
}
