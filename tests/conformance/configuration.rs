//! Services and configuration: the original's files (79, 113 to 115).

use std::fs;

use opensrf_actors::host::HostHandle;
use opensrf_actors::settings::Settings;
use serde_json::{Value, json};

use super::domains::configured;
use super::form::Form;
use super::peer::Peer;
use super::played::nobody;
use crate::support::run;

/// Defaults, a host with more and other values, and one whose only list is shorter.
const FILE: &str = r#"<?xml version="1.0"?>
<opensrf version="0.0.3">
  <!-- <default><dirs>none</dirs></default> -->
  <default>
    <dirs><log>/var/log</log><pid>/var/run</pid></dirs>
    <cache><global><servers><server>127.0.0.1:11211</server></servers>
      <max_cache_time>86400</max_cache_time></global></cache>
    <apps>
      <acme.calc><keepalive>5</keepalive><unix_config><min_children>1</min_children>
        <!-- <max_children>99</max_children> -->
        <max_children>8</max_children></unix_config><empty/><long>12345678901</long></acme.calc>
    </apps>
    <list><item>a</item><item>b</item><item>c</item></list>
  </default>
  <hosts>
    <app1>
      <activeapps><appname>opensrf.settings</appname><appname>acme.calc</appname></activeapps>
      <apps><acme.calc><keepalive>7</keepalive></acme.calc></apps>
      <list><item>x</item><item>y</item></list>
    </app1>
    <app2>
      <activeapps><appname>acme.calc</appname></activeapps>
      <dirs>nowhere</dirs>
    </app2>
  </hosts>
</opensrf>
"#;

const HOST: &str = r#"
[jabber]
listen = []
domains = ["localhost"]
accounts = [
    { user = "router", password = "PASSWORD" },
    { user = "opensrf", password = "PASSWORD" },
]
[router]
domain = "localhost"
trusted_clients = ["localhost"]
trusted_servers = ["localhost"]
account.user = "router"
[bus]
domain = "localhost"
account.user = "opensrf"
[[services]]
name = "opensrf.settings"
settings = { file = "FILE" }
"#;

/// A host whose `opensrf.settings` tells the file, and the folder that has it.
async fn telling() -> (HostHandle, tempfile::TempDir) {
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("opensrf.xml");
    fs::write(&file, FILE).expect("a file");
    let text = HOST.replace("FILE", &file.display().to_string());
    let hub = configured(&text, nobody).await;
    hub.ready().await.expect("ready");
    (hub, folder)
}

/// The one result that a program of this make gets, in a session as Perl programs ask for it.
async fn told(hub: &HostHandle, form: Form, method: &str, params: &str) -> Value {
    let address = "opensrf@localhost/peer";
    let mut peer = Peer::logs_in(&hub.duplex(), form, address).await;
    let drone = peer.connects("opensrf.settings", "t").await;
    let method = format!("opensrf.settings.{method}");
    peer.says(&drone, "t", &[form.request(1, &method, params)])
        .await;
    let answer = peer.hears_the_end().await;
    peer.says(&drone, "t", &[form.disconnect(1)]).await;
    let content = answer.strip_prefix("1: ").expect("a result");
    let content = content.strip_suffix(", 1: 205 osrfConnectStatus");
    serde_json::from_str(content.expect("an end")).expect("JSON")
}

#[test]
fn s079_every_form_of_the_list_of_routers_is_understood() {
    let one = "<router><name>r</name><domain>a</domain>";
    let list = "<services><service>s</service><service>t</service></services></router>";
    let single = "<services><service>s</service></services></router>";
    for (routers, expected) in [
        // A single text, and a list of texts, which name the domains only.
        ("<router>a</router>".into(), vec!["own@a"]),
        (
            "<router>a</router><router>b</router>".into(),
            vec!["own@a", "own@b"],
        ),
        // Structures, one and several; without services, or with none, it is for all.
        (format!("{one}</router>"), vec!["r@a"]),
        (format!("{one}<services/></router>"), vec!["r@a"]),
        (format!("{one}{single}"), vec!["r@a s"]),
        (
            format!("{one}{list}<router>b</router>"),
            vec!["r@a s t", "own@b"],
        ),
        (
            format!("<!-- <router>x</router> -->{one}<!-- y -->{single}"),
            vec!["r@a s"],
        ),
    ] {
        let folder = tempfile::tempdir().expect("a folder");
        let file = folder.path().join("opensrf_core.xml");
        let xml = format!(
            "<config><opensrf><routers>{routers}</routers><router_name>own</router_name>\
             <domain>d</domain><username>u</username><passwd>p</passwd><port>1</port></opensrf>\
             </config>"
        );
        fs::write(&file, xml).expect("a file");
        let settings = Settings::loader()
            .file(&file)
            .load()
            .expect("good settings");
        let routers = settings.bus.expect("a bus").routers;
        let shown: Vec<String> = routers
            .iter()
            .map(|router| {
                let services = router.services.iter().flatten();
                let services: String = services.map(|name| format!(" {name}")).collect();
                format!("{}@{}{services}", router.name, router.domain)
            })
            .collect();
        assert_eq!(shown, expected);
    }
}

