mod any_text;
mod mistakes;
mod reference;

use std::time::Duration;

use opensrf::router::RoutingPolicy;

use super::super::{Arrivals, FaultKind, LinkLaw, Pace, When, Work};
use super::*;
use crate::law::Law;

/// Enough to be a scenario; on 5 lines.
const LEAST: &str =
    "[[services]]\nname = \"acme.work\"\ntime = \"20ms\"\n[[clients]]\nname = \"web\"\n";

fn load(text: &str) -> Scenario {
    Scenario::from_toml("dir/a.toml", text).expect("is a scenario")
}

fn problems(text: &str) -> Vec<String> {
    problems_of(&Scenario::toml("a.toml", text))
}

fn problems_of(file: &ScenarioFile) -> Vec<String> {
    let ScenarioError(problems) = file.load().expect_err("has something wrong in it");
    problems.iter().map(Problem::to_string).collect()
}

fn law(text: &str) -> Law {
    Law::parse(text).expect("is a law")
}

const fn seconds(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

/// The clients of a scenario whose only group says this.
fn clients(text: &str) -> super::super::Clients {
    load(&format!("{LEAST}{text}")).clients.remove(0)
}

/// The first fault of a scenario with this one.
fn fault(text: &str) -> super::super::Fault {
    load(&format!("{LEAST}rate = 1.0\n[[faults]]\n{text}"))
        .faults
        .remove(0)
}

#[test]
fn a_service_and_clients_are_enough_and_the_file_gives_the_name() {
    let scenario = load(&format!("{LEAST}rate = 5.0\n"));
    assert_eq!(scenario.name, "a");
    let built = Scenario::new("a")
        .service(super::super::Served::simulated("acme.work", law("20ms")))
        .clients(super::super::Clients::open("web", 5.0));
    assert_eq!(format!("{scenario:?}"), format!("{built:?}"));
}

#[test]
fn a_run_is_read_with_all_its_keys() {
    let text = "name = \"x\"\nseed = 17\nduration = \"90s\"\nwarmup = \"1.5s\"\nslices = 7\n\
                domains = [\"A.example\", \"b.example\"]\nexpect = [\"p99 < 200ms\", \"web refused = 0\"]\n\
                routers = [{ domain = \"a.example\" }]\n";
    let scenario = load(&format!("{text}{LEAST}rate = 5.0\n"));
    assert_eq!(scenario.name, "x");
    assert_eq!(scenario.seed, 17);
    assert_eq!(scenario.duration, seconds(90));
    assert_eq!(scenario.warmup, Duration::from_millis(1_500));
    assert_eq!(scenario.slices, 7);
    assert_eq!(scenario.domains, ["a.example", "b.example"]);
    let expectations: Vec<_> = scenario
        .expectations
        .iter()
        .map(ToString::to_string)
        .collect();
    assert_eq!(expectations, ["p99 < 200ms", "web refused = 0"]);
}

#[test]
fn machines_are_read_with_all_their_keys() {
    let text = "\
        domains = [\"a.example\", \"b.example\"]\n\
        [[routers]]\ndomain = \"a.example\"\npolicy = \"two_choices\"\nlink.bandwidth = 1000\n\
        [[routers]]\ndomain = \"b.example\"\n\
        [[hosts]]\nname = \"app\"\ncount = 3\ndomain = \"b.example\"\nrouters = [\"a.example\"]\nslow = 2\n\
        link = { latency = \"uniform(1ms, 2ms)\", loss = 0.25, bandwidth = \"1.5 MB/s\" }\n";
    let scenario = load(&format!("{text}{LEAST}rate = 5.0\n"));
    let [first, second] = &*scenario.routers else {
        panic!("{:?}", scenario.routers);
    };
    assert_eq!(
        (&*first.domain, first.policy),
        ("a.example", RoutingPolicy::TwoChoices)
    );
    assert_eq!(first.link.bandwidth, Some(1_000.0));
    assert_eq!(
        (&*second.domain, second.policy),
        ("b.example", RoutingPolicy::RoundRobin)
    );
    let [hosts] = &*scenario.hosts else {
        panic!("{:?}", scenario.hosts);
    };
    assert_eq!(hosts.names(), ["app-1", "app-2", "app-3"]);
    assert_eq!(hosts.domain.as_deref(), Some("b.example"));
    assert_eq!(
        hosts.routers.as_deref(),
        Some(&["a.example".to_owned()][..])
    );
    assert_eq!(hosts.slow, 2.0);
    let link = LinkLaw::new(law("uniform(1ms, 2ms)"))
        .loss(0.25)
        .bandwidth(1.5e6);
    assert_eq!(hosts.link, link);
}

#[test]
fn services_are_read_with_all_their_keys() {
    let text = "\
        [[hosts]]\nname = \"app\"\n\
        [[services]]\nname = \"acme.work\"\ntime = \"exponential(5ms)\"\nhosts = [\"app\"]\nbacklog = 0\n\
        drones = { min = 0, max = 3, max_requests = 9 }\nkeepalive = \"2s\"\nmax_wait = \"3s\"\n\
        max_run = \"4s\"\nsession_requests = 6\nerrors = 0.1\npanics = 0.2\nanswer_bytes = 70\n\
        [[services]]\nuse = \"opensrf.simple-text\"\ndrones.max = 2\nmax_wait = \"0s\"\n\
        [[services]]\nname = \"opensrf.math\"\nuse = \"opensrf.math\"\n\
        [[clients]]\nname = \"web\"\nidle = true\n";
    let scenario = load(text);
    let [work, text, math] = &*scenario.services else {
        panic!("{:?}", scenario.services);
    };
    let built = super::super::Served::simulated("acme.work", law("exponential(5ms)"))
        .on(["app"])
        .backlog(0)
        .drones(0, 3)
        .max_requests(9)
        .keepalive(seconds(2))
        .max_wait(seconds(3))
        .max_run(seconds(4))
        .session_requests(6)
        .errors(0.1)
        .panics(0.2)
        .answer_bytes(70);
    assert_eq!(format!("{work:?}"), format!("{built:?}"));
    for (served, name, most) in [(text, "opensrf.simple-text", 2), (math, "opensrf.math", 8)] {
        assert_eq!(
            (&*served.name, served.max, served.max_wait),
            (name, most, None)
        );
        assert!(matches!(&served.work, Work::Own(service) if **service.name() == *name));
    }
}

#[test]
fn clients_are_read_with_all_their_keys() {
    let web = clients(
        "count = 7\ndomain = \"localhost\"\nlink.loss = 0.5\ntimeout = \"2s\"\nsession = 3\nrate = 5\n\
         asks = [\"acme.work\", { service = \"acme.work\", weight = 3, \
         method = \"opensrf.system.echo\", params = [1, \"x\", { a = [true] }] }]\n",
    );
    assert_eq!(
        (web.count, web.timeout, web.session),
        (7, seconds(2), Some(3))
    );
    assert_eq!(web.domain.as_deref(), Some("localhost"));
    assert_eq!(web.link.loss, 0.5);
    let [plain, echo] = &*web.asks else {
        panic!("{:?}", web.asks);
    };
    assert_eq!((&*plain.service, plain.weight), ("acme.work", 1.0));
    assert!(plain.method.is_none());
    assert_eq!((&*echo.service, echo.weight), ("acme.work", 3.0));
    let (method, params) = echo.method.clone().unwrap();
    let params: Vec<_> = params.unwrap().iter().map(ToString::to_string).collect();
    assert_eq!(method, "opensrf.system.echo");
    assert_eq!(params, ["1", "\"x\"", "{\"a\":[true]}"]);
    assert_eq!(clients("rate = 1.0\nsession = 0\n").session, None);
}

#[test]
fn clients_ask_at_a_rate_after_a_thought_or_never() {
    let open = |arrivals| Pace::Open {
        rate: 2.0,
        arrivals,
    };
    let cases = [
        ("rate = 2.0\n", open(Arrivals::Poisson)),
        (
            "rate = 2\narrivals = \"poisson\"\n",
            open(Arrivals::Poisson),
        ),
        (
            "rate = 2\narrivals = \"constant\"\n",
            open(Arrivals::Constant),
        ),
        (
            "rate = 2\nbursts = { every = \"30s\", lasts = \"2s\", factor = 10 }\n",
            open(Arrivals::Bursts {
                every: seconds(30),
                lasts: seconds(2),
                factor: 10.0,
            }),
        ),
        (
            "rate = 2\ndaily.curve = [1, 0.5]\n",
            open(Arrivals::Daily {
                day: seconds(86_400),
                curve: [1.0, 0.5].into(),
            }),
        ),
        (
            "rate = 2\ndaily = { day = \"60s\", curve = [0, 1] }\n",
            open(Arrivals::Daily {
                day: seconds(60),
                curve: [0.0, 1.0].into(),
            }),
        ),
        (
            "think = \"exponential(2s)\"\n",
            Pace::Closed {
                think: law("exponential(2s)"),
            },
        ),
        ("idle = true\n", Pace::Idle),
    ];
    for (text, pace) in cases {
        assert_eq!(clients(text).pace, pace, "{text}");
    }
}

#[test]
fn faults_are_read_with_all_their_keys() {
    let cut = fault("kind = \"cut\"\non = \"web\"\nat = \"5s\"\nlasts = \"2s\"\n");
    let built = super::super::Fault::new(FaultKind::Cut)
        .on("web")
        .at(seconds(5))
        .lasts(seconds(2));
    assert_eq!(cut, built);
    let every = fault("kind = \"hang\"\nevery = \"exponential(9s)\"\n");
    assert_eq!(every.when, When::Every(law("exponential(9s)")));
    for word in FaultKind::words() {
        let figure = match word {
            "slow" => "factor = 3",
            "delay" => "latency = \"5ms\"",
            "loss" => "fraction = 0.5",
            _ => "",
        };
        let kind = fault(&format!("kind = \"{word}\"\n{figure}\n")).kind;
        assert_eq!(kind.to_string(), word);
        match kind {
            FaultKind::Slow(factor) => assert_eq!(factor, 3.0),
            FaultKind::Delay(latency) => assert_eq!(latency, law("5ms")),
            FaultKind::Loss(fraction) => assert_eq!(fraction, 0.5),
            _ => {}
        }
    }
}

#[test]
fn bandwidths_have_units() {
    for (value, bytes) in [
        ("1000", 1_000.0),
        ("\"1kB/s\"", 1e3),
        ("\"1 KiB/s\"", 1_024.0),
        ("\"0.5GB/s\"", 5e8),
        ("\"1Gbit/s\"", 1.25e8),
        ("\"20 B/s\"", 20.0),
    ] {
        let web = clients(&format!("rate = 1\nlink.bandwidth = {value}\n"));
        assert_eq!(web.link.bandwidth, Some(bytes), "{value}");
    }
}

#[test]
fn files_that_a_scenario_names_start_at_its_folder() {
    let folder = tempfile::tempdir().unwrap();
    let write = |name: &str, text: &str| std::fs::write(folder.path().join(name), text).unwrap();
    write("times.txt", "10\n30\n");
    write("arrivals.csv", "at,time\n0.5,\n1,0.25\n");
    let text = LEAST.replace("20ms", "empirical(times.txt)");
    write("night.toml", &format!("{text}trace = \"arrivals.csv\"\n"));
    let scenario = Scenario::from_file(folder.path().join("night.toml")).unwrap();
    assert_eq!(scenario.name, "night");
    let Work::Simulated(work) = &scenario.services[0].work else {
        panic!("is made up");
    };
    assert_eq!(work.time.mean(), Duration::from_millis(20));
    let Pace::Replay(requests) = &scenario.clients[0].pace else {
        panic!("is a recording");
    };
    assert_eq!(requests.len(), 2);
    assert_eq!(requests[1].time, Some(Duration::from_millis(250)));
}

#[test]
fn values_of_the_command_line_come_in_place_of_the_files() {
    let text = format!(
        "{LEAST}rate = 5.0\nasks = [\"acme.work\"]\n[[routers]]\n[[clients]]\nname = \"many\"\nidle = true\n"
    );
    let scenario = Scenario::toml("a.toml", &text)
        .set("seed", "7", "--seed")
        .set("duration", "5s", "--duration")
        .set("services.0.drones.max", "3", "--sweep")
        .set("services.0.time", "uniform(1ms, 2ms)", "--sweep")
        .set("services.0.errors", "0.5", "--set")
        .set("clients.0.rate", "80", "--sweep")
        .set("clients.0.asks.0.weight", "2", "--set")
        .set("clients.0.asks.0.service", "acme.work", "--set")
        .set("clients.0.link.bandwidth", "1000", "--set")
        .set("clients.1.idle", "true", "--set")
        .set("routers.0.policy", "weighted", "--sweep")
        .set("expect", "p99 < 1s, refused = 0", "--set")
        .set("services.0.drones.max", "4", "--set")
        .load()
        .unwrap();
    assert_eq!((scenario.seed, scenario.duration), (7, seconds(5)));
    let Work::Simulated(work) = &scenario.services[0].work else {
        panic!("is made up");
    };
    assert_eq!(scenario.services[0].max, 4, "the last one counts");
    assert_eq!((&work.time, work.errors), (&law("uniform(1ms, 2ms)"), 0.5));
    let web = &scenario.clients[0];
    assert!(matches!(web.pace, Pace::Open { rate: 80.0, .. }));
    assert_eq!((web.asks.len(), web.asks[0].weight), (1, 2.0));
    assert_eq!(web.link.bandwidth, Some(1_000.0));
    assert_eq!(scenario.routers[0].policy, RoutingPolicy::Weighted);
    assert_eq!(scenario.expectations.len(), 2);
}

#[test]
fn lists_tables_and_quoted_texts_of_the_command_line_are_written_as_in_a_file() {
    let text = format!("{LEAST}rate = 5.0\n[[hosts]]\nname = \"app\"\ncount = 2\n");
    let with = |path: &str, value: &str| Scenario::toml("a.toml", &text).set(path, value, "--set");
    let scenario = with("expect", r#"["p99 < 1s", "refused = 0"]"#)
        .set("services.0.hosts", r#"["app-1"]"#, "--set")
        .set("services.0.drones", "{ max = 3 }", "--sweep")
        .set("duration", "\"7s\"", "--set")
        .set("name", "'in quotes'", "--set")
        .load()
        .unwrap();
    assert_eq!(scenario.expectations.len(), 2);
    assert_eq!(
        (scenario.duration, &*scenario.name),
        (seconds(7), "in quotes")
    );
    assert_eq!(scenario.services[0].max, 3);
    assert_eq!(scenario.services[0].hosts, Some(vec!["app-1".to_owned()]));
    // What is no TOML is a text, and perhaps JSON.
    let json = with("name", "[draft] one")
        .set(
            "clients.0.asks",
            r#"[{ service = "acme.work", method = "m" }]"#,
            "--set",
        )
        .set(
            "clients.0.asks.0.params",
            r#"[{"barcode": "x"}, null]"#,
            "--set",
        )
        .load()
        .unwrap();
    assert_eq!(json.name, "[draft] one");
    for (path, value, told) in [
        (
            "expect",
            "[\"p99 < 1s\"",
            "--set [\"p99 < 1s\": expect[0]: ",
        ),
        (
            "expect",
            "[\"p98 < 1s\"]",
            "--set [\"p98 < 1s\"]: expect[0]: ",
        ),
        (
            "services.0.drones",
            "{ most = 3 }",
            "--set { most = 3 }: services[0].drones.most",
        ),
    ] {
        let error = with(path, value).load().unwrap_err().to_string();
        assert!(error.contains(told), "{error}");
    }
    // Nothing is left of a list that was there.
    let emptied = with("services", "[]").set("services.0.time", "1ms", "--set");
    let error = emptied.load().unwrap_err().to_string();
    assert!(error.contains("there is no services[0]"), "{error}");
}
