//! A network for a test, over any of the ways onto the bus.

use std::future::Future;
use std::sync::{Arc, Mutex};

use actix::{Actor, Addr, Handler};
use opensrf::limits::{self, StreamLimits};
use opensrf::liveness::DeadAfter;
use opensrf::osrf::{self, Body, Status};
use opensrf::stanza::Stanza;
use opensrf_actors::client::{Client, ClientError};
use opensrf_actors::env::Env;
use opensrf_actors::host::{Access, Host, HostBuilder, HostHandle};
use opensrf_actors::jabber::{Cleartext, Incoming, Server, ServerPlan, Switch};
use opensrf_actors::peer::Peer;
use opensrf_actors::sasl::{Account, Accounts};
use opensrf_actors::supervise::{ChildExited, Tether};
use opensrf_actors::transport::{Dial, TcpDial, halves};
use tokio::io::DuplexStream;

/// A way onto the bus.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Way {
    Local,
    Duplex,
    Tcp,
}

pub(crate) const PASSWORD: &str = "test password";

/// Runs a test over every way: `local` and `duplex` under a paused clock, `tcp` in real time.
pub(crate) fn over_every_way<F>(services: fn(HostBuilder) -> HostBuilder, test: fn(Net) -> F)
where
    F: Future<Output = ()> + 'static,
{
    over_paused_ways(services, test);
    over(Way::Tcp, services, test);
}

/// Runs a test over the ways without a socket, where the clock is paused: waiting takes no time.
pub(crate) fn over_paused_ways<F>(services: fn(HostBuilder) -> HostBuilder, test: fn(Net) -> F)
where
    F: Future<Output = ()> + 'static,
{
    for way in [Way::Local, Way::Duplex] {
        over(way, services, test);
    }
}

/// Runs a test over one way.
pub(crate) fn over<F>(way: Way, services: fn(HostBuilder) -> HostBuilder, test: fn(Net) -> F)
where
    F: Future<Output = ()> + 'static,
{
    run(way != Way::Tcp, async move {
        let net = Net::start(way, services).await;
        test(net).await;
    });
}

/// Runs a future on an actix `System` of its own, under a paused clock if wanted.
pub(crate) fn run(is_paused: bool, test: impl Future<Output = ()>) {
    let system = actix_rt::System::with_tokio_rt(move || {
        tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .start_paused(is_paused)
            .build()
            .expect("a runtime")
    });
    system.block_on(test);
}

/// A network: a hub with server and router, and services and clients that get onto it by one way.
pub(crate) struct Net {
    pub(crate) way: Way,
    pub(crate) hub: HostHandle,
    /// The same as `hub`, except over TCP.
    pub(crate) host: HostHandle,
    /// All that went over the hub's switch.
    pub(crate) log: Log,
}

impl Net {
    async fn start(way: Way, services: fn(HostBuilder) -> HostBuilder) -> Self {
        let env = Env::simulated(7);
        let log = Log::default();
        let builder = hub().env(env.fork("hub")).tap(log.tap());
        if way != Way::Tcp {
            let access = match way {
                Way::Local => Access::Embedded,
                Way::Duplex | Way::Tcp => Access::Duplex,
            };
            let builder = builder.router_access(access.clone()).bus_access(access);
            let hub = services(builder).start().await.expect("a host");
            hub.ready().await.expect("ready");
            let host = hub.clone();
            return Self {
                way,
                hub,
                host,
                log,
            };
        }
        let hub = builder.listen("127.0.0.1:0").start().await.expect("a hub");
        hub.ready().await.expect("ready");
        let host = services(guest(&address(&hub)).env(env.fork("host")));
        let host = host.start().await.expect("a host");
        host.ready().await.expect("ready");
        Self {
            way,
            hub,
            host,
            log,
        }
    }

    pub(crate) fn client(&self) -> &Client {
        self.host.client()
    }

    /// A way in for peers that speak bytes: over TCP if that is the network's way, else without a
    /// socket, so that they live under the paused clock.
    pub(crate) fn door(&self) -> Arc<dyn Dial> {
        match self.way {
            Way::Tcp => Arc::new(TcpDial::new(address(&self.hub))),
            Way::Local | Way::Duplex => Arc::new(self.hub.duplex()),
        }
    }
}

/// A host with server and router, and accounts for all who log in.
pub(crate) fn hub() -> HostBuilder {
    Host::builder()
        .account("opensrf", PASSWORD)
        .account("router", PASSWORD)
}

/// A host that uses the hub at `address`.
pub(crate) fn guest(address: &str) -> HostBuilder {
    Host::builder().server(address, "opensrf", "localhost", PASSWORD)
}

/// Where a hub listens.
pub(crate) fn address(hub: &HostHandle) -> String {
    hub.addresses().first().expect("it listens").to_string()
}

/// The status that a call ended in.
pub(crate) fn status(error: &ClientError) -> (u16, String) {
    match error.call() {
        Some(opensrf::session::CallError::Status(status)) => (status.code, status.text.to_string()),
        _ => panic!("no status: {error}"),
    }
}