#[test]
fn s113_host_config_lays_the_host_on_the_defaults() {
    run(true, async {
        let (hub, _folder) = telling().await;
        for form in Form::ALL {
            let config = told(&hub, form, "host_config.get", "[\"app1\",null]").await;
            let calc = &config["apps"]["acme.calc"];
            assert_eq!(calc["keepalive"], json!(7), "the host's own");
            assert_eq!(
                calc["unix_config"],
                json!({"min_children": 1, "max_children": 8})
            );
            assert_eq!(calc["long"], json!("12345678901"), "too long for a number");
            assert_eq!(calc["empty"], json!({}));
            let apps = json!(["opensrf.settings", "acme.calc"]);
            assert_eq!(config["activeapps"]["appname"], apps, "several are a list");
            let server = &config["cache"]["global"]["servers"]["server"];
            assert_eq!(*server, json!("127.0.0.1:11211"), "one is none");
            let config = told(&hub, form, "host_config.get", "[\"app2\"]").await;
            assert_eq!(config["activeapps"]["appname"], json!("acme.calc"));
            assert_eq!(config["dirs"], json!("nowhere"), "anything else replaces");
        }
    });
}

#[test]
fn s114_an_unknown_host_has_the_defaults_lists_merge_by_index_and_comments_are_nothing() {
    run(true, async {
        let (hub, _folder) = telling().await;
        for form in Form::ALL {
            let defaults = told(&hub, form, "default_config.get", "").await;
            let unknown = told(&hub, form, "host_config.get", "[\"elsewhere\"]").await;
            assert_eq!(unknown, defaults);
            assert_eq!(defaults["list"]["item"], json!(["a", "b", "c"]));
            assert_eq!(
                defaults["dirs"],
                json!({"log": "/var/log", "pid": "/var/run"})
            );
            assert!(!defaults.to_string().contains("99"), "{defaults}");
            assert!(!defaults.to_string().contains("activeapps"), "{defaults}");
            let host = told(&hub, form, "host_config.get", "[\"app1\"]").await;
            assert_eq!(host["list"]["item"], json!(["x", "y", "c"]));
        }
    });
}

#[test]
fn s115_xpath_gives_a_list_of_all_that_it_picks() {
    run(true, async {
        let (hub, _folder) = telling().await;
        for form in Form::ALL {
            for method in ["xpath.get", "xpath.get.raw"] {
                for (path, expected) in [
                    (
                        "//activeapps/appname",
                        json!(["opensrf.settings", "acme.calc", "acme.calc"]),
                    ),
                    ("/opensrf/default/apps/acme.calc/keepalive", json!([5])),
                    ("//max_cache_time", json!([86400])),
                    ("//no.such.thing", json!([])),
                ] {
                    let list = told(&hub, form, method, &format!("[\"{path}\"]")).await;
                    assert_eq!(list, expected, "{path}");
                }
            }
        }
    });
}

#[test]
fn s115_reload_reads_the_file_again() {
    run(true, async {
        let (hub, folder) = telling().await;
        let keepalive = async |params: &str| told(&hub, Form::Perl, "xpath.get", params).await;
        let path = "/opensrf/hosts/app1/apps/acme.calc/keepalive";
        assert_eq!(keepalive(&format!("[\"{path}\"]")).await, json!([7]));
        let changed = FILE.replace("<keepalive>7<", "<keepalive>9<");
        fs::write(folder.path().join("opensrf.xml"), changed).expect("a file");
        for (reload, expected) in [("null", 7), ("0", 7), ("1", 9), ("null", 9)] {
            let params = format!("[\"{path}\",{reload}]");
            assert_eq!(keepalive(&params).await, json!([expected]), "{reload}");
        }
    });
}
