//! `opensrf_core.xml` and `srfsh.xml`: who logs in where.
//!
//! As the original's C programs do, a section is looked for anywhere in the file: `<opensrf>`
//! (services and clients), `<srfsh>` (the shell), `<gateway>` (the web front ends), `<routers>`,
//! and `<shared>`. Values are texts, attributes do not count, of repeated single values the first
//! counts. (Protocol §8.2, §5.6, §4.1, §12.4.)

use super::item::Said;
use super::section::{Notes, Section, origin};
use crate::xml::Node;

/// What an `opensrf_core.xml` or `srfsh.xml` says.
#[derive(Debug, Default)]
pub(super) struct Core {
    /// Who services and clients log in as.
    pub(super) login: Option<Login>,
    /// The routers to run.
    pub(super) routers: Vec<RouterLogin>,
    /// Who the web front ends log in as.
    pub(super) gateway: Option<Login>,
    /// Methods whose parameters are not logged.
    pub(super) protect: Vec<Said>,
}

/// The section `<opensrf>`, `<srfsh>` or `<gateway>`.
#[derive(Debug)]
pub(super) struct Login {
    pub(super) origin: String,
    pub(super) domain: Said,
    pub(super) user: Said,
    pub(super) password: Said,
    pub(super) server: Option<Server>,
    pub(super) router_name: Option<Said>,
    pub(super) routers: Vec<RegisterAt>,
    pub(super) log_level: Option<Said>,
    pub(super) settings_config: Option<Said>,
}

/// Where the Jabber server listens.
#[derive(Debug, Clone)]
pub(super) enum Server {
    Port(u16, String),
    Socket(Said),
}

/// A router to register with.
#[derive(Debug)]
pub(super) struct RegisterAt {
    pub(super) origin: String,
    pub(super) name: Option<Said>,
    pub(super) domain: Said,
    pub(super) services: Vec<Said>,
}

/// A router to run.
#[derive(Debug)]
pub(super) struct RouterLogin {
    pub(super) origin: String,
    pub(super) domain: Said,
    pub(super) user: Said,
    pub(super) password: Said,
    pub(super) server: Option<Server>,
    pub(super) resource: Option<Said>,
    pub(super) clients: Vec<Said>,
    pub(super) servers: Vec<Said>,
    pub(super) log_level: Option<Said>,
}

const TO_STDERR: &str = "the log goes to stderr, for the journal or a redirection to take";
const NO_TAG: &str = "lines of the log carry service and address instead";

/// Reads a file that is not `opensrf.xml`; nothing if it has no section that is known.
pub(super) fn read(file: &str, root: &Node, notes: &mut Notes) -> Option<Core> {
    let mut core = Core::default();
    let mut is_known = false;
    if let Some(node) = find(root, "opensrf").or_else(|| find(root, "srfsh")) {
        core.login = login(Section::new(file, &node.name, node), notes);
        is_known = true;
    }
    if let Some(node) = find(root, "gateway") {
        core.gateway = gateway(Section::new(file, &node.name, node), notes);
        is_known = true;
    }
    let mut lists = Vec::new();
    find_all(root, "routers", &mut lists);
    for list in lists {
        for node in list.children_named("router") {
            if node.child("transport").is_some() {
                let section = Section::new(file, "routers/router", node);
                core.routers.extend(router(section, notes));
                is_known = true;
            }
        }
    }
    if let Some(node) = find(root, "shared") {
        let mut shared = Section::new(file, "shared", node);
        core.protect = shared.listed("log_protect", "match_string", notes);
        for said in core.protect.iter().filter(|said| is_pattern(&said.text)) {
            let text = "is taken as the beginning of a method's name, as C programs do, not as a \
                        regular expression, as Perl programs do";
            notes.loss(&said.origin, "shared/log_protect/match_string", text);
        }
        shared.finish(notes);
        is_known = true;
    }
    for child in &root.children {
        let is_section = ["opensrf", "gateway", "routers", "shared", "srfsh"];
        if root.name == "config" && !is_section.contains(&child.name.as_str()) {
            notes.loss(
                &origin(file, child),
                &child.name,
                "is no section that is known; left out",
            );
        }
    }
    is_known.then_some(core)
}

/// Whether a text means something else as a regular expression; a dot hardly does.
fn is_pattern(text: &str) -> bool {
    text.contains([
        '\\', '^', '$', '*', '+', '?', '(', ')', '[', ']', '{', '}', '|',
    ])
}

/// The first element of this name.
fn find<'a>(node: &'a Node, name: &str) -> Option<&'a Node> {
    if node.name == name {
        return Some(node);
    }
    node.children.iter().find_map(|child| find(child, name))
}

fn find_all<'a>(node: &'a Node, name: &str, found: &mut Vec<&'a Node>) {
    if node.name == name {
        found.push(node);
    }
    for child in &node.children {
        find_all(child, name, found);
    }
}

fn login(mut section: Section<'_>, notes: &mut Notes) -> Option<Login> {
    let login = read_login(&mut section, notes);
    log_keys(&mut section, notes);
    let client = "every program here that begins a call gives it an id";
    section.drop("client", client, notes);
    let warn = "stanzas above jabber.stanza_bytes are refused, not warned of";
    section.drop("msg_size_warn", warn, notes);
    section.finish(notes);
    login
}

/// Only the account counts: a server in this process must have it.
fn gateway(mut section: Section<'_>, notes: &mut Notes) -> Option<Login> {
    let login = read_login(&mut section, notes);
    let text = "the original's web front ends go on with their own file; only their account \
                counts here, for an embedded server";
    notes.harmless(&section.origin(), section.path(), text);
    login
}

