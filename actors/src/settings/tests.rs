mod any_text;

use std::collections::{BTreeMap, BTreeSet};

use opensrf::router::RoutingPolicy;

use super::*;

const BENCH_ACCOUNTS: &str = r#"
[jabber]
listen = ["127.0.0.1:7174"]
[[jabber.accounts]]
user = "router"
password = "bench"
[[jabber.accounts]]
user = "opensrf"
password = "bench"
"#;

const BUS: &str = "[bus]\ndomain = \"localhost\"\naccount.user = \"opensrf\"\n";

fn variables(pairs: &[(&str, &str)]) -> Vec<(OsString, OsString)> {
    pairs
        .iter()
        .map(|(name, value)| (name.into(), value.into()))
        .collect()
}

fn load(text: &str) -> Result<Settings, SettingsError> {
    Settings::loader().text("a.toml", text).load()
}

fn problems(text: &str) -> String {
    load(text)
        .expect_err("has something wrong in it")
        .to_string()
}

fn built_in() -> Settings {
    let loader = Settings::loader().variables(variables(&[("HOME", "/home/x")]));
    loader.load().expect("the built-in file is right")
}

#[test]
fn without_a_file_it_is_a_whole_network_without_passwords() {
    let settings = built_in();
    let jabber = settings.jabber.as_ref().unwrap();
    assert_eq!(jabber.listen, [Address::Tcp("127.0.0.1:5222".to_owned())]);
    assert!(
        jabber
            .accounts
            .iter()
            .all(|account| account.password.is_none())
    );
    assert_eq!(settings.router.as_ref().unwrap().name, "router");
    assert_eq!(settings.services[0].name, "opensrf.math");
    assert_eq!(
        settings.state,
        PathBuf::from("/home/x/.local/state/opensrf")
    );
    assert_eq!(
        settings.summary(),
        "Jabber server for localhost on 127.0.0.1:5222; router router@localhost/router; \
         services opensrf.math"
    );
}

#[test]
fn the_state_folder_follows_the_xdg_specification() {
    let state = |pairs: &[_]| default_state(&variables(pairs));
    let home = ("HOME", "/home/x");
    assert_eq!(
        state(&[("XDG_STATE_HOME", "/s"), home]),
        PathBuf::from("/s/opensrf")
    );
    assert_eq!(
        state(&[("XDG_STATE_HOME", "s"), home]),
        PathBuf::from("/home/x/.local/state/opensrf")
    );
    assert_eq!(state(&[]), PathBuf::from("/var/lib/opensrf"));
}

#[test]
fn a_file_replaces_the_built_in_one() {
    let settings = load("[client]\ntimeout_seconds = 0.5\n").unwrap();
    assert!(settings.jabber.is_none() && settings.services.is_empty());
    assert_eq!(settings.client.timeout.as_millis(), 500);
    assert_eq!(settings.client.connect_timeout.as_secs(), 5);
    assert_eq!(settings.summary(), "nothing to start");
}

#[test]
fn later_files_win_key_by_key_and_lists_as_a_whole() {
    let settings = Settings::loader()
        .text("a.toml", BENCH_ACCOUNTS)
        .text("b.toml", "[jabber]\ndomains = [\"x.org\", \"y.org\"]\n")
        .load()
        .unwrap();
    let jabber = settings.jabber.unwrap();
    assert_eq!(jabber.domains, ["x.org", "y.org"]);
    assert_eq!(jabber.listen, [Address::Tcp("127.0.0.1:7174".to_owned())]);
    assert_eq!(jabber.accounts.len(), 2);
}

