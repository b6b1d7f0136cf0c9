//! The cache, and who uses it, over Debian's memcached.

use std::future::Future;
use std::io::{BufRead, BufReader, Write};
use std::net::TcpStream;
use std::process::Command;
use std::time::Duration;

use opensrf_actors::cache::{Cache, CacheError};

use crate::support::{PATIENCE, Process, World, run, skip};

/// Runs a test with the world of a memcached that has been started.
fn over_memcached<F: Future<Output = ()>>(name: &str, test: impl FnOnce(World, Process) -> F) {
    let mut version = Command::new("sh");
    version.args(["-c", "command -v memcached"]);
    if run(version).code != Some(0) {
        return skip(name, "no memcached; install the package memcached");
    }
    let world = World::new();
    let memcached = start(&world);
    let mut runtime = tokio::runtime::Builder::new_current_thread();
    let runtime = runtime.enable_all().build().expect("a runtime");
    runtime.block_on(test(world, memcached));
}

fn start(world: &World) -> Process {
    let mut command = Command::new("memcached");
    command.args(["-vv", "-u", "root", "-l", "127.0.0.1", "-p"]);
    command.arg(world.port.to_string());
    let mut memcached = Process::start(command);
    memcached.wait_for("server listening");
    memcached
}

/// A cache on these servers that keeps nothing longer than a minute.
fn cache(worlds: &[&World]) -> Cache {
    let servers = worlds.iter().map(|world| world.address());
    let cache = Cache::new(servers, Duration::from_secs(60)).expect("a cache");
    cache.with_timeout(PATIENCE)
}

/// Says a line to memcached, and gives its answer of so many lines.
fn said(world: &World, line: &str, lines: usize) -> Vec<String> {
    let mut stream = TcpStream::connect(world.address()).expect("it listens");
    write!(stream, "{line}\r\n").expect("it reads");
    let answer = BufReader::new(stream).lines().take(lines);
    answer.map(|line| line.expect("it answers")).collect()
}

#[test]
fn values_are_json_as_it_is_with_flags_0() {
    over_memcached("values", async |world, _memcached| {
        let cache = cache(&[&world]);
        assert_eq!(cache.get("a").await.unwrap(), None);
        let value = serde_json::json!({"text": "\u{e9}", "list": [1]});
        cache.put(" a\n", &value, None).await.unwrap();
        let raw = r#"{"list":[1],"text":"é"}"#;
        let wanted = [&format!("VALUE a 0 {}", raw.len()), raw, "END"];
        assert_eq!(said(&world, "get a", 3), wanted);
        assert_eq!(cache.get("a").await.unwrap().unwrap().as_str(), raw);

        cache.put_text("b", "no JSON", None).await.unwrap();
        let text = cache.get_text("b").await.unwrap();
        assert_eq!(text.as_deref(), Some("no JSON"));
        let refused = cache.get("b").await.unwrap_err().to_string();
        assert!(refused.starts_with("no JSON under \"b\""), "{refused}");

        assert!(cache.delete("a").await.unwrap());
        assert!(!cache.delete("a").await.unwrap());
        let long = "k".repeat(300);
        cache.put(&long, &7, None).await.unwrap();
        assert_eq!(cache.get(&long).await.unwrap().unwrap().as_str(), "7");
        cache.put("", &7, None).await.unwrap();
        assert_eq!(cache.get("").await.unwrap(), None);
    });
}

#[test]
fn nothing_is_kept_longer_than_the_cache_says() {
    over_memcached("expiry", async |world, _memcached| {
        let cache = cache(&[&world]);
        // How many of `wanted` seconds are left; a second may have gone by.
        let is_left = |wanted: u64| {
            let left = said(&world, "mg a t", 1);
            let about = [wanted, wanted - 1].map(|seconds| format!("HD t{seconds}"));
            assert!(about.contains(&left[0]), "{left:?} of {wanted}");
        };
        let seconds = |seconds| Some(Duration::from_secs(seconds));
        for (expiry, wanted) in [
            (None, 60),
            (seconds(0), 60),
            (seconds(61), 60),
            (seconds(30), 30),
        ] {
            cache.put("a", &1, expiry).await.unwrap();
            is_left(wanted);
        }
        assert!(
            cache
                .set_expire("a", Duration::from_secs(50))
                .await
                .unwrap()
        );
        is_left(50);
        assert_eq!(cache.get("a").await.unwrap().unwrap().as_str(), "1");
        assert!(
            !cache
                .set_expire("none", Duration::from_secs(50))
                .await
                .unwrap()
        );
    });
}

