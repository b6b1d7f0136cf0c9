use proptest::prelude::{Strategy, prop_assert, proptest};

use super::*;
use crate::original::item::{Item, Weight};
use crate::xml::read_document;

const CORE: &str = include_str!("../../../tests/data/original/opensrf_core.xml");
const APPS: &str = include_str!("../../../tests/data/original/opensrf.xml");
const SHELL: &str = include_str!("../../../tests/data/original/srfsh.xml");

fn nowhere(_: &str) -> Vec<IpAddr> {
    Vec::new()
}

fn core_of(xml: &str, is_embedded: bool, resolve: &dyn Fn(&str) -> Vec<IpAddr>) -> Imported {
    let root = read_document(xml.as_bytes()).expect("is XML");
    let around = Surroundings {
        is_embedded,
        resolve,
    };
    core_settings("c.xml", &root, &around)
}

fn apps_of(xml: &str, given: Option<&str>) -> Imported {
    let root = read_document(xml.as_bytes()).expect("is XML");
    let on_board = ["opensrf.math", "opensrf.persist", "opensrf.settings"];
    app_settings("o.xml", &root, "/etc/o.xml", given, "app1", &on_board)
}

/// One line a setting: path, value and origin.
fn flat(imported: &Imported) -> Vec<String> {
    let mut lines = Vec::new();
    for (key, item) in &imported.settings.0 {
        walk(key, item, &mut lines);
    }
    lines
}

fn walk(path: &str, item: &Item, lines: &mut Vec<String>) {
    let shown = match &item.value {
        Value::Table(table) => {
            for (key, item) in &table.0 {
                walk(&format!("{path}.{key}"), item, lines);
            }
            return;
        }
        Value::List(items) => {
            for (n, item) in items.iter().enumerate() {
                walk(&format!("{path}[{n}]"), item, lines);
            }
            return;
        }
        Value::Text(text) => text.clone(),
        Value::Number(number) => number.to_string(),
        Value::Free(json) => json.to_string(),
    };
    lines.push(format!("{path} = {shown} @ {}", item.origin));
}

/// The line of `xml` in which `text` stands for the first time.
fn line(xml: &str, text: &str) -> usize {
    let at = xml.find(text).expect(text);
    1 + xml[..at].matches('\n').count()
}

fn has(lines: &[String], expected: &str) {
    let found = lines.iter().any(|line| line.starts_with(expected));
    assert!(found, "{expected}\nis not in\n{}", lines.join("\n"));
}

fn notes(imported: &Imported) -> Vec<String> {
    imported.notes.iter().map(Note::to_string).collect()
}

#[test]
fn the_core_file_says_who_logs_in_where() {
    let imported = core_of(CORE, false, &nowhere);
    let lines = flat(&imported);
    let password = line(CORE, "for-services");
    has(&lines, "bus.domain = private.localhost @ c.xml:");
    has(&lines, "bus.address = 127.0.0.1:5222 @ c.xml:");
    has(&lines, "bus.login = legacy @");
    has(
        &lines,
        &format!("bus.account.password = for-services @ c.xml:{password}"),
    );
    has(&lines, "bus.routers[0].domain = private.localhost @");
    has(&lines, "bus.routers[1].domain = public.localhost @");
    has(&lines, "bus.routers[1].services[0] = opensrf.math @");
    has(&lines, "router.domain = private.localhost @");
    has(&lines, "router.account.password = for-private-router @");
    has(&lines, "router.trusted_clients[1] = public.localhost @");
    has(&lines, "further_routers[0].domain = public.localhost @");
    has(
        &lines,
        "further_routers[0].trusted_servers[0] = private.localhost @",
    );
    has(&lines, "log.level = warn @");
    has(&lines, "log.protect[1] = acme.secrets. @");
    assert!(imported.settings.get("jabber").is_none());
    assert_eq!(imported.settings_config.unwrap().text, "opensrf.xml");
}

#[test]
fn a_domain_that_the_resolver_knows_is_asked_for_by_name() {
    let one = |_: &str| vec![IpAddr::from([127, 0, 1, 3])];
    let lines = flat(&core_of(CORE, false, &one));
    has(&lines, "bus.address = private.localhost:5222 @");
    has(
        &lines,
        "further_routers[0].address = public.localhost:5222 @",
    );
}

