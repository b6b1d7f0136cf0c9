//! A hub and two hosts, one of which is at the far end of a cable that can be pulled.
//!
//! Where the machine lets us, the far host is in a network namespace of its own, and the cable is a
//! pair of virtual Ethernet devices: pulled, nothing arrives any more, and nobody is told. Else it is
//! a proxy that stops forwarding without closing anything.

use std::process::Command;
use std::sync::Arc;
use std::thread;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio::net::{TcpListener, TcpStream};
use tokio::runtime::Builder;
use tokio::sync::{oneshot, watch};

use crate::hub_and_host::{HOST, HUB};
use crate::support::{Process, World, run};

/// The hub's address at its end of a real cable.
const NEAR: &str = "10.77.0.1";

/// Three processes and a cable.
pub(super) struct Cable {
    client_address: String,
    way: Way,
    // In this order they end: the far host last, and the world after all.
    _processes: Vec<Process>,
    _world: World,
}

enum Way {
    /// The namespace of the hub, held by this process; the other is one of the processes.
    Namespace(Process),
    Proxy(Proxy),
}

impl Cable {
    /// Starts hub and hosts, and waits until all are ready.
    pub(super) fn new() -> Self {
        let world = World::new();
        Self::in_namespaces(world).unwrap_or_else(|world| {
            eprintln!("no network namespaces here: the cable is a proxy that stops forwarding");
            Self::of_a_proxy(world)
        })
    }

    /// Where a client near the hub finds it.
    pub(super) fn client_address(&self) -> &str {
        &self.client_address
    }

    /// Nothing gets through any more, and nothing says so.
    pub(super) fn pull(&self) {
        self.set(false);
    }

    pub(super) fn plug_in(&self) {
        self.set(true);
    }

    fn set(&self, is_plugged_in: bool) {
        match &self.way {
            Way::Namespace(near) => {
                let state = if is_plugged_in { "up" } else { "down" };
                let done = run(within(near, &["ip", "link", "set", "cable0", state]));
                assert_eq!(done.code, Some(0), "{done:?}");
            }
            Way::Proxy(proxy) => drop(proxy.0.send_replace(is_plugged_in)),
        }
    }

    fn in_namespaces(world: World) -> Result<Self, World> {
        let hold = "ip link set lo up && echo held && exec sleep infinity";
        let mut near = Command::new("unshare");
        near.args(["--map-root-user", "--net", "sh", "-c", "true"]);
        if !near.output().is_ok_and(|done| done.status.success()) {
            return Err(world);
        }
        let mut near = Command::new("unshare");
        near.args(["--map-root-user", "--net", "sh", "-c", hold]);
        let mut near = Process::start(near);
        near.wait_for("held");
        let mut far = Process::start(within(&near, &["unshare", "--net", "sh", "-c", hold]));
        far.wait_for("held");
        let peer = far.id().to_string();
        let link = [
            "ip", "link", "add", "cable0", "type", "veth", "peer", "name", "cable1",
        ];
        let link = run(within(&near, &[&link[..], &["netns", &peer]].concat()));
        if link.code != Some(0) {
            return Err(world);
        }
        for (side, device, address) in [(&near, "cable0", NEAR), (&far, "cable1", "10.77.0.2")] {
            let address = format!("{address}/24");
            let done = run(within(
                side,
                &["ip", "address", "add", &address, "dev", device],
            ));
            assert_eq!(done.code, Some(0), "{done:?}");
            let done = run(within(side, &["ip", "link", "set", device, "up"]));
            assert_eq!(done.code, Some(0), "{done:?}");
        }

        let listen = "[\"0.0.0.0:PORT\", \"unix:FOLDER/hub.sock\"]";
        world.write("hub.toml", &HUB.replace("[\"127.0.0.1:PORT\"]", listen));
        world.write("near.toml", HOST);
        world.write("far.toml", &HOST.replace("127.0.0.1", NEAR));
        let up = |side: &Process, file: &str| {
            let up = world.configured(&world.path(file), &["up"]);
            let mut command = within(side, &[]);
            command.arg(up.get_program()).args(up.get_args());
            command
                .env_clear()
                .env("PATH", "/usr/sbin:/usr/bin:/sbin:/bin");
            command.env("OPENSRF_STATE", world.state());
            Process::start(command).ready()
        };
        let processes = [
            (&near, "hub.toml"),
            (&near, "near.toml"),
            (&far, "far.toml"),
        ];
        let mut processes = processes
            .map(|(side, file)| up(side, file))
            .into_iter()
            .collect::<Vec<_>>();
        processes.push(far);
        Ok(Self {
            client_address: format!("unix:{}", world.path("hub.sock").display()),
            way: Way::Namespace(near),
            _processes: processes,
            _world: world,
        })
    }

    fn of_a_proxy(world: World) -> Self {
        let proxy = Proxy::to(world.address());
        world.write("hub.toml", HUB);
        world.write("near.toml", HOST);
        world.write("far.toml", &HOST.replace("127.0.0.1:PORT", &proxy.1));
        let files = ["hub.toml", "near.toml", "far.toml"];
        let up = |file| Process::start(world.configured(&world.path(file), &["up"])).ready();
        Self {
            client_address: world.address(),
            way: Way::Proxy(proxy),
            _processes: files.map(up).into_iter().collect(),
            _world: world,
        }
    }
}

/// A command in the namespaces of a process of ours.
fn within(process: &Process, words: &[&str]) -> Command {
    let mut command = Command::new("nsenter");
    command.args(["--user", "--net", "--preserve-credentials", "--target"]);
    command.arg(process.id().to_string()).args(words);
    command
}

/// Whether it forwards, and where it listens.
struct Proxy(Arc<watch::Sender<bool>>, String);

impl Proxy {
    fn to(address: String) -> Self {
        let (forwards, _) = watch::channel(true);
        let forwards = Arc::new(forwards);
        let (here, listens) = oneshot::channel();
        let theirs = Arc::downgrade(&forwards);
        thread::spawn(move || {
            let runtime = Builder::new_current_thread().enable_all().build();
            runtime.expect("a runtime").block_on(async {
                let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
                let own = listener.local_addr().expect("an address");
                here.send(own.to_string()).expect("somebody waits");
                while let (Ok((near, _)), Some(forwards)) =
                    (listener.accept().await, theirs.upgrade())
                {
                    tokio::spawn(connect(near, address.clone(), forwards.subscribe()));
                }
            });
        });
        Self(forwards, listens.blocking_recv().expect("it listens"))
    }
}

async fn connect(near: TcpStream, far: String, mut forwards: watch::Receiver<bool>) {
    if forwards.wait_for(|forwards| *forwards).await.is_err() {
        return;
    }
    if let Ok(far) = TcpStream::connect(far).await {
        let ((near_in, near_out), (far_in, far_out)) = (near.into_split(), far.into_split());
        tokio::spawn(carry(near_in, far_out, forwards.clone()));
        carry(far_in, near_out, forwards).await;
    }
}

async fn carry(
    mut from: OwnedReadHalf,
    mut to: OwnedWriteHalf,
    mut forwards: watch::Receiver<bool>,
) {
    let mut bytes = vec![0; 65_536];
    while let Ok(count @ 1..) = from.read(&mut bytes).await {
        // What came while it does not forward waits here.
        let goes_on = forwards.wait_for(|forwards| *forwards).await.is_ok();
        if !goes_on || to.write_all(&bytes[..count]).await.is_err() {
            return;
        }
    }
    // The end is news, too.
    if forwards.wait_for(|forwards| *forwards).await.is_ok() {
        let _ = to.shutdown().await;
    }
}
