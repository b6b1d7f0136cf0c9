//! This configuration as the original's programs would find it in their `opensrf.xml`.

use std::time::Duration;

use serde_json::{Map, Value, json};

use super::Settings;
use super::model::ServiceSettings;

impl Settings {
    /// What `opensrf.settings` answers where no `opensrf.xml` is named: the services of this host
    /// under `apps`, their names under `activeapps`, folders under `dirs`, and the memcached
    /// servers of the first service that has some under `cache`.
    #[must_use]
    pub fn as_original(&self) -> Value {
        let names: Vec<&str> = self.services.iter().map(|s| s.name.as_str()).collect();
        let apps = self.services.iter();
        let apps: Map<_, _> = apps.map(|s| (s.name.clone(), app(s))).collect();
        let state = self.state.display().to_string();
        let mut config = json!({
            "dirs": {"log": state, "pid": state, "sock": state, "conf": state},
            "server_type": "prefork",
            "activeapps": {"appname": names},
            "apps": apps,
        });
        let mut caches = self.services.iter();
        if let Some(cache) = caches.find_map(|service| service.settings.get("cache")) {
            config["cache"] = json!({"global": cache_of(cache)});
        }
        config
    }
}

fn app(service: &ServiceSettings) -> Value {
    let mut app = json!({
        "language": "rust",
        "implementation": service.name,
        "stateless": 1,
        "keepalive": seconds(service.keepalive),
        "unix_config": {
            "min_children": service.min_drones,
            "max_children": service.max_drones,
            "max_backlog_queue": service.backlog,
        },
        "app_settings": service.settings,
    });
    if service.max_requests > 0 {
        app["unix_config"]["max_requests"] = service.max_requests.into();
    }
    if service.session_requests > 0 {
        app["max_requests"] = service.session_requests.into();
    }
    app
}

/// The original has the list of servers one level deeper.
fn cache_of(cache: &Value) -> Value {
    let mut cache = cache.clone();
    if let Some(servers) = cache.get_mut("servers")
        && !servers.is_object()
    {
        *servers = json!({"server": servers.take()});
    }
    cache
}

/// Whole seconds, upwards: 0 would mean none.
fn seconds(time: Duration) -> u64 {
    time.as_secs() + u64::from(time.subsec_nanos() > 0)
}
