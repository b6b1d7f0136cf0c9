//! The original's files as settings of this project.
//!
//! One file at a time: [`core_settings`] makes `[bus]`, `[router]`, `[log]` and, if it is wanted,
//! the embedded server that takes the place of ejabberd; [`app_settings`] makes `[[services]]`.
//! What has no place is a [`Note`] with its line, so that nothing is dropped without a word.

mod embedded;
mod parties;

use std::net::IpAddr;

use super::apps::Apps;
use super::core::{self, Core, Server};
use super::host;
use super::item::{Note, Said, Table, Value, list};
use super::section::{Notes, origin};
use crate::ids;
use crate::xml::Node;

/// Settings made from a file.
#[derive(Debug, Default)]
pub struct Imported {
    /// The settings, by table.
    pub settings: Table,
    /// What could not be carried over, in the order of the lines.
    pub notes: Vec<Note>,
    /// Where the file says that `opensrf.xml` is.
    pub settings_config: Option<Said>,
}

/// What there is to know besides the file.
pub struct Surroundings<'a> {
    /// Whether a Jabber server of this process takes the place of the one in the file.
    pub is_embedded: bool,
    /// The addresses of a host name.
    pub resolve: &'a dyn Fn(&str) -> Vec<IpAddr>,
}

impl std::fmt::Debug for Surroundings<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Surroundings")
            .field("is_embedded", &self.is_embedded)
            .finish_non_exhaustive()
    }
}

impl Surroundings<'_> {
    /// Where a server that the original looks for at `domain` is to be found.
    ///
    /// `x.localhost` is this machine even if nobody has told the resolver.
    fn address(&self, domain: &str, server: &Server) -> String {
        match server {
            Server::Socket(path) => format!("unix:{}", path.text),
            Server::Port(port, _) if is_local(domain) && (self.resolve)(domain).is_empty() => {
                format!("127.0.0.1:{port}")
            }
            Server::Port(port, _) => format!("{domain}:{port}"),
        }
    }
}

fn is_local(domain: &str) -> bool {
    domain == "localhost" || domain.ends_with(".localhost")
}

/// Whether `root` is that of an `opensrf.xml` rather than of an `opensrf_core.xml`.
#[must_use]
pub fn is_app_settings(root: &Node) -> bool {
    host::is_settings(root) && (root.child("default").is_some() || root.child("hosts").is_some())
}

/// The settings that an `opensrf_core.xml` or a `srfsh.xml`, called `file`, stands for.
#[must_use]
pub fn core_settings(file: &str, root: &Node, around: &Surroundings<'_>) -> Imported {
    let mut notes = Notes::default();
    let Some(core) = core::read(file, root, &mut notes) else {
        let text = "is no root of opensrf_core.xml, opensrf.xml or srfsh.xml; nothing is read";
        notes.fault(&origin(file, root), &root.name, text);
        return finish(Table::default(), notes, None);
    };
    let mut settings = Table::default();
    if around.is_embedded {
        embedded::jabber(&core, around, &mut settings, &mut notes);
    }
    if let Some(login) = core.login.as_ref().filter(|_| !around.is_embedded)
        && let (Some(server), false) = (&login.server, core.routers.is_empty())
    {
        let address = around.address(&login.domain.text, server);
        let text = format!(
            "the Jabber server is expected at {address}; with --embedded there is one in this \
             process"
        );
        notes.harmless(server.origin(), "opensrf", text);
    }
    parties::routers(&core, around, &mut settings, &mut notes);
    if let Some(login) = &core.login {
        let bus = Value::Table(parties::bus(login, around, &mut notes));
        settings.set("bus", &login.origin, bus);
    }
    // The log of the shell is a file that nobody looks at; its level is not meant for stderr.
    let is_shell = root.name == "srfsh";
    log(&core, is_shell, &mut settings, &mut notes);
    let settings_config = core.login.and_then(|login| login.settings_config);
    finish(settings, notes, settings_config)
}

/// The settings that an `opensrf.xml`, called `file` and found at `path`, stands for on the host
/// `given`, or on this `machine` if none is given.
#[must_use]
pub fn app_settings(
    file: &str,
    root: &Node,
    path: &str,
    given: Option<&str>,
    machine: &str,
    on_board: &[&str],
) -> Imported {
    let mut notes = Notes::default();
    let name = host_name(file, root, given, machine, &mut notes);
    includes(file, root, &mut notes);
    let config = host::host_config(root, &name);
    let apps = Apps {
        file,
        config: &config,
        on_board,
        path,
    };
    let services = apps.services(&mut notes);
    let mut settings = Table::default();
    if !services.is_empty() {
        settings.set("services", &origin(file, root), Value::List(services));
    }
    if let Some(name) = given.filter(|name| ids::resource_part(name) == **name) {
        let mut host = Table::default();
        let origin = "OSRF_HOSTNAME or --host";
        host.set("name", origin, Value::Text(name.to_owned()));
        settings.set("host", origin, Value::Table(host));
    }
    finish(settings, notes, None)
}

