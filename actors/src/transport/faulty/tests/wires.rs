//! Faults in bytes.

use std::io;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use actix_rt::time::{Instant, timeout};
use futures::future::LocalBoxFuture;
use tokio::io::{AsyncReadExt, AsyncWriteExt, DuplexStream};

use super::super::{Amount, Break, Direction, FaultyDial, Wire};
use super::run;
use crate::transport::{Dial, Halves, halves};

/// A server that keeps its ends of all connections.
#[derive(Debug, Default)]
struct Server(Mutex<Vec<DuplexStream>>);

impl Server {
    fn last(&self) -> DuplexStream {
        self.0.lock().unwrap().pop().unwrap()
    }
}

impl Dial for Server {
    fn dial(&self) -> LocalBoxFuture<'static, io::Result<Halves>> {
        let (ours, theirs) = tokio::io::duplex(1_024);
        self.0.lock().unwrap().push(theirs);
        Box::pin(async { Ok(halves(ours, true)) })
    }

    fn address(&self) -> String {
        "a test".into()
    }
}

struct Net {
    wire: Wire,
    server: Arc<Server>,
    dial: FaultyDial,
}

impl Net {
    fn new() -> Self {
        let (wire, server) = (Wire::new(), Arc::new(Server::default()));
        let dial = FaultyDial::new(Arc::<Server>::clone(&server), wire.clone());
        Self { wire, server, dial }
    }

    async fn connect(&self) -> (Halves, DuplexStream) {
        let near = self.dial.dial().await.unwrap();
        (near, self.server.last())
    }
}

/// All that can be read before the end, or before ten minutes without anything.
async fn rest(reader: &mut (impl AsyncReadExt + Unpin)) -> (String, bool) {
    let mut all = String::new();
    let mut buffer = [0; 64];
    loop {
        match timeout(Duration::from_secs(600), reader.read(&mut buffer)).await {
            Ok(Ok(0) | Err(_)) => return (all, true),
            Ok(Ok(read)) => all += std::str::from_utf8(&buffer[..read]).unwrap(),
            Err(_) => return (all, false),
        }
    }
}

#[test]
fn without_a_fault_bytes_and_their_end_pass_both_ways() {
    run(async {
        let net = Net::new();
        let (mut near, mut far) = net.connect().await;
        near.writer.write_all(b"to the server").await.unwrap();
        near.writer.shutdown().await.unwrap();
        assert_eq!(rest(&mut far).await, ("to the server".into(), true));
        far.write_all(b"and back").await.unwrap();
        drop(far);
        assert_eq!(rest(&mut near.reader).await, ("and back".into(), true));
        assert_eq!(net.wire.dialled(), 1);
    });
}

