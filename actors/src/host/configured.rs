//! A host as the configuration says.

use std::time::Duration;

use opensrf::limits::{DEAD_AFTER, StreamLimits};
use opensrf::session::RouterName;
use opensrf::stream::LoginMethod;

use super::spec::{BusSpec, EmbeddedPlan, RouterSpec, ServiceSpec};
use super::{Access, HostBuilder, HostError};
use crate::activity::Protected;
use crate::jabber::{Cleartext, Socket};
use crate::sasl::Account;
use crate::services;
use crate::settings::{
    self, Address, CleartextLogin, ClientLogin, Login, RouterSettings, Secrets, Settings,
};

impl HostBuilder {
    /// All that the configuration says there is to be, with the services on board.
    ///
    /// # Errors
    /// [`HostError::NoSuchService`] for a service that is not on board.
    pub fn from_settings(settings: &Settings, secrets: &Secrets) -> Result<Self, HostError> {
        let mut builder = Self {
            embedded: settings.jabber.as_ref().map(|jabber| EmbeddedPlan {
                listen: jabber.listen.iter().map(socket).collect(),
                domains: jabber.domains.clone(),
                accounts: secrets.accounts.iter().map(account).collect(),
                cleartext: cleartext(jabber.cleartext_login),
                limits: StreamLimits {
                    stanza_bytes: jabber.stanza_bytes,
                    ..StreamLimits::AUTHENTICATED
                },
                login_time: jabber.login_time,
                outbox_bytes: jabber.outbox_bytes,
                outbox_progress: jabber.outbox_progress,
                sessions_per_account: jabber.sessions_per_account,
                connections_per_address: jabber.connections_per_address,
                dead_after: jabber.dead_after,
            }),
            router: settings
                .router
                .as_ref()
                .map(|router| router_spec(router, secrets.router.as_ref())),
            further_routers: settings
                .further_routers
                .iter()
                .zip(&secrets.further_routers)
                .map(|(router, login)| router_spec(router, Some(login)))
                .collect(),
            bus: settings.bus.as_ref().map(|bus| BusSpec {
                user: bus.account.user.clone(),
                domain: bus.domain.clone(),
                password: password(secrets.bus.as_ref()),
                access: access(bus.address.as_ref(), bus.login),
                routers: bus
                    .routers
                    .iter()
                    .map(|r| (router_name(r), r.services.clone()))
                    .collect(),
                host: settings.host.name.clone(),
                dead_after: bus.dead_after,
            }),
            name: Some(settings.host.name.clone()),
            control: settings.control_place(),
            drain: settings.host.drain,
            protected: Protected::new(settings.log.protect.clone()),
            timeout: settings.client.timeout,
            connect_timeout: settings.client.connect_timeout,
            ..Self::default()
        };
        for service in &settings.services {
            let on_board = match service.name.as_str() {
                // Without a file it tells what this host is.
                services::settings::NAME => {
                    let own = settings.as_original();
                    Some(services::settings::service(&service.settings, &own))
                }
                name => services::by_name(name, &service.settings),
            };
            let on_board =
                on_board.ok_or_else(|| HostError::NoSuchService(service.name.clone()))??;
            builder.services.push(ServiceSpec {
                service: on_board,
                min: service.min_drones as usize,
                max: service.max_drones as usize,
                backlog: service.backlog,
                keepalive: Some(service.keepalive),
                max_requests: Some(service.max_requests).filter(|most| *most > 0),
                max_wait: service.max_wait,
                max_run: service.max_run,
                session_requests: Some(service.session_requests).filter(|most| *most > 0),
            });
        }
        Ok(builder)
    }

    /// Only a client, of the network that `login` leads to.
    #[must_use]
    pub fn client_only(login: &ClientLogin, settings: &Settings) -> Self {
        let bus = BusSpec {
            user: login.login.user.clone(),
            domain: login.login.domain.clone(),
            password: login.login.password.reveal().to_owned(),
            access: access(Some(&login.address), login.method),
            routers: vec![(router_name(&login.router), None)],
            host: settings.host.name.clone(),
            dead_after: bus_dead_after(settings),
        };
        Self {
            embedded: None,
            router: None,
            bus: Some(bus),
            protected: Protected::new(settings.log.protect.clone()),
            timeout: settings.client.timeout,
            connect_timeout: settings.client.connect_timeout,
            ..Self::default()
        }
    }
}

fn router_spec(router: &RouterSettings, login: Option<&Login>) -> RouterSpec {
    RouterSpec {
        user: router.account.user.clone(),
        domain: router.domain.clone(),
        resource: router.name.clone(),
        password: password(login),
        access: access(router.address.as_ref(), settings::LoginMethod::Auto),
        trusted_clients: router.trusted_clients.clone(),
        trusted_servers: router.trusted_servers.clone(),
        policy: router.policy,
        dead_after: router.dead_after,
    }
}

/// A client of the embedded server has no `[bus]` if the hub has no services.
fn bus_dead_after(settings: &Settings) -> Duration {
    let bus = settings.bus.as_ref();
    bus.map_or(DEAD_AFTER, |bus| bus.dead_after)
}

fn socket(address: &Address) -> Socket {
    match address {
        Address::Tcp(address) => Socket::Tcp(address.clone()),
        Address::Unix(path) => Socket::Unix(path.clone()),
    }
}

fn access(address: Option<&Address>, method: settings::LoginMethod) -> Access {
    let method = match method {
        settings::LoginMethod::Auto => LoginMethod::Auto,
        settings::LoginMethod::Legacy => LoginMethod::Legacy,
    };
    address.map_or(Access::Embedded, |address| {
        Access::Server(socket(address), method)
    })
}

fn account(login: &Login) -> Account {
    Account {
        user: login.user.clone(),
        domain: Some(login.domain.clone()),
        password: login.password.reveal().to_owned(),
    }
}

fn password(login: Option<&Login>) -> String {
    login
        .map(|login| login.password.reveal().to_owned())
        .unwrap_or_default()
}

fn cleartext(login: CleartextLogin) -> Cleartext {
    match login {
        CleartextLogin::Loopback => Cleartext::Loopback,
        CleartextLogin::Anywhere => Cleartext::Anywhere,
        CleartextLogin::Never => Cleartext::Never,
    }
}

fn router_name(router: &settings::RouterAddress) -> RouterName {
    RouterName {
        name: router.name.clone(),
        domain: router.domain.clone(),
    }
}
