//! The tables of a configuration, one function each.

use std::time::Duration;

use opensrf::limits::{self, StreamLimits};
use opensrf::liveness::DeadAfter;
use opensrf::router::RoutingPolicy;
use tracing_subscriber::EnvFilter;

use super::Password;
use super::free;
use super::model::{
    Account, Address, BusSettings, CleartextLogin, ClientSettings, HostSettings, JabberAccount,
    JabberSettings, LogFormat, LogSettings, LoginMethod, RouterAddress, RouterSettings,
    ServiceSettings,
};
use super::values::{address, control, listen, password, password_file, user};
use crate::toml_tree::Toml;
use crate::toml_tree::read::Section;
use crate::toml_tree::values::{
    Found, any_text, at_least, domain, duration, duration_or_zero, list, resource, set, some, word,
};

/// What is logged unless somebody says otherwise.
pub(crate) const DEFAULT_LEVEL: &str = "info";

/// The resource that OpenSRF's own programs expect of a router.
pub(super) const ROUTER: &str = "router";

/// The methods of Evergreen that take passwords, tokens and personal data of patrons.
const PROTECTED: &[&str] = &[
    "open-ils.auth",
    "open-ils.actor.patron.password_reset",
    "open-ils.actor.patron.update",
    "open-ils.actor.user.email",
    "open-ils.actor.user.password",
    "open-ils.actor.user.username",
    "open-ils.actor.verify_user_password",
    "open-ils.cstore.direct.actor.user",
    "open-ils.search.z3950.apply_credentials",
];

pub(super) const CLEARTEXT: &[(&str, CleartextLogin)] = &[
    ("loopback", CleartextLogin::Loopback),
    ("anywhere", CleartextLogin::Anywhere),
    ("never", CleartextLogin::Never),
];

pub(super) const LOGIN: &[(&str, LoginMethod)] =
    &[("auto", LoginMethod::Auto), ("legacy", LoginMethod::Legacy)];

/// The words for routing policies.
pub(crate) const POLICY: &[(&str, RoutingPolicy)] = &[
    named(RoutingPolicy::RoundRobin),
    named(RoutingPolicy::LeastOutstanding),
    named(RoutingPolicy::TwoChoices),
    named(RoutingPolicy::Weighted),
];

const fn named(policy: RoutingPolicy) -> (&'static str, RoutingPolicy) {
    (policy.name(), policy)
}

/// The words for the look of the log.
pub(crate) const FORMAT: &[(&str, LogFormat)] = &[
    ("auto", LogFormat::Auto),
    ("human", LogFormat::Human),
    ("json", LogFormat::Json),
];

