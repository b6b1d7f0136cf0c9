//! The original's own files: run from as they are, and written as TOML.

use std::fs;
use std::os::unix::fs::PermissionsExt;

use crate::support::{Process, Signal, World, run};

const CORE: &str = include_str!("../data/original/opensrf_core.xml");
const APPS: &str = include_str!("../data/original/opensrf.xml");
const SHELL: &str = include_str!("../data/original/srfsh.xml");

/// Puts the three files where a test can run them: another port, and a folder that can be written.
fn files(world: &World) {
    world.write("opensrf_core.xml", &CORE.replace("5222", "PORT"));
    world.write("opensrf.xml", &APPS.replace("/var/lib/example", "FOLDER"));
    world.write("srfsh.xml", &SHELL.replace("5222", "PORT"));
}

fn up(world: &World) -> Process {
    let up = world.opensrf(&["--config", "opensrf_core.xml", "--embedded", "up"]);
    Process::start(up).ready()
}

#[test]
fn the_files_alone_start_a_working_system() {
    let world = World::new();
    files(&world);
    let up = up(&world);
    let call = |file: &str, args: &[&str]| {
        let args = [&["--config", file, "call"], args].concat();
        run(world.opensrf(&args))
    };
    call("srfsh.xml", &["opensrf.math", "add", "2", "2"]).gave(&["4"]);
    call("opensrf_core.xml", &["opensrf.math", "mult", "6", "7"]).gave(&["42"]);
    let names =
        r#"["opensrf.settings","opensrf.math","opensrf.persist","acme.calc","opensrf.math"]"#;
    let path = "opensrf.settings.xpath.get";
    call(
        "srfsh.xml",
        &["opensrf.settings", path, "//activeapps/appname"],
    )
    .gave(&[names]);
    let path = ["opensrf.persist", "opensrf.persist.slot.create", "x"];
    call("srfsh.xml", &path).gave(&["\"x\""]);

    up.signal(Signal::TERM);
    let ended = up.end();
    ended.gave(&[]);
    let said = ended.errors();
    for expected in [
        "not carried over",
        "opensrf.xml:",
        "acme.calc",
        "Acme::Calc",
    ] {
        assert!(said.contains(expected), "{expected}: {ended:?}");
    }
}

#[test]
fn a_service_registers_with_every_router_whose_list_has_it() {
    let world = World::new();
    files(&world);
    let _up = up(&world);
    let text = "[bus]\ndomain = \"public.localhost\"\naddress = \"127.0.0.1:PORT\"\n\
                account = { user = \"opensrf\", password = \"for-front-ends\" }\n";
    let public = world.write("public.toml", text);
    let call = |args: &[&str]| run(world.configured(&public, &[&["call"], args].concat()));
    call(&["opensrf.math", "add", "2", "2"]).gave(&["4"]);
    let persist = call(&["opensrf.persist", "opensrf.persist.slot.find", "x"]);
    persist.failed(1, &["opensrf.persist"]);
}

#[test]
fn a_perl_program_that_starts_gets_its_hosts_configuration_in_a_session() {
    let world = World::new();
    files(&world);
    let _up = up(&world);
    let get = "opensrf.settings.host_config.get";
    let call = [
        "--config",
        "srfsh.xml",
        "call",
        "--connect",
        "opensrf.settings",
        get,
        "app2.example.org",
        "null",
    ];
    let ended = run(world.opensrf(&call));
    assert_eq!((ended.code, ended.stdout.len()), (Some(0), 1), "{ended:?}");
    for expected in [
        r#""activeapps":{"appname":"opensrf.math"}"#,
        r#""max_children":40"#,
        r#""max_cache_time":86400"#,
        r#""server":"127.0.0.1:11211""#,
    ] {
        assert!(ended.stdout[0].contains(expected), "{expected}: {ended:?}");
    }
}

