//! How a router chooses among the listeners of a service.
//!
//! All of it under the paused clock. The hosts differ in how long their methods take, and each has
//! four drones.

use std::sync::Arc;
use std::time::Duration;

use futures::future::join_all;
use opensrf::ids::Seed;
use opensrf::limits::LOAD_INTERVAL;
use opensrf::router::RoutingPolicy;
use opensrf::stanza::{Placement, Stanza};
use opensrf::stream::LoginMethod;
use opensrf_actors::env::Env;
use opensrf_actors::host::{Access, Host, HostHandle};
use opensrf_actors::service::Service;
use opensrf_actors::status::{ClassAnswer, Detail};
use opensrf_actors::transport::faulty::{Direction, Disorder, Faults};
use tokio::time::{Instant, sleep};

use crate::old_programs::{EIGHT, registers};
use crate::raw::{Raw, Tube, message};
use crate::support::{Log, PASSWORD, hub, run};

const FAST: Duration = Duration::from_millis(20);
const SLOW: Duration = Duration::from_millis(200);

/// `test.raw`, whose method `work` takes so long.
fn works_for(time: Duration) -> Service {
    let work = move |_, ()| async move {
        sleep(time).await;
        Ok(())
    };
    let service = Service::builder("test.raw").method("work", work);
    service.build().expect("a service")
}

/// A hub whose router has this policy, and hosts that serve with so many drones, each for so long.
struct Net {
    hub: HostHandle,
    /// They live as long as their handles.
    _hosts: Vec<HostHandle>,
    log: Log,
    /// Of the router and its class.
    router: Faults,
}

impl Net {
    async fn start(policy: RoutingPolicy, hosts: &[(usize, Duration)]) -> Self {
        let (log, router) = (Log::default(), Faults::new(Seed::new(1)));
        let builder = hub().env(Env::simulated(7)).tap(log.tap());
        let builder = builder.router_access(Access::Embedded.with_faults(&router));
        let hub = builder.policy(policy).start().await.unwrap();
        hub.ready().await.unwrap();
        let mut all = Vec::new();
        for (seed, (drones, time)) in (8..).zip(hosts) {
            let access = Access::Dial(Arc::new(hub.duplex()), LoginMethod::Auto);
            let host = Host::builder().server_by(access, "opensrf", "localhost", PASSWORD);
            let host = host.service_sized(works_for(*time), *drones, *drones, 1_000);
            let host = host.env(Env::simulated(seed)).start().await.unwrap();
            host.ready().await.unwrap();
            all.push(host);
        }
        Self {
            hub,
            _hosts: all,
            log,
            router,
        }
    }

    /// Makes so many calls, one after each such time; how long the slowest took.
    async fn is_asked(&self, calls: u32, every: Duration) -> Duration {
        let calls = (0..calls).map(|number| async move {
            sleep(every * number).await;
            let asked = Instant::now();
            self.hub.call("test.raw", "work", ()).await.unwrap();
            asked.elapsed()
        });
        join_all(calls).await.into_iter().max().unwrap_or_default()
    }

    /// What its class tells of itself.
    async fn class(&self) -> ClassAnswer {
        let status = self.hub.status().await.unwrap();
        let mut answers = status.children.into_iter().filter_map(|child| child.answer);
        let class = answers.find_map(|answer| match answer.detail {
            Detail::Router(classes) => classes.into_iter().next()?.answer,
            _ => None,
        });
        class.expect("the class is there")
    }

    /// What each listener was given, in order of registration.
    async fn given(&self) -> Vec<u64> {
        let nodes = self.class().await.nodes;
        nodes.iter().map(|node| node.forwarded).collect()
    }

    async fn outstanding(&self) -> Vec<Option<u64>> {
        let nodes = self.class().await.nodes;
        nodes.iter().map(|node| node.outstanding).collect()
    }

    fn count(&self, what: impl Fn(&Stanza) -> bool) -> usize {
        self.log
            .stanzas()
            .iter()
            .filter(|stanza| what(stanza))
            .count()
    }
}

#[test]
fn a_slow_host_gets_half_in_a_round_robin_and_what_it_can_do_by_load() {
    const CALLS: u32 = 1_000;
    let hosts = [(4, FAST), (4, SLOW)];
    run(true, async {
        // 100 a second: the fast host could do 200, the slow one can do 20.
        let every = Duration::from_millis(10);
        let net = Net::start(RoutingPolicy::RoundRobin, &hosts).await;
        let slowest = net.is_asked(CALLS, every).await;
        assert_eq!(net.given().await, [500, 500]);
        assert!(slowest > Duration::from_secs(10), "{slowest:?}");
        for policy in [RoutingPolicy::LeastOutstanding, RoutingPolicy::TwoChoices] {
            let net = Net::start(policy, &hosts).await;
            let slowest = net.is_asked(CALLS, every).await;
            let given = net.given().await;
            assert!((20..200).contains(&given[1]), "{policy}: {given:?}");
            assert!(slowest <= SLOW + FAST, "{policy}: {slowest:?}");
        }
    });
}

