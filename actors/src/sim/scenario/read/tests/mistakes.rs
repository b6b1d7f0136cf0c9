//! Each mistake once, with the message that it gets.

use super::*;

/// Every problem of `text` behind [`LEAST`].
fn assert_problems(text: &str, wanted: &[&str]) {
    assert_eq!(problems(&format!("{LEAST}{text}")), wanted, "{text}");
}

#[test]
fn keys_that_do_not_exist_are_named_with_those_that_do() {
    for (text, wanted) in [
        (
            "rate = 1\nrtae = 2\n",
            "a.toml:7: clients[0].rtae: unknown key; known here: name, rate, think, trace, idle, arrivals, bursts, daily, count, domain, link, timeout, asks, session",
        ),
        (
            "rate = 1\ntimeuot = \"2s\"\n",
            "a.toml:7: clients[0].timeuot: unknown key; did you mean `timeout`?",
        ),
        (
            "rate = 1\nlink = { loss = 0.1, delay = \"5ms\" }\n",
            "a.toml:7: clients[0].link.delay: unknown key; known here: latency, loss, bandwidth",
        ),
        (
            "rate = 1\n[[host]]\nname = \"x\"\n",
            "a.toml:7: host: unknown key; did you mean `hosts`?",
        ),
        (
            "rate = 1\n[[services]]\nname = \"x\"\ntime = \"1s\"\ndrones.mx = 5\n",
            "a.toml:10: services[1].drones.mx: unknown key; did you mean `max`?",
        ),
        (
            "rate = 1\n[[services]]\nuse = \"opensrf.math\"\nsettings = {}\n",
            "a.toml:9: services[1].settings: unknown key; known here: use, name, time, errors, panics, answer_bytes, hosts, drones, backlog, session_requests, max_wait, max_run, keepalive",
        ),
        (
            "rate = 1\n[[faults]]\nkind = \"cut\"\nlast = \"2s\"\n",
            "a.toml:9: faults[0].last: unknown key; did you mean `lasts`?",
        ),
        (
            "rate = 1\nbursts = { every = \"9s\", lasts = \"1s\", factor = 2.0, factro = 2.0 }\n",
            "a.toml:7: clients[0].bursts.factro: unknown key; did you mean `factor`?",
        ),
    ] {
        assert_problems(text, &[wanted]);
    }
}