#[test]
fn a_broken_file_leaves_what_was_told_in_force_and_is_named_with_its_line() {
    let world = World::new();
    files(&world);
    let _up = up(&world);
    let call = |args: &[&str]| {
        let service = ["--config", "srfsh.xml", "call", "opensrf.settings"];
        run(world.opensrf(&[&service[..], args].concat()))
    };
    let get = ["opensrf.settings.xpath.get", "//dirs/log"];
    call(&get).gave(&[r#"["/var/log/example"]"#]);
    world.write("opensrf.xml", "<opensrf>\n<default>\n</opensrf>");
    call(&[&get[..], &["true"]].concat()).failed(1, &["500", "opensrf.xml:3:"]);
    call(&get).gave(&[r#"["/var/log/example"]"#]);
    world.write(
        "opensrf.xml",
        "<opensrf><default><dirs><log>/new</log></dirs></default></opensrf>",
    );
    call(&[&get[..], &["1"]].concat()).gave(&[r#"["/new"]"#]);
    call(&["opensrf.settings.xpath.get", "count(//a)"]).failed(1, &["400", "count("]);
}

#[test]
fn files_that_are_gone_or_say_nothing_at_sighup_end_no_service() {
    let world = World::new();
    files(&world);
    let mut up = up(&world);
    let adds_up = || {
        let call = [
            "--config",
            "srfsh.xml",
            "call",
            "opensrf.math",
            "add",
            "2",
            "2",
        ];
        run(world.opensrf(&call)).gave(&["4"]);
    };
    fs::rename(world.path("opensrf.xml"), world.path("gone.xml")).expect("it is ours");
    up.signal(Signal::HUP);
    up.wait_for("cannot read");
    up.wait_for("the old one stays");
    adds_up();
    world.write("opensrf.xml", "<opensrf><default/></opensrf>");
    up.signal(Signal::HUP);
    up.wait_for("it has no service any more");
    adds_up();
    fs::rename(world.path("gone.xml"), world.path("opensrf.xml")).expect("it is ours");
    let nobody = CORE.replace("passwd>", "nothing>").replace("5222", "PORT");
    world.write("opensrf_core.xml", &nobody);
    up.signal(Signal::HUP);
    up.wait_for("the old one stays");
    adds_up();
}

#[test]
fn what_is_imported_is_right_and_runs() {
    let world = World::new();
    files(&world);
    let import = [
        "--embedded",
        "config",
        "import",
        "opensrf_core.xml",
        "--output",
        "o.toml",
    ];
    let imported = run(world.opensrf(&import));
    imported.gave(&[]);
    let calc = "opensrf.xml:79: activeapps/acme.calc: is not on board (Acme::Calc, perl)";
    let logfile = "opensrf_core.xml:30: opensrf/logfile: the log goes to stderr";
    for expected in [calc, logfile] {
        assert!(
            imported.errors().contains(expected),
            "{expected}: {imported:?}"
        );
    }
    let file = world.path("o.toml");
    let mode = fs::metadata(&file)
        .expect("written above")
        .permissions()
        .mode();
    assert_eq!(mode & 0o777, 0o600);

    let checked = run(world.configured(&file, &["config", "check"]));
    let services = "services opensrf.settings, opensrf.math, opensrf.persist";
    assert!(
        checked.stdout.concat().starts_with("ok: Jabber server for"),
        "{checked:?}"
    );
    assert!(checked.stdout.concat().ends_with(services), "{checked:?}");
    let _up = Process::start(world.configured(&file, &["up"])).ready();
    run(world.configured(&file, &["call", "opensrf.math", "add", "2", "2"])).gave(&["4"]);
}

#[test]
fn an_import_writes_over_nothing() {
    let world = World::new();
    files(&world);
    world.write("o.toml", "mine");
    let import = [
        "config",
        "import",
        "opensrf_core.xml",
        "opensrf.xml",
        "-o",
        "o.toml",
    ];
    run(world.opensrf(&import)).failed(2, &["cannot write o.toml: File exists"]);
    let kept = fs::read_to_string(world.path("o.toml")).expect("written above");
    assert_eq!(kept, "mine");
}

#[test]
fn what_is_wrong_in_the_originals_files_is_said_with_its_line() {
    let world = World::new();
    files(&world);
    world.write(
        "opensrf.xml",
        &APPS.replace("<max_children>4<", "<max_children>1<"),
    );
    let check = |file: &str| run(world.opensrf(&["--config", file, "config", "check"]));
    let min = "opensrf.xml:41: services[1].drones.min: 2 is more than max 1";
    check("opensrf_core.xml").failed(2, &[min]);
    world.write("opensrf.xml", "<opensrf>\n<!DOCTYPE x>\n</opensrf>");
    check("opensrf_core.xml").failed(2, &["opensrf.xml:2:1: a document type"]);
    world.write("torn.xml", "<config>\n  <opensrf>");
    check("torn.xml").failed(2, &["torn.xml:2:3: <opensrf> is not closed"]);
    let import = ["config", "import", "torn.xml"];
    run(world.opensrf(&import)).failed(2, &["torn.xml:2:3: <opensrf> is not closed"]);
}

#[test]
fn files_of_which_nothing_could_run_are_refused_with_the_remedy() {
    let world = World::new();
    files(&world);
    let core = CORE.replace("5222", "PORT");
    let passwd = "<passwd>for-services</passwd>";
    world.write("no_password.xml", &core.replace(passwd, ""));
    world.write(
        "no_apps.xml",
        &core.replace(">opensrf.xml<", ">missing.xml<"),
    );
    world.write("strange.xml", "<strange/>");
    for (file, why) in [
        (
            "no_password.xml",
            "opensrf: has no <passwd>; nobody can log in with it; add it here",
        ),
        (
            "no_apps.xml",
            "cannot read missing.xml: No such file or directory (os error 2); correct",
        ),
        (
            "strange.xml",
            "strange.xml:1: strange: is no root of opensrf_core.xml",
        ),
    ] {
        for command in [&["config", "check"][..], &["up"]] {
            let args = [&["--config", file], command].concat();
            run(world.opensrf(&args)).failed(2, &[why]);
        }
        let import = ["config", "import", file, "--output", "opensrf.toml"];
        run(world.opensrf(&import)).failed(2, &[why]);
        assert!(!world.path("opensrf.toml").exists(), "{file}");
    }
    // A client needs no services.
    let _up = up(&world);
    let call = [
        "--config",
        "no_apps.xml",
        "call",
        "opensrf.math",
        "add",
        "2",
        "2",
    ];
    run(world.opensrf(&call)).gave(&["4"]);
}

#[test]
fn a_server_of_its_own_needs_the_originals_file() {
    let world = World::new();
    let up = ["--embedded", "up"];
    run(world.opensrf(&up)).failed(2, &["--embedded needs an opensrf_core.xml"]);
}

#[test]
fn without_a_file_programs_of_the_original_are_told_of_this_configuration() {
    let world = World::new();
    let text = include_str!("all.toml").to_owned()
        + "\n[[services]]\nname = \"opensrf.settings\"\n\
           [services.settings.config.apps.\"acme.calc\"]\nimplementation = \"Acme::Calc\"\n";
    let file = world.write("all.toml", &text);
    let _up = Process::start(world.configured(&file, &["up"])).ready();
    let call = |args: &[&str]| {
        let service = ["call", "opensrf.settings"];
        run(world.configured(&file, &[&service[..], args].concat()))
    };
    let path = "opensrf.settings.xpath.get";
    call(&[path, "//activeapps/appname"]).gave(&[r#"["opensrf.math","opensrf.settings"]"#]);
    call(&[path, "/opensrf/default/apps/opensrf.math/keepalive"]).gave(&["[60]"]);
    let asked = ["opensrf.settings.host_config.get", "anyone"];
    let told = call(&asked);
    let calc = r#""acme.calc":{"implementation":"Acme::Calc"}"#;
    assert!(told.stdout.concat().contains(calc), "{told:?}");
    call(&["opensrf.settings.default_config.get"]).gave(&[&told.stdout[0]]);
}