#[test]
fn variables_win_over_files_and_options_over_both() {
    let settings = Settings::loader()
        .text(
            "a.toml",
            &format!("{BENCH_ACCOUNTS}{BUS}[[services]]\nname = \"opensrf.math\"\n"),
        )
        .variables(variables(&[
            ("OPENSRF_JABBER__LISTEN", "127.0.0.1:1,unix:x.sock"),
            ("OPENSRF_BUS__ACCOUNT__PASSWORD", "bench"),
            ("OPENSRF_SERVICES__0__DRONES__MAX", "3"),
            ("OPENSRF_LOG__LEVEL", "debug"),
            ("OPENSRF_STATE", "/s"),
            ("OPENSRF_LOG", "left alone"),
            ("OPENSRF_HOME", "left alone"),
        ]))
        .option("log.level", "trace", "--log")
        .load()
        .unwrap();
    assert_eq!(
        settings.jabber.unwrap().listen[1],
        Address::Unix("x.sock".into())
    );
    assert_eq!(settings.services[0].max_drones, 3);
    assert_eq!(settings.log.level, "trace");
    assert_eq!(settings.state, PathBuf::from("/s"));
}

#[test]
fn a_wrong_variable_is_named() {
    let error = Settings::loader()
        .variables(variables(&[
            ("OPENSRF_ROUTER__NMAE", "x"),
            ("OPENSRF_CLIENT__TIMEOUT_SECONDS", "soon"),
        ]))
        .load()
        .unwrap_err()
        .to_string();
    let lines: BTreeSet<&str> = error.lines().collect();
    let expected = [
        "environment variable OPENSRF_CLIENT__TIMEOUT_SECONDS: client.timeout_seconds: \
         expected a number, found a text",
        "environment variable OPENSRF_ROUTER__NMAE: router.nmae: unknown key; \
         known here: domain, name, address, account, trusted_clients, trusted_servers, policy, dead_after_seconds",
    ];
    assert_eq!(lines, BTreeSet::from(expected));
}

#[test]
fn a_variable_that_begins_a_table_is_named_for_what_the_table_lacks() {
    let problems = Settings::loader()
        .text("a.toml", "")
        .variables(variables(&[("OPENSRF_JABBER__LISTEN", "127.0.0.1:1")]))
        .load()
        .unwrap_err()
        .to_string();
    let expected = "environment variable OPENSRF_JABBER__LISTEN: jabber.accounts: nobody could";
    assert!(problems.starts_with(expected), "{problems}");
}

