//! A network for a test, over any of the ways onto the bus.

use std::future::Future;

use opensrf_actors::client::Client;
use opensrf_actors::env::Env;
use opensrf_actors::host::{Access, Host, HostBuilder, HostHandle};
use opensrf_actors::service::Service;

/// A way onto the bus.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Way {
    Local,
    Duplex,
    Tcp,
}

pub(crate) const PASSWORD: &str = "test password";

/// Runs a test over every way: `local` and `duplex` under a paused clock, `tcp` in real time.
pub(crate) fn over_every_way<F>(services: fn(HostBuilder) -> HostBuilder, test: fn(Net) -> F)
where
    F: Future<Output = ()> + 'static,
{
    for way in [Way::Local, Way::Duplex, Way::Tcp] {
        over(way, services, test);
    }
}

/// Runs a test over one way.
pub(crate) fn over<F>(way: Way, services: fn(HostBuilder) -> HostBuilder, test: fn(Net) -> F)
where
    F: Future<Output = ()> + 'static,
{
    run(way != Way::Tcp, async move {
        let net = Net::start(way, services).await;
        test(net).await;
    });
}

/// Runs a future on an actix `System` of its own, under a paused clock if wanted.
pub(crate) fn run(is_paused: bool, test: impl Future<Output = ()>) {
    let system = actix_rt::System::with_tokio_rt(move || {
        tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .start_paused(is_paused)
            .build()
            .expect("a runtime")
    });
    system.block_on(test);
}

/// A network: a hub with server and router, and services and clients that get onto it by one way.
pub(crate) struct Net {
    pub(crate) way: Way,
    pub(crate) hub: HostHandle,
    /// The same as `hub`, except over TCP.
    pub(crate) host: HostHandle,
}

impl Net {
    async fn start(way: Way, services: fn(HostBuilder) -> HostBuilder) -> Self {
        let env = Env::simulated(7);
        let builder = Host::builder()
            .account("opensrf", PASSWORD)
            .account("router", PASSWORD)
            .env(env.fork("hub"));
        let access = match way {
            Way::Local => Access::Embedded,
            Way::Duplex | Way::Tcp => Access::Duplex,
        };
        let builder = builder.router_access(access.clone()).bus_access(access);
        if way != Way::Tcp {
            let hub = services(builder).start().await.expect("a host");
            hub.ready().await.expect("ready");
            return Self {
                way,
                host: hub.clone(),
                hub,
            };
        }
        let hub = builder.listen("127.0.0.1:0").start().await.expect("a hub");
        let address = hub.addresses()[0].to_string();
        let host = Host::builder()
            .server(&address, "opensrf", "localhost", PASSWORD)
            .env(env.fork("host"));
        let host = services(host).start().await.expect("a host");
        host.ready().await.expect("ready");
        Self { way, hub, host }
    }

    pub(crate) fn client(&self) -> &Client {
        self.host.client()
    }
}

pub(crate) fn math(builder: HostBuilder) -> HostBuilder {
    builder.service(opensrf_actors::services::math::service().expect("a service"))
}

/// A service with a method for each way in which methods end.
pub(crate) fn odd_service() -> Service {
    Service::builder("test.odd")
        .function("test.odd.panic", 0, |_| -> Result<(), _> {
            panic!("on purpose")
        })
        .build()
        .expect("a service")
}