fn shown<T: PartialEq>(words: &[(&'static str, T)], value: &T) -> String {
    let word = words.iter().find(|(_, known)| known == value);
    word.map_or("", |(word, _)| word).toml()
}

impl Toml for CleartextLogin {
    fn toml(&self) -> String {
        shown(CLEARTEXT, self)
    }
}

impl Toml for LoginMethod {
    fn toml(&self) -> String {
        shown(LOGIN, self)
    }
}

impl Toml for RoutingPolicy {
    fn toml(&self) -> String {
        shown(POLICY, self)
    }
}

impl Toml for LogFormat {
    fn toml(&self) -> String {
        shown(FORMAT, self)
    }
}

pub(super) fn jabber(mut table: Section<'_>) -> JabberSettings {
    let localhost = || "localhost".to_owned();
    let port = Address::Tcp("127.0.0.1:5222".to_owned());
    let largest = StreamLimits::AUTHENTICATED.stanza_bytes;
    // RFC 6120 §13.12 forbids a lower limit.
    let least = StreamLimits::UNAUTHENTICATED.stanza_bytes;
    let mut jabber = JabberSettings {
        listen: table.or("listen", vec![port], set(list(listen))),
        domains: table.or("domains", vec![localhost()], some(set(list(domain)))),
        cleartext_login: table.or("cleartext_login", CleartextLogin::Loopback, word(CLEARTEXT)),
        stanza_bytes: table.or("stanza_bytes", largest, at_least(least)),
        login_time: table.or("login_seconds", limits::LOGIN_TIME, duration),
        outbox_bytes: table.or("outbox_bytes", limits::OUTBOX_BYTES, at_least(least)),
        outbox_progress: table.or("outbox_progress_seconds", limits::OUTBOX_PROGRESS, duration),
        sessions_per_account: table.or(
            "sessions_per_account",
            limits::SESSIONS_PER_ACCOUNT,
            at_least(1),
        ),
        connections_per_address: table.or(
            "connections_per_address",
            limits::CONNECTIONS_PER_ADDRESS,
            at_least(1),
        ),
        dead_after: dead_after(&mut table),
        accounts: Vec::new(),
    };
    if jabber.outbox_bytes < jabber.stanza_bytes {
        let (outbox, stanza) = (jabber.outbox_bytes, jabber.stanza_bytes);
        let text = format!("{outbox} is less than stanza_bytes {stanza}; one stanza must fit");
        table.problem("outbox_bytes", text);
    }
    let accounts = table.tables("accounts").unwrap_or_default();
    if accounts.is_empty() {
        table.problem(
            "accounts",
            "nobody could log in; add [[jabber.accounts]] user = \"…\"",
        );
    }
    jabber.accounts = accounts.into_iter().filter_map(jabber_account).collect();
    table.finish();
    jabber
}

fn jabber_account(mut table: Section<'_>) -> Option<JabberAccount> {
    let user = table.required("user", "add user = \"…\"", user);
    let domain = table.optional("domain", "every virtual host", domain);
    let password = secret(
        &mut table,
        "made up at the first start, kept in the state folder",
    );
    table.finish();
    Some(JabberAccount {
        user: user?,
        domain,
        password,
    })
}

fn account(mut table: Section<'_>) -> Option<Account> {
    let remedy = "add account = { user = \"…\", password = \"…\" }";
    let user = table.required("user", remedy, user);
    let password = secret(&mut table, "that of the embedded server's account");
    table.finish();
    Some(Account {
        user: user?,
        password,
    })
}

/// A password, given or in a file; `meaning` says where it comes from otherwise.
fn secret(table: &mut Section<'_>, meaning: &str) -> Option<Password> {
    let in_file = table.optional("password_file", "no file", password_file);
    let meaning = if in_file.is_some() {
        "in the file"
    } else {
        meaning
    };
    let given = table.optional("password", meaning, password);
    if given.is_some() && in_file.is_some() {
        table.problem(
            "password_file",
            "password is given as well; leave one of them out",
        );
    }
    given.or_else(|| in_file.map(|(_, password)| password))
}

pub(super) fn router(mut table: Section<'_>) -> Option<RouterSettings> {
    let domain_ = table.required("domain", "name the virtual host that it serves", domain);
    let name = table.or("name", ROUTER.to_owned(), resource);
    let address = table.optional("address", "the embedded server", address);
    let account = account(table.inline("account"));
    let mut trusted = |key| {
        let remedy = "a router refuses to run without; name the domains that it may trust";
        table.required(key, remedy, some(set(list(domain))))
    };
    let trusted_clients = trusted("trusted_clients");
    let trusted_servers = trusted("trusted_servers");
    let policy = table.or("policy", RoutingPolicy::default(), word(POLICY));
    let dead_after = dead_after(&mut table);
    table.finish();
    Some(RouterSettings {
        domain: domain_?,
        name,
        address,
        account: account?,
        trusted_clients: trusted_clients?,
        trusted_servers: trusted_servers?,
        policy,
        dead_after,
    })
}

/// How long the other side of a connection may be silent.
fn dead_after(table: &mut Section<'_>) -> Duration {
    let silence = |found: &Found<'_>| {
        let silence = duration_or_zero(found)?;
        let checked = DeadAfter::new(silence).map(|_| silence);
        checked.map_err(|error| error.to_string())
    };
    table.or("dead_after_seconds", limits::DEAD_AFTER, silence)
}

/// `own` is the router of the same configuration: its host registers there unless told otherwise.
pub(super) fn bus(mut table: Section<'_>, own: Option<&RouterSettings>) -> Option<BusSettings> {
    let domain = table.required("domain", "name the virtual host to log in to", domain);
    let address = table.optional("address", "straight into the embedded server", address);
    let login = table.or("login", LoginMethod::Auto, word(LOGIN));
    let dead_after = dead_after(&mut table);
    let account = account(table.inline("account"));
    let own = RouterAddress {
        name: own.map_or(ROUTER, |router| &router.account.user).to_owned(),
        domain: own
            .map(|router| &router.domain)
            .or(domain.as_ref())
            .cloned()
            .unwrap_or_default(),
        services: None,
    };
    let routers = match table.tables("routers") {
        Some(routers) if routers.is_empty() => {
            table.problem("routers", "is empty; name at least one, or leave it out");
            Vec::new()
        }
        Some(routers) => routers
            .into_iter()
            .map(|router| router_address(router, &own))
            .collect(),
        None => {
            let (name, domain) = (own.name.toml(), own.domain.toml());
            let value = format!("[{{ name = {name}, domain = {domain} }}]");
            table.shown_default("routers", value);
            vec![own]
        }
    };
    table.finish();
    Some(BusSettings {
        domain: domain?,
        address,
        login,
        account: account?,
        routers,
        dead_after,
    })
}

fn router_address(mut table: Section<'_>, own: &RouterAddress) -> RouterAddress {
    let router = RouterAddress {
        name: table.or("name", own.name.clone(), user),
        domain: table.or("domain", own.domain.clone(), domain),
        services: table.optional("services", "all", some(set(list(resource)))),
    };
    table.finish();
    router
}

pub(super) fn service(mut table: Section<'_>) -> Option<ServiceSettings> {
    let name = table.required("name", "add name = \"…\"", resource);
    let mut drones = table.inline("drones");
    let min = drones.or("min", 1, at_least(0));
    let max = drones.or("max", 8, at_least(1));
    if min > max {
        drones.problem(
            "min",
            format!("{min} is more than max {max}; lower min or raise max"),
        );
    }
    let max_requests = drones.or("max_requests", 0, at_least(0));
    drones.finish();
    let backlog = table.or("backlog", limits::BACKLOG, at_least(0));
    let keepalive = table.or("keepalive_seconds", Duration::from_secs(5), duration);
    let max_wait = table.or("max_wait_seconds", Duration::ZERO, duration_or_zero);
    let max_run = table.or("max_run_seconds", Duration::ZERO, duration_or_zero);
    let session_requests = table.or("session_requests", 0, at_least(0));
    let settings = table.or("settings", serde_json::json!({}), free::table);
    table.finish();
    Some(ServiceSettings {
        name: name?,
        min_drones: min,
        max_drones: max,
        backlog,
        keepalive,
        max_requests,
        session_requests,
        max_wait: Some(max_wait).filter(|wait| !wait.is_zero()),
        max_run: Some(max_run).filter(|run| !run.is_zero()),
        settings,
    })
}

pub(super) fn log(mut table: Section<'_>) -> LogSettings {
    let log = LogSettings {
        level: table.or("level", DEFAULT_LEVEL.to_owned(), level),
        format: table.or("format", LogFormat::Auto, word(FORMAT)),
        protect: table.or("protect", protected(), set(list(any_text))),
    };
    table.finish();
    log
}

fn protected() -> Vec<String> {
    PROTECTED.iter().map(|&prefix| prefix.to_owned()).collect()
}

fn level(found: &Found<'_>) -> Result<String, String> {
    const LEVELS: [&str; 6] = ["off", "error", "warn", "info", "debug", "trace"];
    let text = any_text(found)?;
    // A filter takes any other word for a part of the program: a slip would silence the log.
    let is_slip = |part: &&str| {
        let is_level = LEVELS.iter().any(|level| part.eq_ignore_ascii_case(level));
        !is_level && !part.is_empty() && !part.contains(['=', '['])
    };
    if let Some(slip) = text.split(',').map(str::trim).find(is_slip) {
        let levels = LEVELS.join(", ");
        return Err(format!(
            "{slip:?} is no level; levels are {levels}; for a part of the program: part=level"
        ));
    }
    match EnvFilter::builder().parse(&text) {
        Ok(_) => Ok(text),
        Err(error) => Err(format!(
            "{text:?} is no filter: {error}; \"debug\" would be one"
        )),
    }
}

pub(super) fn client(mut table: Section<'_>) -> ClientSettings {
    let client = ClientSettings {
        timeout: table.or("timeout_seconds", Duration::from_secs(30), duration),
        connect_timeout: table.or("connect_timeout_seconds", Duration::from_secs(5), duration),
    };
    table.finish();
    client
}

pub(super) fn host(mut table: Section<'_>, machine: String) -> HostSettings {
    let host = HostSettings {
        name: table.or("name", machine, resource),
        drain: table.or("drain_seconds", Duration::from_secs(30), duration_or_zero),
        control: table.optional("control", "in the state folder", control),
    };
    table.finish();
    host
}