#[test]
fn what_makes_no_sense_is_refused_with_file_and_line() {
    let whole = |text: &str| format!("{BENCH_ACCOUNTS}{BUS}{text}");
    let jabber = BENCH_ACCOUNTS;
    let cases = [
        (
            whole("[[services]]\nname = \"opensrf.math\"\ndrones = { min = 9, max = 4 }"),
            "a.toml:15: services[0].drones.min: 9 is more than max 4; lower min or raise max",
        ),
        (
            "[jabbr]".to_owned(),
            "a.toml:1: jabbr: unknown key; did you mean `jabber`?",
        ),
        (
            "[log]\nlevl = 1".to_owned(),
            "a.toml:2: log.levl: unknown key; did you mean `level`?",
        ),
        (
            "[log]\nlevel = 1".to_owned(),
            "a.toml:2: log.level: expected a text in quotes, found a whole",
        ),
        (
            "[log]\nlevel = \"inf0\"".to_owned(),
            "a.toml:2: log.level: \"inf0\" is no level; levels are off, error",
        ),
        (
            "[log]\nlevel = \"a=b=c\"".to_owned(),
            "a.toml:2: log.level: \"a=b=c\" is no filter",
        ),
        (
            "[log]\nformat = \"xml\"".to_owned(),
            "\"xml\" is none of \"auto\", \"human\", \"json\"",
        ),
        (
            "log = 1".to_owned(),
            "a.toml:1: log: expected a table, found a whole number",
        ),
        ("x = ".to_owned(), "a.toml:1: "),
        (
            "[[services]]\nname = \"opensrf.math\"".to_owned(),
            "a.toml:1: services: there is no [bus]; add",
        ),
        (
            BUS.to_owned(),
            "a.toml:1: bus: no server to log in to; add address",
        ),
        (
            format!("{jabber}[bus]\n"),
            "a.toml:10: bus.domain: is missing",
        ),
        (
            format!("{jabber}{}", BUS.replace("localhost", "x.org")),
            "a.toml:11: bus.domain: the embedded server has no host x.org",
        ),
        (
            format!("{jabber}{}", BUS.replace("opensrf", "nobody")),
            "a.toml:12: bus.account.user: the embedded server has no account nobody@localhost",
        ),
        (
            whole("account.password = \"other\""),
            "a.toml:13: bus.account.password: is not the one of opensrf@localhost",
        ),
        (
            format!("{BUS}address = \"h:1\""),
            "a.toml:3: bus.account.password: is missing; add it, or",
        ),
        (whole("routers = []"), "a.toml:13: bus.routers: is empty"),
        (
            whole("[[services]]\nname = \"router\""),
            "name: \"router\" is the router's own",
        ),
        (
            whole("[[services]]\nname = \"opensrf.math\"\n[[services]]\nname = \"opensrf.math\""),
            "a.toml:16: services[1].name: \"opensrf.math\" is listed already",
        ),
        (
            whole("[[services]]\nname = \"a/b\""),
            "a.toml:14: services[0].name: '/' cannot stand",
        ),
        (
            whole("[[services]]\nname = \"opensrf.math\"\ndrones.max = 0"),
            "a.toml:15: services[0].drones.max: 0 is less than 1",
        ),
        (
            "[jabber]".to_owned(),
            "a.toml:1: jabber.accounts: nobody could log in",
        ),
        (
            format!("{jabber}[[jabber.accounts]]\nuser = \"Router\""),
            "a.toml:11: jabber.accounts[2].user: router@localhost is listed already",
        ),
        (
            format!("{jabber}[[jabber.accounts]]\nuser = \"a\"\ndomain = \"b\""),
            "a.toml:12: jabber.accounts[2].domain: b is not served here",
        ),
        (
            format!("{jabber}[[jabber.accounts]]\nuser = \"a\"\npassword_file = \"/none\""),
            "jabber.accounts[2].password_file: cannot read /none",
        ),
        (
            format!("{jabber}[router]\ndomain = \"localhost\"\ntrusted_servers = [\"a\"]"),
            "a.toml:10: router.trusted_clients: is missing; a router refuses to run without",
        ),
        (
            format!("{jabber}[router]\ndomain = \"localhost\"\npolicy = \"fastest\""),
            "a.toml:12: router.policy: \"fastest\" is none of \"round_robin\", \
             \"least_outstanding\", \"two_choices\", \"weighted\"",
        ),
        (
            "[jabber]\nstanza_bytes = 20000\noutbox_bytes = 10000".to_owned(),
            "a.toml:3: jabber.outbox_bytes: 10000 is less than stanza_bytes 20000",
        ),
        (
            "[jabber]\ndead_after_seconds = 0.5".to_owned(),
            "a.toml:2: jabber.dead_after_seconds: dead after 500ms: at least 1s, or 0 for never",
        ),
        (
            whole("[[services]]\nname = \"opensrf.math\"\nsettings = 1"),
            "a.toml:15: services[0].settings: expected a table, found a whole number",
        ),
        (
            whole("[[services]]\nname = \"opensrf.math\"\nsettings.a = { b = inf }"),
            "a.toml:15: services[0].settings: a: b: inf is no finite number",
        ),
        (
            "[jabber]\nstanza_bytes = 1".to_owned(),
            "a.toml:2: jabber.stanza_bytes: 1 is less",
        ),
        (
            "[jabber]\nlisten = [\"a:1\", \"b\"]".to_owned(),
            "jabber.listen: item 2: \"b\" is neither",
        ),
        (
            "[jabber]\ndomains = [\"a\", \"A\"]".to_owned(),
            "jabber.domains: \"a\" stands there twice",
        ),
    ];
    for (text, expected) in cases {
        let problems = problems(&text);
        assert!(
            problems.lines().any(|line| line.contains(expected)),
            "{text}\n=> {problems}"
        );
    }
}

#[test]
fn everything_wrong_is_reported_at_once() {
    let problems = problems("[log]\nlevl = 1\nformat = 2\n[client]\ntimeout_seconds = 0\n");
    assert_eq!(problems.lines().count(), 3, "{problems}");
}

#[test]
fn no_message_repeats_a_password() {
    let texts = [
        format!("{BENCH_ACCOUNTS}{BUS}account.password = \"hunter2\""),
        "[bus]\naccount.password = { hunter2 = 1 }".to_owned(),
        "[bus]\naccount.password = hunter2".to_owned(),
        "[bus]\naccount.password = \"hunter2".to_owned(),
    ];
    for text in texts {
        let problems = problems(&text);
        assert!(!problems.contains("hunter2"), "{problems}");
    }
}