/// Makes a call that is known to go well.
pub(crate) async fn adds_up(hub: &HostHandle) {
    let answers = hub.call("opensrf.math", "add", (1, 2)).await.unwrap();
    assert_eq!(answers.one::<i64>().unwrap(), 3);
}

/// Whether the router knows a service.
pub(crate) async fn knows(hub: &HostHandle, class: &str) -> bool {
    let answers = hub
        .call("router", "opensrf.router.info.class.list", ())
        .await;
    let classes: Vec<String> = answers.unwrap().one().unwrap();
    classes.iter().any(|known| known == class)
}

/// All stanzas that went over a switch, in order.
#[derive(Clone, Default)]
pub(crate) struct Log(Arc<Mutex<Vec<Stanza>>>);

/// An OpenSRF message that went over a switch.
#[derive(Debug, Clone)]
pub(crate) struct Said {
    pub(crate) from: String,
    pub(crate) to: String,
    pub(crate) thread: String,
    pub(crate) message: osrf::Message,
}

impl Log {
    pub(crate) fn tap(&self) -> Arc<dyn Fn(&Stanza) + Send + Sync> {
        let log = Arc::clone(&self.0);
        Arc::new(move |stanza| log.lock().expect("no panic holds it").push(stanza.clone()))
    }

    pub(crate) fn stanzas(&self) -> Vec<Stanza> {
        self.0.lock().expect("no panic holds it").clone()
    }

    /// The OpenSRF messages in stanzas that are no bounces.
    pub(crate) fn said(&self) -> Vec<Said> {
        let stanzas = self.stanzas().into_iter();
        stanzas
            .filter(|stanza| !stanza.is_error())
            .flat_map(|stanza| {
                let address = |jid: Option<opensrf::jid::Jid>| {
                    jid.map_or_else(String::new, |jid| jid.to_string())
                };
                let (from, to) = (address(stanza.from.clone()), address(stanza.to.clone()));
                let content = stanza.decode().into_owned();
                let messages = osrf::decode(&content.body).unwrap_or_default();
                messages.into_iter().map(move |message| Said {
                    from: from.clone(),
                    to: to.clone(),
                    thread: content.thread.to_string(),
                    message,
                })
            })
            .collect()
    }

    /// What was said by drones.
    pub(crate) fn said_by_drones(&self) -> Vec<Said> {
        let mut said = self.said();
        said.retain(|said| said.from.contains("_drone_at_"));
        said
    }

    /// The drones that said these statuses, in order.
    pub(crate) fn drones_that_said(&self, status: &Status) -> Vec<String> {
        let said = self.said_by_drones().into_iter();
        said.filter(|said| said.message.body == Body::Status(status.clone()))
            .map(|said| said.from)
            .collect()
    }

    /// The last address whose resource holds `part`.
    pub(crate) fn address_of(&self, part: &str) -> String {
        let stanzas = self.stanzas();
        let senders = stanzas.iter().rev().filter_map(|s| s.from.as_ref());
        let mut senders = senders.map(ToString::to_string);
        senders
            .find(|from| from.contains(part))
            .expect("it said something")
    }
}

/// A Jabber server without a network behind it, and without sockets.
pub(crate) struct Lobby {
    server: Peer<Incoming>,
    _parent: Addr<Parent>,
}

/// Whom the server tells its end.
pub(crate) struct Parent;

impl Actor for Parent {
    type Context = actix::Context<Self>;
}

impl Handler<ChildExited> for Parent {
    type Result = ();

    fn handle(&mut self, _: ChildExited, _: &mut Self::Context) {}
}

impl Lobby {
    pub(crate) fn open() -> Self {
        let account = Account {
            user: "opensrf".into(),
            domain: None,
            password: PASSWORD.into(),
        };
        let plan = ServerPlan {
            domains: vec!["localhost".into()],
            accounts: Arc::new(Accounts::new([account]).expect("an account")),
            cleartext: Cleartext::Loopback,
            limits: StreamLimits::AUTHENTICATED,
            login_time: limits::LOGIN_TIME,
            outbox_bytes: limits::OUTBOX_BYTES,
            outbox_progress: limits::OUTBOX_PROGRESS,
            connections_per_address: limits::CONNECTIONS_PER_ADDRESS,
            dead_after: DeadAfter::new(limits::DEAD_AFTER).expect("long enough"),
        };
        let switch = Switch::new(plan.domains.clone(), 10, Arc::default(), None);
        let parent = Parent.start();
        let tether = Tether::new(parent.clone().recipient(), 1);
        let server = Server::new(plan, Arc::new(switch), vec![], Env::simulated(7), tether);
        Self {
            server: Peer::new(server.start()),
            _parent: parent,
        }
    }

    pub(crate) async fn dial(&self) -> DuplexStream {
        let (ours, theirs) = tokio::io::duplex(64 * 1024);
        let incoming = Incoming {
            halves: halves(theirs, true),
            from: "a test".into(),
        };
        self.server
            .tell_when_free(incoming)
            .await
            .expect("a server");
        ours
    }
}