#[test]
fn values_that_cannot_be_read_are_named_with_what_was_expected() {
    for (text, wanted) in [
        (
            "rate = \"1\"\n",
            "a.toml:6: clients[0].rate: expected a number, found a text",
        ),
        (
            "rate = 1\ncount = 1.5\n",
            "a.toml:7: clients[0].count: expected a whole number, found a fraction",
        ),
        (
            "rate = 1\ntimeout = 5\n",
            "a.toml:7: clients[0].timeout: expected a length of time in quotes, such as \"5s\", found a whole number",
        ),
        (
            "rate = 1\ntimeout = \"5\"\n",
            "a.toml:7: clients[0].timeout: 5 has no unit: write ns, us, ms, s, min, h or d behind it",
        ),
        (
            "rate = 1\ntimeout = \"\"\n",
            "a.toml:7: clients[0].timeout: is empty",
        ),
        (
            "rate = 1\nlink = 5\n",
            "a.toml:7: clients[0].link: expected a table, found a whole number",
        ),
        (
            "rate = 1\nlink.latency = \"soon\"\n",
            "a.toml:7: clients[0].link.latency: \"soon\" is no law of lengths of time: write a length such as 20ms, or constant(…), uniform(…), exponential(…), lognormal(…), pareto(…) or empirical(…)",
        ),
        (
            "rate = 1\nlink.latency = \"empirical(no-such.txt)\"\n",
            "a.toml:7: clients[0].link.latency: cannot read the lengths in no-such.txt: No such file or directory (os error 2)",
        ),
        (
            "rate = 1\nlink.bandwidth = \"5 apples\"\n",
            "a.toml:7: clients[0].link.bandwidth: \"5 apples\" is no bandwidth; write one as \"125MB/s\", \"1Gbit/s\" or 125000000",
        ),
        (
            "rate = 1\nlink.bandwidth = \"5\"\n",
            "a.toml:7: clients[0].link.bandwidth: \"5\" is no bandwidth; write one as \"125MB/s\", \"1Gbit/s\" or 125000000",
        ),
        (
            "rate = 1\narrivals = \"bursts\"\n",
            "a.toml:7: clients[0].arrivals: \"bursts\" is none of \"poisson\", \"constant\"",
        ),
        (
            "rate = 1\nbursts = \"many\"\n",
            "a.toml:7: clients[0].bursts: expected a table, found a text",
        ),
        (
            "rate = 1\ndaily.curve = [1.0,\n \"x\"]\n",
            "a.toml:8: clients[0].daily.curve[1]: expected a number, found a text",
        ),
        (
            "idle = 1\n",
            "a.toml:6: clients[0].idle: expected true or false, found a whole number",
        ),
        (
            "rate = 1\nasks = \"acme.work\"\n",
            "a.toml:7: clients[0].asks: expected a list in [brackets], found a text",
        ),
        (
            "rate = 1\nasks = [5]\n",
            "a.toml:7: clients[0].asks[0]: expected a table, found a whole number",
        ),
        (
            "rate = 1\nasks = [{ service = \"acme.work\", method = \"m\", params = 5 }]\n",
            "a.toml:7: clients[0].asks[0].params: expected a list in [brackets], found a whole number",
        ),
        (
            "rate = 1\nasks = [{ service = \"acme.work\", method = \"m\", params = [1979-05-27] }]\n",
            "a.toml:7: clients[0].asks[0].params[0]: is a date; no setting is one",
        ),
        (
            "rate = 1\n[[services]]\nuse = \"opensrf.maths\"\n",
            "a.toml:8: services[1].use: \"opensrf.maths\" is not on board; there are: opensrf.math, opensrf.dbmath, opensrf.settings, opensrf.simple-text, opensrf.version, opensrf.cslow, opensrf.slooooooow",
        ),
        (
            "rate = 1\n[[services]]\nuse = \"opensrf.persist\"\n",
            "a.toml:8: services[1].use: \"opensrf.persist\" needs settings, which a scenario does not give; there are: opensrf.math, opensrf.dbmath, opensrf.settings, opensrf.simple-text, opensrf.version, opensrf.cslow, opensrf.slooooooow",
        ),
        (
            "rate = 1\n[[routers]]\npolicy = \"random\"\n",
            "a.toml:8: routers[0].policy: \"random\" is none of \"round_robin\", \"least_outstanding\", \"two_choices\", \"weighted\"",
        ),
        (
            "rate = 1\n[[routers]]\ndomain = \"a b\"\n",
            "a.toml:8: routers[0].domain: \"a b\" is no domain: character ' ' is not allowed there in an address",
        ),
        (
            "rate = 1\n[[faults]]\nkind = \"fire\"\n",
            "a.toml:8: faults[0].kind: \"fire\" is none of \"kill_host\", \"kill_router\", \"kill_server\", \"kill_drone\", \"cut\", \"half_open\", \"slow\", \"delay\", \"loss\", \"panic\", \"hang\"",
        ),
        (
            "rate = 1\n[routers]\n",
            "a.toml:7: routers: expected a list of tables, found a table",
        ),
    ] {
        assert_problems(text, &[wanted]);
    }
    let expect = "expect = [\"p99 < 1s\",\n\"fast\",\n\"speed < 1s\",\n\"p99 < 5\"]\n";
    let wanted = [
        "a.toml:2: expect[1]: \"fast\" is no expectation; write one as `p99 < 200ms` or `acme.search refused = 0`",
        "a.toml:3: expect[2]: \"speed\" is no metric; there are p50, p90, p95, p99, p99.9, mean, max, asked, answered, refused, failed, bounced, timed_out, disconnected, unanswered, throughput, utilisation, wait, recovered_within",
        "a.toml:4: expect[3]: p99 is compared with a length of time, such as 200ms, not with \"5\"",
    ];
    assert_eq!(problems(&format!("{expect}{LEAST}rate = 1\n")), wanted);
}