#[test]
fn an_embedded_server_has_every_domain_and_account_and_listens_where_programs_connect() {
    let resolve = |domain: &str| match domain {
        "private.localhost" => vec![IpAddr::from([127, 0, 1, 3])],
        _ => Vec::new(),
    };
    let lines = flat(&core_of(CORE, true, &resolve));
    has(&lines, "jabber.listen[0] = 127.0.1.3:5222 @");
    has(&lines, "jabber.listen[1] = 127.0.0.1:5222 @");
    has(&lines, "jabber.domains[0] = private.localhost @");
    has(&lines, "jabber.domains[1] = public.localhost @");
    let accounts = lines.iter().filter(|line| line.contains("].user = "));
    assert_eq!(accounts.count(), 4);
    has(&lines, "jabber.accounts[1].password = for-front-ends @");
    let is_at_a_server = |line: &&String| line.contains(".address") || line.contains("cleartext");
    assert_eq!(lines.iter().find(is_at_a_server), None);
}

#[test]
fn an_embedded_server_that_others_reach_takes_passwords_as_perl_sends_them() {
    let one = |_: &str| vec![IpAddr::from([192, 0, 2, 7])];
    let imported = core_of(CORE, true, &one);
    has(&flat(&imported), "jabber.listen[0] = 192.0.2.7:5222 @");
    has(&flat(&imported), "jabber.cleartext_login = anywhere @");
    assert!(
        notes(&imported)
            .iter()
            .any(|note| note.contains("clear text"))
    );
}

#[test]
fn every_form_of_a_router_entry_is_understood() {
    let one = "<router><domain>a</domain></router>";
    let cases = [
        ("", "router@d"),
        ("<router>a</router>", "own@a"),
        ("<router> a\n</router><router>b</router>", "own@a own@b"),
        (one, "own@a"),
        ("<router><name>r</name><domain>a</domain></router>", "r@a"),
        ("<router><domain>a</domain><services/></router>", "own@a"),
        (
            "<router><domain>a</domain><services><service>s</service></services></router>",
            "own@a:s",
        ),
        (
            "<router><domain>a</domain><services><service>s</service><!-- x --><service>t</service>\
             </services></router><router>b</router>",
            "own@a:s,t own@b",
        ),
        (
            "<router>b</router><router><name>own</name><domain>d</domain></router>",
            "own@d own@b",
        ),
        ("<router><name>r</name></router><router>a</router>", "own@a"),
    ];
    for (routers, expected) in cases {
        let name = if routers.is_empty() { "router" } else { "own" };
        let xml = format!(
            "<config><opensrf><routers>{routers}</routers><router_name>{name}</router_name>\
             <domain>d</domain><username>u</username><passwd>p</passwd><port>1</port></opensrf>\
             </config>"
        );
        let imported = core_of(&xml, false, &nowhere);
        let Some(Value::Table(bus)) = imported.settings.get("bus").map(|bus| bus.value.clone())
        else {
            panic!("no bus: {routers}");
        };
        let Some(Value::List(items)) = bus.get("routers").map(|item| item.value.clone()) else {
            panic!("no routers: {routers}");
        };
        let shown: Vec<String> = items.iter().map(router).collect();
        assert_eq!(shown.join(" "), expected, "{routers}");
    }
}

/// A router as `name@domain:services`.
fn router(item: &Item) -> String {
    let mut lines = Vec::new();
    walk("", item, &mut lines);
    let said = |key: &str| {
        let lines = lines.iter().filter(|line| line.starts_with(key));
        let values = lines.filter_map(|line| line.split(" = ").nth(1)?.split(" @").next());
        values.map(str::to_owned).collect::<Vec<_>>().join(",")
    };
    let services = said(".services");
    let colon = if services.is_empty() { "" } else { ":" };
    format!("{}@{}{colon}{services}", said(".name"), said(".domain"))
}