#[test]
fn a_server_that_went_away_is_an_error_until_it_is_back() {
    over_memcached("a lost server", async |world, memcached| {
        let cache = cache(&[&world]);
        cache.put("a", &1, None).await.unwrap();
        memcached.kill();
        let error = cache.get("a").await.unwrap_err();
        let server = world.address();
        assert!(matches!(&error, CacheError::Connection { server: named, .. } if *named == server));

        let memcached = start(&world);
        assert_eq!(
            cache.get("a").await.unwrap(),
            None,
            "a new one knows nothing"
        );
        cache.put("a", &2, None).await.unwrap();
        // Not noticed before the next command: it is done with a new connection.
        memcached.kill();
        let _memcached = start(&world);
        cache.put("a", &3, None).await.unwrap();
        assert_eq!(cache.get("a").await.unwrap().unwrap().as_str(), "3");
    });
}

#[test]
fn a_value_that_is_too_large_is_refused_and_harms_nobody() {
    over_memcached("a large value", async |world, _memcached| {
        let cache = cache(&[&world]);
        let large = "x".repeat(2 * 1024 * 1024);
        let error = cache.put("a", &large, None).await.unwrap_err();
        assert!(matches!(error, CacheError::Refused { .. }), "{error}");
        cache.put("a", &1, None).await.unwrap();
        assert_eq!(cache.get("a").await.unwrap().unwrap().as_str(), "1");
    });
}

#[test]
fn each_key_has_one_of_several_servers() {
    over_memcached("several servers", async |world, _memcached| {
        let other = World::new();
        let _other_memcached = start(&other);
        let cache = cache(&[&world, &other]);
        let mut at_first = 0;
        for number in 0..20 {
            let key = format!("key-{number}");
            cache.put(&key, &number, None).await.unwrap();
            let found = cache.get(&key).await.unwrap().unwrap();
            assert_eq!(found.as_str(), number.to_string());
            let has = |world| said(world, &format!("get {key}"), 1)[0].starts_with("VALUE");
            assert_ne!(has(&world), has(&other), "{key}");
            at_first += u32::from(has(&world));
        }
        assert!((1..20).contains(&at_first), "{at_first}");
    });
}

const VERSION: &str = r#"
[jabber]
listen = ["127.0.0.1:PORT"]
domains = ["localhost"]
accounts = [{ user = "router" }, { user = "opensrf" }]

[router]
domain = "localhost"
trusted_clients = ["localhost"]
trusted_servers = ["localhost"]
account.user = "router"

[bus]
domain = "localhost"
account.user = "opensrf"

[[services]]
name = "opensrf.math"

[[services]]
name = "opensrf.version"
settings.cache.servers = ["CACHE"]
"#;

#[test]
fn opensrf_version_keeps_what_it_found_where_all_find_it() {
    over_memcached("opensrf.version", async |cached, _memcached| {
        let world = World::new();
        let file = VERSION.replace("CACHE", &cached.address());
        let file = world.write("version.toml", &file);
        let _up = Process::start(world.configured(&file, &["up"])).ready();
        let asked = ["opensrf.math", "add", "1", "2"];
        let verify = ["call", "opensrf.version", "opensrf.version.verify"];
        let call = || run(world.configured(&file, &[&verify[..], &asked].concat()));
        let (md5, of_params) = (
            "\"eccbc87e4b5ce2fe28308fd9f2a7baf3\"",
            // of ["opensrf.math","add",1,2]
            "29bb9e9f5ac08ac93129cdc048a571dc",
        );
        call().gave(&[md5]);
        let kept = said(&cached, &format!("get {of_params}"), 2);
        assert_eq!(kept, [&format!("VALUE {of_params} 0 34"), md5]);

        let cache = cache(&[&cached]);
        cache.put(of_params, "as kept", None).await.unwrap();
        call().gave(&["\"as kept\""]);
    });
}
