//! Which parts of a network a host is, and how they find the others.

use opensrf::session::RouterName;

use super::HostBuilder;
use crate::host::spec::{Access, RouterSpec};

impl HostBuilder {
    /// The host's name, which stands in the addresses of its services and clients; `localhost` by
    /// default.
    #[must_use]
    pub fn name(mut self, name: &str) -> Self {
        if let Some(bus) = &mut self.bus {
            bus.host = name.into();
        }
        self.name = Some(name.into());
        self
    }

    /// Has no embedded server: router and bus need an access of their own then
    /// ([`router_by`](Self::router_by), [`server_by`](Self::server_by)).
    #[must_use]
    pub fn without_server(mut self) -> Self {
        self.embedded = None;
        self
    }

    /// Has no router: others have those that its services register with.
    #[must_use]
    pub fn without_router(mut self) -> Self {
        self.router = None;
        self.further_routers.clear();
        self
    }

    /// Has neither services nor clients, not even its own one.
    #[must_use]
    pub fn without_bus(mut self) -> Self {
        self.bus = None;
        self
    }

    /// Has a router at `user@domain/router` that gets onto the bus by `access`, in place of the one
    /// that it has. A host of routers only:
    ///
    /// ```
    /// # use std::sync::Arc;
    /// # use opensrf_actors::host::{Access, Host};
    /// # use opensrf_actors::services::math;
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// let server = Host::builder().without_router().without_bus().spawn().await?;
    /// let way = Access::Transport(Arc::new(server.local()));
    /// let routers = Host::builder().without_server().without_bus();
    /// let routers = routers.router_by(way.clone(), "router", "localhost", "").spawn().await?;
    /// let host = Host::builder().server_by(way, "opensrf", "localhost", "");
    /// let host = host.service(math::service()?).spawn().await?;
    /// host.ready().await?;
    /// let sum: i64 = host.call("opensrf.math", "add", (2, 2)).await?.one()?;
    /// assert_eq!(sum, 4);
    /// # host.shutdown().await?;
    /// # routers.shutdown().await?;
    /// # server.shutdown().await?;
    /// # Ok(()) }
    /// ```
    #[must_use]
    pub fn router_by(mut self, access: Access, user: &str, domain: &str, password: &str) -> Self {
        self.router = Some(self.router_at(access, user, domain, password));
        self
    }

    /// Has another router, at `user@domain/router`, besides those that it has: one for each domain.
    #[must_use]
    pub fn further_router_by(
        mut self,
        access: Access,
        user: &str,
        domain: &str,
        password: &str,
    ) -> Self {
        let router = self.router_at(access, user, domain, password);
        self.further_routers.push(router);
        self
    }

    /// As patient with its server as the host's other parts.
    fn router_at(&self, access: Access, user: &str, domain: &str, password: &str) -> RouterSpec {
        let mut router = RouterSpec::new(access, user, domain, password);
        let server = self.embedded.as_ref().map(|server| server.dead_after);
        let bus = self.bus.as_ref().map(|bus| bus.dead_after);
        router.dead_after = server.or(bus).unwrap_or(router.dead_after);
        router
    }

    /// Has the router added last take requests from clients, and registrations from servers, of these
    /// domains; of its own one by default.
    #[must_use]
    pub fn trusts(mut self, clients: &[&str], servers: &[&str]) -> Self {
        let router = self.further_routers.last_mut().or(self.router.as_mut());
        if let Some(router) = router {
            router.trusted_clients = clients.iter().map(ToString::to_string).collect();
            router.trusted_servers = servers.iter().map(ToString::to_string).collect();
        }
        self
    }

    /// The domains of the embedded server, in place of the one of [`domain`](Self::domain); at least
    /// those of the parties that get onto the bus there.
    #[must_use]
    pub fn domains<'a>(mut self, domains: impl IntoIterator<Item = &'a str>) -> Self {
        if let Some(embedded) = &mut self.embedded {
            let domains = domains.into_iter().map(str::to_ascii_lowercase);
            embedded.domains = domains.collect();
        }
        self
    }

    /// How many addresses of one account may be bound at the embedded server at a time; 10,000 by
    /// default.
    #[must_use]
    pub fn sessions_per_account(mut self, most: usize) -> Self {
        if let Some(embedded) = &mut self.embedded {
            embedded.sessions_per_account = most;
        }
        self
    }

    /// The routers that services register with, each by name and domain, in place of `router` at the
    /// domain of the bus. Clients ask the first.
    #[must_use]
    pub fn routers<'a>(mut self, routers: impl IntoIterator<Item = (&'a str, &'a str)>) -> Self {
        if let Some(bus) = &mut self.bus {
            let named = |(name, domain): (&str, &str)| RouterName {
                name: name.into(),
                domain: domain.to_ascii_lowercase(),
            };
            let routers = routers.into_iter().map(|router| (named(router), None));
            bus.routers = routers.collect();
        }
        self
    }

    /// Has only these services register with the last of [`routers`](Self::routers); all by default.
    #[must_use]
    pub fn only_for(mut self, services: &[&str]) -> Self {
        let last = self.bus.as_mut().and_then(|bus| bus.routers.last_mut());
        if let Some((_, only)) = last {
            *only = Some(services.iter().map(ToString::to_string).collect());
        }
        self
    }
}