#[test]
fn a_service_may_have_settings_of_its_own() {
    let text = format!(
        "{BENCH_ACCOUNTS}{BUS}[[services]]\nname = \"opensrf.math\"\nmax_wait_seconds = 2\n\
         max_run_seconds = 1.5\n\
         session_requests = 7\ndrones.max_requests = 9\n[services.settings]\nDBfile = \"x\"\n\
         since = 2020-01-02\n\"a.b\" = [1, {{ c = 0.5 }}]\nlogin = {{ password = \"hunter2\" }}\n"
    );
    let settings = load(&text).unwrap();
    let service = &settings.services[0];
    let own = serde_json::json!({
        "DBfile": "x",
        "since": "2020-01-02",
        "a.b": [1, {"c": 0.5}],
        "login": {"password": "hunter2"},
    });
    assert_eq!(service.settings, own);
    assert_eq!(service.max_wait.unwrap().as_secs(), 2);
    assert_eq!(service.max_run.unwrap().as_millis(), 1_500);
    assert_eq!((service.session_requests, service.max_requests), (7, 9));
    let shown = settings.show();
    assert!(shown.contains("\"a.b\" = [1, { c = 0.5 }]"), "{shown}");
    assert!(!shown.contains("hunter2"), "{shown}");
}

#[test]
fn without_a_word_nothing_of_a_service_has_an_end() {
    let service = &built_in().services[0];
    assert_eq!((service.max_requests, service.session_requests), (0, 0));
    assert_eq!((service.max_wait, service.max_run), (None, None));
    assert_eq!(service.settings, serde_json::json!({}));
}

#[test]
fn methods_that_take_passwords_are_protected_unless_a_list_says_otherwise() {
    let log = built_in().log;
    let is_protected = |method: &str| log.protect.iter().any(|p| method.starts_with(p.as_str()));
    assert!(is_protected("open-ils.auth.authenticate.complete"));
    assert!(is_protected("open-ils.auth_proxy.login"));
    assert!(!is_protected("opensrf.math.add"));
    let own = load("[log]\nprotect = [\"acme.\"]\n").unwrap();
    assert_eq!(own.log.protect, ["acme."]);
}

#[test]
fn the_original_finds_its_keys() {
    let text = format!(
        "{BENCH_ACCOUNTS}{BUS}[[services]]\nname = \"opensrf.math\"\nkeepalive_seconds = 0.5\n\
         drones = {{ min = 2, max = 4, max_requests = 9 }}\n\
         settings.cache = {{ servers = [\"a:1\", \"b:2\"], max_cache_time = 7 }}\n"
    );
    let found = load(&text).unwrap().as_original();
    assert_eq!(
        found["activeapps"],
        serde_json::json!({"appname": ["opensrf.math"]})
    );
    let app = &found["apps"]["opensrf.math"];
    assert_eq!(
        (&app["stateless"], &app["keepalive"]),
        (&1.into(), &1.into())
    );
    let pool = serde_json::json!({
        "min_children": 2, "max_children": 4, "max_requests": 9, "max_backlog_queue": 1000,
    });
    assert_eq!(app["unix_config"], pool);
    let cache = serde_json::json!({"servers": {"server": ["a:1", "b:2"]}, "max_cache_time": 7});
    assert_eq!(found["cache"]["global"], cache);
}

#[test]
fn routers_default_to_the_one_of_this_configuration() {
    let router = "[router]\ndomain = \"localhost\"\naccount.user = \"router\"\n\
                  trusted_clients = [\"a\"]\ntrusted_servers = [\"a\"]\n";
    let settings = load(&format!("{BENCH_ACCOUNTS}{BUS}{router}")).unwrap();
    let routers = settings.bus.unwrap().routers;
    assert_eq!(
        (&*routers[0].name, &*routers[0].domain),
        ("router", "localhost")
    );
}