#[test]
fn a_connection_breaks_after_so_many_bytes_or_pieces() {
    run(async {
        let net = Net::new();
        let at = |direction, after| Some(Break { direction, after });
        net.wire.break_at(move |number| match number {
            1 => at(Direction::Sent, Amount::Bytes(5)),
            2 => at(Direction::Sent, Amount::Bytes(0)),
            3 => at(Direction::Received, Amount::Pieces(2)),
            _ => None,
        });
        for passes in ["12345", ""] {
            let (mut near, mut far) = net.connect().await;
            near.writer.write_all(b"1234567").await.unwrap();
            assert_eq!(rest(&mut far).await, (passes.into(), true));
            assert_eq!(rest(&mut near.reader).await, (String::new(), true));
            assert!(near.writer.write_all(b"8").await.is_err());
        }
        let (mut near, mut far) = net.connect().await;
        for piece in ["1", "22", "333"] {
            let _ = far.write_all(piece.as_bytes()).await;
            tokio::task::yield_now().await;
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
        assert_eq!(rest(&mut near.reader).await, ("122".into(), true));
        net.wire
            .break_at(move |_| at(Direction::Sent, Amount::Bytes(2)));
        let (mut near, mut far) = net.connect().await;
        net.wire.heal();
        near.writer.write_all(b"healed").await.unwrap();
        assert_eq!(rest(&mut far).await, ("healed".into(), false));
        let (mut near, mut far) = net.connect().await;
        far.write_all(b"whole").await.unwrap();
        drop(far);
        assert_eq!(rest(&mut near.reader).await, ("whole".into(), true));
    });
}

#[test]
fn a_cut_closes_what_there_is_and_a_new_connection_stands() {
    run(async {
        let net = Net::new();
        let (mut near, mut far) = net.connect().await;
        net.wire.cut();
        assert_eq!(rest(&mut near.reader).await, (String::new(), true));
        assert_eq!(rest(&mut far).await, (String::new(), true));
        let (mut near, mut far) = net.connect().await;
        near.writer.write_all(b"again").await.unwrap();
        assert_eq!(rest(&mut far).await, ("again".into(), false));
    });
}

#[test]
fn a_stalled_direction_holds_back_even_the_end() {
    run(async {
        let net = Net::new();
        let (mut near, mut far) = net.connect().await;
        net.wire.stall(Direction::Sent);
        near.writer.write_all(b"late").await.unwrap();
        near.writer.shutdown().await.unwrap();
        assert_eq!(rest(&mut far).await, (String::new(), false));
        far.write_all(b"back").await.unwrap();
        assert_eq!(rest(&mut near.reader).await, ("back".into(), false));
        let refused = net.dial.dial().await.unwrap_err();
        assert_eq!(refused.kind(), io::ErrorKind::TimedOut);
        net.wire.heal();
        assert_eq!(rest(&mut far).await, ("late".into(), true));
    });
}

#[test]
fn a_connection_whose_other_machine_vanished_is_silent_and_a_new_one_stands() {
    run(async {
        let net = Net::new();
        let (mut near, mut far) = net.connect().await;
        net.wire.vanish(Duration::from_secs(4_000));
        near.writer.write_all(b"lost").await.unwrap();
        assert_eq!(rest(&mut far).await, (String::new(), false));
        net.wire.heal();
        far.write_all(b"lost, too").await.unwrap();
        assert_eq!(rest(&mut near.reader).await, (String::new(), false));
        // One end gives it up; the other is not told, before its kernel gives it up.
        drop(near);
        assert_eq!(rest(&mut far).await, (String::new(), false));
        actix_rt::time::sleep(Duration::from_secs(2_000)).await;
        assert_eq!(rest(&mut far).await, (String::new(), true));
        let (mut near, mut far) = net.connect().await;
        near.writer.write_all(b"again").await.unwrap();
        assert_eq!(rest(&mut far).await, ("again".into(), false));
    });
}

#[test]
fn bytes_may_take_their_time() {
    run(async {
        let net = Net::new();
        let (mut near, mut far) = net.connect().await;
        let mut byte = [0];
        net.wire.delay(Duration::from_millis(30));
        let before = Instant::now();
        near.writer.write_all(b"a").await.unwrap();
        far.read_exact(&mut byte).await.unwrap();
        let took = before.elapsed().as_millis();
        assert!((30..35).contains(&took), "{took}");
        net.wire.heal();
        net.wire.limit(Some(100));
        let before = Instant::now();
        near.writer.write_all(&[b'a'; 200]).await.unwrap();
        far.read_exact(&mut [0; 200]).await.unwrap();
        let took = before.elapsed().as_millis();
        assert!((2_000..2_005).contains(&took), "{took}");
    });
}

#[test]
fn dialling_is_refused_or_leads_elsewhere() {
    run(async {
        let net = Net::new();
        net.wire.refuse(true);
        let refused = net.dial.dial().await.unwrap_err();
        assert_eq!(refused.kind(), io::ErrorKind::ConnectionRefused);
        net.wire.heal();
        let other = Arc::new(Server::default());
        net.wire.lead_to(Arc::<Server>::clone(&other));
        let mut near = net.dial.dial().await.unwrap();
        near.writer.write_all(b"hello").await.unwrap();
        assert_eq!(rest(&mut other.last()).await, ("hello".into(), false));
        assert_eq!(net.wire.dialled(), 1);
    });
}