fn read_login(section: &mut Section<'_>, notes: &mut Notes) -> Option<Login> {
    let router_name = section.text("router_name", notes);
    let routers = section.children("routers");
    let routers = routers
        .into_iter()
        .flat_map(|list| registrations(list, notes));
    let routers = routers.collect();
    let mut domain = section.text("domain", notes);
    let old = section.listed("domains", "domain", notes);
    if let (None, Some(old)) = (&domain, old.into_iter().next()) {
        let text = "is obsolete; write <domain>; the first one counts";
        notes.harmless(&old.origin, &format!("{}/domains", section.path()), text);
        domain = Some(old);
    }
    let user = section.text("username", notes);
    let password = section.text("passwd", notes);
    let server = server(section, notes);
    let log_level = section.text("loglevel", notes);
    let settings_config = section.text("settings_config", notes);
    let whole = [
        ("domain", &domain),
        ("username", &user),
        ("passwd", &password),
    ];
    let missing: Vec<_> = whole.iter().filter(|(_, said)| said.is_none()).collect();
    if !missing.is_empty() {
        let names: Vec<_> = missing
            .iter()
            .map(|(name, _)| format!("<{name}>"))
            .collect();
        let text = format!("has no {}; nobody can log in with it", names.join(", "));
        match section.path() {
            // Others do without: it is for programs of the original.
            "gateway" => notes.loss(&section.origin(), section.path(), text),
            _ => {
                let text = format!("{text}; add it here");
                notes.fault(&section.origin(), section.path(), text);
            }
        }
        return None;
    }
    Some(Login {
        origin: section.origin(),
        domain: domain?,
        user: user?,
        password: password?,
        server,
        router_name,
        routers,
        log_level,
        settings_config,
    })
}

/// The port, or the Unix socket if there is no port.
fn server(section: &mut Section<'_>, notes: &mut Notes) -> Option<Server> {
    let said = section.text("port", notes);
    let socket = section.text("unixpath", notes);
    let element = |key| format!("{}/{key}", section.path());
    let port = said.and_then(|said| port(said, &element("port"), notes));
    if let (Some(_), Some(socket)) = (&port, &socket) {
        let text = "does not count beside a port";
        notes.harmless(&socket.origin, &element("unixpath"), text);
    }
    port.or_else(|| socket.map(Server::Socket))
}

fn port(said: Said, element: &str, notes: &mut Notes) -> Option<Server> {
    match said.text.parse::<u16>() {
        Ok(port) if port > 0 => return Some(Server::Port(port, said.origin)),
        // Written so where there is a socket instead.
        Ok(_) => {}
        Err(_) => {
            let text = format!("{:?} is no port", said.text);
            notes.loss(&said.origin, element, text);
        }
    }
    None
}

fn log_keys(section: &mut Section<'_>, notes: &mut Notes) {
    section.drop("logfile", TO_STDERR, notes);
    section.drop("syslog", TO_STDERR, notes);
    section.drop("actlog", TO_STDERR, notes);
    section.drop("logtag", NO_TAG, notes);
    section.drop("loglength", "lines of the log are not cut", notes);
}

/// Every form of `<routers>`: plain texts, structures, or both; one or many.
fn registrations(mut list: Section<'_>, notes: &mut Notes) -> Vec<RegisterAt> {
    let mut routers = Vec::new();
    for mut entry in list.children("router") {
        let origin = entry.origin();
        if let Some(domain) = entry.own_text() {
            routers.push(RegisterAt {
                origin,
                name: None,
                domain,
                services: Vec::new(),
            });
            continue;
        }
        if !entry.children("transport").is_empty() {
            // It is one to run, not one to register with.
            continue;
        }
        let name = entry.text("name", notes);
        let services = entry.listed("services", "service", notes);
        match entry.text("domain", notes) {
            Some(domain) => routers.push(RegisterAt {
                origin,
                name,
                domain,
                services,
            }),
            None => notes.loss(&origin, entry.path(), "names no domain; left out"),
        }
        entry.finish(notes);
    }
    list.finish(notes);
    routers
}

fn router(mut section: Section<'_>, notes: &mut Notes) -> Option<RouterLogin> {
    let origin = section.origin();
    let (mut clients, mut servers) = (Vec::new(), Vec::new());
    for mut trusted in section.children("trusted_domains") {
        clients.extend(trusted.texts("client"));
        servers.extend(trusted.texts("server"));
        trusted.finish(notes);
    }
    let log_level = section.text("loglevel", notes);
    log_keys(&mut section, notes);
    let mut transport = section.children("transport").into_iter().next()?;
    let unused = "the original's router does not read it either";
    for key in ["connect_timeout", "max_reconnect_attempts", "unixpath"] {
        transport.drop(key, unused, notes);
    }
    let domain = transport.text("server", notes);
    let user = transport.text("username", notes);
    let password = transport.text("password", notes);
    let resource = transport.text("resource", notes);
    let port_ = transport.text("port", notes);
    transport.finish(notes);
    section.finish(notes);
    let is_whole = domain.is_some() && user.is_some() && password.is_some();
    if !is_whole || clients.is_empty() || servers.is_empty() {
        let text = "needs transport/server, username and password, and trusted_domains/server \
                    and client; left out";
        notes.loss(&origin, "routers/router", text);
        return None;
    }
    let server = port_.and_then(|said| port(said, "routers/router/transport/port", notes));
    Some(RouterLogin {
        origin,
        domain: domain?,
        user: user?,
        password: password?,
        server,
        resource,
        clients,
        servers,
        log_level,
    })
}
