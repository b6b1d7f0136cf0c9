//! Configuration files, environment and options, read once into values that need no more checks.
//!
//! Layers lie on top of each other: a default for each key, the files in the order in which they
//! are named, variables `OPENSRF_TABLE__KEY`, options. Tables merge key by key; a list replaces the
//! list below it. If no file is named, the built-in one counts: `config/default.toml`, a whole
//! network in one process. Nonsense is refused here, all of it at once, each with file and line.
//!
//! Passwords are a second step, [`Settings::resolve_secrets`], because it may write a file.

mod check;
mod error;
mod free;
mod import;
mod layers;
mod loader;
mod model;
mod original;
mod own;
mod password;
mod secrets;
mod sections;
mod show;
mod store;
mod values;

use std::ffi::OsString;
use std::path::PathBuf;

use opensrf::original::item::{Note, Weight};

use crate::control::Place;
pub use crate::toml_tree::Problem;
use crate::toml_tree::layers::Tree;
use crate::toml_tree::read::Section;
use crate::toml_tree::report::{Entry, Report};
use crate::toml_tree::values::path;
pub use error::SettingsError;
pub use import::{Import, Outcome};
pub use loader::Loader;
pub use model::{
    Account, Address, BusSettings, CleartextLogin, ClientSettings, ControlSocket, HostSettings,
    JabberAccount, JabberSettings, LogFormat, LogSettings, LoginMethod, RouterAddress,
    RouterSettings, ServiceSettings,
};
pub use password::Password;
pub use secrets::{ClientLogin, Keep, Login, Secrets};
pub(crate) use sections::{DEFAULT_LEVEL, FORMAT, POLICY};

/// The annotated configuration that counts when no file is named.
pub const DEFAULT_TOML: &str = include_str!("../../../config/default.toml");

/// How messages call [`DEFAULT_TOML`].
const BUILT_IN: &str = "built-in default.toml";

/// A configuration, checked.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct Settings {
    /// The embedded Jabber server, if there is to be one.
    pub jabber: Option<JabberSettings>,
    /// The router, if there is to be one.
    pub router: Option<RouterSettings>,
    /// Routers beside the first, for other domains.
    pub further_routers: Vec<RouterSettings>,
    /// How services and clients log in; there if there are services.
    pub bus: Option<BusSettings>,
    /// The services of this host.
    pub services: Vec<ServiceSettings>,
    /// What is logged.
    pub log: LogSettings,
    /// What holds for clients.
    pub client: ClientSettings,
    /// This host.
    pub host: HostSettings,
    /// The folder of what the program keeps; need not exist.
    pub state: PathBuf,
    /// What files of the original say that has no place here.
    notes: Vec<Note>,
    entries: Vec<Entry>,
}

impl Settings {
    /// Begins with nothing but the defaults.
    #[must_use]
    pub fn loader() -> Loader {
        Loader::default()
    }

    /// The settings in force as TOML, each line with where its value came from; passwords hidden.
    #[must_use]
    pub fn show(&self) -> String {
        show::render(&self.entries)
    }