#[test]
fn values_that_cannot_be_are_named_with_their_line() {
    for (text, wanted) in [
        (
            "rate = 0\n",
            "a.toml:6: clients[0].rate: must be above zero, not 0",
        ),
        (
            "rate = nan\n",
            "a.toml:6: clients[0].rate: must be above zero, not NaN",
        ),
        (
            "rate = 1\ncount = 0\n",
            "a.toml:7: clients[0].count: 0 is less than 1",
        ),
        (
            "rate = 1\nlink = { loss = 2.0 }\n",
            "a.toml:7: clients[0].link.loss: must be from 0 to 1, not 2",
        ),
        (
            "rate = 1\nasks = [\n\"acme.work\",\n\"acme.wrok\"]\n",
            "a.toml:9: clients[0].asks[1].service: there is no service \"acme.wrok\"; there are acme.work",
        ),
        (
            "rate = 1\n[[hosts]]\nname = \"a/b\"\n",
            "a.toml:8: hosts[0].name: \"a/b\" cannot be a name; use letters, digits and . - _ :",
        ),
        (
            "rate = 1\n[[services]]\nname = \"x\"\ntime = \"1s\"\ndrones = { min = 9 }\n",
            "a.toml:10: services[1].drones.min: 9 is more than max 8",
        ),
        (
            "rate = 1\n[[services]]\nname = \"acme.work\"\ntime = \"1s\"\n",
            "a.toml:8: services[1].name: \"acme.work\" is there already; give each its own name",
        ),
        (
            "rate = 1\n[[faults]]\nkind = \"cut\"\nat = \"70s\"\n",
            "a.toml:9: faults[0].at: must be before the end of the run, 60s",
        ),
        (
            "rate = 1\n[[faults]]\nkind = \"kill_host\"\non = \"web\"\n",
            "a.toml:9: faults[0].on: there is no \"web\" for it; there are host",
        ),
        (
            "rate = 1\n[[hosts]]\nname = \"web\"\n",
            "a.toml:5: clients[0].name: \"web\" is there already; give each its own name",
        ),
    ] {
        assert_problems(text, &[wanted]);
    }
    let text = format!(
        "warmup = \"2min\"\ndomains = [\n\"localhost\",\n\"localhost\"]\n[[routers]]\n{LEAST}rate = 1\n"
    );
    let wanted = [
        "a.toml:1: warmup: must be shorter than the duration, 60s",
        "a.toml:4: domains[1]: \"localhost\" is there already; give each its own name",
    ];
    assert_eq!(problems(&text), wanted);
}