#[test]
fn hosts_get_requests_in_proportion_to_their_drones() {
    run(true, async {
        let net = Net::start(RoutingPolicy::Weighted, &[(6, FAST), (2, FAST)]).await;
        net.is_asked(80, FAST).await;
        assert_eq!(net.given().await, [60, 20]);
        let class = net.class().await;
        assert_eq!(class.policy, "weighted");
        let drones: Vec<_> = class.nodes.iter().map(|node| node.drones).collect();
        assert_eq!(drones, [Some(6), Some(2)]);
    });
}

#[test]
fn nothing_is_said_of_loads_unless_a_class_asks() {
    run(true, async {
        for policy in RoutingPolicy::ALL {
            let net = Net::start(policy, &[(4, FAST), (4, FAST)]).await;
            net.is_asked(40, Duration::from_millis(7)).await;
            let numbered = net.count(|stanza| stanza.number().is_some());
            let reports = net.count(|stanza| stanza.reported_load().is_some());
            let asks = policy.chooser(Seed::new(1)).wants_loads();
            assert_eq!(numbered > 0, asks, "{policy}");
            assert_eq!(reports > 0, asks, "{policy}");
            assert_eq!(net.hub.figures().ignored, 0, "{policy}");
        }
    });
}

#[test]
fn a_class_knows_what_is_outstanding_and_ends_knowing_that_nothing_is() {
    run(true, async {
        let net = Net::start(RoutingPolicy::LeastOutstanding, &[(4, SLOW), (4, SLOW)]).await;
        let calls = net.is_asked(30, Duration::ZERO);
        let looks = async {
            sleep(SLOW / 2).await;
            assert_eq!(net.outstanding().await, [Some(15); 2]);
            sleep(SLOW).await;
            assert_eq!(net.outstanding().await, [Some(11); 2]);
        };
        tokio::join!(calls, looks);
        sleep(LOAD_INTERVAL * 2).await;
        assert_eq!(net.outstanding().await, [Some(0); 2]);
        // Drones that end at one moment make one report, and perhaps one more when it has gone.
        let reports = net.count(|stanza| stanza.reported_load().is_some());
        assert!((8..40).contains(&reports), "{reports}");
    });
}

#[test]
fn a_report_that_is_lost_is_made_up_for() {
    run(true, async {
        let net = Net::start(RoutingPolicy::LeastOutstanding, &[(4, SLOW)]).await;
        let calls = net.is_asked(4, Duration::ZERO);
        let loses = async {
            sleep(SLOW / 2).await;
            let lost = Disorder {
                lost: 1.0,
                ..Disorder::NONE
            };
            net.router.disorder_in(Direction::Received, lost);
            sleep(SLOW).await;
            net.router.heal();
        };
        tokio::join!(calls, loses);
        assert_eq!(net.outstanding().await, [Some(4)]);
        // Listeners say `register` every 5 seconds, more or less.
        sleep(Duration::from_secs(10)).await;
        assert_eq!(net.outstanding().await, [Some(0)]);
    });
}

#[test]
fn a_listener_that_reports_nothing_has_its_turns_beside_ours() {
    run(true, async {
        let net = Net::start(RoutingPolicy::LeastOutstanding, &[(4, FAST), (4, FAST)]).await;
        let mut original: Raw<Tube> = Raw::through(&net.hub.duplex()).await;
        original
            .authenticate("opensrf", "localhost", "original")
            .await;
        original.say(&registers(Placement::Child)).await;
        let answers = async {
            for _ in 0..10 {
                let asked = original.stanza().await;
                assert_eq!(asked.number(), None);
                let caller = asked.sender().expect("a caller");
                let answer = message(caller.as_str(), &asked.thread(), EIGHT);
                original.say(&answer).await;
            }
        };
        let calls = async {
            while net.given().await.len() < 3 {
                sleep(FAST).await;
            }
            net.is_asked(30, FAST).await;
        };
        tokio::join!(calls, answers);
        assert_eq!(net.given().await, [10, 10, 10]);
        assert_eq!(net.outstanding().await[2], None);
    });
}