    /// The tables that differ in `other` and that a running host does not follow.
    #[must_use]
    pub fn tables_for_a_new_start(&self, other: &Self) -> Vec<&'static str> {
        let tables = [
            ("jabber", self.jabber != other.jabber),
            ("router", self.router != other.router),
            (
                "further_routers",
                self.further_routers != other.further_routers,
            ),
            ("bus", self.bus != other.bus),
            ("client", self.client != other.client),
            ("host", self.host != other.host),
            ("log.format", self.log.format != other.log.format),
            ("state", self.state != other.state),
        ];
        let changed = tables.into_iter().filter(|(_, is_changed)| *is_changed);
        changed.map(|(table, _)| table).collect()
    }

    /// Where `opensrf status` asks a host with these settings; nothing if it is not to be asked.
    #[must_use]
    pub fn control_place(&self) -> Option<Place> {
        match &self.host.control {
            None => Some(Place::Folder(self.state.join("control"))),
            Some(ControlSocket::At(path)) => Some(Place::File(path.clone())),
            Some(ControlSocket::Nowhere) => None,
        }
    }

    /// What files of the original say and could not be carried over, in the order of their lines.
    #[must_use]
    pub fn notes(&self) -> &[Note] {
        &self.notes
    }

    /// Refuses what only a client can do with: files of the original of which an essential part
    /// cannot be used.
    ///
    /// # Errors
    /// [`SettingsError::Invalid`] with all these parts.
    pub fn check_for_a_host(&self) -> Result<(), SettingsError> {
        let faults = self
            .notes
            .iter()
            .filter(|note| note.weight == Weight::Fault);
        let problems: Vec<_> = faults.map(Problem::from).collect();
        match problems.is_empty() {
            true => Ok(()),
            false => Err(SettingsError::Invalid(problems)),
        }
    }

    /// What the configuration starts, on one line.
    #[must_use]
    pub fn summary(&self) -> String {
        let mut parts = Vec::new();
        if let Some(jabber) = &self.jabber {
            let listen: Vec<String> = jabber.listen.iter().map(Address::to_string).collect();
            let listen = if listen.is_empty() {
                "nowhere".to_owned()
            } else {
                listen.join(", ")
            };
            let domains = jabber.domains.join(", ");
            parts.push(format!("Jabber server for {domains} on {listen}"));
        }
        for router in self.router.iter().chain(&self.further_routers) {
            let RouterSettings {
                domain,
                name,
                account,
                ..
            } = router;
            parts.push(format!("router {}@{domain}/{name}", account.user));
        }
        if !self.services.is_empty() {
            let names: Vec<&str> = self.services.iter().map(|s| s.name.as_str()).collect();
            parts.push(format!("services {}", names.join(", ")));
        }
        if parts.is_empty() {
            return "nothing to start".to_owned();
        }
        parts.join("; ")
    }
}

fn read(tree: Tree, state: PathBuf) -> Result<Settings, Vec<Problem>> {
    let (report, root) = Report::new(tree);
    check::tables(&root, &report);
    let mut top = Section::root(&report, root);
    let state = top.or("state", state, path);
    let jabber = top.table("jabber").map(sections::jabber);
    let router = top.table("router").and_then(sections::router);
    let further_routers = top.tables("further_routers").unwrap_or_default();
    let further_routers = further_routers.into_iter().filter_map(sections::router);
    let further_routers = further_routers.collect();
    let bus = top
        .table("bus")
        .and_then(|table| sections::bus(table, router.as_ref()));
    let services = top.tables("services").unwrap_or_default();
    let services = services.into_iter().filter_map(sections::service).collect();
    let mut settings = Settings {
        jabber,
        router,
        further_routers,
        bus,
        services,
        log: sections::log(top.table_or_empty("log")),
        client: sections::client(top.table_or_empty("client")),
        host: sections::host(top.table_or_empty("host"), machine_name()),
        state,
        notes: Vec::new(),
        entries: Vec::new(),
    };
    top.finish();
    // A value that could not be read would be blamed twice.
    if report.is_clean() {
        check::values(&settings, &report);
    }
    settings.entries = report.finish()?;
    Ok(settings)
}

/// `$XDG_STATE_HOME/opensrf`, `~/.local/state/opensrf`, or the system's folder for a user without
/// a home.
fn default_state(variables: &[(OsString, OsString)]) -> PathBuf {
    let folder = |name: &str| {
        let value = variables.iter().find(|(key, _)| key == name);
        // A relative path in XDG_STATE_HOME is to be ignored: XDG Base Directory Specification 0.8.
        value
            .map(|(_, value)| PathBuf::from(value))
            .filter(|path| path.is_absolute())
    };
    let home = || folder("HOME").map(|home| home.join(".local/state"));
    let parent = folder("XDG_STATE_HOME").or_else(home);
    parent
        .unwrap_or_else(|| PathBuf::from("/var/lib"))
        .join("opensrf")
}

/// The machine's host name as far as it is fit for a resource.
fn machine_name() -> String {
    let files = ["/proc/sys/kernel/hostname", "/etc/hostname"];
    let name = files
        .iter()
        .find_map(|file| std::fs::read_to_string(file).ok());
    let name = name.unwrap_or_default();
    let name: String = name.trim().chars().take(64).collect();
    match opensrf::ids::resource_part(&name) {
        name if name.is_empty() => "localhost".to_owned(),
        name => name,
    }
}

#[cfg(test)]
mod tests;