#[test]
fn the_example_files_load() {
    let secrets = variables(&[
        ("OPENSRF_BUS__ACCOUNT__PASSWORD", "x"),
        ("OPENSRF_ROUTER__ACCOUNT__PASSWORD", "y"),
    ]);
    let cases = [
        ("hub.toml", include_str!("../../../config/hub.toml"), 0..0),
        ("host.toml", include_str!("../../../config/host.toml"), 0..1),
        (
            "external.toml",
            include_str!("../../../config/external.toml"),
            0..2,
        ),
    ];
    for (name, text, secret) in cases {
        let variables = secrets[secret].to_vec();
        let loader = Settings::loader().text(name, text).variables(variables);
        if let Err(error) = loader.load() {
            panic!("{error}");
        }
    }
}

#[test]
fn show_tells_where_each_value_came_from() {
    let text = format!("{BENCH_ACCOUNTS}{BUS}[[services]]\nname = \"opensrf.math\"\n");
    let settings = Settings::loader()
        .text("a.toml", &text)
        .variables(variables(&[("OPENSRF_CLIENT__TIMEOUT_SECONDS", "1.5")]))
        .load()
        .unwrap();
    let shown = settings.show();
    let lines: BTreeSet<String> = shown
        .lines()
        .map(|line| line.split_whitespace().collect::<Vec<_>>().join(" "))
        .collect();
    let expected = [
        "[[jabber.accounts]]",
        "password = \"***\" # a.toml:6",
        "listen = [\"127.0.0.1:7174\"] # a.toml:3",
        "timeout_seconds = 1.5 # environment variable OPENSRF_CLIENT__TIMEOUT_SECONDS",
        "drones.max = 8 # default",
        "# address is not set # default: straight into the embedded server",
        "routers = [{ name = \"router\", domain = \"localhost\" }] # default",
    ];
    for line in expected {
        assert!(lines.contains(line), "{line}\n{shown}");
    }
    assert!(!shown.contains("bench"));
    toml::de::DeTable::parse(&shown).unwrap();
}

/// Each setting of `text` as TOML, by path without list positions; the first counts.
fn flat(text: &str) -> BTreeMap<String, String> {
    use config::{Value, ValueKind};
    fn walk(path: String, value: Value, out: &mut BTreeMap<String, String>) {
        let shown = match value.kind {
            ValueKind::Table(map) if map.is_empty() => "{}".to_owned(),
            ValueKind::Table(map) => {
                for (key, value) in map {
                    let dot = if path.is_empty() { "" } else { "." };
                    walk(format!("{path}{dot}{key}"), value, out);
                }
                return;
            }
            ValueKind::Array(items)
                if items.iter().all(|i| matches!(i.kind, ValueKind::Table(_))) =>
            {
                for item in items {
                    walk(format!("{path}[]"), item, out);
                }
                return;
            }
            ValueKind::Array(items) => {
                let items: Vec<String> = items.iter().map(|item| format!("\"{item}\"")).collect();
                format!("[{}]", items.join(", "))
            }
            ValueKind::String(text) => format!("\"{text}\""),
            _ => value.to_string(),
        };
        out.entry(path).or_insert(shown);
    }
    let mut layers = layers::Layers::default();
    layers.text("x", text);
    let tree = layers.merge().expect("is TOML");
    let mut out = BTreeMap::new();
    for (key, value) in tree.root {
        walk(key, value, &mut out);
    }
    out
}

/// `default.toml` with the settings in its comments made real.
fn uncommented() -> String {
    let is_setting = |line: &str| {
        line.split_once(" = ").is_some_and(|(key, _)| {
            key.bytes()
                .all(|b| b.is_ascii_lowercase() || matches!(b, b'_' | b'.'))
        })
    };
    let lines = DEFAULT_TOML
        .lines()
        .map(|line| match line.strip_prefix("# ") {
            Some(rest) if is_setting(rest) => rest,
            _ => line,
        });
    lines.collect::<Vec<_>>().join("\n")
}