#[test]
fn keys_that_make_no_sense_beside_others_are_refused() {
    for (text, wanted) in [
        (
            "rate = 1\nthink = \"1s\"\n",
            "a.toml:7: clients[0].think: rate is given as well; leave one of them out",
        ),
        (
            "trace = \"no-such.csv\"\n",
            "a.toml:6: clients[0].trace: cannot read no-such.csv: No such file or directory (os error 2)",
        ),
        (
            "idle = true\nrate = 1\n",
            "a.toml:6: clients[0].idle: rate is given as well; leave one of them out",
        ),
        (
            "",
            "a.toml:4: clients[0]: says not when they ask; add one of rate, think, trace, or idle = true",
        ),
        (
            "idle = false\n",
            "a.toml:4: clients[0]: says not when they ask; add one of rate, think, trace, or idle = true",
        ),
        (
            "think = \"1s\"\narrivals = \"poisson\"\n",
            "a.toml:7: clients[0].arrivals: is for clients at a rate; leave it out, or add rate",
        ),
        (
            "think = \"1s\"\nbursts = {}\n",
            "a.toml:7: clients[0].bursts: is for clients at a rate; leave it out, or add rate",
        ),
        (
            "rate = 1\narrivals = \"poisson\"\ndaily.curve = [1.0]\n",
            "a.toml:8: clients[0].daily: arrivals is given as well; leave one of them out",
        ),
        (
            "rate = 1\nbursts = { every = \"9s\", factor = 2.0 }\n",
            "a.toml:7: clients[0].bursts.lasts: is missing; add lasts = \"2s\"",
        ),
        (
            "rate = 1\ndaily = {}\n",
            "a.toml:7: clients[0].daily.curve: is missing; add curve = [0.1, 0.5, 1.0, 0.4]",
        ),
        (
            "idle = true\nasks = [\"acme.work\"]\n",
            "a.toml:7: clients[0].asks: is for clients that ask; leave it out",
        ),
        (
            "idle = true\nsession = 2\n",
            "a.toml:7: clients[0].session: is for clients that ask; leave it out",
        ),
        (
            "rate = 1\nasks = [{ weight = 2.0 }]\n",
            "a.toml:7: clients[0].asks[0].service: is missing; add service = \"…\"",
        ),
        (
            "rate = 1\nasks = [{ service = \"acme.work\", params = [] }]\n",
            "a.toml:7: clients[0].asks[0].params: there is no method that takes them; add method",
        ),
        (
            "rate = 1\n[[clients]]\nrate = 1\n",
            "a.toml:7: clients[1].name: is missing; add name = \"…\"",
        ),
        (
            "rate = 1\n[[services]]\nname = \"x\"\n",
            "a.toml:7: services[1].time: is missing; add time = \"20ms\", or use = \"opensrf.math\" for a service on board",
        ),
        (
            "rate = 1\n[[services]]\ntime = \"1s\"\n",
            "a.toml:7: services[1].name: is missing; add name = \"…\"",
        ),
        (
            "rate = 1\n[[services]]\nuse = \"opensrf.math\"\nerrors = 0.1\n",
            "a.toml:9: services[1].errors: is for made-up services; leave it out, or use",
        ),
        (
            "rate = 1\n[[services]]\nuse = \"opensrf.math\"\ntime = \"1s\"\n",
            "a.toml:9: services[1].time: is for made-up services; leave it out, or use",
        ),
        (
            "rate = 1\n[[services]]\nuse = \"opensrf.math\"\nname = \"math\"\n",
            "a.toml:9: services[1].name: is \"opensrf.math\" with this use; leave it out",
        ),
        (
            "rate = 1\n[[faults]]\non = \"web\"\n",
            "a.toml:7: faults[0].kind: is missing; add kind = \"kill_host\"",
        ),
        (
            "rate = 1\n[[faults]]\nkind = \"cut\"\nfactor = 2.0\n",
            "a.toml:9: faults[0].factor: says nothing about \"cut\"; leave it out",
        ),
        (
            "rate = 1\n[[faults]]\nkind = \"slow\"\nfactor = 2.0\nfraction = 0.1\n",
            "a.toml:10: faults[0].fraction: says nothing about \"slow\"; leave it out",
        ),
        (
            "rate = 1\n[[faults]]\nkind = \"delay\"\n",
            "a.toml:7: faults[0].latency: is missing; add latency = \"50ms\"",
        ),
        (
            "rate = 1\n[[faults]]\nkind = \"panic\"\nlasts = \"1s\"\n",
            "a.toml:9: faults[0].lasts: \"panic\" is over at once; leave it out",
        ),
        (
            "rate = 1\n[[faults]]\nkind = \"cut\"\nat = \"1s\"\nevery = \"9s\"\n",
            "a.toml:10: faults[0].every: at is given as well; leave one of them out",
        ),
        (
            "rate = 1\n[[faults]]\nkind = \"kill_server\"\non = \"web\"\n",
            "a.toml:9: faults[0].on: there is only one server; leave it out",
        ),
    ] {
        assert_problems(text, &[wanted]);
    }
}

#[test]
fn all_mistakes_are_found_at_once_and_none_is_blamed_twice() {
    let text = "slices = 0\nduration = 5\n[[services]]\nname = 1\ntime = \"soon\"\ndrones.max = 0\n\
                [[clients]]\nname = \"web\"\nrate = -1\nasks = [\"acme.work\"]\nnmae = \"x\"\n";
    let wanted = [
        "a.toml:2: duration: expected a length of time in quotes, such as \"5s\", found a whole number",
        "a.toml:1: slices: 0 is less than 1",
        "a.toml:4: services[0].name: expected a text in quotes, found a whole number",
        "a.toml:5: services[0].time: \"soon\" is no law of lengths of time: write a length such as 20ms, or constant(…), uniform(…), exponential(…), lognormal(…), pareto(…) or empirical(…)",
        "a.toml:6: services[0].drones.max: 0 is less than 1",
        "a.toml:11: clients[0].nmae: unknown key; known here: name, rate, think, trace, idle, arrivals, bursts, daily, count, domain, link, timeout, asks, session",
        "a.toml:9: clients[0].rate: must be above zero, not -1",
    ];
    assert_eq!(problems(text), wanted);
    let syntax = problems("seed = \n[[services]]\nname = \"x\"\nname = \"y\"\n");
    assert_eq!(syntax.len(), 2, "{syntax:?}");
    assert!(syntax[0].starts_with("a.toml:1: ") && syntax[1].starts_with("a.toml:4: "));
}