#[test]
fn what_has_no_place_is_told_line_by_line() {
    let core = core_of(CORE, false, &nowhere);
    let gateway = format!(
        "c.xml:{}: gateway: the original's web front ends",
        line(CORE, "<gateway>")
    );
    let logfile = format!("c.xml:{}: opensrf/logfile: ", line(CORE, "<logfile>"));
    let timeout = format!(
        "c.xml:{}: routers/router/transport/connect_timeout: ",
        line(CORE, "<connect_timeout>")
    );
    let told = notes(&core);
    let server = format!(
        "c.xml:{}: opensrf: the Jabber server is expected at 127.0.0.1:5222",
        line(CORE, "<port>")
    );
    for expected in [&server, &gateway, &logfile, &timeout] {
        has(&told, expected);
    }
    let apps = apps_of(APPS, Some("localhost"));
    let told = notes(&apps);
    let calc = line(APPS, "<appname>acme.calc");
    has(
        &told,
        &format!("o.xml:{calc}: activeapps/acme.calc: is not on board (Acme::Calc, perl)"),
    );
    has(
        &told,
        &format!(
            "o.xml:{}: apps/acme.idle: is not among",
            line(APPS, "<acme.idle>")
        ),
    );
    has(
        &told,
        &format!(
            "o.xml:{}: apps/opensrf.math/stateless: ",
            line(APPS, "<stateless>1")
        ),
    );
    let losses: Vec<_> = apps
        .notes
        .iter()
        .filter(|note| note.weight == Weight::Loss)
        .collect();
    assert_eq!(losses.len(), 1, "{losses:?}");
}

#[test]
fn what_is_not_known_is_told_too() {
    let xml = "<config><opensrf><domian>x</domian></opensrf>\n<other/></config>";
    let told = notes(&core_of(xml, false, &nowhere));
    has(&told, "c.xml:1: opensrf/domian: is not known");
    has(
        &told,
        "c.xml:1: opensrf: has no <domain>, <username>, <passwd>",
    );
    has(&told, "c.xml:2: other: is no section");
    let told = notes(&core_of("<html/>", false, &nowhere));
    has(&told, "c.xml:1: html: is no root of");
    let xml = "<opensrf><default>\n<xi:include href='a'/></default></opensrf>";
    has(
        &notes(&apps_of(xml, None)),
        "o.xml:2: xi:include: XInclude is not followed",
    );
}

#[test]
fn services_on_board_keep_their_numbers_and_their_own_settings() {
    let lines = flat(&apps_of(APPS, Some("localhost")));
    has(&lines, "services[0].name = opensrf.settings @");
    has(&lines, "services[0].settings = {\"file\":\"/etc/o.xml\"} @");
    has(&lines, "services[1].name = opensrf.math @");
    has(&lines, "services[1].keepalive_seconds = 3 @");
    has(&lines, "services[1].session_requests = 50 @");
    has(&lines, "services[1].drones.min = 2 @");
    has(&lines, "services[1].drones.max = 4 @");
    has(&lines, "services[1].drones.max_requests = 200 @");
    let backlog = line(APPS, "<max_backlog_queue>");
    has(
        &lines,
        &format!("services[1].backlog = 30 @ o.xml:{backlog}"),
    );
    let own = r#"{"dbfile":"/var/lib/example/persist.db","default_expire_time":300}"#;
    has(&lines, &format!("services[2].settings = {own} @"));
    let no_settings = |line: &&String| line.starts_with("services[1].settings");
    assert_eq!(lines.iter().find(no_settings), None);
}

#[test]
fn the_host_is_the_given_one_or_this_machine_or_localhost() {
    let lines = flat(&apps_of(APPS, Some("app2.example.org")));
    has(&lines, "services[0].drones.max = 40 @");
    has(&lines, "host.name = app2.example.org @");
    let here = apps_of(APPS, None);
    assert_eq!(
        flat(&here)
            .iter()
            .filter(|line| line.contains("].name"))
            .count(),
        3
    );
    has(
        &notes(&here),
        "o.xml:3: hosts: there is no section for app1; that of localhost counts",
    );
    let own = APPS.replace("app2.example.org", "app1.example.org");
    has(&flat(&apps_of(&own, None)), "services[0].drones.max = 40 @");
    let nobody = apps_of(APPS, Some("x"));
    assert!(nobody.settings.get("services").is_none());
    has(
        &notes(&nobody),
        "o.xml:3: hosts: there is no section for x; the defaults count",
    );
}