#[test]
fn the_default_file_says_every_setting_and_its_default() {
    let said = flat(&uncommented());
    let mut known = BTreeMap::new();
    for entry in built_in().entries {
        let path = read::join(&entry.table, &entry.key);
        let path: String = path.split(['0', '1']).collect();
        known.entry(path).or_insert(entry.default);
    }
    assert!(
        said.keys().eq(known.keys()),
        "{:?}\n{:?}",
        said.keys(),
        known.keys()
    );
    // These depend on the machine; the file says an example.
    let machine = ["state", "host.name"];
    for (path, default) in known {
        if let Some(default) = default.filter(|_| !machine.contains(&path.as_str())) {
            assert_eq!(said[&path], default, "{path}");
        }
    }
}

#[test]
fn secrets_are_the_given_ones_and_new_ones_elsewhere() {
    let domains = BENCH_ACCOUNTS.replace("[jabber]", "[jabber]\ndomains = [\"localhost\", \"b\"]");
    let text = format!("{domains}{BUS}").replacen("password = \"bench\"\n", "", 1);
    let settings = load(&text).unwrap();
    let secrets = settings.resolve_secrets(Keep::InMemory).unwrap();
    let names: Vec<String> = secrets
        .accounts
        .iter()
        .map(|a| format!("{}@{}", a.user, a.domain))
        .collect();
    assert_eq!(
        names,
        [
            "router@localhost",
            "router@b",
            "opensrf@localhost",
            "opensrf@b"
        ]
    );
    assert_eq!(secrets.accounts[0].password.reveal().len(), 32);
    assert_eq!(secrets.bus.unwrap().password, Password::new("bench"));
    assert!(secrets.router.is_none());
}

#[test]
fn a_client_finds_the_running_host_of_the_same_user() {
    let folder = std::env::temp_dir().join(format!("opensrf-client-{}", std::process::id()));
    let folder = folder.to_str().unwrap().to_owned();
    let load = || {
        let state = variables(&[("OPENSRF_STATE", &folder)]);
        Settings::loader().variables(state).load().unwrap()
    };
    let early = load().client_login().unwrap_err();
    let secrets = load().resolve_secrets(Keep::InStateFolder).unwrap();
    let client = load().client_login();
    std::fs::remove_dir_all(&folder).unwrap();

    assert!(matches!(early, SettingsError::NoPassword { .. }), "{early}");
    let client = client.unwrap();
    assert_eq!(client.address.to_string(), "127.0.0.1:5222");
    assert_eq!(client.login, secrets.bus.unwrap());
    assert_eq!(
        (&*client.router.name, &*client.router.domain),
        ("router", "localhost")
    );
}

#[test]
fn a_client_of_a_hub_is_not_the_router() {
    let hub = include_str!("../../../config/hub.toml");
    let loader = Settings::loader().text("hub.toml", hub);
    let pair = [("OPENSRF_JABBER__ACCOUNTS__1__PASSWORD", "x")];
    let client = loader
        .variables(variables(&pair))
        .load()
        .unwrap()
        .client_login()
        .unwrap();
    assert_eq!(client.address.to_string(), "127.0.0.1:5222");
    assert_eq!(
        (&*client.login.user, &*client.login.domain),
        ("opensrf", "hub.example.org")
    );
}

#[test]
fn a_router_alone_has_nobody_for_a_client_to_be() {
    let text = "[router]\ndomain = \"a\"\naddress = \"a:1\"\ntrusted_clients = [\"a\"]\n\
                trusted_servers = [\"a\"]\naccount = { user = \"r\", password = \"p\" }\n";
    let error = load(text).unwrap().client_login().unwrap_err();
    assert!(matches!(error, SettingsError::NoServer(_)), "{error}");
}

#[test]
fn a_router_chooses_in_turn_unless_it_is_told_otherwise() {
    let text = "[router]\ndomain = \"a\"\naddress = \"a:1\"\ntrusted_clients = [\"a\"]\n\
                trusted_servers = [\"a\"]\naccount = { user = \"r\", password = \"p\" }\n";
    let policy = |text: &str| load(text).unwrap().router.expect("it is there").policy;
    assert_eq!(policy(text), RoutingPolicy::RoundRobin);
    for named in RoutingPolicy::ALL {
        assert_eq!(policy(&format!("{text}policy = \"{named}\"\n")), named);
    }
}