#[test]
fn a_file_that_cannot_be_read_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("no-such.toml");
    let shown = path.display();
    let wanted = format!("cannot read {shown}: No such file or directory (os error 2)");
    assert_eq!(problems_of(&Scenario::file(&path)), [wanted]);
    std::fs::write(&path, b"name = \"\xff\"\n").unwrap();
    let wanted = format!("cannot read {shown}: it is not UTF-8");
    assert_eq!(problems_of(&Scenario::file(&path)), [wanted]);
}

#[test]
fn mistakes_in_a_recording_have_its_own_lines() {
    let folder = tempfile::tempdir().unwrap();
    let write = |name: &str, text: &str| std::fs::write(folder.path().join(name), text).unwrap();
    write("arrivals.csv", "at\n1\nsoon\n0.5\n");
    write("a.toml", &format!("{LEAST}trace = \"arrivals.csv\"\n"));
    let recording = folder.path().join("arrivals.csv");
    let recording = recording.display();
    let wanted = [
        format!("{recording}:3: clients[0].trace: \"soon\" is no number of seconds"),
        format!(
            "{recording}:4: clients[0].trace: is earlier than the request before it; sort them by time"
        ),
    ];
    assert_eq!(
        problems_of(&Scenario::file(folder.path().join("a.toml"))),
        wanted
    );
}

#[test]
fn mistakes_on_the_command_line_name_the_option() {
    let text = format!("{LEAST}rate = 1.0\n");
    for (path, value, wanted) in [
        (
            "services.0.drones.max",
            "x",
            "--sweep x: services[0].drones.max: expected a whole number, found a text",
        ),
        (
            "services.0.drones.max",
            "0",
            "--sweep 0: services[0].drones.max: 0 is less than 1",
        ),
        (
            "services.0.drones.min",
            "9",
            "--sweep 9: services[0].drones.min: 9 is more than max 8",
        ),
        (
            "services.0.drones.mux",
            "9",
            "--sweep 9: services[0].drones.mux: unknown key; did you mean `max`?",
        ),
        (
            "services.1.time",
            "9s",
            "--sweep 9s: there is no services[1]; the first one is number 0",
        ),
        (
            "services.0.hosts.0",
            "app",
            "--sweep app: there is no services[0].hosts[0]; the file has none; add one there first",
        ),
        (
            "clients.0.think",
            "1s",
            "--sweep 1s: clients[0].think: rate is given as well; leave one of them out",
        ),
        (
            "clients.0.idle",
            "maybe",
            "--sweep maybe: clients[0].idle: expected true or false, found a text",
        ),
        (
            "colour",
            "red",
            "--sweep red: colour: unknown key; known here: name, seed, duration, warmup, slices, domains, expect, routers, hosts, services, clients, faults",
        ),
        (
            "a b",
            "1",
            "--sweep 1: \"a b\" is no place of a setting; write one as services.0.drones.max",
        ),
        (
            "services[0]",
            "1",
            "--sweep 1: \"services[0]\" is no place of a setting; write one as services.0.drones.max",
        ),
        (
            "0.a",
            "1",
            "--sweep 1: \"0.a\" is no place of a setting; write one as services.0.drones.max",
        ),
        (
            "",
            "1",
            "--sweep 1: \"\" is no place of a setting; write one as services.0.drones.max",
        ),
        (
            "seed.x",
            "1",
            "--sweep 1: seed: expected a whole number, found a table",
        ),
    ] {
        let file = Scenario::toml("a.toml", &text).set(path, value, "--sweep");
        let problems = problems_of(&file);
        assert!(
            problems.contains(&wanted.to_owned()),
            "{path}: {problems:#?}"
        );
    }
}
