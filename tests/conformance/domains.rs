//! A network of two virtual hosts, as networks with web clients have them.

use opensrf_actors::host::{HostBuilder, HostHandle};
use opensrf_actors::settings::{Keep, Settings};

use crate::support::PASSWORD;

/// Where services are.
pub(super) const PRIVATE: &str = "private.localhost";

/// Where clients of the web are.
pub(super) const PUBLIC: &str = "public.localhost";

/// Router and services at the private one, which is all that the router trusts.
pub(super) const HUB: &str = r#"
[jabber]
listen = []
domains = ["private.localhost", "public.localhost"]
accounts = [
    { user = "router", password = "PASSWORD" },
    { user = "opensrf", password = "PASSWORD" },
    { user = "second", password = "PASSWORD" },
]
[router]
domain = "private.localhost"
trusted_clients = ["private.localhost"]
trusted_servers = ["private.localhost"]
account.user = "router"
[bus]
domain = "private.localhost"
account.user = "opensrf"
"#;

/// A host with both, and services.
pub(super) async fn two_domains(services: fn(HostBuilder) -> HostBuilder) -> HostHandle {
    configured(HUB, services).await
}

/// A host as a configuration says, in which `PASSWORD` stands for the password.
pub(super) async fn configured(text: &str, services: fn(HostBuilder) -> HostBuilder) -> HostHandle {
    let text = text.replace("PASSWORD", PASSWORD);
    let settings = Settings::loader().text("test", &text).load();
    let settings = settings.expect("good settings");
    let secrets = settings.resolve_secrets(Keep::InMemory).expect("passwords");
    let builder = HostBuilder::from_settings(&settings, &secrets).expect("a host");
    services(builder).start().await.expect("a host")
}
