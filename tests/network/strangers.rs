//! What comes of senders that claim to be somebody, or to have a say, and do not.

use opensrf_actors::host::HostBuilder;
use opensrf_actors::settings::{Keep, Settings};

use crate::lines::Lines;
use crate::raw::{Raw, message, request, short};
use crate::services::{math, odd, odd_service};
use crate::support::{Log, PASSWORD, Way, adds_up, over, run};

#[test]
fn a_sender_cannot_pass_for_another() {
    over(Way::Tcp, odd, |net| async move {
        let mut raw = Raw::log_in(&net.hub, "honest").await;
        let forged = message(
            "router@localhost/test.odd",
            "t",
            &request("1", "caller", "[]"),
        )
        .replace("<message ", "<message from=\"opensrf@localhost/victim\" ")
        .replace(
            "router_from=\"\"",
            "router_from=\"opensrf@localhost/victim\"",
        );
        raw.say(&forged).await;
        let answer = raw.stanza().await;
        let expected = "1: \"opensrf@localhost/honest\", 1: 205 osrfConnectStatus";
        assert_eq!(short(&answer), expected);
    });
}

#[test]
fn only_whoever_has_a_session_can_use_it() {
    over(Way::Tcp, odd, |net| async move {
        let session = net.client().connect("test.odd").await.unwrap();
        session.call("caller", ()).await.unwrap();
        let opened = net.log.said_by_drones();
        let (drone, thread) = (&opened[0].from, &opened[0].thread);
        let mut raw = Raw::log_in(&net.hub, "intruder").await;
        raw.say(&message(drone, thread, &request("9", "caller", "[]")))
            .await;
        assert_eq!(short(&raw.stanza().await), "9: 417 osrfBrokenSession");
        raw.say(&message(drone, "other", &request("9", "caller", "[]")))
            .await;
        assert_eq!(short(&raw.stanza().await), "9: 417 osrfBrokenSession");
        let bye = r#"[{"__c":"osrfMessage","__p":{"type":"DISCONNECT","threadTrace":1}}]"#;
        raw.say(&message(drone, thread, bye)).await;
        raw.is_silent().await;
        session.call("caller", ()).await.unwrap();
        let last = net.log.said_by_drones().pop().unwrap();
        assert_eq!(&last.from, drone);
    });
}

#[test]
fn nonsense_registers_nothing() {
    over(Way::Tcp, math, |net| async move {
        let mut raw = Raw::log_in(&net.hub, "nonsense").await;
        let long = "x".repeat(1_100);
        for class in ["router", "", &long] {
            for command in ["register", "unregister", "query"] {
                raw.say(&format!(
                    "<message to=\"router@localhost/router\"><opensrf router_class=\"{class}\" \
                     router_command=\"{command}\"/><body>registering</body></message>"
                ))
                .await;
            }
        }
        raw.say(
            "<message to=\"router@localhost/router\"><opensrf router_class=\"opensrf.math\" \
             router_command=\"unregister\"/></message>",
        )
        .await;
        raw.is_silent().await;
        let list = net
            .host
            .call("router", "opensrf.router.info.class.list", ());
        let classes: Vec<String> = list.await.unwrap().one().unwrap();
        assert_eq!(classes, ["opensrf.math"]);
        adds_up(&net.host).await;
    });
}

/// Two virtual hosts, of which the router trusts one.
const TWO_DOMAINS: &str = r#"
[jabber]
listen = ["127.0.0.1:0"]
domains = ["private.localhost", "public.localhost"]
accounts = [{ user = "router", password = "r" }, { user = "opensrf", password = "PASSWORD" }]
[router]
domain = "private.localhost"
trusted_clients = ["private.localhost"]
trusted_servers = ["private.localhost"]
account.user = "router"
[bus]
domain = "private.localhost"
account.user = "opensrf"
routers = [{ name = "router", domain = "private.localhost" }]
[[services]]
name = "opensrf.math"
"#;

#[test]
fn domains_that_are_not_trusted_neither_call_nor_register_and_are_warned_about_once() {
    run(false, async {
        let lines = Lines::record();
        let text = TWO_DOMAINS.replace("PASSWORD", PASSWORD);
        let settings = Settings::loader().text("test", &text).load().unwrap();
        let secrets = settings.resolve_secrets(Keep::InMemory).unwrap();
        let log = Log::default();
        let hub = HostBuilder::from_settings(&settings, &secrets).unwrap();
        let hub = hub
            .service(odd_service())
            .tap(log.tap())
            .start()
            .await
            .unwrap();
        hub.ready().await.unwrap();
        let mut raw = Raw::log_in_as("opensrf", "public.localhost", &hub, "stranger").await;
        let body = request("1", "add", "[1,2]");
        let math = "router@private.localhost/opensrf.math";
        let register = "<message to=\"router@private.localhost/router\"><opensrf \
                        router_class=\"test.evil\" router_command=\"register\"/></message>";
        for _ in 0..50 {
            raw.say(&message(math, "t", &body)).await;
            raw.say(register).await;
        }
        raw.is_silent().await;
        let list = hub.call("router", "opensrf.router.info.class.list", ());
        let classes: Vec<String> = list.await.unwrap().one().unwrap();
        assert!(!classes.contains(&"test.evil".into()));
        assert_eq!(hub.figures().ignored, 100);
        for setting in ["trusted_clients", "trusted_servers"] {
            let said = lines.with(&["WARN", "public.localhost", setting]);
            assert_eq!(said.len(), 1, "{said:#?}");
        }
        // Messages cross the domains all the same.
        let mut trusted = Raw::log_in_as("opensrf", "private.localhost", &hub, "friend").await;
        trusted.say(&message(math, "t", &body)).await;
        assert_eq!(
            short(&trusted.stanza().await),
            "1: 3, 1: 205 osrfConnectStatus"
        );
        trusted
            .say(&message("opensrf@public.localhost/stranger", "t", "hello"))
            .await;
        assert_eq!(raw.stanza().await.decode().body, *"hello");
    });
}