#[test]
fn a_pattern_of_methods_not_to_log_is_told() {
    let xml = CORE.replace("acme.secrets.", "acme.(login|pin)");
    let told = notes(&core_of(&xml, false, &nowhere));
    let at = line(&xml, "acme.(");
    has(
        &told,
        &format!("c.xml:{at}: shared/log_protect/match_string: is taken as the"),
    );
    assert!(
        !notes(&core_of(CORE, false, &nowhere))
            .concat()
            .contains("match_string")
    );
}

#[test]
fn the_service_that_uses_memcached_is_told_where_it_is() {
    let apps = APPS.replace("acme.calc", "opensrf.version");
    let root = read_document(apps.as_bytes()).unwrap();
    let imported = app_settings("o.xml", &root, "o", None, "h", &["opensrf.version"]);
    let cache = r#"{"cache":{"max_cache_time":86400,"servers":{"server":"127.0.0.1:11211"}}}"#;
    has(
        &flat(&imported),
        &format!("services[0].settings = {cache} @"),
    );
}

#[test]
fn the_shells_file_is_that_of_a_client() {
    let imported = core_of(SHELL, false, &nowhere);
    let lines = flat(&imported);
    has(&lines, "bus.account.user = opensrf @");
    has(&lines, "bus.routers[0].name = router @");
    assert!(imported.settings.get("log").is_none());
    assert!(
        imported
            .notes
            .iter()
            .all(|note| note.weight == Weight::Harmless)
    );
}

#[test]
fn a_socket_counts_where_there_is_no_port() {
    let shell = SHELL.replace("<port>5222</port>", "<unixpath>/run/x.sock</unixpath>");
    has(
        &flat(&core_of(&shell, false, &nowhere)),
        "bus.address = unix:/run/x.sock @",
    );
    let both = SHELL.replace("<port>", "<unixpath>/run/x.sock</unixpath><port>");
    let lines = flat(&core_of(&both, false, &nowhere));
    has(&lines, "bus.address = 127.0.0.1:5222 @");
}

#[test]
fn a_password_of_digits_stays_as_it_is() {
    let shell = SHELL.replace("for-services", "007");
    has(
        &flat(&core_of(&shell, false, &nowhere)),
        "bus.account.password = 007 @",
    );
}

#[test]
fn one_account_with_two_passwords_is_told() {
    let xml = CORE.replace(
        "<domain>public.localhost</domain>\n    <username>",
        "<domain>private.localhost</domain>\n    <username>",
    );
    let told = notes(&core_of(&xml, true, &nowhere));
    has(
        &told,
        &format!(
            "c.xml:{}: passwd: another password",
            line(&xml, "for-front-ends")
        ),
    );
}

/// Any tree of the names that matter.
fn any_file() -> impl Strategy<Value = Node> {
    let name = proptest::sample::select(vec![
        "config",
        "opensrf",
        "routers",
        "router",
        "transport",
        "services",
        "service",
        "domain",
        "port",
        "username",
        "passwd",
        "password",
        "server",
        "client",
        "trusted_domains",
        "shared",
        "default",
        "hosts",
        "h",
        "apps",
        "activeapps",
        "appname",
        "opensrf.math",
        "unix_config",
        "min_children",
        "keepalive",
        "app_settings",
        "gateway",
        "unixpath",
    ]);
    let text = proptest::option::of("[0-9a ]{0,6}|opensrf.math");
    let leaf = (name.clone(), text).prop_map(|(name, text)| Node {
        name: name.to_owned(),
        text,
        ..Node::default()
    });
    leaf.prop_recursive(7, 64, 6, move |inner| {
        let children = proptest::collection::vec(inner, 0..6);
        (name.clone(), children).prop_map(|(name, children)| Node {
            name: name.to_owned(),
            children,
            ..Node::default()
        })
    })
}

proptest! {
    #[test]
    fn no_document_makes_it_panic(mut root in any_file(), name in "config|opensrf|srfsh|x") {
        root.name = name;
        for is_embedded in [false, true] {
            let around = Surroundings { is_embedded, resolve: &nowhere };
            let imported = core_settings("c", &root, &around);
            prop_assert!(imported.settings.get("bus").is_none() || root.name != "x");
        }
        let imported = app_settings("o", &root, "o", None, "h", &["opensrf.math"]);
        prop_assert!(imported.settings.0.len() <= 1);
    }
}
