//! `opensrf.xml`: which services a host runs, and how.
//!
//! Reads the merged configuration of one host (see [`host`](super::host)). A service that is on
//! board here is carried over with its `app_settings`; of every other it is said what to do.
//! (Protocol §5.2, §8.3.)

use std::collections::BTreeSet;

use super::data::{Data, Kind};
use super::item::{Item, Table, Value};
use super::section::Notes;

/// The service that answers what stands in `opensrf.xml`.
const SETTINGS: &str = "opensrf.settings";

/// The service that keeps its answers in memcached.
const VERSION: &str = "opensrf.version";

/// Where the services of a host stand.
pub(super) struct Apps<'a> {
    /// How the file is called.
    pub(super) file: &'a str,
    /// The host's merged configuration.
    pub(super) config: &'a Data,
    /// The services that are on board here.
    pub(super) on_board: &'a [&'a str],
    /// The path under which `opensrf.settings` will find the file.
    pub(super) path: &'a str,
}

impl Apps<'_> {
    /// The active services that are on board, as `[[services]]`.
    pub(super) fn services(&self, notes: &mut Notes) -> Vec<Item> {
        let mut services = Vec::new();
        let mut seen = BTreeSet::new();
        let names = self.config.at(&["activeapps", "appname"]);
        let named = names.map(Data::each).unwrap_or_default().iter();
        for (line, name) in named.filter_map(|data| Some((data.line, data.text()?))) {
            if !seen.insert(name.clone()) || name.is_empty() {
                continue;
            }
            let app = self.config.at(&["apps", &name]);
            let origin = self.origin(app.map_or(line, |app| app.line));
            if !self.on_board.contains(&name.as_str()) {
                notes.loss(
                    &self.origin(line),
                    &format!("activeapps/{name}"),
                    absent(app),
                );
                continue;
            }
            let value = Value::Table(self.service(&name, &origin, app, notes));
            services.push(Item { origin, value });
        }
        self.rest(&seen, notes);
        services
    }

    fn service(&self, name: &str, origin: &str, app: Option<&Data>, notes: &mut Notes) -> Table {
        let mut service = Table::default();
        service.set("name", origin, Value::Text(name.to_owned()));
        let mut settings = None;
        let mut session_requests = None;
        for (key, data) in members(app) {
            let element = format!("apps/{name}/{key}");
            let number = || self.number(data, &element);
            match key {
                "keepalive" => self.keepalive(data, &element, &mut service, notes),
                "max_requests" => session_requests = number_or_note(number(), notes),
                "app_settings" => settings = Some(data),
                "unix_config" => self.unix_config(data, &element, &mut service, notes),
                _ => self.leave(key, data, &element, notes),
            }
        }
        if let Some((origin, requests)) = session_requests {
            service.set("session_requests", &origin, Value::Number(requests));
        }
        let own = settings
            .map(Data::json)
            .filter(serde_json::Value::is_object);
        let mut own = own.unwrap_or_else(|| serde_json::json!({}));
        let origin = settings.map_or_else(|| origin.to_owned(), |data| self.origin(data.line));
        let cache = self.config.at(&["cache", "global"]);
        match (name, own.as_object_mut(), cache) {
            (SETTINGS, Some(own), _) => {
                own.insert("file".to_owned(), self.path.into());
            }
            (VERSION, Some(own), Some(cache)) => {
                own.insert("cache".to_owned(), cache.json());
            }
            _ => {}
        }
        if own.as_object().is_some_and(|own| !own.is_empty()) {
            service.set("settings", &origin, Value::Free(own));
        }
        service
    }

    fn unix_config(&self, config: &Data, path: &str, service: &mut Table, notes: &mut Notes) {
        let mut drones = Table::default();
        let mut backlog = None;
        for (key, data) in members(Some(config)) {
            let element = format!("{path}/{key}");
            let ours = match key {
                "min_children" => "min",
                "max_children" => "max",
                "max_requests" => "max_requests",
                "max_backlog_queue" => "backlog",
                "min_spare_children" | "max_spare_children" => {
                    let text = "drones are made when work waits and stay; there is no spare";
                    notes.harmless(&self.origin(data.line), &element, text);
                    continue;
                }
                _ => {
                    self.leave(key, data, &element, notes);
                    continue;
                }
            };
            let Some((origin, number)) = number_or_note(self.number(data, &element), notes) else {
                continue;
            };
            match ours {
                "backlog" => backlog = Some((origin, number)),
                _ => drones.set(ours, &origin, Value::Number(number)),
            }
        }
        if !drones.0.is_empty() {
            service.set("drones", &self.origin(config.line), Value::Table(drones));
        }
        if let Some((origin, number)) = backlog {
            service.set("backlog", &origin, Value::Number(number));
        }
    }

    fn keepalive(&self, data: &Data, element: &str, service: &mut Table, notes: &mut Notes) {
        match number_or_note(self.number(data, element), notes) {
            Some((origin, 0)) => {
                let text = "0 seconds would end every session at once; left out";
                notes.loss(&origin, element, text);
            }
            Some((origin, seconds)) => {
                service.set("keepalive_seconds", &origin, Value::Number(seconds));
            }
            None => {}
        }
    }

    /// Says why a key of a service has no place here.
    fn leave(&self, key: &str, data: &Data, element: &str, notes: &mut Notes) {
        let origin = self.origin(data.line);
        let text = match key {
            "language" | "implementation" => "the service on board here counts",
            "stateless" => "every service takes requests with and without a session",
            "migratable" => "a session stays with its client",
            "disable_stderr" => "all logs go to stderr",
            "unix_sock" | "unix_pid" | "unix_log" => "the original does not use it any more",
            _ => {
                let text = "is not known; if the service wants it, put it into app_settings";
                return notes.loss(&origin, element, text);
            }
        };
        notes.harmless(&origin, element, text);
    }

    /// What else stands in a host's configuration.
    fn rest(&self, active: &BTreeSet<String>, notes: &mut Notes) {
        let apps = self.config.get("apps");
        for (name, app) in members(apps).filter(|(name, _)| !active.contains(*name)) {
            let text = "is not among this host's activeapps; not run, as with the original";
            notes.harmless(&self.origin(app.line), &format!("apps/{name}"), text);
        }
        for (key, data) in members(Some(self.config)) {
            let origin = self.origin(data.line);
            match key {
                "apps" | "activeapps" => {}
                "dirs" | "server_type" => {
                    notes.harmless(&origin, key, "there are no such files or processes here");
                }
                "cache" => {
                    let text = "opensrf.version has it, opensrf.settings tells whoever asks";
                    notes.harmless(&origin, key, text);
                }
                _ => {
                    let text = "has no setting here; opensrf.settings still tells whoever asks";
                    notes.harmless(&origin, key, text);
                }
            }
        }
    }

    fn number(
        &self,
        data: &Data,
        element: &str,
    ) -> Result<(String, i64), (String, String, String)> {
        let origin = self.origin(data.line);
        let text = data.text().unwrap_or_default();
        match text.parse::<u32>() {
            Ok(number) => Ok((origin, i64::from(number))),
            Err(_) => Err((
                origin,
                element.to_owned(),
                format!("{text:?} is no number; left out"),
            )),
        }
    }

    fn origin(&self, line: usize) -> String {
        format!("{}:{line}", self.file)
    }
}

/// What to do about a service that is not on board.
fn absent(app: Option<&Data>) -> String {
    let said = |key| app.and_then(|app| app.get(key)).and_then(Data::text);
    let by = match (said("implementation"), said("language")) {
        (Some(implementation), Some(language)) => format!(" ({implementation}, {language})"),
        _ => String::new(),
    };
    format!(
        "is not on board{by}; go on running it with the original, which registers with the router \
         here, or write it with this library"
    )
}

fn members(data: Option<&Data>) -> impl Iterator<Item = (&str, &Data)> {
    let table = match data.map(|data| &data.kind) {
        Some(Kind::Table(members)) => Some(members),
        _ => None,
    };
    let members = table.into_iter().flatten();
    members.map(|(key, data)| (key.as_str(), data))
}

fn number_or_note(
    number: Result<(String, i64), (String, String, String)>,
    notes: &mut Notes,
) -> Option<(String, i64)> {
    match number {
        Ok(number) => Some(number),
        Err((origin, element, text)) => {
            notes.loss(&origin, &element, text);
            None
        }
    }
}