fn finish(settings: Table, notes: Notes, settings_config: Option<Said>) -> Imported {
    let mut notes = notes.0;
    let line = |note: &Note| {
        let line = note.origin.rsplit_once(':').map(|(_, line)| line.parse());
        line.and_then(Result::ok).unwrap_or(0_usize)
    };
    notes.sort_by_key(line);
    Imported {
        settings,
        notes,
        settings_config,
    }
}

/// Which host's section counts; the original asks `OSRF_HOSTNAME` or the resolver.
fn host_name(
    file: &str,
    root: &Node,
    given: Option<&str>,
    machine: &str,
    notes: &mut Notes,
) -> String {
    let hosts = root
        .children_named("hosts")
        .flat_map(|hosts| &hosts.children);
    let names: Vec<&str> = hosts.map(|host| host.name.as_str()).collect();
    if let Some(given) = given {
        if !given.split(',').any(|name| names.contains(&name.trim())) {
            let text = format!("there is no section for {given}; the defaults count");
            notes.loss(&origin(file, root), "hosts", text);
        }
        return given.to_owned();
    }
    let is_first_label = |name: &&&str| {
        let rest = name.strip_prefix(machine);
        rest.is_some_and(|rest| rest.starts_with('.'))
    };
    let mut found = names.iter().find(|name| **name == machine);
    found = found.or_else(|| names.iter().find(is_first_label));
    found = found.or_else(|| names.iter().find(|name| **name == "localhost"));
    match found {
        Some(name) if *name != machine => {
            let text = format!("there is no section for {machine}; that of {name} counts");
            notes.harmless(&origin(file, root), "hosts", text);
            (*name).to_owned()
        }
        Some(name) => (*name).to_owned(),
        None => {
            let text = format!(
                "there is no section for {machine}, only for {}; the defaults count; set \
                 OSRF_HOSTNAME to name another",
                if names.is_empty() {
                    "none".to_owned()
                } else {
                    names.join(", ")
                }
            );
            notes.loss(&origin(file, root), "hosts", text);
            machine.to_owned()
        }
    }
}

fn includes(file: &str, node: &Node, notes: &mut Notes) {
    for child in &node.children {
        if child.is_include() {
            let text = "XInclude is not followed; put the text of that file here";
            notes.loss(&origin(file, child), &child.name, text);
        }
        includes(file, child, notes);
    }
}

fn log(core: &Core, is_shell: bool, settings: &mut Table, notes: &mut Notes) {
    let mut log = Table::default();
    let own = core
        .login
        .as_ref()
        .and_then(|login| login.log_level.as_ref());
    let routers = core
        .routers
        .iter()
        .filter_map(|router| router.log_level.as_ref());
    let mut levels = own.into_iter().chain(routers);
    match levels.next() {
        Some(said) if is_shell => {
            let text = "is for a file; say --log LEVEL to see more on stderr";
            notes.harmless(&said.origin, "srfsh/loglevel", text);
        }
        Some(said) => match level(&said.text) {
            Some(level) => log.set("level", &said.origin, Value::Text(level.to_owned())),
            None => {
                let text = format!("{:?} is none of 0 to 5", said.text);
                notes.loss(&said.origin, "loglevel", text);
            }
        },
        None => {}
    }
    for said in levels.filter(|said| own.is_some_and(|own| own.text != said.text)) {
        let text = "the log of a process has one level, that of <opensrf>";
        notes.harmless(&said.origin, "routers/router/loglevel", text);
    }
    if let Some(first) = core.protect.first() {
        log.set("protect", &first.origin, list(&core.protect));
    }
    if let Some((_, first)) = log.0.first() {
        let origin = first.origin.clone();
        settings.set("log", &origin, Value::Table(log));
    }
}

fn level(number: &str) -> Option<&'static str> {
    let levels = ["off", "error", "warn", "info", "debug", "trace"];
    levels.get(number.parse::<usize>().ok()?).copied()
}

impl Server {
    fn origin(&self) -> &str {
        match self {
            Self::Port(_, origin) => origin,
            Self::Socket(said) => &said.origin,
        }
    }
}

#[cfg(test)]
mod tests;
